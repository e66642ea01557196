import { type HeaderBlock, writeHeaders } from "./header_block.ts";
import type { Version } from "./version.ts";
import { wholeCopy } from "./whole_copy.ts";

const UTF8 = new TextEncoder();

/** What goes out: a string is a frame whose bytes are valid UTF-8. */
export type EncodedFrame = string | Uint8Array;

/**
 * Writes a frame of the server's own.
 *
 * `headers` are names and values in turn; `content-length` is added when there
 * is a body. Frames before a session agreed on a version, and CONNECTED, are
 * written with `escape: false`: CR and LF become blanks.
 */
export function encodeFrame(
  command: string,
  headers: readonly string[],
  options: { readonly version: Version; readonly body?: string; readonly escape?: boolean },
): string {
  const { version, body, escape = true } = options;
  const all =
    body === undefined ? headers : [...headers, "content-length", String(Buffer.byteLength(body))];
  const lines = escape ? writeHeaders(all, version) : writePlain(all);
  return `${command}\n${lines}\n${body ?? ""}\0`;
}

function writePlain(headers: readonly string[]): string {
  let lines = "";
  for (let i = 0; i < headers.length; i += 2) {
    lines += `${headers[i]}:${headers[i + 1]?.replace(/[\r\n]/g, " ")}\n`;
  }
  return lines;
}

/** What the encoder needs of a message. The slot `encoded` is the encoder's alone. */
export interface EncodableMessage {
  readonly id: string;
  readonly headers: HeaderBlock;
  /** `headers` hold the body's `content-length`, and no `message-id`. */
  readonly body: string | Uint8Array;
  encoded: unknown;
}

/**
 * A MESSAGE frame in two parts, of which the first may be empty: what only this
 * receiver has, and the rest. Read it at once: it is another after the next call.
 */
export interface EncodedMessage {
  /** Empty where bytes follow, and where `frame` is a whole one that others get, or that is the only one. */
  readonly head: string;
  readonly frame: EncodedFrame;
}

/**
 * What was written of a message in one version: the frame written last, for
 * the next receiver whose head is equal (every browser runs the same page), and
 * the part that all receivers share.
 */
class WrittenMessage implements EncodedMessage {
  readonly version: Version;
  /** The same message for another version. */
  readonly next: WrittenMessage | undefined;
  head = "";
  frame: EncodedFrame = "";
  lastHead = "";
  /** All but the heads; made for the second head. */
  tail: EncodedFrame | undefined = undefined;

  constructor(version: Version, next: WrittenMessage | undefined) {
    this.version = version;
    this.next = next;
  }
}

/** Of a message with one receiver so far: many have no other, and nothing is kept of those. */
const LONE: { readonly head: ""; frame: EncodedFrame } = { head: "", frame: "" };

/**
 * Writes a MESSAGE frame. `head` is the part that only this receiver has: the
 * command and the header lines that come first, each ended by LF (of repeated
 * headers the first counts).
 *
 * Receivers with equal heads get the same text. To those who differ the head is
 * handed apart: a batch is then put together in one go (`transport/ws.ts`), in
 * place of a text for each receiver and message that waits in its outbox.
 */
export function encodeMessage(
  message: EncodableMessage,
  version: Version,
  head: string,
): EncodedMessage {
  if (message.encoded === undefined) {
    message.encoded = LONE;
    LONE.frame = writeMessage(message, version, head);
    return LONE;
  }
  const written = writtenOf(message, version);
  if (written === undefined) {
    const first = message.encoded instanceof WrittenMessage ? message.encoded : undefined;
    const encoded = new WrittenMessage(version, first);
    encoded.lastHead = head;
    encoded.frame = writeMessage(message, version, head);
    message.encoded = encoded;
    return encoded;
  }
  if (written.lastHead === head) {
    if (written.head !== "") setWhole(written, head + written.frame);
    return written;
  }
  const tail = (written.tail ??= flat(writeMessage(message, version, "")));
  written.lastHead = head;
  if (typeof tail === "string") {
    written.head = head;
    written.frame = tail;
  } else {
    setWhole(written, joinBytes(head, tail, tail.length));
  }
  return written;
}

function setWhole(written: WrittenMessage, frame: EncodedFrame): void {
  written.head = "";
  written.frame = frame;
}

/** What was written already that does for a version. */
function writtenOf(message: EncodableMessage, version: Version): WrittenMessage | undefined {
  if (!(message.encoded instanceof WrittenMessage)) return undefined;
  let written: WrittenMessage | undefined = message.encoded;
  if (message.headers.between !== undefined) return written;
  while (written !== undefined && written.version !== version) written = written.next;
  return written;
}

function writeMessage(message: EncodableMessage, version: Version, head: string): EncodedFrame {
  const { id, body, headers } = message;
  // Few pieces: each is one of a text that the engine puts together.
  const between = headers.between ?? `\n${writeHeaders(headers.list(), version)}\n`;
  if (typeof body === "string") return `${head}message-id:${id}${between}${body}\0`;
  return joinBytes(`${head}message-id:${id}${between}`, body, body.length + 1);
}

/** The pieces of a text put together now, as the engine would for each frame they are part of. */
function flat(text: EncodedFrame): EncodedFrame {
  return typeof text === "string" ? wholeCopy(text) : text;
}

/** Lets go of what was encoded, when nobody else will get the message soon. */
export function forgetEncoded(message: EncodableMessage): void {
  message.encoded = undefined;
}

/** A text and bytes, in so many bytes for the latter: zeros fill up. A third of the time of `Buffer.concat`. */
function joinBytes(head: string, rest: Uint8Array, restBytes: number): Uint8Array {
  const headBytes = Buffer.byteLength(head);
  const joined = new Uint8Array(headBytes + restBytes);
  UTF8.encodeInto(head, joined);
  joined.set(rest, headBytes);
  return joined;
}

import { type HeaderBlock, writeHeaders } from "./header_block.ts";
import type { Version } from "./version.ts";

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
 * The part of a MESSAGE frame that all its receivers share, and the frame
 * written last: when the next receiver's head is equal (every browser runs the
 * same page) it gets the same string again.
 */
class EncodedMessage {
  readonly version: Version;
  readonly tail: EncodedFrame;
  /** The same message for another version. */
  readonly next: EncodedMessage | undefined;
  lastHead = "";
  lastFrame: EncodedFrame = "";

  constructor(version: Version, tail: EncodedFrame, next: EncodedMessage | undefined) {
    this.version = version;
    this.tail = tail;
    this.next = next;
  }
}

/**
 * Writes a MESSAGE frame. `head` is the part that only this receiver has: the
 * command and the header lines that come first, each ended by LF (of repeated
 * headers the first counts).
 */
export function encodeMessage(
  message: EncodableMessage,
  version: Version,
  head: string,
): EncodedFrame {
  const shared = sharedPart(message, version);
  if (shared.lastHead === head) return shared.lastFrame;
  const frame = join(head, shared.tail);
  shared.lastHead = head;
  shared.lastFrame = frame;
  return frame;
}

/** Lets go of what was encoded, when nobody else will get the message soon. */
export function forgetEncoded(message: EncodableMessage): void {
  message.encoded = undefined;
}

function sharedPart(message: EncodableMessage, version: Version): EncodedMessage {
  const first = message.encoded instanceof EncodedMessage ? message.encoded : undefined;
  if (first !== undefined) {
    if (first.version === version || message.headers.plain !== undefined) return first;
    for (let other = first.next; other !== undefined; other = other.next) {
      if (other.version === version) return other;
    }
  }
  const { body, headers } = message;
  const kept = headers.plain ?? writeHeaders(headers.list(), version);
  const lines = `message-id:${message.id}\n${kept}\n`;
  const tail = typeof body === "string" ? `${lines}${body}\0` : joinBytes(lines, body, "\0");
  const shared = new EncodedMessage(version, tail, first);
  message.encoded = shared;
  return shared;
}

function join(head: string, tail: EncodedFrame): EncodedFrame {
  return typeof tail === "string" ? head + tail : joinBytes(head, tail, "");
}

function joinBytes(head: string, middle: Uint8Array, end: string): Uint8Array {
  return Buffer.concat([Buffer.from(head, "utf8"), middle, Buffer.from(end, "utf8")]);
}

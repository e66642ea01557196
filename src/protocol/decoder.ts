import { isAscii, isUtf8 } from "node:buffer";
import { Fault, quote } from "../fault.ts";
import {
  contentLength,
  type DecoderLimits,
  type Frame,
  type FrameHead,
  frameTooLarge,
  headerTooLarge,
  mayHaveBody,
  readHead,
} from "./frame.ts";
import { HeadMemo } from "./head_memo.ts";
import { VERSION_RULES, type VersionRules } from "./version.ts";
import { wholeCopy } from "./whole_copy.ts";
import { readWholeText } from "./whole_text.ts";

const LF = 10;
const CR = 13;
const NUL = 0;
const EMPTY = new Uint8Array(0);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder("latin1");

/**
 * A pull parser with memory and limits and no policy. Push what arrived, then
 * take frames with `next` until it has none: stopping between two frames is
 * what lets a flood be worked off in turns. Beyond the chunk last pushed it
 * keeps at most one frame's bytes.
 *
 * End-of-line octets between frames are skipped (they are heart-beats). After
 * a fault the decoder must not be used again.
 */
export class Decoder {
  /** Rules of the session's version; those of 1.0 until one is agreed on. */
  rules: VersionRules = VERSION_RULES["1.0"];
  limits: DecoderLimits;
  /** The head of the frame that is being read, for the receipt that a fault owes. */
  head: FrameHead | undefined;

  #chunk: Uint8Array = EMPTY;
  /**
   * The pending bytes as text, if a look at them has shown that each is a
   * character: then frame after frame is cut out of it. Undefined before, and null if not.
   */
  #ascii: string | undefined | null = undefined;
  /** Where it begins in the chunk. */
  #asciiFrom = 0;
  /** Whether `#chunk` is ours to write to; a chunk just pushed is borrowed. */
  #owned = false;
  #start = 0;
  #end = 0;
  /** Everything before it was looked at. */
  #scan = 0;
  #lineStart = 0;
  #commandEnd = -1;
  #lines = 0;
  #bodyStart = 0;
  #bodyLength: number | undefined;
  /** A text message that may be one whole frame. */
  #text: string | undefined;
  /** The heads of the frames before. */
  readonly memo: HeadMemo;

  /** `memo`: what is known of the heads of frames that came in another way. */
  constructor(limits: DecoderLimits, memo = new HeadMemo()) {
    this.limits = limits;
    this.memo = memo;
  }

  /** Bytes held: pushed, and not yet part of a frame that was taken. */
  get pending(): number {
    return this.#end - this.#start + (this.#text?.length ?? 0);
  }

  /** Takes what arrived, all at once. The array must not change afterwards. */
  push(data: string | Uint8Array): void {
    if (typeof data === "string") {
      if (this.#end === this.#start && this.#text === undefined && this.head === undefined) {
        this.#text = data;
        return;
      }
      this.#spillText();
      this.#append(Buffer.from(data, "utf8"));
      return;
    }
    this.#spillText();
    this.#append(data);
  }

  /**
   * The next whole frame, or undefined if more input is needed.
   *
   * @throws Fault on input that is not STOMP, or over a limit
   */
  next(): Frame | undefined {
    if (this.#text !== undefined) {
      const text = this.#text;
      const frame = readWholeText(text, this);
      if (frame !== undefined) {
        this.#text = undefined;
        return frame;
      }
      this.#spillText();
    }
    if (this.head === undefined && this.#scan === this.#start) {
      const whole = this.#readWhole();
      if (whole !== undefined) return whole;
    }
    const head = this.head ?? this.#readHead();
    const frame = head === undefined ? undefined : this.#readBody(head);
    if (frame === undefined) this.#settle();
    return frame;
  }

  /** The next frame, if all of it is here and it is text: as one text it is read much faster. */
  #readWhole(): Frame | undefined {
    const chunk = this.#chunk;
    let start = this.#start;
    while (start < this.#end && chunk[start] === LF) start++;
    const ascii = this.#asciiAt(start);
    if (ascii !== null) return this.#readWholeAscii(ascii, start);
    const nul = chunk.indexOf(NUL, start);
    if (nul < 0 || nul >= this.#end || nul === start) return undefined;
    const bytes = chunk.subarray(start, nul + 1);
    const frame = isUtf8(bytes) ? readWholeText(utf8.decode(bytes), this) : undefined;
    if (frame !== undefined) this.#start = this.#scan = this.#lineStart = nul + 1;
    return frame;
  }

  /** What is pending from `start` on as text, or null if it is not all ASCII. */
  #asciiAt(start: number): string | null {
    if (this.#ascii === undefined) {
      const pending = this.#chunk.subarray(start, this.#end);
      this.#ascii = isAscii(pending) ? latin1.decode(pending) : null;
      this.#asciiFrom = start;
    }
    return this.#ascii;
  }

  #readWholeAscii(ascii: string, start: number): Frame | undefined {
    const from = start - this.#asciiFrom;
    const nul = ascii.indexOf("\0", from);
    if (nul <= from) return undefined;
    const isAll = from === 0 && nul + 1 === ascii.length;
    // A part would keep all of it alive, with the frames of the others.
    const text = isAll ? ascii : wholeCopy(ascii.slice(from, nul + 1));
    const frame = readWholeText(text, this);
    if (frame !== undefined) {
      this.#start = this.#scan = this.#lineStart = this.#asciiFrom + nul + 1;
    }
    return frame;
  }

  #spillText(): void {
    if (this.#text === undefined) return;
    const text = this.#text;
    this.#text = undefined;
    this.#append(Buffer.from(text, "utf8"));
  }

  #append(data: Uint8Array): void {
    this.#ascii = undefined;
    const pending = this.#end - this.#start;
    if (pending === 0) {
      this.#chunk = data;
      this.#owned = false;
      this.#move(0);
      this.#end = data.length;
      return;
    }
    if (!this.#owned || this.#end + data.length > this.#chunk.length) {
      // Doubling keeps many tiny pieces linear.
      const room = Math.max(
        pending + data.length,
        Math.min(pending * 2, this.limits.frameBytesMax),
        256,
      );
      const chunk = new Uint8Array(room);
      chunk.set(this.#chunk.subarray(this.#start, this.#end));
      this.#chunk = chunk;
      this.#owned = true;
      this.#move(0);
      this.#end = pending;
    }
    this.#chunk.set(data, this.#end);
    this.#end += data.length;
  }

  /** Renumbers every position as if the pending bytes began at `start`. */
  #move(start: number): void {
    const by = start - this.#start;
    this.#start += by;
    this.#scan += by;
    this.#lineStart += by;
    this.#bodyStart += by;
    if (this.#commandEnd >= 0) this.#commandEnd += by;
  }

  /** Lets go of a chunk that is borrowed or too large, so that a few bytes do not keep many alive. */
  #settle(): void {
    this.#ascii = undefined;
    const pending = this.#end - this.#start;
    if (pending === 0) {
      this.#chunk = EMPTY;
      this.#owned = false;
      this.#move(0);
      this.#end = 0;
      return;
    }
    if (this.#owned && this.#chunk.length <= 4 * pending + 1024) return;
    this.#chunk = copyOf(this.#chunk.subarray(this.#start, this.#end));
    this.#owned = true;
    this.#move(0);
    this.#end = pending;
  }

  /** Reads up to the blank line that ends the head. */
  #readHead(): FrameHead | undefined {
    const chunk = this.#chunk;
    const end = this.#end;
    if (this.#scan === this.#start) {
      let at = this.#start;
      while (at < end) {
        const octet = chunk[at];
        if (octet === LF) at++;
        else if (octet === CR && (at + 1 === end || chunk[at + 1] === LF)) {
          if (at + 1 === end) break;
          at += 2;
        } else break;
      }
      this.#start = this.#scan = this.#lineStart = at;
      this.#commandEnd = -1;
      this.#lines = 0;
      if (at === end || (chunk[at] === CR && at + 1 === end)) return undefined;
    }
    const { headerLineBytesMax, headersMax, frameBytesMax } = this.limits;
    let at = this.#scan;
    for (; at < end; at++) {
      const octet = chunk[at];
      if (octet === NUL) throw this.#nulInHead(at);
      if (octet !== LF) continue;
      const length = at - this.#lineStart - (chunk[at - 1] === CR && at > this.#lineStart ? 1 : 0);
      if (length > headerLineBytesMax) throw headerTooLarge(headerLineBytesMax);
      if (this.#commandEnd < 0) this.#commandEnd = at;
      else if (length === 0) {
        this.#scan = at + 1;
        return this.#takeHead(at + 1);
      } else if (++this.#lines > headersMax) {
        throw new Fault("too-many-headers", `Cannot read frame: more than ${headersMax} headers`);
      }
      this.#lineStart = at + 1;
    }
    this.#scan = at;
    // One byte of grace: the last may be the CR of the line end.
    if (at - this.#lineStart > headerLineBytesMax + 1) throw headerTooLarge(headerLineBytesMax);
    if (at - this.#start >= frameBytesMax) throw frameTooLarge(frameBytesMax);
    return undefined;
  }

  #nulInHead(at: number): Fault {
    const line = Buffer.from(this.#chunk.subarray(this.#lineStart, at)).toString("latin1");
    const isFirst = this.#commandEnd < 0;
    const begin = Buffer.from(this.#chunk.subarray(this.#start, this.#start + 8)).toString(
      "latin1",
    );
    // The line that was meant to be the passcode is nobody's to see.
    const isLogin = !isFirst && /^(?:CONNECT|STOMP)\r?\n/.test(begin.padEnd(8, "\n"));
    const where = isLogin ? "in a login" : `after ${quote(line)}`;
    return new Fault(
      "malformed-frame",
      `Cannot read frame: NUL in its head ${where}, expected a blank line first`,
    );
  }

  /** Decodes the head, which ends (blank line included) at `end`. */
  #takeHead(end: number): FrameHead {
    const bytes = this.#chunk.subarray(this.#start, end);
    let text: string;
    try {
      text = utf8.decode(bytes);
    } catch {
      throw new Fault("invalid-utf8", "Cannot read frame: its head is not valid UTF-8");
    }
    if (text.includes("\r")) text = text.replaceAll("\r\n", "\n");
    const head = this.memo.readHead(text, this.limits) ?? this.#readNewHead(text);
    this.head = head;
    this.#bodyStart = end;
    const announced = contentLength(head.headers);
    const length = mayHaveBody(head.command) ? announced : undefined;
    this.#bodyLength = length;
    const { frameBytesMax } = this.limits;
    if (end - this.#start + (length ?? 0) + 1 > frameBytesMax) throw frameTooLarge(frameBytesMax);
    return head;
  }

  /** `text`: command, header lines and the blank line. */
  #readNewHead(text: string): FrameHead {
    const eol = text.indexOf("\n");
    const command = text.slice(0, eol);
    const block = text.slice(eol + 1, -1);
    // Should the block be unreadable, its receipt may still be.
    const receipt = /(?:^|\n)receipt:(.*)\n/.exec(block)?.[1];
    this.head = { command, headers: receipt === undefined ? [] : ["receipt", receipt], block };
    const head = readHead(command, block, this);
    if (this.memo.wants(text.length - 2, head)) this.memo.remember(text, head);
    return head;
  }

  /** Reads the body and its NUL. */
  #readBody(head: FrameHead): Frame | undefined {
    const bodyEnd =
      this.#bodyLength === undefined ? this.#findNul() : this.#bodyStart + this.#bodyLength;
    if (bodyEnd === undefined || bodyEnd >= this.#end) return undefined;
    if (this.#chunk[bodyEnd] !== NUL) {
      throw new Fault(
        "bad-content-length",
        `Cannot read frame: no NUL after the ${this.#bodyLength} bytes that content-length announced`,
      );
    }
    const body = takeBody(this.#chunk.subarray(this.#bodyStart, bodyEnd));
    this.head = undefined;
    this.#start = this.#scan = this.#lineStart = bodyEnd + 1;
    return { ...head, body };
  }

  #findNul(): number | undefined {
    const at = this.#chunk.indexOf(NUL, this.#scan);
    const { frameBytesMax } = this.limits;
    const found = at >= 0 && at < this.#end;
    const length = (found ? at : this.#end) - this.#start;
    if (length >= frameBytesMax) throw frameTooLarge(frameBytesMax);
    if (found) return at;
    this.#scan = this.#end;
    return undefined;
  }
}

/** A body as text if it is text. Copied: the bytes belong to what arrived. */
function takeBody(bytes: Uint8Array): string | Uint8Array {
  if (bytes.length === 0) return "";
  return isUtf8(bytes) ? utf8.decode(bytes) : copyOf(bytes);
}

/** A copy for certain: the `slice` of a Buffer is a view, and keeps the whole of it alive. */
function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy;
}

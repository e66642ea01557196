import { type Pieces, StreamError } from "./pieces.ts";
import { MESSAGE, type Scanner } from "./scanner.ts";

const CR = 13;
const LF = 10;
const BLANK = 32;
const ZERO = 48;
const JOINED_BYTES = 1024;
/** The longest line, or message, that is put together from pieces. */
const FRAME_BYTES_MAX = 64 * 1024 ** 2;

/**
 * Finds what a NATS server sends: lines that end in CR LF, and behind a line
 * `MSG subject sid [reply-to] bytes` a payload that does, too. Payloads hold
 * no CR. What follows each other is mostly of one length, so that is tried
 * first.
 */
export class NatsScanner implements Scanner {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  readonly #pieces: Pieces;
  /** Length, without CR LF, and first octet of what came before. */
  #length = 0;
  #first = 0;
  /** The beginning of something whose end is to come. */
  #rest: Uint8Array = new Uint8Array(0);

  constructor(pieces: Pieces) {
    this.#pieces = pieces;
  }

  push(chunk: Uint8Array): void {
    this.#pieces.push(chunk);
  }

  next(): boolean {
    const pieces = this.#pieces;
    for (;;) {
      const { at, limit, bytes } = pieces;
      if (at >= limit) {
        if (pieces.next()) continue;
        return false;
      }
      if (this.#rest.length > 0) {
        if (this.#join()) return true;
        continue;
      }
      let end = at + this.#length;
      const isAsBefore =
        end + 1 < limit && bytes[end] === CR && bytes[end + 1] === LF && bytes[at] === this.#first;
      if (!isAsBefore) {
        end = frameEnd(bytes, { at, limit });
        if (end < 0) {
          this.#rest = new Uint8Array(bytes.subarray(at, limit));
          pieces.at = limit;
          continue;
        }
        this.#length = end - at;
        this.#first = bytes[at] ?? 0;
      }
      this.bytes = bytes;
      this.start = at;
      this.end = end;
      pieces.at = end + 2;
      return true;
    }
  }

  /** Goes on with what was kept; whether that is whole now. */
  #join(): boolean {
    const pieces = this.#pieces;
    const kept = this.#rest.length;
    // Only so much that few bytes are copied in vain, and large messages do not take ever so long.
    const most = pieces.at + Math.max(JOINED_BYTES, this.#length, kept);
    const limit = Math.min(pieces.limit, most);
    const joined = Buffer.concat([this.#rest, pieces.bytes.subarray(pieces.at, limit)]);
    if (joined.length > FRAME_BYTES_MAX) {
      throw new StreamError(
        `sent more than ${FRAME_BYTES_MAX} bytes without an end of the message`,
      );
    }
    const end = frameEnd(joined, { at: 0, limit: joined.length });
    if (end < 0) {
      this.#rest = joined;
      pieces.at = limit;
      return false;
    }
    this.#rest = new Uint8Array(0);
    this.bytes = joined;
    this.start = 0;
    this.end = end;
    pieces.at += end + 2 - kept;
    return true;
  }
}

/** Where the CR is that ends what begins at `at`; -1 if that is not there yet. */
function frameEnd(
  bytes: Uint8Array,
  { at, limit }: { readonly at: number; readonly limit: number },
): number {
  const lineEnd = bytes.indexOf(LF, at) - 1;
  if (lineEnd < 0 || lineEnd + 1 >= limit) return -1;
  if (bytes[lineEnd] !== CR) throw new StreamError("sent a line that does not end in CR LF");
  if (bytes[at] !== MESSAGE) return lineEnd;
  let payload = 0;
  let place = 1;
  for (let from = lineEnd - 1; from > at && bytes[from] !== BLANK; from--) {
    const digit = (bytes[from] ?? 0) - ZERO;
    payload += digit >= 0 && digit <= 9 ? digit * place : Number.NaN;
    place *= 10;
  }
  if (!(payload < FRAME_BYTES_MAX)) {
    throw new StreamError("sent a message whose length makes no sense");
  }
  const end = lineEnd + 2 + payload;
  return end + 1 < limit ? end : -1;
}

import { type Pieces, StreamError } from "./pieces.ts";
import type { Scanner } from "./scanner.ts";

const NUL = 0;
const LF = 10;
const CR = 13;
/** The longest frame that is put together from pieces. */
const FRAME_BYTES_MAX = 64 * 1024 ** 2;

/**
 * Finds STOMP frames whose bodies hold no NUL. Frames that follow each other
 * are mostly of one length, so that is tried before the NUL is searched for. A
 * guess that hits cannot be wrong: a frame in between would have to end, and
 * another begin, where this one has its text, and both be of the same kind.
 */
export class StompScanner implements Scanner {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  readonly #pieces: Pieces;
  /** Length, without NUL, and first octet of the frame before. */
  #length = 0;
  #first = 0;
  /** The beginning of a frame whose end is to come. */
  #rest = new Uint8Array(0);
  #restLength = 0;

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
      if (this.#restLength > 0) {
        if (this.#join()) return true;
        continue;
      }
      const first = bytes[at];
      if (first === LF || first === CR) {
        pieces.at = at + 1;
        continue;
      }
      let end = at + this.#length;
      if (end >= limit || bytes[end] !== NUL || first !== this.#first) {
        end = bytes.indexOf(NUL, at);
        if (end < 0 || end >= limit) {
          this.#keep(limit);
          continue;
        }
        this.#length = end - at;
        this.#first = first ?? 0;
      }
      this.bytes = bytes;
      this.start = at;
      this.end = end;
      pieces.at = end + 1;
      return true;
    }
  }

  /** Keeps what there is up to `until`: the frame goes on in the next piece. */
  #keep(until: number): void {
    const pieces = this.#pieces;
    const added = until - pieces.at;
    const length = this.#restLength + added;
    if (length > FRAME_BYTES_MAX) {
      throw new StreamError(`sent more than ${FRAME_BYTES_MAX} bytes without an end of the frame`);
    }
    if (length > this.#rest.length) {
      const room = new Uint8Array(Math.max(1024, 2 * length));
      room.set(this.#rest.subarray(0, this.#restLength));
      this.#rest = room;
    }
    this.#rest.set(pieces.bytes.subarray(pieces.at, until), this.#restLength);
    this.#restLength = length;
    pieces.at = until;
  }

  /** Goes on with a frame whose beginning was kept; whether that is whole now. */
  #join(): boolean {
    const pieces = this.#pieces;
    const nul = pieces.bytes.indexOf(NUL, pieces.at);
    if (nul < 0 || nul >= pieces.limit) {
      this.#keep(pieces.limit);
      return false;
    }
    this.#keep(nul + 1);
    this.bytes = this.#rest;
    this.start = 0;
    this.end = this.#restLength - 1;
    this.#restLength = 0;
    return true;
  }
}

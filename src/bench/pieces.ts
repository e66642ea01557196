/**
 * What carries the frames, taken away: the pieces of the stream in what a
 * socket received, in place. Over TCP that is all of it, over WebSocket the
 * payloads of data messages (RFC 6455 section 5.2).
 */

/** A stream as pieces of chunks; read `bytes` from `at` to in front of `limit`, moving `at`. */
export interface Pieces {
  readonly bytes: Uint8Array;
  at: number;
  readonly limit: number;
  /** Takes what a socket received. All that came before must have been read. */
  push(chunk: Uint8Array): void;
  /** Goes on to the next piece; false where the chunk has no more. */
  next(): boolean;
}

const EMPTY = new Uint8Array(0);
const FINAL_AND_RESERVED = 0xf0;
const RESERVED = 0x70;
const CLOSE = 8;
const PING = 9;
/** Beyond it a length makes no sense here. */
const PAYLOAD_BYTES_MAX = 2 ** 31;

/** What is thrown at bytes that make no sense; the message says what came. */
export class StreamError extends Error {
  override readonly name = "StreamError";
}

/** A TCP stream: every chunk is one piece. */
export class TcpPieces implements Pieces {
  bytes: Uint8Array = EMPTY;
  at = 0;
  limit = 0;

  push(chunk: Uint8Array): void {
    this.bytes = chunk;
    this.at = 0;
    this.limit = chunk.length;
  }

  next(): boolean {
    return false;
  }
}

/** What a WebSocket says beside data. */
export interface WsEvents {
  /** A ping, which a pong with the same payload must answer. */
  readonly ping: (payload: Uint8Array) => void;
  /** The close frame: `text` says with what code and reason. */
  readonly close: (text: string) => void;
}

/** A WebSocket stream as a server sends it: a message, or a part of one, is a piece. */
export class WsPieces implements Pieces {
  bytes: Uint8Array = EMPTY;
  at = 0;
  limit = 0;
  readonly #events: WsEvents;
  /** The next frame's place in the chunk. */
  #cursor = 0;
  /** Bytes of the payload that are still to come. */
  #left = 0;
  /** The beginning of a frame whose end is to come. */
  #held: Uint8Array = EMPTY;

  constructor(events: WsEvents) {
    this.#events = events;
  }

  push(chunk: Uint8Array): void {
    this.bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = EMPTY;
    this.#cursor = 0;
    this.at = 0;
    this.limit = 0;
  }

  /** @throws StreamError at what no server may send */
  next(): boolean {
    const bytes = this.bytes;
    const end = bytes.length;
    let cursor = this.#cursor;
    while (this.#left === 0) {
      const opcode = bytes[cursor] ?? 0;
      let length = bytes[cursor + 1] ?? 0;
      let payload = cursor + 2;
      if (length === 126) {
        length = (bytes[cursor + 2] ?? 0) * 256 + (bytes[cursor + 3] ?? 0);
        payload = cursor + 4;
      } else if (length > 126) {
        length = longLength(bytes, cursor);
        payload = cursor + 10;
      }
      const isControl = (opcode & CLOSE) !== 0;
      if (payload > end || (isControl && payload + length > end)) {
        if (cursor < end) this.#held = Uint8Array.prototype.slice.call(bytes, cursor, end);
        this.#cursor = end;
        return false;
      }
      if ((opcode & RESERVED) !== 0 || length > PAYLOAD_BYTES_MAX) {
        throw new StreamError(
          `sent what is no WebSocket frame: ${Buffer.from(bytes.subarray(cursor, cursor + 8)).toString("hex")}`,
        );
      }
      if (isControl) {
        this.#control(opcode & ~FINAL_AND_RESERVED, bytes.subarray(payload, payload + length));
        cursor = payload + length;
      } else {
        this.#left = length;
        cursor = payload;
      }
    }
    const limit = cursor + this.#left;
    this.at = cursor;
    this.limit = this.#cursor = limit > end ? end : limit;
    this.#left = limit - this.limit;
    if (this.at < this.limit) return true;
    return false;
  }

  #control(opcode: number, payload: Uint8Array): void {
    if (opcode === PING) this.#events.ping(payload);
    if (opcode !== CLOSE) return;
    const code = payload.length >= 2 ? (payload[0] ?? 0) * 256 + (payload[1] ?? 0) : undefined;
    const reason = Buffer.from(payload.subarray(2)).toString();
    const why = reason === "" ? "" : `, ${JSON.stringify(reason)}`;
    this.#events.close(
      `was closed by the broker${code === undefined ? "" : ` with code ${code}${why}`}`,
    );
  }
}

/** A length of 64 bits; endless for one with a mask bit, which no server may set. */
function longLength(bytes: Uint8Array, cursor: number): number {
  if (bytes[cursor + 1] !== 127) return Number.POSITIVE_INFINITY;
  let length = 0;
  for (let at = cursor + 2; at < cursor + 10; at++) length = length * 256 + (bytes[at] ?? 0);
  return length;
}

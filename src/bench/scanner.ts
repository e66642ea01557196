import type { DigitsPlace } from "./digits.ts";

/**
 * Finds frames in what a socket received, without decoding them. Push a chunk,
 * then call `next` until it has no more; between two calls the fields say
 * where the frame is.
 */
export interface Scanner extends DigitsPlace {
  /** What the frame lies in. */
  readonly bytes: Uint8Array;
  /** Where the frame begins. */
  readonly start: number;
  /** Where its body ends. */
  readonly end: number;
  push(chunk: Uint8Array): void;
  /** @throws StreamError at what is no frame */
  next(): boolean;
}

/** The first octet of a frame that carries a message, in STOMP and NATS alike. */
export const MESSAGE = 77;

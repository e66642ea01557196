/**
 * Numbers in a body as digits of a fixed width, so that they are patched and
 * read in place without being made text. The digits are of base 32, the
 * characters from ";" to "Z": no header of any protocol has to escape them.
 */

/** Characters of a sequence number. */
export const SEQUENCE_WIDTH = 6;
/** Sequence numbers are below it. */
export const SEQUENCE_END = 2 ** 30;
/** Characters of a time in nanoseconds, which may be as large as a number can be exact. */
export const TIME_WIDTH = 11;
/** What a body needs at least: the time, then the sequence number, which ends it. */
export const BODY_BYTES_MIN = TIME_WIDTH + SEQUENCE_WIDTH;

const ZERO = 59;
const TIME_LOW = 2 ** 30;
/** What the characters of a sequence number add up to when all of them are zero. */
const SEQUENCE_ZERO = ZERO * ((SEQUENCE_END - 1) / 31);

/** Where digits are: they end in front of `end`. */
export interface DigitsPlace {
  readonly bytes: Uint8Array;
  readonly end: number;
}

/** Writes a sequence number, from 0 to below {@link SEQUENCE_END}. */
export function writeSequence({ bytes, end }: DigitsPlace, value: number): void {
  bytes[end - 1] = ZERO + (value & 31);
  bytes[end - 2] = ZERO + ((value >> 5) & 31);
  bytes[end - 3] = ZERO + ((value >> 10) & 31);
  bytes[end - 4] = ZERO + ((value >> 15) & 31);
  bytes[end - 5] = ZERO + ((value >> 20) & 31);
  bytes[end - 6] = ZERO + ((value >> 25) & 31);
}

/** Reads a sequence number. What are no digits give some number, mostly one that nobody sent. */
export function readSequence({ bytes, end }: DigitsPlace): number {
  const high = octet(bytes, end - 6) * 32 + octet(bytes, end - 5);
  const middle = octet(bytes, end - 4) * 32 + octet(bytes, end - 3);
  const low = octet(bytes, end - 2) * 32 + octet(bytes, end - 1);
  // Whole numbers of 32 bits, which wrap around on the way, are the fastest.
  return ((high << 20) + (middle << 10) + low - SEQUENCE_ZERO) | 0;
}

/** Writes a time: whole nanoseconds, not negative. */
export function writeTime({ bytes, end }: DigitsPlace, ns: number): void {
  let rest = ns % TIME_LOW;
  for (let at = end - 1; at >= end - 6; at--) {
    bytes[at] = ZERO + (rest & 31);
    rest >>= 5;
  }
  rest = Math.floor(ns / TIME_LOW);
  for (let at = end - 7; at >= end - TIME_WIDTH; at--) {
    bytes[at] = ZERO + (rest & 31);
    rest >>= 5;
  }
}

/** Reads a time as {@link writeTime} wrote it. */
export function readTime({ bytes, end }: DigitsPlace): number {
  let ns = 0;
  for (let at = end - TIME_WIDTH; at < end; at++) ns = ns * 32 + octet(bytes, at) - ZERO;
  return ns;
}

function octet(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

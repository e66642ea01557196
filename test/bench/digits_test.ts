import { describe, expect, test } from "bun:test";
import {
  BODY_BYTES_MIN,
  readSequence,
  readTime,
  SEQUENCE_END,
  SEQUENCE_WIDTH,
  TIME_WIDTH,
  writeSequence,
  writeTime,
} from "../../src/bench/digits.ts";

/** Room for one number between two bytes that nobody may touch. */
function room(width: number) {
  const bytes = new Uint8Array(width + 2).fill(1);
  return { bytes, end: width + 1 };
}

describe("a sequence number", () => {
  test.each([0, 1, 31, 32, 1023, 1024, 999_999, 2 ** 25, SEQUENCE_END - 1])(
    "%d is read as it was written, in six characters",
    (value) => {
      const place = room(SEQUENCE_WIDTH);
      writeSequence(place, value);
      expect(readSequence(place)).toBe(value);
      expect([place.bytes[0], place.bytes[SEQUENCE_WIDTH + 1]]).toEqual([1, 1]);
    },
  );

  test("has characters that no protocol escapes in a header", () => {
    for (let value = 0; value < 32; value++) {
      const place = room(SEQUENCE_WIDTH);
      writeSequence(place, value * 0x2108421);
      const text = Buffer.from(place.bytes.subarray(1, -1)).toString("latin1");
      expect(text).toMatch(/^[;-Z]{6}$/);
    }
  });

  test("that is none is mostly below 0 or above all that was sent", () => {
    const place = { bytes: Buffer.from("xxxxxx"), end: 6 };
    expect(readSequence(place) >= 0 && readSequence(place) < 1_000_000).toBe(false);
  });
});

describe("a time", () => {
  test.each([0, 1, 2 ** 30 - 1, 2 ** 30, 1_234_567_890_123_456, Number.MAX_SAFE_INTEGER])(
    "of %d ns is read as it was written, in eleven characters",
    (ns) => {
      const place = room(TIME_WIDTH);
      writeTime(place, ns);
      expect(readTime(place)).toBe(ns);
      expect([place.bytes[0], place.bytes[TIME_WIDTH + 1]]).toEqual([1, 1]);
    },
  );
});

test("a time and a sequence number fit into the smallest body", () => {
  const bytes = new Uint8Array(BODY_BYTES_MIN);
  writeTime({ bytes, end: BODY_BYTES_MIN - SEQUENCE_WIDTH }, 987_654_321);
  writeSequence({ bytes, end: BODY_BYTES_MIN }, 42);
  expect(readSequence({ bytes, end: BODY_BYTES_MIN })).toBe(42);
  expect(readTime({ bytes, end: BODY_BYTES_MIN - SEQUENCE_WIDTH })).toBe(987_654_321);
});

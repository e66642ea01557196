import { expect, test } from "bun:test";
import {
  readableAge,
  readableBytes,
  readableCount,
  readableRate,
  readableTime,
} from "../../src/cli/readable_amount.ts";

const KIB = 1024;

test.each([
  [0, "0 B"],
  [1, "1 B"],
  [1023, "1023 B"],
  [KIB, "1 KiB"],
  [1450, "1.4 KiB"],
  [10_200, "10 KiB"],
  [KIB ** 2 - 1, "1 MiB"],
  [256 * KIB ** 2, "256 MiB"],
  [3.5 * KIB ** 3, "3.5 GiB"],
])("%p bytes are %p", (bytes, text) => {
  expect(readableBytes(bytes)).toBe(text);
});

test.each([
  [0, "0"],
  [0.04, "0"],
  [0.4, "0.4"],
  [9.96, "10"],
  [999.4, "999"],
  [999.6, "1k"],
  [1234, "1.2k"],
  [34_000_000, "34M"],
  [2e9, "2G"],
])("%p a second are %p", (rate, text) => {
  expect(readableRate(rate)).toBe(text);
});

test.each([
  [-5, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 m"],
  [3_599_999, "59 m"],
  [3_600_000, "1 h"],
  [90_000_000, "1 d"],
])("%p ms ago are %p", (ms, text) => {
  expect(readableAge(ms)).toBe(text);
});

test.each([
  [0, "0 ms"],
  [0.043, "0.04 ms"],
  [0.5, "0.5 ms"],
  [9.94, "9.9 ms"],
  [12.2, "12 ms"],
  [1000, "1 s"],
  [1_520, "1.5 s"],
])("%p ms take %p", (ms, text) => {
  expect(readableTime(ms)).toBe(text);
});

test("one is not many", () => {
  expect([0, 1, 2].map((count) => readableCount(count, "message"))).toEqual([
    ...["0 messages", "1 message", "2 messages"],
  ]);
});

import { describe, expect, test } from "bun:test";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatMs,
  formatRate,
  formatShort,
  plural,
} from "../../console/ui/format.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

type Case = readonly [value: number, text: string];

const FORMATS: readonly (readonly [
  what: string,
  format: (value: number) => string,
  cases: readonly Case[],
])[] = [
  [
    "a count",
    formatCount,
    [
      [0, "0"],
      [1_234_567, "1,234,567"],
    ],
  ],
  [
    "a short number",
    formatShort,
    [
      [9_999, "9,999"],
      [12_345, "12.3K"],
      [4_000_000, "4M"],
    ],
  ],
  [
    "a rate",
    formatRate,
    [
      [0, "0"],
      [0.01, "<0.1"],
      [0.44, "0.4"],
      [9.94, "9.9"],
      [12.6, "13"],
      [3_400, "3,400"],
      [98_765, "98.8K"],
    ],
  ],
  [
    "bytes",
    formatBytes,
    [
      [0, "0 B"],
      [1_023, "1,023 B"],
      [1_024, "1.0 KiB"],
      [10_240, "10 KiB"],
      [4 * 1_048_576, "4.0 MiB"],
      [3e12, "2.7 TiB"],
    ],
  ],
  [
    "a delay",
    formatMs,
    [
      [0, "0 ms"],
      [0.44, "0.4 ms"],
      [230.4, "230 ms"],
      [1_500, "1.5 s"],
      [12_000, "12 s"],
    ],
  ],
  [
    "a while",
    formatDuration,
    [
      [-5, "0 s"],
      [4_400, "4 s"],
      [2 * MINUTE + 5_000, "2 min 5 s"],
      [3 * HOUR, "3 h 0 min"],
      [2 * DAY + 4 * HOUR, "2 d 4 h"],
    ],
  ],
  [
    "an age",
    formatAge,
    [
      [-5, "0 s"],
      [59_999, "59 s"],
      [MINUTE, "1 min"],
      [HOUR, "1 h"],
      [12 * DAY, "12 d"],
    ],
  ],
];

describe.each(FORMATS)("%s", (_what, format, cases) => {
  test.each(cases)("%d is written %s", (value, text) => {
    expect(format(value)).toBe(text);
  });
});

test("one is not many", () => {
  expect([plural(1, "message"), plural(0, "message"), plural(2, "reply", "replies")]).toEqual([
    "1 message",
    "0 messages",
    "2 replies",
  ]);
});

import { describe, expect, test } from "bun:test";
import type { Sample } from "../../src/api/values.ts";
import { HISTORY_MS, mergeSamples } from "../../console/broker/samples.ts";
import { chartData, type Line, summaryOf } from "../../console/overview/series.ts";

const NONE: Sample = {
  at: 0,
  connections: 0,
  subscriptions: 0,
  framesInRate: 0,
  messagesInRate: 0,
  messagesOutRate: 0,
  queueMessages: 0,
  heldMessages: 0,
  memoryBytes: 0,
  memoryBytesMax: 0,
  residentBytes: 0,
  eventLoopDelayMs: 0,
  deadLetters: 0,
  deadLettersNow: 0,
  refusals: 0,
};
const sample = (seconds: number, rate = 0): Sample => ({
  ...NONE,
  at: seconds * 1_000,
  messagesInRate: rate,
});
const line = (fold: Line["fold"]): Line => ({
  title: "in",
  fold,
  valueOf: ({ messagesInRate }) => messagesInRate,
});
const secondsOf = (samples: readonly Sample[]) => samples.map(({ at }) => at / 1_000);

describe("The last hour", () => {
  test("grows at its end", () => {
    expect(secondsOf(mergeSamples([sample(1), sample(2)], [sample(3)]))).toEqual([1, 2, 3]);
  });

  test("takes what it missed in order, and nothing twice", () => {
    const merged = mergeSamples([sample(1), sample(9)], [sample(1), sample(5), sample(9)]);
    expect(secondsOf(merged)).toEqual([1, 5, 9]);
  });

  test("forgets what is older", () => {
    const hour = HISTORY_MS / 1_000;
    expect(secondsOf(mergeSamples([sample(0), sample(5)], [sample(hour + 3)]))).toEqual([
      5,
      hour + 3,
    ]);
  });

  test("stays itself when there is nothing new", () => {
    const known = [sample(1)];
    expect(mergeSamples(known, [])).toBe(known);
  });
});

describe("A chart", () => {
  test.each([
    ["mean", 4],
    ["max", 6],
    ["last", 2],
  ] as const)("folds what falls into one point: %s", (fold, value) => {
    const span = { from: 0, to: 20_000, points: 2 };
    const { values } = chartData([sample(0, 6), sample(1, 2)], [line(fold)], span);
    expect(values[0]?.[0]).toBe(value);
  });

  test("has points that stay where they are while time goes on", () => {
    const samples = [sample(10, 1), sample(11, 3), sample(14, 5)];
    const at = (to: number) =>
      chartData(samples, [line("mean")], { from: to - 20_000, to, points: 10 });
    const [before, after] = [at(30_000), at(30_700)];
    expect(after.times).toEqual(before.times);
    expect(after.values).toEqual(before.values);
  });

  test("joins what is a little apart, and shows where nothing was known", () => {
    const samples = [sample(0, 0), sample(4, 8), sample(40, 1)];
    const { values } = chartData(samples, [line("mean")], { from: 0, to: 40_000, points: 40 });
    expect(values[0]?.slice(0, 5)).toEqual([0, 2, 4, 6, 8]);
    expect(values[0]?.slice(5, 40).every((value) => value === null)).toBe(true);
    expect(values[0]?.[40]).toBe(1);
  });

  test("is told in words", () => {
    const samples = [sample(0, 2), sample(1, 7), sample(2, 3)];
    const data = chartData(samples, [line("mean")], { from: 0, to: 2_000, points: 2 });
    expect(summaryOf(data, 0)).toEqual({ latest: 3, highest: 7, highestAt: 1_500, mean: 4 });
    expect(summaryOf({ times: [], values: [[]] }, 0)).toBeUndefined();
  });
});

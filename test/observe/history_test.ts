import { describe, expect, test } from "bun:test";
import { type Sample, sampleSchema } from "../../src/api/values.ts";
import {
  createHistory,
  type HistorySample,
  SAMPLE_INTERVAL_MS,
  SAMPLES_MAX,
} from "../../src/observe/history.ts";

/** A sample in which no two fields are alike. */
function sampleAt(at: number): HistorySample {
  return {
    at,
    connections: at + 1,
    subscriptions: at + 2,
    framesInRate: at + 0.25,
    messagesInRate: at + 0.5,
    messagesOutRate: at + 0.75,
    queueMessages: at + 3,
    heldMessages: at + 4,
    memoryBytes: at + 5,
    memoryBytesMax: at + 6,
    residentBytes: at + 7,
    eventLoopDelayMs: at + 0.125,
    deadLetters: at + 8,
    deadLettersNow: at + 9,
    refusals: at + 10,
  };
}

test("keeps an hour", () => {
  expect(SAMPLE_INTERVAL_MS * SAMPLES_MAX).toBe(3_600_000);
});

test("is a sample of the API, field by field", () => {
  // Each type takes the other: a field that only one of them has does not compile.
  const given: Sample = sampleAt(1);
  const back: HistorySample = given;
  expect(sampleSchema.parse(back)).toEqual(sampleAt(1));
});

describe("the list", () => {
  test("of nothing is empty", () => {
    expect(createHistory().list()).toEqual([]);
  });

  for (const count of [1, 2, SAMPLES_MAX - 1, SAMPLES_MAX, SAMPLES_MAX + 1, 3 * SAMPLES_MAX + 7]) {
    test(`of ${count} samples has the latest ${Math.min(count, SAMPLES_MAX)}, oldest first`, () => {
      const history = createHistory();
      // As large as times really are.
      const times = Array.from({ length: count }, (_, n) => 1_800_000_000_000 + 5_000 * n);
      for (const at of times) history.add(sampleAt(at));
      expect(history.list()).toEqual(times.slice(-SAMPLES_MAX).map(sampleAt));
    });
  }

  test("is not changed by what comes later", () => {
    const history = createHistory();
    history.add(sampleAt(1));
    const list = history.list();
    for (let at = 2; at < 2 * SAMPLES_MAX; at++) history.add(sampleAt(at));
    expect(list).toEqual([sampleAt(1)]);
  });
});

test("two histories share nothing", () => {
  const [one, other] = [createHistory(), createHistory()];
  one.add(sampleAt(1));
  expect(other.list()).toEqual([]);
});

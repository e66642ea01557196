import { describe, expect, test } from "bun:test";
import { Histogram, PRECISION } from "../../src/bench/histogram.ts";
import { RUN_SEED, seededRandom } from "../support/seeded_random.ts";

function filled(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.add(value);
  return histogram;
}

/** The least value that so many percent of all do not exceed, by sorting. */
function exact(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(1, Math.ceil((percent / 100) * sorted.length)) - 1] ?? 0;
}

const PERCENTS = [0, 1, 10, 50, 90, 99, 99.9, 99.99, 100];

/** Values between 0 and 2^bits, as many small ones as large ones. */
function spread(bits: number): number[] {
  const random = seededRandom(RUN_SEED + bits);
  return Array.from({ length: 10_000 }, () => Math.floor(2 ** (random() * bits)) - 1);
}

describe("a percentile", () => {
  test.each([8, 16, 30, 32, 40, 53])(
    "of values of up to %d bits is exact within its precision, and never too low",
    (bits) => {
      const values = spread(bits);
      const histogram = filled(values);
      for (const percent of PERCENTS) {
        const told = histogram.percentile(percent);
        const real = exact(values, percent);
        expect(told).toBeGreaterThanOrEqual(real);
        expect(told).toBeLessThanOrEqual(real * (1 + PRECISION));
      }
    },
  );

  test("of values below 256 is exact", () => {
    const values = Array.from({ length: 256 }, (_, value) => value);
    for (const percent of PERCENTS) {
      expect(filled(values).percentile(percent)).toBe(exact(values, percent));
    }
  });

  test("is never above the largest value", () => {
    expect(filled([1_000_001]).percentile(99)).toBe(1_000_001);
  });

  test("of nothing is 0", () => {
    expect(new Histogram().percentile(50)).toBe(0);
  });
});

test("what is negative counts as 0, and fractions are cut off", () => {
  const histogram = filled([-5, 3.9]);
  expect([histogram.percentile(50), histogram.percentile(100), histogram.max]).toEqual([0, 3, 3]);
});

test("two histograms in one are the histogram of all values", () => {
  const [one, other] = [spread(20), spread(40)];
  const merged = filled(one);
  merged.merge(filled(other));
  const whole = filled([...one, ...other]);
  expect(merged.data()).toEqual(whole.data());
  expect([merged.count, merged.max]).toEqual([whole.count, whole.max]);
});

test("a histogram that was sent as data is the same one", () => {
  const histogram = filled(spread(45));
  const sent = Histogram.from(JSON.parse(JSON.stringify(histogram.data())));
  for (const percent of PERCENTS) {
    expect(sent.percentile(percent)).toBe(histogram.percentile(percent));
  }
  expect(sent.count).toBe(histogram.count);
});

test("data of a bucket that there is not is refused", () => {
  expect(() => Histogram.from({ max: 1, buckets: [[1e9, 1]] })).toThrow("Cannot count in bucket");
});

test("a histogram that was cleared is empty", () => {
  const histogram = filled([1, 2, 3]);
  histogram.clear();
  expect(histogram.data()).toEqual({ max: 0, buckets: [] });
  expect(histogram.count).toBe(0);
});

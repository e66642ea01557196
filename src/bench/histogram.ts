/** Percentiles of very many values in little memory. */

/** Values within this share of each other may be told as one. */
export const PRECISION = 1 / 128;

/** A histogram as plain values: the buckets that are not empty, and how much is in them. */
export interface HistogramData {
  readonly max: number;
  readonly buckets: [bucket: number, count: number][];
}

/** Buckets to each power of two, beyond the first 256 values, which have one each. */
const PER_OCTAVE = 128;
const OCTAVE_FIRST = 7;
const OCTAVE_LAST = 52;
/** Values of 2^31 and more are halved that often first, as integers have 32 bits. */
const LARGE = 2 ** 31;
const LARGE_BITS = 22;

/**
 * Counts values in buckets that are linear within each power of two, as
 * HdrHistogram has them: whole numbers from 0 to 2^53, told with an error of
 * at most {@link PRECISION}.
 */
export class Histogram {
  /** How many values were added. */
  count = 0;
  /** The largest, exactly; 0 without any. */
  max = 0;
  readonly #buckets = new Float64Array((OCTAVE_LAST - OCTAVE_FIRST + 2) * PER_OCTAVE);

  /** Adds a value; fractions are cut off, what is negative counts as 0. */
  add(value: number): void {
    const whole = value > 0 ? Math.floor(value) : 0;
    const bucket = bucketOf(whole);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.count++;
    if (whole > this.max) this.max = whole;
  }

  /** Makes one again from what {@link data} gave. */
  static from({ max, buckets }: HistogramData): Histogram {
    const made = new Histogram();
    for (const [bucket, count] of buckets) {
      if (bucket >= made.#buckets.length) throw new Error(`Cannot count in bucket ${bucket}`);
      made.#buckets[bucket] = count;
      made.count += count;
    }
    made.max = max;
    return made;
  }

  /** All that it holds, for another process. */
  data(): HistogramData {
    const buckets: [number, number][] = [];
    this.#buckets.forEach((count, bucket) => {
      if (count > 0) buckets.push([bucket, count]);
    });
    return { max: this.max, buckets };
  }

  /** Adds all values of another one. */
  merge(other: Histogram): void {
    other.#buckets.forEach((count, bucket) => {
      this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + count;
    });
    this.count += other.count;
    this.max = Math.max(this.max, other.max);
  }

  /** Forgets all values. */
  clear(): void {
    this.#buckets.fill(0);
    this.count = 0;
    this.max = 0;
  }

  /** The least value that so many percent of all values do not exceed; 0 without any. */
  percentile(percent: number): number {
    const wanted = Math.max(1, Math.ceil((percent / 100) * this.count));
    let passed = 0;
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      passed += this.#buckets[bucket] ?? 0;
      if (passed >= wanted) return Math.min(highest(bucket), this.max);
    }
    return this.max;
  }
}

function bucketOf(value: number): number {
  if (value < LARGE) return smallBucketOf(value);
  return smallBucketOf(Math.floor(value / 2 ** LARGE_BITS)) + LARGE_BITS * PER_OCTAVE;
}

function smallBucketOf(value: number): number {
  const shift = Math.max(0, 31 - Math.clz32(value) - OCTAVE_FIRST);
  return shift * PER_OCTAVE + (value >> shift);
}

/** The largest value that falls into a bucket. */
function highest(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / PER_OCTAVE) - 1);
  return (bucket - shift * PER_OCTAVE + 1) * 2 ** shift - 1;
}

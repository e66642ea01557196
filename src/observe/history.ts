/** Time between two samples. */
export const SAMPLE_INTERVAL_MS = 5_000;
/** Samples kept: those of an hour. */
export const SAMPLES_MAX = 720;

const FIELDS = [
  "at",
  "connections",
  "subscriptions",
  "framesInRate",
  "messagesInRate",
  "messagesOutRate",
  "queueMessages",
  "heldMessages",
  "memoryBytes",
  "memoryBytesMax",
  "residentBytes",
  "eventLoopDelayMs",
  "deadLetters",
  "deadLettersNow",
  "refusals",
] as const;

/**
 * How the broker was doing over a while that ended at `at`, in ms since the
 * epoch. Rates are per second; `deadLetters` and `refusals` count since the
 * start.
 */
export type HistorySample = Readonly<Record<(typeof FIELDS)[number], number>>;

/** The latest samples. */
export interface History {
  /** Adds a sample; of more than {@link SAMPLES_MAX} the oldest goes. */
  add(sample: HistorySample): void;
  /** The samples, oldest first. */
  list(): readonly HistorySample[];
}

/** Makes a history: plain columns of numbers, of the same size from the first sample to the last. */
export function createHistory(): History {
  const columns = FIELDS.map((field) => [field, new Float64Array(SAMPLES_MAX)] as const);
  let added = 0;
  const sampleAt = (row: number): HistorySample => {
    const values = columns.map(([field, column]) => [field, column[row] ?? 0] as const);
    // There is a column for each field.
    return Object.fromEntries(values) as HistorySample;
  };
  return {
    add: (sample) => {
      for (const [field, column] of columns) column[added % SAMPLES_MAX] = sample[field];
      added++;
    },
    list: () => {
      const length = Math.min(added, SAMPLES_MAX);
      const first = added - length;
      return Array.from({ length }, (_none, at) => sampleAt((first + at) % SAMPLES_MAX));
    },
  };
}

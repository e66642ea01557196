/** Rates from totals that are looked at now and then. */

/** How fast the totals of each of many things grow. */
export interface Rates {
  /** Takes the totals of a thing at a time, in ms of any clock. */
  note(key: string | number, totals: readonly number[], at: number): void;
  /** Growth of each total per second between the two latest looks; undefined before the second. */
  of(key: string | number): readonly number[] | undefined;
}

/** What {@link createRates} is bounded by. */
export interface RatesOptions {
  /** Looks closer together than this count as one, in ms. */
  readonly minGapMs: number;
  /** Things remembered; those not looked at for longest are forgotten first. */
  readonly keysMax: number;
}

interface Look {
  readonly at: number;
  readonly totals: readonly number[];
  readonly rates: readonly number[] | undefined;
}

/** Makes an empty book of rates. */
export function createRates({ minGapMs, keysMax }: RatesOptions): Rates {
  const looks = new Map<string | number, Look>();
  return {
    note(key, totals, at) {
      const before = looks.get(key);
      if (before !== undefined && at - before.at < minGapMs) return;
      // Totals that shrink are those of a new thing with an old name.
      const isNew = before === undefined || totals.some((n, i) => n < (before.totals[i] ?? 0));
      const rates = isNew
        ? undefined
        : totals.map((n, i) => ((n - (before.totals[i] ?? 0)) * 1_000) / (at - before.at));
      looks.delete(key);
      looks.set(key, { at, totals, rates });
      if (looks.size > keysMax) {
        for (const oldest of looks.keys()) {
          looks.delete(oldest);
          break;
        }
      }
    },
    of: (key) => looks.get(key)?.rates,
  };
}

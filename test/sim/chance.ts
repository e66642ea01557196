import { seededRandom } from "../support/seeded_random.ts";

/** Seeded choices. */
export interface Chance {
  /** A number in [0, 1). */
  readonly random: () => number;
  /** An integer from `min` to `max`, both included. */
  integer(min: number, max: number): number;
  /** True so often, 0 to 1. */
  odds(probability: number): boolean;
  /** One of a list that is not empty. */
  pick<T>(list: readonly [T, ...T[]]): T;
}

/** Choices that are the same for the same seed. */
export function createChance(seed: number): Chance {
  const random = seededRandom(seed);
  const integer = (min: number, max: number): number =>
    min + Math.floor(random() * (max - min + 1));
  return {
    random,
    integer,
    odds: (probability) => random() < probability,
    pick: (list) => list[integer(0, list.length - 1)] ?? list[0],
  };
}

import fc from "fast-check";
import { RUN_SEED } from "../support/seeded_random.ts";

/** Runs of a property: a quick look every time, a long one when there is time. */
const RUNS = process.env["TEST_LONG"] === "1" ? 20_000 : 500;

/** Asserts a property with the seed of this run, so that a failure comes again. */
export function checkProperty<Values>(property: fc.IProperty<Values>): void {
  fc.assert(property, { numRuns: RUNS, seed: RUN_SEED });
}

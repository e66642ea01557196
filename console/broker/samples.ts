/** What is kept of how the broker did. */

import type { Sample } from "../../src/api/values.ts";

/** How far back the overview looks, in ms. */
export const HISTORY_MS = 3_600_000;

/** Adds samples to those known: in order of time, none twice, none older than an hour before the last. */
export function mergeSamples(known: readonly Sample[], more: readonly Sample[]): readonly Sample[] {
  const last = known.at(-1);
  const first = more[0];
  if (first === undefined) return known;
  // The usual case: one more at the end.
  const isBehind = last === undefined || first.at > last.at;
  const all = isBehind ? [...known, ...more] : sortedByTime([...known, ...more]);
  const oldest = (all.at(-1)?.at ?? 0) - HISTORY_MS;
  const cut = all.findIndex(({ at }) => at >= oldest);
  return cut <= 0 ? all : all.slice(cut);
}

function sortedByTime(samples: readonly Sample[]): readonly Sample[] {
  const byTime = new Map(samples.map((sample) => [sample.at, sample]));
  return [...byTime.values()].sort((a, b) => a.at - b.at);
}

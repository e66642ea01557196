/** What a run has counted and measured, before anything is made of it. */

import { Histogram } from "./histogram.ts";
import type { Usage } from "./meter.ts";

/** The raw result of a run, or of the share of it that one process had. */
export interface Outcome {
  /** How the broker calls itself. */
  readonly broker: string;
  readonly usage: Usage;
  /** What was counted, by name: sums over the shares of a run. */
  readonly counts: Readonly<Record<string, number>>;
  /** Times in nanoseconds, by name. */
  readonly times: Readonly<Record<string, Histogram>>;
  /** Sentences about what went wrong; empty if all is well. */
  readonly problems: readonly string[];
}

/** The outcome of a run from those of its shares, of which one has looked at the broker. */
export function mergeOutcomes(outcomes: readonly Outcome[]): Outcome {
  const counts: Record<string, number> = {};
  const times: Record<string, Histogram> = {};
  for (const outcome of outcomes) {
    for (const [name, count] of Object.entries(outcome.counts)) {
      counts[name] = (counts[name] ?? 0) + count;
    }
    for (const [name, some] of Object.entries(outcome.times)) {
      (times[name] ??= new Histogram()).merge(some);
    }
  }
  const usages = outcomes.map(({ usage }) => usage);
  return {
    broker: outcomes[0]?.broker ?? "",
    usage: {
      seconds: Math.max(...usages.map(({ seconds }) => seconds)),
      ownCpuSeconds: usages.reduce((sum, { ownCpuSeconds }) => sum + ownCpuSeconds, 0),
      broker: usages.find(({ broker }) => broker !== undefined)?.broker,
    },
    counts,
    times,
    problems: outcomes.flatMap(({ problems }) => problems),
  };
}

/** The outcome of a run that somebody ended: whatever it measured, it is not what was asked for. */
export function withStop(outcome: Outcome): Outcome {
  return { ...outcome, problems: [...outcome.problems, "Stopped before its end"] };
}

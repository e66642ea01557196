/** What raw lines come to: medians, and ratios within a round. */

import type { PeerName } from "./peers/peer.ts";
import type { Measurement } from "./raw_line.ts";
import type { Metric, Target, Workload } from "./workloads.ts";

/** The middle of several values, and how far they are apart. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** What one peer came to in one metric of one workload. */
export interface Row {
  readonly workload: Workload;
  readonly metric: Metric;
  readonly peer: PeerName;
  /** Of the rounds that went well; undefined if none did. */
  readonly value: Spread | undefined;
  /** Of stompbox to the peer, round by round; undefined for stompbox itself. */
  readonly ratio: Spread | undefined;
  readonly target: Target | undefined;
  /** Whether the target is met; undefined where there is none, or nothing to tell it by. */
  readonly isMet: boolean | undefined;
  /** What went wrong, the rounds apart. */
  readonly problems: readonly string[];
}

/** The middle value, the lower one of two; not a number if there is none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
}

/** Median, least and most; undefined for no values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** Whether a value is as the target says. */
export function meets(value: number, { atLeast, atMost }: Target): boolean {
  return value >= (atLeast ?? Number.NEGATIVE_INFINITY) && value <= (atMost ?? Infinity);
}

/** The rows of a workload: a group for each metric, in it a row for each peer that was run. */
export function rowsOf(workload: Workload, measurements: readonly Measurement[]): Row[] {
  const own = measurements.filter((each) => each.workload === workload.name);
  const first = workload.peers[0];
  return workload.metrics.flatMap((metric) => {
    const base = valuesOf(own, { metric, peer: first });
    return workload.peers
      .filter((peer) => own.some((each) => each.peer === peer))
      .map((peer) => {
        const values = valuesOf(own, { metric, peer });
        const value = spreadOf([...values.values()]);
        const ratio = peer === first ? undefined : spreadOf(ratiosOf(base, values));
        const target = workload.targets.find(
          (each) => each.metric === metric.name && (each.peer ?? first) === peer,
        );
        const judged = (target?.peer === undefined ? value : ratio)?.median;
        const isMet =
          target === undefined || judged === undefined
            ? undefined
            : meets(target.peer === undefined ? judged / metric.scale : judged, target);
        return {
          workload,
          metric,
          peer,
          value,
          ratio,
          target,
          isMet,
          problems: problemsOf(own, peer),
        };
      });
  });
}

/** The values of the rounds that went well, by round. */
function valuesOf(
  measurements: readonly Measurement[],
  { metric, peer }: { readonly metric: Metric; readonly peer: PeerName | undefined },
): ReadonlyMap<number, number> {
  const values = new Map<number, number>();
  for (const { peer: whose, round, result } of measurements) {
    const value = metric.of(result.figures);
    if (whose === peer && result.ok && value !== undefined) values.set(round, value);
  }
  return values;
}

/** Both were measured one after the other, so what slowed one down has mostly met the other, too. */
function ratiosOf(
  base: ReadonlyMap<number, number>,
  values: ReadonlyMap<number, number>,
): number[] {
  return [...values].flatMap(([round, value]) => {
    const over = base.get(round);
    return over === undefined || value === 0 ? [] : [over / value];
  });
}

function problemsOf(measurements: readonly Measurement[], peer: PeerName): string[] {
  const failed = measurements.filter((each) => each.peer === peer && !each.result.ok);
  return [...new Set(failed.map(({ result }) => result.problems[0] ?? "It failed"))];
}

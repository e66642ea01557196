/** Samples over time, made ready for charts. */

import type { Sample } from "../../src/api/values.ts";

/** Longer without a sample is a gap: nobody was told, in ms. */
const GAP_MS = 15_000;

/** How several values become one point: the mean of rates, the highest of delays, the last of levels. */
export type Fold = "mean" | "max" | "last";

/** A line of a chart. */
export interface Line {
  readonly title: string;
  readonly valueOf: (sample: Sample) => number;
  readonly fold: Fold;
}

/** The stretch of time that a chart shows, in ms since the epoch, and in how many points. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly points: number;
}

/** Points of a chart: times, and for each line its values; null where nothing is known. */
export interface ChartData {
  /** Middle of each point, in ms since the epoch. */
  readonly times: readonly number[];
  readonly values: readonly (readonly (number | null)[])[];
}

/**
 * Folds samples into points of equal width. Points begin at multiples of their
 * width, so that each keeps its samples, and its shape, while time goes on.
 */
export function chartData(
  samples: readonly Sample[],
  lines: readonly Line[],
  span: Span,
): ChartData {
  const width = Math.max(1_000, Math.ceil((span.to - span.from) / span.points / 1_000) * 1_000);
  const start = Math.floor(span.from / width) * width;
  const points = Math.floor((span.to - start) / width) + 1;
  const bins: Sample[][] = Array.from({ length: points }, () => []);
  for (const sample of samples) bins[Math.floor((sample.at - start) / width)]?.push(sample);
  return {
    times: bins.map((_bin, index) => start + (index + 0.5) * width),
    values: lines.map(({ valueOf, fold }) =>
      bridged(
        bins.map((bin) => folded(bin.map(valueOf), fold)),
        Math.ceil(GAP_MS / width),
      ),
    ),
  };
}

function folded(values: readonly number[], fold: Fold): number | null {
  const last = values.at(-1);
  if (last === undefined) return null;
  if (fold === "last") return last;
  if (fold === "max") return Math.max(...values);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Fills the points between two that are known and not far apart: the history has a sample only now and then. */
function bridged(
  values: readonly (number | null)[],
  gapPoints: number,
): readonly (number | null)[] {
  const filled = [...values];
  let last = -1;
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    const before = values[last];
    if (typeof before === "number" && index - last <= gapPoints) {
      const step = (value - before) / (index - last);
      for (let at = last + 1; at < index; at += 1) filled[at] = before + step * (at - last);
    }
    last = index;
  }
  return filled;
}

/** What somebody who cannot see a line is told of it. */
export interface Summary {
  readonly latest: number;
  readonly highest: number;
  /** When it was highest, in ms since the epoch. */
  readonly highestAt: number;
  readonly mean: number;
}

/** Sums a line up; undefined if nothing is known. */
export function summaryOf(data: ChartData, line: number): Summary | undefined {
  const known = (data.values[line] ?? []).flatMap((value, index) =>
    value === null ? [] : [{ value, at: data.times[index] ?? 0 }],
  );
  const latest = known.at(-1);
  if (latest === undefined) return undefined;
  const highest = known.reduce((best, point) => (point.value > best.value ? point : best));
  return {
    latest: latest.value,
    highest: highest.value,
    highestAt: highest.at,
    mean: known.reduce((sum, { value }) => sum + value, 0) / known.length,
  };
}

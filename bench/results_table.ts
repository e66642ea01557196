/** Tables made of raw lines, in Markdown. */

import { table } from "../scripts/markdown.ts";
import type { PeerName } from "./peers/peer.ts";
import { PEERS } from "./peers/peers.ts";
import { type Row, rowsOf, type Spread, spreadOf } from "./ratios.ts";
import type { Measurement, PeerLine, RawLine } from "./raw_line.ts";
import { type Metric, type Target, type Workload, WORKLOADS } from "./workloads.ts";

const HEAD = ["", "", "median (least to most)", "stompbox ÷ it (least to most)", "target", ""];

/** Every workload and peer: medians, ratios, and whether targets are met. What went wrong is told below. */
export function resultsTable(lines: readonly RawLine[]): string {
  const measurements = measurementsOf(lines);
  const rows = WORKLOADS.flatMap((workload) => rowsOf(workload, measurements));
  const cells = rows.map((row, at) => {
    const { metric, value, ratio, target, isMet } = row;
    const before = rows[at - 1];
    const isFirst = before?.workload !== row.workload || before.metric !== metric;
    return [
      isFirst ? headingOf(row) : "",
      PEERS[row.peer].title,
      value === undefined ? "failed" : shownSpread(value, metric.scale),
      ratio === undefined ? "" : shownSpread(ratio, 1),
      target === undefined ? "" : shownTarget(target, metric),
      isMet === undefined ? "" : isMet ? "met" : "**missed**",
    ];
  });
  const problems = rows.flatMap((row) =>
    row.problems.map((problem) => `- ${row.workload.title}, ${PEERS[row.peer].title}: ${problem}`),
  );
  return [table(HEAD, cells), ...(problems.length > 0 ? [[...new Set(problems)].join("\n")] : [])]
    .join("\n\n")
    .trimEnd();
}

/** Who took part: versions and settings. */
export function peersTable(lines: readonly RawLine[]): string {
  const peers = new Map<string, PeerLine>();
  for (const line of lines) if (line.kind === "peer") peers.set(line.peer, line);
  const rows = Object.values(PEERS).flatMap(({ name, title }) => {
    const line = peers.get(name);
    return line === undefined ? [] : [[title, line.version, line.settings]];
  });
  return table(["", "version", "settings"], rows);
}

/** A line of a matrix: a metric of a workload. */
export interface MatrixLine {
  readonly workload: Workload["name"];
  /** Default: the first that the workload has. */
  readonly metric?: Metric;
}

/** Of several servers the first that was run of those in a column is shown. */
export interface MatrixColumn {
  readonly title: string;
  readonly peers: readonly PeerName[];
}

/** The columns of the short tables. */
export const COLUMNS: readonly MatrixColumn[] = [
  { title: "stompbox", peers: ["stompbox"] },
  { title: "nats-server", peers: ["nats"] },
  { title: "bare Bun", peers: ["bare-publish", "bare-own", "bare-forward", "bare-beats"] },
  { title: "ActiveMQ", peers: ["activemq"] },
  { title: "RabbitMQ", peers: ["rabbitmq"] },
  { title: "stomp-broker-js", peers: ["stomp-broker-js"] },
];

/** Medians, a row for each line and a column for each server. */
export function matrixTable(
  lines: readonly RawLine[],
  matrix: { readonly lines: readonly MatrixLine[]; readonly columns: readonly MatrixColumn[] },
): string {
  const measurements = measurementsOf(lines);
  const rows = matrix.lines.flatMap((line) => {
    const workload = WORKLOADS.find(({ name }) => name === line.workload);
    const metric = line.metric ?? workload?.metrics[0];
    if (workload === undefined || metric === undefined) return [];
    const cells = matrix.columns.map(({ peers }) => {
      const value = peers
        .map((peer) => valueOf(measurements, { workload, metric, peer }))
        .find((each) => each !== undefined);
      return value === undefined ? "" : shownNumber(value.median / metric.scale);
    });
    return [[headingOf({ workload, metric }), ...cells]];
  });
  return table(["", ...matrix.columns.map(({ title }) => title)], rows);
}

/** The measurements among the lines; of a workload that several runs have, those of the last one. */
export function measurementsOf(lines: readonly RawLine[]): Measurement[] {
  const runs = new Map<string, Measurement[]>();
  let fresh = new Set<string>();
  for (const line of lines) {
    if (line.kind === "run") fresh = new Set();
    if (line.kind !== "measurement") continue;
    if (!fresh.has(line.workload)) runs.set(line.workload, []);
    fresh.add(line.workload);
    runs.get(line.workload)?.push(line);
  }
  return [...runs.values()].flat();
}

/** The spread of what a peer came to. */
export function valueOf(
  measurements: readonly Measurement[],
  of: { readonly workload: Workload; readonly metric: Metric; readonly peer: PeerName },
): Spread | undefined {
  const { workload, metric, peer } = of;
  return spreadOf(
    measurements
      .filter((each) => each.workload === workload.name && each.peer === peer && each.result.ok)
      .flatMap(({ result }) => metric.of(result.figures) ?? []),
  );
}

function headingOf({ workload, metric }: Pick<Row, "workload" | "metric">): string {
  return `${workload.title}: ${metric.name}, in ${metric.unit}`;
}

function shownTarget({ atLeast, atMost, peer }: Target, { unit }: Metric): string {
  const bound = atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
  return peer === undefined ? `${bound} ${unit}` : bound;
}

function shownSpread({ median, least, most }: Spread, scale: number): string {
  const shown = [median, least, most].map((value) => shownNumber(value / scale));
  return `${shown[0]} (${shown[1]} to ${shown[2]})`;
}

/** Three digits, or the whole number. */
export function shownNumber(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

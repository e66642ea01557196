/**
 * Makes the tables of bench/README.md, the short one of README.md, and
 * bench/results/chart.svg from raw lines: those of the newest file in
 * bench/results/, or of the files given, where of a workload that several have
 * the last one counts.
 *
 *     bun bench/report.ts [FILE]...
 */

import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { document } from "../scripts/markdown.ts";
import { chart, type Panel } from "./chart.ts";
import { PEERS } from "./peers/peers.ts";
import { type RawLine, readRawLines, type RunLine } from "./raw_line.ts";
import {
  COLUMNS,
  type MatrixLine,
  matrixTable,
  measurementsOf,
  peersTable,
  resultsTable,
  shownNumber,
  valueOf,
} from "./results_table.ts";
import { DELIVERIES, WALL, type WorkloadName, WORKLOADS } from "./workloads.ts";

const MESSAGES = [
  "fan-out-own-1000",
  "fan-out-alike-1000",
  "fan-out-alike-100",
  "fan-out-1KiB-100",
  "pairs",
  "queue-auto",
  "queue-individual",
] as const satisfies readonly WorkloadName[];

const HEADLINE: readonly MatrixLine[] = [
  ...MESSAGES.map((workload) => ({ workload })),
  ...WORKLOADS.flatMap(({ name, metrics }) =>
    name === "latency" || name === "logins" || name === "idle"
      ? metrics
          .slice(0, name === "idle" ? 1 : metrics.length)
          .map((metric) => ({ workload: name, metric }))
      : [],
  ),
];

const DRAWN: readonly WorkloadName[] = [
  "fan-out-alike-100",
  "fan-out-own-1000",
  "pairs",
  "queue-auto",
  "queue-individual",
];

/** Who is in no panel: the same broker again. */
const NOT_DRAWN = "stompbox-tcp";

/** Lines, and the name of the file where they are. */
export interface Results {
  readonly lines: readonly RawLine[];
  readonly source: string;
}

/** Writes all that is made of raw lines; answers the paths of what was written. */
export async function publishResults({ lines, source }: Results): Promise<string[]> {
  const folder = import.meta.dir;
  const chartPath = join(folder, "results", "chart.svg");
  await Bun.write(chartPath, resultsChart(lines));
  const written = [chartPath];
  const texts = [
    [join(folder, "README.md"), { results: resultsText({ lines, source }) }],
    [join(folder, "..", "README.md"), { benchmark: headlineTable(lines) }],
  ] as const;
  for (const [path, blocks] of texts) {
    const before = await Bun.file(path).text();
    const after = Object.entries(blocks).reduce(
      (text, [name, content]) => replaceBlock(text, { name, content }),
      before,
    );
    if (after === before) continue;
    await Bun.write(path, after);
    written.push(path);
  }
  return written;
}

/** The table that says it all in a few rows. */
export function headlineTable(lines: readonly RawLine[]): string {
  return matrixTable(lines, { lines: HEADLINE, columns: COLUMNS });
}

/** Bars of what a second of server CPU delivers. */
export function resultsChart(lines: readonly RawLine[]): string {
  const measurements = measurementsOf(lines);
  const panels = DRAWN.flatMap((name): Panel[] => {
    const workload = WORKLOADS.find((each) => each.name === name);
    if (workload === undefined) return [];
    const bars = workload.peers.flatMap((peer) => {
      const value = valueOf(measurements, { workload, metric: DELIVERIES, peer });
      if (value === undefined || peer === NOT_DRAWN) return [];
      const shown = shownNumber(value.median / DELIVERIES.scale);
      const kind =
        peer === "stompbox" ? "own" : peer.startsWith("bare-") ? "ceiling" : ("other" as const);
      return [{ label: PEERS[peer].title, value: value.median, shown, kind } as const];
    });
    return bars.length === 0 ? [] : [{ title: workload.title, bars }];
  });
  return chart("Thousands of deliveries for each second of server CPU", panels);
}

/** What bench/README.md says of a run. */
export function resultsText({ lines, source }: Results): string {
  const runs = lines.filter((line): line is RunLine => line.kind === "run");
  return document([
    ...runs.map(aboutRun),
    `The raw lines are in [results/${source}](results/${source}).`,
    "![Deliveries for each second of server CPU](results/chart.svg)",
    resultsTable(lines),
    "What came through in a second on the clock, with the load generator on the same machine:",
    matrixTable(lines, {
      lines: MESSAGES.map((workload) => ({ workload, metric: WALL })),
      columns: COLUMNS,
    }),
    "Who took part:",
    peersTable(lines),
  ]).trimEnd();
}

function aboutRun({ startedAt, commit, rounds, machine, bun }: RunLine): string {
  const { system, kernel, cpu, cores, memoryGiB } = machine;
  const at = commit === "" ? "" : ` Commit ${commit}.`;
  return (
    `Run on ${startedAt.slice(0, 10)}: ${rounds} rounds on ${cpu}, ${cores} cores, ` +
    `${memoryGiB} GiB, ${system}, Linux ${kernel}, Bun ${bun}.${at}`
  );
}

/** Puts `content` between the marks of that name; a text without them stays as it is. */
export function replaceBlock(
  text: string,
  { name, content }: { readonly name: string; readonly content: string },
): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = text.indexOf(open);
  const to = text.indexOf(close, from);
  if (from < 0 || to < 0) return text;
  return `${text.slice(0, from + open.length)}\n\n${content}\n\n${text.slice(to)}`;
}

async function main(files: readonly string[]): Promise<void> {
  const folder = join(import.meta.dir, "results");
  const newest = readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .sort()
    .slice(-1)
    .map((name) => join(folder, name));
  const chosen = files.length > 0 ? files : newest;
  const last = chosen.at(-1);
  if (last === undefined) {
    throw new Error("Cannot report: no .jsonl in bench/results/, expected one of bench/compare.ts");
  }
  const lines: RawLine[] = [];
  for (const path of chosen) {
    lines.push(...readRawLines(await Bun.file(path).text(), basename(path)));
  }
  for (const path of await publishResults({ lines, source: basename(last) })) console.log(path);
}

if (import.meta.main) await main(process.argv.slice(2));

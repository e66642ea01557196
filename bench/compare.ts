/**
 * Compares stompbox with other brokers, and with raw servers that only move
 * bytes, in one run: each round of a workload gives every one of them its turn.
 * bench/README.md says how, and what came of it.
 *
 *     bun bench/compare.ts [--peers a,b] [--workloads x,y] [--rounds 5] [--quick]
 *
 * A whole run writes its lines to bench/results/ and from them the tables and
 * the chart; of a part only the table is printed, and its lines are kept where
 * `--out FILE` says.
 */

import { appendFileSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { compile } from "../scripts/build.ts";
import { runComparison } from "./comparison.ts";
import { describeRun, openFilesMax } from "./machine.ts";
import type { PeerName } from "./peers/peer.ts";
import { PEERS } from "./peers/peers.ts";
import type { RawLine } from "./raw_line.ts";
import { publishResults } from "./report.ts";
import { resultsTable } from "./results_table.ts";
import { FULL_SIZE, QUICK_SIZE, type Workload, WORKLOADS } from "./workloads.ts";

const ROOT = join(import.meta.dir, "..");
const PROGRAM = join("dist", "bench", "stompbox");
const ROUNDS_MIN = 5;
const MISUSE = 2;
/** What a server has open beside connections, and room to spare. */
const FILES_OF_ITS_OWN = 500;

interface Choice {
  readonly workloads: readonly Workload[];
  readonly rounds: number;
  readonly isQuick: boolean;
  /** Whether nothing was left out, so that it may be published. */
  readonly isWhole: boolean;
  readonly out: string | undefined;
}

function readChoice(): Choice {
  const { values } = parseArgs({
    options: {
      peers: { type: "string" },
      workloads: { type: "string" },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      out: { type: "string" },
    },
  });
  const peers = pick("--peers", { chosen: values.peers, from: Object.keys(PEERS) });
  const names = WORKLOADS.map(({ name }) => name);
  const chosen = pick("--workloads", { chosen: values.workloads, from: names });
  const rounds = Number(values.rounds ?? (values.quick ? 2 : ROUNDS_MIN));
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`Cannot run "${values.rounds}" rounds: expected a whole number from 1 on`);
  }
  const workloads = WORKLOADS.filter(({ name }) => chosen.includes(name))
    .map((each) => ({ ...each, peers: each.peers.filter((peer) => peers.includes(peer)) }))
    .filter((each) => each.peers.length > 0);
  const isAll = values.peers === undefined && values.workloads === undefined;
  const isWhole = isAll && !values.quick && rounds >= ROUNDS_MIN;
  return { workloads, rounds, isQuick: values.quick, isWhole, out: values.out };
}

function pick(
  flag: string,
  { chosen, from }: { readonly chosen: string | undefined; readonly from: readonly string[] },
): readonly string[] {
  const names = chosen?.split(",") ?? from;
  const unknown = names.find((name) => !from.includes(name));
  if (unknown === undefined) return names;
  throw new Error(`Cannot use "${unknown}" with ${flag}: expected some of ${from.join(",")}`);
}

/** Leaves out those that are not installed, and says so. */
function installed(workloads: readonly Workload[]): readonly Workload[] {
  const missing = new Set<PeerName>();
  for (const peer of new Set(workloads.flatMap((each) => each.peers))) {
    const sentence = PEERS[peer].missing();
    if (sentence === undefined) continue;
    missing.add(peer);
    console.error(`Left out: ${sentence}`);
  }
  return workloads.map((each) => ({
    ...each,
    peers: each.peers.filter((peer) => !missing.has(peer)),
  }));
}

async function main(choice: Choice): Promise<number> {
  const { rounds, isQuick, isWhole, out } = choice;
  const workloads = installed(choice.workloads);
  const wanted = isQuick ? QUICK_SIZE : FULL_SIZE;
  const size = {
    ...wanted,
    connections: Math.min(wanted.connections, openFilesMax() - FILES_OF_ITS_OWN),
  };
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => stopping.abort());

  console.error(`Compiling ${PROGRAM}`);
  await compile(PROGRAM);
  const startedAt = new Date();
  const name = `${startedAt.toISOString().slice(0, 16).replace(":", "")}.jsonl`;
  const file = out ?? (isWhole ? join(import.meta.dir, "results", name) : undefined);
  const lines: RawLine[] = [];
  const told = (line: RawLine): void => {
    lines.push(line);
    if (file !== undefined) appendFileSync(file, `${JSON.stringify(line)}\n`);
  };
  if (file !== undefined) writeFileSync(file, "");
  told(describeRun({ startedAt, rounds, size, root: ROOT }));
  await runComparison({
    command: [join(ROOT, PROGRAM)],
    workloads,
    rounds,
    size,
    told,
    progress: (text) => console.error(text),
    signal: stopping.signal,
  });
  if (stopping.signal.aborted) return 1;
  console.log(resultsTable(lines));
  const minutes = ((Date.now() - startedAt.getTime()) / 60_000).toFixed(1);
  console.error(`It took ${minutes} minutes`);
  if (file !== undefined) console.error(`The lines are in ${relative(ROOT, file)}`);
  if (isWhole && file !== undefined) {
    for (const path of await publishResults({ lines, source: basename(file) })) {
      console.error(`Wrote ${relative(ROOT, path)}`);
    }
  }
  return lines.some((line) => line.kind === "measurement" && !line.result.ok) ? 1 : 0;
}

function readChoiceOrExit(): Choice {
  try {
    return readChoice();
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(MISUSE);
  }
}

process.exit(await main(readChoiceOrExit()));

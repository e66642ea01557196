/**
 * Tells whether what was built has become slow: `dist/stompbox` against raw
 * servers that only move the same bytes, in turn in one run, as ratios of what
 * a second of server CPU delivers. Prints them beside their targets. Machines
 * are noisy, so it fails only on a collapse: less than a third of a target, or
 * no outcome at all, twice.
 *
 *     bun bench/guard.ts
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { runComparison } from "./comparison.ts";
import type { PeerName } from "./peers/peer.ts";
import { PEERS } from "./peers/peers.ts";
import { type Row, rowsOf } from "./ratios.ts";
import type { Measurement } from "./raw_line.ts";
import {
  FULL_SIZE,
  type RunSize,
  type Workload,
  type WorkloadName,
  WORKLOADS,
} from "./workloads.ts";

/** What was built, or what the tests are told to take for it. */
const PROGRAM =
  process.env.EXECUTABLE_UNDER_TEST ?? join(import.meta.dir, "..", "dist", "stompbox");
const ROUNDS = 3;
const SIZE: RunSize = {
  ...FULL_SIZE,
  seconds: 0.4,
  warmUpSeconds: 0.2,
  peerWarmUpSecondsMax: 1.2,
};
const GUARDED: readonly WorkloadName[] = ["fan-out-alike-100", "pairs", "queue-auto"];
const CEILINGS: readonly PeerName[] = ["bare-publish", "bare-corked", "bare-forward"];
/** Of a target: what is below is no noise any more. */
const COLLAPSE = 1 / 3;

/** What is said of a row. */
export interface Verdict {
  readonly workload: WorkloadName;
  readonly sentence: string;
  readonly isCollapse: boolean;
}

/** Judges the ratio of stompbox to a peer. */
export function verdictOn({ workload, peer, ratio, target, problems }: Row): Verdict {
  const { name, title } = workload;
  const what = `${title}, against ${PEERS[peer].title}`;
  if (ratio === undefined) {
    const why = problems.length === 0 ? "it was not run" : problems.join("; ");
    return { workload: name, sentence: `COLLAPSE: ${what}: no outcome: ${why}`, isCollapse: true };
  }
  const shown = [ratio.median, ratio.least, ratio.most].map((value) => value.toFixed(2));
  const found = `${what}: ${shown[0]} (${shown[1]} to ${shown[2]})`;
  if (target?.atLeast === undefined) return { workload: name, sentence: found, isCollapse: false };
  const floor = target.atLeast * COLLAPSE;
  // Noise may slow any round down, and lets none be faster than it is.
  const isCollapse = ratio.most < floor;
  const sentence = `${found}, target ${target.atLeast}, collapse below ${floor.toFixed(2)}`;
  return { workload: name, sentence: isCollapse ? `COLLAPSE: ${sentence}` : sentence, isCollapse };
}

/** The rows of peers that stompbox is held against. */
async function measure(workloads: readonly Workload[], signal: AbortSignal): Promise<Row[]> {
  const measurements: Measurement[] = [];
  await runComparison({
    command: [PROGRAM],
    workloads,
    rounds: ROUNDS,
    size: SIZE,
    told: (line) => {
      if (line.kind === "measurement") measurements.push(line);
    },
    progress: () => undefined,
    signal,
  });
  const rows = workloads.flatMap((workload) => rowsOf(workload, measurements));
  return rows.filter(({ peer }) => peer !== "stompbox");
}

async function main(): Promise<number> {
  if (!existsSync(PROGRAM)) {
    console.error(`Cannot measure ${PROGRAM}: it is not there, expected \`npm run build\` before`);
    return 2;
  }
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => stopping.abort());
  const workloads = WORKLOADS.filter(({ name }) => GUARDED.includes(name)).map((workload) => ({
    ...workload,
    peers: workload.peers.filter((peer) => peer === "stompbox" || CEILINGS.includes(peer)),
  }));
  const first = (await measure(workloads, stopping.signal)).map(verdictOn);
  for (const { sentence } of first) console.log(sentence);
  const collapsed = new Set(first.filter((each) => each.isCollapse).map((each) => each.workload));
  if (collapsed.size === 0) return stopping.signal.aborted ? 1 : 0;
  console.log("Once more what has collapsed, for somebody else may have had the machine");
  const again = workloads.filter(({ name }) => collapsed.has(name));
  const second = (await measure(again, stopping.signal)).map(verdictOn);
  for (const { sentence } of second) console.log(sentence);
  return second.length === 0 || second.some(({ isCollapse }) => isCollapse) ? 1 : 0;
}

if (import.meta.main) process.exit(await main());

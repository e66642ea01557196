/**
 * Tells whether what was built has become slow: `dist/stompbox` against raw
 * servers that only move the same bytes, in turn in one run, as ratios of what
 * a second of server CPU delivers. Prints them beside their targets. Machines
 * are noisy, so it fails only on a collapse: less than a third of a target, or
 * no outcome at all.
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
import { FULL_SIZE, type RunSize, WORKLOADS, type WorkloadName } from "./workloads.ts";

/** What was built, or what the tests are told to take for it. */
const PROGRAM =
  process.env.EXECUTABLE_UNDER_TEST ?? join(import.meta.dir, "..", "dist", "stompbox");
const ROUNDS = 3;
const SIZE: RunSize = {
  ...FULL_SIZE,
  seconds: 0.4,
  warmUpSeconds: 0.2,
  peerWarmUpSecondsMax: 1,
};
const GUARDED: readonly WorkloadName[] = ["fan-out-alike-100", "pairs", "queue-auto"];
const CEILINGS: readonly PeerName[] = ["bare-publish", "bare-corked", "bare-forward"];
/** Of a target: what is below is no noise any more. */
const COLLAPSE = 1 / 3;

/** What is said of a ratio, and whether it is a collapse. */
export function verdictOn({ workload, peer, ratio, target, problems }: Row): {
  readonly sentence: string;
  readonly isCollapse: boolean;
} {
  const what = `${workload.title}, against ${PEERS[peer].title}`;
  if (ratio === undefined) {
    return { sentence: `${what}: no outcome: ${problems.join("; ")}`, isCollapse: true };
  }
  const shown = [ratio.median, ratio.least, ratio.most].map((value) => value.toFixed(2));
  const found = `${what}: ${shown[0]} (${shown[1]} to ${shown[2]})`;
  if (target?.atLeast === undefined) return { sentence: found, isCollapse: false };
  const floor = target.atLeast * COLLAPSE;
  return {
    sentence: `${found}, target ${target.atLeast}, collapse below ${floor.toFixed(2)}`,
    isCollapse: ratio.median < floor,
  };
}

async function main(): Promise<number> {
  if (!existsSync(PROGRAM)) {
    console.error(`Cannot measure ${PROGRAM}: it is not there, expected \`npm run build\` before`);
    return 2;
  }
  const workloads = WORKLOADS.filter(({ name }) => GUARDED.includes(name)).map((workload) => ({
    ...workload,
    peers: workload.peers.filter((peer) => peer === "stompbox" || CEILINGS.includes(peer)),
  }));
  const measurements: Measurement[] = [];
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => stopping.abort());
  await runComparison({
    program: PROGRAM,
    workloads,
    rounds: ROUNDS,
    size: SIZE,
    told: (line) => {
      if (line.kind === "measurement") measurements.push(line);
    },
    progress: () => undefined,
    signal: stopping.signal,
  });
  const rows = workloads.flatMap((workload) => rowsOf(workload, measurements));
  const verdicts = rows.filter(({ peer }) => peer !== "stompbox").map(verdictOn);
  for (const { sentence, isCollapse } of verdicts) {
    console.log(isCollapse ? `COLLAPSE: ${sentence}` : sentence);
  }
  return verdicts.length === 0 || verdicts.some(({ isCollapse }) => isCollapse) ? 1 : 0;
}

if (import.meta.main) process.exit(await main());

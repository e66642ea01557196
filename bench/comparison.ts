/** Runs workloads against peers, in turn. */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { readProcessUsage } from "../src/bench/process_usage.ts";
import { PEERS } from "./peers/peers.ts";
import { type PeerName, type RunningPeer, StartError } from "./peers/peer.ts";
import type { RawLine, RunResult } from "./raw_line.ts";
import { runLoad, timeStart } from "./run_load.ts";
import type { RunSize, Workload } from "./workloads.ts";

/** What is to be compared. */
export interface Comparison {
  /** What runs stompbox: broker and load generator. */
  readonly command: readonly string[];
  readonly workloads: readonly Workload[];
  readonly rounds: number;
  readonly size: RunSize;
  /** Told of every line as soon as it is there. */
  readonly told: (line: RawLine) => void;
  /** Told what is being done. */
  readonly progress: (text: string) => void;
  /** Aborted when somebody wants it to end. */
  readonly signal: AbortSignal;
}

/** A workload that failed for a peer so often is not tried again. */
const FAILURES_MAX = 2;

/**
 * Runs all of it. In each round of a workload every peer has its turn, so that
 * what else the machine does meets all of them. Whatever happens, all that was
 * started is stopped in the end.
 */
export async function runComparison(comparison: Comparison): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "stompbox-bench-"));
  const stage = new Stage(comparison, root);
  try {
    for (const workload of comparison.workloads) {
      await runWorkload(workload, { comparison, stage });
      await stage.clear((name) => !PEERS[name].isLasting);
    }
  } finally {
    await stage.clear(() => true);
    rmSync(root, { recursive: true, force: true });
  }
}

interface Setting {
  readonly comparison: Comparison;
  readonly stage: Stage;
}

async function runWorkload(workload: Workload, { comparison, stage }: Setting): Promise<void> {
  const { rounds, size, told, progress, signal } = comparison;
  const failures = new Map<PeerName, number>();
  if (workload.isFresh !== true) {
    for (const name of workload.peers) {
      if (signal.aborted) return;
      progress(`${workload.name}: ${PEERS[name].title} warms up`);
      const seconds = Math.min(PEERS[name].warmUpSeconds, size.peerWarmUpSecondsMax);
      const load = workload.load({ ...size, seconds, warmUpSeconds: 0 });
      await runOne(name, { workload, load, stage, comparison });
    }
  }
  const load = workload.load(size);
  for (let round = 1; round <= rounds; round++) {
    for (const peer of workload.peers) {
      if (signal.aborted) return;
      if ((failures.get(peer) ?? 0) >= FAILURES_MAX) continue;
      const [before = 0] = loadavg();
      const result = await runOne(peer, { workload, load, stage, comparison });
      if (signal.aborted) return;
      if (!result.ok) failures.set(peer, (failures.get(peer) ?? 0) + 1);
      told({
        kind: "measurement",
        workload: workload.name,
        peer,
        round,
        load: before,
        command: [...load],
        result,
      });
      const shown = result.ok ? shownFigures(workload, result) : `failed: ${result.problems[0]}`;
      progress(`${workload.name}: round ${round}: ${PEERS[peer].title}: ${shown}`);
    }
  }
}

async function runOne(
  name: PeerName,
  run: { readonly workload: Workload; readonly load: readonly string[] } & Setting,
): Promise<RunResult> {
  const { workload, load, stage, comparison } = run;
  const { command } = comparison;
  try {
    if (load.length === 0) return await timeStart(command, stage.folderFor(name));
    const peer = await stage.running(name);
    const result = await runLoad(peer, { command, load });
    const { restSeconds, isFresh } = workload;
    const rested = restSeconds === undefined ? {} : await rest(peer, restSeconds);
    if (isFresh === true) await stage.clear((each) => each === name);
    return { ...result, figures: { ...result.figures, ...rested } };
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return { ok: false, problems: [error.message], figures: {} };
  }
}

/** What is garbage now need not be counted as memory of what waits. */
async function rest({ pids }: RunningPeer, seconds: number): Promise<RunResult["figures"]> {
  await Bun.sleep(seconds * 1000);
  return { residentAfterRestKiB: readProcessUsage(pids).residentKiB };
}

function shownFigures({ metrics }: Workload, { figures }: RunResult): string {
  return metrics
    .map(({ of, scale, unit }) => {
      const value = of(figures);
      return value === undefined ? "?" : `${(value / scale).toPrecision(4)} ${unit}`;
    })
    .join(", ");
}

/** Who is running. */
class Stage {
  readonly #comparison: Comparison;
  readonly #root: string;
  readonly #running = new Map<PeerName, RunningPeer>();
  #folders = 0;

  constructor(comparison: Comparison, root: string) {
    this.#comparison = comparison;
    this.#root = root;
  }

  /** An empty folder. */
  folderFor(name: PeerName): string {
    const folder = join(this.#root, `${name}-${++this.#folders}`);
    mkdirSync(folder);
    return folder;
  }

  /**
   * The peer, started if it is not running.
   *
   * @throws StartError if it does not start
   */
  async running(name: PeerName): Promise<RunningPeer> {
    const found = this.#running.get(name);
    if (found !== undefined) return found;
    const { command, told } = this.#comparison;
    const started = await PEERS[name].start({ folder: this.folderFor(name), command });
    this.#running.set(name, started);
    const { version, settings } = started;
    told({ kind: "peer", peer: name, version, settings });
    return started;
  }

  /** Stops those that are meant. */
  async clear(isMeant: (name: PeerName) => boolean): Promise<void> {
    for (const [name, peer] of this.#running) {
      if (!isMeant(name)) continue;
      this.#running.delete(name);
      await peer.stop();
    }
  }
}

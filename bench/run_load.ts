/** One run: the load generator as a child process, or a start that is timed. */

import { mkdirSync } from "node:fs";
import { median } from "./ratios.ts";
import type { RunningPeer } from "./peers/peer.ts";
import { type RunResult, resultSchema } from "./raw_line.ts";

const TIMEOUT_MS = 180_000;
const STARTS = 5;

/**
 * Runs the load generator against a peer. A run that fails has a result, too,
 * which says why.
 */
export async function runLoad(
  peer: RunningPeer,
  { command, load }: { readonly command: readonly string[]; readonly load: readonly string[] },
): Promise<RunResult> {
  const pids = peer.pids.flatMap((pid) => ["--pid", String(pid)]);
  const generator = Bun.spawn(
    [...command, "bench", ...load, "--url", peer.url, ...peer.flags, ...pids, "--json"],
    {
      env: { PATH: process.env.PATH ?? "" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: TIMEOUT_MS,
    },
  );
  const [out, err] = await Promise.all([generator.stdout.text(), generator.stderr.text()]);
  const code = await generator.exited;
  if (out !== "") return resultSchema.parse(JSON.parse(out));
  const why = err.trim() === "" ? `The load generator ended with ${code}` : err.trim();
  return { ok: false, problems: [why], figures: {} };
}

/** Starts the executable in an empty folder some times; the figure is the median from exec to its first word. */
export async function timeStart(command: readonly string[], folder: string): Promise<RunResult> {
  mkdirSync(folder, { recursive: true });
  const times: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const before = Bun.nanoseconds();
    const child = Bun.spawn([...command, "--listen", "ws://127.0.0.1:0", "--log", "error"], {
      cwd: folder,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    });
    const { done } = await child.stdout.getReader().read();
    const ms = (Bun.nanoseconds() - before) / 1e6;
    child.kill();
    await child.exited;
    if (done) return { ok: false, problems: ["It said nothing and ended"], figures: {} };
    times.push(ms);
  }
  return { ok: true, problems: [], figures: { startMs: median(times) } };
}

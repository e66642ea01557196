/** What processes on this machine use, as Linux tells it. */

import { readFileSync } from "node:fs";

/** The sum over some processes. */
export interface ProcessUsage {
  /** CPU time since their start, user and system, in seconds; exact to 10 ms. */
  readonly cpuSeconds: number;
  /** Memory that they have now, in KiB. */
  readonly residentKiB: number;
}

/** Processes that cannot be looked at; `message` says which and why. */
export class ProcessUsageError extends Error {
  override readonly name = "ProcessUsageError";
}

/** The unit of times in /proc on every architecture that Bun runs on (USER_HZ). */
const TICKS_PER_SECOND = 100;

/**
 * Reads what the processes use.
 *
 * @throws ProcessUsageError if one is not running, or nobody can tell
 */
export function readProcessUsage(pids: readonly number[]): ProcessUsage {
  let cpuSeconds = 0;
  let residentKiB = 0;
  for (const pid of pids) {
    let stat: string;
    let status: string;
    try {
      stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      status = readFileSync(`/proc/${pid}/status`, "utf8");
    } catch {
      throw new ProcessUsageError(
        `Cannot look at process ${pid}: nothing in /proc/${pid}, expected a running process, on Linux`,
      );
    }
    // The name in brackets may hold anything, blanks and brackets too.
    const fields = stat.slice(stat.lastIndexOf(") ") + 2).split(" ");
    cpuSeconds += (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    residentKiB += Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  }
  return { cpuSeconds, residentKiB };
}

/** CPU time of this process since its start, user and system, in seconds. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

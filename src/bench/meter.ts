/** What a run uses while it is measured: time, our CPU, the broker's CPU and memory. */

import { ownCpuSeconds, ProcessUsageError, readProcessUsage } from "./process_usage.ts";

/** What was used between two moments. */
export interface Usage {
  readonly seconds: number;
  /** CPU time of this process. */
  readonly ownCpuSeconds: number;
  /** Of the broker's processes, where they were named. */
  readonly broker: BrokerUsage | undefined;
}

/** What the broker used. */
export interface BrokerUsage {
  readonly cpuSeconds: number;
  readonly residentBeforeKiB: number;
  readonly residentAfterKiB: number;
  /** The most that was seen, looking once a second. */
  readonly residentPeakKiB: number;
}

/** Measures from its making to its end. */
export interface Meter {
  /** Looks at the memory in between. */
  readonly sample: () => void;
  /** @throws ProcessUsageError if the broker is gone */
  readonly end: () => Usage;
}

/**
 * Begins to measure.
 *
 * @throws ProcessUsageError if a process that was named is not there
 */
export function startMeter(
  { pids }: { readonly pids: readonly number[] },
  { nanoseconds }: { readonly nanoseconds: () => number },
): Meter {
  const read = () => (pids.length === 0 ? undefined : readProcessUsage(pids));
  const before = read();
  const ownBefore = ownCpuSeconds();
  const start = nanoseconds();
  let peak = before?.residentKiB ?? 0;
  const look = () => {
    const now = read();
    peak = Math.max(peak, now?.residentKiB ?? 0);
    return now;
  };
  return {
    sample: () => {
      try {
        look();
      } catch (error) {
        // The end will say so.
        if (!(error instanceof ProcessUsageError)) throw error;
      }
    },
    end: () => {
      const seconds = (nanoseconds() - start) / 1e9;
      const after = look();
      const broker = before !== undefined &&
        after !== undefined && {
          cpuSeconds: after.cpuSeconds - before.cpuSeconds,
          residentBeforeKiB: before.residentKiB,
          residentAfterKiB: after.residentKiB,
          residentPeakKiB: peak,
        };
      return {
        seconds,
        ownCpuSeconds: ownCpuSeconds() - ownBefore,
        broker: broker === false ? undefined : broker,
      };
    },
  };
}

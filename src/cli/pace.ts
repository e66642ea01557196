import { after } from "../client/after.ts";
import type { Runtime } from "../runtime.ts";

/** Timers cannot run longer than this. */
const WAIT_MS_MAX = 24 * 3_600_000;

/**
 * A function to wait for before every message, so that there are `perSecond`
 * of them on average; without a rate it only lets the event loop go round now
 * and then, so that what comes in is seen.
 */
export function createPace(
  runtime: Pick<Runtime, "now" | "every" | "defer">,
  perSecond: number | undefined,
): () => Promise<void> {
  let sent = 0;
  if (perSecond === undefined) {
    return () =>
      ++sent % TURN_MESSAGES === 0
        ? new Promise((resolve) => runtime.defer(resolve))
        : Promise.resolve();
  }
  const start = runtime.now();
  return () => {
    const dueMs = start + (sent++ / perSecond) * 1000;
    const waitMs = Math.min(dueMs - runtime.now(), WAIT_MS_MAX);
    // A timer cannot wait less than a millisecond; what is late is sent in a burst.
    if (waitMs < 1) return new Promise((resolve) => runtime.defer(resolve));
    return new Promise((resolve) => {
      after(runtime, { ms: waitMs, task: resolve });
    });
  };
}

/** Messages sent in one turn of the event loop. */
const TURN_MESSAGES = 64;

import { after } from "../client/after.ts";
import type { Runtime } from "../runtime.ts";

/** Messages sent in one turn of the event loop. */
const TURN_MESSAGES = 64;
/** The shortest time that a timer can wait. */
const TIMER_MS = 1;
/** Of the time that was lost, by a broker that is behind or a clock that was set, so much is made up for. */
const LATE_MS_MAX = 1000;

/**
 * A function to wait for before every message, so that there are `perSecond`
 * of them on average; without a rate it only lets the event loop go round now
 * and then, so that what comes in is seen.
 */
export function createPace(
  runtime: Pick<Runtime, "now" | "every" | "defer">,
  perSecond: number | undefined,
): () => Promise<void> {
  const turn = (): Promise<void> => new Promise((resolve) => runtime.defer(resolve));
  if (perSecond === undefined) {
    let sent = 0;
    return () => (++sent % TURN_MESSAGES === 0 ? turn() : Promise.resolve());
  }
  const intervalMs = 1000 / perSecond;
  let dueMs = runtime.now();
  return () => {
    const now = runtime.now();
    // Who is earlier than this came there by a clock that was set back.
    const earlyMs = Math.max(intervalMs, 2 * TIMER_MS);
    dueMs = Math.min(Math.max(dueMs, now - LATE_MS_MAX), now + earlyMs);
    const waitMs = dueMs - now;
    dueMs += intervalMs;
    // What is late, or due before a timer could tell, is sent at once.
    if (waitMs < TIMER_MS) return turn();
    return new Promise((resolve) => {
      after(runtime, { ms: waitMs, task: resolve });
    });
  };
}

/** How long a command waits for a broker that does not go on. */

import type { Runtime } from "../runtime.ts";

/** How long a broker may say nothing at all, not even a heart-beat, while it is waited for. */
export const SILENCE_MAX_MS = 30_000;
/** The same for a broker that is alive, and may be far behind. */
export const STANDSTILL_MAX_MS = 600_000;
const LOOK_MS = 1_000;

/** What {@link watchPatience} looks at. */
export interface PatienceOptions {
  readonly runtime: Pick<Runtime, "every">;
  /** Whether the broker is waited for at the moment. */
  readonly isWaiting: () => boolean;
  /** Differs whenever something has come from the broker. */
  readonly heard: () => number;
  /** Differs whenever the work has gone on. */
  readonly progress: () => string;
}

/** The end of waiting. */
export interface Patience {
  /** Settles when it has taken too long, with what the broker has not done, to follow "the broker has". */
  readonly over: Promise<string>;
  readonly end: () => void;
}

/** Watches until `end` is called. Looks are counted, so a clock that jumps does no harm. */
export function watchPatience(options: PatienceOptions): Patience {
  const { runtime, isWaiting, heard, progress } = options;
  const over = Promise.withResolvers<string>();
  let [lastHeard, lastProgress] = [heard(), progress()];
  let [silentMs, stillMs] = [0, 0];
  const end = runtime.every(LOOK_MS, () => {
    const [nowHeard, nowProgress] = [heard(), progress()];
    const isStill = isWaiting() && nowProgress === lastProgress;
    stillMs = isStill ? stillMs + LOOK_MS : 0;
    silentMs = isStill && nowHeard === lastHeard ? silentMs + LOOK_MS : 0;
    [lastHeard, lastProgress] = [nowHeard, nowProgress];
    if (silentMs >= SILENCE_MAX_MS) over.resolve(`said nothing for ${SILENCE_MAX_MS / 1000} s`);
    if (stillMs >= STANDSTILL_MAX_MS) {
      over.resolve(`not gone on for ${STANDSTILL_MAX_MS / 60_000} minutes`);
    }
  });
  return { over: over.promise, end };
}

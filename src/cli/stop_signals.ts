/** Ctrl-C, once and twice. */

import type { Runtime } from "../runtime.ts";
import type { Terminal } from "./terminal.ts";

/**
 * A terminal sends Ctrl-C to every process of the foreground, and npm passes
 * it on once more: two signals within this time are one wish.
 */
const SAME_SIGNAL_MS = 200;

/** The wish to stop, as it comes. */
export interface StopSignals {
  /** Settles with the first SIGINT or SIGTERM. */
  readonly first: Promise<void>;
  /** Settles with the next one, which says that the first takes too long. */
  readonly second: Promise<void>;
  /** Ends watching. */
  readonly forget: () => void;
}

/** Watches for the signals that ask to stop until `forget` is called. */
export function watchSignals(terminal: Terminal, runtime: Pick<Runtime, "now">): StopSignals {
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  let firstAt: number | undefined;
  const forget = terminal.onStopSignal(() => {
    const now = runtime.now();
    if (firstAt === undefined) {
      firstAt = now;
      first.resolve();
    } else if (Math.abs(now - firstAt) >= SAME_SIGNAL_MS) {
      second.resolve();
    }
  });
  return { first: first.promise, second: second.promise, forget };
}

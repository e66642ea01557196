/**
 * Everything impure that the broker needs, behind one interface, so that a
 * simulation can replace time, chance and the event loop by its own.
 */
export interface Runtime {
  /** Milliseconds since the epoch. May jump when the machine's clock is set. */
  now(): number;
  /** An unguessable identifier: 128 random bits, URL-safe characters only. */
  id(): string;
  /** A number in [0, 1), for choices where predictability does no harm. */
  random(): number;
  /**
   * Runs `task` once, after the input that is at hand has been read. Tasks run
   * in the order in which they were deferred.
   */
  defer(task: () => void): void;
  /** Bytes of memory that the process has, in all. */
  residentBytes(): number;
  /**
   * Runs `task` every `periodMs` until the returned function is called. The
   * composition root asks for one such timer; everything that is due at a time
   * hangs on it.
   */
  every(periodMs: number, task: () => void): () => void;
}

/** The real clock, chance and event loop of this process. */
export const systemRuntime: Runtime = {
  now: () => Date.now(),
  id: () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Buffer.from(bytes).toString("base64url");
  },
  random: () => Math.random(),
  defer: (task) => {
    setImmediate(task);
  },
  residentBytes: () => process.memoryUsage.rss(),
  every: (periodMs, task) => {
    const timer = setInterval(task, periodMs);
    return () => clearInterval(timer);
  },
};

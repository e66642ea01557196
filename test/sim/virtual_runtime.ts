import type { Runtime } from "../../src/runtime.ts";

/** A runtime whose time is made of events: nothing happens between two of them. */
export interface VirtualRuntime extends Runtime {
  /** Milliseconds since the simulation began. */
  readonly elapsedMs: number;
  /** Whether nothing is deferred: what happens next is some event. */
  readonly idle: boolean;
  /** Runs `task` when so much time has gone by, behind what is due at the same time. */
  after(delayMs: number, task: () => void): void;
  /**
   * Lets events happen until so many ms have gone by since the beginning, or
   * `isDone` holds between two of them; returns whether it does.
   */
  run(untilMs: number, isDone?: () => boolean): boolean;
}

interface Due {
  readonly at: number;
  readonly task: () => void;
}

const START = Date.UTC(2020, 0, 1);
/** Turns without an event between them: more mean that the broker is busy with nothing. */
const IDLE_TURNS_MAX = 20_000;

/**
 * A runtime for simulations. A turn of its event loop is what is due, then the
 * tasks deferred until then in order; what they defer waits for the next turn,
 * and other events may come between.
 */
export function virtualRuntime(random: () => number): VirtualRuntime {
  const due: Due[] = [];
  let deferred: (() => void)[] = [];
  let elapsedMs = 0;
  let ids = 0;

  const after = (delayMs: number, task: () => void): void => {
    const at = elapsedMs + Math.max(0, Math.floor(delayMs));
    let low = 0;
    let high = due.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((due[middle]?.at ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    due.splice(low, 0, { at, task });
  };
  const runDue = (): boolean => {
    let ran = false;
    for (;;) {
      const first = due[0];
      if (first === undefined || first.at > elapsedMs) return ran;
      due.shift();
      first.task();
      ran = true;
    }
  };
  const runDeferred = (): void => {
    const tasks = deferred;
    deferred = [];
    for (const task of tasks) task();
  };

  return {
    get elapsedMs() {
      return elapsedMs;
    },
    get idle() {
      return deferred.length === 0;
    },
    now: () => START + elapsedMs,
    id: () => `${++ids}${Math.floor(random() * 0x1_0000_0000).toString(36)}simulated`,
    random,
    defer: (task) => {
      deferred.push(task);
    },
    after,
    residentBytes: () => 0,
    every: (periodMs, task) => {
      let stopped = false;
      const again = (): void => {
        if (stopped) return;
        after(periodMs, again);
        task();
      };
      after(periodMs, again);
      return () => {
        stopped = true;
      };
    },
    run: (untilMs, isDone = () => false) => {
      for (let idleTurns = 0; ;) {
        if (runDue()) idleTurns = 0;
        if (deferred.length > 0) {
          if (++idleTurns > IDLE_TURNS_MAX) throw new Error("The broker defers without end");
          runDeferred();
          if (elapsedMs < untilMs && random() < 0.2) elapsedMs++;
          continue;
        }
        if (isDone()) return true;
        const next = due[0];
        if (next === undefined || next.at > untilMs) {
          elapsedMs = Math.max(elapsedMs, untilMs);
          return isDone();
        }
        elapsedMs = next.at;
      }
    },
  };
}

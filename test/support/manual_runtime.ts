import type { Runtime } from "../../src/runtime.ts";
import { seededRandom } from "./seeded_random.ts";

/** A runtime whose time stands still until it is advanced, and whose chance is seeded. */
export interface ManualRuntime extends Runtime {
  /** Runs deferred tasks until there are none. */
  pump(): void;
  /** Lets `ms` pass: periodic tasks run when they are due, deferred ones after each. */
  advance(ms: number): void;
}

const START = Date.UTC(2020, 0, 1);
const TASKS_MAX = 1_000_000;

/** A {@link ManualRuntime} that begins at a fixed time. */
export function manualRuntime(seed: number): ManualRuntime {
  const random = seededRandom(seed);
  const periodic: { dueMs: number; periodMs: number; task: () => void }[] = [];
  let nowMs = START;
  let ids = 0;
  let deferred: (() => void)[] = [];
  let pumping = false;
  const pump = (): void => {
    if (pumping) return;
    pumping = true;
    try {
      for (let ran = 0; deferred.length > 0;) {
        const tasks = deferred;
        deferred = [];
        for (const task of tasks) task();
        ran += tasks.length;
        if (ran > TASKS_MAX) throw new Error("The broker defers tasks without end");
      }
    } finally {
      pumping = false;
    }
  };
  return {
    now: () => nowMs,
    id: () => `id${++ids}-${Math.floor(random() * 0x1_0000_0000).toString(36)}`,
    random,
    defer: (task) => {
      deferred.push(task);
    },
    residentBytes: () => 0,
    every: (periodMs, task) => {
      const entry = { dueMs: nowMs + periodMs, periodMs, task };
      periodic.push(entry);
      return () => {
        const at = periodic.indexOf(entry);
        if (at >= 0) periodic.splice(at, 1);
      };
    },
    pump,
    advance: (ms) => {
      const endMs = nowMs + ms;
      pump();
      for (;;) {
        const due = periodic.reduce<(typeof periodic)[number] | null>(
          (first, entry) => (first === null || entry.dueMs < first.dueMs ? entry : first),
          null,
        );
        if (due === null || due.dueMs > endMs) break;
        nowMs = due.dueMs;
        due.dueMs += due.periodMs;
        due.task();
        pump();
      }
      nowMs = endMs;
    },
  };
}

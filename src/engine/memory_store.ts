import type { Store } from "./store.ts";

/** A store that keeps nothing beyond the process: what is in memory is as safe as it gets. */
export function memoryStore(): Store {
  return {
    write: (_changes, done) => done(),
    close: async () => {},
  };
}

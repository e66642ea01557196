import type { Fault } from "../fault.ts";
import type { Message } from "../broker/message.ts";

/** What one list of operations changes in the store, all of it or nothing. */
export interface StoreChanges {
  /** Persistent messages that enter a queue. */
  readonly put: readonly { readonly queue: string; readonly message: Message }[];
}

/**
 * Keeps what must survive. Its caller waits; everyone else goes on.
 *
 * `write` is atomic, and calls `done` exactly once, possibly before it
 * returns, in the order of the calls: without a fault once the changes are
 * safe (written and synced, where the store is durable).
 */
export interface Store {
  write(changes: StoreChanges, done: (fault?: Fault) => void): void;
  close(): Promise<void>;
}

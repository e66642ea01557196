import type { Destination } from "../broker/destination.ts";
import type { Message } from "../broker/message.ts";
import type { QueueEntry } from "../broker/queue.ts";
import type { Fault } from "../fault.ts";
import type { StoreChanges } from "./store.ts";

/** A consumer refused a message. */
export interface Refused {
  /** Whether it may come again; if not it is dead at once. */
  readonly requeue: boolean;
  /** How long it is to be kept back, in ms; undefined as the policy has it. */
  readonly delayMs: number | undefined;
}

/**
 * What became of a delivery: done with; not dealt with, because its consumer
 * went, so that it comes again in its old place; or refused.
 */
export type Verdict = "accepted" | "returned" | Refused;

/** Something that changes the broker's state; what a transaction is a list of. */
export type Operation = Publication | Settlement;

/** A message for one destination. */
export interface Publication {
  readonly kind: "publish";
  readonly message: Message;
  readonly destination: Destination;
  /** What becomes of the topic's retained message. */
  readonly retain: "keep" | "remove" | undefined;
}

/** A delivery that is dealt with. */
export interface Settlement {
  readonly kind: "settle";
  readonly entry: QueueEntry;
  readonly verdict: Verdict;
}

/**
 * Whose operations take effect in order. One for each client; the engine keeps
 * in it what still waits for the store, and which temporary destinations are
 * the client's.
 */
export interface Source {
  /** Operations that wait. */
  operations: number;
  /** Bytes of messages that wait. */
  bytes: number;
  /** Undefined until something has waited for once. */
  waiting: Step[] | undefined;
  /** Paths by the names that the client uses. */
  temporaries: Map<string, Destination> | undefined;
}

/** Operations of one call, and whom to tell. */
export interface Step {
  readonly operations: readonly Operation[];
  readonly done: (fault?: Fault) => void;
  readonly bytes: number;
  /** Undefined while the store has not answered. */
  outcome: "accepted" | Fault | undefined;
}

/** A new source of operations with nothing waiting. */
export function createSource(): Source {
  return { operations: 0, bytes: 0, waiting: undefined, temporaries: undefined };
}

/** No changes for the store. */
export const NOTHING: StoreChanges["put"] = [];

/** Whether an operation brings a message that a store must keep. */
export function mustBeStored(operation: Operation): operation is Publication {
  if (operation.kind !== "publish" || !operation.message.persistent) return false;
  return operation.destination.kind === "queue";
}

/** What of a list of operations must be kept by a store. */
export function putsOf(operations: readonly Operation[]): StoreChanges["put"] {
  let put: { queue: string; message: Message }[] | undefined;
  for (const operation of operations) {
    if (!mustBeStored(operation)) continue;
    put ??= [];
    put.push({ queue: operation.destination.path, message: operation.message });
  }
  return put ?? NOTHING;
}

/** Bytes of messages that an operation brings. */
export function bytesOf(operation: Operation): number {
  return operation.kind === "publish" ? operation.message.size : 0;
}

/** Whether a message goes into a queue that has a path, not to a topic. */
export function entersQueue({ destination }: Publication): boolean {
  return destination.kind === "queue" || destination.kind === "temp-queue";
}

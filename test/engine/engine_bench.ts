import { type Destination, parseDestination } from "../../src/broker/destination.ts";
import { Memory } from "../../src/broker/memory.ts";
import { headerList, type Message } from "../../src/broker/message.ts";
import type { QueueEntry, QueueLimits, Verdict } from "../../src/broker/queue.ts";
import { type EngineOptions, LocalEngine, type Operation } from "../../src/engine/local.ts";
import { memoryStore } from "../../src/engine/memory_store.ts";
import type { Store, StoreChanges } from "../../src/engine/store.ts";
import type { Fault } from "../../src/fault.ts";
import type { BrokerEvent } from "../../src/observe/events.ts";

/** A store that answers when it is told to. */
export interface SlowStore extends Store {
  /** Writes that are not answered yet, oldest first. */
  readonly waiting: { readonly changes: StoreChanges; answer(fault?: Fault): void }[];
}

/** A {@link SlowStore} with nothing to do. */
export function slowStore(): SlowStore {
  const waiting: SlowStore["waiting"] = [];
  return {
    waiting,
    write: (changes, done) => {
      const write = {
        changes,
        answer: (fault?: Fault) => {
          waiting.splice(waiting.indexOf(write), 1);
          done(fault);
        },
      };
      waiting.push(write);
    },
    close: async () => {},
  };
}

/** An engine to be tested, and short ways to speak to it. */
export interface EngineBench {
  readonly engine: LocalEngine;
  readonly memory: Memory;
  readonly events: readonly BrokerEvent[];
  /** A message with that body. */
  message(body: string, options?: { priority?: number; persistent?: boolean }): Message;
  /** The operation that publishes a message with that body. */
  publish(
    path: string,
    body: string,
    options?: { priority?: number; persistent?: boolean },
  ): Operation;
}

/** What a test changes about an engine. */
export interface BenchOptions extends Partial<
  Pick<EngineOptions, "destinationsMax" | "maxDeliveries" | "store">
> {
  readonly queueLimits?: Partial<QueueLimits>;
  readonly memoryMax?: number;
}

/** An engine on its own. */
export function engineBench(options: BenchOptions = {}): EngineBench {
  const memory = new Memory(options.memoryMax ?? 1_000_000_000);
  const events: BrokerEvent[] = [];
  const engine = new LocalEngine({
    boot: "boot",
    memory,
    store: options.store ?? memoryStore(),
    observe: (event) => events.push(event),
    queueLimits: {
      messagesMax: 1_000,
      bytesMax: 1_000_000,
      overflow: "reject",
      ...options.queueLimits,
    },
    destinationsMax: options.destinationsMax ?? 1_000,
    maxDeliveries: options.maxDeliveries ?? 3,
  });
  const bench: EngineBench = {
    engine,
    memory,
    events,
    message: (body, { priority = 4, persistent = false } = {}) =>
      engine.createMessage({
        headers: headerList(["destination", "somewhere", "own", body]),
        body,
        priority,
        expiresAt: 0,
        persistent,
      }),
    publish: (path, body, how) => ({
      kind: "publish",
      message: bench.message(body, how),
      destination: to(path),
    }),
  };
  return bench;
}

/** A destination to send to. */
export function to(path: string): Destination {
  return parseDestination(path, "send");
}

/** A destination to subscribe to. */
export function from(path: string): Destination {
  return parseDestination(path, "subscribe");
}

/** The operation that settles an entry. */
export function settle(entry: QueueEntry | undefined, verdict: Verdict): Operation {
  if (entry === undefined) throw new Error("There is no entry to settle");
  return { kind: "settle", entry, verdict };
}

/** Notes the outcomes of `apply` by name, in order. */
export function outcomes(): { readonly list: string[]; of(name: string): (fault?: Fault) => void } {
  const list: string[] = [];
  return {
    list,
    of: (name) => (fault) => {
      list.push(fault === undefined ? name : `${name}: ${fault.code}`);
    },
  };
}

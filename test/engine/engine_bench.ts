import { type Destination, parseDestination } from "../../src/broker/destination.ts";
import { Memory } from "../../src/broker/memory.ts";
import { headerList, type Message } from "../../src/broker/message.ts";
import { createPolicies, type PolicyRule, type QueuePolicy } from "../../src/broker/policy.ts";
import type { Consumer, QueueEntry } from "../../src/broker/queue.ts";
import type { Attachment, SubscribeOptions } from "../../src/engine/attachment.ts";
import { type EngineOptions, LocalEngine } from "../../src/engine/local.ts";
import { memoryStore } from "../../src/engine/memory_store.ts";
import {
  createSource,
  type Operation,
  type Publication,
  type Source,
  type Verdict,
} from "../../src/engine/operation.ts";
import type { Store, StoreChanges } from "../../src/engine/store.ts";
import { Fault } from "../../src/fault.ts";
import type { BrokerEvent } from "../../src/observe/events.ts";
import type { FakeConsumer } from "../broker/fake_consumer.ts";

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

/** What a test changes about a message. */
export interface MessageOptions {
  readonly priority?: number;
  readonly persistent?: boolean;
  readonly expiresAt?: number;
  readonly retain?: Publication["retain"];
}

/** An engine to be tested, and short ways to speak to it. */
export interface EngineBench {
  readonly engine: LocalEngine;
  readonly memory: Memory;
  readonly events: readonly BrokerEvent[];
  /** What the engine's clock shows, in ms since the epoch. */
  readonly clock: { now: number };
  /** A message with that body. */
  message(body: string, options?: MessageOptions): Message;
  /** The operation that publishes a message with that body. */
  publish(path: string, body: string, options?: MessageOptions): Publication;
  /** Subscribes to a path, for a source of its own if none is named. */
  subscribe(
    consumer: Consumer,
    path: string,
    options?: SubscribeOptions & { readonly source?: Source },
  ): Attachment;
}

/** What a test changes about an engine. */
export interface BenchOptions extends Partial<Pick<EngineOptions, "destinationsMax" | "store">> {
  /** What differs from the policy that holds for all queues. */
  readonly policy?: Partial<QueuePolicy>;
  readonly rules?: readonly PolicyRule[];
  readonly memoryMax?: number;
}

const POLICY: QueuePolicy = {
  messagesMax: 1_000,
  bytesMax: 1_000_000,
  overflow: "reject",
  maxDeliveries: 3,
  redeliveryDelayMs: 0,
  redeliveryMultiplier: 1,
  redeliveryDelayMaxMs: 60_000,
  deadLetterExpired: false,
};

/** An engine on its own. Its clock shows 1000 and moves when the test moves it. */
export function engineBench(options: BenchOptions = {}): EngineBench {
  const memory = new Memory(options.memoryMax ?? 1_000_000_000);
  const events: BrokerEvent[] = [];
  const clock = { now: 1_000 };
  const engine = new LocalEngine({
    boot: "boot",
    memory,
    store: options.store ?? memoryStore(),
    observe: (event) => events.push(event),
    now: () => clock.now,
    policyOf: createPolicies({ ...POLICY, ...options.policy }, options.rules ?? []),
    destinationsMax: options.destinationsMax ?? 1_000,
  });
  const bench: EngineBench = {
    engine,
    memory,
    events,
    clock,
    message: (body, { priority = 4, persistent = false, expiresAt = 0 } = {}) =>
      engine.createMessage({
        headers: headerList(["destination", "somewhere", "own", body]),
        body,
        priority,
        expiresAt,
        persistent,
        arrivedAt: 0,
      }),
    publish: (path, body, how) => ({
      kind: "publish",
      message: bench.message(body, how),
      destination: to(path),
      retain: how?.retain,
    }),
    subscribe: (consumer, path, { source = createSource(), ...how } = {}) =>
      engine.subscribe(source, consumer, { destination: from(path), options: how }),
  };
  return bench;
}

/** A consumer refuses a message, which may come again as the policy has it. */
export const REFUSED: Verdict = { requeue: true, delayMs: undefined };

/** Publishes bodies one by one. @throws Fault if one is refused */
export function send(bench: EngineBench, path: string, ...bodies: readonly string[]): void {
  apply(bench, ...bodies.map((body) => [bench.publish(path, body)]));
}

/** Applies lists of operations, each of a source of its own. @throws Fault if one is refused */
export function apply(bench: EngineBench, ...lists: readonly (readonly Operation[])[]): void {
  for (const operations of lists) {
    bench.engine.apply(createSource(), operations, (fault) => {
      if (fault !== undefined) throw fault;
    });
  }
}

/** Settles everything that a consumer holds. */
export function settleAll(bench: EngineBench, consumer: FakeConsumer, verdict: Verdict): void {
  apply(
    bench,
    consumer.held.splice(0).map((entry) => settle(entry, verdict)),
  );
}

/** The bodies of what a consumer was given, in order. */
export function bodies(consumer: Pick<FakeConsumer, "messages">): unknown[] {
  return consumer.messages.map(({ body }) => body);
}

/** The headers of a message, the first of those that repeat. */
export function headersOf(message: Message | undefined): ReadonlyMap<string, string> {
  const list = message?.headers.list() ?? [];
  const pairs = new Map<string, string>();
  for (let i = 0; i + 1 < list.length; i += 2) {
    const [name = "", value = ""] = list.slice(i, i + 2);
    if (!pairs.has(name)) pairs.set(name, value);
  }
  return pairs;
}

/** The code of the fault that a call throws, or "none". */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
  return "none";
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

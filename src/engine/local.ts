import type { Destination } from "../broker/destination.ts";
import type { Memory } from "../broker/memory.ts";
import { headerList, Message, type MessageFields } from "../broker/message.ts";
import {
  type Consumer,
  Queue,
  type QueueEntry,
  type QueueLimits,
  type Verdict,
} from "../broker/queue.ts";
import { type Binding, TopicTree } from "../broker/topic_tree.ts";
import { Fault, quote } from "../fault.ts";
import type { Observe } from "../observe/events.ts";
import type { Store, StoreChanges } from "./store.ts";

/** Something that changes the broker's state; what a transaction is a list of. */
export type Operation =
  | { readonly kind: "publish"; readonly message: Message; readonly destination: Destination }
  | { readonly kind: "settle"; readonly entry: QueueEntry; readonly verdict: Verdict };

/** Bounds and policies of an engine. */
export interface EngineOptions {
  /** Distinguishes the message ids of this run from those of all others. */
  readonly boot: string;
  readonly memory: Memory;
  readonly store: Store;
  readonly observe: Observe;
  readonly queueLimits: QueueLimits;
  /** Queues and topic patterns with subscribers, in all. */
  readonly destinationsMax: number;
  /** Refusals after which a message goes to the dead letters. */
  readonly maxDeliveries: number;
}

/** Plain numbers, read at a tick. */
export interface EngineCounters {
  published: number;
  /** Messages of a topic that a full private queue dropped. */
  dropped: number;
  deadLettered: number;
}

/**
 * Whose operations take effect in order. One for each client; the engine keeps
 * in it what still waits for the store.
 */
export interface Source {
  /** Operations that wait. */
  operations: number;
  /** Bytes of messages that wait. */
  bytes: number;
  readonly waiting: Step[];
}

interface Step {
  readonly operations: readonly Operation[];
  readonly done: (fault?: Fault) => void;
  readonly bytes: number;
  /** Undefined while the store has not answered. */
  outcome: "accepted" | Fault | undefined;
}

/** A subscriber's tie to a destination; what `subscribe` gave and the rest takes. */
export interface Attachment {
  readonly subscriber: Consumer;
  /** The queue it consumes from, its own one where a topic acknowledges. */
  readonly queue: Queue | undefined;
  readonly binding: Binding<TopicTarget> | undefined;
  /** The queues it consumes from where it asked by wildcard, and its place in the tree. */
  readonly pattern: QueuePattern | undefined;
}

/** A consumer of all queues that a pattern covers: those there are and those to come. */
export interface QueuePattern {
  readonly subscriber: Consumer;
  readonly queues: Set<Queue>;
  binding: Binding<QueuePattern> | undefined;
}

/** What hangs in the topic tree: who gets a message at once, and queues bound to a topic. */
export type TopicTarget = Consumer | Queue;

/** Bytes that a consumer costs a queue which it joins by wildcard, about. */
const JOIN_BYTES = 400;
const NOTHING: StoreChanges["put"] = [];
const DEAD_LETTER_PREFIX = "/queue/DLQ.";

/** A new source of operations with nothing waiting. */
export function createSource(): Source {
  return { operations: 0, bytes: 0, waiting: [] };
}

/**
 * The one engine: all destinations of this process, and where their changes
 * take effect. Synchronous, but for what waits for a durable store.
 */
export class LocalEngine {
  readonly counters: EngineCounters = { published: 0, dropped: 0, deadLettered: 0 };
  readonly #options: EngineOptions;
  readonly #queues = new Map<string, Queue>();
  readonly #topics = new TopicTree<TopicTarget>();
  readonly #queuePatterns = new TopicTree<QueuePattern>();
  /** Queues that serve one topic subscription each. */
  readonly #privateQueues = new Set<Queue>();
  #messages = 0;
  #delivering = false;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** The `/queue/` destinations there are, by path. */
  get queues(): ReadonlyMap<string, Queue> {
    return this.#queues;
  }

  /** Topic patterns that have subscribers. */
  get topics(): number {
    return this.#topics.size;
  }

  /** Messages in all queues, private ones included, held ones too. */
  get waiting(): number {
    let messages = 0;
    for (const queue of this.#queues.values()) messages += queue.ready + queue.held;
    for (const queue of this.#privateQueues) messages += queue.ready + queue.held;
    return messages;
  }

  /** Number of the message made last: every id given out so far is at most that. */
  get lastNumber(): number {
    return this.#messages;
  }

  /** Makes a message, numbered in order of arrival. */
  createMessage(fields: Omit<MessageFields, "number" | "id">): Message {
    const number = ++this.#messages;
    return new Message({
      number,
      id: `${this.#options.boot}-${number}`,
      headers: fields.headers,
      body: fields.body,
      priority: fields.priority,
      expiresAt: fields.expiresAt,
      persistent: fields.persistent,
    });
  }

  /** The number in a message id of this run, or undefined for any other text. */
  numberOf(id: string): number | undefined {
    const { boot } = this.#options;
    if (!id.startsWith(`${boot}-`)) return undefined;
    const number = id.slice(boot.length + 1);
    return /^[1-9][0-9]{0,15}$/.test(number) ? Number(number) : undefined;
  }

  /**
   * Carries out a list of operations, all or none, after everything that the
   * same source applied before. Calls `done` exactly once, possibly before it
   * returns: without a fault when they are accepted (persistent messages on a
   * durable store: written and synced).
   *
   * Returns false if a subscriber that got a message now is far behind, so
   * that the publisher had better wait a little.
   */
  apply(source: Source, operations: readonly Operation[], done: (fault?: Fault) => void): boolean {
    this.#assertNotDelivering();
    const fault = this.#refusal(operations);
    const put = fault === undefined ? putsOf(operations) : NOTHING;
    if (source.waiting.length === 0 && put.length === 0) {
      if (fault !== undefined) {
        done(fault);
        return true;
      }
      const unpressed = this.#carryOut(operations);
      done();
      return unpressed;
    }
    return this.#wait(source, { operations, put, fault, done });
  }

  /** Ties a subscriber to a destination; live when it returns. */
  subscribe(
    subscriber: Consumer,
    destination: Destination,
    options: { readonly acknowledges: boolean },
  ): Attachment {
    this.#assertNotDelivering();
    const { kind, name, path } = destination;
    if (kind === "topic" && !options.acknowledges) {
      if (!this.#topics.has(name)) this.#checkDestinations(path);
      const binding = this.#topics.add(name, subscriber);
      return { subscriber, queue: undefined, binding, pattern: undefined };
    }
    if (kind === "topic") {
      if (!this.#topics.has(name)) this.#checkDestinations(path);
      const queue = this.#privateQueue(path);
      queue.join(subscriber, "name");
      const binding = this.#topics.add(name, queue);
      return { subscriber, queue, binding, pattern: undefined };
    }
    if (kind !== "queue") {
      const detail = `Cannot subscribe to ${quote(path)}: this version has no /${kind}/ destinations`;
      throw new Fault("unsupported-feature", detail);
    }
    if (destination.pattern) {
      const pattern = this.#subscribePattern(subscriber, destination);
      return { subscriber, queue: undefined, binding: undefined, pattern };
    }
    if (!this.#queues.has(path)) this.#checkDestinations(path);
    const queue = this.#queueAt(path);
    queue.join(subscriber, "name");
    this.#dispatch(queue);
    return { subscriber, queue, binding: undefined, pattern: undefined };
  }

  /**
   * Unties a subscriber. What it holds stays held until it is settled; a
   * private queue goes with everything in it.
   */
  unsubscribe(attachment: Attachment): void {
    this.#assertNotDelivering();
    const { subscriber, queue, binding, pattern } = attachment;
    if (binding !== undefined) this.#topics.remove(binding);
    if (pattern?.binding !== undefined) {
      this.#queuePatterns.remove(pattern.binding);
      for (const each of pattern.queues) each.leave(subscriber);
      this.#options.memory.used -= pattern.queues.size * JOIN_BYTES;
    }
    if (queue === undefined) return;
    queue.leave(subscriber);
    if (this.#privateQueues.delete(queue)) queue.clear();
    else this.#discardUnused(queue);
  }

  /** The subscriber takes messages again. */
  resume(attachment: Attachment): void {
    this.#assertNotDelivering();
    const { queue, subscriber, pattern } = attachment;
    if (queue !== undefined) this.#resumeAt(queue, subscriber);
    if (pattern === undefined) return;
    for (const each of pattern.queues) {
      if (subscriber.credit <= 0) return;
      this.#resumeAt(each, subscriber);
    }
  }

  /** Lets go of everything. */
  async close(): Promise<void> {
    await this.#options.store.close();
    for (const queue of this.#queues.values()) queue.clear();
    this.#queues.clear();
  }

  #wait(
    source: Source,
    step: {
      operations: readonly Operation[];
      put: StoreChanges["put"];
      fault: Fault | undefined;
      done: (fault?: Fault) => void;
    },
  ): boolean {
    const bytes = step.operations.reduce((sum, each) => sum + bytesOf(each), 0);
    const { operations, done } = step;
    const waiting: Step = { operations, done, bytes, outcome: step.fault };
    source.waiting.push(waiting);
    source.operations += operations.length;
    source.bytes += bytes;
    if (step.fault !== undefined) return true;
    if (step.put.length === 0) {
      waiting.outcome = "accepted";
      return true;
    }
    let unpressed = true;
    this.#options.store.write({ put: step.put }, (fault) => {
      waiting.outcome = fault ?? "accepted";
      unpressed = this.#finish(source);
    });
    return unpressed;
  }

  /** Carries out what the store has answered, as far as the order allows. */
  #finish(source: Source): boolean {
    let unpressed = true;
    for (;;) {
      const step = source.waiting[0];
      if (step === undefined || step.outcome === undefined) return unpressed;
      source.waiting.shift();
      source.operations -= step.operations.length;
      source.bytes -= step.bytes;
      if (step.outcome instanceof Fault) {
        step.done(step.outcome);
      } else {
        unpressed = this.#carryOut(step.operations) && unpressed;
        step.done();
      }
    }
  }

  /** Why a list cannot be carried out, or undefined. */
  #refusal(operations: readonly Operation[]): Fault | undefined {
    const first = operations[0];
    if (operations.length === 1 && first !== undefined) {
      if (first.kind === "settle" || first.destination.kind === "topic") return undefined;
      return this.#queueRefusal(first.destination, { messages: 1, bytes: first.message.size });
    }
    const loads = new Map<string, { destination: Destination; messages: number; bytes: number }>();
    for (const operation of operations) {
      if (operation.kind !== "publish" || operation.destination.kind === "topic") continue;
      const { destination, message } = operation;
      const load = loads.get(destination.path) ?? { destination, messages: 0, bytes: 0 };
      load.messages++;
      load.bytes += message.size;
      loads.set(destination.path, load);
    }
    let created = 0;
    let bytes = 0;
    for (const load of loads.values()) {
      const fault = this.#queueRefusal(load.destination, load);
      if (fault !== undefined) return fault;
      if (!this.#queues.has(load.destination.path)) created++;
      bytes += load.bytes;
    }
    if (created > 1 && this.#destinations + created > this.#options.destinationsMax) {
      return tooManyDestinations(this.#options.destinationsMax, "the queues of a transaction");
    }
    // What adds nothing is never refused: it may be what makes room.
    if (bytes === 0 || !this.#options.memory.exceededBy(bytes)) return undefined;
    return memoryFull(this.#options.memory);
  }

  #queueRefusal(
    destination: Destination,
    load: { messages: number; bytes: number },
  ): Fault | undefined {
    const { path, kind } = destination;
    if (kind !== "queue") {
      const detail = `Cannot send to ${quote(path)}: this version has no /${kind}/ destinations`;
      return new Fault("unsupported-feature", detail);
    }
    const queue = this.#queues.get(path);
    const { queueLimits, memory, destinationsMax } = this.#options;
    if (queue === undefined) {
      if (this.#destinations >= destinationsMax) return tooManyDestinations(destinationsMax, path);
      if (load.messages > queueLimits.messagesMax || load.bytes > queueLimits.bytesMax) {
        return queueFull(path, queueLimits);
      }
    } else if (!queue.hasRoom(load.messages, load.bytes)) {
      return queueFull(path, queueLimits);
    }
    return memory.exceededBy(load.bytes) ? memoryFull(memory) : undefined;
  }

  #resumeAt(queue: Queue, subscriber: Consumer): void {
    queue.resume(subscriber);
    this.#dispatch(queue);
    this.#discardUnused(queue);
  }

  #subscribePattern(subscriber: Consumer, destination: Destination): QueuePattern {
    const { name, path } = destination;
    if (!this.#queuePatterns.has(name)) this.#checkDestinations(path);
    const pattern: QueuePattern = { subscriber, queues: new Set(), binding: undefined };
    pattern.binding = this.#queuePatterns.add(name, pattern);
    const covers = new TopicTree<boolean>();
    covers.add(name, true);
    for (const queue of this.#queues.values()) {
      covers.match(nameOf(queue.path), () => pattern.queues.add(queue));
    }
    const cost = pattern.queues.size * JOIN_BYTES;
    if (this.#options.memory.exceededBy(cost)) {
      this.#queuePatterns.remove(pattern.binding);
      throw memoryFull(this.#options.memory);
    }
    for (const queue of pattern.queues) queue.join(subscriber, "wildcard");
    this.#options.memory.used += cost;
    return pattern;
  }

  get #destinations(): number {
    return this.#queues.size + this.#topics.size + this.#queuePatterns.size;
  }

  #checkDestinations(path: string): void {
    const { destinationsMax } = this.#options;
    if (this.#destinations >= destinationsMax) throw tooManyDestinations(destinationsMax, path);
  }

  #carryOut(operations: readonly Operation[]): boolean {
    let unpressed = true;
    let settled: Set<Queue> | undefined;
    for (const operation of operations) {
      if (operation.kind === "publish") {
        unpressed = this.#publish(operation.message, operation.destination) && unpressed;
      } else {
        this.#settle(operation.entry, operation.verdict);
        settled ??= new Set();
        settled.add(operation.entry.queue);
      }
    }
    if (settled === undefined) return unpressed;
    for (const queue of settled) {
      this.#dispatch(queue);
      this.#discardUnused(queue);
    }
    return unpressed;
  }

  #publish(message: Message, destination: Destination): boolean {
    this.counters.published++;
    if (destination.kind === "queue") {
      this.#enqueue(this.#queueAt(destination.path), message);
      return true;
    }
    let unpressed = true;
    this.#delivering = true;
    try {
      this.#topics.match(destination.name, (target) => {
        if (target instanceof Queue) this.#enqueue(target, message);
        else if (!target.deliver(message, undefined)) unpressed = false;
      });
    } finally {
      this.#delivering = false;
    }
    return unpressed;
  }

  #enqueue(queue: Queue, message: Message): void {
    // A topic's publisher is not refused for one of its subscribers: that one goes without.
    if (this.#options.memory.exceededBy(message.size) && this.#privateQueues.has(queue)) {
      this.counters.dropped++;
      return;
    }
    queue.offer(message);
    this.#dispatch(queue);
    while (queue.overfull && queue.dropOldest() !== undefined) this.counters.dropped++;
    this.#discardUnused(queue);
  }

  #settle(entry: QueueEntry, verdict: Verdict): void {
    const { queue } = entry;
    // A private queue went with its subscription while a transaction still named its messages.
    if (queue.cleared) return;
    if (verdict === "accepted") queue.remove(entry);
    else if (verdict === "returned" || !this.#isRefusedForGood(entry)) queue.putBack(entry);
    else this.#deadLetter(entry, "max-deliveries");
  }

  #isRefusedForGood(entry: QueueEntry): boolean {
    entry.refusals++;
    // A dead letter is never dead-lettered again.
    if (entry.queue.path.startsWith(DEAD_LETTER_PREFIX)) return false;
    return entry.refusals >= this.#options.maxDeliveries;
  }

  #deadLetter(entry: QueueEntry, reason: string): void {
    const { queue, message } = entry;
    queue.remove(entry);
    if (this.#privateQueues.has(queue)) {
      this.counters.dropped++;
      return;
    }
    const path = DEAD_LETTER_PREFIX + nameOf(queue.path);
    const letter = new Message({
      ...message,
      headers: headerList([
        ...withDestination(message.headers.list(), path),
        ...["dead-letter-reason", reason],
        ...["original-destination", queue.path],
        ...["delivery-count", String(entry.deliveries)],
      ]),
    });
    this.counters.deadLettered++;
    this.#enqueue(this.#queueAt(path), letter);
    const { observe } = this.#options;
    observe({ type: "dead-lettered", destination: path, messageId: message.id, reason });
  }

  #queueAt(path: string): Queue {
    let queue = this.#queues.get(path);
    if (queue !== undefined) return queue;
    const { queueLimits, memory } = this.#options;
    const isDeadLetters = path.startsWith(DEAD_LETTER_PREFIX);
    queue = new Queue(
      path,
      isDeadLetters ? { ...queueLimits, overflow: "drop-oldest" } : queueLimits,
      memory,
    );
    this.#queues.set(path, queue);
    const created = queue;
    this.#queuePatterns.match(nameOf(path), (pattern) => {
      created.join(pattern.subscriber, "wildcard");
      pattern.queues.add(created);
      this.#options.memory.used += JOIN_BYTES;
    });
    return queue;
  }

  #privateQueue(path: string): Queue {
    const { queueLimits, memory } = this.#options;
    const queue = new Queue(path, { ...queueLimits, overflow: "drop-oldest" }, memory);
    this.#privateQueues.add(queue);
    return queue;
  }

  #dispatch(queue: Queue): void {
    const nested = this.#delivering;
    this.#delivering = true;
    try {
      queue.dispatch();
    } finally {
      this.#delivering = nested;
    }
  }

  #discardUnused(queue: Queue): void {
    if (!queue.unused || this.#privateQueues.has(queue)) return;
    this.#queues.delete(queue.path);
    this.#queuePatterns.match(nameOf(queue.path), (pattern) => {
      if (pattern.queues.delete(queue)) this.#options.memory.used -= JOIN_BYTES;
    });
  }

  #assertNotDelivering(): void {
    if (this.#delivering) throw new Error("A subscriber called the engine from inside deliver");
  }
}

/** The name in the path of a `/queue/` destination. */
function nameOf(path: string): string {
  return path.slice("/queue/".length);
}

function putsOf(operations: readonly Operation[]): StoreChanges["put"] {
  if (!operations.some((each) => each.kind === "publish" && each.message.persistent)) {
    return NOTHING;
  }
  const put: { queue: string; message: Message }[] = [];
  for (const operation of operations) {
    if (operation.kind !== "publish" || !operation.message.persistent) continue;
    if (operation.destination.kind !== "queue") continue;
    put.push({ queue: operation.destination.path, message: operation.message });
  }
  return put;
}

function bytesOf(operation: Operation): number {
  return operation.kind === "publish" ? operation.message.size : 0;
}

function withDestination(headers: readonly string[], path: string): readonly string[] {
  return headers.map((text, i) => (i % 2 === 1 && headers[i - 1] === "destination" ? path : text));
}

function tooManyDestinations(max: number, path: string): Fault {
  return new Fault(
    "too-many-destinations",
    `Cannot create ${quote(path)}: there are ${max} destinations already, the limit of this broker`,
  );
}

function queueFull(path: string, limits: QueueLimits): Fault {
  return new Fault(
    "queue-full",
    `Cannot send to ${quote(path)}: it is full, at most ${limits.messagesMax} messages ` +
      `or ${limits.bytesMax} bytes may wait in a queue`,
  );
}

function memoryFull(memory: Memory): Fault {
  return new Fault(
    "memory-full",
    `Cannot send: messages fill the ${memory.max} bytes of memory they may take in all`,
  );
}

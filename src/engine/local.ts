import type { Destination } from "../broker/destination.ts";
import type { Memory } from "../broker/memory.ts";
import { headerList, Message, type MessageFields } from "../broker/message.ts";
import { NumberedIds } from "../broker/numbered_ids.ts";
import { type PolicyOf, redeliveryDelay } from "../broker/policy.ts";
import type { Consumer, Queue, QueueEntry } from "../broker/queue.ts";
import { Schedule } from "../broker/schedule.ts";
import { Fault, quote } from "../fault.ts";
import type { Observe } from "../observe/events.ts";
import {
  type Attachment,
  attachment,
  type Browse,
  type Durable,
  type SubscribeOptions,
} from "./attachment.ts";
import {
  bytesOf,
  NOTHING,
  mustBeStored,
  type Operation,
  type Publication,
  putsOf,
  type Source,
  type Step,
  type Verdict,
} from "./operation.ts";
import { type Changed, DEAD_LETTER_PREFIX, nameOf, type QueuePattern, Queues } from "./queues.ts";
import { Room } from "./room.ts";
import type { Store, StoreChanges } from "./store.ts";
import { type TopicEntry, Topics } from "./topics.ts";

/** Bounds and policies of an engine. */
export interface EngineOptions {
  /** Distinguishes the message ids of this run from those of all others. */
  readonly boot: string;
  readonly memory: Memory;
  readonly store: Store;
  readonly observe: Observe;
  /** The clock, in ms since the epoch. */
  readonly now: () => number;
  readonly policyOf: PolicyOf;
  /** Queues, topic patterns with subscribers and temporary destinations, in all; and retained messages. */
  readonly destinationsMax: number;
}

/** Plain numbers, read at a tick. */
export interface EngineCounters {
  published: number;
  /** Messages that a full queue of a topic's subscriber dropped. */
  dropped: number;
  deadLettered: number;
  expired: number;
  /** Messages to temporary destinations whose owner is gone. */
  unroutable: number;
}

/** Temporary destinations of one client. */
const TEMPORARIES_MAX = 1_000;
/** Why a message is dead: the header that says so. */
type DeathReason = "rejected" | "max-deliveries" | "expired";

/** Retained messages given in one go. */
const RETAINED_BATCH = 64;
const BROWSE_BATCH = 64;
/** Messages looked at in one go, whether they are shown or not. */
const BROWSE_LOOK_MAX = 4_096;
/** Different filters on one queue: each looks at every message. */
const FILTERS_MAX = 256;

/**
 * The one engine: all destinations of this process, and where their changes
 * take effect. Synchronous, but for what waits for a durable store.
 */
export class LocalEngine {
  readonly counters: EngineCounters = {
    published: 0,
    dropped: 0,
    deadLettered: 0,
    expired: 0,
    unroutable: 0,
  };
  readonly #options: EngineOptions;
  readonly #queues: Queues;
  readonly #topics: Topics;
  readonly #room: Room;
  /** Temporary destinations: whose they are, and what that client calls them. */
  readonly #temporaries = new Map<string, { readonly source: Source; readonly ownPath: string }>();
  readonly #schedule = new Schedule();
  /** Since the last tick: copies of messages that stay where they are, to be handed out. */
  readonly #copies = new Map<Message, Message>();
  #messages = 0;
  readonly #ids: NumberedIds;
  #delivering = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#ids = new NumberedIds(`${options.boot}-`);
    const { policyOf, memory } = options;
    this.#queues = new Queues({ policyOf, memory, changed: this.#toldOf("queue") });
    this.#topics = new Topics({
      queues: this.#queues,
      memory: options.memory,
      now: options.now,
      retainedMax: options.destinationsMax,
      enqueue: (queue, message) => this.#enqueue(queue, message),
      checkDestinations: (path) => this.#room.checkDestinations(path),
      changed: this.#toldOf("topic"),
    });
    this.#room = new Room({
      queues: this.#queues,
      topics: this.#topics,
      memory: options.memory,
      destinationsMax: options.destinationsMax,
      count: () =>
        this.#queues.all.size + this.#queues.patterns + this.#topics.size + this.#temporaries.size,
    });
  }

  /** The queues that have a path, by path. */
  get queues(): ReadonlyMap<string, Queue> {
    return this.#queues.all;
  }

  /** Topic names and patterns that have subscribers. */
  get topics(): number {
    return this.#topics.size;
  }

  /** Every topic name and pattern that has subscribers, with them. */
  topicEntries(): Iterable<TopicEntry> {
    return this.#topics.all();
  }

  /** Whether someone gets what is published to the topic of that name. */
  hasSubscribers(topic: string): boolean {
    return this.#topics.hasSubscribers(topic);
  }

  /** Durable subscriptions, with a subscriber or without, by key. */
  get durables(): ReadonlyMap<string, Durable> {
    return this.#topics.durables;
  }

  /** Topics with a retained message. */
  get retained(): number {
    return this.#topics.retained;
  }

  /** Messages in all queues, those of topic subscriptions included, held ones too. */
  get waiting(): number {
    let messages = 0;
    for (const queue of this.#queues.all.values()) messages += queue.size;
    for (const queue of this.#topics.boundQueues) messages += queue.size;
    return messages;
  }

  /** Makes a message, numbered in order of arrival. */
  createMessage(fields: MessageFields): Message {
    return new Message(++this.#messages, this.#ids, fields);
  }

  /** The number in a message id of this run, or undefined for any other text. */
  numberOf(id: string): number | undefined {
    return this.#ids.numberOf(id);
  }

  /**
   * The client's own temporary destination of that name, made on first use.
   * Its path is unguessable, as `token` is.
   *
   * @throws Fault `too-many-destinations`
   */
  temporary(source: Source, own: Destination, token: () => string): Destination {
    source.temporaries ??= new Map();
    let destination = source.temporaries.get(own.path);
    if (destination !== undefined) return destination;
    if (source.temporaries.size >= TEMPORARIES_MAX) {
      throw tooManyTemporaries(own.path);
    }
    this.#room.checkDestinations(own.path);
    const name = token();
    destination = {
      kind: own.kind,
      name,
      path: `/${own.kind}/${name}`,
      pattern: false,
      remote: true,
    };
    source.temporaries.set(own.path, destination);
    this.#temporaries.set(destination.path, { source, ownPath: own.path });
    return destination;
  }

  /** What its owner calls a temporary destination; undefined if the owner is gone. */
  ownPathOf(destination: Destination): string | undefined {
    return this.#temporaries.get(destination.path)?.ownPath;
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
    this.#runDue();
    return this.#apply(source, operations, done);
  }

  /** The same for one operation, which mostly needs no list: nothing waits, and nothing is to be stored. */
  applyOne(source: Source, operation: Operation, done: (fault?: Fault) => void): boolean {
    this.#assertNotDelivering();
    this.#runDue();
    return this.#applyOne(source, operation, done);
  }

  /**
   * The same for operations that depend on what waits where: they are made once
   * everything is done that was due.
   */
  applyDue(
    source: Source,
    make: () => readonly Operation[],
    done: (fault?: Fault) => void,
  ): boolean {
    this.#assertNotDelivering();
    this.#runDue();
    return this.#apply(source, make(), done);
  }

  #applyOne(source: Source, operation: Operation, done: (fault?: Fault) => void): boolean {
    if ((source.waiting?.length ?? 0) > 0 || mustBeStored(operation)) {
      return this.#apply(source, [operation], done);
    }
    const fault = this.#room.refusalOfOne(operation);
    const unpressed = fault !== undefined || this.#carryOutOne(source, operation);
    done(fault);
    return unpressed;
  }

  #apply(source: Source, operations: readonly Operation[], done: (fault?: Fault) => void): boolean {
    const fault = this.#room.refusal(operations);
    const put = fault === undefined ? putsOf(operations) : NOTHING;
    if ((source.waiting?.length ?? 0) === 0 && put.length === 0) {
      if (fault !== undefined) {
        done(fault);
        return true;
      }
      const unpressed = this.#carryOut(source, operations);
      done();
      return unpressed;
    }
    return this.#wait(source, { operations, put, fault, done });
  }

  /**
   * Ties a subscriber to a destination; live when it returns. Queues deliver
   * from the next `resume` on.
   *
   * @throws Fault `too-many-destinations`, `forbidden`
   */
  subscribe(
    source: Source,
    subscriber: Consumer,
    about: { readonly destination: Destination; readonly options: SubscribeOptions },
  ): Attachment {
    this.#assertNotDelivering();
    this.#runDue();
    const { destination, options } = about;
    switch (destination.kind) {
      case "topic":
        return options.durable === undefined
          ? this.#topics.subscribe(subscriber, destination)
          : this.#topics.subscribeDurable(subscriber, destination, { ...options.durable, source });
      case "queue":
        return options.browse === true
          ? this.#browse(subscriber, destination)
          : this.#subscribeQueue(subscriber, destination);
      default: {
        const temporary = this.#temporaries.get(destination.path);
        if (temporary?.source !== source) {
          const detail = `Cannot subscribe to ${quote(destination.path)}: only the connection that made it may`;
          throw new Fault("forbidden", detail);
        }
        return destination.kind === "temp-queue"
          ? this.#subscribeQueue(subscriber, destination)
          : this.#topics.subscribe(subscriber, destination);
      }
    }
  }

  /**
   * Unties a subscriber. What it holds stays held until it is settled; a
   * private queue goes with everything in it, a durable one stays.
   */
  unsubscribe(tie: Attachment): void {
    this.#assertNotDelivering();
    const { subscriber, queue, pattern } = tie;
    if (pattern !== undefined) this.#queues.leavePattern(pattern);
    if (queue === undefined || this.#topics.feeds(queue)) {
      this.#topics.unsubscribe(tie);
      return;
    }
    queue.leave(subscriber);
    this.#queues.discardUnused(queue);
  }

  /** Deletes a queue that has no consumers, with everything in it, held or not. */
  deleteQueue(queue: Queue): void {
    this.#assertNotDelivering();
    this.#queues.discard(queue);
  }

  /** Deletes the durable subscriptions of that key that nobody has now; returns how many. */
  deleteDurables(key: string): number {
    return this.#topics.deleteIdle(key);
  }

  /** Deletes a durable subscription with everything in it. */
  deleteDurable(durable: Durable): void {
    this.#topics.delete(durable);
  }

  /**
   * The subscriber takes messages again. Returns whether there is more to look
   * through that may be for it: then it is to be called again, in another turn.
   */
  resume(attachment: Attachment): boolean {
    this.#assertNotDelivering();
    this.#runDue();
    const { queue, subscriber, pattern, browse, retained } = attachment;
    if (retained.length > 0 && this.#deliverRetained(attachment)) return true;
    if (queue !== undefined) this.#resumeAt(queue, subscriber);
    if (pattern !== undefined) this.#resumeInTurn(pattern);
    return browse !== undefined && this.#browseOn(subscriber, browse);
  }

  /** Messages expire, and come back that were kept back. To be called some times a second. */
  tick(): void {
    this.#assertNotDelivering();
    this.#runDue();
    this.#topics.expireRetained();
    this.#copies.clear();
  }

  /** The client is gone: its temporary destinations go with what is in them. */
  end(source: Source): void {
    for (const { path } of source.temporaries?.values() ?? []) {
      this.#temporaries.delete(path);
      const queue = this.#queues.all.get(path);
      if (queue !== undefined) this.#queues.discard(queue);
    }
    source.temporaries = undefined;
  }

  /** Puts other bounds and policies in force, for what there is as well; nothing is dropped for it. */
  reconfigure(options: Pick<EngineOptions, "policyOf" | "destinationsMax">): void {
    this.#assertNotDelivering();
    this.#queues.changePolicies(options.policyOf, this.#topics.boundQueues);
    this.#room.destinationsMax = this.#topics.retainedMax = options.destinationsMax;
  }

  /** Lets go of everything. */
  async close(): Promise<void> {
    await this.#options.store.close();
    for (const queue of [...this.#queues.all.values()]) this.#queues.discard(queue);
    this.#topics.clear();
  }

  #toldOf(kind: "queue" | "topic"): Changed {
    const { observe } = this.#options;
    return (what, destination) => observe({ type: `destination-${what}`, kind, destination });
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
    source.waiting ??= [];
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
      const step = source.waiting?.[0];
      if (step === undefined || step.outcome === undefined) return unpressed;
      source.waiting?.shift();
      source.operations -= step.operations.length;
      source.bytes -= step.bytes;
      if (step.outcome instanceof Fault) {
        step.done(step.outcome);
      } else {
        unpressed = this.#carryOut(source, step.operations) && unpressed;
        step.done();
      }
    }
  }

  #carryOutOne(source: Source, operation: Operation): boolean {
    if (operation.kind === "publish") return this.#publish(source, operation);
    const { queue } = operation.entry;
    this.#settle(operation.entry, operation.verdict);
    // What is done with leaves nothing behind that anybody could be given.
    if (operation.verdict !== "accepted") this.#dispatch(queue);
    this.#queues.discardUnused(queue);
    return true;
  }

  #carryOut(source: Source, operations: readonly Operation[]): boolean {
    const [only] = operations;
    if (only !== undefined && operations.length === 1) return this.#carryOutOne(source, only);
    let unpressed = true;
    let settled: Set<Queue> | undefined;
    for (const operation of operations) {
      if (operation.kind === "publish") {
        unpressed = this.#publish(source, operation) && unpressed;
      } else {
        this.#settle(operation.entry, operation.verdict);
        settled ??= new Set();
        settled.add(operation.entry.queue);
      }
    }
    if (settled === undefined) return unpressed;
    for (const queue of settled) {
      this.#dispatch(queue);
      this.#queues.discardUnused(queue);
    }
    return unpressed;
  }

  #publish(source: Source, operation: Publication): boolean {
    this.counters.published++;
    const { message, destination } = operation;
    if (destination.kind === "queue") {
      this.#enqueue(this.#queues.at(destination.path), message);
      return true;
    }
    if (destination.kind !== "topic" && !this.#temporaries.has(destination.path)) {
      this.counters.unroutable++;
      return true;
    }
    if (destination.kind === "temp-queue") {
      this.#enqueue(this.#queues.at(destination.path), message);
      return true;
    }
    if (this.#hasExpired(message)) {
      this.counters.expired++;
      return true;
    }
    // As `#delivered` does it, without a closure for each message.
    const nested = this.#delivering;
    this.#delivering = true;
    try {
      return this.#topics.publish(operation, source);
    } finally {
      this.#delivering = nested;
    }
  }

  #enqueue(queue: Queue, message: Message): void {
    // A topic's publisher is not refused for one of its subscribers: that one goes without.
    if (this.#options.memory.exceededBy(message.size) && this.#topics.feeds(queue)) {
      this.counters.dropped++;
      return;
    }
    if (this.#hasExpired(message)) {
      this.#buryExpired(message, { queue, deliveries: 0 });
      return;
    }
    const entry = this.#offer(queue, message);
    if (message.expiresAt !== 0 && entry.state !== "gone") {
      this.#schedule.add({ at: message.expiresAt, entry, what: "expire" });
    }
    while (queue.overfull && queue.dropOldest() !== undefined) this.counters.dropped++;
    this.#queues.discardUnused(queue);
  }

  /** As `#delivered` does it, without a closure for each message. */
  #offer(queue: Queue, message: Message): QueueEntry {
    const nested = this.#delivering;
    this.#delivering = true;
    try {
      return queue.offer(message);
    } finally {
      this.#delivering = nested;
    }
  }

  /** Before anything is delivered, what is due is done. */
  #runDue(): void {
    if (this.#schedule.size === 0) return;
    const now = this.#options.now();
    for (let due = this.#schedule.take(now); due !== undefined; due = this.#schedule.take(now)) {
      const { entry, what } = due;
      const { state, queue } = entry;
      // What was in a queue that is gone went with it, whatever its state.
      if (queue.cleared) continue;
      // With a consumer it does not expire; it does when it comes back.
      if (what === "expire" && (state === "ready" || state === "delayed")) this.#expire(entry);
      else if (what === "return" && state === "delayed") this.#putBack(entry);
      else continue;
      this.#dispatch(queue);
      this.#queues.discardUnused(queue);
    }
  }

  #hasExpired({ expiresAt }: Message): boolean {
    return expiresAt !== 0 && expiresAt <= this.#options.now();
  }

  #settle(entry: QueueEntry, verdict: Verdict): void {
    const { queue } = entry;
    // A private queue went with its subscription while a transaction still named its messages.
    if (queue.cleared) return;
    if (verdict === "accepted") {
      queue.drop(entry);
    } else if (verdict === "returned") {
      this.#putBack(entry);
    } else if (!verdict.requeue) {
      queue.refuse(entry);
      this.#deadLetter(entry, "rejected");
    } else {
      this.#requeue(entry, verdict.delayMs);
    }
  }

  #requeue(entry: QueueEntry, delayMs: number | undefined): void {
    const { queue } = entry;
    const policy = this.#queues.policyOf(queue);
    const refusals = queue.refuse(entry);
    if (refusals >= policy.maxDeliveries && !isDeadLetters(queue)) {
      this.#deadLetter(entry, "max-deliveries");
      return;
    }
    const wait = delayMs ?? redeliveryDelay(policy, refusals);
    if (wait <= 0) {
      this.#putBack(entry);
      return;
    }
    queue.delay(entry);
    this.#schedule.add({ at: this.#options.now() + wait, entry, what: "return" });
  }

  /** Back to its old place; unless its time has come meanwhile. */
  #putBack(entry: QueueEntry): void {
    entry.queue.putBack(entry);
    if (entry.isReady && this.#hasExpired(entry.message)) this.#expire(entry);
  }

  #expire(entry: QueueEntry): void {
    const { message, queue, deliveries } = entry;
    queue.drop(entry);
    this.#buryExpired(message, { queue, deliveries });
  }

  #buryExpired(message: Message, from: { queue: Queue; deliveries: number }): void {
    this.counters.expired++;
    const { deadLetterExpired } = this.#queues.policyOf(from.queue);
    if (deadLetterExpired && !isDeadLetters(from.queue)) {
      this.#bury(message, { ...from, reason: "expired" });
    } else {
      this.#queues.discardUnused(from.queue);
    }
  }

  #deadLetter(entry: QueueEntry, reason: DeathReason): void {
    const { queue, message, deliveries } = entry;
    if (isDeadLetters(queue)) {
      // What is dead stays where it is.
      this.#putBack(entry);
      return;
    }
    queue.drop(entry);
    this.#bury(message, { queue, deliveries, reason });
  }

  /** The one road to the dead letters, for a message that has left its queue. */
  #bury(message: Message, about: { queue: Queue; deliveries: number; reason: DeathReason }): void {
    const { queue, deliveries, reason } = about;
    // Where nobody else could ever look there are no dead letters.
    if (this.#topics.isPrivate(queue) || queue.path.startsWith("/temp-queue/")) {
      this.counters.dropped++;
      return;
    }
    const path = DEAD_LETTER_PREFIX + nameOf(queue.path);
    const letter = message.with({
      expiresAt: 0,
      headers: headerList([
        ...forDeadLetters(message.headers.list(), path),
        ...["dead-letter-reason", reason],
        ...["original-destination", queue.path],
        ...["delivery-count", String(deliveries)],
      ]),
    });
    this.counters.deadLettered++;
    this.#enqueue(this.#queues.at(path), letter);
    const { observe } = this.#options;
    observe({ type: "dead-lettered", destination: path, messageId: message.id, reason });
  }

  #subscribeQueue(subscriber: Consumer, destination: Destination): Attachment {
    const { name, path } = destination;
    if (destination.pattern) {
      if (!this.#queues.hasPattern(name)) this.#room.checkDestinations(path);
      const pattern = this.#queues.joinPattern(subscriber, name);
      return attachment(subscriber, { pattern });
    }
    if (!this.#queues.all.has(path)) this.#room.checkDestinations(path);
    const queue = this.#queues.at(path);
    const { filter } = subscriber;
    if (filter !== undefined && !queue.hasFilter(filter) && queue.filters >= FILTERS_MAX) {
      throw new Fault(
        "too-many-subscriptions",
        `Cannot subscribe to ${quote(path)}: it has consumers with ${FILTERS_MAX} different selectors already`,
      );
    }
    this.#delivered(() => queue.join(subscriber, "name"));
    return attachment(subscriber, { queue });
  }

  /** Gives some of the retained messages that are owed. Returns whether there are more. */
  #deliverRetained(owed: Attachment): boolean {
    const { retained, subscriber } = owed;
    owed.retained = [];
    for (let at = 0; at < retained.length; at++) {
      if (at === RETAINED_BATCH || subscriber.credit <= 0) {
        owed.retained = retained.slice(at);
        return subscriber.credit > 0;
      }
      const message = retained[at] as Message;
      // What has come in its place meanwhile was given live.
      if (!this.#topics.isRetained(message)) continue;
      this.#delivered(() => subscriber.deliver(this.#passing(message), undefined));
    }
    return false;
  }

  /**
   * What is handed out of a message that stays: what is written of it once for
   * all who come at a time would otherwise stay with it, and count for nobody.
   */
  #passing(message: Message): Message {
    let copy = this.#copies.get(message);
    if (copy === undefined) {
      copy = message.with({});
      this.#copies.set(message, copy);
    }
    return copy;
  }

  #browse(subscriber: Consumer, destination: Destination): Attachment {
    const { path } = destination;
    const queue = this.#queues.all.get(path);
    const lastPlace = queue?.lastPlace ?? 0;
    const browse = { path, queue, position: undefined, lastPlace, over: false };
    return attachment(subscriber, { browse });
  }

  /**
   * Shows the next messages of a queue, as many as there is credit for, and at
   * last the end. Returns whether it stopped for having looked at enough.
   */
  #browseOn(subscriber: Consumer, browse: Browse): boolean {
    const queue = browse.queue?.cleared === true ? undefined : browse.queue;
    for (let looked = 0; !browse.over && subscriber.credit > 0; looked += BROWSE_BATCH) {
      if (looked >= BROWSE_LOOK_MAX) return true;
      const entries = queue?.browse(browse.position, BROWSE_BATCH) ?? [];
      for (const entry of entries) {
        if (subscriber.credit <= 0) return false;
        const { message, place } = entry;
        browse.position = { priority: message.priority, place };
        if (place > browse.lastPlace || subscriber.filter?.matches(message) === false) continue;
        this.#delivered(() => subscriber.deliver(this.#passing(message), undefined));
      }
      if (entries.length === BROWSE_BATCH || subscriber.credit <= 0) continue;
      browse.over = true;
      const end = this.createMessage({
        headers: headerList([
          ...["destination", browse.path, "browser", "end"],
          ...["timestamp", String(this.#options.now()), "content-length", "0"],
        ]),
        body: "",
        priority: 4,
        expiresAt: 0,
        persistent: false,
        arrivedAt: this.#options.now(),
      });
      this.#delivered(() => subscriber.deliver(end, undefined));
    }
    return false;
  }

  /** As `#delivered` does it, without a closure for each acknowledgement. */
  #resumeInTurn({ queues, subscriber }: QueuePattern): void {
    for (const each of queues) {
      if (subscriber.credit <= 0) return;
      this.#resumeAt(each, subscriber);
      if (subscriber.credit > 0 || !queues.delete(each)) continue;
      // It had all that was left: the next time the others have their go first.
      queues.add(each);
      return;
    }
  }

  #resumeAt(queue: Queue, subscriber: Consumer): void {
    const nested = this.#delivering;
    this.#delivering = true;
    try {
      queue.resume(subscriber);
    } finally {
      this.#delivering = nested;
    }
    this.#queues.discardUnused(queue);
  }

  #dispatch(queue: Queue): void {
    this.#delivered(() => queue.dispatch());
  }

  /** Runs something that delivers: until it is over nobody may call the engine. */
  #delivered<T>(deliver: () => T): T {
    const nested = this.#delivering;
    this.#delivering = true;
    try {
      return deliver();
    } finally {
      this.#delivering = nested;
    }
  }

  #assertNotDelivering(): void {
    if (this.#delivering) throw new Error("A subscriber called the engine from inside deliver");
  }
}

function isDeadLetters(queue: Queue): boolean {
  return queue.path.startsWith(DEAD_LETTER_PREFIX);
}

function tooManyTemporaries(path: string): Fault {
  return new Fault(
    "too-many-destinations",
    `Cannot create ${quote(path)}: this connection has ${TEMPORARIES_MAX} temporary destinations, its limit`,
  );
}

/** A dead letter is addressed to where it lies, and does not expire. */
function forDeadLetters(headers: readonly string[], path: string): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? "";
    if (name === "expires" || name === "retained") continue;
    kept.push(name, name === "destination" ? path : (headers[i + 1] ?? ""));
  }
  return kept;
}

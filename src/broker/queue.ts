import { Rota } from "./dispatch.ts";
import type { Memory } from "./memory.ts";
import type { Message } from "./message.ts";
import { type Position, ReadyList } from "./ready_list.ts";
import type { MessageFilter, Subscriber } from "./subscriber.ts";

/** Whoever consumes from a queue. */
export type Consumer = Subscriber<QueueEntry>;

/** Where an entry is: waiting, with a consumer, kept back for a while, or no longer in the queue. */
export type EntryState = "ready" | "held" | "delayed" | "gone";

/** A message in a queue. The queue owns its state; everyone else may only look. */
export interface QueueEntry {
  readonly queue: Queue;
  readonly message: Message;
  /** Its place: greater came later. Kept for life, so that it can come back to it. */
  readonly place: number;
  readonly state: EntryState;
  /** Whether it waits for a consumer. */
  readonly isReady: boolean;
  /** How often it came back to its place. */
  readonly returns: number;
  /** How often it was handed to a consumer, this time included. */
  readonly deliveries: number;
  /** How often a consumer refused it. */
  readonly refusals: number;
}

/** Bounds of one queue. */
export interface QueueLimits {
  /** Messages, held ones included. */
  readonly messagesMax: number;
  /** Bytes of messages, held ones included. */
  readonly bytesMax: number;
  /** What gives way when a bound is met. */
  readonly overflow: "reject" | "drop-oldest";
}

/**
 * What most messages never need, as they go out once and to anybody, is apart:
 * a million of them may wait, and six fields take 64 bytes.
 */
class Entry implements QueueEntry {
  readonly queue: Queue;
  readonly message: Message;
  readonly place: number;
  state: EntryState = "ready";
  deliveries = 0;
  #rare: Rare | undefined = undefined;

  constructor(queue: Queue, message: Message, place: number) {
    this.queue = queue;
    this.message = message;
    this.place = place;
  }

  get isReady(): boolean {
    return this.state === "ready";
  }

  get returns(): number {
    return this.#rare === undefined ? 0 : this.#rare.returns;
  }

  get refusals(): number {
    return this.#rare === undefined ? 0 : this.#rare.refusals;
  }

  /** The filtered views that it stands in. */
  get views(): readonly View[] | undefined {
    return this.#rare?.views;
  }

  /** What can be changed of these. */
  get rare(): Rare {
    return (this.#rare ??= { returns: 0, refusals: 0, views: undefined });
  }
}

interface Rare {
  returns: number;
  refusals: number;
  views: View[] | undefined;
}

/** Behind so many a message will wait for long; to see to that costs what most never need. */
const DEEP = 1_000;

/** What consumers with the same filter see of a queue, and whose turn it is among them. */
interface View {
  readonly filter: MessageFilter | undefined;
  readonly list: ReadyList<Entry>;
  readonly rota: Rota<Consumer>;
}

function matches({ filter }: View, entry: Entry): boolean {
  if (filter === undefined) return true;
  const { headers, id, priority, expiresAt, persistent } = entry.message;
  const deliveryCount = entry.deliveries + 1;
  return filter.matches({ headers, id, priority, expiresAt, persistent, deliveryCount });
}

/**
 * Messages by priority, then arrival, each for one of its consumers. The same
 * thing serves `/queue/` destinations, dead letters, durable subscriptions and
 * topic subscriptions that acknowledge: those are a queue bound to a topic.
 *
 * Consumers with a filter have a view of their own: the entries that match are
 * found once, when they come, and none is looked at twice, so what does not
 * match never stands in the way of what does.
 */
export class Queue {
  /** What it is called where people see it; the path for `/queue/` destinations. */
  readonly path: string;
  /** May be changed: less room drops nothing that is in it. */
  limits: QueueLimits;
  readonly #all: View = { filter: undefined, list: new ReadyList(), rota: new Rota() };
  #filtered: Map<string, View> | undefined;
  /** Consumers that asked for just this queue. */
  readonly #anchors = new Set<Consumer>();
  readonly #memory: Memory;
  #places = 0;
  #ready = 0;
  #held = 0;
  #delayed = 0;
  #bytes = 0;
  #cleared = false;

  constructor(path: string, limits: QueueLimits, memory: Memory) {
    this.path = path;
    this.limits = limits;
    this.#memory = memory;
  }

  /** Messages that wait for a consumer. */
  get ready(): number {
    return this.#ready;
  }

  /** Messages that are with a consumer and not settled. */
  get held(): number {
    return this.#held;
  }

  /** Messages that were refused and are kept back for a while. */
  get delayed(): number {
    return this.#delayed;
  }

  /** The waiting message that came first; undefined if none waits. */
  get oldest(): QueueEntry | undefined {
    return this.#all.list.oldest;
  }

  /** Messages in it, whatever their state. */
  get size(): number {
    return this.#ready + this.#held + this.#delayed;
  }

  /** Bytes of all its messages. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Consumers, with credit or not. */
  get consumers(): number {
    let consumers = this.#all.rota.size;
    for (const view of this.#filtered?.values() ?? []) consumers += view.rota.size;
    return consumers;
  }

  /** Different filters that its consumers have. */
  get filters(): number {
    return this.#filtered?.size ?? 0;
  }

  /** Whether one of its consumers has that filter. */
  hasFilter({ text }: MessageFilter): boolean {
    return this.#filtered?.has(text) === true;
  }

  /** Place of the message that came last. */
  get lastPlace(): number {
    return this.#places;
  }

  /** Whether it is gone with everything in it. */
  get cleared(): boolean {
    return this.#cleared;
  }

  /** Whether it has neither messages nor consumers that asked for just this queue. */
  get unused(): boolean {
    return this.size === 0 && this.#anchors.size === 0;
  }

  /** Whether so much more fits, dropping what may be dropped. */
  hasRoom(messages: number, bytes: number): boolean {
    const { messagesMax, bytesMax, overflow } = this.limits;
    if (overflow === "drop-oldest") return messages <= messagesMax && bytes <= bytesMax;
    return this.size + messages <= messagesMax && this.#bytes + bytes <= bytesMax;
  }

  /** Whether it holds more than its limits allow. */
  get overfull(): boolean {
    return this.size > this.limits.messagesMax || this.#bytes > this.limits.bytesMax;
  }

  /** Takes a message in, behind all others of its priority, and delivers it if someone can take it. */
  offer(message: Message): QueueEntry {
    const entry = new Entry(this, message, ++this.#places);
    if (this.#ready === 0 && this.#filtered === undefined && this.#passOn(entry)) return entry;
    this.#bytes += message.size;
    this.#memory.used += message.size;
    if (this.#ready >= DEEP) message.settleIn();
    this.#ready++;
    this.#all.list.append(entry);
    if (this.#filtered !== undefined) {
      for (const view of this.#filtered.values()) {
        if (!matches(view, entry)) continue;
        (entry.rare.views ??= []).push(view);
        view.list.append(entry);
      }
    }
    this.#deliverAny(entry);
    return entry;
  }

  /** The oldest waiting message of the least priority leaves; undefined if none waits. */
  dropOldest(): QueueEntry | undefined {
    const entry = this.#all.list.last;
    if (entry !== undefined) this.drop(entry);
    return entry;
  }

  /** A consumer joins, last in the rota. One that came by a wildcard does not keep it in use. */
  join(consumer: Consumer, by: "name" | "wildcard"): void {
    if (by === "name") this.#anchors.add(consumer);
    const view = this.#viewOf(consumer);
    view.rota.join(consumer);
    this.#serve(view);
  }

  /** A consumer leaves. What it holds stays held until it is settled. */
  leave(consumer: Consumer): void {
    this.#anchors.delete(consumer);
    const { filter } = consumer;
    const view = filter === undefined ? this.#all : this.#filtered?.get(filter.text);
    view?.rota.leave(consumer);
    if (filter === undefined || view === undefined || view.rota.size > 0) return;
    this.#filtered?.delete(filter.text);
    if (this.#filtered?.size === 0) this.#filtered = undefined;
  }

  /** A consumer may have credit again. */
  resume(consumer: Consumer): void {
    const { filter } = consumer;
    const view = filter === undefined ? this.#all : this.#filtered?.get(filter.text);
    if (view === undefined) return;
    view.rota.resume(consumer);
    this.#serve(view);
  }

  /** A held or delayed message is done with; a waiting one leaves. */
  drop(entry: QueueEntry): void {
    const own = this.#own(entry);
    if (own === undefined) return;
    this.#enter(own, "gone");
  }

  /** A held or delayed message waits again, in its old place. Does not deliver; see `dispatch`. */
  putBack(entry: QueueEntry): void {
    const own = this.#own(entry);
    if (own === undefined || own.state === "ready") return;
    this.#enter(own, "ready");
    own.rare.returns++;
    this.#all.list.putBack(own);
    if (this.#filtered === undefined) return;
    for (const view of this.#filtered.values()) {
      if (!matches(view, own)) continue;
      (own.rare.views ??= []).push(view);
      view.list.putBack(own);
    }
  }

  /** A held message is kept back, until it is put back. */
  delay(entry: QueueEntry): void {
    const own = this.#own(entry);
    if (own?.state !== "held") return;
    this.#enter(own, "delayed");
  }

  /** Counts a refusal of a held message; returns how many it has. */
  refuse(entry: QueueEntry): number {
    const own = this.#own(entry);
    return own === undefined ? 0 : ++own.rare.refusals;
  }

  /** Hands waiting messages to consumers with credit, in turn, until one of the two runs out. */
  dispatch(): void {
    if (this.#filtered === undefined) {
      this.#serve(this.#all);
      return;
    }
    // View by view, a message each, so that none waits for another to be sated.
    const views = [this.#all, ...this.#filtered.values()];
    for (let served = true; served;) {
      served = false;
      for (const view of views) if (this.#serveOne(view)) served = true;
    }
  }

  /** Up to `limit` waiting messages behind a position, in the order of delivery. */
  browse(position: Position | undefined, limit: number): readonly QueueEntry[] {
    return this.#all.list.after(position, limit);
  }

  /** Everything leaves, held or not; to settle what was held does nothing any more. */
  clear(): void {
    this.#memory.used -= this.#bytes;
    this.#ready = this.#held = this.#delayed = this.#bytes = 0;
    this.#cleared = true;
  }

  /** The entry as what it is; undefined if it is no longer here. */
  #own(entry: QueueEntry): Entry | undefined {
    if (this.#cleared || entry.state === "gone" || entry.queue !== this) return undefined;
    return entry instanceof Entry ? entry : undefined;
  }

  #viewOf(consumer: Consumer): View {
    const { filter } = consumer;
    if (filter === undefined) return this.#all;
    this.#filtered ??= new Map();
    let view = this.#filtered.get(filter.text);
    if (view === undefined) {
      view = { filter, list: new ReadyList(), rota: new Rota() };
      this.#filtered.set(filter.text, view);
      this.#fill(view);
    }
    return view;
  }

  #isLive(view: View): boolean {
    return view.filter !== undefined && this.#filtered?.get(view.filter.text) === view;
  }

  /** A new view looks once at everything that waits. */
  #fill(view: View): void {
    const CHUNK = 1024;
    let position: Position | undefined;
    for (;;) {
      const entries = this.#all.list.after(position, CHUNK);
      for (const entry of entries) {
        if (!matches(view, entry)) continue;
        const { rare } = entry;
        rare.views ??= [];
        // Views that have ended meanwhile are let go, now and then.
        if (rare.views.length > 8 && rare.views.length > 2 * this.filters) {
          rare.views = rare.views.filter((each) => this.#isLive(each));
        }
        rare.views.push(view);
        if (entry.returns === 0) view.list.append(entry);
        else view.list.putBack(entry);
      }
      const last = entries.at(-1);
      if (last === undefined || entries.length < CHUNK) return;
      position = { priority: last.message.priority, place: last.place };
    }
  }

  /** Gives a new entry to a consumer without its ever waiting, if there is one with credit. */
  #passOn(entry: Entry): boolean {
    const consumer = this.#all.rota.next();
    if (consumer === undefined) return false;
    if (consumer.acknowledges) {
      entry.state = "held";
      this.#held++;
      this.#bytes += entry.message.size;
      this.#memory.used += entry.message.size;
    } else {
      entry.state = "gone";
    }
    entry.deliveries++;
    consumer.deliver(entry.message, entry);
    return true;
  }

  #deliverAny(entry: Entry): void {
    if (entry.views === undefined) {
      this.#serveOne(this.#all);
      return;
    }
    const views = [this.#all, ...entry.views];
    for (let i = 0; i < views.length && entry.isReady; i++) {
      this.#serveOne(views[(entry.place + i) % views.length] as View);
    }
  }

  #serve(view: View): void {
    while (this.#serveOne(view));
  }

  #serveOne(view: View): boolean {
    const entry = view.list.next;
    if (entry === undefined) return false;
    const consumer = view.rota.next();
    if (consumer === undefined) return false;
    this.#enter(entry, consumer.acknowledges ? "held" : "gone");
    entry.deliveries++;
    consumer.deliver(entry.message, entry);
    return true;
  }

  /** Moves an entry to another state and counts it; lists in which it waited pass it over. */
  #enter(entry: Entry, state: EntryState): void {
    const before = entry.state;
    entry.state = state;
    if (before === "held") this.#held--;
    else if (before === "delayed") this.#delayed--;
    else if (before === "ready") this.#leaveLists(entry);
    if (state === "held") this.#held++;
    else if (state === "delayed") this.#delayed++;
    else if (state === "ready") this.#ready++;
    else {
      this.#bytes -= entry.message.size;
      this.#memory.used -= entry.message.size;
    }
  }

  #leaveLists(entry: Entry): void {
    this.#ready--;
    this.#all.list.forget(entry);
    if (entry.views === undefined) return;
    for (const view of entry.views) view.list.forget(entry);
    entry.rare.views = undefined;
  }
}

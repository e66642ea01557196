import { Rota } from "./dispatch.ts";
import type { Memory } from "./memory.ts";
import type { Message } from "./message.ts";
import { ReadyList } from "./ready_list.ts";
import type { Subscriber } from "./subscriber.ts";

/** Whoever consumes from a queue. */
export type Consumer = Subscriber<QueueEntry>;

/** Where an entry is: waiting, with a consumer, or no longer in the queue. */
export type EntryState = "ready" | "held" | "gone";

/** A message in a queue. The queue owns its state; everyone else may only look. */
export interface QueueEntry {
  readonly queue: Queue;
  readonly message: Message;
  /** Its place: greater came later. Kept for life, so that it can come back to it. */
  readonly place: number;
  state: EntryState;
  /** How often it was handed to a consumer, this time included. */
  deliveries: number;
  /** How often a consumer refused it. */
  refusals: number;
}

/** What became of a delivery. */
export type Verdict =
  /** Done with: the message leaves the queue. */
  | "accepted"
  /** Refused: it comes again, until it was refused too often. */
  | "refused"
  /** Not dealt with, its consumer went: it comes again, in its old place. */
  | "returned";

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
 * Messages by priority, then arrival, each for one of its consumers. The same
 * thing serves `/queue/` destinations, dead letters and topic subscriptions
 * that acknowledge: those are a queue bound to a topic.
 */
export class Queue {
  /** What it is called where people see it; the path for `/queue/` destinations. */
  readonly path: string;
  readonly limits: QueueLimits;
  readonly #ready = new ReadyList<QueueEntry>();
  readonly #rota = new Rota<Consumer>();
  readonly #anchors = new Set<Consumer>();
  readonly #memory: Memory;
  #places = 0;
  #held = 0;
  #bytes = 0;
  #cleared = false;

  constructor(path: string, limits: QueueLimits, memory: Memory) {
    this.path = path;
    this.limits = limits;
    this.#memory = memory;
  }

  /** Messages that wait for a consumer. */
  get ready(): number {
    return this.#ready.size;
  }

  /** Messages that are with a consumer and not settled. */
  get held(): number {
    return this.#held;
  }

  /** Bytes of all its messages. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Consumers, with credit or not. */
  get consumers(): number {
    return this.#rota.size;
  }

  /** Whether it is gone with everything in it. */
  get cleared(): boolean {
    return this.#cleared;
  }

  /** Whether it has neither messages nor consumers that asked for just this queue. */
  get unused(): boolean {
    return this.#ready.size + this.#held === 0 && this.#anchors.size === 0;
  }

  /** Whether so much more fits, dropping what may be dropped. */
  hasRoom(messages: number, bytes: number): boolean {
    const { messagesMax, bytesMax, overflow } = this.limits;
    if (overflow === "drop-oldest") return messages <= messagesMax && bytes <= bytesMax;
    return (
      this.#ready.size + this.#held + messages <= messagesMax && this.#bytes + bytes <= bytesMax
    );
  }

  /** Whether it holds more than its limits allow. */
  get overfull(): boolean {
    return (
      this.#ready.size + this.#held > this.limits.messagesMax || this.#bytes > this.limits.bytesMax
    );
  }

  /** Takes a message in, behind all others of its priority. Does not deliver. */
  offer(message: Message): QueueEntry {
    const entry: QueueEntry = {
      queue: this,
      message,
      place: ++this.#places,
      state: "ready",
      deliveries: 0,
      refusals: 0,
    };
    this.#bytes += message.size;
    this.#memory.used += message.size;
    this.#ready.append(entry);
    return entry;
  }

  /** The oldest waiting message of the least priority leaves; undefined if none waits. */
  dropOldest(): QueueEntry | undefined {
    const entry = this.#ready.takeOldestOfLeast();
    if (entry !== undefined) this.#forget(entry);
    return entry;
  }

  /** A consumer joins, last in the rota. One that came by a wildcard does not keep it in use. */
  join(consumer: Consumer, by: "name" | "wildcard"): void {
    if (by === "name") this.#anchors.add(consumer);
    this.#rota.join(consumer);
  }

  /** A consumer leaves. What it holds stays held until it is settled. */
  leave(consumer: Consumer): void {
    this.#anchors.delete(consumer);
    this.#rota.leave(consumer);
  }

  /** A consumer has credit again. */
  resume(consumer: Consumer): void {
    this.#rota.resume(consumer);
  }

  /**
   * Hands waiting messages to consumers with credit, in turn, until one of the
   * two runs out.
   */
  dispatch(): void {
    while (this.#ready.size > 0) {
      const consumer = this.#rota.next();
      if (consumer === undefined) return;
      const entry = this.#ready.take() as QueueEntry;
      entry.deliveries++;
      if (consumer.acknowledges) {
        entry.state = "held";
        this.#held++;
      } else {
        this.#forget(entry);
      }
      consumer.deliver(entry.message, entry);
    }
  }

  /** A held message is done with. */
  remove(entry: QueueEntry): void {
    if (entry.state !== "held" || this.#cleared) return;
    this.#held--;
    this.#forget(entry);
  }

  /** A held message waits again, in its old place. */
  putBack(entry: QueueEntry): void {
    if (entry.state !== "held" || this.#cleared) return;
    this.#held--;
    entry.state = "ready";
    this.#ready.putBack(entry);
  }

  /** Everything leaves, held or not; to settle what was held does nothing any more. */
  clear(): void {
    for (let entry = this.#ready.take(); entry !== undefined; entry = this.#ready.take()) {
      entry.state = "gone";
    }
    this.#memory.used -= this.#bytes;
    this.#held = 0;
    this.#bytes = 0;
    this.#cleared = true;
  }

  #forget(entry: QueueEntry): void {
    entry.state = "gone";
    this.#bytes -= entry.message.size;
    this.#memory.used -= entry.message.size;
  }
}

import type { Message } from "../broker/message.ts";
import type { Consumer, QueueEntry } from "../broker/queue.ts";
import type { MessageFilter } from "../broker/subscriber.ts";
import type { Attachment } from "../engine/attachment.ts";
import { FLUSH_FRAMES } from "./outbox.ts";

/** How a subscription acknowledges. STOMP 1.2 "SUBSCRIBE ack Header". */
export type AckMode = "auto" | "client" | "client-individual";

/** A delivery that the client has not settled. */
export interface Held {
  /** Deliveries of one session are numbered from 1. */
  readonly ordinal: number;
  readonly subscription: Subscription;
  readonly entry: QueueEntry;
  /** Whether an open transaction settles it. */
  bound: boolean;
  /** Neighbours in the subscription, by ordinal. */
  earlier: Held | undefined;
  later: Held | undefined;
  /** A later one of the same message, where the subscription comes by several copies of it. */
  twin: Held | undefined;
}

const NONE: readonly Attachment[] = [];

/** What the key of a subscription without an id begins with. */
export const NAMELESS = "\0";

/** What a subscription hands its messages to, and what a session is the session of. */
export interface SubscriptionOwner {
  /** Whether it takes messages of queues now. */
  readonly receptive: boolean;
  /** A subscription was made: what its frames begin with, and when its window opens. */
  subscribed(subscription: Subscription): void;
  /** A subscription ended, whoever wished it. */
  unsubscribed(subscription: Subscription): void;
  /** Another connection took a durable subscription over. */
  takenOver(subscription: Subscription): void;
  /** Sends a message to the client; see `Subscriber.deliver`. */
  hand(subscription: Subscription, message: Message, entry: QueueEntry | undefined): boolean;
  /** A subscriber of a topic is far behind: the publisher had better wait a little. */
  holdBack(): void;
  /** A message of a queue was handed over; comes once until the window is opened again. */
  windowUsed(subscription: Subscription): void;
}

/** What a client subscribed to. */
export interface SubscriptionFields {
  /** What the session keeps it by: the id, or what begins as no id can. */
  readonly key: string;
  /** The destination as the client wrote it. */
  readonly named: string;
  readonly ack: AckMode;
  /** Unacknowledged messages allowed; Infinity for no limit. */
  readonly prefetch: number;
  /** Unacknowledged bytes of bodies, beyond which no more come; Infinity for no limit. */
  readonly prefetchBytes: number;
  readonly filter: MessageFilter | undefined;
  /** Whose messages to topics do not reach it. */
  readonly excludes: object | undefined;
  /** Whether it is shown messages of a queue without consuming them. */
  readonly browses: boolean;
}

/**
 * One subscription of one client. Its credit is what the prefetch leaves and
 * what the outbox takes: a window as wide as one batch, opened again when the
 * batch was sent.
 *
 * Every idle client has one: it has eighteen fields because an object of
 * nineteen takes 224 bytes in place of 160.
 */
export class Subscription implements Consumer {
  readonly key: string;
  readonly named: string;
  readonly ack: AckMode;
  readonly prefetch: number;
  readonly prefetchBytes: number;
  readonly filter: MessageFilter | undefined;
  readonly excludes: object | undefined;
  readonly browses: boolean;
  /** One, or one for each part of a composite destination. */
  attachments: readonly Attachment[] = NONE;
  /** Deliveries that count against the prefetch, and bytes of their bodies. */
  unacknowledged = 0;
  unacknowledgedBytes = 0;
  /** Unsettled deliveries, oldest first: a list linked through `Held`. */
  firstHeld: Held | undefined = undefined;
  lastHeld: Held | undefined = undefined;
  /** By message id; made when a client first acknowledges so. */
  heldByMessage: Map<string, Held> | undefined = undefined;
  ended = false;
  /** What a connection writes in front of every message; its own to fill. */
  head = "";
  readonly #owner: SubscriptionOwner;
  #window = 0;

  constructor(owner: SubscriptionOwner, fields: SubscriptionFields) {
    this.#owner = owner;
    this.key = fields.key;
    this.named = fields.named;
    this.ack = fields.ack;
    this.prefetch = fields.prefetch;
    this.prefetchBytes = fields.prefetchBytes;
    this.filter = fields.filter;
    this.excludes = fields.excludes;
    this.browses = fields.browses;
  }

  /** Undefined in 1.0, where an id is optional. */
  get id(): string | undefined {
    return this.key.startsWith(NAMELESS) ? undefined : this.key;
  }

  get acknowledges(): boolean {
    return this.ack !== "auto" && !this.browses;
  }

  /** Whether nothing more comes before something is settled. */
  get isFull(): boolean {
    return this.unacknowledged >= this.prefetch || this.unacknowledgedBytes >= this.prefetchBytes;
  }

  get credit(): number {
    if (this.ended || !this.#owner.receptive) return 0;
    if (this.unacknowledgedBytes >= this.prefetchBytes) return 0;
    return Math.min(this.#window, this.prefetch - this.unacknowledged);
  }

  /** The batch was sent: queues may deliver again. */
  openWindow(): void {
    this.#window = FLUSH_FRAMES;
  }

  deliver(message: Message, entry: QueueEntry | undefined): boolean {
    const counts = entry !== undefined || this.browses;
    if (counts && this.#window-- === FLUSH_FRAMES) this.#owner.windowUsed(this);
    return this.#owner.hand(this, message, entry);
  }
}

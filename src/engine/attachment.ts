import type { Message } from "../broker/message.ts";
import type { Consumer, Queue } from "../broker/queue.ts";
import type { Position } from "../broker/ready_list.ts";
import type { MessageFilter } from "../broker/subscriber.ts";
import type { Binding, TopicTree } from "../broker/topic_tree.ts";
import type { Source } from "./operation.ts";
import type { QueuePattern } from "./queues.ts";

/** A subscriber's tie to a destination; what `subscribe` gave and the rest takes. */
export interface Attachment extends AttachmentParts {
  readonly subscriber: Consumer;
  /** Retained messages that it is owed. */
  retained: readonly Message[];
}

/** What a tie is made of; mostly a queue or a binding. */
interface AttachmentParts extends RareParts {
  /** The queue it consumes from, its own one where a topic acknowledges. */
  readonly queue: Queue | undefined;
  readonly binding: Binding<TopicTarget> | undefined;
  /** Where the binding hangs. */
  readonly topics: TopicTree<TopicTarget> | undefined;
}

interface RareParts {
  /** The queues it consumes from where it asked by wildcard. */
  readonly pattern: QueuePattern | undefined;
  /** What it is shown of a queue without consuming. */
  readonly browse: Browse | undefined;
  /** Whether the queue outlives it. */
  readonly durable: Durable | undefined;
  /** Whether that durable subscription was made for it. */
  readonly madeDurable: boolean;
}

/** How far someone who browses has got. */
export interface Browse {
  readonly path: string;
  /** The queue that had the path then; undefined if there was none. */
  readonly queue: Queue | undefined;
  position: Position | undefined;
  /** Messages that came later are not shown. */
  readonly lastPlace: number;
  over: boolean;
}

/** A topic subscription that stays when its subscriber goes: a queue bound to the topic. */
export interface Durable {
  readonly key: string;
  readonly bound: BoundQueue;
  readonly binding: Binding<TopicTarget>;
  attachment: Attachment | undefined;
  /** Whose the attachment is, and what to do when another takes it over. */
  holder: { readonly source: Source; readonly takenOver: () => void } | undefined;
}

/** What hangs in the topic tree: who gets a message at once, and queues bound to a topic. */
export type TopicTarget = Consumer | BoundQueue;

/** A queue that a topic feeds. */
export class BoundQueue {
  readonly queue: Queue;
  /** Whose messages are left out, and what is let in; a durable subscriber may come back with others. */
  excludes: object | undefined;
  filter: MessageFilter | undefined;

  constructor(queue: Queue, subscriber: Consumer) {
    this.queue = queue;
    this.filter = subscriber.filter;
    this.excludes = subscriber.excludes;
  }
}

/** A name under which a topic subscription outlives its subscriber. */
export interface DurableRequest {
  readonly key: string;
  /** Called when another connection takes it over. */
  readonly takenOver: () => void;
}

/** How a subscriber wants a destination. */
export interface SubscribeOptions {
  readonly durable?: DurableRequest | undefined;
  /** Shows what a queue has without consuming it. */
  readonly browse?: boolean | undefined;
}

const NONE: readonly Message[] = [];
const NO_RARE_PARTS: RareParts = {
  pattern: undefined,
  browse: undefined,
  durable: undefined,
  madeDurable: false,
};

/** An attachment with these parts and no others. */
export function attachment(
  subscriber: Consumer,
  parts: Partial<Omit<Attachment, "subscriber">>,
): Attachment {
  return new Tie(subscriber, parts);
}

/** Every idle client has one: six fields take 64 bytes, nine would take 112. */
class Tie implements Attachment {
  readonly subscriber: Consumer;
  readonly queue: Queue | undefined;
  readonly binding: Binding<TopicTarget> | undefined;
  readonly topics: TopicTree<TopicTarget> | undefined;
  retained: readonly Message[];
  readonly #rare: RareParts;

  constructor(subscriber: Consumer, parts: Partial<Omit<Attachment, "subscriber">>) {
    const { pattern, browse, durable, madeDurable = false, retained = NONE } = parts;
    this.subscriber = subscriber;
    this.queue = parts.queue;
    this.binding = parts.binding;
    this.topics = parts.topics;
    this.retained = retained.length === 0 ? NONE : retained;
    const isPlain = pattern === undefined && browse === undefined && durable === undefined;
    this.#rare = isPlain ? NO_RARE_PARTS : { pattern, browse, durable, madeDurable };
  }

  get pattern(): QueuePattern | undefined {
    return this.#rare.pattern;
  }

  get browse(): Browse | undefined {
    return this.#rare.browse;
  }

  get durable(): Durable | undefined {
    return this.#rare.durable;
  }

  get madeDurable(): boolean {
    return this.#rare.madeDurable;
  }
}

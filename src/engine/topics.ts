import { type Destination, isSystemName } from "../broker/destination.ts";
import type { Memory } from "../broker/memory.ts";
import { headerList, Message } from "../broker/message.ts";
import type { Consumer, Queue } from "../broker/queue.ts";
import { Retained } from "../broker/retained.ts";
import { TopicTree } from "../broker/topic_tree.ts";
import { Fault, quote } from "../fault.ts";
import {
  type Attachment,
  attachment,
  BoundQueue,
  type Durable,
  type DurableRequest,
  type TopicTarget,
} from "./attachment.ts";
import type { Publication, Source } from "./operation.ts";
import type { Changed, Queues } from "./queues.ts";

/** What topics need of the engine around them. */
export interface TopicsOptions {
  readonly queues: Queues;
  readonly memory: Memory;
  /** The clock, in ms since the epoch. */
  readonly now: () => number;
  /** Topics with a retained message, at most. */
  readonly retainedMax: number;
  /** Puts a message into a queue that a topic feeds. */
  readonly enqueue: (queue: Queue, message: Message) => void;
  /** @throws Fault `too-many-destinations` if one more is too many */
  readonly checkDestinations: (path: string) => void;
  readonly changed: Changed;
}

/** A topic name or pattern, and who subscribed to it. */
export interface TopicEntry {
  readonly pattern: string;
  readonly values: readonly TopicTarget[];
}

/**
 * Who gets what is sent to topics: subscribers at once, and queues bound to a
 * topic for those who acknowledge or come back later. And the last message of
 * topics that asked to keep it.
 */
export class Topics {
  readonly #options: TopicsOptions;
  readonly #named = new TopicTree<TopicTarget>();
  readonly #temporary = new TopicTree<TopicTarget>();
  /** What the broker itself says: a tree of its own, so that no `>` of a client's covers it. */
  readonly #system = new TopicTree<TopicTarget>();
  /** Queues that a topic feeds, and which durable subscription they are, if one. */
  readonly #bound = new Map<Queue, Durable | undefined>();
  readonly #durables = new Map<string, Durable>();
  readonly #retained: Retained;

  constructor(options: TopicsOptions) {
    this.#options = options;
    this.#retained = new Retained(options.memory, options.retainedMax);
  }

  /** Names and patterns that have subscribers. */
  get size(): number {
    return this.#named.size + this.#system.size;
  }

  /** Every name and pattern that has subscribers, with them. */
  *all(): Iterable<TopicEntry> {
    yield* this.#named.entries();
    yield* this.#system.entries();
  }

  /** Whether someone gets what is published to the topic of that name. */
  hasSubscribers(name: string): boolean {
    const topics = isSystemName(name) ? this.#system : this.#named;
    return topics.match(name).length > 0;
  }

  /** Queues that a topic feeds. */
  get boundQueues(): Iterable<Queue> {
    return this.#bound.keys();
  }

  /** Durable subscriptions, with a subscriber or without, by key. */
  get durables(): ReadonlyMap<string, Durable> {
    return this.#durables;
  }

  /** Changes how many topics may retain a message. */
  set retainedMax(max: number) {
    this.#retained.max = max;
  }

  /** Topics with a retained message. */
  get retained(): number {
    return this.#retained.size;
  }

  /** Whether each of these topics may retain a message. */
  hasRoomToRetain(names: readonly string[]): boolean {
    return this.#retained.hasRoom(...names);
  }

  /** Whether a queue is fed by a topic and goes with its one subscriber. */
  isPrivate(queue: Queue): boolean {
    return this.#bound.has(queue) && this.#bound.get(queue) === undefined;
  }

  /** Whether a queue is fed by a topic. */
  feeds(queue: Queue): boolean {
    return this.#bound.has(queue);
  }

  /** Gives a message to all who want it. Returns false if one of them is far behind. */
  publish(publication: Publication, source: Source): boolean {
    const { message, destination, retain } = publication;
    const { name } = destination;
    if (retain === "keep") this.#retained.keep(name, retainedCopy(message));
    else if (retain === "remove") this.#retained.remove(name);
    let unpressed = true;
    for (const { value: target } of this.#treeOf(destination).match(name)) {
      if (target.excludes === source || target.filter?.matches(message) === false) continue;
      if (target instanceof BoundQueue) this.#options.enqueue(target.queue, message);
      else if (!target.deliver(message, undefined)) unpressed = false;
    }
    return unpressed;
  }

  /** Ties a subscriber to a topic for as long as it stays. */
  subscribe(subscriber: Consumer, destination: Destination): Attachment {
    const { name, path, kind } = destination;
    const topics = this.#treeOf(destination);
    if (!topics.has(name)) {
      this.#options.checkDestinations(path);
      if (topics === this.#named) this.#options.changed("created", path);
    }
    const retained = kind === "topic" ? this.#retainedFor(subscriber, name) : [];
    if (!subscriber.acknowledges) {
      return attachment(subscriber, { binding: topics.add(name, subscriber), topics, retained });
    }
    const bound = this.#bind(subscriber, path);
    bound.queue.join(subscriber, "name");
    for (const message of retained) this.#options.enqueue(bound.queue, message);
    return attachment(subscriber, { queue: bound.queue, binding: topics.add(name, bound), topics });
  }

  /**
   * Ties a subscriber to the durable subscription of that key, made if it is
   * not there. Whoever has it now loses it.
   */
  subscribeDurable(
    subscriber: Consumer,
    destination: Destination,
    request: DurableRequest & { readonly source: Source },
  ): Attachment {
    const { path } = destination;
    const { source, takenOver } = request;
    const known = this.#durables.get(`${request.key}\n${path}`);
    if (known?.holder?.source === source) {
      throw new Fault(
        "duplicate-subscription",
        `Cannot subscribe to ${quote(path)}: this connection has that durable subscription already`,
      );
    }
    // The newest connection gets it. The old one leaves before anything is tied anew.
    known?.holder?.takenOver();
    // With another selector it is another subscription (JMS): what was gathered is not for it.
    const isSame = known !== undefined && known.bound.filter?.text === subscriber.filter?.text;
    if (known !== undefined && !isSame) this.delete(known);
    const durable = isSame ? known : this.#makeDurable(subscriber, destination, request.key);
    const { queue } = durable.bound;
    durable.bound.filter = subscriber.filter;
    durable.bound.excludes = subscriber.excludes;
    const madeDurable = !isSame;
    const taken = attachment(subscriber, { queue, durable, madeDurable });
    durable.attachment = taken;
    durable.holder = { source, takenOver };
    queue.join(subscriber, "name");
    return taken;
  }

  /** Unties a subscriber. A private queue goes with everything in it, a durable one stays. */
  unsubscribe(tie: Attachment): void {
    const { subscriber, queue, binding, topics, durable } = tie;
    queue?.leave(subscriber);
    if (durable !== undefined) {
      if (durable.attachment === tie) durable.attachment = durable.holder = undefined;
      return;
    }
    if (binding !== undefined && topics !== undefined) {
      topics.remove(binding);
      this.#noteGone(binding.pattern, topics);
    }
    if (queue !== undefined && this.#bound.delete(queue)) queue.clear();
  }

  /** Deletes the durable subscriptions of that key that nobody has now; returns how many. */
  deleteIdle(key: string): number {
    const idle = [...this.#durables.values()].filter(
      (durable) => durable.key.startsWith(`${key}\n`) && durable.attachment === undefined,
    );
    for (const durable of idle) this.delete(durable);
    return idle.length;
  }

  /** Deletes a durable subscription with everything in it. */
  delete(durable: Durable): void {
    this.#named.remove(durable.binding);
    this.#noteGone(durable.binding.pattern, this.#named);
    this.#bound.delete(durable.bound.queue);
    durable.bound.queue.clear();
    this.#durables.delete(durable.key);
  }

  /** Whether a retained message is still the one of its topic. */
  isRetained(message: Message): boolean {
    return this.#retained.holds(message);
  }

  /** Forgets retained messages whose time has come. */
  expireRetained(): void {
    this.#retained.expire(this.#options.now());
  }

  /** Lets go of everything that stays without a subscriber. */
  clear(): void {
    for (const durable of [...this.#durables.values()]) this.delete(durable);
    this.#retained.clear();
  }

  #treeOf({ kind, name }: Destination): TopicTree<TopicTarget> {
    if (kind !== "topic") return this.#temporary;
    return isSystemName(name) ? this.#system : this.#named;
  }

  #noteGone(pattern: string, topics: TopicTree<TopicTarget>): void {
    if (topics === this.#named && !topics.has(pattern)) {
      this.#options.changed("deleted", `/topic/${pattern}`);
    }
  }

  #makeDurable(subscriber: Consumer, destination: Destination, key: string): Durable {
    const { name, path } = destination;
    this.#options.checkDestinations(path);
    if (!this.#named.has(name)) this.#options.changed("created", path);
    const bound = this.#bind(subscriber, path);
    const durable: Durable = {
      key: `${key}\n${path}`,
      bound,
      binding: this.#named.add(name, bound),
      attachment: undefined,
      holder: undefined,
    };
    this.#durables.set(durable.key, durable);
    this.#bound.set(bound.queue, durable);
    for (const message of this.#retainedFor(subscriber, name)) {
      this.#options.enqueue(bound.queue, message);
    }
    return durable;
  }

  #bind(subscriber: Consumer, path: string): BoundQueue {
    const queue = this.#options.queues.make(path, "drop-oldest");
    this.#bound.set(queue, undefined);
    return new BoundQueue(queue, subscriber);
  }

  #retainedFor(subscriber: Consumer, pattern: string): readonly Message[] {
    return this.#retained
      .find(pattern, this.#options.now())
      .filter((message) => subscriber.filter?.matches(message) !== false);
  }
}

/** The message as later subscribers get it. */
function retainedCopy(message: Message): Message {
  const headers = headerList([...message.headers.list(), "retained", "true"]);
  return message.with({ headers });
}

import { type Binding, TopicTree } from "../broker/topic_tree.ts";
import type { Memory } from "../broker/memory.ts";
import type { PolicyOf, QueuePolicy } from "../broker/policy.ts";
import { type Consumer, Queue, type QueueLimits } from "../broker/queue.ts";
import { Fault } from "../fault.ts";

/** A consumer of all queues that a pattern covers: those there are and those to come. */
export interface QueuePattern {
  readonly subscriber: Consumer;
  readonly queues: Set<Queue>;
  binding: Binding<QueuePattern> | undefined;
}

/** The policy of a queue, and what it does when it is full if that is not the policy's to say. */
interface GivenPolicy {
  readonly policy: QueuePolicy;
  readonly overflow: QueuePolicy["overflow"] | undefined;
}

/** Told when a destination came into being or went. */
export type Changed = (what: "created" | "deleted", path: string) => void;

/** What dead letters are prefixed with. */
export const DEAD_LETTER_PREFIX = "/queue/DLQ.";
const PREFIX = "/queue/";
/** Bytes that a consumer costs a queue which it joins by wildcard, about. */
const JOIN_BYTES = 400;
/** From so many bytes on it needs room in the memory budget. */
const LARGE_JOIN = 65_536;

/**
 * The queues with a path: made on first use, gone when empty and unused, and
 * joined by whoever subscribed to a pattern that covers them.
 */
export class Queues {
  readonly #changed: Changed;
  #policyOf: PolicyOf;
  readonly #memory: Memory;
  readonly #queues = new Map<string, Queue>();
  readonly #policies = new WeakMap<Queue, GivenPolicy>();
  readonly #patterns = new TopicTree<QueuePattern>();

  constructor(options: {
    readonly policyOf: PolicyOf;
    readonly memory: Memory;
    readonly changed: Changed;
  }) {
    this.#policyOf = options.policyOf;
    this.#memory = options.memory;
    this.#changed = options.changed;
  }

  /** By path. */
  get all(): ReadonlyMap<string, Queue> {
    return this.#queues;
  }

  /** Patterns that have a consumer. */
  get patterns(): number {
    return this.#patterns.size;
  }

  /** Whether a consumer subscribed to exactly this pattern. */
  hasPattern(name: string): boolean {
    return this.#patterns.has(name);
  }

  /** The policy of a queue that is there, or of one that would be. */
  policyOf(queue: Queue | string): QueuePolicy {
    if (typeof queue === "string") return this.#policyOf(queue);
    return this.#policies.get(queue)?.policy ?? this.#policyOf(queue.path);
  }

  /** A queue of its own, which no path leads to. */
  make(path: string, overflow: QueuePolicy["overflow"] | undefined): Queue {
    const policy = this.#policyOf(path);
    const queue = new Queue(path, limitsIn({ policy, overflow }), this.#memory);
    this.#policies.set(queue, { policy, overflow });
    return queue;
  }

  /** Puts other policies in force, for the queues there are and for those that `others` lists. */
  changePolicies(policyOf: PolicyOf, others: Iterable<Queue>): void {
    this.#policyOf = policyOf;
    for (const queues of [this.#queues.values(), others]) {
      for (const queue of queues) {
        const overflow = this.#policies.get(queue)?.overflow;
        const given = { policy: policyOf(queue.path), overflow };
        this.#policies.set(queue, given);
        queue.limits = limitsIn(given);
      }
    }
  }

  /** The queue at a path, made if it is not there. */
  at(path: string): Queue {
    let queue = this.#queues.get(path);
    if (queue !== undefined) return queue;
    // A full dead-letter queue drops its oldest.
    queue = this.make(path, path.startsWith(DEAD_LETTER_PREFIX) ? "drop-oldest" : undefined);
    this.#queues.set(path, queue);
    this.#changed("created", path);
    if (this.#patterns.size > 0 && path.startsWith(PREFIX)) {
      for (const { value: pattern } of this.#patterns.match(nameOf(path))) {
        pattern.queues.add(queue);
        this.#memory.used += JOIN_BYTES;
        queue.join(pattern.subscriber, "wildcard");
      }
    }
    return queue;
  }

  /** Has a consumer join all queues of a pattern. @throws Fault `memory-full` */
  joinPattern(subscriber: Consumer, name: string): QueuePattern {
    const pattern: QueuePattern = { subscriber, queues: new Set(), binding: undefined };
    pattern.binding = this.#patterns.add(name, pattern);
    const covers = new TopicTree<true>();
    covers.add(name, true);
    for (const queue of this.#queues.values()) {
      if (!queue.path.startsWith(PREFIX)) continue;
      if (covers.match(nameOf(queue.path)).length > 0) pattern.queues.add(queue);
    }
    const cost = pattern.queues.size * JOIN_BYTES;
    // A few are never refused for want of memory: consumers are what makes room.
    if (cost > LARGE_JOIN && this.#memory.exceededBy(cost)) {
      this.#patterns.remove(pattern.binding);
      throw new Fault("memory-full", "Cannot subscribe: no memory left to join so many queues");
    }
    this.#memory.used += cost;
    for (const queue of pattern.queues) queue.join(subscriber, "wildcard");
    return pattern;
  }

  /** Has it leave them all. */
  leavePattern(pattern: QueuePattern): void {
    if (pattern.binding !== undefined) this.#patterns.remove(pattern.binding);
    for (const queue of pattern.queues) queue.leave(pattern.subscriber);
    this.#memory.used -= pattern.queues.size * JOIN_BYTES;
  }

  /** Lets a queue go if it is empty and unused. */
  discardUnused(queue: Queue): void {
    if (queue.unused && this.#queues.get(queue.path) === queue) this.discard(queue);
  }

  /** Lets a queue go with all that is in it. */
  discard(queue: Queue): void {
    this.#queues.delete(queue.path);
    queue.clear();
    this.#changed("deleted", queue.path);
    if (this.#patterns.size === 0 || !queue.path.startsWith(PREFIX)) return;
    for (const { value: pattern } of this.#patterns.match(nameOf(queue.path))) {
      if (pattern.queues.delete(queue)) this.#memory.used -= JOIN_BYTES;
    }
  }
}

function limitsIn({ policy, overflow }: GivenPolicy): QueueLimits {
  return { ...policy, overflow: overflow ?? policy.overflow };
}

/** The name in the path of a `/queue/` destination. */
export function nameOf(path: string): string {
  return path.startsWith(PREFIX) ? path.slice(PREFIX.length) : path.replace(/^\/[^/]*\//, "");
}

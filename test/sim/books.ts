import type { Queue, QueueEntry } from "../../src/broker/queue.ts";
import type {
  Delivery,
  History,
  Sent,
  SimSubscription,
  SimTemporary,
  SimTransaction,
} from "./records.ts";
import type { SimClient } from "./sim_client.ts";

/** What was handed to a client, and how much of it the client has seen. */
export interface HandBook {
  readonly list: Delivery[];
  taken: number;
  skipped: number;
}

/** What happened in a run. */
export interface Books {
  readonly messages: Sent[];
  readonly transactions: Set<SimTransaction>;
  readonly subscriptions: SimSubscription[];
  readonly handed: Map<SimClient, HandBook>;
  readonly histories: Map<QueueEntry, History>;
  readonly durableQueues: Set<Queue>;
  /** By what others call them. */
  readonly temporaries: Map<string, SimTemporary>;
  /** Browsers that were shown everything, and those of them that know. */
  readonly browsed: Set<SimSubscription>;
  readonly browseEnds: Set<SimSubscription>;
  readonly counts: Counts;
  /** Notes the history of a queue that outlives its consumers. */
  enter(history: History): void;
  /** What became of a message in the queues of that path, one or several if they are durable. */
  at(path: string, key: string): readonly History[];
  /** What became of a message in one queue. */
  in(queue: Queue | undefined, key: string): History | undefined;
  /** Keys of what a subscription was given that no queue keeps account of. */
  seenBy(subscription: SimSubscription): Set<string>;
  /** A retained message is handed over: it must be what the topic kept then. */
  onRetained(delivery: Delivery, violate: (what: string) => void): void;
}

/** Numbers of a run. */
export interface Counts extends Record<string, number> {
  sent: number;
  handed: number;
  received: number;
  redelivered: number;
  deadLetters: number;
  settled: number;
  delayed: number;
  browsed: number;
  retained: number;
}

/** Books with nothing in them. */
export function emptyBooks(): Books {
  const byPath = new Map<string, History[]>();
  const byQueue = new Map<Queue, Map<string, History>>();
  const seen = new Map<SimSubscription, Set<string>>();
  const books: Books = {
    messages: [],
    transactions: new Set(),
    subscriptions: [],
    handed: new Map(),
    histories: new Map(),
    durableQueues: new Set(),
    temporaries: new Map(),
    browsed: new Set(),
    browseEnds: new Set(),
    counts: {
      sent: 0,
      handed: 0,
      received: 0,
      redelivered: 0,
      deadLetters: 0,
      settled: 0,
      delayed: 0,
      browsed: 0,
      retained: 0,
    },
    enter: (history) => {
      const { queue, sent } = history;
      const place = `${queue.path} ${sent.key}`;
      const list = byPath.get(place);
      if (list === undefined) byPath.set(place, [history]);
      else list.push(history);
      let inQueue = byQueue.get(queue);
      if (inQueue === undefined) byQueue.set(queue, (inQueue = new Map()));
      inQueue.set(sent.key, history);
    },
    at: (path, key) => byPath.get(`${path} ${key}`) ?? [],
    in: (queue, key) => (queue === undefined ? undefined : byQueue.get(queue)?.get(key)),
    seenBy: (subscription) => {
      let keys = seen.get(subscription);
      if (keys === undefined) seen.set(subscription, (keys = new Set()));
      return keys;
    },
    onRetained: ({ sent, subscription }, violate) => {
      books.counts.retained++;
      const { key, path, retain, acceptedAt } = sent;
      const wrong = (why: string): void =>
        violate(`${key} is retained for ${subscription.id}: ${why}`);
      if (retain !== "set") return wrong("nobody asked for that");
      const { durable, askedAt } = subscription;
      if (acceptedAt === undefined || durable !== undefined) return;
      const successor = books.messages.find(
        (other) =>
          other.path === path &&
          other.retain !== undefined &&
          // What has expired when it comes is not kept.
          other.expiresAt === 0 &&
          other.sentAt > acceptedAt &&
          other.acceptedAt !== undefined &&
          other.acceptedAt < askedAt,
      );
      if (successor !== undefined) wrong(`${successor.key} (${successor.retain}) came later`);
    },
  };
  return books;
}

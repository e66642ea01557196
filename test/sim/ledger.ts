import { Subscription } from "../../src/session/subscription.ts";
import type { QueueEntry, Queue } from "../../src/broker/queue.ts";
import type { Broker } from "../../src/stompbox.ts";
import type { ReceivedFrame } from "../support/received_frame.ts";
import type { SimClient } from "./sim_client.ts";
import type { VirtualRuntime } from "./virtual_runtime.ts";

/** A transaction as its client knows it. */
export interface SimTransaction {
  readonly id: string;
  state: "open" | "committing" | "committed" | "aborted";
  readonly sends: Sent[];
  readonly settles: Delivery[];
}

/** A message that a producer sent. */
export interface Sent {
  readonly uid: string;
  readonly producer: string;
  /** `/queue/…` or `/topic/…`. */
  readonly path: string;
  readonly priority: number;
  readonly body: Uint8Array;
  readonly transaction: SimTransaction | undefined;
  /** Its place in the order in which the producer's messages take effect. */
  effect: number;
  readonly sentAt: number;
  /** When the broker was known to have accepted it. */
  acceptedAt: number | undefined;
}

/** A subscription as its client knows it. */
export interface SimSubscription {
  readonly id: string;
  readonly client: SimClient;
  readonly path: string;
  readonly ack: "auto" | "client" | "client-individual";
  readonly prefetch: number;
  liveAt: number | undefined;
  /** When UNSUBSCRIBE was sent. */
  endedAt: number | undefined;
  /** Handed to it, and no ACK or NACK sent; without those an ABORT gave back. */
  unsettled: number;
  /** Received and not settled by the client, in order. */
  readonly held: Delivery[];
}

/** A message on its way to a client, and what the client did with it. */
export interface Delivery {
  readonly uid: string;
  readonly subscription: SimSubscription;
  /** The queue that handed it over; undefined for a topic in `auto`. */
  readonly queue: Queue | undefined;
  /** How often the queue has handed it over, this time included. */
  readonly count: number;
  /** Deliveries of a run are numbered as they are handed over. */
  readonly number: number;
  received: boolean;
  /** What the client sent about it while it held it. */
  settled: "accepted" | "refused" | undefined;
  transaction: SimTransaction | undefined;
  confirmed: boolean;
  /** Whether an ABORT gave it back, so that it counts against no prefetch. */
  returnedByAbort: boolean;
}

/** What the checkers need to know of a run. */
export interface LedgerOptions {
  readonly broker: Broker;
  readonly runtime: VirtualRuntime;
  readonly maxDeliveries: number;
  /** Whether a policy of this run may drop messages; then so many as it counted may be missing. */
  readonly drops: boolean;
  violate(what: string): void;
  trace(step: string): void;
}

/**
 * Everything that was sent, handed over, received and settled, and the rules
 * that say what never happens. It watches at two places: what clients see,
 * and what the engine hands to subscribers (without which nobody could tell
 * a message that died with its `auto` consumer from one that was lost).
 */
export interface Ledger {
  /** A producer is about to send. */
  sent(message: Sent): void;
  /** A client is about to subscribe. */
  subscribing(subscription: SimSubscription): void;
  /** A client received a MESSAGE; returns the delivery it is. */
  received(client: SimClient, frame: ReceivedFrame): Delivery | undefined;
  /** A client is about to send ACK or NACK for deliveries that it holds. */
  settling(
    deliveries: readonly Delivery[],
    verdict: "accepted" | "refused",
    transaction: SimTransaction | undefined,
  ): void;
  /** The broker has confirmed those. */
  settled(deliveries: readonly Delivery[]): void;
  /** A client is about to send ABORT. */
  aborting(transaction: SimTransaction): void;
  /** Everything is drained and everyone is gone: checks what only then can be known. */
  close(): void;
  /** Counts, to show that a run was about something. */
  readonly counts: Readonly<Record<string, number>>;
}

const DEAD_LETTERS = "/queue/DLQ.";

/** Opens the books of a run and watches its engine. */
export function openLedger(options: LedgerOptions): Ledger {
  const { broker, runtime, violate, trace } = options;
  const { engine } = broker.context;
  const messages = new Map<string, Sent>();
  const transactions = new Set<SimTransaction>();
  const subscriptions = new Map<string, SimSubscription>();
  const handed = new Map<SimClient, { list: Delivery[]; taken: number; skipped: number }>();
  /** By queue, which may come and go under one path, and message. */
  const histories = new Map<Queue, Map<string, Delivery[]>>();
  /** By path and message, of `/queue/` destinations alone. */
  const byPath = new Map<string, Delivery[]>();
  const orders = new Map<string, number>();
  const topicHands = new Map<string, Set<string>>();
  const counts = { sent: 0, handed: 0, received: 0, redelivered: 0, deadLetters: 0, settled: 0 };

  const handedTo = (client: SimClient) => {
    let book = handed.get(client);
    if (book === undefined) handed.set(client, (book = { list: [], taken: 0, skipped: 0 }));
    return book;
  };
  const checkOrder = (key: string, message: Sent): void => {
    const last = orders.get(key) ?? -1;
    if (message.effect <= last) {
      violate(`${message.uid} comes behind a later message of its producer (${key})`);
    }
    orders.set(key, message.effect);
  };
  const letGo = (delivery: Delivery): boolean => {
    const { client, endedAt } = delivery.subscription;
    const { settled, transaction } = delivery;
    if (settled === "accepted" && delivery.confirmed) return false;
    if (client.leftAt !== undefined || client.line.gone) return true;
    if (transaction?.state === "open") return false;
    if (settled === "refused") return true;
    if (settled === "accepted") return false;
    return endedAt !== undefined;
  };
  const onQueueHand = (delivery: Delivery, message: Sent): void => {
    const { queue, uid, subscription } = delivery;
    if (queue === undefined) return;
    let history = histories.get(queue);
    if (history === undefined) histories.set(queue, (history = new Map()));
    let past = history.get(uid);
    if (past === undefined) history.set(uid, (past = []));
    if (engine.queues.get(queue.path) === queue) byPath.set(`${queue.path} ${uid}`, past);
    const previous = past.at(-1);
    past.push(delivery);
    if (delivery.count !== past.length) {
      violate(
        `delivery ${past.length} of ${uid} from ${queue.path} is counted as ${delivery.count}`,
      );
    }
    if (previous !== undefined) {
      counts.redelivered++;
      // A goodbye of the broker is known only when the turn is over.
      runtime.after(0, () => {
        if (letGo(previous)) return;
        violate(
          `${uid} comes again from ${queue.path} to ${subscription.id} though ` +
            `${previous.subscription.id} has it (${previous.settled ?? "unsettled"})`,
        );
      });
    } else if (!queue.path.startsWith(DEAD_LETTERS)) {
      const { producer, priority } = message;
      const place = `${message.path} ${producer} ${priority}`;
      checkOrder(`${subscription.id} of ${place}`, message);
      if (queue.path.startsWith("/queue/")) checkOrder(`dispatch of ${place}`, message);
    }
    if (queue.path.startsWith(DEAD_LETTERS) && previous === undefined) onDeadLetter(queue, uid);
    if (subscription.ack === "auto") return;
    if (++subscription.unsettled > subscription.prefetch) {
      violate(
        `${subscription.id} has ${subscription.unsettled}, prefetch ${subscription.prefetch}`,
      );
    }
  };
  const onDeadLetter = (queue: Queue, uid: string): void => {
    counts.deadLetters++;
    const origin = `/queue/${queue.path.slice(DEAD_LETTERS.length)}`;
    const refused = (byPath.get(`${origin} ${uid}`) ?? []).filter(isRefused).length;
    if (refused >= options.maxDeliveries) return;
    violate(`${uid} is a dead letter after ${refused} of ${options.maxDeliveries} refusals`);
  };
  const onHand = (subscription: SimSubscription, uid: string, entry: QueueEntry | undefined) => {
    const message = messages.get(uid);
    if (message === undefined) return violate(`a message "${uid}" that nobody sent is delivered`);
    counts.handed++;
    const delivery: Delivery = {
      uid,
      subscription,
      queue: entry?.queue,
      count: entry?.deliveries ?? 1,
      number: counts.handed,
      received: false,
      settled: undefined,
      transaction: undefined,
      confirmed: false,
      returnedByAbort: false,
    };
    handedTo(subscription.client).list.push(delivery);
    trace(`${uid} (${delivery.count}) is handed to ${subscription.id}`);
    const state = message.transaction?.state;
    if (state === "open" || state === "aborted") {
      violate(`${uid} of a transaction that is ${state} is delivered`);
    }
    const base = entry?.queue.path ?? message.path;
    if (!base.startsWith(DEAD_LETTERS) && !covers(subscription.path, message.path)) {
      violate(`${uid}, sent to ${message.path}, is delivered to ${subscription.path}`);
    }
    if (entry !== undefined) return onQueueHand(delivery, message);
    let seen = topicHands.get(subscription.id);
    if (seen === undefined) topicHands.set(subscription.id, (seen = new Set()));
    if (seen.has(uid)) violate(`${uid} is delivered twice to ${subscription.id}`);
    seen.add(uid);
    checkOrder(`${subscription.id} of ${message.path} ${message.producer}`, message);
  };
  const subscribeInEngine = engine.subscribe.bind(engine);
  engine.subscribe = (subscriber, destination, how) => {
    const known =
      subscriber instanceof Subscription ? subscriptions.get(subscriber.id ?? "") : undefined;
    if (known !== undefined) {
      const deliver = subscriber.deliver.bind(subscriber);
      subscriber.deliver = (message, entry) => {
        const list = message.headers.list();
        onHand(known, list[list.indexOf("uid") + 1] ?? "", entry);
        return deliver(message, entry);
      };
    }
    return subscribeInEngine(subscriber, destination, how);
  };

  const checkFrame = (frame: ReceivedFrame, delivery: Delivery): void => {
    const message = messages.get(delivery.uid);
    const { uid, queue, count, subscription } = delivery;
    if (message === undefined) return;
    const wrong = (what: string): void => violate(`${uid} arrives at ${subscription.id}: ${what}`);
    if (!Buffer.from(frame.body).equals(message.body)) wrong("its body has changed");
    const inDeadLetters = queue?.path.startsWith(DEAD_LETTERS) === true;
    const path = inDeadLetters ? queue.path : message.path;
    if (frame.get("destination") !== path) wrong(`destination ${frame.get("destination")}`);
    const redelivered = frame.get("redelivered");
    const deliveries = frame.get("delivery-count");
    if (count > 1 && (redelivered !== "true" || deliveries !== String(count))) {
      wrong(`delivery ${count} with redelivered ${redelivered}, delivery-count ${deliveries}`);
    }
    if (count === 1 && redelivered !== undefined) wrong("it is marked as redelivered");
    if (count === 1 && deliveries !== undefined && !inDeadLetters) wrong("it has a count");
    if (inDeadLetters && frame.get("original-destination") !== message.path) {
      wrong(`a dead letter with original-destination ${frame.get("original-destination")}`);
    }
    const acks = frame.get("ack") !== undefined;
    if (acks !== (subscription.client.version === "1.2" && subscription.ack !== "auto")) {
      wrong(acks ? "it has an ack header" : "it has no ack header");
    }
  };

  const isGoneForGood = (delivery: Delivery): string | undefined => {
    const { uid, queue, subscription, settled, transaction } = delivery;
    if (subscription.ack === "auto") {
      if (delivery.received || !subscription.client.partedWell) return undefined;
      return "it never arrived, though its consumer parted well";
    }
    if (
      transaction !== undefined &&
      (transaction.state === "open" || transaction.state === "aborted")
    ) {
      return `its transaction is ${transaction.state}`;
    }
    if (settled === "accepted") return undefined;
    if (settled === undefined) return "nobody settled it";
    return byPath.has(`${DEAD_LETTERS}${queue?.path.slice("/queue/".length)} ${uid}`)
      ? undefined
      : "it was refused and is no dead letter";
  };

  const closeBooks = (): void => {
    let missing = 0;
    const lost = (what: string): void => {
      missing++;
      if (!options.drops) violate(`Lost: ${what}`);
      trace(`missing: ${what}`);
    };
    for (const [key, past] of byPath) {
      const last = past.at(-1);
      const reason = last === undefined ? undefined : isGoneForGood(last);
      if (reason !== undefined) lost(`${key}, delivery ${last?.count}: ${reason}`);
    }
    for (const message of messages.values()) {
      const accepted = message.acceptedAt !== undefined;
      if (!message.path.startsWith("/queue/") || !accepted) continue;
      if (!byPath.has(`${message.path} ${message.uid}`)) lost(`${message.uid}: never delivered`);
    }
    /** What clients missed though they read on, or parted well: what an outbox dropped. */
    let missed = 0;
    for (const [client, book] of handed) {
      // It was over its budget: what did not fit is no gap but the end.
      if (client.errorCode === "slow-consumer") continue;
      const here = book.skipped + (client.partedWell ? book.list.length - book.taken : 0);
      missed += here;
      if (here > 0 && !options.drops) violate(`${client.name} missed ${here} messages`);
    }
    const { counters } = broker.context;
    if (missed > counters.dropped) {
      violate(`clients missed ${missed} messages, outboxes dropped ${counters.dropped}`);
    }
    if (options.drops && missing > engine.counters.dropped) {
      violate(`${missing} messages are missing, queues dropped ${engine.counters.dropped}`);
    }
    checkTopics();
    for (const each of transactions) checkTransaction(each);
    trace(`${missed} missed, ${missing} missing`);
  };
  /** Whoever subscribed to a topic before a SEND and stayed until its RECEIPT was given it. */
  const checkTopics = (): void => {
    for (const subscription of subscriptions.values()) {
      const { liveAt, endedAt, client, path, ack } = subscription;
      if (ack !== "auto" || !path.startsWith("/topic/") || liveAt === undefined) continue;
      const until = Math.min(endedAt ?? Infinity, client.leftAt ?? Infinity);
      for (const { uid, path: sentTo, sentAt, acceptedAt } of messages.values()) {
        if (acceptedAt === undefined || acceptedAt >= until || sentAt <= liveAt) continue;
        if (!covers(path, sentTo) || topicHands.get(subscription.id)?.has(uid) === true) continue;
        violate(`${subscription.id}, live at ${liveAt}, was not given ${uid} of ${sentAt}`);
      }
    }
  };
  /** All of a transaction, or nothing. */
  const checkTransaction = (transaction: SimTransaction): void => {
    if (transaction.state === "open" || transaction.state === "aborted" || options.drops) return;
    const done: string[] = [];
    const undone: string[] = [];
    for (const { uid, path } of transaction.sends) {
      if (!path.startsWith("/queue/")) continue;
      (byPath.has(`${path} ${uid}`) ? done : undone).push(`SEND ${uid}`);
    }
    for (const delivery of transaction.settles) {
      const { queue, uid, count, settled } = delivery;
      const past = byPath.get(`${queue?.path} ${uid}`);
      if (settled !== "accepted" || past === undefined) continue;
      (past.length > count ? undone : done).push(`ACK ${uid}`);
    }
    const shouldBeDone = transaction.state === "committed";
    if (undone.length === 0 || (done.length === 0 && !shouldBeDone)) return;
    violate(
      `transaction ${transaction.id} (${transaction.state}) did ${done.join(", ")} but not ${undone.join(", ")}`,
    );
  };

  return {
    counts,
    sent: (message) => {
      counts.sent++;
      messages.set(message.uid, message);
      if (message.transaction === undefined) return;
      transactions.add(message.transaction);
      message.transaction.sends.push(message);
    },
    subscribing: (subscription) => {
      trace(`${subscription.id} asks for ${subscription.path}, ${subscription.ack}`);
      subscriptions.set(subscription.id, subscription);
    },
    received: (client, frame) => {
      counts.received++;
      const uid = frame.get("uid");
      trace(`${uid} is received by ${client.name}`);
      const id = frame.get("subscription");
      const book = handedTo(client);
      while (book.taken < book.list.length) {
        const delivery = book.list[book.taken++];
        if (delivery !== undefined && delivery.uid === uid && delivery.subscription.id === id) {
          delivery.received = true;
          checkFrame(frame, delivery);
          const { ack, endedAt, held } = delivery.subscription;
          if (ack !== "auto" && endedAt === undefined) held.push(delivery);
          return delivery;
        }
        book.skipped++;
      }
      violate(`${client.name} received ${uid} on ${id}, which the engine did not hand to it then`);
      return undefined;
    },
    settling: (deliveries, verdict, transaction) => {
      for (const delivery of deliveries) {
        const { subscription } = delivery;
        trace(`${delivery.uid} (${delivery.count}) is ${verdict} by ${subscription.id}`);
        subscription.held.splice(subscription.held.indexOf(delivery), 1);
        delivery.settled = verdict;
        delivery.transaction = transaction;
        if (!delivery.returnedByAbort) subscription.unsettled--;
      }
      if (transaction === undefined) return;
      transactions.add(transaction);
      transaction.settles.push(...deliveries);
    },
    settled: (deliveries) => {
      counts.settled += deliveries.length;
      for (const delivery of deliveries) {
        trace(`${delivery.uid} (${delivery.count}) is settled for sure`);
        delivery.confirmed = true;
        if (delivery.settled !== "accepted" || delivery.queue === undefined) continue;
        const past = histories.get(delivery.queue)?.get(delivery.uid);
        if ((past?.length ?? 0) <= delivery.count) continue;
        violate(`${delivery.uid} was acknowledged with a RECEIPT and had come again`);
      }
    },
    aborting: (transaction) => {
      transaction.state = "aborted";
      for (const delivery of transaction.settles.splice(0)) {
        delivery.settled = undefined;
        delivery.transaction = undefined;
        delivery.returnedByAbort = true;
        const { subscription } = delivery;
        if (subscription.endedAt !== undefined) continue;
        subscription.held.push(delivery);
        subscription.held.sort((one, other) => one.number - other.number);
      }
    },
    close: closeBooks,
  };
}

function isRefused({ settled, transaction }: Delivery): boolean {
  if (settled !== "refused") return false;
  return transaction === undefined || transaction.state !== "open";
}

/** Whether a destination or pattern of a subscription covers the destination of a message. */
export function covers(pattern: string, path: string): boolean {
  const expression = pattern
    .split(/([./])/)
    .map((part) => {
      if (part === "*") return "[^./]*";
      return part === ">" ? ".*" : part.replace(/[.]/g, "\\.");
    })
    .join("");
  return new RegExp(`^${expression}$`).test(path);
}

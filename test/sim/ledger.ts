import type { Message } from "../../src/broker/message.ts";
import type { QueueEntry } from "../../src/broker/queue.ts";
import { Subscription } from "../../src/session/subscription.ts";
import type { Broker } from "../../src/stompbox.ts";
import type { ReceivedFrame } from "../support/received_frame.ts";
import { type Books, emptyBooks, type HandBook } from "./books.ts";
import { checkBooks } from "./final_checks.ts";
import { isRefused, type LetterChecks, letterChecks, lettersIn } from "./letter_checks.ts";
import {
  coversAny,
  DEAD_LETTERS,
  type Delivery,
  type History,
  type Sent,
  type SimSubscription,
  type SimTransaction,
  type SimVerdict,
} from "./records.ts";
import type { SimClient } from "./sim_client.ts";
import { backOff, policyFor, type SimPolicy, type SimRule } from "./sim_policy.ts";
import type { VirtualRuntime } from "./virtual_runtime.ts";

/** What the checkers need to know of a run. */
export interface LedgerOptions {
  readonly broker: Broker;
  readonly runtime: VirtualRuntime;
  readonly defaults: SimPolicy;
  readonly rules: readonly SimRule[];
  /** What may be dropped in this run; then so many as the broker counted may be missing. */
  readonly mayDrop: MayDrop;
  violate(what: string): void;
  trace(step: string): void;
}

/** Where limits of a run are so tight that messages may be dropped. */
export interface MayDrop {
  /** From any queue, and from outboxes. */
  readonly anything: boolean;
  /** From dead-letter queues, which drop their oldest. */
  readonly letters: boolean;
  /** From queues bound to topics, whose publishers are not refused for them. */
  readonly bound: boolean;
}

/**
 * Everything that was sent, handed over, received and settled, and the rules
 * that say what never happens. It watches at two places: what clients see,
 * and what the engine hands to subscribers (without which nobody could tell
 * a message that died with its `auto` consumer from one that was lost).
 */
export interface Ledger {
  /** A client is about to send: the parts of a composite destination, or the one there is. */
  sent(messages: readonly Sent[]): void;
  /** A client is about to subscribe. */
  subscribing(subscription: SimSubscription): void;
  /** A client received a MESSAGE; returns the delivery it is, if it is one of a message. */
  received(client: SimClient, frame: ReceivedFrame): Delivery | undefined;
  /** A client is about to send ACK or NACK for deliveries that it holds. */
  settling(
    deliveries: readonly Delivery[],
    verdict: SimVerdict,
    transaction: SimTransaction | undefined,
  ): void;
  /** The broker has confirmed those. */
  settled(deliveries: readonly Delivery[]): void;
  /** A client is about to send ABORT. */
  aborting(transaction: SimTransaction): void;
  /** Between two events: whoever may have a message that waits has it. */
  checkIdle(): void;
  /** Everything is drained and everyone is gone: checks what only then can be known. */
  close(): void;
  /** Counts, to show that a run was about something. */
  readonly counts: Readonly<Record<string, number>>;
}

/** So long after the broker could know that a client is gone it has nothing of it any more. */
const OUTLIVES_MS = 20_000;
/** How much of a queue is looked at between two events. */
const LOOK_MAX = 300;

/** Opens the books of a run and watches its engine. */
export function openLedger(options: LedgerOptions): Ledger {
  const { broker, runtime, violate, trace } = options;
  const { engine } = broker.context;
  const books: Books = emptyBooks();
  const { counts } = books;
  const sentByUid = new Map<string, readonly Sent[]>();
  const sentById = new Map<string, Sent>();
  const subscriptions = new Map<string, SimSubscription>();
  const live = new Map<Subscription, SimSubscription>();
  const orders = new Map<string, number>();
  /** Queue destinations that someone selected from: what does not match waits there. */
  const selective = new Set<string>();

  const policyOf = (path: string): SimPolicy => policyFor(path, options);
  const letters: LetterChecks = letterChecks({ books, policyOf, now: runtime.now, violate });

  const handBookOf = (client: SimClient): HandBook => {
    let book = books.handed.get(client);
    if (book === undefined) books.handed.set(client, (book = { list: [], taken: 0, skipped: 0 }));
    return book;
  };
  const checkOrder = (key: string, { effect, key: message }: Sent): void => {
    const last = orders.get(key) ?? -1;
    if (effect <= last) violate(`${message} comes behind a later message of its producer (${key})`);
    orders.set(key, effect);
  };

  // What a queue hands over.

  const isLetter = (history: History | undefined): boolean =>
    history?.queue.path.startsWith(DEAD_LETTERS) === true;
  const historyOf = (entry: QueueEntry, sent: Sent): History => {
    const known = books.histories.get(entry);
    if (known !== undefined) return known;
    const { queue } = entry;
    const history: History = { sent, queue, deliveries: [] };
    books.histories.set(entry, history);
    const isNamed = engine.queues.get(queue.path) === queue;
    if (isNamed || books.durableQueues.has(queue)) books.enter(history);
    return history;
  };
  const letGo = (delivery: Delivery): boolean => {
    const { client, endedAt } = delivery.subscription;
    const { settled, transaction } = delivery;
    if (settled === "accepted" && delivery.confirmed) return false;
    if (client.leftAt !== undefined || client.line.gone) return true;
    if (transaction?.state === "open") return false;
    if (settled === "accepted") return false;
    return settled !== undefined || endedAt !== undefined;
  };
  /** Whether the broker must have carried out the NACK of a message that came again. */
  const isSure = ({ settled, subscription, transaction, confirmed }: Delivery): boolean => {
    if (settled === undefined || settled === "accepted") return false;
    if (confirmed) return true;
    const { leftAt, line } = subscription.client;
    if (leftAt !== undefined || line.gone) return false;
    return transaction?.state !== "open" && transaction?.state !== "aborted";
  };
  const checkRefusal = (history: History, previous: Delivery, handedAt: number): void => {
    const { settled } = previous;
    if (settled === undefined || settled === "accepted" || !isSure(previous)) return;
    const { queue, sent, deliveries } = history;
    const before = deliveries.slice(0, deliveries.indexOf(previous) + 1);
    const policy = policyOf(queue.path);
    const refusals = before.filter(isSure).length;
    if (!queue.path.startsWith(DEAD_LETTERS)) {
      if (!settled.requeue) violate(`${sent.key} comes again though it was rejected for good`);
      if (refusals >= policy.maxDeliveries) {
        violate(`${sent.key} comes again from ${queue.path} after ${refusals} refusals`);
      }
    } else if (!settled.requeue) return;
    const wait = settled.delayMs ?? backOff(policy, refusals);
    const refusedAt = previous.transaction?.endedAt ?? previous.settledAt;
    if (wait > 0) counts.delayed++;
    if (handedAt >= refusedAt + wait) return;
    violate(`${sent.key} comes again ${handedAt - refusedAt} ms after its refusal, not ${wait}`);
  };
  const onQueueHand = (delivery: Delivery, message: Message, history: History): void => {
    const { subscription, sent, count, retained } = delivery;
    const { queue, deliveries } = history;
    const isLetter = queue.path.startsWith(DEAD_LETTERS);
    const previous = deliveries.at(-1);
    deliveries.push(delivery);
    if (count !== deliveries.length) {
      violate(`delivery ${deliveries.length} of ${sent.key} is counted as ${count}`);
    }
    const { ack, id, prefetch, prefetchBytes, selector } = subscription;
    if (previous !== undefined) {
      counts.redelivered++;
      const handedAt = runtime.elapsedMs;
      // A goodbye of the broker is known only when the turn is over.
      runtime.after(0, () => {
        checkRefusal(history, previous, handedAt);
        if (letGo(previous)) return;
        violate(
          `${sent.key} comes again from ${queue.path} to ${id} though ` +
            `${previous.subscription.id} has it (${Bun.inspect(previous.settled)})`,
        );
      });
    } else if (isLetter) {
      letters.onLetter(history, message);
    } else if (!retained) {
      const place = `${sent.path} ${sent.producer} ${sent.priority}`;
      if (selector === undefined) checkOrder(`${id} of ${place}`, sent);
      const inTurn = queue.path.startsWith("/queue/") && !coversAny([...selective], queue.path);
      if (inTurn) checkOrder(`dispatch of ${place}`, sent);
    }
    if (ack === "auto") return;
    if (++subscription.unsettled > prefetch) {
      violate(`${id} has ${subscription.unsettled}, prefetch ${prefetch}`);
    }
    if (subscription.unsettledBytes >= prefetchBytes) {
      violate(`${id} has ${subscription.unsettledBytes} bytes, prefetch ${prefetchBytes}`);
    }
    subscription.unsettledBytes += sent.body.length;
  };

  // What anyone hands over.

  const onTopicHand = ({ subscription, sent, retained }: Delivery): void => {
    const seen = books.seenBy(subscription);
    if (seen.has(sent.key)) violate(`${sent.key} is delivered twice to ${subscription.id}`);
    seen.add(sent.key);
    if (!retained) checkOrder(`${subscription.id} of ${sent.path} ${sent.producer}`, sent);
  };
  const onShown = (subscription: SimSubscription, sent: Sent): void => {
    counts.browsed++;
    const seen = books.seenBy(subscription);
    if (seen.has(sent.key)) violate(`${sent.key} is shown twice to ${subscription.id}`);
    seen.add(sent.key);
    if (books.browsed.has(subscription)) violate(`${subscription.id} is shown more after the end`);
    const { path, producer, priority } = sent;
    checkOrder(`${subscription.id} of ${path} ${producer} ${priority}`, sent);
  };
  /** Who browsed was shown all that had come before and that nobody was ever given. */
  const onShownAll = (subscription: SimSubscription): void => {
    if (books.browsed.has(subscription)) violate(`${subscription.id} ends twice`);
    books.browsed.add(subscription);
    if (options.mayDrop.anything) return;
    const seen = books.seenBy(subscription);
    for (const sent of books.messages) {
      const { acceptedAt, expiresAt, path, key } = sent;
      if (acceptedAt === undefined || acceptedAt >= subscription.askedAt) continue;
      if (!coversAny(subscription.paths, path) || seen.has(key)) continue;
      if (expiresAt !== 0 && expiresAt <= runtime.now()) continue;
      if (subscription.selector?.wants(sent, 1) === false) continue;
      if (books.at(path, key).length > 0) continue;
      violate(`${subscription.id} browsed and was not shown ${key}`);
    }
  };
  const checkAddress = (delivery: Delivery, entry: QueueEntry | undefined): void => {
    const { sent, subscription } = delivery;
    const { paths, client, id } = subscription;
    const isLetter = entry?.queue.path.startsWith(DEAD_LETTERS) === true;
    const wrong = (why: string): void => violate(`${sent.key} is delivered to ${id}: ${why}`);
    if (isLetter) {
      if (!coversAny(paths, entry.queue.path)) wrong(`it lies in ${entry.queue.path}`);
    } else if (sent.to !== undefined) {
      if (sent.to.owner !== client) wrong("it is for a temporary destination of another");
      if (!paths.includes(sent.to.ownPath)) wrong(`it is for ${sent.to.ownPath}`);
    } else if (!coversAny(paths, sent.path)) {
      wrong(`it was sent to ${sent.path}`);
    }
    if (subscription.selector?.wants(sent, delivery.count) === false) {
      wrong(`its selector is ${subscription.selector.text}`);
    }
    if (subscription.noLocal && sent.producer === client.name && !isLetter) {
      wrong("it is its own and no-local");
    }
    const { expiresAt } = sent;
    if (expiresAt !== 0 && runtime.now() >= expiresAt && !isLetter) {
      wrong(`it has expired ${runtime.now() - expiresAt} ms ago`);
    }
    const state = sent.transaction?.state;
    if (state === "open" || state === "aborted") wrong(`its transaction is ${state}`);
  };
  const onHand = (
    subscription: SimSubscription,
    message: Message,
    entry: QueueEntry | undefined,
  ): void => {
    const list = message.headers.list();
    const header = (name: string): string | undefined => {
      for (let at = 0; at < list.length; at += 2) if (list[at] === name) return list[at + 1];
      return undefined;
    };
    if (header("browser") === "end") return onShownAll(subscription);
    const sent = sentById.get(message.id);
    if (sent === undefined) return violate(`a message ${message.id} that nobody sent is delivered`);
    counts.handed++;
    const history = entry === undefined ? undefined : historyOf(entry, sent);
    const delivery: Delivery = {
      sent,
      subscription,
      history,
      count: entry?.deliveries ?? 1,
      number: counts.handed,
      retained: header("retained") === "true",
      received: false,
      settled: undefined,
      settledAt: 0,
      transaction: undefined,
      confirmed: false,
      returnedByAbort: false,
    };
    handBookOf(subscription.client).list.push(delivery);
    trace(`${sent.key} (${delivery.count}) is handed to ${subscription.id}`);
    checkAddress(delivery, entry);
    if (delivery.retained && !isLetter(history)) books.onRetained(delivery, violate);
    if (history !== undefined && subscription.browses) {
      violate(`${sent.key} is taken out of ${history.queue.path} for who browses it`);
    }
    if (history !== undefined) onQueueHand(delivery, message, history);
    else if (subscription.browses) onShown(subscription, sent);
    else onTopicHand(delivery);
  };

  const subscribeInEngine = engine.subscribe.bind(engine);
  engine.subscribe = (source, subscriber, about) => {
    const known =
      subscriber instanceof Subscription ? subscriptions.get(subscriber.id ?? "") : undefined;
    if (known !== undefined && subscriber instanceof Subscription && !live.has(subscriber)) {
      live.set(subscriber, known);
      const deliver = subscriber.deliver.bind(subscriber);
      subscriber.deliver = (message, entry) => {
        onHand(known, message, entry);
        return deliver(message, entry);
      };
    }
    const tie = subscribeInEngine(source, subscriber, about);
    const { queue, durable } = tie;
    if (queue !== undefined && durable !== undefined && known?.durable !== undefined) {
      known.durable.queue = queue;
      books.durableQueues.add(queue);
    }
    return tie;
  };
  const createMessage = engine.createMessage.bind(engine);
  engine.createMessage = (fields) => {
    const message = createMessage(fields);
    const list = fields.headers.list();
    const at = list.indexOf("uid");
    const parts = at < 0 ? [] : (sentByUid.get(list[at + 1] ?? "") ?? []);
    const destination = list[list.indexOf("destination") + 1];
    const sent = parts.length === 1 ? parts[0] : parts.find(({ path }) => path === destination);
    if (sent === undefined) return message;
    sentById.set(message.id, sent);
    const { ttlMs } = sent;
    const expiresAt = ttlMs === undefined ? sent.expiresAt : runtime.now() + ttlMs;
    if (message.expiresAt !== expiresAt) {
      violate(`${sent.key} expires at ${message.expiresAt}, not ${expiresAt}`);
    }
    sent.expiresAt = expiresAt;
    return message;
  };

  // What clients see.

  const checkFrame = (frame: ReceivedFrame, delivery: Delivery): void => {
    const { sent, history, count, subscription, retained } = delivery;
    const wrong = (what: string): void =>
      violate(`${sent.key} arrives at ${subscription.id}: ${what}`);
    const isLetter = history !== undefined && lettersIn(history.queue);
    const expected = (name: string, value: string | undefined): void => {
      const seen = frame.get(name);
      if (seen !== value) wrong(`${name} is ${seen}, expected ${value}`);
    };
    if (!Buffer.from(frame.body).equals(sent.body)) wrong("its body has changed");
    expected("destination", isLetter ? history.queue.path : (sent.to?.ownPath ?? sent.path));
    expected("redelivered", count > 1 ? "true" : undefined);
    if (count > 1) expected("delivery-count", String(count));
    else if (!isLetter) expected("delivery-count", undefined);
    expected("retained", retained ? "true" : undefined);
    if (sent.path.startsWith("/queue/")) {
      expected("original-destination", isLetter ? sent.path : undefined);
    }
    if (isLetter) expected("expires", undefined);
    else if (sent.expiresAt !== 0) expected("expires", String(sent.expiresAt));
    const acknowledges = subscription.ack !== "auto" && !subscription.browses;
    const acks = frame.get("ack") !== undefined;
    if (acks !== (subscription.client.version === "1.2" && acknowledges)) {
      wrong(acks ? "it has an ack header" : "it has no ack header");
    }
    if (sent.replyTo === undefined) return;
    const replyTo = frame.get("reply-to") ?? "";
    if (!/^\/remote-temp-(?:queue|topic)\/./.test(replyTo)) wrong(`reply-to is ${replyTo}`);
    else books.temporaries.set(replyTo, sent.replyTo);
  };

  /** Temporary destinations are gone with their owners. */
  const checkTemporaries = (): void => {
    for (const [remote, { owner }] of books.temporaries) {
      if (!owner.line.gone) continue;
      const path = remote.replace("/remote-", "/");
      const kind = path.startsWith("/temp-queue/") ? "temp-queue" : "temp-topic";
      const name = path.slice(kind.length + 2);
      const destination = { kind, name, path, pattern: false, remote: true } as const;
      const isThere = engine.ownPathOf(destination) !== undefined;
      if (!isThere && !engine.queues.has(path)) {
        books.temporaries.delete(remote);
        continue;
      }
      const lateMs = runtime.elapsedMs - (owner.leftAt ?? runtime.elapsedMs);
      if (lateMs > OUTLIVES_MS) violate(`${remote} outlives ${owner.name} by ${lateMs} ms`);
    }
  };

  return {
    counts,
    sent: (messages) => {
      counts.sent += messages.length;
      const [first] = messages;
      if (first === undefined) return;
      sentByUid.set(first.uid, messages);
      for (const message of messages) books.messages.push(message);
      const { transaction } = first;
      if (transaction === undefined) return;
      books.transactions.add(transaction);
      transaction.sends.push(...messages);
    },
    subscribing: (subscription) => {
      const { id, paths, ack, selector, browses } = subscription;
      trace(`${id} asks for ${paths.join(",")}, ${ack}`);
      subscriptions.set(id, subscription);
      books.subscriptions.push(subscription);
      if (selector === undefined || browses) return;
      for (const path of paths) if (path.startsWith("/queue/")) selective.add(path);
    },
    received: (client, frame) => {
      counts.received++;
      const id = frame.get("subscription");
      if (frame.get("browser") === "end") {
        const ended = subscriptions.get(id ?? "");
        if (ended !== undefined) books.browseEnds.add(ended);
        return undefined;
      }
      const uid = frame.get("uid");
      trace(`${uid} is received by ${client.name}`);
      const book = handBookOf(client);
      while (book.taken < book.list.length) {
        const delivery = book.list[book.taken++];
        if (
          delivery !== undefined &&
          delivery.sent.uid === uid &&
          delivery.subscription.id === id
        ) {
          delivery.received = true;
          checkFrame(frame, delivery);
          const { ack, endedAt, held, browses } = delivery.subscription;
          if (ack !== "auto" && !browses && endedAt === undefined) held.push(delivery);
          return delivery;
        }
        book.skipped++;
      }
      violate(`${client.name} received ${uid} on ${id}, which the engine did not hand to it then`);
      return undefined;
    },
    settling: (deliveries, verdict, transaction) => {
      for (const delivery of deliveries) {
        const { subscription, sent } = delivery;
        trace(`${sent.key} (${delivery.count}) is ${Bun.inspect(verdict)} by ${subscription.id}`);
        subscription.held.splice(subscription.held.indexOf(delivery), 1);
        delivery.settled = verdict;
        delivery.settledAt = runtime.elapsedMs;
        delivery.transaction = transaction;
        if (delivery.returnedByAbort) continue;
        subscription.unsettled--;
        subscription.unsettledBytes -= sent.body.length;
      }
      if (transaction === undefined) return;
      books.transactions.add(transaction);
      transaction.settles.push(...deliveries);
    },
    settled: (deliveries) => {
      counts.settled += deliveries.length;
      for (const delivery of deliveries) {
        const { sent, count, history } = delivery;
        trace(`${sent.key} (${count}) is settled for sure`);
        delivery.confirmed = true;
        if (delivery.settled !== "accepted" || history === undefined) continue;
        if (history.deliveries.length <= count) continue;
        violate(`${sent.key} was acknowledged with a RECEIPT and had come again`);
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
    checkIdle: () => {
      if (!runtime.idle) return;
      checkTemporaries();
      for (const [subscription, known] of live) {
        if (subscription.ended) live.delete(subscription);
        else if (!known.browses && subscription.credit > 0) {
          checkServed(subscription, { known, sentById, violate });
        }
      }
    },
    close: () => {
      checkTemporaries();
      checkBooks({ ...options, books, policyOf, isRefused });
      trace(`closed: ${Bun.inspect(counts)}`);
    },
  };
}

/** Nothing that a subscription with credit wants waits in its queues, whatever stands before it. */
function checkServed(
  subscription: Subscription,
  about: {
    known: SimSubscription;
    sentById: ReadonlyMap<string, Sent>;
    violate: (what: string) => void;
  },
): void {
  const { known, sentById, violate } = about;
  for (const { queue, pattern } of subscription.attachments) {
    const queues = [...(pattern?.queues ?? []), ...(queue === undefined ? [] : [queue])];
    for (const each of queues) {
      for (const { message, deliveries } of each.browse(undefined, LOOK_MAX)) {
        const sent = sentById.get(message.id);
        if (sent === undefined || known.selector?.wants(sent, deliveries + 1) === false) continue;
        violate(`${known.id} has credit and ${sent.key} waits for it in ${each.path}`);
        return;
      }
    }
  }
}

import type { LedgerOptions } from "./ledger.ts";
import type { Books } from "./books.ts";
import {
  coversAny,
  DEAD_LETTERS,
  deadLettersOf,
  type Delivery,
  type History,
  type Sent,
  type SimSubscription,
  type SimTransaction,
} from "./records.ts";
import type { SimPolicy } from "./sim_policy.ts";

/** What the checks at the end need to know. */
export interface FinalOptions extends LedgerOptions {
  readonly books: Books;
  readonly policyOf: (path: string) => SimPolicy;
  readonly isRefused: (delivery: Delivery) => boolean;
}

/** Something is missing from where it may be dropped, or not. */
type Place = "queue" | "letters" | "bound";

/** A subscriber that was there for so long was given what it was owed. */
const SETTLED_MS = 5_000;
const ROOMY_BYTES = 65_536;

/** Checks what can be known only when everything is drained and everyone is gone. */
export function checkBooks(options: FinalOptions): void {
  const { broker, books, violate, trace, mayDrop, runtime, policyOf } = options;
  const { engine } = broker.context;
  let dropped = 0;
  let expired = 0;

  const lost = (what: string, place: Place): void => {
    trace(`missing: ${what}`);
    const may =
      mayDrop.anything ||
      (place === "letters" && mayDrop.letters) ||
      (place === "bound" && mayDrop.bound);
    if (may) dropped++;
    else violate(`Lost: ${what}`);
  };
  /** Whether the dead letters of a path have it, or had to drop it. */
  const isLetter = (path: string, key: string): boolean =>
    books.at(deadLettersOf(path), key).length > 0;
  const hasExpired = ({ expiresAt }: Sent): boolean =>
    expiresAt !== 0 && expiresAt <= runtime.now();
  /** It is neither delivered nor acknowledged: it must have died, and properly. */
  const checkDead = (sent: Sent, about: { path: string; place: Place; why: string }): void => {
    const { path, place, why } = about;
    if (isLetter(path, sent.key)) return;
    if (hasExpired(sent) && !path.startsWith(DEAD_LETTERS)) {
      if (!policyOf(path).deadLetterExpired) expired++;
      else lost(`${sent.key} expired in ${path} and is no dead letter`, "letters");
      return;
    }
    lost(`${sent.key} of ${path}: ${why}`, place);
  };
  const checkHistory = (history: History, place: Place): void => {
    const { sent, queue, deliveries } = history;
    const last = deliveries.at(-1);
    const why = last === undefined ? undefined : whyOpen(last);
    if (why === undefined || last === undefined) return;
    const isTemporary = queue.path.startsWith("/temp-queue/");
    if (isTemporary && !isLetter(queue.path, sent.key)) return;
    const isDead = last.settled !== "accepted" && last.settled !== undefined;
    checkDead(sent, {
      path: queue.path,
      place: isDead && place !== "bound" ? "letters" : place,
      why: `delivery ${last.count}: ${why}`,
    });
  };

  for (const history of books.histories.values()) {
    const { queue, sent } = history;
    if (books.in(queue, sent.key) !== history) continue;
    const isLetters = queue.path.startsWith(DEAD_LETTERS);
    const isDurable = books.durableQueues.has(queue);
    if (isDurable && books.subscriptions.some(isDeletedWith(history))) continue;
    checkHistory(history, isLetters ? "letters" : isDurable ? "bound" : "queue");
  }
  for (const sent of books.messages) {
    const { acceptedAt, path, key } = sent;
    if (acceptedAt === undefined || !path.startsWith("/queue/")) continue;
    if (books.at(path, key).length > 0) continue;
    checkDead(sent, { path, place: "queue", why: "never delivered" });
  }
  checkDurables();
  checkOutboxes(options);
  // Where messages may be dropped, one that is missing may have expired before or after.
  const { counters } = engine;
  const mayDropSome = mayDrop.anything || mayDrop.bound || mayDrop.letters;
  if (dropped + expired > counters.dropped + counters.expired) {
    violate(`${dropped} messages are missing, queues dropped ${counters.dropped}`);
  }
  if (expired > counters.expired && !mayDropSome) {
    violate(`${expired} messages expired, the broker counted ${counters.expired}`);
  }
  for (const each of books.subscriptions) {
    checkTopic(each, options);
    checkRetained(each, options);
    checkBrowsed(each, options);
  }
  for (const each of books.transactions) checkTransaction(each, options);
  for (const sent of books.messages) checkComposite(sent, options);
  checkTemporaries(options);

  /** Whatever was sent while it was there, with a subscriber or without, went into it. */
  function checkDurables(): void {
    const all = new Set(books.subscriptions.flatMap(({ durable }) => durable ?? []));
    for (const { queue, liveAt, deletedAt, path, selector, key: name } of all) {
      if (liveAt === undefined) continue;
      for (const sent of books.messages) {
        const { acceptedAt, sentAt, key } = sent;
        if (acceptedAt === undefined || sentAt <= liveAt) continue;
        if (deletedAt !== undefined) continue;
        if (!coversAny([path], sent.path) || selector?.wants(sent, 1) === false) continue;
        if (books.in(queue, key) !== undefined) continue;
        if (hasExpired(sent)) continue;
        lost(`${key} of durable ${name}: never delivered`, "bound");
      }
    }
  }
}

/** Whether a durable subscription was deleted, so that its queue went with what was in it. */
function isDeletedWith({ queue }: History): (subscription: SimSubscription) => boolean {
  return ({ durable }) =>
    durable?.deletedAt !== undefined && (durable.queue === queue || durable.deletedQueue === queue);
}

/** Why a delivery does not settle its message; undefined if it does. */
function whyOpen(delivery: Delivery): string | undefined {
  const { subscription, settled, transaction } = delivery;
  if (subscription.ack === "auto") {
    if (delivery.received || !subscription.client.partedWell) return undefined;
    return "it never arrived, though its consumer parted well";
  }
  if (transaction?.state === "open" || transaction?.state === "aborted") {
    return `its transaction is ${transaction.state}`;
  }
  if (settled === "accepted") return undefined;
  return settled === undefined ? "nobody settled it" : "it was refused and is no dead letter";
}

/** What clients missed though they read on, or parted well, is what an outbox dropped. */
function checkOutboxes({ books, broker, mayDrop, violate, trace }: FinalOptions): void {
  let missed = 0;
  for (const [client, book] of books.handed) {
    // It was over its budget: what did not fit is no gap but the end.
    if (client.errorCode === "slow-consumer") continue;
    const here = book.skipped + (client.partedWell ? book.list.length - book.taken : 0);
    missed += here;
    if (here > 0 && !mayDrop.anything) violate(`${client.name} missed ${here} messages`);
  }
  const { counters } = broker.context;
  trace(`${missed} missed`);
  if (missed > counters.dropped) {
    violate(`clients missed ${missed} messages, outboxes dropped ${counters.dropped}`);
  }
}

/** Whoever subscribed to a topic before a SEND and stayed until its RECEIPT was given it. */
function checkTopic(subscription: SimSubscription, { books, violate }: FinalOptions): void {
  const { liveAt, endedAt, client, paths, ack, selector, noLocal, durable, id } = subscription;
  if (ack !== "auto" || liveAt === undefined || durable !== undefined) return;
  const until = Math.min(endedAt ?? Infinity, client.leftAt ?? Infinity);
  const seen = books.seenBy(subscription);
  for (const sent of books.messages) {
    const { key, path, sentAt, acceptedAt, to, producer, expiresAt } = sent;
    if (acceptedAt === undefined || acceptedAt >= until || sentAt <= liveAt) continue;
    if (to !== undefined) {
      if (!path.startsWith("/remote-temp-topic/") || to.owner !== client) continue;
      if (!paths.includes(to.ownPath)) continue;
    } else if (!path.startsWith("/topic/") || !coversAny(paths, path)) continue;
    if (noLocal && producer === client.name) continue;
    // What names a time, or waits in a transaction, may come too late.
    const mayBeLate = sent.ttlMs === undefined || sent.transaction !== undefined;
    if (seen.has(key) || (expiresAt !== 0 && mayBeLate)) continue;
    if (selector?.wants(sent, 1) === false) continue;
    violate(`${id}, live at ${liveAt}, was not given ${key} of ${sentAt}`);
  }
}

/** Whoever subscribes to a topic is given what it keeps. */
function checkRetained(subscription: SimSubscription, options: FinalOptions): void {
  const { books, broker, mayDrop, violate } = options;
  const { liveAt, askedAt, endedAt, client, paths, ack, durable, selector, id } = subscription;
  // With less room than that it may come so late that another was kept meanwhile, and given live.
  const isRoomy = broker.context.limits.outboxBytesMax >= ROOMY_BYTES;
  if (mayDrop.anything || ack !== "auto" || liveAt === undefined || durable !== undefined) return;
  const until = Math.min(endedAt ?? Infinity, client.leftAt ?? Infinity);
  if (until < liveAt + SETTLED_MS || client.errorCode !== undefined) return;
  const ops = books.messages.filter(
    ({ retain, path }) => retain !== undefined && coversAny(paths, path),
  );
  const seen = books.seenBy(subscription);
  for (const sent of ops) {
    const { acceptedAt, sentAt, retain, path, key, expiresAt } = sent;
    if (retain !== "set" || acceptedAt === undefined || acceptedAt >= askedAt) continue;
    if (expiresAt !== 0 || selector?.wants(sent, 1) === false || seen.has(key)) continue;
    const others = ops.filter((other) => other !== sent && other.path === path);
    const isKept = others.every(
      (other) =>
        (other.sentAt > liveAt && (isRoomy || !seen.has(other.key))) ||
        (other.acceptedAt !== undefined && other.acceptedAt < sentAt),
    );
    if (isKept) violate(`${id} was not given ${key}, which its topic keeps`);
  }
}

/** Whoever browses comes to the end. */
function checkBrowsed(subscription: SimSubscription, { books, violate }: FinalOptions): void {
  const { browses, client, liveAt, endedAt, id } = subscription;
  if (!browses || liveAt === undefined || endedAt !== undefined || !client.partedWell) return;
  if ((client.leftAt ?? 0) < liveAt + SETTLED_MS) return;
  if (!books.browsed.has(subscription)) violate(`${id} browses without end`);
  else if (!books.browseEnds.has(subscription)) violate(`${id} was not told the end`);
}

/** Whether a message came to the queue it was sent to; undefined if nobody can know. */
function isDone({ path, key, expiresAt }: Sent, books: Books): boolean | undefined {
  if (!path.startsWith("/queue/") || expiresAt !== 0) return undefined;
  return books.at(path, key).length > 0;
}

/** All of a transaction, or nothing. */
function checkTransaction(transaction: SimTransaction, options: FinalOptions): void {
  const { books, violate, mayDrop } = options;
  const { id, state, sends, settles } = transaction;
  if (state === "open" || state === "aborted" || mayDrop.anything) return;
  const done: string[] = [];
  const undone: string[] = [];
  for (const sent of sends) {
    const isIn = isDone(sent, books);
    if (isIn !== undefined) (isIn ? done : undone).push(`SEND ${sent.key}`);
  }
  for (const { history, count, settled, sent } of settles) {
    const queue = history?.queue;
    if (settled !== "accepted" || history === undefined || sent.expiresAt !== 0) continue;
    if (books.in(queue, sent.key) !== history) continue;
    if (books.subscriptions.some(isDeletedWith(history))) continue;
    // Letters may go for want of room, temporary queues with their owner.
    if (queue?.path.startsWith("/temp-queue/") || queue?.path.startsWith(DEAD_LETTERS)) continue;
    (history.deliveries.length > count ? undone : done).push(`ACK ${sent.key}`);
  }
  const shouldBeDone = state === "committed";
  if (undone.length === 0 || (done.length === 0 && !shouldBeDone)) return;
  violate(`transaction ${id} (${state}) did ${done.join(", ")} but not ${undone.join(", ")}`);
}

/** All parts of a composite destination, or none. */
function checkComposite(sent: Sent, { books, mayDrop, violate }: FinalOptions): void {
  const { siblings, uid } = sent;
  if (siblings[0] !== sent || siblings.length < 2 || mayDrop.anything) return;
  const known = siblings.map((each) => ({ path: each.path, isIn: isDone(each, books) }));
  const went = known.filter(({ isIn }) => isIn === true).map(({ path }) => path);
  const missing = known.filter(({ isIn }) => isIn === false).map(({ path }) => path);
  if (went.length === 0 || missing.length === 0) return;
  violate(`${uid} came to ${went.join(" and ")} but not to ${missing.join(" and ")}`);
}

/** Temporary destinations were there as long as their owners. */
function checkTemporaries({ books, violate, mayDrop }: FinalOptions): void {
  if (mayDrop.anything) return;
  for (const { to, path, key, acceptedAt, expiresAt } of books.messages) {
    if (to === undefined || acceptedAt === undefined || expiresAt !== 0) continue;
    const { owner, ownPath } = to;
    if (!path.startsWith("/remote-temp-queue/") || !owner.partedWell) continue;
    if (acceptedAt + SETTLED_MS > (owner.leftAt ?? 0)) continue;
    const reader = books.subscriptions.find(
      ({ client, paths }) => client === owner && paths.includes(ownPath),
    );
    if (reader?.ack !== "auto" || reader.endedAt !== undefined) continue;
    if (books.at(path.replace("/remote-", "/"), key).length > 0) continue;
    violate(`Lost: ${key} for ${ownPath} of ${owner.name}`);
  }
}

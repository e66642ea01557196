import {
  type Destination,
  type DestinationUse,
  isSystemName,
  parseDestination,
  remotePath,
  splitComposite,
} from "../broker/destination.ts";
import type { Memory } from "../broker/memory.ts";
import {
  headerList,
  type HeaderValues,
  type Message,
  type MessageFields,
  type MessageHeaders,
} from "../broker/message.ts";
import type { MessageFilter } from "../broker/subscriber.ts";
import type { Attachment, SubscribeOptions } from "../engine/attachment.ts";
import type { LocalEngine } from "../engine/local.ts";
import {
  createSource,
  type Operation,
  type Publication,
  type Source,
  type Verdict,
} from "../engine/operation.ts";
import { Fault, quote } from "../fault.ts";
import { Acks, heldBy, heldUpTo } from "./acks.ts";
import type { Runtime } from "../runtime.ts";
import { detach } from "./detach.ts";
import { canonicalDestination } from "./dialect.ts";
import type { SessionLimits } from "./limits.ts";
import { startingBehind } from "./starting_behind.ts";
import { SubscriptionTable } from "./subscription_table.ts";
import {
  type AckMode,
  type Held,
  NAMELESS,
  Subscription,
  type SubscriptionOwner,
} from "./subscription.ts";
import { Transactions } from "./transaction.ts";

/** What all sessions share. */
export interface SessionContext {
  readonly engine: LocalEngine;
  readonly limits: SessionLimits;
  readonly memory: Memory;
  /** Unique to this run; ids of deliveries begin with it. */
  readonly boot: string;
  /** `id`: an unguessable name for a temporary destination. */
  readonly runtime: Pick<Runtime, "id">;
  /** Reads a selector. @throws Fault `bad-selector` */
  readonly filterOf: (selector: string) => MessageFilter;
}

/** What one session has of its own. */
export interface SessionOptions {
  /** Tells sessions of one run apart. */
  readonly name: string | number;
  /** Whether it may subscribe to what the broker says of itself, below `$system`. */
  readonly seesSystem: boolean;
}

/** A message that a client sends. */
export interface Draft extends MessageFields {
  readonly destination: string;
  /** Where to keep what the destination is, for others that are sent there with the same headers. */
  readonly known?: { destination: Destination | undefined };
  /** The destination that a reply is to go to, if the message names one. */
  readonly replyTo: string | undefined;
  /** What becomes of the topic's retained message. */
  readonly retain: "keep" | "remove" | undefined;
  /** The transaction that it is part of. */
  readonly transaction: string | undefined;
}

/** What a client subscribes to, and how. */
export interface SubscriptionRequest {
  /** Undefined in 1.0, where an id is optional. */
  readonly id: string | undefined;
  readonly destination: string;
  readonly ack: AckMode;
  /** Unacknowledged messages allowed; undefined for the default. */
  readonly prefetch: number | undefined;
  /** Unacknowledged bytes allowed; undefined for no limit. */
  readonly prefetchBytes?: number | undefined;
  readonly selector?: string | undefined;
  readonly noLocal?: boolean | undefined;
  readonly browse?: boolean | undefined;
  /** The name under which it outlives the connection, on topics. */
  readonly durableName?: string | undefined;
}

/** How a client names the delivery that it settles. */
export interface AckTarget {
  /** The id of a delivery, or a message id. */
  readonly id: string;
  /** The subscription's id, where the client must name it. */
  readonly subscription: string | undefined;
}

const NONE: readonly Attachment[] = [];

const KEEP_DURABLE = { delete: false, name: undefined };

/** From so many bytes on a subscription needs room in the memory budget. */
const LARGE_SUBSCRIPTION = 4096;
/** Ids of ended subscriptions longer than that are not remembered. */
const ENDED_ID_MAX = 256;
/** Subscriptions of one session to queues by wildcard: each joins every queue that it covers. */
const QUEUE_PATTERNS_MAX = 16;

/** Called once: without a fault when accepted. */
export type Done = (fault?: Fault) => void;

/**
 * What one client may do, whatever it speaks: publish, subscribe, settle, and
 * transactions over the three, under its limits. Knows no frame.
 */
export class Session {
  /** ACKs and NACKs that named nothing that is held, and did no harm. */
  staleAcks = 0;
  /** What the client calls itself; part of the key of its durable subscriptions. */
  clientId: string | undefined = undefined;
  readonly #context: SessionContext;
  readonly #owner: SubscriptionOwner;
  readonly #name: string | number;
  readonly #seesSystem: boolean;
  readonly #source: Source = createSource();
  /** These are made when first needed: most clients never do. */
  #acks: Acks | undefined;
  #transactions: Transactions | undefined;
  readonly #subscriptions = new SubscriptionTable();
  /** Ids whose subscription ended on this session: a few, the latest. */
  #endedIds: Set<string> | undefined;
  /** Number of the latest message delivered: "given before" is a comparison. */
  #latestMessage = 0;
  #anonymous = 0;
  /** Ids of subscriptions that a `reply-to` made. */
  #implicit: Set<string> | undefined;
  #closed = false;

  constructor(owner: SubscriptionOwner, context: SessionContext, options: SessionOptions) {
    this.#owner = owner;
    this.#context = context;
    this.#name = options.name;
    this.#seesSystem = options.seesSystem;
  }

  /** What the client holds and has not settled. */
  get acks(): Acks {
    return (this.#acks ??= new Acks(`${this.#context.boot}.${this.#name}-`));
  }

  /** Deliveries that it holds. */
  get unacknowledged(): number {
    return this.#acks?.size ?? 0;
  }

  /** Subscriptions that are live. */
  get subscriptions(): Pick<SubscriptionTable, "size" | "values"> {
    return this.#subscriptions;
  }

  /** Transactions that are open. */
  get transactions(): number {
    return this.#transactions?.ids.length ?? 0;
  }

  /** Whether so much of it waits for the store that no more should be taken in. */
  get saturated(): boolean {
    const { operations, bytes } = this.#source;
    if (operations === 0) return false;
    const { pendingOperationsMax, pendingBytesMax } = this.#context.limits;
    return operations > pendingOperationsMax || bytes > pendingBytesMax;
  }

  /** The client was given a message of that number. */
  noteDelivered(messageNumber: number): void {
    if (messageNumber > this.#latestMessage) this.#latestMessage = messageNumber;
  }

  /**
   * Publishes a message, or adds it to a transaction: to each part of a
   * composite destination, all or none. Returns the (first) message. The draft
   * is not looked at afterwards.
   *
   * @throws Fault `bad-destination`, `unknown-transaction`, `transaction-too-large`
   */
  publish(draft: Draft, done: Done): Message | undefined {
    const { transaction } = draft;
    const open = transaction === undefined ? undefined : this.#opened.get(transaction);
    const simple = open === undefined ? this.#simplePublication(draft) : undefined;
    if (simple !== undefined) {
      if (!this.#context.engine.applyOne(this.#source, simple, done)) this.#owner.holdBack();
      return simple.message;
    }
    const operations = this.#publications(draft);
    const first = operations[0]?.message;
    if (open === undefined) {
      if (!this.#context.engine.apply(this.#source, operations, done)) this.#owner.holdBack();
      return first;
    }
    const bytes = operations.reduce((sum, { message }) => sum + message.size, 0);
    this.#opened.checkRoom(open, operations.length, bytes);
    for (const each of operations) this.#opened.add(open, each, each.message.size);
    done();
    return first;
  }

  /**
   * Subscribes. Live when it returns; queues deliver once `open` is called.
   *
   * @throws Fault `duplicate-subscription`, `too-many-subscriptions`,
   * `bad-destination`, `partial-wildcard`, `bad-selector`, `too-many-destinations`
   */
  subscribe(request: SubscriptionRequest): Subscription {
    const { id } = request;
    const destinations = splitComposite(request.destination).map((leaf) =>
      this.#destination(leaf, "subscribe"),
    );
    this.#endImplicit(request, destinations);
    if (id !== undefined && this.#subscriptions.get(id) !== undefined) {
      throw new Fault(
        "duplicate-subscription",
        `Cannot subscribe with id ${quote(id)}: this connection has a subscription with that id`,
      );
    }
    const { subscriptionsMax } = this.#context.limits;
    if (this.#subscriptions.size >= subscriptionsMax) {
      throw new Fault(
        "too-many-subscriptions",
        `Cannot subscribe: ${subscriptionsMax} subscriptions are open, the limit of a connection`,
      );
    }
    const patterns = destinations.filter((each) => each.kind === "queue" && each.pattern).length;
    if (patterns > 0) this.#checkQueuePatterns(patterns);
    const cost = subscriptionCost({ id, named: request.destination });
    // A plain one is never refused for want of memory: consumers are what makes room.
    if (cost > LARGE_SUBSCRIPTION && this.#context.memory.exceededBy(cost)) {
      throw new Fault("memory-full", "Cannot subscribe: no memory left for one more subscription");
    }
    const subscription = this.#newSubscription(request);
    subscription.attachments = this.#attach(subscription, { request, destinations });
    this.#context.memory.used += cost;
    this.#subscriptions.add(subscription);
    this.#endedIds?.delete(id ?? "");
    this.#owner.subscribed(subscription);
    return subscription;
  }

  /** Queues may deliver to the subscription, a batch's worth. */
  open(subscription: Subscription): void {
    if (subscription.ended) return;
    subscription.openWindow();
    this.#resume(subscription);
  }

  /**
   * Ends a subscription by its id, or in 1.0 the oldest one without an id to
   * exactly that destination. What it held returns at once. One that ended
   * before is ignored: user-interface frameworks unsubscribe twice. A durable
   * subscription stays, unless it is to be deleted; then its name will do if
   * nobody has it now.
   *
   * @throws Fault `unknown-subscription`
   */
  unsubscribe(
    name: { readonly id: string } | { readonly destination: string },
    durable: { readonly delete: boolean; readonly name: string | undefined } = KEEP_DURABLE,
  ): void {
    const key = "id" in name ? name.id : this.#anonymousKey(name.destination);
    const subscription = key === undefined ? undefined : this.#subscriptions.get(key);
    if (key === undefined || subscription === undefined) {
      const deletes = durable.delete && durable.name !== undefined;
      if (deletes && this.#context.engine.deleteDurables(this.#durableKey(durable.name ?? "")) > 0)
        return;
      const what = "id" in name ? name.id : name.destination;
      if (this.#endedIds?.has(what) === true) return;
      throw new Fault(
        "unknown-subscription",
        "id" in name
          ? `Cannot unsubscribe id ${quote(name.id)}: this connection has no such subscription`
          : `Cannot unsubscribe ${quote(name.destination)}: this connection has no subscription without an id to it`,
      );
    }
    const kept = subscription.attachments.flatMap((each) => each.durable ?? []);
    this.#end(key, subscription);
    if (durable.delete) for (const each of kept) this.#context.engine.deleteDurable(each);
    this.#endedIds ??= new Set();
    if (this.#endedIds.size >= this.#context.limits.subscriptionsMax) this.#endedIds.clear();
    const ended = subscription.id ?? subscription.named;
    if (ended.length <= ENDED_ID_MAX) this.#endedIds.add(ended);
  }

  /**
   * Settles a delivery and, in `client` mode, those before it in the same
   * subscription; in a transaction when it commits. What names nothing that
   * is held, but was given before, is ignored and counted. Returns the message
   * that was named, if it was held.
   *
   * @throws Fault `unknown-ack`, `unknown-subscription`, `unknown-transaction`
   */
  settle(
    target: AckTarget,
    verdict: Verdict,
    options: { readonly transaction: string | undefined; readonly done: Done },
  ): Message | undefined {
    const transaction =
      options.transaction === undefined ? undefined : this.#opened.get(options.transaction);
    const held = this.#find(target);
    if (held === undefined) {
      this.staleAcks++;
      options.done();
      return undefined;
    }
    if (held.bound) {
      throw new Fault(
        "unknown-ack",
        `Cannot settle ${quote(target.id)}: a transaction that is open settles it already`,
      );
    }
    const { isFull } = held.subscription;
    if (transaction === undefined && held.subscription.ack !== "client") {
      this.acks.release(held);
      const settlement: Operation = { kind: "settle", entry: held.entry, verdict };
      this.#context.engine.applyOne(this.#source, settlement, options.done);
      if (isFull) this.#resume(held.subscription);
      return held.entry.message;
    }
    const all = held.subscription.ack === "client" ? heldUpTo(held) : [held];
    const operations = all.map(({ entry }): Operation => ({ kind: "settle", entry, verdict }));
    if (transaction !== undefined) {
      this.#opened.checkRoom(transaction, operations.length, 0);
      for (const each of all) this.acks.bind(each);
      transaction.bound.push(...all);
      for (const each of operations) this.#opened.add(transaction, each, 0);
      options.done();
    } else {
      for (const each of all) this.acks.release(each);
      this.#context.engine.apply(this.#source, operations, options.done);
    }
    if (isFull) this.#resume(held.subscription);
    return held.entry.message;
  }

  /** @throws Fault `duplicate-transaction`, `too-many-transactions` */
  begin(id: string): void {
    this.#opened.begin(id);
  }

  /** Applies a transaction, all of it or nothing. @throws Fault `unknown-transaction` */
  commit(id: string, done: Done): void {
    const { operations, bound } = this.#opened.end(id);
    const unpressed = this.#context.engine.apply(this.#source, operations, (fault) => {
      for (const held of bound) {
        if (fault !== undefined) this.#undo(held);
        else this.acks.release(held);
      }
      done(fault);
    });
    if (!unpressed) this.#owner.holdBack();
  }

  /** Undoes a transaction. @throws Fault `unknown-transaction` */
  abort(id: string, done: Done): void {
    for (const held of this.#opened.end(id).bound) this.#undo(held);
    // In its place behind what the same client applied before.
    this.#context.engine.apply(this.#source, [], done);
  }

  /** Has `done` called once everything applied so far is accepted. */
  flush(done: Done): void {
    this.#context.engine.apply(this.#source, [], done);
  }

  /** The client is gone: transactions are undone, what it held returns. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const id of this.#transactions?.ids ?? []) {
      for (const held of this.#opened.end(id).bound) this.#undo(held);
    }
    // All leave before anything returns, or it would come to the next of them.
    for (const subscription of this.#subscriptions.values()) this.#detach(subscription);
    for (const subscription of this.#subscriptions.values()) this.#returnHeld(subscription);
    this.#subscriptions.clear();
    this.#context.engine.end(this.#source);
  }

  get #opened(): Transactions {
    const { limits, memory } = this.#context;
    return (this.#transactions ??= new Transactions(limits, memory));
  }

  #destination(text: string, use: DestinationUse): Destination {
    const { unprefixed } = this.#context.limits;
    const destination = parseDestination(canonicalDestination(text, unprefixed), use);
    const { kind, remote } = destination;
    if (isSystemName(destination.name)) this.#checkSystem(destination, use);
    if (remote || kind === "queue" || kind === "topic") return destination;
    return this.#temporary(destination);
  }

  #temporary(destination: Destination): Destination {
    const own = { ...destination, path: detach(destination.path) };
    return this.#context.engine.temporary(this.#source, own, this.#context.runtime.id);
  }

  /** Below `$system` the broker alone publishes, and not everyone may listen. */
  #checkSystem({ path, kind }: Destination, use: DestinationUse): void {
    if (kind !== "topic") return;
    if (use === "send") {
      throw new Fault("forbidden", `Cannot send to ${quote(path)}: only the broker itself does`);
    }
    if (this.#seesSystem) return;
    throw new Fault(
      "forbidden",
      `Cannot subscribe to ${quote(path)}: until there are accounts only who connects from the ` +
        "broker's own machine, to a listener that no other can reach, may",
    );
  }

  /** What becomes of a SEND whose destination is known, and nothing of which is to be changed. */
  #simplePublication(draft: Draft): Publication | undefined {
    const destination = draft.known?.destination;
    if (destination === undefined || draft.replyTo !== undefined) return undefined;
    const message = this.#context.engine.createMessage(draft);
    const retain = destination.kind === "topic" ? draft.retain : undefined;
    return { kind: "publish", message, destination, retain };
  }

  /** What becomes of a SEND: a publication for each part of its destination. */
  #publications(draft: Draft): readonly Publication[] {
    const replyTo = this.#replyTo(draft.replyTo);
    const { known } = draft;
    const destination = known?.destination;
    if (destination !== undefined) {
      return [this.#publication(draft, { destination, replyTo, composite: undefined })];
    }
    const leaves = splitComposite(draft.destination);
    return leaves.map((leaf) => {
      const destination = this.#destination(leaf, "send");
      // Just as it is written, it is the same for everybody and at any time.
      const isPlain = destination.kind === "queue" || destination.kind === "topic";
      const isKnown = isPlain && !destination.remote && destination.path === draft.destination;
      if (isKnown && known !== undefined) known.destination = destination;
      return this.#publication(draft, {
        ...{ destination, replyTo },
        composite: leaves.length > 1 ? leaf : undefined,
      });
    });
  }

  /** What becomes of one part of a SEND's destination; `composite` is that part if there are others. */
  #publication(
    draft: Draft,
    about: { destination: Destination; replyTo: string | undefined; composite: string | undefined },
  ): Publication {
    const { destination, replyTo, composite } = about;
    // The owner of a temporary destination sees its own name for it.
    const own = destination.remote ? this.#context.engine.ownPathOf(destination) : undefined;
    const shown = own ?? composite;
    const headers =
      shown === undefined && replyTo === undefined
        ? draft.headers
        : withChanged(draft.headers, { destination: shown, "reply-to": replyTo });
    const { body, priority, expiresAt, arrivedAt, persistent, retain } = draft;
    const message = this.#context.engine.createMessage({
      headers,
      body,
      priority,
      expiresAt,
      arrivedAt,
      persistent,
    });
    const retains = destination.kind === "topic" ? retain : undefined;
    return { kind: "publish", message, destination, retain: retains };
  }

  /**
   * What the receiver is told for a `reply-to` that names a temporary
   * destination; undefined if it stays as it is. A temporary queue that the
   * client has not subscribed to is subscribed to for it, as RabbitMQ does.
   */
  #replyTo(text: string | undefined): string | undefined {
    if (text === undefined) return undefined;
    const own = parseDestination(
      canonicalDestination(text, this.#context.limits.unprefixed),
      "send",
    );
    if (own.remote || (own.kind !== "temp-queue" && own.kind !== "temp-topic")) return undefined;
    const { path } = this.#temporary(own);
    if (own.kind === "temp-queue" && !this.#isSubscribedTo(path)) {
      this.subscribe({ id: own.path, destination: own.path, ack: "auto", prefetch: undefined });
      this.#implicit ??= new Set();
      this.#implicit.add(own.path);
    }
    return remotePath(path);
  }

  #isSubscribedTo(path: string): boolean {
    for (const { attachments } of this.#subscriptions.values()) {
      if (attachments.some(({ queue }) => queue?.path === path)) return true;
    }
    return false;
  }

  /** An explicit subscription takes the place of one that was made for a `reply-to`. */
  #endImplicit(request: SubscriptionRequest, destinations: readonly Destination[]): void {
    for (const id of this.#implicit ?? []) {
      const implicit = this.#subscriptions.get(id);
      const path = implicit?.attachments[0]?.queue?.path;
      if (id !== request.id && !destinations.some((each) => each.path === path)) continue;
      this.#implicit?.delete(id);
      if (implicit !== undefined) this.#end(id, implicit);
    }
  }

  #newSubscription(request: SubscriptionRequest): Subscription {
    const { ack, selector } = request;
    return new Subscription(this.#owner, {
      key: request.id ?? `${NAMELESS}${++this.#anonymous}`,
      named: request.destination,
      ack,
      prefetch:
        ack === "auto" ? Infinity : (request.prefetch ?? this.#context.limits.prefetchDefault),
      prefetchBytes: request.prefetchBytes ?? Infinity,
      filter: selector === undefined ? undefined : this.#context.filterOf(selector),
      excludes: request.noLocal === true ? this.#source : undefined,
      browses: request.browse === true,
    });
  }

  /** Ties a subscription to all its destinations, or to none. */
  #attach(
    subscription: Subscription,
    about: { request: SubscriptionRequest; destinations: readonly Destination[] },
  ): readonly Attachment[] {
    const { request, destinations } = about;
    const attachments: Attachment[] = [];
    try {
      for (const destination of destinations) {
        const options = this.#subscribeOptions(subscription, { request, destination });
        const wanted = { destination, options };
        attachments.push(this.#context.engine.subscribe(this.#source, subscription, wanted));
      }
    } catch (error) {
      for (const each of attachments) {
        this.#context.engine.unsubscribe(each);
        if (each.durable !== undefined && each.madeDurable)
          this.#context.engine.deleteDurable(each.durable);
      }
      throw error;
    }
    // What has grown has room for more; every idle client has one of these.
    return attachments.slice();
  }

  #subscribeOptions(
    subscription: Subscription,
    about: { request: SubscriptionRequest; destination: Destination },
  ): SubscribeOptions {
    const { request, destination } = about;
    const { durableName, browse } = request;
    if (browse === true && (destination.kind !== "queue" || destination.pattern)) {
      const path = quote(destination.path);
      throw new Fault("bad-header", `Cannot browse ${path}: expected one /queue/ destination`);
    }
    if (durableName === undefined || destination.kind !== "topic") return { browse };
    if (isSystemName(destination.name)) {
      const path = quote(destination.path);
      throw new Fault("unsupported-feature", `Cannot subscribe to ${path}: not durably`);
    }
    const takenOver = () => this.#owner.takenOver(subscription);
    return { durable: { key: this.#durableKey(durableName), takenOver } };
  }

  #durableKey(name: string): string {
    return JSON.stringify([this.clientId ?? null, name]);
  }

  #checkQueuePatterns(more: number): void {
    let patterns = more;
    for (const { attachments } of this.#subscriptions.values()) {
      for (const { pattern } of attachments) if (pattern !== undefined) patterns++;
    }
    if (patterns <= QUEUE_PATTERNS_MAX) return;
    throw new Fault(
      "too-many-subscriptions",
      `Cannot subscribe: ${QUEUE_PATTERNS_MAX} subscriptions to queues by wildcard are open, the limit of a connection`,
    );
  }

  #undo(held: Held): void {
    this.acks.unbind(held);
    if (!held.subscription.ended) return;
    this.acks.release(held);
    const entry = held.entry;
    this.#context.engine.apply(
      this.#source,
      [{ kind: "settle", entry, verdict: "returned" }],
      () => {},
    );
  }

  #end(key: string, subscription: Subscription): void {
    this.#subscriptions.delete(key);
    this.#detach(subscription);
    this.#returnHeld(subscription);
  }

  #detach(subscription: Subscription): void {
    subscription.ended = true;
    for (const each of subscription.attachments) this.#context.engine.unsubscribe(each);
    subscription.attachments = NONE;
    this.#context.memory.used -= subscriptionCost(subscription);
    this.#owner.unsubscribed(subscription);
  }

  #returnHeld(subscription: Subscription): void {
    const all = heldBy(subscription).filter((held) => !held.bound);
    if (all.length === 0) return;
    for (const held of all) this.acks.release(held);
    this.#context.engine.apply(
      this.#source,
      all.map(({ entry }): Operation => ({ kind: "settle", entry, verdict: "returned" })),
      () => {},
    );
  }

  #resume(subscription: Subscription): void {
    const { attachments } = subscription;
    let more = false;
    let last: Attachment | undefined;
    for (const each of attachments) {
      more = this.#context.engine.resume(each) || more;
      if (attachments.length > 1 && subscription.credit <= 0) last ??= each;
    }
    // One had all that was left: the next time those behind it have their go first.
    if (last !== undefined) subscription.attachments = startingBehind(attachments, last);
    if (more) this.#owner.windowUsed(subscription);
  }

  #anonymousKey(destination: string): string | undefined {
    for (const { id, named, key } of this.#subscriptions.values()) {
      if (id === undefined && named === destination) return key;
    }
    return undefined;
  }

  /** What a target names; undefined if it was given before and is settled, or never asked for one. */
  #find(target: AckTarget): Held | undefined {
    const { id, subscription: subscriptionId } = target;
    const ordinal = this.acks.ordinalOf(id);
    const found = ordinal === undefined ? undefined : this.acks.find(ordinal);
    if (found !== undefined) return found;
    if (ordinal !== undefined && ordinal <= this.acks.given) return undefined;
    const byMessage = this.#findMessage(id, subscriptionId);
    if (byMessage !== undefined) return byMessage;
    const number = this.#context.engine.numberOf(id);
    if (number !== undefined && number <= this.#latestMessage) return undefined;
    if (this.#hasOnlyAuto) return undefined;
    throw new Fault(
      "unknown-ack",
      `Cannot settle ${quote(id)}: this connection was given no such message, ` +
        `expected the "ack" header of a MESSAGE (STOMP 1.2) or its "message-id"`,
    );
  }

  #findMessage(messageId: string, subscriptionId: string | undefined): Held | undefined {
    if (this.#context.engine.numberOf(messageId) === undefined) return undefined;
    for (const subscription of this.#subscriptions.values()) {
      if (!subscription.acknowledges) continue;
      if (subscriptionId !== undefined && subscription.id !== subscriptionId) continue;
      const held = this.acks.findMessage(subscription, messageId);
      if (held !== undefined) return held;
    }
    return undefined;
  }

  get #hasOnlyAuto(): boolean {
    if (this.#subscriptions.size === 0) return false;
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.acknowledges) return false;
    }
    return true;
  }
}

/** Headers with other values for some; undefined leaves one as it is. */
function withChanged(headers: MessageHeaders, values: HeaderValues): MessageHeaders {
  const changed = headers.with(values);
  if (changed !== undefined) return changed;
  const list = headers.list();
  return headerList(
    list.map((text, i) => (i % 2 === 1 ? (values[list[i - 1] ?? ""] ?? text) : text)),
  );
}

/** Bytes that a subscription costs, about; its id stands in three places. */
function subscriptionCost({ id = "", named }: { id?: string | undefined; named: string }): number {
  return 512 + 3 * id.length + 2 * named.length;
}

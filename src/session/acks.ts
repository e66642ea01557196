import { NumberedIds } from "../broker/numbered_ids.ts";
import type { QueueEntry } from "../broker/queue.ts";
import { OrdinalIndex } from "./ordinal_index.ts";
import type { Held, Subscription } from "./subscription.ts";

/**
 * What a session's client holds and has not settled: maps what ACK and NACK
 * name to a delivery, and keeps each subscription's deliveries in order for
 * cumulative ones. The queue knows what becomes of them.
 */
export class Acks {
  readonly #ids: NumberedIds;
  readonly #byOrdinal = new OrdinalIndex<Held>();
  #given = 0;

  /** `prefix`: what ids of its deliveries begin with; no other session of any run has it. */
  constructor(prefix: string) {
    this.#ids = new NumberedIds(prefix);
  }

  /** What ACK and NACK may name a delivery by. */
  idOf({ ordinal }: Held): string {
    return this.#ids.of(ordinal);
  }

  /** The ordinal in such an id, or undefined for any other text. */
  ordinalOf(id: string): number | undefined {
    return this.#ids.numberOf(id);
  }

  /** Ordinal of the delivery made last. */
  get given(): number {
    return this.#given;
  }

  /** Deliveries held now. */
  get size(): number {
    return this.#byOrdinal.size;
  }

  /** Deliveries held now, those bound to a transaction too. */
  get all(): Iterable<Held> {
    return this.#byOrdinal.values();
  }

  /** Notes a delivery. */
  hold(subscription: Subscription, entry: QueueEntry): Held {
    const ordinal = ++this.#given;
    const earlier = subscription.lastHeld;
    const held: Held = {
      ordinal,
      subscription,
      entry,
      bound: false,
      earlier,
      later: undefined,
      twin: undefined,
    };
    if (earlier === undefined) subscription.firstHeld = held;
    else earlier.later = held;
    subscription.lastHeld = held;
    if (subscription.heldByMessage !== undefined) addTo(subscription.heldByMessage, held);
    subscription.unacknowledged++;
    subscription.unacknowledgedBytes += countedBytes(held);
    this.#byOrdinal.add(held);
    return held;
  }

  /** The delivery with that ordinal, if it is not settled. */
  find(ordinal: number): Held | undefined {
    return this.#byOrdinal.get(ordinal);
  }

  /**
   * The delivery of that message to a subscription, if it is not settled. Of
   * several, as of one message in the dead letters of two destinations, the
   * oldest that no transaction settles.
   */
  findMessage(subscription: Subscription, messageId: string): Held | undefined {
    if (subscription.heldByMessage === undefined) {
      const index = new Map<string, Held>();
      for (const held of heldBy(subscription)) addTo(index, held);
      subscription.heldByMessage = index;
    }
    const first = subscription.heldByMessage.get(messageId);
    for (let held = first; held !== undefined; held = this.#twinOf(held)) {
      if (!held.bound) return held;
    }
    return first;
  }

  /** Binds a delivery to a transaction: it counts against the prefetch no more. */
  bind(held: Held): void {
    held.bound = true;
    uncount(held);
  }

  /** The transaction was undone: held as before, over the prefetch if need be. */
  unbind(held: Held): void {
    held.bound = false;
    held.subscription.unacknowledged++;
    held.subscription.unacknowledgedBytes += countedBytes(held);
  }

  /** A delivery is settled. */
  release(held: Held): void {
    if (!this.#byOrdinal.delete(held.ordinal)) return;
    const { subscription, earlier, later } = held;
    if (!held.bound) uncount(held);
    if (earlier === undefined) subscription.firstHeld = later;
    else earlier.later = later;
    if (later === undefined) subscription.lastHeld = earlier;
    else later.earlier = earlier;
    // The collector spares what is old: a chain of those that are gone would keep all that came later.
    held.earlier = held.later = undefined;
    // The same message may have come again already, when a transaction refused it.
    const { id } = held.entry.message;
    if (subscription.heldByMessage?.get(id) !== held) return;
    const twin = this.#twinOf(held);
    if (twin === undefined) subscription.heldByMessage.delete(id);
    else subscription.heldByMessage.set(id, twin);
  }

  /** The next delivery of the same message that is not settled. */
  #twinOf(held: Held): Held | undefined {
    let { twin } = held;
    while (twin !== undefined && this.#byOrdinal.get(twin.ordinal) !== twin) twin = twin.twin;
    return twin;
  }
}

/** Adds a delivery to an index, behind others of the same message. */
function addTo(index: Map<string, Held>, held: Held): void {
  let last = index.get(held.entry.message.id);
  if (last === undefined) {
    index.set(held.entry.message.id, held);
    return;
  }
  while (last.twin !== undefined) last = last.twin;
  last.twin = held;
}

function uncount(held: Held): void {
  held.subscription.unacknowledged--;
  held.subscription.unacknowledgedBytes -= countedBytes(held);
}

/** A text's bytes are counted only for who has a limit on them: that takes a look at all of it. */
function countedBytes({ subscription, entry }: Held): number {
  const { body } = entry.message;
  if (subscription.prefetchBytes === Infinity) return 0;
  return typeof body === "string" ? Buffer.byteLength(body) : body.length;
}

/** What a subscription holds, in the order delivered. */
export function heldBy(subscription: Subscription): readonly Held[] {
  const all: Held[] = [];
  for (let held = subscription.firstHeld; held !== undefined; held = held.later) all.push(held);
  return all;
}

/** A delivery and those of its subscription before it, oldest first, without those bound to a transaction. */
export function heldUpTo(last: Held): readonly Held[] {
  const all: Held[] = [];
  for (let held: Held | undefined = last; held !== undefined; held = held.earlier) {
    if (!held.bound) all.push(held);
  }
  return all.reverse();
}

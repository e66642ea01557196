import { describe, expect, test } from "bun:test";
import { Memory } from "../../src/broker/memory.ts";
import { Queue, type QueueEntry } from "../../src/broker/queue.ts";
import { Acks, heldBy, heldUpTo } from "../../src/session/acks.ts";
import { type AckMode, type Held, Subscription } from "../../src/session/subscription.ts";
import { fakeMessage } from "../broker/fake_consumer.ts";

const queue = new Queue(
  "/queue/a",
  { messagesMax: 1_000, bytesMax: 1_000_000, overflow: "reject" },
  new Memory(1_000_000_000),
);

function subscription(
  options: { ack?: AckMode; prefetch?: number; prefetchBytes?: number } = {},
): Subscription {
  const owner = {
    receptive: true,
    subscribed: () => {},
    takenOver: () => {},
    holdBack: () => {},
    unsubscribed: () => {},
    hand: () => true,
    windowUsed: () => {},
  };
  const made = new Subscription(owner, {
    key: "s",
    named: "/queue/a",
    ack: options.ack ?? "client",
    prefetch: options.prefetch ?? Infinity,
    prefetchBytes: options.prefetchBytes ?? Infinity,
    filter: undefined,
    excludes: undefined,
    browses: false,
  });
  made.openWindow();
  return made;
}

function entry(number: number): QueueEntry {
  return queue.offer(fakeMessage(number));
}

function ordinals(all: readonly Held[]): number[] {
  return all.map(({ ordinal }) => ordinal);
}

describe("Acks", () => {
  test("number deliveries in order, over all subscriptions of a session", () => {
    const acks = new Acks("boot.1-");
    const [one, other] = [subscription(), subscription()];
    acks.hold(one, entry(1));
    acks.hold(other, entry(2));
    const third = acks.hold(one, entry(3));
    expect([ordinals(heldBy(one)), ordinals(heldBy(other))]).toEqual([[1, 3], [2]]);
    expect([acks.given, acks.size, acks.find(3)]).toEqual([3, 3, third]);
  });

  test("forget what is settled, wherever it stands, and do so once", () => {
    const acks = new Acks("boot.1-");
    const mine = subscription();
    const all = [1, 2, 3, 4, 5].map((number) => acks.hold(mine, entry(number)));
    for (const at of [2, 0, 4]) acks.release(all[at] as Held);
    acks.release(all[0] as Held);
    expect(ordinals(heldBy(mine))).toEqual([2, 4]);
    expect([mine.unacknowledged, acks.size, acks.given]).toEqual([2, 2, 5]);
    expect(acks.find(1)).toBeUndefined();
    acks.release(all[1] as Held);
    acks.release(all[3] as Held);
    expect([heldBy(mine), mine.firstHeld, mine.lastHeld]).toEqual([[], undefined, undefined]);
    expect(ordinals([acks.hold(mine, entry(6))])).toEqual([6]);
  });

  test("cumulative: everything of the subscription up to one, without what a transaction has", () => {
    const acks = new Acks("boot.1-");
    const [mine, other] = [subscription(), subscription()];
    const all = [1, 2, 3, 4].map((number) => acks.hold(number === 3 ? other : mine, entry(number)));
    acks.bind(all[0] as Held);
    expect(ordinals(heldUpTo(all[3] as Held))).toEqual([2, 4]);
    acks.unbind(all[0] as Held);
    expect(ordinals(heldUpTo(all[3] as Held))).toEqual([1, 2, 4]);
    expect(ordinals(heldUpTo(all[0] as Held))).toEqual([1]);
  });

  test("what a transaction has counts against no prefetch, until it is given back", () => {
    const acks = new Acks("boot.1-");
    const mine = subscription({ prefetch: 2 });
    const held = acks.hold(mine, entry(1));
    acks.hold(mine, entry(2));
    expect(mine.credit).toBe(0);
    acks.bind(held);
    expect(mine.credit).toBe(1);
    acks.hold(mine, entry(3));
    acks.unbind(held);
    expect([mine.credit, mine.unacknowledged]).toEqual([-1, 3]);
    acks.bind(held);
    acks.release(held);
    expect([mine.credit, mine.unacknowledged]).toEqual([0, 2]);
  });

  test("beyond the bytes allowed there is no credit, until enough are settled or bound", () => {
    const acks = new Acks("boot.1-");
    // The body of each has four bytes.
    const mine = subscription({ prefetch: 10, prefetchBytes: 8 });
    const first = acks.hold(mine, entry(1));
    expect([mine.credit, mine.unacknowledgedBytes]).toEqual([9, 4]);
    const second = acks.hold(mine, entry(2));
    expect([mine.credit, mine.unacknowledgedBytes]).toEqual([0, 8]);
    acks.bind(first);
    expect([mine.credit, mine.unacknowledgedBytes]).toEqual([9, 4]);
    acks.unbind(first);
    expect([mine.credit, mine.unacknowledgedBytes]).toEqual([0, 8]);
    acks.release(second);
    acks.release(first);
    expect([mine.credit, mine.unacknowledgedBytes]).toEqual([10, 0]);
  });

  test("find a delivery by its message, also from before the first such question", () => {
    const acks = new Acks("boot.1-");
    const mine = subscription();
    const first = acks.hold(mine, entry(1));
    expect(acks.findMessage(mine, "m-1")).toBe(first);
    const second = acks.hold(mine, entry(2));
    expect(acks.findMessage(mine, "m-2")).toBe(second);
    acks.release(first);
    expect(acks.findMessage(mine, "m-1")).toBeUndefined();
    expect(acks.findMessage(subscription(), "m-2")).toBeUndefined();
  });

  test("find a message that came again before its first delivery was let go", () => {
    const acks = new Acks("boot.1-");
    const mine = subscription();
    const same = entry(1);
    const first = acks.hold(mine, same);
    expect(acks.findMessage(mine, "m-1")).toBe(first);
    acks.bind(first);
    const again = acks.hold(mine, same);
    acks.release(first);
    expect(acks.findMessage(mine, "m-1")).toBe(again);
  });
});

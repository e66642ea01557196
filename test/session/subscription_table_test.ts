import { describe, expect, test } from "bun:test";
import { Interner } from "../../src/session/interner.ts";
import { Subscription } from "../../src/session/subscription.ts";
import { SubscriptionTable } from "../../src/session/subscription_table.ts";

const OWNER = {
  receptive: true,
  subscribed: () => {},
  unsubscribed: () => {},
  takenOver: () => {},
  holdBack: () => {},
  hand: () => true,
  windowUsed: () => {},
};

function subscription(key: string): Subscription {
  return new Subscription(OWNER, {
    ...{ key, id: key, named: "/topic/a", ack: "auto", prefetch: 1, prefetchBytes: Infinity },
    ...{ filter: undefined, excludes: undefined, browses: false },
  });
}

describe("The subscriptions of a session", () => {
  test.each([0, 1, 2, 3, 10])("of which there are %d are found by key, in order", (count) => {
    const table = new SubscriptionTable();
    const all = Array.from({ length: count }, (_none, at) => subscription(`s${at}`));
    for (const each of all) table.add(each);
    expect(table.size).toBe(count);
    expect([...table.values()]).toEqual(all);
    for (const each of all) expect(table.get(each.key)).toBe(each);
    expect(table.get("other")).toBeUndefined();
    for (const [at, each] of all.entries()) {
      table.delete("other");
      table.delete(each.key);
      expect(table.get(each.key)).toBeUndefined();
      expect(table.size).toBe(count - at - 1);
    }
    const [last] = [subscription("again")];
    table.add(last);
    expect([...table.values()]).toEqual([last]);
    table.clear();
    expect(table.size).toBe(0);
  });
});

describe("Texts that many send alike", () => {
  test("are one copy", () => {
    const interner = new Interner();
    const texts = [`sub-${0}`, ["sub", "0"].join("-")].map((text) => interner.intern(text));
    expect(texts).toEqual(["sub-0", "sub-0"]);
  });

  test.each([10_000, 300])("are right, however many or long: %d", (count) => {
    const interner = new Interner();
    for (let i = 0; i < count; i++) {
      const text = `${i}`.padEnd(count === 300 ? 1_000 : 1, "x");
      expect(interner.intern(text)).toBe(text);
    }
  });
});

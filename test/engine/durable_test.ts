import { describe, expect, test } from "bun:test";
import type { Attachment } from "../../src/engine/attachment.ts";
import { createSource } from "../../src/engine/operation.ts";
import {
  type FakeConsumer,
  fakeConsumer,
  type FakeConsumerOptions,
} from "../broker/fake_consumer.ts";
import {
  apply,
  bodies,
  codeOf,
  type EngineBench,
  engineBench,
  headersOf,
  REFUSED,
  send,
  settle,
  settleAll,
} from "./engine_bench.ts";

/** A connection with one subscriber that outlives it. */
interface Holder {
  readonly consumer: FakeConsumer;
  readonly tie: Attachment;
  /** It leaves, and what it held returns. */
  leave(): void;
}

/** Subscribes under a key, from a connection of its own that leaves when it is taken over. */
function hold(
  bench: EngineBench,
  path: string,
  options: FakeConsumerOptions & { key?: string; onTakenOver?: () => void } = {},
): Holder {
  const source = createSource();
  const consumer = fakeConsumer("holder", options);
  const leave = () => {
    bench.engine.unsubscribe(tie);
    settleAll(bench, consumer, "returned");
  };
  const takenOver = () => {
    leave();
    options.onTakenOver?.();
  };
  const durable = { key: options.key ?? "key", takenOver };
  const tie = bench.subscribe(consumer, path, { durable, source });
  return { consumer, tie, leave };
}

const even = {
  text: "even",
  matches: ({ headers }: { headers: { list(): readonly string[] } }) =>
    ["2", "4", "6"].includes(headers.list()[3] ?? ""),
};

describe("A durable subscription", () => {
  test("gathers what comes while nobody has it, and gives it to who comes back", () => {
    const bench = engineBench();
    send(bench, "/topic/a", "before");
    const first = hold(bench, "/topic/a");
    send(bench, "/topic/a", "1");
    settleAll(bench, first.consumer, "accepted");
    first.leave();
    send(bench, "/topic/a", "2", "3");
    expect([bench.engine.waiting, bench.engine.durables.size]).toEqual([2, 1]);
    const second = hold(bench, "/topic/a");
    send(bench, "/topic/a", "4");
    expect([bodies(first.consumer), bodies(second.consumer)]).toEqual([["1"], ["2", "3", "4"]]);
    expect([first.tie.madeDurable, second.tie.madeDurable]).toEqual([true, false]);
  });

  test("keeps what its subscriber held and did not settle, in its place", () => {
    const bench = engineBench();
    const first = hold(bench, "/topic/a", { credit: 2 });
    send(bench, "/topic/a", "1", "2", "3");
    first.leave();
    const second = hold(bench, "/topic/a");
    expect(bodies(second.consumer)).toEqual(["1", "2", "3"]);
    expect(second.consumer.held.map(({ deliveries }) => deliveries)).toEqual([2, 2, 1]);
  });

  test("is known by key and destination: others are apart from it", () => {
    const bench = engineBench();
    const all = [
      hold(bench, "/topic/a", { key: "1" }),
      hold(bench, "/topic/a", { key: "2" }),
      hold(bench, "/topic/*", { key: "1" }),
    ];
    send(bench, "/topic/a", "m");
    expect(all.map(({ consumer }) => bodies(consumer))).toEqual([["m"], ["m"], ["m"]]);
    expect([bench.engine.durables.size, bench.engine.topics]).toEqual([3, 2]);
  });

  test("goes to the newest connection, which gets all in order, after the old one left", () => {
    const bench = engineBench();
    const order: string[] = [];
    const old = hold(bench, "/topic/a", { credit: 2, onTakenOver: () => order.push("old left") });
    send(bench, "/topic/a", "1", "2", "3", "4");
    const newest = hold(bench, "/topic/a");
    order.push("new tied");
    expect(order).toEqual(["old left", "new tied"]);
    send(bench, "/topic/a", "5");
    expect([bodies(old.consumer), bodies(newest.consumer)]).toEqual([
      ["1", "2"],
      ["1", "2", "3", "4", "5"],
    ]);
    // The old one leaving once more takes nothing from the new one.
    bench.engine.unsubscribe(old.tie);
    expect([...bench.engine.durables.values()][0]?.attachment).toBe(newest.tie);
  });

  test("is refused to a connection that has it already, and stays as it was", () => {
    const bench = engineBench();
    const source = createSource();
    const first = fakeConsumer("first");
    const durable = { key: "key", takenOver: () => expect.unreachable() };
    const tie = bench.subscribe(first, "/topic/a", { durable, source });
    const again = () => bench.subscribe(fakeConsumer("again"), "/topic/a", { durable, source });
    expect(codeOf(again)).toBe("duplicate-subscription");
    send(bench, "/topic/a", "1");
    expect(bodies(first)).toEqual(["1"]);
    bench.engine.unsubscribe(tie);
    expect(codeOf(again)).toBe("none");
  });

  test("takes what its filter matches, and with another one is made anew", () => {
    const bench = engineBench();
    const first = hold(bench, "/topic/a", { filter: even });
    send(bench, "/topic/a", "1", "2");
    first.leave();
    // Also while nobody is there.
    send(bench, "/topic/a", "3", "4");
    const second = hold(bench, "/topic/a", { filter: even });
    send(bench, "/topic/a", "5", "6");
    expect([bodies(first.consumer), bodies(second.consumer)]).toEqual([["2"], ["2", "4", "6"]]);
    second.leave();
    const third = hold(bench, "/topic/a");
    send(bench, "/topic/a", "7");
    expect(bodies(third.consumer)).toEqual(["7"]);
    expect(bench.engine.durables.size).toBe(1);
  });

  test("leaves out what its present subscriber sends, if that asked for it", () => {
    const bench = engineBench();
    const [first, second] = [createSource(), createSource()];
    const durable = { key: "key", takenOver: () => {} };
    const early = fakeConsumer("early", { excludes: first });
    bench.engine.unsubscribe(bench.subscribe(early, "/topic/a", { durable, source: first }));
    const late = fakeConsumer("late", { excludes: second });
    bench.subscribe(late, "/topic/a", { durable, source: second });
    bench.engine.apply(second, [bench.publish("/topic/a", "own")], () => {});
    bench.engine.apply(createSource(), [bench.publish("/topic/a", "other")], () => {});
    expect(bodies(late)).toEqual(["other"]);
  });

  test("is given the retained message when it is made, not each time it is taken", () => {
    const bench = engineBench();
    apply(bench, [bench.publish("/topic/a", "kept", { retain: "keep" })]);
    const first = hold(bench, "/topic/a");
    settleAll(bench, first.consumer, "accepted");
    first.leave();
    const second = hold(bench, "/topic/a");
    expect([bodies(first.consumer), bodies(second.consumer)]).toEqual([["kept"], []]);
  });

  test("refuses no publisher when it is full, and drops its oldest", () => {
    const bench = engineBench({ policy: { messagesMax: 2 } });
    hold(bench, "/topic/a").leave();
    send(bench, "/topic/a", "1", "2", "3");
    expect([bodies(hold(bench, "/topic/a").consumer), bench.engine.counters.dropped]).toEqual([
      ["2", "3"],
      1,
    ]);
  });

  test("counts among the destinations while it is there", () => {
    const bench = engineBench({ destinationsMax: 1 });
    hold(bench, "/topic/a").leave();
    expect(codeOf(() => hold(bench, "/topic/b"))).toBe("too-many-destinations");
    expect(codeOf(() => hold(bench, "/topic/a").leave())).toBe("none");
    bench.engine.deleteDurables("key");
    expect(codeOf(() => hold(bench, "/topic/b"))).toBe("none");
  });
});

describe("Deleting durable subscriptions", () => {
  test("by key takes those that nobody has, with everything in them", () => {
    const bench = engineBench();
    hold(bench, "/topic/a").leave();
    hold(bench, "/topic/b").leave();
    hold(bench, "/topic/a", { key: "key2" }).leave();
    const present = hold(bench, "/topic/c", { credit: 0 });
    for (const path of ["/topic/a", "/topic/b", "/topic/c"]) send(bench, path, "m");
    expect(bench.engine.deleteDurables("key")).toBe(2);
    expect(bench.engine.deleteDurables("key")).toBe(0);
    expect(bench.engine.waiting).toBe(2);
    present.leave();
    expect(bench.engine.deleteDurables("key")).toBe(1);
    expect(bench.engine.deleteDurables("key2")).toBe(1);
    expect([bench.engine.durables.size, bench.engine.topics, bench.memory.used]).toEqual([0, 0, 0]);
  });

  test("is for good: what comes later is not gathered, and the key is free", () => {
    const bench = engineBench();
    const first = hold(bench, "/topic/a", { credit: 1 });
    send(bench, "/topic/a", "1", "2");
    const durable = first.tie.durable;
    if (durable === undefined) throw new Error("The subscription is not durable");
    bench.engine.unsubscribe(first.tie);
    bench.engine.deleteDurable(durable);
    send(bench, "/topic/a", "3");
    const second = hold(bench, "/topic/a");
    expect([bodies(second.consumer), second.tie.madeDurable]).toEqual([[], true]);
    // What was held of the old one comes back to nowhere.
    settleAll(bench, first.consumer, REFUSED);
    expect([bench.engine.waiting, bench.memory.used]).toEqual([0, 0]);
    expect(bodies(second.consumer)).toEqual([]);
  });
});

describe("Dead letters of a durable subscription", () => {
  test("lie under the name of its topic and say where they were", () => {
    const bench = engineBench({ policy: { maxDeliveries: 2 } });
    const { consumer } = hold(bench, "/topic/a");
    send(bench, "/topic/a", "1", "2");
    for (const at of [0, 2]) apply(bench, [settle(consumer.held[at], REFUSED)]);
    apply(bench, [settle(consumer.held[1], { requeue: false, delayMs: undefined })]);
    const undertaker = fakeConsumer("undertaker");
    bench.subscribe(undertaker, "/queue/DLQ.a");
    const letters = undertaker.messages.map((message) => {
      const headers = headersOf(message);
      return [
        message.body,
        ...["original-destination", "dead-letter-reason", "delivery-count"].map((name) =>
          headers.get(name),
        ),
      ];
    });
    expect(letters).toEqual([
      ["1", "/topic/a", "max-deliveries", "2"],
      ["2", "/topic/a", "rejected", "1"],
    ]);
    expect(bench.engine.counters).toMatchObject({ deadLettered: 2, dropped: 0 });
  });

  test("come of what expires while nobody has it, where the policy says so", () => {
    const bench = engineBench({ rules: [{ match: "/topic/a", deadLetterExpired: true }] });
    for (const path of ["/topic/a", "/topic/b"]) {
      hold(bench, path).leave();
      apply(bench, [bench.publish(path, path, { expiresAt: 2_000 })]);
    }
    bench.clock.now = 2_000;
    bench.engine.tick();
    expect([...bench.engine.queues.keys()]).toEqual(["/queue/DLQ.a"]);
    expect([bench.engine.counters.expired, bench.engine.waiting]).toEqual([2, 1]);
  });

  test("do not come of what was in it when it was deleted", () => {
    const bench = engineBench({ policy: { deadLetterExpired: true } });
    hold(bench, "/topic/a").leave();
    apply(bench, [bench.publish("/topic/a", "1", { expiresAt: 2_000 })]);
    bench.engine.deleteDurables("key");
    bench.clock.now = 2_000;
    bench.engine.tick();
    expect([bench.engine.queues.size, bench.engine.counters.expired, bench.memory.used]).toEqual([
      0, 0, 0,
    ]);
  });
});

import { describe, expect, test } from "bun:test";
import { createSource } from "../../src/engine/operation.ts";
import { fakeConsumer } from "../broker/fake_consumer.ts";
import { bodies, codeOf, engineBench, headersOf, REFUSED, send, settle } from "./engine_bench.ts";

const AUTO = { acknowledges: false };

describe("Queues", () => {
  test("keep what comes before anyone asks, and are gone when empty and unused", () => {
    const bench = engineBench();
    send(bench, "/queue/a", "1", "2");
    expect(bench.engine.waiting).toBe(2);
    const consumer = fakeConsumer("c");
    const tie = bench.subscribe(consumer, "/queue/a");
    expect(bodies(consumer)).toEqual(["1", "2"]);
    bench.engine.apply(
      createSource(),
      consumer.held.map((entry) => settle(entry, "accepted")),
      () => {},
    );
    expect(bench.engine.queues.size).toBe(1);
    bench.engine.unsubscribe(tie);
    expect([bench.engine.queues.size, bench.memory.used]).toEqual([0, 0]);
  });

  test("with something held outlive their consumer until it is settled", () => {
    const bench = engineBench();
    send(bench, "/queue/a", "1");
    const consumer = fakeConsumer("c");
    bench.engine.unsubscribe(bench.subscribe(consumer, "/queue/a"));
    expect(bench.engine.queues.size).toBe(1);
    bench.engine.apply(createSource(), [settle(consumer.held[0], "accepted")], () => {});
    expect([bench.engine.queues.size, bench.memory.used]).toEqual([0, 0]);
  });

  test("share their messages among consumers with credit, in turn", () => {
    const bench = engineBench();
    const [a, b] = [fakeConsumer("a"), fakeConsumer("b", { credit: 1 })];
    bench.subscribe(a, "/queue/a");
    const tie = bench.subscribe(b, "/queue/a");
    send(bench, "/queue/a", "1", "2", "3", "4");
    expect([bodies(a), bodies(b)]).toEqual([["1", "3", "4"], ["2"]]);
    b.credit = 1;
    bench.engine.resume(tie);
    a.credit = 0;
    send(bench, "/queue/a", "5", "6");
    expect([bodies(b), bench.engine.queues.get("/queue/a")?.ready]).toEqual([["2", "5"], 1]);
  });

  test("that overflow drop their oldest where that is the policy, and count it", () => {
    const bench = engineBench({ policy: { messagesMax: 2, overflow: "drop-oldest" } });
    send(bench, "/queue/a", "1", "2", "3");
    const consumer = fakeConsumer("c");
    bench.subscribe(consumer, "/queue/a");
    expect(bodies(consumer)).toEqual(["2", "3"]);
    expect(bench.engine.counters.dropped).toBe(1);
  });
});

describe("Topics", () => {
  test("reach whoever asked before, and nobody else", () => {
    const bench = engineBench();
    const [early, late] = [fakeConsumer("early", AUTO), fakeConsumer("late", AUTO)];
    const tie = bench.subscribe(early, "/topic/a");
    send(bench, "/topic/a", "1");
    bench.subscribe(late, "/topic/a");
    send(bench, "/topic/a", "2");
    bench.engine.unsubscribe(tie);
    send(bench, "/topic/a", "3");
    expect([bodies(early), bodies(late)]).toEqual([
      ["1", "2"],
      ["2", "3"],
    ]);
  });

  test("give one that acknowledges a queue of its own: credit, redelivery, gone with it", () => {
    const bench = engineBench();
    const [holder, other] = [fakeConsumer("holder", { credit: 1 }), fakeConsumer("other", AUTO)];
    const tie = bench.subscribe(holder, "/topic/a");
    bench.subscribe(other, "/topic/a");
    send(bench, "/topic/a", "1", "2", "3");
    expect([bodies(holder), bodies(other)]).toEqual([["1"], ["1", "2", "3"]]);
    expect([bench.engine.queues.size, bench.engine.waiting]).toEqual([0, 3]);
    holder.credit = 1;
    bench.engine.apply(createSource(), [settle(holder.held[0], REFUSED)], () => {});
    bench.engine.resume(tie);
    expect(bodies(holder)).toEqual(["1", "1"]);
    bench.engine.unsubscribe(tie);
    expect([bench.engine.waiting, bench.memory.used, bench.engine.topics]).toEqual([0, 0, 1]);
  });

  test("drop what was refused too often, and make no dead letter of it", () => {
    const bench = engineBench({ policy: { maxDeliveries: 2 } });
    const holder = fakeConsumer("holder");
    bench.subscribe(holder, "/topic/a");
    send(bench, "/topic/a", "1");
    for (const at of [0, 1]) {
      bench.engine.apply(createSource(), [settle(holder.held[at], REFUSED)], () => {});
    }
    expect([bodies(holder), bench.engine.waiting, bench.engine.queues.size]).toEqual([
      ["1", "1"],
      0,
      0,
    ]);
    expect(bench.engine.counters).toMatchObject({ dropped: 1, deadLettered: 0 });
  });

  test("leave nothing behind of what is refused after its subscription went", () => {
    const bench = engineBench({ policy: { maxDeliveries: 1 } });
    const holder = fakeConsumer("holder");
    const tie = bench.subscribe(holder, "/topic/a");
    send(bench, "/topic/a", "1");
    bench.engine.unsubscribe(tie);
    bench.engine.apply(createSource(), [settle(holder.held[0], REFUSED)], () => {});
    expect([
      bench.engine.queues.size,
      bench.engine.counters.deadLettered,
      bench.memory.used,
    ]).toEqual([0, 0, 0]);
  });

  test("refuse no publisher for a private queue that is full or for want of memory", () => {
    const bench = engineBench({ policy: { messagesMax: 2 }, memoryMax: 10_000 });
    const holder = fakeConsumer("holder", { credit: 0 });
    const tie = bench.subscribe(holder, "/topic/a");
    send(bench, "/topic/a", "1", "2", "3");
    bench.memory.used += 10_000;
    send(bench, "/topic/a", "4");
    bench.memory.used -= 10_000;
    holder.credit = 9;
    bench.engine.resume(tie);
    expect([bodies(holder), bench.engine.counters.dropped]).toEqual([["2", "3"], 2]);
  });
});

describe("Dead letters", () => {
  test("come after so many refusals, with where they were and why", () => {
    const bench = engineBench({ policy: { maxDeliveries: 3 } });
    const consumer = fakeConsumer("c");
    bench.subscribe(consumer, "/queue/a");
    send(bench, "/queue/a", "1");
    for (const at of [0, 1, 2]) {
      expect(bench.engine.queues.has("/queue/DLQ.a")).toBe(false);
      bench.engine.apply(createSource(), [settle(consumer.held[at], REFUSED)], () => {});
    }
    expect(consumer.held.map(({ deliveries }) => deliveries)).toEqual([3, 3, 3]);
    const undertaker = fakeConsumer("undertaker");
    bench.subscribe(undertaker, "/queue/DLQ.a");
    expect(undertaker.held[0]?.deliveries).toBe(1);
    expect(undertaker.messages[0]?.id).toBe(consumer.messages[0]?.id as string);
    const headers = headersOf(undertaker.messages[0]);
    expect(headers.get("destination")).toBe("/queue/DLQ.a");
    expect(headers.get("original-destination")).toBe("/queue/a");
    expect(headers.get("dead-letter-reason")).toBe("max-deliveries");
    expect(headers.get("delivery-count")).toBe("3");
    expect(headers.get("own")).toBe("1");
    expect(bench.events.map(({ type }) => type)).toEqual([
      "destination-created",
      "destination-created",
      "dead-lettered",
    ]);
  });

  test("do not come of messages that only returned", () => {
    const bench = engineBench({ policy: { maxDeliveries: 1 } });
    const consumer = fakeConsumer("c");
    bench.subscribe(consumer, "/queue/a");
    send(bench, "/queue/a", "1");
    for (let at = 0; at < 9; at++) {
      bench.engine.apply(createSource(), [settle(consumer.held[at], "returned")], () => {});
    }
    expect([consumer.held.length, bench.engine.counters.deadLettered]).toEqual([10, 0]);
  });

  test("are never dead-lettered again", () => {
    const bench = engineBench({ policy: { maxDeliveries: 1 } });
    const undertaker = fakeConsumer("undertaker");
    bench.subscribe(undertaker, "/queue/DLQ.a");
    send(bench, "/queue/DLQ.a", "1");
    for (let at = 0; at < 5; at++) {
      bench.engine.apply(createSource(), [settle(undertaker.held[at], REFUSED)], () => {});
    }
    expect([undertaker.held.length, [...bench.engine.queues.keys()]]).toEqual([
      6,
      ["/queue/DLQ.a"],
    ]);
  });

  test("push out the oldest when they are too many, whatever other queues do", () => {
    const bench = engineBench({ policy: { maxDeliveries: 1, messagesMax: 2 } });
    const consumer = fakeConsumer("c");
    bench.subscribe(consumer, "/queue/a");
    for (const body of ["1", "2", "3"]) {
      send(bench, "/queue/a", body);
      bench.engine.apply(createSource(), [settle(consumer.held.at(-1), REFUSED)], () => {});
    }
    const undertaker = fakeConsumer("undertaker");
    bench.subscribe(undertaker, "/queue/DLQ.a");
    expect([bodies(undertaker), bench.engine.counters.dropped]).toEqual([["2", "3"], 1]);
  });
});

describe("Consumers by wildcard on queues", () => {
  test("get what is there and what is still to come, also of queues made later", () => {
    const bench = engineBench();
    send(bench, "/queue/a.1", "old");
    const consumer = fakeConsumer("c");
    const tie = bench.subscribe(consumer, "/queue/a.*");
    bench.engine.resume(tie);
    send(bench, "/queue/a.2", "new");
    send(bench, "/queue/b", "other");
    expect(bodies(consumer)).toEqual(["old", "new"]);
    bench.engine.unsubscribe(tie);
    send(bench, "/queue/a.1", "late");
    expect(bodies(consumer)).toEqual(["old", "new"]);
  });

  test("do not keep queues in use, and forget those that went", () => {
    const bench = engineBench();
    const consumer = fakeConsumer("c");
    const tie = bench.subscribe(consumer, "/queue/>");
    for (const body of ["1", "2"]) {
      send(bench, "/queue/a", body);
      expect(tie.pattern?.queues.size).toBe(1);
      bench.engine.apply(createSource(), [settle(consumer.held.at(-1), "accepted")], () => {});
      expect([bench.engine.queues.size, tie.pattern?.queues.size]).toEqual([0, 0]);
    }
    expect(bodies(consumer)).toEqual(["1", "2"]);
  });

  test("that settle at once leave no queue either", () => {
    const bench = engineBench();
    const consumer = fakeConsumer("c", { acknowledges: false });
    const tie = bench.subscribe(consumer, "/queue/>");
    send(bench, "/queue/a", "1", "2");
    expect([bodies(consumer), bench.engine.queues.size, tie.pattern?.queues.size]).toEqual([
      ["1", "2"],
      0,
      0,
    ]);
  });

  test("get from several queues no more than their credit", () => {
    const bench = engineBench();
    for (const path of ["/queue/a", "/queue/b", "/queue/c"]) send(bench, path, path, path);
    const consumer = fakeConsumer("c", { credit: 4 });
    bench.engine.resume(bench.subscribe(consumer, "/queue/*"));
    expect([consumer.messages.length, bench.engine.waiting]).toEqual([4, 6]);
  });
});

describe("Limits on destinations", () => {
  test("count queues, topics and patterns together; those there are stay usable", () => {
    const bench = engineBench({ destinationsMax: 3 });
    const { engine } = bench;
    const consumer = fakeConsumer("c");
    send(bench, "/queue/a", "1");
    bench.subscribe(fakeConsumer("t", AUTO), "/topic/a");
    const pattern = bench.subscribe(consumer, "/queue/>");
    const subscribe = (path: string) => codeOf(() => bench.subscribe(consumer, path));
    expect(subscribe("/topic/b")).toBe("too-many-destinations");
    expect(subscribe("/queue/b")).toBe("too-many-destinations");
    expect(subscribe("/queue/b.>")).toBe("too-many-destinations");
    expect(codeOf(() => send(bench, "/queue/b", "2"))).toBe("too-many-destinations");
    expect(subscribe("/topic/a")).toBe("none");
    expect(subscribe("/queue/a")).toBe("none");
    send(bench, "/queue/a", "3");
    // A topic that nobody asked for costs nothing.
    send(bench, "/topic/other", "4");
    engine.unsubscribe(pattern);
    expect(subscribe("/topic/b")).toBe("none");
  });
});

describe("Message ids", () => {
  test("tell their number, and that of no other run", () => {
    const { engine, message } = engineBench();
    const [first, second] = [message("1"), message("2")];
    expect([engine.numberOf(first.id), engine.numberOf(second.id)]).toEqual([1, 2]);
    for (const id of [
      "boot-",
      "boot-0",
      "boot-01",
      "boot-1x",
      "boot--1",
      "other-1",
      "1",
      "",
      "boot-99999999999999999",
    ]) {
      expect(engine.numberOf(id)).toBeUndefined();
    }
  });
});

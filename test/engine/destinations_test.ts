import { describe, expect, test } from "bun:test";
import { createSource } from "../../src/engine/local.ts";
import { Fault } from "../../src/fault.ts";
import { type FakeConsumer, fakeConsumer } from "../broker/fake_consumer.ts";
import { type EngineBench, engineBench, from, settle } from "./engine_bench.ts";

const HOLDING = { acknowledges: true };

function send(bench: EngineBench, path: string, ...bodies: readonly string[]): void {
  for (const body of bodies) {
    bench.engine.apply(createSource(), [bench.publish(path, body)], (fault) => {
      if (fault !== undefined) throw fault;
    });
  }
}

function bodies(consumer: FakeConsumer): unknown[] {
  return consumer.messages.map(({ body }) => body);
}

function headersOf(
  consumer: FakeConsumer,
  at: number,
): Map<string | undefined, string | undefined> {
  const list = consumer.messages[at]?.headers.list() ?? [];
  const pairs = new Map<string | undefined, string | undefined>();
  for (let i = 0; i < list.length; i += 2) {
    if (!pairs.has(list[i])) pairs.set(list[i], list[i + 1]);
  }
  return pairs;
}

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
  return "none";
}

describe("Queues", () => {
  test("keep what comes before anyone asks, and are gone when empty and unused", () => {
    const bench = engineBench();
    send(bench, "/queue/a", "1", "2");
    expect(bench.engine.waiting).toBe(2);
    const consumer = fakeConsumer("c");
    const tie = bench.engine.subscribe(consumer, from("/queue/a"), HOLDING);
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
    bench.engine.unsubscribe(bench.engine.subscribe(consumer, from("/queue/a"), HOLDING));
    expect(bench.engine.queues.size).toBe(1);
    bench.engine.apply(createSource(), [settle(consumer.held[0], "accepted")], () => {});
    expect([bench.engine.queues.size, bench.memory.used]).toEqual([0, 0]);
  });

  test("share their messages among consumers with credit, in turn", () => {
    const bench = engineBench();
    const [a, b] = [fakeConsumer("a"), fakeConsumer("b", { credit: 1 })];
    bench.engine.subscribe(a, from("/queue/a"), HOLDING);
    const tie = bench.engine.subscribe(b, from("/queue/a"), HOLDING);
    send(bench, "/queue/a", "1", "2", "3", "4");
    expect([bodies(a), bodies(b)]).toEqual([["1", "3", "4"], ["2"]]);
    b.credit = 1;
    bench.engine.resume(tie);
    a.credit = 0;
    send(bench, "/queue/a", "5", "6");
    expect([bodies(b), bench.engine.queues.get("/queue/a")?.ready]).toEqual([["2", "5"], 1]);
  });

  test("that overflow drop their oldest where that is the policy, and count it", () => {
    const bench = engineBench({ queueLimits: { messagesMax: 2, overflow: "drop-oldest" } });
    send(bench, "/queue/a", "1", "2", "3");
    const consumer = fakeConsumer("c");
    bench.engine.subscribe(consumer, from("/queue/a"), HOLDING);
    expect(bodies(consumer)).toEqual(["2", "3"]);
    expect(bench.engine.counters.dropped).toBe(1);
  });
});

describe("Topics", () => {
  test("reach whoever asked before, and nobody else", () => {
    const bench = engineBench();
    const [early, late] = [fakeConsumer("early"), fakeConsumer("late")];
    const tie = bench.engine.subscribe(early, from("/topic/a"), { acknowledges: false });
    send(bench, "/topic/a", "1");
    bench.engine.subscribe(late, from("/topic/a"), { acknowledges: false });
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
    const [holder, other] = [fakeConsumer("holder", { credit: 1 }), fakeConsumer("other")];
    const tie = bench.engine.subscribe(holder, from("/topic/a"), HOLDING);
    bench.engine.subscribe(other, from("/topic/a"), { acknowledges: false });
    send(bench, "/topic/a", "1", "2", "3");
    expect([bodies(holder), bodies(other)]).toEqual([["1"], ["1", "2", "3"]]);
    expect([bench.engine.queues.size, bench.engine.waiting]).toEqual([0, 3]);
    holder.credit = 1;
    bench.engine.apply(createSource(), [settle(holder.held[0], "refused")], () => {});
    bench.engine.resume(tie);
    expect(bodies(holder)).toEqual(["1", "1"]);
    bench.engine.unsubscribe(tie);
    expect([bench.engine.waiting, bench.memory.used, bench.engine.topics]).toEqual([0, 0, 1]);
  });

  test("drop what was refused too often, and make no dead letter of it", () => {
    const bench = engineBench({ maxDeliveries: 2 });
    const holder = fakeConsumer("holder");
    bench.engine.subscribe(holder, from("/topic/a"), HOLDING);
    send(bench, "/topic/a", "1");
    for (const at of [0, 1]) {
      bench.engine.apply(createSource(), [settle(holder.held[at], "refused")], () => {});
    }
    expect([bodies(holder), bench.engine.waiting, bench.engine.queues.size]).toEqual([
      ["1", "1"],
      0,
      0,
    ]);
    expect(bench.engine.counters).toMatchObject({ dropped: 1, deadLettered: 0 });
  });

  test("leave nothing behind of what is refused after its subscription went", () => {
    const bench = engineBench({ maxDeliveries: 1 });
    const holder = fakeConsumer("holder");
    const tie = bench.engine.subscribe(holder, from("/topic/a"), HOLDING);
    send(bench, "/topic/a", "1");
    bench.engine.unsubscribe(tie);
    bench.engine.apply(createSource(), [settle(holder.held[0], "refused")], () => {});
    expect([
      bench.engine.queues.size,
      bench.engine.counters.deadLettered,
      bench.memory.used,
    ]).toEqual([0, 0, 0]);
  });

  test("refuse no publisher for a private queue that is full or for want of memory", () => {
    const bench = engineBench({ queueLimits: { messagesMax: 2 }, memoryMax: 10_000 });
    const holder = fakeConsumer("holder", { credit: 0 });
    const tie = bench.engine.subscribe(holder, from("/topic/a"), HOLDING);
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
    const bench = engineBench({ maxDeliveries: 3 });
    const consumer = fakeConsumer("c");
    bench.engine.subscribe(consumer, from("/queue/a"), HOLDING);
    send(bench, "/queue/a", "1");
    for (const at of [0, 1, 2]) {
      expect(bench.engine.queues.has("/queue/DLQ.a")).toBe(false);
      bench.engine.apply(createSource(), [settle(consumer.held[at], "refused")], () => {});
    }
    expect(consumer.held.map(({ deliveries }) => deliveries)).toEqual([3, 3, 3]);
    const undertaker = fakeConsumer("undertaker");
    bench.engine.subscribe(undertaker, from("/queue/DLQ.a"), HOLDING);
    expect(undertaker.held[0]?.deliveries).toBe(1);
    expect(undertaker.messages[0]?.id).toBe(consumer.messages[0]?.id as string);
    const headers = headersOf(undertaker, 0);
    expect(headers.get("destination")).toBe("/queue/DLQ.a");
    expect(headers.get("original-destination")).toBe("/queue/a");
    expect(headers.get("dead-letter-reason")).toBe("max-deliveries");
    expect(headers.get("delivery-count")).toBe("3");
    expect(headers.get("own")).toBe("1");
    expect(bench.events.map(({ type }) => type)).toEqual(["dead-lettered"]);
  });

  test("do not come of messages that only returned", () => {
    const bench = engineBench({ maxDeliveries: 1 });
    const consumer = fakeConsumer("c");
    bench.engine.subscribe(consumer, from("/queue/a"), HOLDING);
    send(bench, "/queue/a", "1");
    for (let at = 0; at < 9; at++) {
      bench.engine.apply(createSource(), [settle(consumer.held[at], "returned")], () => {});
    }
    expect([consumer.held.length, bench.engine.counters.deadLettered]).toEqual([10, 0]);
  });

  test("are never dead-lettered again", () => {
    const bench = engineBench({ maxDeliveries: 1 });
    const undertaker = fakeConsumer("undertaker");
    bench.engine.subscribe(undertaker, from("/queue/DLQ.a"), HOLDING);
    send(bench, "/queue/DLQ.a", "1");
    for (let at = 0; at < 5; at++) {
      bench.engine.apply(createSource(), [settle(undertaker.held[at], "refused")], () => {});
    }
    expect([undertaker.held.length, [...bench.engine.queues.keys()]]).toEqual([
      6,
      ["/queue/DLQ.a"],
    ]);
  });

  test("push out the oldest when they are too many, whatever other queues do", () => {
    const bench = engineBench({ maxDeliveries: 1, queueLimits: { messagesMax: 2 } });
    const consumer = fakeConsumer("c");
    bench.engine.subscribe(consumer, from("/queue/a"), HOLDING);
    for (const body of ["1", "2", "3"]) {
      send(bench, "/queue/a", body);
      bench.engine.apply(createSource(), [settle(consumer.held.at(-1), "refused")], () => {});
    }
    const undertaker = fakeConsumer("undertaker");
    bench.engine.subscribe(undertaker, from("/queue/DLQ.a"), HOLDING);
    expect([bodies(undertaker), bench.engine.counters.dropped]).toEqual([["2", "3"], 1]);
  });
});

describe("Consumers by wildcard on queues", () => {
  test("get what is there and what is still to come, also of queues made later", () => {
    const bench = engineBench();
    send(bench, "/queue/a.1", "old");
    const consumer = fakeConsumer("c");
    const tie = bench.engine.subscribe(consumer, from("/queue/a.*"), HOLDING);
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
    const tie = bench.engine.subscribe(consumer, from("/queue/>"), HOLDING);
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
    const tie = bench.engine.subscribe(consumer, from("/queue/>"), { acknowledges: false });
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
    bench.engine.resume(bench.engine.subscribe(consumer, from("/queue/*"), HOLDING));
    expect([consumer.messages.length, bench.engine.waiting]).toEqual([4, 6]);
  });
});

describe("Limits on destinations", () => {
  test("count queues, topics and patterns together; those there are stay usable", () => {
    const bench = engineBench({ destinationsMax: 3 });
    const { engine } = bench;
    const consumer = fakeConsumer("c");
    send(bench, "/queue/a", "1");
    engine.subscribe(consumer, from("/topic/a"), { acknowledges: false });
    const pattern = engine.subscribe(consumer, from("/queue/>"), HOLDING);
    const subscribe = (path: string) =>
      codeOf(() => engine.subscribe(consumer, from(path), HOLDING));
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

  test("temporary destinations are refused by name", () => {
    const bench = engineBench();
    const consumer = fakeConsumer("c");
    expect(codeOf(() => bench.engine.subscribe(consumer, from("/temp-queue/a"), HOLDING))).toBe(
      "unsupported-feature",
    );
    expect(codeOf(() => send(bench, "/temp-queue/a", "1"))).toBe("unsupported-feature");
  });
});

describe("Message ids", () => {
  test("tell their number, and that of no other run", () => {
    const { engine, message } = engineBench();
    const [first, second] = [message("1"), message("2")];
    expect([engine.numberOf(first.id), engine.numberOf(second.id)]).toEqual([1, 2]);
    expect(engine.lastNumber).toBe(2);
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

import { describe, expect, test } from "bun:test";
import { fakeConsumer } from "../broker/fake_consumer.ts";
import { apply, codeOf, engineBench, REFUSED, send, settle } from "./engine_bench.ts";

describe("The policy of a queue", () => {
  const rules = [
    { match: "/queue/>", maxDeliveries: 2 },
    { match: "/queue/fragile.*", maxDeliveries: 1 },
    { match: "/topic/sturdy", maxDeliveries: 3 },
  ];
  const attempts: readonly (readonly [path: string, deliveries: number])[] = [
    ["/queue/a", 2],
    ["/queue/fragile.a", 1],
    ["/queue/fragile.a.b", 2],
    ["/topic/sturdy", 3],
    ["/topic/other", 5],
  ];
  for (const [path, deliveries] of attempts) {
    test(`has ${path} try ${deliveries} times`, () => {
      const bench = engineBench({ policy: { maxDeliveries: 5 }, rules });
      const consumer = fakeConsumer("c");
      bench.subscribe(consumer, path);
      send(bench, path, "1");
      for (let at = 0; consumer.held[at] !== undefined; at++) {
        apply(bench, [settle(consumer.held[at], REFUSED)]);
      }
      expect(consumer.held).toHaveLength(deliveries);
    });
  }

  test("bounds each queue by itself, where it is made and later", () => {
    const bench = engineBench({
      policy: { messagesMax: 3 },
      rules: [
        { match: "/queue/small", messagesMax: 1 },
        { match: "/queue/ring", messagesMax: 2, overflow: "drop-oldest" },
        { match: "/queue/none", bytesMax: 1 },
      ],
    });
    const fill = (path: string) => {
      let sent = 0;
      while (sent < 9 && codeOf(() => send(bench, path, "m")) === "none") sent++;
      return [sent, bench.engine.queues.get(path)?.size];
    };
    expect(fill("/queue/small")).toEqual([1, 1]);
    expect(fill("/queue/ring")).toEqual([9, 2]);
    expect(fill("/queue/none")).toEqual([0, undefined]);
    expect(fill("/queue/other")).toEqual([3, 3]);
  });

  test("says how long a refused message waits, longer each time, up to a bound", () => {
    const bench = engineBench({
      policy: { maxDeliveries: 6 },
      rules: [
        {
          match: "/queue/a",
          redeliveryDelayMs: 100,
          redeliveryMultiplier: 3,
          redeliveryDelayMaxMs: 500,
        },
      ],
    });
    const consumer = fakeConsumer("c");
    bench.subscribe(consumer, "/queue/a");
    send(bench, "/queue/a", "1");
    const waits: number[] = [];
    for (let at = 0; at < 5; at++) {
      const refusedAt = bench.clock.now;
      apply(bench, [settle(consumer.held[at], REFUSED)]);
      while (consumer.held.length === at + 1 && bench.clock.now < refusedAt + 1_000) {
        bench.clock.now += 100;
        bench.engine.tick();
      }
      waits.push(bench.clock.now - refusedAt);
    }
    expect(waits).toEqual([100, 300, 500, 500, 500]);
    expect(bench.engine.counters.deadLettered).toBe(0);
    apply(bench, [settle(consumer.held[5], REFUSED)]);
    expect(bench.engine.counters.deadLettered).toBe(1);
  });

  test("counts refusals, not deliveries that only returned", () => {
    const bench = engineBench({ policy: { maxDeliveries: 2 } });
    const consumer = fakeConsumer("c");
    bench.subscribe(consumer, "/queue/a");
    send(bench, "/queue/a", "1");
    const verdicts = ["returned", REFUSED, "returned", REFUSED] as const;
    verdicts.forEach((verdict, at) => apply(bench, [settle(consumer.held[at], verdict)]));
    expect(consumer.held.map(({ refusals }) => refusals)).toEqual([2, 2, 2, 2]);
    expect(bench.engine.counters.deadLettered).toBe(1);
  });

  test("has nothing to say where a message is refused for good", () => {
    const bench = engineBench({ policy: { maxDeliveries: 9, redeliveryDelayMs: 1_000 } });
    const consumer = fakeConsumer("c");
    bench.subscribe(consumer, "/queue/a");
    send(bench, "/queue/a", "1");
    apply(bench, [settle(consumer.held[0], { requeue: false, delayMs: 5_000 })]);
    expect(bench.engine.queues.get("/queue/DLQ.a")?.ready).toBe(1);
    expect(bench.events.filter(({ type }) => type === "dead-lettered")).toEqual([
      {
        type: "dead-lettered",
        destination: "/queue/DLQ.a",
        messageId: "boot-1",
        reason: "rejected",
      },
    ]);
  });
});

import { describe, expect, test } from "bun:test";
import { fakeConsumer } from "../broker/fake_consumer.ts";
import {
  apply,
  bodies,
  type EngineBench,
  engineBench,
  headersOf,
  REFUSED,
  send,
  settle,
  settleAll,
} from "./engine_bench.ts";

/** Moves the clock, and has the engine look at it. */
function at(bench: EngineBench, now: number): void {
  bench.clock.now = now;
  bench.engine.tick();
}

function later(delayMs: number) {
  return { requeue: true, delayMs };
}

function sendExpiring(bench: EngineBench, path: string, ...all: readonly [string, number][]): void {
  apply(bench, ...all.map(([body, expiresAt]) => [bench.publish(path, body, { expiresAt })]));
}

describe("A message that expires", () => {
  test("leaves the queue when its time comes, not a millisecond before", () => {
    const bench = engineBench();
    sendExpiring(bench, "/queue/a", ["2", 3_000], ["1", 2_000], ["never", 0]);
    at(bench, 1_999);
    expect([bench.engine.waiting, bench.engine.counters.expired]).toEqual([3, 0]);
    at(bench, 2_000);
    expect([bench.engine.waiting, bench.engine.counters.expired]).toEqual([2, 1]);
    at(bench, 9_000);
    const consumer = fakeConsumer("c");
    bench.subscribe(consumer, "/queue/a");
    expect([bodies(consumer), bench.engine.counters.expired]).toEqual([["never"], 2]);
  });

  test("is not given to who asks after that, tick or no tick", () => {
    const bench = engineBench();
    sendExpiring(bench, "/queue/a", ["1", 2_000]);
    bench.clock.now = 2_000;
    const consumer = fakeConsumer("c");
    bench.subscribe(consumer, "/queue/a");
    expect(bodies(consumer)).toEqual([]);
  });

  test("goes nowhere if it comes too late, to queues and topics", () => {
    const bench = engineBench();
    const consumer = fakeConsumer("c");
    bench.subscribe(consumer, "/queue/a");
    bench.subscribe(consumer, "/topic/a");
    sendExpiring(bench, "/queue/a", ["1", 1_000]);
    sendExpiring(bench, "/topic/a", ["2", 1_000]);
    sendExpiring(bench, "/queue/nobody", ["3", 999]);
    expect([bodies(consumer), bench.engine.counters.expired]).toEqual([[], 3]);
    expect([...bench.engine.queues.keys()]).toEqual(["/queue/a"]);
  });

  test("stays with the consumer that holds it; it goes when it would come back", () => {
    const bench = engineBench();
    const consumer = fakeConsumer("c", { credit: 3 });
    bench.subscribe(consumer, "/queue/a");
    sendExpiring(bench, "/queue/a", ["accepted", 2_000], ["returned", 2_000], ["refused", 2_000]);
    at(bench, 2_000);
    expect([bench.engine.waiting, bench.engine.counters.expired]).toEqual([3, 0]);
    const [accepted, returned, refused] = consumer.held;
    apply(bench, [settle(accepted, "accepted")]);
    expect(bench.engine.counters.expired).toBe(0);
    consumer.credit = 9;
    apply(bench, [settle(returned, "returned"), settle(refused, REFUSED)]);
    expect(bodies(consumer)).toEqual(["accepted", "returned", "refused"]);
    expect([bench.engine.waiting, bench.engine.counters.expired, bench.memory.used]).toEqual([
      0, 2, 0,
    ]);
  });

  test("expires while it is kept back", () => {
    const bench = engineBench();
    const consumer = fakeConsumer("c", { credit: 1 });
    bench.subscribe(consumer, "/queue/a");
    sendExpiring(bench, "/queue/a", ["1", 2_000]);
    apply(bench, [settle(consumer.held[0], later(5_000))]);
    at(bench, 2_000);
    expect([bench.engine.waiting, bench.engine.counters.expired]).toEqual([0, 1]);
    consumer.credit = 1;
    at(bench, 9_000);
    expect(bodies(consumer)).toEqual(["1"]);
  });

  test("makes room in a full queue", () => {
    const bench = engineBench({ policy: { messagesMax: 1 } });
    sendExpiring(bench, "/queue/a", ["1", 2_000]);
    bench.clock.now = 2_000;
    send(bench, "/queue/a", "2");
    expect(bench.engine.waiting).toBe(1);
  });

  test("goes to the dead letters where the policy says so, in the order of its queue", () => {
    const bench = engineBench({ policy: { deadLetterExpired: true } });
    sendExpiring(bench, "/queue/a", ["1", 2_000], ["2", 2_000], ["3", 2_000], ["late", 500]);
    at(bench, 2_000);
    const undertaker = fakeConsumer("undertaker");
    bench.subscribe(undertaker, "/queue/DLQ.a");
    expect(bodies(undertaker)).toEqual(["late", "1", "2", "3"]);
    const headers = headersOf(undertaker.messages[1]);
    expect([headers.get("dead-letter-reason"), headers.get("delivery-count")]).toEqual([
      "expired",
      "0",
    ]);
    // There it does not expire again.
    expect(undertaker.messages.map(({ expiresAt }) => expiresAt)).toEqual([0, 0, 0, 0]);
    expect(bench.engine.counters).toMatchObject({ expired: 4, deadLettered: 4 });
  });

  test("that was sent to dead letters goes for good, also when it is put back there", () => {
    const bench = engineBench({ policy: { deadLetterExpired: true } });
    const undertaker = fakeConsumer("undertaker", { credit: 1 });
    bench.subscribe(undertaker, "/queue/DLQ.a");
    sendExpiring(bench, "/queue/DLQ.a", ["1", 2_000], ["2", 2_000]);
    at(bench, 2_000);
    apply(bench, [settle(undertaker.held[0], { requeue: false, delayMs: undefined })]);
    expect([bench.engine.waiting, bench.engine.counters.expired]).toEqual([0, 2]);
  });
});

describe("A message that is kept back", () => {
  test("comes again when its time is up, in its old place, and holds nobody up", () => {
    const bench = engineBench();
    const consumer = fakeConsumer("c", { credit: 1 });
    const tie = bench.subscribe(consumer, "/queue/a");
    send(bench, "/queue/a", "1", "2", "3");
    consumer.credit = 1;
    apply(bench, [settle(consumer.held[0], later(500))]);
    bench.engine.resume(tie);
    expect([bodies(consumer), bench.engine.waiting]).toEqual([["1", "2"], 3]);
    at(bench, 1_499);
    at(bench, 1_500);
    consumer.credit = 9;
    bench.engine.resume(tie);
    expect(bodies(consumer)).toEqual(["1", "2", "1", "3"]);
  });

  test("is given at once to who has credit when its time is up", () => {
    const bench = engineBench();
    const consumer = fakeConsumer("c");
    bench.subscribe(consumer, "/queue/a");
    send(bench, "/queue/a", "1");
    apply(bench, [settle(consumer.held[0], later(500))]);
    at(bench, 1_499);
    expect(consumer.held).toHaveLength(1);
    at(bench, 1_500);
    expect(consumer.held[1]?.deliveries).toBe(2);
  });

  test("comes with others of the same time in their order, whatever the order of refusal", () => {
    const bench = engineBench();
    const consumer = fakeConsumer("c");
    bench.subscribe(consumer, "/queue/a");
    send(bench, "/queue/a", "1", "2", "3", "4");
    const operations = [2, 0, 3, 1].map((index) => settle(consumer.held[index], later(500)));
    apply(bench, operations);
    consumer.messages.splice(0);
    at(bench, 1_500);
    expect(bodies(consumer)).toEqual(["1", "2", "3", "4"]);
  });

  test("does not wait if asked not to, whatever the policy", () => {
    const bench = engineBench({ policy: { redeliveryDelayMs: 500 } });
    const consumer = fakeConsumer("c");
    bench.subscribe(consumer, "/queue/a");
    send(bench, "/queue/a", "1");
    apply(bench, [settle(consumer.held[0], later(0))]);
    expect(consumer.held).toHaveLength(2);
    apply(bench, [settle(consumer.held[1], REFUSED)]);
    expect(consumer.held).toHaveLength(2);
    at(bench, 1_500);
    expect(consumer.held).toHaveLength(3);
  });

  test("keeps its queue, and what it takes of limits and memory", () => {
    const bench = engineBench({ policy: { messagesMax: 1 } });
    const consumer = fakeConsumer("c");
    const tie = bench.subscribe(consumer, "/queue/a");
    send(bench, "/queue/a", "1");
    const used = bench.memory.used;
    settleAll(bench, consumer, later(500));
    bench.engine.unsubscribe(tie);
    expect([bench.engine.queues.size, bench.engine.waiting, bench.memory.used]).toEqual([
      1,
      1,
      used,
    ]);
    expect(() => send(bench, "/queue/a", "2")).toThrow("full");
    at(bench, 1_500);
    const next = fakeConsumer("next");
    bench.subscribe(next, "/queue/a");
    expect(bodies(next)).toEqual(["1"]);
  });

  test("of a private queue is gone with it", () => {
    const bench = engineBench();
    const consumer = fakeConsumer("c");
    const tie = bench.subscribe(consumer, "/topic/a");
    send(bench, "/topic/a", "1");
    settleAll(bench, consumer, later(500));
    bench.engine.unsubscribe(tie);
    at(bench, 1_500);
    expect([bodies(consumer), bench.engine.waiting, bench.memory.used]).toEqual([["1"], 0, 0]);
  });
});

/** Other bounds and policies for an engine that has queues already. */
import { describe, expect, test } from "bun:test";
import { createPolicies, type PolicyRule, type QueuePolicy } from "../../src/broker/policy.ts";
import { fakeConsumer } from "../broker/fake_consumer.ts";
import {
  apply,
  bodies,
  codeOf,
  engineBench,
  type EngineBench,
  send,
  settle,
} from "./engine_bench.ts";

const POLICY: QueuePolicy = {
  messagesMax: 1,
  bytesMax: 1_000_000,
  overflow: "reject",
  maxDeliveries: 3,
  redeliveryDelayMs: 0,
  redeliveryMultiplier: 1,
  redeliveryDelayMaxMs: 60_000,
  deadLetterExpired: false,
};

function reconfigure(
  { engine }: EngineBench,
  policy: Partial<QueuePolicy> = {},
  rules: readonly PolicyRule[] = [],
): void {
  engine.reconfigure({
    policyOf: createPolicies({ ...POLICY, ...policy }, rules),
    destinationsMax: 100,
  });
}

describe("Other policies", () => {
  test("hold for a queue that is there and for one that is made later", () => {
    const bench = engineBench();
    send(bench, "/queue/a", "1", "2");
    reconfigure(bench);
    expect(codeOf(() => send(bench, "/queue/a", "3"))).toBe("queue-full");
    expect(codeOf(() => send(bench, "/queue/b", "1", "2"))).toBe("queue-full");
    expect(bench.engine.queues.get("/queue/a")?.size).toBe(2);
  });

  test("are those of the rule that covers the queue", () => {
    const bench = engineBench({ rules: [{ match: "/queue/b", messagesMax: 1 }] });
    send(bench, "/queue/a", "1");
    send(bench, "/queue/b", "1");
    reconfigure(bench, { messagesMax: 5 }, [{ match: "/queue/a", messagesMax: 1 }]);
    expect(codeOf(() => send(bench, "/queue/a", "2"))).toBe("queue-full");
    expect(codeOf(() => send(bench, "/queue/b", "2"))).toBe("none");
  });

  test("drop nothing of what is there before another comes", () => {
    const bench = engineBench();
    send(bench, "/queue/a", "1", "2", "3");
    reconfigure(bench, { overflow: "drop-oldest" });
    expect(bench.engine.queues.get("/queue/a")?.size).toBe(3);
    send(bench, "/queue/a", "4");
    const consumer = fakeConsumer("c");
    bench.subscribe(consumer, "/queue/a");
    expect(bodies(consumer)).toEqual(["4"]);
  });

  test("do not make dead letters reject", () => {
    const bench = engineBench();
    const consumer = fakeConsumer("c");
    bench.subscribe(consumer, "/queue/a");
    const bury = (body: string): void => {
      send(bench, "/queue/a", body);
      apply(bench, [settle(consumer.held.pop(), { requeue: false, delayMs: undefined })]);
    };
    bury("1");
    reconfigure(bench);
    bury("2");
    const dead = fakeConsumer("dead");
    bench.subscribe(dead, "/queue/DLQ.a");
    expect(bodies(dead)).toEqual(["2"]);
  });

  test("hold for a subscriber of a topic that acknowledges, whose publishers are not refused", () => {
    const bench = engineBench();
    const consumer = fakeConsumer("c", { credit: 0 });
    const tie = bench.subscribe(consumer, "/topic/a");
    send(bench, "/topic/a", "1");
    reconfigure(bench);
    expect(codeOf(() => send(bench, "/topic/a", "2", "3"))).toBe("none");
    consumer.credit = 9;
    bench.engine.resume(tie);
    expect(bodies(consumer)).toEqual(["3"]);
  });
});

describe("Other bounds", () => {
  test("hold for destinations and for retained messages", () => {
    const bench = engineBench({ destinationsMax: 1 });
    const retain = (path: string): string =>
      codeOf(() => apply(bench, [bench.publish(path, "m", { retain: "keep" })]));
    send(bench, "/queue/a", "1");
    expect(codeOf(() => send(bench, "/queue/b", "1"))).toBe("too-many-destinations");
    expect([retain("/topic/a"), retain("/topic/b")]).toEqual(["none", "too-many-destinations"]);
    reconfigure(bench);
    expect(codeOf(() => send(bench, "/queue/b", "1"))).toBe("none");
    expect(retain("/topic/b")).toBe("none");
  });

  test("cannot be changed from inside a delivery", () => {
    const bench = engineBench();
    const consumer = fakeConsumer("c");
    consumer.deliver = () => {
      reconfigure(bench);
      return true;
    };
    bench.subscribe(consumer, "/queue/a");
    expect(() => send(bench, "/queue/a", "1")).toThrow("from inside deliver");
  });
});

import { describe, expect, test } from "bun:test";
import { createSource } from "../../src/engine/operation.ts";
import { Fault } from "../../src/fault.ts";
import { fakeConsumer } from "../broker/fake_consumer.ts";
import { bodies, engineBench, outcomes, settle, slowStore } from "./engine_bench.ts";

const durable = { persistent: true };
const AUTO = { acknowledges: false };
const failure = new Fault("internal-error", "The disk is full");

describe("A list of operations", () => {
  test("is accepted before apply returns when nothing has to be stored", () => {
    const { engine, publish } = engineBench();
    const { list, of } = outcomes();
    engine.apply(createSource(), [publish("/queue/a", "1")], of("first"));
    engine.apply(createSource(), [], of("empty"));
    expect(list).toEqual(["first", "empty"]);
  });

  const full: readonly (readonly [
    what: string,
    code: string,
    bench: Parameters<typeof engineBench>[0],
  ])[] = [
    ["a queue has no room for it", "queue-full", { policy: { messagesMax: 1 } }],
    ["a queue has no room for its bytes", "queue-full", { policy: { bytesMax: 560 } }],
    ["memory has no room for it", "memory-full", { memoryMax: 560 }],
    [
      "it needs more destinations than there may be",
      "too-many-destinations",
      { destinationsMax: 2 },
    ],
  ];
  for (const [what, code, options] of full) {
    test(`is carried out not at all if ${what}`, () => {
      const { engine, memory, publish, subscribe } = engineBench(options);
      const { list, of } = outcomes();
      const consumer = fakeConsumer("c", { credit: 1 });
      subscribe(consumer, "/queue/b");
      engine.apply(createSource(), [publish("/queue/b", "b")], of("b"));
      const used = memory.used;
      const operations = [
        settle(consumer.held[0], "accepted"),
        publish("/queue/a", "1"),
        publish("/queue/a", "2"),
        publish("/queue/c", "3"),
      ];
      engine.apply(createSource(), operations, of("list"));
      expect(list).toEqual(["b", `list: ${code}`]);
      expect(memory.used).toBe(used);
      expect([...engine.queues.keys()]).toEqual(["/queue/b"]);
      expect(engine.queues.get("/queue/b")?.held).toBe(1);
    });
  }

  test("that only gives back is accepted however full memory is", () => {
    const { engine, publish, memory, subscribe } = engineBench({ memoryMax: 700 });
    const { list, of } = outcomes();
    const consumer = fakeConsumer("c");
    subscribe(consumer, "/queue/a");
    for (const body of ["1", "2"])
      engine.apply(createSource(), [publish("/queue/a", body)], of(body));
    memory.used += 1_000;
    engine.apply(
      createSource(),
      consumer.held.map((entry) => settle(entry, "accepted")),
      of("acks"),
    );
    expect(list).toEqual(["1", "2", "acks"]);
    expect(memory.used).toBe(1_000);
  });

  test("dispatches after all of it is carried out, not in between", () => {
    const { engine, publish, subscribe } = engineBench();
    const consumer = fakeConsumer("c", { credit: 2 });
    const tie = subscribe(consumer, "/queue/a");
    engine.apply(
      createSource(),
      ["1", "2", "3"].map((body) => publish("/queue/a", body)),
      () => {},
    );
    consumer.credit = 2;
    const [first, second] = consumer.held;
    engine.apply(createSource(), [settle(second, "returned"), settle(first, "returned")], () => {});
    expect(bodies(consumer)).toEqual(["1", "2"]);
    engine.resume(tie);
    expect(bodies(consumer)).toEqual(["1", "2", "1", "2"]);
  });

  test("says when a topic's subscriber is far behind", () => {
    const { engine, publish, subscribe } = engineBench();
    const slow = { ...fakeConsumer("slow", AUTO), deliver: () => false };
    subscribe(fakeConsumer("quick", AUTO), "/topic/a");
    expect(engine.apply(createSource(), [publish("/topic/a", "1")], () => {})).toBe(true);
    subscribe(slow, "/topic/>");
    expect(engine.apply(createSource(), [publish("/topic/a", "2")], () => {})).toBe(false);
    expect(engine.apply(createSource(), [publish("/queue/a", "3")], () => {})).toBe(true);
  });
});

describe("With a store that takes its time", () => {
  test("nothing is delivered or accepted before it answers", () => {
    const store = slowStore();
    const { engine, publish, subscribe } = engineBench({ store });
    const { list, of } = outcomes();
    const consumer = fakeConsumer("c");
    subscribe(consumer, "/queue/a");
    const source = createSource();
    engine.apply(source, [publish("/queue/a", "1", durable)], of("1"));
    expect([list, bodies(consumer), source.operations]).toEqual([[], [], 1]);
    store.waiting[0]?.answer();
    expect([list, bodies(consumer), source.operations, source.bytes]).toEqual([["1"], ["1"], 0, 0]);
  });

  test("it is told only what must be kept", () => {
    const store = slowStore();
    const { engine, publish, subscribe } = engineBench({ store });
    subscribe(fakeConsumer("c"), "/topic/a");
    const { of, list } = outcomes();
    const operations = [
      publish("/queue/a", "kept", durable),
      publish("/queue/b", "light"),
      publish("/topic/a", "of a topic", durable),
    ];
    engine.apply(createSource(), operations, of("mixed"));
    const put = store.waiting[0]?.changes.put.map(({ queue, message }) => [queue, message.body]);
    expect(put).toEqual([["/queue/a", "kept"]]);
    engine.apply(createSource(), [publish("/topic/a", "alone", durable)], of("topic"));
    expect([store.waiting.length, list]).toEqual([1, ["topic"]]);
  });

  test("what one source sends stays in order, transient behind persistent", () => {
    const store = slowStore();
    const { engine, publish, subscribe } = engineBench({ store });
    const { list, of } = outcomes();
    const consumer = fakeConsumer("c", AUTO);
    subscribe(consumer, "/queue/a");
    subscribe(consumer, "/topic/a");
    const source = createSource();
    engine.apply(source, [publish("/queue/a", "1", durable)], of("1"));
    engine.apply(source, [publish("/topic/a", "2")], of("2"));
    engine.apply(source, [], of("flush"));
    engine.apply(source, [publish("/queue/a", "3", durable)], of("3"));
    engine.apply(source, [publish("/queue/a", "4")], of("4"));
    // Nobody else has to wait.
    engine.apply(createSource(), [publish("/queue/a", "other")], of("other"));
    expect(list).toEqual(["other"]);
    // The store may answer the later one first.
    store.waiting[1]?.answer();
    expect(list).toEqual(["other"]);
    store.waiting[0]?.answer();
    expect(list).toEqual(["other", "1", "2", "flush", "3", "4"]);
    expect(bodies(consumer)).toEqual(["other", "1", "2", "3", "4"]);
  });

  test("acknowledgements wait behind what their source sent before", () => {
    const store = slowStore();
    const { engine, publish, subscribe } = engineBench({ store });
    const { list, of } = outcomes();
    const consumer = fakeConsumer("c");
    subscribe(consumer, "/queue/a");
    engine.apply(createSource(), [publish("/queue/a", "1")], () => {});
    const source = createSource();
    engine.apply(source, [publish("/queue/b", "2", durable)], of("2"));
    engine.apply(source, [settle(consumer.held[0], "accepted")], of("ack"));
    expect(engine.queues.get("/queue/a")?.held).toBe(1);
    store.waiting[0]?.answer();
    expect(list).toEqual(["2", "ack"]);
    expect(engine.queues.get("/queue/a")?.held).toBe(0);
  });

  test("a list that it fails to write leaves no trace, and what is behind it goes on", () => {
    const store = slowStore();
    const { engine, memory, publish } = engineBench({ store });
    const { list, of } = outcomes();
    const source = createSource();
    engine.apply(source, [publish("/queue/a", "1", durable), publish("/queue/b", "2")], of("list"));
    engine.apply(source, [publish("/queue/c", "3")], of("next"));
    store.waiting[0]?.answer(failure);
    expect(list).toEqual(["list: internal-error", "next"]);
    expect([...engine.queues.keys()]).toEqual(["/queue/c"]);
    expect(memory.used).toBe(engine.queues.get("/queue/c")?.bytes ?? 0);
    expect([source.operations, source.bytes]).toEqual([0, 0]);
  });

  test("a refusal is told in its place, behind what waits", () => {
    const store = slowStore();
    const { engine, publish } = engineBench({ store, policy: { messagesMax: 1 } });
    const { list, of } = outcomes();
    const source = createSource();
    engine.apply(createSource(), [publish("/queue/full", "0")], () => {});
    engine.apply(source, [publish("/queue/a", "1", durable)], of("1"));
    engine.apply(source, [publish("/queue/full", "2")], of("2"));
    engine.apply(source, [publish("/queue/b", "3")], of("3"));
    expect(list).toEqual([]);
    store.waiting[0]?.answer();
    expect(list).toEqual(["1", "2: queue-full", "3"]);
  });

  test("it may fail at any write: the others are carried out, each done once", () => {
    for (let fails = 0; fails < 5; fails++) {
      const store = slowStore();
      const { engine, publish, subscribe } = engineBench({ store });
      const { list, of } = outcomes();
      const consumer = fakeConsumer("c", AUTO);
      subscribe(consumer, "/queue/a");
      const source = createSource();
      for (let at = 0; at < 5; at++) {
        engine.apply(source, [publish("/queue/a", `${at}`, durable)], of(`${at}`));
      }
      const writes = [...store.waiting];
      for (const at of [3, 0, 4, 1, 2]) writes[at]?.answer(at === fails ? failure : undefined);
      const names = ["0", "1", "2", "3", "4"];
      expect(list).toEqual(
        names.map((name, at) => (at === fails ? `${name}: internal-error` : name)),
      );
      expect(bodies(consumer)).toEqual(names.filter((_, at) => at !== fails));
    }
  });
});

test("a subscriber that calls the engine from inside deliver is stopped", () => {
  const { engine, publish, subscribe } = engineBench();
  const rude = {
    ...fakeConsumer("rude", AUTO),
    deliver: () => {
      engine.apply(createSource(), [publish("/queue/b", "2")], () => {});
      return true;
    },
  };
  subscribe(rude, "/topic/a");
  expect(() => engine.apply(createSource(), [publish("/topic/a", "1")], () => {})).toThrow(
    "from inside deliver",
  );
  // And the engine is none the worse for it.
  engine.apply(createSource(), [publish("/queue/c", "3")], () => {});
  expect(engine.queues.has("/queue/c")).toBe(true);
});

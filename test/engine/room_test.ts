import { describe, expect, test } from "bun:test";
import { createSource } from "../../src/engine/operation.ts";
import { fakeConsumer } from "../broker/fake_consumer.ts";
import { type BenchOptions, bodies, engineBench, outcomes, send, settle } from "./engine_bench.ts";

describe("A message for several destinations", () => {
  test("reaches them all, in order, and consumers of both kinds", () => {
    const bench = engineBench();
    const everything = fakeConsumer("everything");
    for (const path of ["/queue/a", "/queue/b", "/topic/c"]) bench.subscribe(everything, path);
    const operations = ["/queue/b", "/topic/c", "/queue/a"].map((path) =>
      bench.publish(path, path),
    );
    bench.engine.apply(createSource(), operations, () => {});
    expect(bodies(everything)).toEqual(["/queue/b", "/topic/c", "/queue/a"]);
  });

  const refused: readonly (readonly [
    what: string,
    code: string,
    paths: readonly string[],
    options: BenchOptions,
  ])[] = [
    [
      "its last queue is full",
      "queue-full",
      ["/topic/t", "/queue/new", "/queue/full"],
      { rules: [{ match: "/queue/full", messagesMax: 1 }] },
    ],
    [
      "its first queue is full",
      "queue-full",
      ["/queue/full", "/queue/new", "/topic/t"],
      { rules: [{ match: "/queue/full", messagesMax: 1 }] },
    ],
    [
      "it names a queue more often than that has room for",
      "queue-full",
      ["/queue/new", "/topic/t", "/queue/new"],
      { rules: [{ match: "/queue/new", messagesMax: 1 }] },
    ],
    [
      "a queue that is to be made is too small in bytes",
      "queue-full",
      ["/topic/t", "/queue/new"],
      { rules: [{ match: "/queue/new", bytesMax: 100 }] },
    ],
    [
      "all of them together are too much for memory",
      "memory-full",
      ["/queue/a", "/queue/b", "/queue/c", "/topic/t"],
      // One message is there; two more would fit.
      { memoryMax: 1_000 },
    ],
    [
      "it would make one destination too many",
      "too-many-destinations",
      ["/queue/a", "/topic/t", "/queue/b"],
      { destinationsMax: 3 },
    ],
  ];
  for (const [what, code, paths, options] of refused) {
    test(`reaches none of them if ${what}`, () => {
      const bench = engineBench(options);
      const { list, of } = outcomes();
      const listener = fakeConsumer("listener", { acknowledges: false });
      bench.subscribe(listener, "/topic/t");
      send(bench, "/queue/full", "0");
      const used = bench.memory.used;
      const operations = paths.map((path) => bench.publish(path, "m"));
      bench.engine.apply(createSource(), operations, of("composite"));
      expect(list).toEqual([`composite: ${code}`]);
      expect([bodies(listener), bench.memory.used]).toEqual([[], used]);
      expect([...bench.engine.queues.keys()]).toEqual(["/queue/full"]);
      expect(bench.engine.counters.published).toBe(1);
    });
  }

  test("fits where the same queue is named just as often as it has room for", () => {
    const bench = engineBench({ policy: { messagesMax: 2 } });
    send(bench, "/queue/a", "0");
    bench.engine.apply(
      createSource(),
      ["/queue/a", "/queue/b", "/queue/b"].map((path) => bench.publish(path, "m")),
      (fault) => expect(fault).toBeUndefined(),
    );
    expect([...bench.engine.queues.values()].map(({ size }) => size)).toEqual([2, 2]);
  });

  test("counts a queue it makes once, however often it is named", () => {
    const bench = engineBench({ destinationsMax: 2 });
    const { list, of } = outcomes();
    const operations = ["/queue/a", "/queue/b", "/queue/a"].map((path) => bench.publish(path, "m"));
    bench.engine.apply(createSource(), operations, of("two"));
    expect([list, bench.engine.queues.size]).toEqual([["two"], 2]);
  });
});

test("a list that frees as much as it brings is refused: room is looked at before it is freed", () => {
  const bench = engineBench({ policy: { messagesMax: 1 } });
  const { list, of } = outcomes();
  const consumer = fakeConsumer("c");
  bench.subscribe(consumer, "/queue/a");
  send(bench, "/queue/a", "1");
  const operations = [settle(consumer.held[0], "accepted"), bench.publish("/queue/a", "2")];
  bench.engine.apply(createSource(), operations, of("list"));
  expect([list, consumer.held[0]?.state]).toEqual([["list: queue-full"], "held"]);
});

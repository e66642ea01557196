import { describe, expect, test } from "bun:test";
import { createSource } from "../../src/engine/operation.ts";
import { Fault } from "../../src/fault.ts";
import { fakeConsumer } from "../broker/fake_consumer.ts";
import {
  apply,
  bodies,
  codeOf,
  type EngineBench,
  engineBench,
  headersOf,
  outcomes,
  settle,
  slowStore,
} from "./engine_bench.ts";

const AUTO = { acknowledges: false };

function keep(bench: EngineBench, path: string, body: string): void {
  apply(bench, [bench.publish(path, body, { retain: "keep" })]);
}

/** What someone who subscribes now is given of the past. */
function seen(bench: EngineBench, path: string, acknowledges = false): unknown[] {
  const late = fakeConsumer("late", { acknowledges });
  const tie = bench.subscribe(late, path);
  bench.engine.resume(tie);
  bench.engine.resume(tie);
  bench.engine.unsubscribe(tie);
  return bodies(late);
}

describe("The retained message of a topic", () => {
  test("is the last one kept; removing it forgets it, and both reach whoever is there", () => {
    const bench = engineBench();
    const there = fakeConsumer("there", AUTO);
    bench.subscribe(there, "/topic/a");
    keep(bench, "/topic/a", "1");
    keep(bench, "/topic/a", "2");
    apply(bench, [bench.publish("/topic/a", "not kept")]);
    expect([seen(bench, "/topic/a"), seen(bench, "/topic/b"), bench.engine.retained]).toEqual([
      ["2"],
      [],
      1,
    ]);
    apply(bench, [bench.publish("/topic/a", "3", { retain: "remove" })]);
    expect([seen(bench, "/topic/a"), bench.engine.retained, bench.memory.used]).toEqual([[], 0, 0]);
    expect(bodies(there)).toEqual(["1", "2", "not kept", "3"]);
  });

  test("says that it is one to those who come later, and to nobody else", () => {
    const bench = engineBench();
    const [there, late] = [fakeConsumer("there", AUTO), fakeConsumer("late", AUTO)];
    bench.subscribe(there, "/topic/a");
    keep(bench, "/topic/a", "1");
    bench.engine.resume(bench.subscribe(late, "/topic/a"));
    expect(headersOf(there.messages[0]).has("retained")).toBe(false);
    expect(headersOf(late.messages[0]).get("retained")).toBe("true");
    expect(late.messages[0]?.id).toBe(there.messages[0]?.id as string);
  });

  for (const acknowledges of [false, true]) {
    test(`comes to a pattern from each topic, ${acknowledges ? "to be settled" : "once"}`, () => {
      const bench = engineBench();
      for (const name of ["a.1", "a.2", "b"]) keep(bench, `/topic/${name}`, name);
      expect(seen(bench, "/topic/a.*", acknowledges)).toEqual(["a.1", "a.2"]);
      expect(seen(bench, "/topic/>", acknowledges)).toEqual(["a.1", "a.2", "b"]);
    });
  }

  test("is not for whose filter does not match it, nor shown after it expired", () => {
    const bench = engineBench();
    const filter = {
      text: "own = '2'",
      matches: ({ headers }: { headers: { list(): readonly string[] } }) =>
        headers.list().includes("2"),
    };
    keep(bench, "/topic/a.1", "1");
    keep(bench, "/topic/a.2", "2");
    const late = fakeConsumer("late", { ...AUTO, filter });
    bench.engine.resume(bench.subscribe(late, "/topic/>"));
    expect(bodies(late)).toEqual(["2"]);
    const expiresAt = bench.clock.now + 10;
    apply(bench, [bench.publish("/topic/a.2", "short", { retain: "keep", expiresAt })]);
    bench.clock.now = expiresAt - 1;
    expect(seen(bench, "/topic/a.2")).toEqual(["short"]);
    bench.clock.now = expiresAt;
    expect(seen(bench, "/topic/a.2")).toEqual([]);
  });

  test("is settled by one that acknowledges without being forgotten", () => {
    const bench = engineBench();
    keep(bench, "/topic/a", "1");
    const holder = fakeConsumer("holder");
    const tie = bench.subscribe(holder, "/topic/a");
    apply(bench, [settle(holder.held[0], "accepted")]);
    bench.engine.unsubscribe(tie);
    expect([seen(bench, "/topic/a"), bench.engine.waiting]).toEqual([["1"], 0]);
  });
});

describe("What a transaction keeps and removes", () => {
  test("takes effect in the order of its operations", () => {
    const bench = engineBench();
    keep(bench, "/topic/b", "old");
    apply(bench, [
      bench.publish("/topic/a", "1", { retain: "keep" }),
      bench.publish("/topic/a", "2", { retain: "remove" }),
      bench.publish("/topic/b", "3", { retain: "remove" }),
      bench.publish("/topic/b", "4", { retain: "keep" }),
    ]);
    expect([seen(bench, "/topic/a"), seen(bench, "/topic/b")]).toEqual([[], ["4"]]);
  });

  test("takes no effect when another part of it is refused", () => {
    const bench = engineBench({ policy: { messagesMax: 1 } });
    const there = fakeConsumer("there", AUTO);
    keep(bench, "/topic/a", "old");
    bench.subscribe(there, "/topic/>");
    const { list, of } = outcomes();
    const operations = [
      bench.publish("/topic/a", "1", { retain: "remove" }),
      bench.publish("/topic/b", "2", { retain: "keep" }),
      bench.publish("/queue/a", "3"),
      bench.publish("/queue/a", "4"),
    ];
    const used = bench.memory.used;
    bench.engine.apply(createSource(), operations, of("list"));
    expect([list, bodies(there), bench.memory.used]).toEqual([["list: queue-full"], [], used]);
    expect([seen(bench, "/topic/a"), seen(bench, "/topic/b")]).toEqual([["old"], []]);
  });

  test("takes no effect when the store fails to write the rest", () => {
    const store = slowStore();
    const bench = engineBench({ store });
    const { list, of } = outcomes();
    keep(bench, "/topic/a", "old");
    const operations = [
      bench.publish("/topic/a", "1", { retain: "keep" }),
      bench.publish("/queue/a", "2", { persistent: true }),
    ];
    bench.engine.apply(createSource(), operations, of("failed"));
    bench.engine.apply(createSource(), operations, of("written"));
    store.waiting[0]?.answer(new Fault("internal-error", "The disk is full"));
    expect(seen(bench, "/topic/a")).toEqual(["old"]);
    store.waiting[0]?.answer();
    expect(seen(bench, "/topic/a")).toEqual(["1"]);
    expect(list).toEqual(["failed: internal-error", "written"]);
  });

  test("is refused as a whole where one topic more than may be would retain", () => {
    const bench = engineBench({ destinationsMax: 2 });
    const { list, of } = outcomes();
    keep(bench, "/topic/a", "old");
    const kept = (name: string) => bench.publish(`/topic/${name}`, name, { retain: "keep" });
    bench.engine.apply(createSource(), [kept("b"), kept("c")], of("two more"));
    expect([list, bench.engine.retained]).toEqual([["two more: too-many-destinations"], 1]);
    bench.engine.apply(createSource(), [kept("a"), kept("b"), kept("b")], of("one more"));
    expect([list.at(-1), bench.engine.retained]).toEqual(["one more", 2]);
    expect(codeOf(() => keep(bench, "/topic/c", "3"))).toBe("too-many-destinations");
    keep(bench, "/topic/a", "again");
    expect(seen(bench, "/topic/a")).toEqual(["again"]);
  });

  test("is refused as a whole where memory has no room for all it would retain", () => {
    // Each of them takes less than 320 bytes.
    const bench = engineBench({ memoryMax: 640 });
    const { list, of } = outcomes();
    const kept = (name: string) => bench.publish(`/topic/${name}`, name, { retain: "keep" });
    bench.engine.apply(createSource(), ["a", "b", "c"].map(kept), of("three"));
    expect([list, bench.memory.used, bench.engine.retained]).toEqual([
      ["three: memory-full"],
      0,
      0,
    ]);
    bench.engine.apply(createSource(), ["a", "b"].map(kept), of("two"));
    expect([list.at(-1), bench.engine.retained]).toEqual(["two", 2]);
    expect(bench.memory.used).toBeLessThanOrEqual(640);
  });
});

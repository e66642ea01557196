import { describe, expect, test } from "bun:test";
import type { Attachment } from "../../src/engine/attachment.ts";
import {
  type FakeConsumer,
  fakeConsumer,
  type FakeConsumerOptions,
} from "../broker/fake_consumer.ts";
import {
  apply,
  bodies,
  type EngineBench,
  engineBench,
  headersOf,
  send,
  settleAll,
} from "./engine_bench.ts";

/** Someone who browses a queue, with so much credit. */
function browser(
  bench: EngineBench,
  path: string,
  options: FakeConsumerOptions = {},
): { consumer: FakeConsumer; tie: Attachment; more(credit: number): void } {
  const consumer = fakeConsumer("browser", { acknowledges: false, browses: true, ...options });
  const tie = bench.subscribe(consumer, path, { browse: true });
  bench.engine.resume(tie);
  const more = (credit: number) => {
    consumer.credit = credit;
    bench.engine.resume(tie);
  };
  return { consumer, tie, more };
}

/** What was shown: bodies, and END where the end was told. */
function shown(consumer: FakeConsumer): unknown[] {
  return consumer.messages.map((message) =>
    headersOf(message).get("browser") === "end" ? "END" : message.body,
  );
}

describe("Browsing a queue", () => {
  test("shows what waits in the order of delivery, then the end once, and removes nothing", () => {
    const bench = engineBench();
    send(bench, "/queue/a", "1", "2");
    apply(bench, [bench.publish("/queue/a", "urgent", { priority: 9 })]);
    const { consumer, more } = browser(bench, "/queue/a");
    more(Infinity);
    expect(shown(consumer)).toEqual(["urgent", "1", "2", "END"]);
    expect([bench.engine.waiting, consumer.held]).toEqual([3, []]);
    const reader = fakeConsumer("reader");
    bench.subscribe(reader, "/queue/a");
    expect(bodies(reader)).toEqual(["urgent", "1", "2"]);
    expect(reader.held.map(({ deliveries }) => deliveries)).toEqual([1, 1, 1]);
  });

  test("ends with a message to that queue, with an id of its own and no body", () => {
    const bench = engineBench();
    const { consumer } = browser(bench, "/queue/a");
    const [end] = consumer.messages;
    expect(headersOf(end)).toEqual(
      new Map([
        ["destination", "/queue/a"],
        ["browser", "end"],
        ["timestamp", `${bench.clock.now}`],
        ["content-length", "0"],
      ]),
    );
    expect([end?.id, end?.body, bench.engine.queues.size]).toEqual(["boot-1", "", 0]);
  });

  test("goes on as credit comes, and the end takes some too", () => {
    const bench = engineBench();
    send(bench, "/queue/a", "1", "2", "3");
    const { consumer, more } = browser(bench, "/queue/a", { credit: 0 });
    expect(shown(consumer)).toEqual([]);
    more(2);
    expect(shown(consumer)).toEqual(["1", "2"]);
    more(1);
    expect(shown(consumer)).toEqual(["1", "2", "3"]);
    more(1);
    more(1);
    expect(shown(consumer)).toEqual(["1", "2", "3", "END"]);
  });

  test("shows nothing that came after it began", () => {
    const bench = engineBench();
    send(bench, "/queue/a", "1", "2");
    const { consumer, more } = browser(bench, "/queue/a", { credit: 1 });
    send(bench, "/queue/a", "later");
    apply(bench, [bench.publish("/queue/a", "later and urgent", { priority: 9 })]);
    apply(bench, [bench.publish("/queue/a", "later and idle", { priority: 0 })]);
    more(Infinity);
    expect(shown(consumer)).toEqual(["1", "2", "END"]);
    expect(shown(browser(bench, "/queue/a").consumer)).toHaveLength(6);
  });

  test("shows nothing of a queue that was made anew meanwhile, and ends", () => {
    const bench = engineBench();
    send(bench, "/queue/a", "1", "2", "3");
    const { consumer, more } = browser(bench, "/queue/a", { credit: 1 });
    const reader = fakeConsumer("reader");
    const tie = bench.subscribe(reader, "/queue/a");
    settleAll(bench, reader, "accepted");
    bench.engine.unsubscribe(tie);
    expect(bench.engine.queues.size).toBe(0);
    send(bench, "/queue/a", "new", "new", "new");
    more(Infinity);
    expect(shown(consumer)).toEqual(["1", "END"]);
  });

  test("leaves out what is held or delayed, and what has gone by then", () => {
    const bench = engineBench();
    send(bench, "/queue/a", "held", "delayed", "1", "2");
    const reader = fakeConsumer("reader", { credit: 2 });
    bench.subscribe(reader, "/queue/a");
    const [, delayed] = reader.held;
    if (delayed === undefined) throw new Error("Nothing is held");
    const verdict = { requeue: true, delayMs: 100 };
    apply(bench, [{ kind: "settle", entry: delayed, verdict }]);
    const { consumer, more } = browser(bench, "/queue/a", { credit: 1 });
    expect(shown(consumer)).toEqual(["1"]);
    bench.engine.queues.get("/queue/a")?.dropOldest();
    bench.engine.queues.get("/queue/a")?.dropOldest();
    more(Infinity);
    expect(shown(consumer)).toEqual(["1", "END"]);
  });

  test("looks at so many in one go, and says that there is more", () => {
    const bench = engineBench({ memoryMax: 1e9, policy: { messagesMax: 1e6, bytesMax: 1e9 } });
    send(bench, "/queue/a", ...Array.from({ length: 10_000 }, (_, at) => `${at}`));
    const filter = { text: "none", matches: () => false };
    const consumer = fakeConsumer("browser", { acknowledges: false, browses: true, filter });
    const tie = bench.subscribe(consumer, "/queue/a", { browse: true });
    const goes: boolean[] = [];
    do goes.push(bench.engine.resume(tie));
    while (goes.at(-1) === true && goes.length < 100);
    expect(goes).toEqual([true, true, false]);
    expect(shown(consumer)).toEqual(["END"]);
  });

  test("shows what the filter matches, and gives credit only for that", () => {
    const bench = engineBench();
    send(bench, "/queue/a", ...Array.from({ length: 200 }, (_, at) => `${at}`));
    const filter = {
      text: "last digit 7",
      matches: ({ headers }: { headers: { list(): readonly string[] } }) =>
        headers.list()[3]?.endsWith("7") === true,
    };
    const { consumer, more } = browser(bench, "/queue/a", { filter, credit: 3 });
    expect(shown(consumer)).toEqual(["7", "17", "27"]);
    more(Infinity);
    expect(shown(consumer)).toHaveLength(21);
    expect(shown(consumer).at(-1)).toBe("END");
  });

  for (const messages of [63, 64, 65, 128, 129]) {
    test(`shows each of ${messages} messages once`, () => {
      const bench = engineBench();
      const all = Array.from({ length: messages }, (_, at) => `${at}`);
      send(bench, "/queue/a", ...all);
      expect(shown(browser(bench, "/queue/a").consumer)).toEqual([...all, "END"]);
    });
  }
});

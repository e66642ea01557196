import { describe, expect, test } from "bun:test";
import type { Destination } from "../../src/broker/destination.ts";
import { createSource, type Source } from "../../src/engine/operation.ts";
import { fakeConsumer } from "../broker/fake_consumer.ts";
import {
  apply,
  bodies,
  codeOf,
  type EngineBench,
  engineBench,
  settle,
  to,
} from "./engine_bench.ts";

/** A temporary destination of a source, by the name that its client uses. */
function own(bench: EngineBench, source: Source, path: string): Destination {
  return bench.engine.temporary(source, to(path), () => `token-${path.slice(1)}`);
}

function sendTo(bench: EngineBench, destination: Destination, body: string): void {
  apply(bench, [{ ...bench.publish("/queue/x", body), destination }]);
}

function subscribe(
  bench: EngineBench,
  about: { source: Source; destination: Destination; acknowledges?: boolean },
) {
  const consumer = fakeConsumer("c", { acknowledges: about.acknowledges ?? true });
  const { source, destination } = about;
  const tie = bench.engine.subscribe(source, consumer, { destination, options: {} });
  return { consumer, tie };
}

describe("A temporary destination", () => {
  test("is made once for each name of its client, and goes by another name", () => {
    const bench = engineBench();
    const [one, other] = [createSource(), createSource()];
    const first = own(bench, one, "/temp-queue/a");
    const count = { tokens: 0 };
    const again = bench.engine.temporary(one, to("/temp-queue/a"), () => `${++count.tokens}`);
    expect([again, count.tokens]).toEqual([first, 0]);
    expect(first).toMatchObject({ kind: "temp-queue", path: "/temp-queue/token-temp-queue/a" });
    const apart = bench.engine.temporary(other, to("/temp-queue/a"), () => "another");
    expect(apart.path).toBe("/temp-queue/another");
    expect(bench.engine.ownPathOf(apart)).toBe("/temp-queue/a");
  });

  for (const kind of ["temp-queue", "temp-topic"]) {
    for (const acknowledges of [true, false]) {
      test(`(${kind}, acknowledging: ${acknowledges}) gets from anyone, for its owner alone`, () => {
        const bench = engineBench();
        const [owner, other] = [createSource(), createSource()];
        const destination = own(bench, owner, `/${kind}/a`);
        const { consumer } = subscribe(bench, { source: owner, destination, acknowledges });
        sendTo(bench, destination, "1");
        expect(bodies(consumer)).toEqual(["1"]);
        const steal = () => subscribe(bench, { source: other, destination });
        expect(codeOf(steal)).toBe("forbidden");
        expect(
          codeOf(() => subscribe(bench, { source: owner, destination: to(`/${kind}/b`) })),
        ).toBe("forbidden");
      });
    }
  }

  test("that is a queue keeps what comes before its owner asks", () => {
    const bench = engineBench();
    const owner = createSource();
    const destination = own(bench, owner, "/temp-queue/a");
    sendTo(bench, destination, "1");
    sendTo(bench, destination, "2");
    const { consumer } = subscribe(bench, { source: owner, destination });
    expect(bodies(consumer)).toEqual(["1", "2"]);
  });

  test("is no part of what wildcards cover", () => {
    const bench = engineBench();
    const owner = createSource();
    const [queues, topics] = [fakeConsumer("q"), fakeConsumer("t", { acknowledges: false })];
    bench.engine.resume(bench.subscribe(queues, "/queue/>"));
    bench.subscribe(topics, "/topic/>");
    for (const path of ["/temp-queue/a", "/temp-topic/a"]) {
      sendTo(bench, own(bench, owner, path), "private");
    }
    expect([bodies(queues), bodies(topics)]).toEqual([[], []]);
  });

  test("ends with its source: what is in it goes, and what comes later goes nowhere", () => {
    const bench = engineBench();
    const owner = createSource();
    const queue = own(bench, owner, "/temp-queue/a");
    const topic = own(bench, owner, "/temp-topic/a");
    const { consumer, tie } = subscribe(bench, { source: owner, destination: queue });
    const listener = subscribe(bench, { source: owner, destination: topic });
    consumer.credit = 1;
    for (const body of ["1", "2"]) sendTo(bench, queue, body);
    for (const each of [tie, listener.tie]) bench.engine.unsubscribe(each);
    bench.engine.end(owner);
    expect([bench.engine.queues.size, bench.engine.waiting, bench.memory.used]).toEqual([0, 0, 0]);
    expect(bench.engine.ownPathOf(queue)).toBeUndefined();
    // Held when it went: to settle it does nothing.
    apply(bench, [settle(consumer.held[0], "returned")]);
    sendTo(bench, queue, "3");
    sendTo(bench, topic, "4");
    expect([bodies(consumer), bodies(listener.consumer)]).toEqual([["1"], []]);
    expect([bench.engine.counters.unroutable, bench.memory.used]).toEqual([2, 0]);
  });

  test("has no dead letters: nobody could ever look for them", () => {
    const bench = engineBench();
    const owner = createSource();
    const queue = own(bench, owner, "/temp-queue/a");
    const { consumer } = subscribe(bench, { source: owner, destination: queue });
    sendTo(bench, queue, "1");
    apply(bench, [settle(consumer.held[0], { requeue: false, delayMs: undefined })]);
    expect([...bench.engine.queues.keys()]).toEqual([queue.path]);
    expect(bench.engine.counters).toMatchObject({ deadLettered: 0, dropped: 1 });
  });

  test("of another source is not touched by that end", () => {
    const bench = engineBench();
    const [one, other] = [createSource(), createSource()];
    own(bench, one, "/temp-queue/a");
    const stays = own(bench, other, "/temp-queue/b");
    sendTo(bench, stays, "1");
    bench.engine.end(one);
    bench.engine.end(one);
    expect(bodies(subscribe(bench, { source: other, destination: stays }).consumer)).toEqual(["1"]);
  });

  test("is one of a thousand that a client may have", () => {
    const bench = engineBench({ destinationsMax: 1e6 });
    const [one, other] = [createSource(), createSource()];
    for (let count = 0; count < 1_000; count++) own(bench, one, `/temp-queue/${count}`);
    expect(codeOf(() => own(bench, one, "/temp-topic/x"))).toBe("too-many-destinations");
    own(bench, one, "/temp-queue/7");
    own(bench, other, "/temp-topic/x");
  });

  test("counts among the destinations until its source ends", () => {
    const bench = engineBench({ destinationsMax: 2 });
    const owner = createSource();
    own(bench, owner, "/temp-queue/a");
    own(bench, owner, "/temp-topic/b");
    expect(codeOf(() => own(bench, owner, "/temp-queue/c"))).toBe("too-many-destinations");
    expect(codeOf(() => own(bench, owner, "/temp-queue/a"))).toBe("none");
    bench.engine.end(owner);
    expect(codeOf(() => own(bench, createSource(), "/temp-queue/c"))).toBe("none");
  });
});

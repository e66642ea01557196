import { expect, test } from "bun:test";
import fc from "fast-check";
import type { MessageFilter } from "../../src/broker/subscriber.ts";
import type { Attachment } from "../../src/engine/attachment.ts";
import { createSource, type Verdict } from "../../src/engine/operation.ts";
import { Fault } from "../../src/fault.ts";
import { type FakeConsumer, fakeConsumer } from "../broker/fake_consumer.ts";
import { checkProperty } from "../protocol/check_property.ts";
import { type EngineBench, engineBench, from, settleAll, to } from "./engine_bench.ts";

const PATHS = ["/queue/a", "/queue/b.c", "/topic/a", "/topic/b.c"] as const;
const PATTERNS = [...PATHS, "/queue/>", "/topic/b.*"] as const;

const FILTER: MessageFilter = {
  text: "an odd number",
  matches: ({ id }) => Number(id.split("-")[1]) % 2 === 1,
};

const step = fc.oneof(
  fc.record({
    do: fc.constant("send" as const),
    paths: fc.subarray([...PATHS], { minLength: 1 }),
    priority: fc.constantFrom(0, 4, 9),
    livesMs: fc.constantFrom(0, 0, 50, 500),
    retain: fc.constantFrom("keep" as const, "remove" as const, undefined, undefined),
  }),
  fc.record({
    do: fc.constant("subscribe" as const),
    path: fc.constantFrom(...PATTERNS),
    how: fc.constantFrom("auto", "hold", "hold", "durable", "browse"),
    filtered: fc.boolean(),
    credit: fc.constantFrom(0, 1, 3, Infinity),
  }),
  fc.record({ do: fc.constant("temporary" as const), kind: fc.constantFrom("queue", "topic") }),
  fc.record({
    do: fc.constant("settle" as const),
    who: fc.nat(),
    verdict: fc.constantFrom<Verdict>(
      "accepted",
      "returned",
      { requeue: true, delayMs: undefined },
      { requeue: true, delayMs: 100 },
      { requeue: false, delayMs: undefined },
    ),
  }),
  fc.record({ do: fc.constant("leave" as const), who: fc.nat() }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(10, 100, 1_000) }),
);

type Step = typeof step extends fc.Arbitrary<infer Kind> ? Kind : never;

/** What is tied to an engine, and can leave it. */
interface Client {
  readonly consumer: FakeConsumer;
  readonly source: ReturnType<typeof createSource>;
  tie: Attachment | undefined;
}

function leave(bench: EngineBench, client: Client): void {
  if (client.tie !== undefined) bench.engine.unsubscribe(client.tie);
  client.tie = undefined;
  // A consumer that left is given nothing; what it gives back finds it without credit.
  client.consumer.credit = 0;
  settleAll(bench, client.consumer, "returned");
  bench.engine.end(client.source);
}

/** Joins a client, unless the broker says no. */
function join(bench: EngineBench, clients: Client[], subscribe: (client: Client) => Attachment) {
  return (consumer: FakeConsumer) => {
    const client: Client = { consumer, source: createSource(), tie: undefined };
    try {
      client.tie = subscribe(client);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      bench.engine.end(client.source);
      return;
    }
    clients.push(client);
    bench.engine.resume(client.tie);
  };
}

function run(bench: EngineBench, clients: Client[], each: Step): void {
  const { engine, clock } = bench;
  switch (each.do) {
    case "send": {
      const { paths, priority, livesMs, retain } = each;
      const expiresAt = livesMs === 0 ? 0 : clock.now + livesMs;
      const operations = paths.map((path) =>
        bench.publish(path, path, {
          priority,
          expiresAt,
          retain: path.startsWith("/topic/") ? retain : undefined,
        }),
      );
      engine.apply(createSource(), operations, () => {});
      break;
    }
    case "subscribe": {
      const { path, how, filtered, credit } = each;
      const topic = path.startsWith("/topic/");
      if (how === "durable" && !topic) break;
      if (how === "browse" && (topic || from(path).pattern)) break;
      const consumer = fakeConsumer(how, {
        credit,
        acknowledges: how === "hold" || how === "durable",
        browses: how === "browse",
        ...(filtered ? { filter: FILTER } : {}),
      });
      join(bench, clients, (client) =>
        bench.subscribe(consumer, path, {
          source: client.source,
          browse: how === "browse",
          durable:
            how === "durable" ? { key: "key", takenOver: () => leave(bench, client) } : undefined,
        }),
      )(consumer);
      break;
    }
    case "temporary": {
      const own = to(`/temp-${each.kind}/own`);
      join(bench, clients, ({ source, consumer }) => {
        const destination = engine.temporary(source, own, () => `token-${clients.length}`);
        const publication = { ...bench.publish("/queue/a", "reply"), destination };
        engine.apply(source, [publication, publication], () => {});
        return engine.subscribe(source, consumer, { destination, options: {} });
      })(fakeConsumer("temporary", { credit: 1 }));
      break;
    }
    case "wait":
      clock.now += each.ms;
      engine.tick();
      break;
    default: {
      const client = clients[each.who % clients.length];
      if (client === undefined) break;
      if (each.do === "leave") {
        leave(bench, client);
        clients.splice(clients.indexOf(client), 1);
        break;
      }
      settleAll(bench, client.consumer, each.verdict);
      client.consumer.credit = 2;
      if (client.tie !== undefined) engine.resume(client.tie);
    }
  }
}

/** Takes what a queue still has until it is gone; what is kept back comes in time. */
function drain(bench: EngineBench): void {
  bench.clock.now += 10_000;
  bench.engine.tick();
  for (const path of [...bench.engine.queues.keys()]) {
    const reader = fakeConsumer("reader", { acknowledges: false });
    const tie = bench.subscribe(reader, path);
    bench.engine.resume(tie);
    bench.engine.unsubscribe(tie);
  }
}

test("whatever was done, nothing takes memory once everyone left and the queues are read", () => {
  checkProperty(
    fc.property(
      fc.array(step, { maxLength: 60, size: "max" }),
      fc.boolean(),
      (steps, deadLetterExpired) => {
        const bench = engineBench({
          destinationsMax: 12,
          policy: { messagesMax: 6, maxDeliveries: 2, deadLetterExpired },
        });
        const { engine, memory } = bench;
        const clients: Client[] = [];
        for (const each of steps) {
          run(bench, clients, each);
          expect(memory.used).toBeGreaterThanOrEqual(0);
          expect(engine.retained).toBeLessThanOrEqual(12);
        }
        for (const client of clients) leave(bench, client);
        engine.deleteDurables("key");
        const forget = ["/topic/a", "/topic/b.c"].map((path) =>
          bench.publish(path, "nothing", { retain: "remove" }),
        );
        engine.apply(createSource(), forget, () => {});
        drain(bench);
        expect({
          memory: memory.used,
          waiting: engine.waiting,
          queues: [...engine.queues.keys()],
          topics: engine.topics,
          durables: engine.durables.size,
          retained: engine.retained,
        }).toEqual({ memory: 0, waiting: 0, queues: [], topics: 0, durables: 0, retained: 0 });
      },
    ),
  );
});

test("closing an engine lets go of queues, durable subscriptions and retained messages", async () => {
  const bench = engineBench();
  const durable = { key: "key", takenOver: () => {} };
  bench.engine.unsubscribe(bench.subscribe(fakeConsumer("c"), "/topic/a", { durable }));
  for (const path of ["/queue/a", "/topic/a"]) {
    const retain = path.startsWith("/topic/") ? ("keep" as const) : undefined;
    bench.engine.apply(createSource(), [bench.publish(path, "1", { retain })], () => {});
  }
  expect([bench.engine.waiting, bench.engine.retained]).toEqual([2, 1]);
  await bench.engine.close();
  expect([bench.engine.waiting, bench.engine.retained, bench.memory.used]).toEqual([0, 0, 0]);
});

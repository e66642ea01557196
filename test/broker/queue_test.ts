import { describe, expect, test } from "bun:test";
import { heapStats } from "bun:jsc";
import fc from "fast-check";
import { Memory } from "../../src/broker/memory.ts";
import { Queue, type QueueEntry, type QueueLimits } from "../../src/broker/queue.ts";
import { checkProperty } from "../protocol/check_property.ts";
import { type FakeConsumer, fakeConsumer, fakeMessage } from "./fake_consumer.ts";

const LIMITS: QueueLimits = { messagesMax: 1_000, bytesMax: 1_000_000, overflow: "reject" };

function queue(limits: Partial<QueueLimits> = {}): { queue: Queue; memory: Memory } {
  const memory = new Memory(1_000_000_000);
  return { queue: new Queue("/queue/a", { ...LIMITS, ...limits }, memory), memory };
}

function ids(consumer: FakeConsumer): string[] {
  return consumer.messages.map(({ id }) => id);
}

interface Waiting {
  readonly id: string;
  readonly priority: number;
  readonly place: number;
}

/** A queue as anyone would write it who need not be quick: one array, sorted when something is taken. */
class PlainQueue {
  readonly waiting: Waiting[] = [];
  #places = 0;

  offer(id: string, priority: number): void {
    this.waiting.push({ id, priority, place: ++this.#places });
  }

  take(): Waiting | undefined {
    this.waiting.sort((one, other) => other.priority - one.priority || one.place - other.place);
    return this.waiting.shift();
  }

  dropOldest(): string | undefined {
    this.waiting.sort((one, other) => one.priority - other.priority || one.place - other.place);
    return this.waiting.shift()?.id;
  }
}

type Step =
  | { readonly do: "offer"; readonly priority: number }
  | { readonly do: "dispatch"; readonly credit: number }
  | { readonly do: "remove" | "put back" | "delay"; readonly at: number }
  | { readonly do: "drop" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("offer" as const),
      priority: fc.integer({ min: 0, max: 9 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("dispatch" as const),
      credit: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("remove" as const, "put back" as const, "delay" as const),
      at: fc.nat(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drop" as const) }) },
);

describe("A queue", () => {
  test("does what a plain sorted array does, whatever happens to it", () => {
    checkProperty(
      fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
        const { queue: real, memory } = queue();
        const plain = new PlainQueue();
        const consumer = fakeConsumer("c", { credit: 0 });
        const taken: Waiting[] = [];
        const delayed: { entry: QueueEntry; model: Waiting }[] = [];
        let credit = 0;
        let numbers = 0;
        const takePlain = () => {
          const next = credit > 0 ? plain.take() : undefined;
          if (next === undefined) return false;
          credit--;
          return taken.push(next) > 0;
        };
        real.join(consumer, "name");
        for (const each of steps) {
          if (each.do === "offer") {
            const message = fakeMessage(++numbers, { priority: each.priority });
            real.offer(message);
            plain.offer(message.id, each.priority);
            takePlain();
          } else if (each.do === "dispatch") {
            consumer.credit = credit = each.credit;
            real.resume(consumer);
            while (takePlain());
          } else if (each.do === "drop") {
            expect(real.dropOldest()?.message.id).toBe(plain.dropOldest());
          } else {
            const [back] = delayed.splice(0, each.at % 3 === 0 ? 1 : 0);
            const at = each.at % (consumer.held.length || 1);
            const entry = back?.entry ?? consumer.held.splice(at, 1)[0];
            const model = back?.model ?? taken.splice(at, 1)[0];
            if (entry === undefined || model === undefined) continue;
            if (each.do === "remove") {
              real.drop(entry);
              real.putBack(entry);
            } else if (each.do === "delay") {
              real.delay(entry);
              delayed.push({ entry, model });
            } else {
              real.putBack(entry);
              real.putBack(entry);
              plain.waiting.push(model);
            }
          }
          expect(consumer.held.map(({ message }) => message.id)).toEqual(taken.map(({ id }) => id));
          expect({ ready: real.ready, held: real.held, size: real.size }).toEqual({
            ready: plain.waiting.length,
            held: taken.length,
            size: plain.waiting.length + taken.length + delayed.length,
          });
          expect(real.bytes).toBe(260 * real.size);
          expect(memory.used).toBe(real.bytes);
        }
      }),
    );
  });

  test("counts the deliveries of an entry, and keeps its place for life", () => {
    const { queue: real } = queue();
    const consumer = fakeConsumer("c", { credit: 2 });
    real.join(consumer, "name");
    real.offer(fakeMessage(1));
    real.offer(fakeMessage(2));
    real.offer(fakeMessage(3));
    real.dispatch();
    const [first] = consumer.held as [QueueEntry];
    expect([first.deliveries, first.state]).toEqual([1, "held"]);
    real.putBack(first);
    expect(first.state).toBe("ready");
    consumer.credit = 2;
    real.resume(consumer);
    real.dispatch();
    expect(ids(consumer)).toEqual(["m-1", "m-2", "m-1", "m-3"]);
    expect(first.deliveries).toBe(2);
  });

  test("settles at once what it gives to a consumer that does not", () => {
    const { queue: real, memory } = queue();
    const consumer = fakeConsumer("c", { acknowledges: false });
    real.join(consumer, "name");
    real.offer(fakeMessage(1));
    real.dispatch();
    expect([real.ready, real.held, memory.used]).toEqual([0, 0, 0]);
  });

  test("hands nothing to whoever has left, and what that one held can still come back", () => {
    const { queue: real } = queue();
    const gone = fakeConsumer("gone", { credit: 1 });
    const there = fakeConsumer("there");
    real.join(gone, "name");
    real.offer(fakeMessage(1));
    real.dispatch();
    real.leave(gone);
    gone.credit = 1;
    real.resume(gone);
    real.join(there, "name");
    real.putBack(gone.held[0] as QueueEntry);
    real.dispatch();
    expect(ids(gone)).toEqual(["m-1"]);
    expect(ids(there)).toEqual(["m-1"]);
  });

  test("is in use while it has messages or someone who asked for it by name", () => {
    const { queue: real } = queue();
    expect(real.unused).toBe(true);
    const wild = fakeConsumer("wild", { credit: 0 });
    real.join(wild, "wildcard");
    expect(real.unused).toBe(true);
    const named = fakeConsumer("named", { credit: 1 });
    real.join(named, "name");
    expect([real.unused, real.consumers]).toEqual([false, 2]);
    real.offer(fakeMessage(1));
    real.dispatch();
    real.leave(named);
    expect([real.unused, real.consumers]).toEqual([false, 1]);
    real.drop(named.held[0] as QueueEntry);
    expect(real.unused).toBe(true);
  });

  test("gives everything back when it is cleared, and is not moved by a late settlement", () => {
    const { queue: real, memory } = queue();
    const consumer = fakeConsumer("c", { credit: 2 });
    real.join(consumer, "name");
    for (const id of [1, 2, 3]) real.offer(fakeMessage(id));
    real.dispatch();
    real.clear();
    const [first, second] = consumer.held as [QueueEntry, QueueEntry];
    real.drop(first);
    real.putBack(second);
    expect([real.ready, real.held, real.bytes, memory.used]).toEqual([0, 0, 0, 0]);
    expect(real.cleared).toBe(true);
  });

  describe("has room", () => {
    const table: readonly (readonly [
      what: string,
      limits: Partial<QueueLimits>,
      messages: number,
      bytes: number,
      fits: boolean,
    ])[] = [
      ["for just as many messages as are left", { messagesMax: 4 }, 2, 0, true],
      ["for not one more", { messagesMax: 4 }, 3, 0, false],
      ["for just as many bytes as are left", { bytesMax: 1_000 }, 1, 480, true],
      ["for not one byte more", { bytesMax: 1_000 }, 1, 481, false],
      [
        "for as much as it may hold at all where the oldest gives way",
        { messagesMax: 4, overflow: "drop-oldest" },
        4,
        0,
        true,
      ],
      ["for no more than that", { messagesMax: 4, overflow: "drop-oldest" }, 5, 0, false],
    ];
    for (const [what, limits, messages, bytes, fits] of table) {
      test(what, () => {
        const { queue: real } = queue(limits);
        const consumer = fakeConsumer("c", { credit: 1 });
        real.join(consumer, "name");
        // One held, one waiting: both count.
        real.offer(fakeMessage(1));
        real.offer(fakeMessage(2));
        real.dispatch();
        expect(real.hasRoom(messages, bytes)).toBe(fits);
        expect(real.overfull).toBe(false);
      });
    }
  });

  test("is overfull with one message or byte too many, and drops the oldest of the least priority", () => {
    const { queue: real } = queue({ messagesMax: 2 });
    real.offer(fakeMessage(1, { priority: 9 }));
    real.offer(fakeMessage(2, { priority: 1 }));
    expect(real.overfull).toBe(false);
    real.offer(fakeMessage(3, { priority: 1 }));
    expect(real.overfull).toBe(true);
    expect(real.dropOldest()?.message.id).toBe("m-2");
    expect(real.overfull).toBe(false);
    expect(queue({ bytesMax: 1 }).queue.dropOldest()).toBeUndefined();
  });
});

test("a queue keeps nothing of filters that nobody has any more, however long its messages wait", () => {
  const { queue: real } = queue();
  for (const id of [1, 2, 3]) real.offer(fakeMessage(id));
  // Each filter has a rota, and each rota a map.
  const maps = (): number => {
    Bun.gc(true);
    return heapStats().objectTypeCounts["Map"] ?? 0;
  };
  const before = maps();
  for (let times = 0; times < 500; times++) {
    const filter = { text: `${times % 2}`, matches: () => true };
    const consumer = fakeConsumer("c", { credit: 0, filter });
    real.join(consumer, "name");
    real.leave(consumer);
  }
  expect(real.ready).toBe(3);
  // The last ones may still be there, until the next filter comes.
  expect(maps() - before).toBeLessThan(50);
});

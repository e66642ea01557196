/** Consumers with filters: what each is given, in which order, and what it costs. */
import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { Memory } from "../../src/broker/memory.ts";
import { headerList, Message } from "../../src/broker/message.ts";
import { Queue, type QueueEntry } from "../../src/broker/queue.ts";
import type { FilteredMessage, MessageFilter } from "../../src/broker/subscriber.ts";
import { checkProperty } from "../protocol/check_property.ts";
import { type FakeConsumer, fakeConsumer } from "./fake_consumer.ts";

const LIMITS = { messagesMax: 1e9, bytesMax: 1e12, overflow: "reject" } as const;
const COLORS = ["red", "blue", "green"] as const;
type Color = (typeof COLORS)[number];

/** A filter that counts how often it is asked. */
interface CountingFilter extends MessageFilter {
  asked: number;
}

function filter(text: string, matches: (message: FilteredMessage) => boolean): CountingFilter {
  const counting: CountingFilter = {
    text,
    asked: 0,
    matches: (message) => {
      counting.asked++;
      return matches(message);
    },
  };
  return counting;
}

function colorOf(message: Pick<FilteredMessage, "headers">): string {
  return message.headers.list()[1] ?? "";
}

function only(...colors: readonly Color[]): CountingFilter {
  return filter(`only ${colors.join(" ")}`, (message) =>
    colors.some((each) => each === colorOf(message)),
  );
}

function colored(number: number, color: Color, priority = 4): Message {
  return new Message(
    number,
    { of: String },
    {
      headers: headerList(["color", color]),
      body: "",
      priority,
      expiresAt: 0,
      persistent: false,
      arrivedAt: 0,
    },
  );
}

function newQueue(): Queue {
  return new Queue("/queue/q", LIMITS, new Memory(1e12));
}

function idsOf(consumer: FakeConsumer): string[] {
  return consumer.messages.map(({ id }) => id);
}

/** Offers a message a color; their ids count from 1. */
function offerAll(queue: Queue, colors: readonly Color[]): QueueEntry[] {
  return colors.map((color, at) => queue.offer(colored(at + 1, color)));
}

test("a consumer is given what its filter matches, and the rest waits for others", () => {
  const queue = newQueue();
  offerAll(queue, ["blue", "red", "green", "red"]);
  const picky = fakeConsumer("picky", { filter: only("red") });
  queue.join(picky, "name");
  expect(idsOf(picky)).toEqual(["2", "4"]);
  const any = fakeConsumer("any");
  queue.join(any, "name");
  expect(idsOf(any)).toEqual(["1", "3"]);
  queue.offer(colored(5, "red"));
  expect(idsOf(picky).length + idsOf(any).length).toBe(5);
});

test("equal texts are one filter, and their consumers take turns", () => {
  const queue = newQueue();
  const [one, two] = [
    fakeConsumer("one", { filter: only("red") }),
    fakeConsumer("two", { filter: only("red") }),
  ];
  queue.join(one, "name");
  queue.join(two, "name");
  offerAll(queue, ["red", "red", "blue", "red", "red"]);
  expect([idsOf(one), idsOf(two)]).toEqual([
    ["1", "4"],
    ["2", "5"],
  ]);
});

test("neither who filters nor who does not is starved by the other", () => {
  const queue = newQueue();
  const [picky, any] = [fakeConsumer("picky", { filter: only("red") }), fakeConsumer("any")];
  queue.join(picky, "name");
  queue.join(any, "name");
  for (let number = 1; number <= 1_000; number++) queue.offer(colored(number, "red"));
  expect(idsOf(picky).length).toBeGreaterThan(250);
  expect(idsOf(any).length).toBeGreaterThan(250);
});

test("what was taken by one view is passed over by the others", () => {
  const queue = newQueue();
  offerAll(queue, ["red", "red", "blue"]);
  const narrow = fakeConsumer("narrow", { credit: 1, filter: only("red") });
  const wide = fakeConsumer("wide", { credit: 2, filter: only("red", "blue") });
  queue.join(narrow, "name");
  queue.join(wide, "name");
  expect([idsOf(narrow), idsOf(wide)]).toEqual([["1"], ["2", "3"]]);
  expect(queue.ready).toBe(0);
});

test("what comes back is matched anew, as the delivery that it would be", () => {
  const queue = newQueue();
  const first = filter("first", ({ deliveryCount = 1 }) => deliveryCount === 1);
  const again = filter("again", ({ deliveryCount = 1 }) => deliveryCount > 1);
  const [fresh, returned] = [
    fakeConsumer("fresh", { filter: first }),
    fakeConsumer("returned", { filter: again }),
  ];
  queue.join(fresh, "name");
  queue.join(returned, "name");
  const entry = queue.offer(colored(1, "red"));
  expect([idsOf(fresh), idsOf(returned)]).toEqual([["1"], []]);
  queue.putBack(entry);
  queue.dispatch();
  expect([idsOf(fresh), idsOf(returned)]).toEqual([["1"], ["1"]]);
});

test("a filter is asked once about each message that waits, however many go by", () => {
  const queue = newQueue();
  const none = filter("none", () => false);
  queue.join(fakeConsumer("none", { filter: none }), "name");
  const any = fakeConsumer("any", { credit: 0 });
  queue.join(any, "name");
  for (let number = 1; number <= 1_000; number++) queue.offer(colored(number, "blue"));
  for (let at = 0; at < 1_000; at++) {
    any.credit = 1;
    queue.resume(any);
    const held = any.held.pop();
    if (held !== undefined) queue.drop(held);
    queue.dispatch();
  }
  expect(idsOf(any).length).toBe(1_000);
  expect(none.asked).toBe(1_000);
});

test("a consumer that joins late looks at what waits once", () => {
  const queue = newQueue();
  for (let number = 1; number <= 5_000; number++) {
    queue.offer(colored(number, number % 1_000 === 0 ? "red" : "blue", number % 10));
  }
  const late = only("red");
  const consumer = fakeConsumer("late", { filter: late });
  queue.join(consumer, "name");
  expect(late.asked).toBe(5_000);
  expect(idsOf(consumer)).toEqual(["1000", "2000", "3000", "4000", "5000"]);
  queue.dispatch();
  expect(late.asked).toBe(5_000);
});

/** Objects that something still needs. */
function objects(): number {
  Bun.gc(true);
  return heapStats().objectCount;
}

test("what others took is let go, behind a message that a filter waits to give away", () => {
  const queue = newQueue();
  const [waiting, busy] = [
    fakeConsumer("waiting", { credit: 0, filter: only("red", "blue") }),
    { ...fakeConsumer("busy", { acknowledges: false, filter: only("blue") }), deliver: () => true },
  ];
  queue.join(waiting, "name");
  queue.join(busy, "name");
  queue.offer(colored(1, "red"));
  const before = objects();
  for (let number = 2; number <= 50_000; number++) queue.offer(colored(number, "blue"));
  expect(queue.size).toBe(1);
  expect(objects() - before).toBeLessThan(25_000);
});

test("views whose consumers have left leave nothing behind on what waits", () => {
  const queue = newQueue();
  queue.offer(colored(1, "red"));
  const comeAndGo = (): void => {
    const passing = fakeConsumer("passing", { credit: 0, filter: only("red") });
    queue.join(passing, "name");
    queue.leave(passing);
  };
  comeAndGo();
  const before = objects();
  for (let round = 0; round < 2_000; round++) comeAndGo();
  // Each round makes several, of which none is needed any more.
  expect(objects() - before).toBeLessThan(1_000);
  expect(queue.consumers).toBe(0);
});

/** An entry as the model sees it. */
interface ModelEntry {
  readonly entry: QueueEntry;
  readonly color: string;
  readonly priority: number;
  readonly place: number;
  state: "ready" | "held" | "delayed" | "gone";
  deliveries: number;
}

type Matches = (entry: Pick<ModelEntry, "color" | "priority" | "deliveries">) => boolean;

/** What consumers of the model may filter by; undefined is no filter. */
const FILTERS: readonly (readonly [text: string, matches: Matches] | undefined)[] = [
  undefined,
  ["red", ({ color }) => color === "red"],
  ["not red", ({ color }) => color !== "red"],
  ["cold", ({ color }) => color === "blue" || color === "green"],
  ["fresh", ({ deliveries }) => deliveries === 0],
  ["again", ({ deliveries }) => deliveries > 0],
  ["urgent", ({ priority }) => priority > 5],
  ["nothing", () => false],
];

const index = fc.nat({ max: 1_000 });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("offer" as const),
      color: fc.constantFrom(...COLORS),
      priority: fc.constantFrom(0, 4, 4, 4, 9),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("join" as const),
      filter: fc.nat({ max: FILTERS.length - 1 }),
      credit: fc.nat({ max: 3 }),
      acknowledges: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("credit" as const),
      at: index,
      credit: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("accept", "return", "delay", "release", "expire", "leave"),
      at: index,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drop oldest" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** The queue under test beside one that is a plain list, sorted whenever something is asked. */
class Model {
  readonly #memory = new Memory(1e12);
  readonly #queue = new Queue("/queue/q", LIMITS, this.#memory);
  readonly #entries = new Map<string, ModelEntry>();
  readonly #consumers: { consumer: FakeConsumer; matches: Matches }[] = [];
  #numbers = 0;
  /** What is being offered: delivery comes before `offer` has returned the entry. */
  #pending: { color: Color; priority: number; place: number } | undefined;

  take(next: Step): void {
    switch (next.do) {
      case "offer":
        this.#offer(next.color, next.priority);
        break;
      case "join":
        this.#join(next);
        break;
      case "credit": {
        const found = pick(this.#consumers, next.at);
        if (found === undefined) break;
        found.consumer.credit += next.credit;
        this.#queue.resume(found.consumer);
        break;
      }
      case "leave":
        this.#leave(next.at);
        break;
      case "drop oldest": {
        const [oldest] = this.#in("ready").toSorted(
          (a, b) => a.priority - b.priority || a.place - b.place,
        );
        expect(this.#queue.dropOldest()).toBe(oldest?.entry);
        if (oldest !== undefined) oldest.state = "gone";
        break;
      }
      default:
        this.#move(next.do, next.at);
    }
    this.#check();
  }

  #offer(color: Color, priority: number): void {
    const number = ++this.#numbers;
    const message = colored(number, color, priority);
    this.#pending = { color, priority, place: number };
    const entry = this.#queue.offer(message);
    this.#known(entry);
    this.#pending = undefined;
  }

  #known(entry: QueueEntry): ModelEntry {
    const { id } = entry.message;
    let known = this.#entries.get(id);
    if (known === undefined) {
      if (this.#pending === undefined) throw new Error(`Nobody offered ${id}`);
      known = { ...this.#pending, entry, state: "ready", deliveries: 0 };
      this.#entries.set(id, known);
    }
    return known;
  }

  #join(about: { filter: number; credit: number; acknowledges: boolean }): void {
    if (this.#consumers.length >= 6) return;
    const row = FILTERS[about.filter];
    const matches: Matches = row?.[1] ?? (() => true);
    const given =
      row === undefined
        ? undefined
        : filter(row[0], (message) =>
            matches({
              color: colorOf(message),
              priority: message.priority,
              deliveries: (message.deliveryCount ?? 1) - 1,
            }),
          );
    const { credit, acknowledges } = about;
    const consumer = fakeConsumer(`c${this.#numbers}`, {
      credit,
      acknowledges,
      ...(given === undefined ? {} : { filter: given }),
    });
    const watched: FakeConsumer = Object.assign(consumer, {
      deliver: (message: Message, entry: QueueEntry | undefined) => {
        if (entry === undefined) throw new Error("A queue delivers with the entry");
        expect(consumer.credit).toBeGreaterThan(0);
        const known = this.#known(entry);
        expect(known.state).toBe("ready");
        expect(known.entry.message).toBe(message);
        expect(this.#firstFor(matches)).toBe(known);
        consumer.credit--;
        known.deliveries++;
        known.state = consumer.acknowledges ? "held" : "gone";
        return true;
      },
    });
    this.#consumers.push({ consumer: watched, matches });
    this.#queue.join(watched, "name");
  }

  #leave(at: number): void {
    const found = pick(this.#consumers, at);
    if (found === undefined) return;
    this.#consumers.splice(this.#consumers.indexOf(found), 1);
    this.#queue.leave(found.consumer);
  }

  #move(what: "accept" | "return" | "delay" | "release" | "expire" | "leave", at: number): void {
    const from = what === "release" ? "delayed" : what === "expire" ? "ready" : "held";
    const known = pick(this.#in(from), at);
    if (known === undefined) return;
    const { entry } = known;
    if (what === "accept" || what === "expire") {
      known.state = "gone";
      this.#queue.drop(entry);
      // Doing so twice does nothing.
      this.#queue.drop(entry);
      this.#queue.putBack(entry);
    } else if (what === "delay") {
      known.state = "delayed";
      this.#queue.delay(entry);
    } else {
      known.state = "ready";
      this.#queue.putBack(entry);
      this.#queue.dispatch();
    }
  }

  #in(state: ModelEntry["state"]): ModelEntry[] {
    return [...this.#entries.values()].filter((each) => each.state === state);
  }

  #ordered(): ModelEntry[] {
    return this.#in("ready").toSorted((a, b) => b.priority - a.priority || a.place - b.place);
  }

  #firstFor(matches: Matches): ModelEntry | undefined {
    return this.#ordered().find(matches);
  }

  #check(): void {
    const ready = this.#ordered();
    for (const { consumer, matches } of this.#consumers) {
      if (consumer.credit > 0) expect(ready.find(matches)).toBeUndefined();
    }
    const there = [...this.#entries.values()].filter(({ state }) => state !== "gone");
    const bytes = there.reduce((sum, { entry }) => sum + entry.message.size, 0);
    const queue = this.#queue;
    expect([queue.ready, queue.held, queue.size]).toEqual([
      ready.length,
      this.#in("held").length,
      there.length,
    ]);
    expect([queue.bytes, this.#memory.used]).toEqual([bytes, bytes]);
    expect(queue.consumers).toBe(this.#consumers.length);
    expect(queue.browse(undefined, 1e6)).toEqual(ready.map(({ entry }) => entry));
    for (const { entry, state, deliveries } of this.#entries.values()) {
      expect([entry.state, entry.deliveries]).toEqual([state, deliveries]);
    }
  }
}

function pick<T>(all: readonly T[], at: number): T | undefined {
  return all[at % Math.max(all.length, 1)];
}

test("random consumers with and without filters are served as from a plain sorted list", () => {
  checkProperty(
    fc.property(fc.array(step, { minLength: 10, maxLength: 80, size: "max" }), (steps) => {
      const model = new Model();
      for (const next of steps) model.take(next);
    }),
  );
});

import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Placed, ReadyList } from "../../src/broker/ready_list.ts";
import { checkProperty } from "../protocol/check_property.ts";

interface FakeEntry extends Placed {
  isReady: boolean;
  returns: number;
  /** Whether it stands in the second list as well. */
  readonly inBoth: boolean;
}

function entry(place: number, fields: { priority?: number; inBoth?: boolean } = {}): FakeEntry {
  const { priority = 4, inBoth = false } = fields;
  return { place, message: { priority, size: 100 }, isReady: true, returns: 0, inBoth };
}

/** The next entry of a list, which waits no more. */
function take(list: ReadyList<FakeEntry>): FakeEntry | undefined {
  const { next } = list;
  if (next === undefined) return undefined;
  next.isReady = false;
  list.forget(next);
  return next;
}

function inOrder(one: Placed, other: Placed): number {
  return other.message.priority - one.message.priority || one.place - other.place;
}

const operation = fc.record({
  kind: fc.constantFrom("append", "append", "put back", "take", "take other", "drop"),
  priority: fc.constantFrom(0, 4, 4, 9),
  inBoth: fc.boolean(),
  at: fc.nat(),
  limit: fc.integer({ min: 1, max: 5 }),
});

test("ready lists take by priority, then place, also what came back, and share what is in both", () => {
  checkProperty(
    fc.property(fc.array(operation, { maxLength: 300, size: "max" }), (operations) => {
      const lists = { all: new ReadyList<FakeEntry>(), other: new ReadyList<FakeEntry>() };
      const waiting: FakeEntry[] = [];
      const outside: FakeEntry[] = [];
      let places = 0;
      for (const { kind, priority, inBoth, at, limit } of operations) {
        waiting.sort(inOrder);
        if (kind === "append") {
          const made = entry(++places, { priority, inBoth });
          lists.all.append(made);
          if (inBoth) lists.other.append(made);
          waiting.push(made);
        } else if (kind === "put back") {
          const [back] = outside.length === 0 ? [] : outside.splice(at % outside.length, 1);
          if (back === undefined) continue;
          back.isReady = true;
          back.returns++;
          lists.all.putBack(back);
          if (back.inBoth) lists.other.putBack(back);
          waiting.push(back);
        } else {
          const list = kind === "take other" ? lists.other : lists.all;
          const here = waiting.filter((each) => kind !== "take other" || each.inBoth);
          const least = here.filter(
            ({ message }) => message.priority === here.at(-1)?.message.priority,
          );
          const expected = kind === "drop" ? least[0] : here[0];
          const taken = kind === "drop" ? list.last : list.next;
          expect(taken).toBe(expected as FakeEntry);
          if (taken === undefined) continue;
          taken.isReady = false;
          lists.all.forget(taken);
          if (taken.inBoth) lists.other.forget(taken);
          waiting.splice(waiting.indexOf(taken), 1);
          outside.push(taken);
        }
        waiting.sort(inOrder);
        const from = at % (waiting.length + 1);
        const before = waiting[from - 1];
        const position =
          before === undefined
            ? undefined
            : { priority: before.message.priority, place: before.place };
        expect(lists.all.after(position, limit)).toEqual(waiting.slice(from, from + limit));
      }
    }),
  );
});

test("a long list keeps its order while it gives back the room of what was taken", () => {
  const list = new ReadyList<FakeEntry>();
  let next = 1;
  for (let place = 1; place <= 10_000; place++) {
    list.append(entry(place));
    if (place % 3 === 0) continue;
    expect(take(list)?.place).toBe(next++);
  }
  for (let taken = take(list); taken !== undefined; taken = take(list)) {
    expect(taken.place).toBe(next++);
  }
  expect(next).toBe(10_001);
});

test("a list that others take from is cleaned as it grows, and loses none that wait", () => {
  const list = new ReadyList<FakeEntry>();
  const kept: FakeEntry[] = [];
  const back: FakeEntry[] = [];
  for (let place = 1; place <= 10_000; place++) {
    const made = entry(place);
    list.append(made);
    if (place % 100 === 0) {
      kept.push(made);
      continue;
    }
    // Taken elsewhere; now and then one comes back for good.
    made.isReady = false;
    list.forget(made);
    if (place % 100 !== 50) continue;
    made.isReady = true;
    made.returns++;
    list.putBack(made);
    back.push(made);
  }
  const expected = [...kept, ...back].sort(inOrder);
  expect(list.after(undefined, 1_000)).toEqual(expected);
  expect(list.last).toBe(expected[0] as FakeEntry);
  for (const each of expected) expect(take(list)).toBe(each);
  expect([list.next, list.last, list.after(undefined, 9)]).toEqual([undefined, undefined, []]);
});

import { expect, test } from "bun:test";
import { Memory } from "../../src/broker/memory.ts";
import { headerList, Message } from "../../src/broker/message.ts";
import { NumberedIds } from "../../src/broker/numbered_ids.ts";
import { Retained } from "../../src/broker/retained.ts";

function message(body: string, expiresAt = 0): Message {
  return new Message(1, new NumberedIds("m-"), {
    headers: headerList([]),
    body,
    priority: 4,
    expiresAt,
    persistent: false,
    arrivedAt: 0,
  });
}

function found(retained: Retained, pattern: string, now = 0): string[] {
  return retained.find(pattern, now).map(({ body }) => `${body}`);
}

function withNames(names: readonly string[]): Retained {
  const retained = new Retained(new Memory(1e6), 100);
  for (const name of names) retained.keep(name, message(name));
  return retained;
}

const NAMES = ["a", "a.b", "a.b.c", "a/b", "b", "b.c"];
const FOUND: [pattern: string, names: readonly string[]][] = [
  ["a", ["a"]],
  ["c", []],
  ["*", ["a", "b"]],
  ["a.*", ["a.b"]],
  ["a/*", ["a/b"]],
  ["a.>", ["a", "a.b", "a.b.c"]],
  ["#.c", ["a.b.c", "b.c"]],
  [">", NAMES],
];

for (const [pattern, names] of FOUND) {
  test(`${pattern} finds ${names.join(", ") || "nothing"} of ${NAMES.join(", ")}`, () => {
    expect(found(withNames(NAMES), pattern).toSorted()).toEqual([...names].toSorted());
  });
}

test("a name with a wildcard character inside a segment is found as it is", () => {
  expect(found(withNames(["a*b", "axb"]), "a*b")).toEqual(["a*b"]);
});

test("the last message of a name takes the place of the one before", () => {
  const retained = new Retained(new Memory(1e6), 100);
  retained.keep("a", message("1"));
  retained.keep("a", message("2"));
  expect(retained.size).toBe(1);
  expect(found(retained, "a")).toEqual(["2"]);
});

test("what is removed is not found, and to remove nothing does nothing", () => {
  const retained = withNames(NAMES);
  retained.remove("a.b");
  retained.remove("never there");
  expect(found(retained, "a.>").toSorted()).toEqual(["a", "a.b.c"]);
  expect(retained.size).toBe(NAMES.length - 1);
});

test("what has expired is not found, by name or by pattern", () => {
  const retained = new Retained(new Memory(1e6), 100);
  retained.keep("a", message("brief", 1_000));
  retained.keep("b", message("lasting"));
  expect(found(retained, "a", 999)).toEqual(["brief"]);
  expect(found(retained, "a", 1_000)).toEqual([]);
  expect(found(retained, "*", 1_000)).toEqual(["lasting"]);
});

test("its bytes are in the memory budget, and leave it", () => {
  const memory = new Memory(1e6);
  const retained = new Retained(memory, 100);
  const [one, two] = [message("1".repeat(10)), message("2".repeat(1_000))];
  retained.keep("a", one);
  expect(memory.used).toBe(one.size);
  retained.keep("a", two);
  expect(memory.used).toBe(two.size);
  retained.keep("b", one);
  expect(memory.used).toBe(one.size + two.size);
  retained.remove("a");
  expect(memory.used).toBe(one.size);
  retained.clear();
  expect(memory.used).toBe(0);
  expect(retained.size).toBe(0);
});

test("there is room for so many names, and always for one that is there", () => {
  const retained = new Retained(new Memory(1e6), 2);
  for (const name of ["a", "b"]) {
    expect(retained.hasRoom(name)).toBe(true);
    retained.keep(name, message(name));
  }
  expect(retained.hasRoom("c")).toBe(false);
  expect(retained.hasRoom("a")).toBe(true);
  retained.remove("b");
  expect(retained.hasRoom("c")).toBe(true);
});

test("one whose time has come gives back its place and its memory, replaced ones are left alone", () => {
  const memory = new Memory(1e6);
  const retained = new Retained(memory, 100);
  retained.keep("short", message("1", 10));
  retained.keep("long", message("2", 20));
  retained.keep("replaced", message("3", 10));
  retained.keep("replaced", message("4"));
  retained.expire(9);
  expect(retained.size).toBe(3);
  retained.expire(10);
  expect([retained.size, found(retained, ">")]).toEqual([2, ["2", "4"]]);
  for (const name of ["long", "replaced"]) retained.remove(name);
  retained.expire(30);
  expect([retained.size, memory.used]).toEqual([0, 0]);
});

test("what expires and is replaced again and again does not pile up", () => {
  const retained = new Retained(new Memory(1e6), 100);
  for (let time = 1; time <= 10_000; time++) retained.keep("a", message("1", time + 1e6));
  retained.expire(2e6);
  expect(retained.size).toBe(0);
});

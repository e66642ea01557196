import { expect, test } from "bun:test";
import { Memory } from "../../src/broker/memory.ts";
import { headerList, Message } from "../../src/broker/message.ts";
import { NumberedIds } from "../../src/broker/numbered_ids.ts";
import { Queue, type QueueEntry } from "../../src/broker/queue.ts";
import { Schedule } from "../../src/broker/schedule.ts";
import { seededRandom } from "../support/seeded_random.ts";

function newQueue(): Queue {
  const limits = { messagesMax: 1e6, bytesMax: 1e9, overflow: "reject" } as const;
  return new Queue("/queue/q", limits, new Memory(1e9));
}

function offer(queue: Queue, body = ""): QueueEntry {
  const message = new Message(1, new NumberedIds("m-"), {
    headers: headerList([]),
    body,
    priority: 4,
    expiresAt: 0,
    persistent: false,
    arrivedAt: 0,
  });
  return queue.offer(message);
}

function takeAll(schedule: Schedule, now: number): string[] {
  const taken: string[] = [];
  for (let due = schedule.take(now); due !== undefined; due = schedule.take(now)) {
    taken.push(`${due.entry.message.body}`);
  }
  return taken;
}

test("nothing is due in an empty schedule", () => {
  expect(new Schedule().take(Number.MAX_SAFE_INTEGER)).toBeUndefined();
});

test("what is due is taken at its time, not before, and once", () => {
  const schedule = new Schedule();
  const entry = offer(newQueue(), "x");
  schedule.add({ at: 100, entry, what: "expire" });
  expect(schedule.take(99)).toBeUndefined();
  expect(schedule.take(100)).toEqual({ at: 100, entry, what: "expire" });
  expect(schedule.take(100)).toBeUndefined();
  expect(schedule.size).toBe(0);
});

test("it is taken by time, whatever the order it was added in", () => {
  const schedule = new Schedule();
  const queue = newQueue();
  const random = seededRandom(7);
  const times = Array.from({ length: 200 }, () => Math.floor(random() * 1_000));
  for (const at of times) schedule.add({ at, entry: offer(queue, `${at}`), what: "return" });
  const sorted = times.toSorted((a, b) => a - b);
  const early = sorted.filter((at) => at <= 500);
  expect(takeAll(schedule, 500)).toEqual(early.map(String));
  expect(takeAll(schedule, 1_000)).toEqual(sorted.slice(early.length).map(String));
});

test("what is due at one time keeps the order of its queue", () => {
  const schedule = new Schedule();
  const queue = newQueue();
  const entries = Array.from({ length: 100 }, (_, at) => offer(queue, `${at}`));
  const random = seededRandom(11);
  const shuffled = entries
    .map((entry) => ({ entry, rank: random() }))
    .toSorted((a, b) => a.rank - b.rank);
  for (const { entry } of shuffled) schedule.add({ at: 5, entry, what: "expire" });
  expect(takeAll(schedule, 5)).toEqual(entries.map((_, at) => `${at}`));
});

test("entries that have gone are let go, and those that are there stay", () => {
  const schedule = new Schedule();
  const queue = newQueue();
  const kept = offer(queue, "kept");
  schedule.add({ at: 1_000_000, entry: kept, what: "expire" });
  for (let at = 0; at < 50_000; at++) {
    const entry = offer(queue);
    schedule.add({ at: 1_000 + at, entry, what: "expire" });
    queue.drop(entry);
  }
  expect(schedule.size).toBeLessThan(3_000);
  for (let due = schedule.take(999_999); due !== undefined; due = schedule.take(999_999)) {
    expect(due.entry).not.toBe(kept);
  }
  expect(schedule.take(1_000_000)?.entry).toBe(kept);
});

test("large messages that have gone are not kept alive until their time", () => {
  const schedule = new Schedule();
  const queue = newQueue();
  const body = "x".repeat(1024 * 1024);
  for (let at = 0; at < 100; at++) {
    const entry = offer(queue, body);
    schedule.add({ at: 1_000_000, entry, what: "expire" });
    queue.drop(entry);
  }
  expect(schedule.size).toBeLessThan(20);
});

test("what was in a queue that is cleared goes as well", () => {
  const schedule = new Schedule();
  for (let round = 0; round < 100; round++) {
    const queue = newQueue();
    for (let count = 0; count < 100; count++) {
      schedule.add({ at: 1_000_000, entry: offer(queue), what: "expire" });
    }
    queue.clear();
  }
  expect(schedule.size).toBeLessThan(3_000);
});

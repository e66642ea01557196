/**
 * What a queue costs at depth: to take a message in, deliver it and have it
 * acknowledged, with few and with a million others waiting, in a mix of
 * priorities, and beside a consumer whose selector matches nothing. And what a
 * waiting message of 100 bytes takes in memory.
 *
 *     bun bench/queue_depth.ts
 */

import { Memory } from "../src/broker/memory.ts";
import { Message } from "../src/broker/message.ts";
import { NumberedIds } from "../src/broker/numbered_ids.ts";
import { plainHeaders } from "../src/protocol/header_block.ts";
import { type Consumer, Queue, type QueueEntry } from "../src/broker/queue.ts";

const ROUNDS = 200_000;
const LIMITS = { messagesMax: 1e9, bytesMax: 1e12, overflow: "reject" } as const;

function message(number: number, priority: number): Message {
  return new Message(number, new NumberedIds("bench-"), {
    headers: plainHeaders(`destination:/queue/bench\nn:${number}\n`),
    body: `${number}`.padEnd(100, "x"),
    priority,
    expiresAt: 0,
    persistent: false,
    arrivedAt: 0,
  });
}

interface TestConsumer extends Consumer {
  credit: number;
}

function consumer(take: (entry: QueueEntry) => void, filter?: Consumer["filter"]): TestConsumer {
  const self: TestConsumer = {
    credit: 0,
    acknowledges: true,
    filter,
    excludes: undefined,
    deliver: (_message, entry) => {
      self.credit--;
      if (entry !== undefined) take(entry);
      return true;
    },
  };
  return self;
}

function nanoseconds(depth: number, how: "plain" | "priorities" | "selector"): number {
  const queue = new Queue("/queue/bench", LIMITS, new Memory(1e12));
  const held: QueueEntry[] = [];
  const taker = consumer((entry) => held.push(entry));
  const nobody = consumer(() => {}, { text: "none", matches: () => false });
  queue.join(taker, "name");
  if (how === "selector") {
    nobody.credit = 1e9;
    queue.join(nobody, "name");
  }
  let number = 0;
  const offer = () => {
    number++;
    queue.offer(message(number, how === "priorities" ? number % 10 : 4));
  };
  while (number < depth) offer();
  const step = () => {
    offer();
    taker.credit = 1;
    queue.resume(taker);
    const entry = held.pop();
    if (entry === undefined) throw new Error("Nothing was delivered");
    queue.drop(entry);
  };
  for (let i = 0; i < ROUNDS / 10; i++) step();
  const before = Bun.nanoseconds();
  for (let i = 0; i < ROUNDS; i++) step();
  return Math.round((Bun.nanoseconds() - before) / ROUNDS);
}

Bun.gc(true);
const before = process.memoryUsage.rss();
const queue = new Queue("/queue/bench", LIMITS, new Memory(1e12));
const count = 500_000;
for (let i = 0; i < count; i++) queue.offer(message(i, 4));
Bun.gc(true);
const bytes = (process.memoryUsage.rss() - before) / count;
console.log(JSON.stringify({ waiting: count, bytesPerMessage: Math.round(bytes), bodyBytes: 100 }));
queue.clear();

for (const how of ["plain", "priorities", "selector"] as const) {
  for (const depth of [10, 1_000_000]) {
    console.log(JSON.stringify({ how, depth, nsPerMessage: nanoseconds(depth, how) }));
  }
}

import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { detach } from "../../src/broker/detach.ts";
import { Memory } from "../../src/broker/memory.ts";
import { Queue } from "../../src/broker/queue.ts";
import { fakeMessage } from "./fake_consumer.ts";

const COUNT = 3_000;
const FRAME_BYTES = 20_000;

function newQueue(): Queue {
  const limits = { messagesMax: 1e9, bytesMax: 1e12, overflow: "reject" } as const;
  return new Queue("/queue/q", limits, new Memory(1e12));
}

/** A text as a transport gives it, of which only the last characters are of use. */
function frame(i: number): string {
  return Buffer.from("h".repeat(FRAME_BYTES) + String(i).padStart(10, "0")).toString();
}

/** Bytes that what `make` returns keeps alive, for each of `COUNT`. */
function bytesEach(make: () => readonly unknown[]): number {
  Bun.gc(true);
  const before = heapStats().heapSize;
  const kept = make();
  Bun.gc(true);
  const bytes = heapStats().heapSize - before;
  expect(kept.length).toBeGreaterThan(0);
  return bytes / COUNT;
}

test("A part of a text that was detached does not keep the whole, however often it is done", () => {
  const parts = (of: (text: string) => string): string[] =>
    Array.from({ length: COUNT }, (_, i) => of(frame(i).slice(-10)));
  // As often as it takes until the engine has compiled it with all it knows.
  for (let i = 0; i < 300_000; i++) detach("some text".slice(1, 5));
  expect(bytesEach(() => parts(detach))).toBeLessThan(1_000);
  expect(bytesEach(() => parts((text) => text))).toBeGreaterThan(FRAME_BYTES / 2);
});

test("A detached text is the same text", () => {
  const texts = ["", "a", "aé", "\u{1f600}b", "\ud800", "\0"];
  expect(texts.map(detach)).toEqual(texts);
  expect(texts.map((text) => detach(`-${text}`.slice(1)))).toEqual(texts);
});

test("Of a message that waits behind many others only what it needs is kept", () => {
  const queue = newQueue();
  for (let i = 0; i < 2_000; i++) queue.offer(fakeMessage(i));
  const each = bytesEach(() =>
    Array.from({ length: COUNT }, (_, i) =>
      queue.offer(fakeMessage(i, { body: frame(i).slice(-10) })),
    ),
  );
  expect(each).toBeLessThan(1_000);
  expect(queue.bytes).toBe(5_000 * 256 + 2_000 * 4 + COUNT * 10);
});

/** Bodies of requests on their way: bounds of size, time, number and memory. */

import { beforeEach, describe, expect, test } from "bun:test";
import { Memory } from "../../src/broker/memory.ts";
import { Fault } from "../../src/fault.ts";
import { Deadlines } from "../../src/session/deadlines.ts";
import {
  BODIES_MAX,
  PROGRESS_BYTES,
  PROGRESS_MS,
  RequestBodies,
  SILENT_MS,
} from "../../src/transport/request_bodies.ts";
import { sessionLimits } from "../session/session_limits.ts";
import { type ManualRuntime, manualRuntime } from "../support/manual_runtime.ts";
import { until } from "../support/until.ts";

const FRAME_MAX = 100_000;
const MEMORY_MAX = 1_000_000;

let runtime: ManualRuntime;
let memory: Memory;
let deadlines: Deadlines;
let bodies: RequestBodies;

beforeEach(() => {
  runtime = manualRuntime(1);
  memory = new Memory(MEMORY_MAX);
  deadlines = new Deadlines(runtime.now());
  runtime.every(50, () => deadlines.tick(runtime.now()));
  const limits = sessionLimits({ frameBytesMax: FRAME_MAX });
  bodies = new RequestBodies({ deadlines, limits, memory, runtime });
});

/** A body that comes as it is told. */
interface Sender {
  /** What became of it: its bytes, or the code of the refusal. */
  readonly outcome: Promise<string>;
  readonly settled: () => boolean;
  /** Sends so many bytes, and waits until they are counted. */
  send(bytes: number): Promise<void>;
  end(): void;
  leave(): void;
  /** Whether the broker reads no more. */
  readonly cancelled: () => boolean;
}

function begin(announced?: number): Sender {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isCancelled = false;
  let isSettled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (own) => {
      controller = own;
    },
    cancel: () => {
      isCancelled = true;
    },
  });
  const headers = new Headers();
  if (announced !== undefined) headers.set("content-length", `${announced}`);
  const request = new Request("http://localhost/", { method: "POST", body, headers });
  const outcome = bodies
    .read(request)
    .then(
      (bytes) => `${bytes.length} bytes of ${[...new Set(bytes)].join()}`,
      (error: unknown) => (error instanceof Fault ? error.code : "gone"),
    )
    .finally(() => {
      isSettled = true;
    });
  return {
    outcome,
    settled: () => isSettled,
    cancelled: () => isCancelled,
    send: async (bytes) => {
      const { used } = memory;
      controller?.enqueue(new Uint8Array(bytes).fill(7));
      await until("the bytes are counted", () => memory.used !== used || isSettled);
    },
    end: () => controller?.close(),
    leave: () => controller?.error(new Error("The connection was closed")),
  };
}

const held = (): readonly number[] => [bodies.size, memory.used, memory.half];

describe("a body", () => {
  test("that is none is empty, and takes no place", async () => {
    const request = new Request("http://localhost/", { method: "POST" });
    expect((await bodies.read(request)).length).toBe(0);
  });

  for (const announced of [undefined, 70_003]) {
    test(`comes whole from its pieces, announced as ${announced}`, async () => {
      const sender = begin(announced);
      for (const bytes of [1, 2, 65_536, 4_464]) await sender.send(bytes);
      sender.end();
      expect(await sender.outcome).toBe("70003 bytes of 7");
    });
  }

  test("counts as half received until it is whole", async () => {
    const sender = begin(2_000);
    await sender.send(500);
    expect(held()).toEqual([1, 500, 500]);
    await sender.send(1_500);
    expect(held()).toEqual([1, 2_000, 2_000]);
    sender.end();
    await sender.outcome;
    expect(held()).toEqual([0, 0, 0]);
  });

  test("counts no more when its client goes", async () => {
    const sender = begin(2_000);
    await sender.send(500);
    sender.leave();
    expect(await sender.outcome).toBe("gone");
    expect(held()).toEqual([0, 0, 0]);
  });
});

describe("refused is", () => {
  test("what announces too much, unread", async () => {
    expect(await begin(FRAME_MAX + 1).outcome).toBe("frame-too-large");
    expect(held()).toEqual([0, 0, 0]);
  });

  test("what becomes too much, and not a byte sooner", async () => {
    const sender = begin();
    await sender.send(FRAME_MAX);
    expect(sender.settled()).toBe(false);
    await sender.send(1);
    expect(await sender.outcome).toBe("frame-too-large");
    expect([sender.cancelled(), ...held()]).toEqual([true, 0, 0, 0]);
  });

  test("what announces more than there is memory", async () => {
    memory.used = MEMORY_MAX - 1_000;
    expect(await begin(1_001).outcome).toBe("memory-full");
    const fits = begin(1_000);
    await fits.send(1_000);
    fits.end();
    expect(await fits.outcome).toBe("1000 bytes of 7");
  });

  test("what comes when memory has run out meanwhile", async () => {
    const sender = begin(1_000);
    memory.used = MEMORY_MAX;
    await sender.send(1);
    expect(await sender.outcome).toBe("memory-full");
    expect(memory.used).toBe(MEMORY_MAX);
  });

  test("a large one when halves have their share of the memory; small ones go on", async () => {
    const large = [begin(90_000), begin(90_000), begin(90_000)];
    for (const [at, sender] of large.entries()) await sender.send(at < 2 ? 90_000 : 69_999);
    expect(memory.half).toBe(249_999);
    const small = begin(1_000);
    await small.send(1_000);
    await large[2]?.send(1);
    expect(await large[2]?.outcome).toBe("memory-full");
    small.end();
    expect(await small.outcome).toBe("1000 bytes of 7");
  });
});

describe("a body that does not come on", () => {
  test("is given up after its time", async () => {
    const sender = begin(50_000);
    await sender.send(PROGRESS_BYTES - 1);
    runtime.advance(PROGRESS_MS - 100);
    expect(sender.cancelled()).toBe(false);
    runtime.advance(200);
    expect(await sender.outcome).toBe("frame-timeout");
    expect([sender.cancelled(), ...held()]).toEqual([true, 0, 0, 0]);
  });

  test("keeps its place as long as it grows enough, and no longer", async () => {
    const sender = begin(FRAME_MAX);
    for (let round = 0; round < 3; round++) {
      await sender.send(PROGRESS_BYTES);
      runtime.advance(PROGRESS_MS + 50);
      expect(sender.cancelled()).toBe(false);
    }
    // What came in plenty before does not count for later.
    await sender.send(2 * PROGRESS_BYTES);
    runtime.advance(PROGRESS_MS + 50);
    await sender.send(1);
    runtime.advance(PROGRESS_MS + 50);
    expect(await sender.outcome).toBe("frame-timeout");
  });

  test("does not outlive its request on the wheel", async () => {
    const sender = begin(10);
    await sender.send(10);
    sender.end();
    await sender.outcome;
    runtime.advance(3 * PROGRESS_MS);
    expect(await sender.outcome).toBe("10 bytes of 7");
  });
});

describe("when all places are taken", () => {
  test("nobody who still sends has to go; the next is refused", async () => {
    const senders = Array.from({ length: BODIES_MAX }, () => begin(10));
    expect(await begin(10).outcome).toBe("too-many-connections");
    for (const sender of senders) sender.end();
    await Promise.all(senders.map(({ outcome }) => outcome));
    expect(held()).toEqual([0, 0, 0]);
  });

  test("whoever is silent longest makes room", async () => {
    const senders = Array.from({ length: BODIES_MAX }, () => begin(10));
    const [first, second] = senders;
    runtime.advance(SILENT_MS);
    await first?.send(1);
    const next = begin(10);
    expect(await second?.outcome).toBe("frame-timeout");
    expect([bodies.size, first?.cancelled()]).toEqual([BODIES_MAX, false]);
    await next.send(10);
    next.end();
    expect(await next.outcome).toBe("10 bytes of 7");
  });
});

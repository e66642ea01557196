import { describe, expect, test } from "bun:test";
import { Memory } from "../../src/broker/memory.ts";
import type { SessionLimits } from "../../src/session/limits.ts";
import { FLUSH_FRAMES, Outbox } from "../../src/session/outbox.ts";
import { Turn } from "../../src/session/turn.ts";
import { type Wire, type WireFrame, wholeFrames } from "../../src/session/wire.ts";

/** An outbox with a wire that takes what it is told to. */
interface Bench {
  readonly outbox: Outbox;
  readonly memory: Memory;
  /** What the wire was given, a batch at a time. */
  readonly batches: string[][];
  /** What the frames of each batch were said to begin with. */
  readonly heads: string[];
  /** What the owner was told. */
  readonly told: string[];
  /** Lets the event loop go round. */
  next(): void;
  /** From now on the wire keeps what it is given, or sends all that it has. */
  stall(isStalled: boolean): void;
  readonly clock: { ms: number };
  /** What it looks up at each use. */
  readonly limits: { outboxBytesMax: number; slowConsumer: SessionLimits["slowConsumer"] };
}

function bench(
  slowConsumer: SessionLimits["slowConsumer"] = "disconnect",
  bytesMax = 1_000,
): Bench {
  const limits: Bench["limits"] = { outboxBytesMax: bytesMax, slowConsumer };
  let deferred: (() => void)[] = [];
  let buffered = 0;
  let isStalled = false;
  const clock = { ms: 0 };
  const memory = new Memory(1_000_000);
  const batches: string[][] = [];
  const heads: string[] = [];
  const told: string[] = [];
  const wire: Wire = {
    peer: {
      ...{ transport: "fake", address: "", port: 0, messages: true, answersPings: false },
      ...{ local: true, subProtocol: "" },
    },
    write: (rests, head) => {
      const frames = wholeFrames(rests, head);
      batches.push(frames.map(shown));
      heads.push(head);
      if (isStalled) buffered += frames.reduce((sum, frame) => sum + frame.length, 0);
    },
    get buffered() {
      return buffered;
    },
    pause: () => {},
    resume: () => {},
    ping: () => {},
    close: () => {},
    destroy: () => {},
  };
  const made: Bench = {
    memory,
    batches,
    heads,
    told,
    clock,
    limits,
    outbox: new Outbox(
      {
        pressed: () => told.push("pressed"),
        kept: () => told.push("kept"),
        relieved: () => told.push("relieved"),
        overflowed: (detail) => told.push(`overflowed: ${detail}`),
      },
      wire,
      {
        turn: new Turn({ defer: (task) => deferred.push(task), now: () => clock.ms }),
        memory,
        runtime: { now: () => clock.ms },
        limits,
      },
    ),
    next: () => {
      const tasks = deferred;
      deferred = [];
      for (const task of tasks) task();
    },
    stall: (stalls) => {
      isStalled = stalls;
      if (stalls) return;
      buffered = 0;
      made.outbox.drained();
    },
  };
  return made;
}

function shown(frame: WireFrame): string {
  return typeof frame === "string" ? frame : `bytes ${String(frame)}`;
}

const TOPIC = true;
const OTHER = false;

function frame(name: string, size = 100): string {
  return name.padEnd(size, ".");
}

/** First words of everything the wire was given. */
function sent({ batches }: Bench): string[] {
  return batches.flat().map((each) => each.split(".")[0] ?? "");
}

describe("An outbox", () => {
  test("sends a whole turn's frames in one batch", () => {
    const it = bench();
    for (const name of ["a", "b", "c"]) it.outbox.push(frame(name), OTHER);
    expect(it.batches).toEqual([]);
    expect(it.memory.used).toBe(300);
    it.next();
    expect(it.batches).toHaveLength(1);
    expect([sent(it), it.memory.used]).toEqual([["a", "b", "c"], 0]);
  });

  describe("given frames of two parts", () => {
    const cases: readonly [what: string, frames: readonly [string, WireFrame][], head: string][] = [
      [
        "that begin alike leaves their beginning apart",
        [
          ["a", "1"],
          ["a", "2"],
        ],
        "a",
      ],
      [
        "that begin differently makes them whole",
        [
          ["a", "1"],
          ["b", "2"],
          ["a", "3"],
        ],
        "",
      ],
      [
        "behind a whole one makes them whole",
        [
          ["", "w"],
          ["a", "1"],
        ],
        "",
      ],
      [
        "before a whole one makes them whole",
        [
          ["a", "1"],
          ["", "w"],
          ["a", "2"],
        ],
        "",
      ],
      [
        "before bytes makes them whole",
        [
          ["a", "1"],
          ["", Uint8Array.of(50)],
        ],
        "",
      ],
      [
        "behind bytes is whole, and leaves them as they are",
        [
          ["", Uint8Array.of(50)],
          ["a", "1"],
        ],
        "",
      ],
    ];
    test.each(cases)("%s", (_what, frames, head) => {
      const it = bench();
      for (const [begin, rest] of frames) it.outbox.pushAfter(begin, rest, TOPIC);
      const whole = frames.map(([begin, rest]) => begin + shown(rest));
      const size = frames.reduce((sum, [begin, rest]) => sum + begin.length + rest.length, 0);
      expect(it.memory.used).toBe(size);
      it.next();
      expect([it.batches, it.heads, it.memory.used]).toEqual([[whole], [head], 0]);
    });

    test("does not mix the beginnings of two batches", () => {
      const it = bench();
      for (const head of ["a", "b", ""]) {
        it.outbox.pushAfter(head, "1", OTHER);
        it.next();
      }
      expect([it.batches, it.heads]).toEqual([
        [["a1"], ["b1"], ["1"]],
        ["a", "b", ""],
      ]);
    });

    test("counts both parts of what the policy drops", () => {
      const it = bench("drop-oldest", 100);
      it.stall(true);
      it.outbox.push(frame("w", 60), OTHER);
      it.next();
      for (const name of ["a", "b", "c", "d"]) {
        it.outbox.pushAfter("head", frame(name, 16), TOPIC);
      }
      expect([it.outbox.dropped, it.outbox.size, it.memory.used]).toEqual([2, 100, 100]);
      it.stall(false);
      it.next();
      expect(it.batches[1]).toEqual([`head${frame("c", 16)}`, `head${frame("d", 16)}`]);
      expect(it.memory.used).toBe(0);
    });
  });

  test("sends earlier when a batch is full", () => {
    const it = bench("disconnect", 1_000_000);
    for (let at = 0; at <= FLUSH_FRAMES; at++) it.outbox.push("x", OTHER);
    expect(it.batches.map(({ length }) => length)).toEqual([FLUSH_FRAMES]);
    it.outbox.push(frame("large", 70_000), OTHER);
    expect(it.batches).toHaveLength(2);
  });

  test("tells once that it is over half its budget, and when there is room again", () => {
    const it = bench();
    it.stall(true);
    for (let at = 0; at < 5; at++) it.outbox.push(frame("a"), OTHER);
    expect(it.outbox.pressed).toBe(false);
    it.clock.ms = 7;
    for (let at = 0; at < 2; at++) it.outbox.push(frame("b"), OTHER);
    expect([it.outbox.pressed, it.outbox.pressedAt, it.told]).toEqual([true, 7, []]);
    it.next();
    expect(it.told).toEqual(["pressed"]);
    expect(it.memory.used).toBe(700);
    it.stall(false);
    expect(it.outbox.pressed).toBe(false);
    it.next();
    expect([it.told, it.memory.used]).toEqual([["pressed", "relieved"], 0]);
  });

  test("over its budget with messages of topics it tells so, and takes them until then", () => {
    const it = bench();
    it.stall(true);
    for (let at = 0; at < 12; at++) it.outbox.push(frame(`${at}`), TOPIC);
    expect(it.told).toEqual([]);
    it.next();
    const overflows = it.told.filter((each) => each.startsWith("overflowed"));
    expect(overflows).toEqual(["overflowed: 1100 bytes wait to be sent, at most 1000 may"]);
    expect(it.outbox.dropped).toBe(0);
  });

  test("what must not be dropped may be twice the budget, as one large message may come last", () => {
    const it = bench();
    it.stall(true);
    it.outbox.push(frame("message", 1_900), OTHER);
    it.outbox.push(frame("receipt"), OTHER);
    it.next();
    expect([it.told, sent(it)]).toEqual([["pressed"], ["message", "receipt"]]);
  });

  test("behind a frame that is left out nothing follows but the last", () => {
    const it = bench();
    it.stall(true);
    it.outbox.push(frame("message", 2_100), OTHER);
    it.next();
    it.outbox.push(frame("receipt 1"), OTHER);
    it.stall(false);
    it.outbox.push(frame("receipt 2"), OTHER);
    it.next();
    it.outbox.clear();
    it.outbox.pushLast(frame("error"));
    it.outbox.push(frame("receipt 3"), OTHER);
    it.outbox.flushAll();
    expect(sent(it)).toEqual(["message", "error"]);
    expect(it.told.some((each) => each.startsWith("overflowed"))).toBe(true);
    expect(it.memory.used).toBe(0);
  });

  test("the last frame goes out however much waits", () => {
    const it = bench();
    it.stall(true);
    it.outbox.push(frame("message", 5_000), OTHER);
    it.outbox.pushLast(frame("error"));
    it.outbox.flushAll();
    expect(sent(it)).toEqual(["message", "error"]);
  });

  test("drop-oldest: the oldest messages of topics give way, nothing else does", () => {
    const it = bench("drop-oldest");
    it.stall(true);
    it.outbox.push(frame("in the wire", 300), OTHER);
    it.next();
    it.outbox.push(frame("receipt"), OTHER);
    for (let at = 1; at <= 9; at++) it.outbox.push(frame(`topic ${at}`), TOPIC);
    it.next();
    it.stall(false);
    // The seven latest: room is made only once the budget is passed.
    const kept = [3, 4, 5, 6, 7, 8, 9].map((at) => `topic ${at}`);
    expect(sent(it)).toEqual(["in the wire", "receipt", ...kept]);
    expect(it.outbox.dropped).toBe(2);
    expect(it.told.filter((each) => each.startsWith("overflowed"))).toEqual([]);
  });

  test("drop-oldest: however many have given way, what may not stays in its place", () => {
    const it = bench("drop-oldest");
    it.stall(true);
    it.outbox.push(frame("in the wire", 300), OTHER);
    it.next();
    const others = [0, 1_000, 2_999, 3_000];
    for (let at = 0; at <= 3_000; at++) {
      it.outbox.push(frame(`${at}`), others.includes(at) ? OTHER : TOPIC);
    }
    expect(it.outbox.dropped).toBe(2_991);
    expect(it.memory.used).toBe(it.outbox.size);
    it.stall(false);
    const latest = [2_993, 2_994, 2_995, 2_996, 2_997, 2_998];
    const kept = [0, 1_000, ...latest, 2_999, 3_000].map(String);
    expect(sent(it)).toEqual(["in the wire", ...kept]);
    it.outbox.close();
    expect(it.memory.used).toBe(0);
  });

  test("drop-newest: new messages of topics are left out while it is full", () => {
    const it = bench("drop-newest");
    it.stall(true);
    it.outbox.push(frame("in the wire", 900), OTHER);
    it.next();
    for (let at = 1; at <= 4; at++) it.outbox.push(frame(`topic ${at}`), TOPIC);
    it.outbox.push(frame("receipt"), OTHER);
    it.next();
    it.stall(false);
    expect(sent(it)).toEqual(["in the wire", "topic 1", "topic 2", "receipt"]);
    expect(it.outbox.dropped).toBe(2);
  });

  test("with memory short, topics give way for those who are behind, and only for them", () => {
    const it = bench("drop-newest");
    it.stall(true);
    it.memory.used = 999_999;
    it.outbox.push(frame("quick"), TOPIC);
    it.outbox.push(frame("large", 600), OTHER);
    expect(it.outbox.pressed).toBe(true);
    it.outbox.push(frame("slow"), TOPIC);
    it.outbox.push(frame("receipt"), OTHER);
    it.next();
    it.stall(false);
    expect(sent(it)).toEqual(["quick", "large", "receipt"]);
  });

  test("since when nothing moves is known", () => {
    const it = bench();
    it.stall(true);
    it.outbox.push(frame("a", 600), OTHER);
    it.next();
    it.clock.ms = 50;
    it.outbox.drained();
    expect(it.outbox.stuckSince).toBe(0);
    it.outbox.push(frame("b", 600), OTHER);
    it.stall(false);
    expect(it.outbox.stuckSince).toBe(50);
  });

  describe("whose limits change", () => {
    test("takes more from the next frame on", () => {
      const it = bench();
      it.stall(true);
      it.outbox.push(frame("in the wire", 900), OTHER);
      it.next();
      it.limits.outboxBytesMax = 10_000;
      for (let at = 1; at <= 20; at++) it.outbox.push(frame(`topic ${at}`), TOPIC);
      it.next();
      expect(it.told.filter((each) => each.startsWith("overflowed"))).toEqual([]);
    });

    test("takes less from the next frame on", () => {
      const it = bench("disconnect", 10_000);
      it.stall(true);
      it.outbox.push(frame("in the wire", 2_000), OTHER);
      it.next();
      it.limits.outboxBytesMax = 1_000;
      it.outbox.push(frame("topic"), TOPIC);
      it.next();
      expect(it.told).toContain("overflowed: 2000 bytes wait to be sent, at most 1000 may");
    });

    test("drops from now on, but nothing that was pushed before", () => {
      const it = bench();
      it.stall(true);
      it.outbox.push(frame("in the wire", 1_100), OTHER);
      it.next();
      it.outbox.push(frame("receipt"), OTHER);
      it.limits.outboxBytesMax = 1_500;
      it.outbox.push(frame("before"), TOPIC);
      it.limits.slowConsumer = "drop-oldest";
      for (let at = 1; at <= 4; at++) it.outbox.push(frame(`topic ${at}`), TOPIC);
      it.next();
      it.stall(false);
      expect(sent(it)).toEqual(["in the wire", "receipt", "before", "topic 3", "topic 4"]);
      expect(it.outbox.dropped).toBe(2);
    });

    test("drops no more, and tells instead", () => {
      const it = bench("drop-oldest");
      it.stall(true);
      for (let at = 1; at <= 10; at++) it.outbox.push(frame(`topic ${at}`), TOPIC);
      it.limits.slowConsumer = "disconnect";
      for (let at = 11; at <= 13; at++) it.outbox.push(frame(`topic ${at}`), TOPIC);
      it.next();
      expect(it.told).toContain("overflowed: 1100 bytes wait to be sent, at most 1000 may");
      expect(it.outbox.dropped).toBe(0);
    });
  });

  test("counts nothing any more once the wire is gone", () => {
    const it = bench();
    it.stall(true);
    it.outbox.push(frame("a"), OTHER);
    it.next();
    it.outbox.push(frame("b"), OTHER);
    expect(it.memory.used).toBe(200);
    it.outbox.close();
    expect([it.memory.used, it.outbox.size]).toEqual([0, 0]);
  });
});

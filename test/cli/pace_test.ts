import { describe, expect, test } from "bun:test";
import { createPace } from "../../src/cli/pace.ts";
import { manualRuntime } from "../support/manual_runtime.ts";

/** When each of so many messages is sent, in ms from the start, on a clock that tests move. */
async function timesOf(
  perSecond: number,
  options: { readonly count: number; readonly shift?: (at: number) => number },
): Promise<number[]> {
  const { count, shift = () => 0 } = options;
  const inner = manualRuntime(1);
  const start = inner.now();
  // What the clock says, and what time it is, may differ.
  let offset = 0;
  const runtime = { ...inner, now: () => inner.now() + offset };
  const pace = createPace(runtime, perSecond);
  const times: number[] = [];
  for (let at = 0; at < count; at++) {
    offset += shift(at);
    let paced = false;
    const waiting = pace().then(() => {
      paced = true;
    });
    while (!paced) {
      inner.pump();
      await Promise.resolve();
      await Promise.resolve();
      if (!paced) inner.advance(1);
    }
    await waiting;
    times.push(inner.now() - start);
  }
  return times;
}

const gaps = (times: readonly number[]): number[] =>
  times.slice(1).map((time, at) => time - (times[at] ?? 0));

describe("a pace", () => {
  test.each([
    [2, 500],
    [10, 100],
    [0.5, 2000],
  ])("of %p a second waits %p ms", async (perSecond, ms) => {
    const times = await timesOf(perSecond, { count: 6 });
    expect(times[0]).toBeLessThanOrEqual(1);
    for (const gap of gaps(times)) expect(gap).toBeWithin(ms - 1, ms + 3);
  });

  test("of thousands a second keeps the average", async () => {
    const times = await timesOf(5000, { count: 5001 });
    expect(times.at(-1)).toBeWithin(990, 1050);
  });

  test("makes up for a second of what was lost, and no more", async () => {
    const hour = 3_600_000;
    const times = await timesOf(10, { count: 30, shift: (at) => (at === 5 ? hour : 0) });
    const burst = gaps(times).filter((gap) => gap <= 1).length;
    expect(burst).toBeWithin(8, 12);
    expect(gaps(times).slice(-10)).toEqual(Array(10).fill(100));
  });

  test("does not stand still when the clock is set back", async () => {
    const times = await timesOf(10, { count: 20, shift: (at) => (at === 5 ? -3_600_000 : 0) });
    for (const gap of gaps(times)) expect(gap).toBeLessThanOrEqual(201);
  });
});

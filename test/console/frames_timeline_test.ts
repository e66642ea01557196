import { describe, expect, test } from "bun:test";
import {
  addFrames,
  addSeam,
  countAfter,
  EMPTY_TIMELINE,
  findFrame,
  keptBytes,
  type Timeline,
  timelineRows,
} from "../../console/frames/timeline.ts";
import { someFrame } from "./frames_sample.ts";

const framesOf = (...numbers: number[]) =>
  numbers.map((number) => someFrame({ number, at: 1_000 + number }));
const numbersOf = ({ entries }: Timeline) => entries.map(({ frame }) => frame.number);
const all = () => true;
const rowsOf = (timeline: Timeline, matches: Parameters<typeof timelineRows>[1] = all) =>
  timelineRows(timeline, matches).map((row) =>
    row.kind === "frame"
      ? row.entry.frame.number
      : row.kind === "gap"
        ? `${row.skipped} skipped`
        : row.kind,
  );

describe("a timeline", () => {
  test("keeps frames in their order", () => {
    const timeline = addFrames(addFrames(EMPTY_TIMELINE, framesOf(1, 2)), framesOf(3, 5));
    expect(numbersOf(timeline)).toEqual([1, 2, 3, 5]);
  });

  test("puts frames that were asked for later where they belong, each once", () => {
    const live = addFrames(EMPTY_TIMELINE, framesOf(5, 7));
    expect(numbersOf(addFrames(live, framesOf(3, 4, 5, 6, 7, 8)))).toEqual([3, 4, 5, 6, 7, 8]);
  });

  test("is the same when nothing is new", () => {
    const timeline = addFrames(EMPTY_TIMELINE, framesOf(1, 2));
    expect(addFrames(timeline, framesOf(1, 2))).toBe(timeline);
    expect(addFrames(timeline, [])).toBe(timeline);
  });

  test("drops the oldest of too many frames, and counts them", () => {
    const limits = { framesMax: 3, bytesMax: 1_000_000 };
    const timeline = addFrames(EMPTY_TIMELINE, framesOf(1, 2, 3, 4, 5), limits);
    expect(numbersOf(timeline)).toEqual([3, 4, 5]);
    expect(timeline.dropped).toBe(2);
    const next = addFrames(timeline, framesOf(6), limits);
    expect([numbersOf(next), next.dropped]).toEqual([[4, 5, 6], 3]);
  });

  test("drops the oldest when bodies take too much, however few they are", () => {
    const large = framesOf(1, 2, 3).map((frame) => ({ ...frame, body: "x".repeat(10_000) }));
    const limits = { framesMax: 100, bytesMax: 45_000 };
    const timeline = addFrames(EMPTY_TIMELINE, large, limits);
    expect(numbersOf(timeline)).toEqual([2, 3]);
    expect(timeline.bytes).toBe(
      timeline.entries.reduce((sum, { frame }) => sum + keptBytes(frame), 0),
    );
  });

  test("a broker that starts anew counts from the beginning, and its frames come after", () => {
    const before = addFrames(EMPTY_TIMELINE, framesOf(8, 9));
    const later = framesOf(1, 2).map((frame) => ({ ...frame, at: frame.at + 10_000 }));
    const timeline = addFrames(before, later);
    expect(rowsOf(timeline)).toEqual([8, 9, "restart", 1, 2]);
    // As when the list of the latest frames is asked for behind a lost connection.
    expect(addFrames(timeline, later)).toBe(timeline);
    expect(findFrame(timeline, { number: 1 })?.run).toBe(1);
  });

  test("finds the newest frame of a number, or that of a time", () => {
    const before = addFrames(EMPTY_TIMELINE, framesOf(1, 2));
    const again = addFrames(before, [someFrame({ number: 1, at: 9_999 })]);
    expect(findFrame(again, { number: 1 })?.frame.at).toBe(9_999);
    expect(findFrame(again, { number: 1, at: 1_001 })?.run).toBe(0);
    expect(findFrame(again, { number: 1, at: 1_002 })).toBeUndefined();
    expect(findFrame(again, { number: 7 })).toBeUndefined();
  });
});

describe("rows", () => {
  test("are the frames that match", () => {
    const timeline = addFrames(EMPTY_TIMELINE, framesOf(1, 2, 3, 4));
    expect(rowsOf(timeline, ({ number }) => number % 2 === 0)).toEqual([2, 4]);
  });

  test("have one gap for all that was skipped between two of them", () => {
    const skips = [0, 5, 0, 7, 2];
    const frames = framesOf(1, 2, 3, 4, 5).map((frame, index) => ({
      ...frame,
      skipped: skips[index] ?? 0,
    }));
    const timeline = addFrames(EMPTY_TIMELINE, frames);
    expect(rowsOf(timeline)).toEqual([1, "5 skipped", 2, 3, "7 skipped", 4, "2 skipped", 5]);
    expect(rowsOf(timeline, ({ number }) => number === 1 || number === 5)).toEqual([
      1,
      "14 skipped",
      5,
    ]);
  });

  test("have a seam before what the page saw itself", () => {
    const history = addSeam(addFrames(EMPTY_TIMELINE, framesOf(1, 2)));
    const timeline = addFrames(history, framesOf(3, 4));
    expect(rowsOf(history)).toEqual([1, 2]);
    expect(rowsOf(timeline)).toEqual([1, 2, "seam", 3, 4]);
    expect(rowsOf(timeline, ({ number }) => number === 1 || number === 4)).toEqual([1, "seam", 4]);
    const again = addFrames(addSeam(addSeam(timeline)), framesOf(5));
    expect(rowsOf(again)).toEqual([1, 2, "seam", 3, 4, "seam", 5]);
    expect(rowsOf(again, ({ number }) => number === 5)).toEqual(["seam", 5]);
    expect(addSeam(EMPTY_TIMELINE)).toBe(EMPTY_TIMELINE);
  });

  test("begin with what had to go", () => {
    const limits = { framesMax: 2, bytesMax: 1_000_000 };
    const seamed = addSeam(addFrames(EMPTY_TIMELINE, framesOf(1, 2)));
    const timeline = addFrames(seamed, framesOf(3, 4), limits);
    expect(rowsOf(timeline)).toEqual(["dropped", 3, 4]);
    expect(timeline.seams.size).toBe(0);
    expect(rowsOf(timeline, () => false)).toEqual([]);
  });

  test("each have a key of their own", () => {
    const frames = framesOf(1, 2).map((frame) => ({ ...frame, skipped: 1 }));
    const later = frames.map((frame) => ({ ...frame, at: frame.at + 10_000 }));
    const rows = timelineRows(addFrames(addFrames(EMPTY_TIMELINE, frames), later), all);
    expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
  });
});

test("what came since is counted as far as it matches", () => {
  const before = addFrames(EMPTY_TIMELINE, framesOf(1, 2));
  const after = addFrames(before, framesOf(3, 4, 5));
  const last = before.entries.at(-1);
  expect(countAfter(after, last, all)).toBe(3);
  expect(countAfter(after, last, ({ number }) => number === 4)).toBe(1);
  expect(countAfter(after, undefined, all)).toBe(5);
  expect(countAfter(before, last, all)).toBe(0);
});

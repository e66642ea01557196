import { describe, expect, test } from "bun:test";
import { createRates } from "../../console/broker/rates.ts";
import { covers, rangeFor, rowAt } from "../../console/broker/window_rows.ts";
import { chooseColumns, gridTracks } from "../../console/ui/choose_columns.ts";
import { scrollTopFor, visibleWindow } from "../../console/ui/virtual_window.ts";

describe("Of a long list only the rows on the screen are made", () => {
  const place = { scrollTop: 0, height: 400, rowHeight: 40, rows: 5_000, overscan: 2 };
  test.each([
    ["at the top", place, { first: 0, count: 12 }],
    ["in the middle", { ...place, scrollTop: 4_010 }, { first: 98, count: 15 }],
    ["at the end", { ...place, scrollTop: 199_600 }, { first: 4_988, count: 12 }],
    ["shorter than the screen", { ...place, rows: 3 }, { first: 0, count: 3 }],
    ["empty", { ...place, rows: 0 }, { first: 0, count: 0 }],
    [
      "become short while scrolled far down",
      { ...place, scrollTop: 4_000, rows: 1 },
      { first: 0, count: 1 },
    ],
  ])("%s", (_where, given, window) => {
    expect(visibleWindow(given)).toEqual(window);
  });

  test("the keyboard scrolls only to rows that are not in view", () => {
    const scrolled = { ...place, scrollTop: 1_000 };
    expect(scrollTopFor(24, scrolled)).toBe(960);
    expect(scrollTopFor(30, scrolled)).toBe(1_000);
    expect(scrollTopFor(35, scrolled)).toBe(1_040);
  });
});

describe("The part of a list that is asked for", () => {
  test.each([
    [
      { first: 0, count: 20 },
      { offset: 0, limit: 50 },
    ],
    [
      { first: 60, count: 20 },
      { offset: 0, limit: 150 },
    ],
    [
      { first: 4_990, count: 20 },
      { offset: 4_950, limit: 100 },
    ],
    [
      { first: 0, count: 5_000 },
      { offset: 0, limit: 1_000 },
    ],
  ])("%j is %j", (window, range) => {
    expect(rangeFor(window)).toEqual(range);
  });

  test("covers the window, and knows where it ends", () => {
    const known = { total: 120, offset: 50, items: Array.from({ length: 70 }, (_n, i) => i + 50) };
    expect(covers(known, { first: 60, count: 30 })).toBe(true);
    expect(covers(known, { first: 110, count: 30 })).toBe(true);
    expect(covers(known, { first: 40, count: 30 })).toBe(false);
    expect([rowAt(known, 50), rowAt(known, 119), rowAt(known, 49)]).toEqual([50, 119, undefined]);
  });
});

describe("Columns give way when there is no room", () => {
  const columns = [
    { id: "name", width: 10, grow: 1, rank: 0 },
    { id: "size", width: 5, rank: 2 },
    { id: "age", width: 5, rank: 1 },
  ];
  const at = (width: number) =>
    chooseColumns(columns, { width, gap: 1, padding: 2 }).map(({ id }) => id);
  test.each([
    [0, ["name"]],
    [17, ["name"]],
    [18, ["name", "age"]],
    [23, ["name", "age"]],
    [24, ["name", "size", "age"]],
  ])("at %d", (width, ids) => {
    expect(at(width)).toEqual(ids);
  });

  test("and share what is left", () => {
    expect(gridTracks(columns)).toBe("minmax(10rem, 1fr) 5rem 5rem");
  });
});

describe("Rates are the growth of totals between two looks", () => {
  const rates = () => createRates({ minGapMs: 900, keysMax: 2 });

  test("per second, unknown before the second look", () => {
    const book = rates();
    book.note("a", [100, 0], 1_000);
    expect(book.of("a")).toBeUndefined();
    book.note("a", [150, 4], 3_000);
    expect(book.of("a")).toEqual([25, 2]);
  });

  test("a look too soon after the last counts for nothing", () => {
    const book = rates();
    book.note("a", [0], 0);
    book.note("a", [10], 1_000);
    book.note("a", [10], 1_500);
    expect(book.of("a")).toEqual([10]);
  });

  test("totals that shrink begin anew", () => {
    const book = rates();
    book.note("a", [100], 0);
    book.note("a", [5], 1_000);
    expect(book.of("a")).toBeUndefined();
  });

  test("of too many things those seen longest ago are forgotten", () => {
    const book = rates();
    for (const at of [0, 1_000]) for (const key of ["a", "b"]) book.note(key, [at], at);
    book.note("c", [0], 2_000);
    expect([book.of("a"), book.of("b")]).toEqual([undefined, [1_000]]);
  });
});

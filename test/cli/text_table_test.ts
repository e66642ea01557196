import { describe, expect, test } from "bun:test";
import { cutText, textTable } from "../../src/cli/text_table.ts";

interface Row {
  readonly name: string;
  readonly count: number;
}
const columns = [
  { title: "NAME", cell: ({ name }: Row) => name },
  { title: "COUNT", cell: ({ count }: Row) => String(count), right: true },
] as const;

test("columns stand under each other, numbers at the right", () => {
  const rows = [
    { name: "a", count: 1_000_000 },
    { name: "longer", count: 7 },
  ];
  expect(textTable(rows, { columns })).toEqual({
    title: "NAME      COUNT",
    lines: ["a       1000000", "longer        7"],
  });
});

test("characters of double width take two columns", () => {
  const { title, lines } = textTable([{ name: "注文", count: 1 }], { columns });
  expect([title, ...lines]).toEqual(["NAME  COUNT", "注文      1"]);
});

test("the first column gives way, down to what says something", () => {
  const rows = [{ name: "abcdefghijklmnop", count: 1 }];
  expect(textTable(rows, { columns, width: 20 }).lines).toEqual(["abcdefghijkl…      1"]);
  expect(textTable(rows, { columns, width: 10 }).lines).toEqual(["abcdefg… …"]);
});

test("without rows there is a title", () => {
  expect(textTable([], { columns })).toEqual({ title: "NAME  COUNT", lines: [] });
});

describe("a text is cut", () => {
  test.each([
    ["abc", 3, "abc"],
    ["abcd", 3, "ab…"],
    ["abcd", 1, "…"],
    ["abcd", 0, ""],
    ["注文です", 4, "注…"],
    ["注文です", 5, "注文…"],
    ["👍🏽👍🏽", 3, "👍🏽…"],
  ])("%p to %p columns is %p", (text, width, cut) => {
    const shown = cutText(text, width);
    expect(Bun.stringWidth(shown)).toBeLessThanOrEqual(width);
    expect(shown).toBe(cut);
  });
});

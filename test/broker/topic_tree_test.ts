import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { TopicTree } from "../../src/broker/topic_tree.ts";
import { checkProperty } from "../protocol/check_property.ts";

/**
 * What a pattern means, told apart from the tree: a name is a list of segments,
 * `*` is one of them, and `>`, `#`, `**` are any number. A separator belongs to
 * the segment behind it; where a wildcard took everything before, the first
 * separator has none to be compared with.
 */
function covers(pattern: string, name: string): boolean {
  const segments = (text: string): string[] => text.split(/(?=[./])/);
  // As a regular expression over segments with their separators, each ended by "|".
  const subject = segments(`/${name}`)
    .map((segment) => `${segment}|`)
    .join("");
  let expression = "";
  segments(`/${pattern}`).forEach((segment, at) => {
    const separator = at === 0 ? "[./]" : `[${segment.charAt(0)}]`;
    const word = segment.slice(1);
    if (word === "*") expression += `${separator}[^|]*\\|`;
    else if ([">", "#", "**"].includes(word)) {
      // Any number of segments, the first of which has the wildcard's own separator.
      expression += `(?:${separator}[^|]*\\|(?:[./][^|]*\\|)*)?`;
    } else expression += `${separator}${word}\\|`;
  });
  // Whatever comes first in a name has no separator: it suits any.
  return (
    new RegExp(`^(?:${expression})$`).test(subject) ||
    new RegExp(`^(?:${expression})$`).test(`.${subject.slice(1)}`)
  );
}

const word = fc.constantFrom("a", "b", "");
const separator = fc.constantFrom(".", "/");
function joined(segment: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(segment, fc.array(fc.tuple(separator, segment), { maxLength: 4 }))
    .map(([first, rest]) => first + rest.flat().join(""));
}
const name = joined(word);
const pattern = joined(fc.oneof(word, fc.constantFrom("*", ">", "#", "**")));

describe("A topic tree", () => {
  test("finds exactly the patterns that cover a name, each value once", () => {
    checkProperty(
      fc.property(
        fc.array(pattern, { maxLength: 8 }),
        fc.array(name, { maxLength: 8 }),
        (patterns, names) => {
          const tree = new TopicTree<number>();
          patterns.forEach((each, at) => tree.add(each, at));
          for (const each of names) {
            const found: number[] = [];
            found.push(...tree.match(each).map(({ value }) => value));
            const expected = [...patterns.keys()].filter((at) => covers(patterns[at] ?? "", each));
            expect({
              name: each,
              patterns,
              found: found.sort((one, other) => one - other),
            }).toEqual({
              name: each,
              patterns,
              found: expected,
            });
          }
        },
      ),
    );
  });

  test("is as if never added what was removed, in any order, and is empty in the end", () => {
    const change = fc.record({ pattern, removes: fc.boolean(), at: fc.nat() });
    checkProperty(
      fc.property(fc.array(change, { maxLength: 30, size: "max" }), name, (changes, name) => {
        const tree = new TopicTree<number>();
        const live: { binding: ReturnType<typeof tree.add>; pattern: string }[] = [];
        changes.forEach(({ pattern, removes, at }, value) => {
          if (!removes) live.push({ binding: tree.add(pattern, value), pattern });
          else if (live.length > 0) {
            const [gone] = live.splice(at % live.length, 1);
            if (gone === undefined) return;
            tree.remove(gone.binding);
            tree.remove(gone.binding);
          }
        });
        const found: number[] = [];
        found.push(...tree.match(name).map(({ value }) => value));
        const expected = live.filter((each) => covers(each.pattern, name));
        expect(found.sort()).toEqual(expected.map(({ binding }) => binding.value).sort());
        for (const { binding } of live) tree.remove(binding);
        expect(tree.size).toBe(0);
        const after: number[] = [];
        after.push(...tree.match(name).map(({ value }) => value));
        expect(after).toEqual([]);
      }),
    );
  });

  const table: readonly (readonly [pattern: string, name: string, covers: boolean])[] = [
    ["a", "a", true],
    ["a.b", "a/b", false],
    ["a/*", "a/b", true],
    ["a/*", "a.b", false],
    ["a.*", "a", false],
    ["a.*", "a.b.c", false],
    ["a.>", "a", true],
    ["a.>", "a.b.c", true],
    ["a.>", "b", false],
    ["*.b", "a.b", true],
    ["#.b", "b", true],
    ["#.b", "x.y.b", true],
    ["**.b", "x.b.c", false],
    ["a.>.d", "a.d", true],
    ["a.>.d", "a.b.c.d", true],
    ["a.>.d", "a.b.c", false],
    [">", "anything/at.all", true],
    ["*", "a.b", false],
    [">.>", "a", true],
    ["a*", "a*", true],
    ["a*", "ab", false],
  ];
  for (const [pattern, name, isCovered] of table) {
    test(`${pattern} ${isCovered ? "covers" : "does not cover"} ${name}`, () => {
      const tree = new TopicTree<string>();
      tree.add(pattern, "value");
      const found: string[] = [];
      found.push(...tree.match(name).map(({ value }) => value));
      expect(found).toEqual(isCovered ? ["value"] : []);
    });
  }

  test("counts and knows patterns, not values", () => {
    const tree = new TopicTree<number>();
    const first = tree.add("a.>", 1);
    const second = tree.add("a.>", 2);
    tree.add("a", 3);
    expect(tree.size).toBe(2);
    expect(tree.has("a.>")).toBe(true);
    expect(tree.has("a.*")).toBe(false);
    tree.remove(first);
    expect(tree.has("a.>")).toBe(true);
    tree.remove(second);
    expect(tree.has("a.>")).toBe(false);
    expect(tree.size).toBe(1);
  });

  test("matches many wildcards in many segments without trying every combination", () => {
    const tree = new TopicTree<number>();
    tree.add(`${">.a.".repeat(20)}>`, 1);
    let found = 0;
    found += tree.match("a.".repeat(60) + "b").length;
    expect(found).toBe(1);
    found += tree.match("b.".repeat(60) + "b").length;
    expect(found).toBe(1);
  });
});

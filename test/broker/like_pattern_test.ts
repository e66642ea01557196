import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Characters, likePattern } from "../../src/broker/like_pattern.ts";
import { RUN_SEED } from "../support/seeded_random.ts";

/** How many characters of the text are read while it is held against a pattern. */
function readsOf(pattern: string, text: string): { matches: boolean | undefined; reads: number } {
  let reads = 0;
  const counted: Characters = {
    length: text.length,
    charCodeAt: (index) => {
      reads++;
      return text.charCodeAt(index);
    },
  };
  return { matches: likePattern(pattern)?.(counted), reads };
}

describe("LIKE", () => {
  test.each([
    ["", "", true],
    ["", "a", false],
    ["%", "", true],
    ["%", "anything", true],
    ["%%%", "x", true],
    ["_", "", false],
    ["_", "a", true],
    ["_", "ab", false],
    ["__", "ab", true],
    ["abc", "abc", true],
    ["abc", "ABC", false],
    ["abc", "abcd", false],
    ["abc", "xabc", false],
    ["a%", "a", true],
    ["a%", "abc", true],
    ["a%", "ba", false],
    ["%c", "abc", true],
    ["%c", "abcd", false],
    ["%b%", "abc", true],
    ["%b%", "b", true],
    ["%b%", "ac", false],
    ["a%a", "a", false],
    ["a%a", "aa", true],
    ["ab%ba", "aba", false],
    ["ab%ba", "abba", true],
    ["a%b%c", "a-b-b-c", true],
    ["a%b%c", "a-c-b", false],
    ["%ab%ab%", "abab", true],
    ["%ab%ab%", "aab", false],
    ["%a_c%", "xxabcxx", true],
    ["%a_c%", "xxacxx", false],
    ["%aab%", "aaab", true],
    ["%aa%aa%", "aaa", false],
    ["%aa%aa%", "aaaa", true],
    ["%ab%ba%", "aba", false],
    ["%a_ab%", "aabab", true],
    ["%_%", "", false],
    ["%__%", "a", false],
    ["%__%", "ab", true],
    ["%_b%", "b", false],
    ["%a_%", "a", false],
    ["_%_", "ab", true],
    ["_%_", "a", false],
    ["%x", "y\nx", true],
    ["a_c", "a\nc", true],
    ["(a+)+$", "(a+)+$", true],
    ["(a+)+$", "aaa", false],
    [".*", "anything", false],
    ["[ab]%", "abc", false],
    ["\\%", "\\x", true],
    ["a😀_", "a😀b", true],
    ["a_b", "a😀b", true],
    ["a__b", "a😀b", false],
    ["%_😀%", "x😀", true],
    ["%é", "café", true],
  ] as const)("%p against %p is %p", (pattern, text, matches) => {
    expect(likePattern(pattern)?.(text)).toBe(matches);
  });

  test.each([
    ["a!%", "!", "a%", true],
    ["a!%", "!", "ab", false],
    ["a!_b", "!", "a_b", true],
    ["a!_b", "!", "axb", false],
    ["!!%", "!", "!x", true],
    ["!a", "!", "a", true],
    ["100%%", "%", "100%", true],
    ["100%%", "%", "100x", false],
    ["__%", "_", "_x", true],
    ["__%", "_", "ab", false],
    ["😀%%", "😀", "%x", true],
    ["\\\\%", "\\", "\\x", true],
  ] as const)("%p with escape %p against %p is %p", (pattern, escape, text, matches) => {
    expect(likePattern(pattern, escape)?.(text)).toBe(matches);
  });

  test("a pattern that ends in its escape is none", () => {
    expect(likePattern("a!", "!")).toBeUndefined();
    expect(likePattern("a!!", "!")).toBeDefined();
    expect(likePattern("!", "!")).toBeUndefined();
  });

  test.each([1, 31, 32, 33, 63, 64, 65, 200])("finds a floating piece of %d characters", (n) => {
    const body = Array.from({ length: n - 1 }, (_, i) => "abc".charAt((i * i) % 3));
    const piece = `${body.join("")}z`;
    const holey = `${body.map((c, i) => (i % 7 === 5 ? "_" : c)).join("")}z`;
    for (const pattern of [`%${piece}%`, `%${holey}%`]) {
      const matches = likePattern(pattern);
      expect(matches?.(piece)).toBe(true);
      expect(matches?.(`ab${piece}ca`)).toBe(true);
      expect(matches?.(`ab${piece.slice(0, -1)}`)).toBe(false);
      expect(matches?.(`${piece.slice(0, -1)}#${piece.slice(1)}`)).toBe(false);
    }
  });

  test("a matcher remembers nothing from one text to the next", () => {
    const matches = likePattern("%abcabd%");
    expect(matches?.("abcab")).toBe(false);
    expect(matches?.("d")).toBe(false);
    expect(matches?.("xabcabd")).toBe(true);
    expect(matches?.("xabcabc")).toBe(false);
    const doubled = likePattern("x%aab%");
    expect(doubled?.("xaa")).toBe(false);
    expect(doubled?.("xab")).toBe(false);
  });

  test.each([
    ["one long piece that almost fits everywhere", `%${"a".repeat(4_000)}b%`],
    ["the same with _ in it", `%${"a_".repeat(2_000)}b%`],
    ["many pieces", `${"%a".repeat(4_000)}%b%`],
    ["many _ between many %", "%_".repeat(4_000) + "%b%"],
    ["a period that fails at its end", `%${"ab".repeat(2_000)}c%`],
  ])("reads each character a few times at most: %s", (_what, pattern) => {
    const text = "a".repeat(16_384);
    const { matches, reads } = readsOf(pattern, text);
    expect(matches).toBe(false);
    expect(reads).toBeLessThanOrEqual(3 * text.length + pattern.length);
  });

  test("agrees with a regular expression on random patterns and texts", () => {
    const characters = fc.constantFrom("a", "a", "a", "b", "%", "%", "_", "😀", ".", "\n");
    const texts = fc.string({ unit: characters, maxLength: 12 });
    fc.assert(
      fc.property(texts, texts, (pattern, text) => {
        const source = [...pattern]
          .map((c) => (c === "%" ? "[^]*" : c === "_" ? "[^]" : c === "." ? "\\." : c))
          .join("");
        expect(likePattern(pattern)?.(text)).toBe(new RegExp(`^${source}$`, "u").test(text));
      }),
      { seed: RUN_SEED, numRuns: 5_000 },
    );
  });
});

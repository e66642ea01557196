import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isFoldable, type JsonNode, readJson } from "../../console/ui/json_document.ts";
import { checkProperty } from "../protocol/check_property.ts";

/** What `JSON.parse` would have made of it. */
function valueOf(node: JsonNode): unknown {
  switch (node.kind) {
    case "object":
      return Object.fromEntries(node.members.map(({ name, value }) => [name, valueOf(value)]));
    case "array":
      return node.items.map(valueOf);
    case "string":
      return node.text;
    case "literal":
      return JSON.parse(node.text);
  }
}

describe("a JSON text", () => {
  test("is read as JSON.parse reads it", () => {
    const spaces = fc.constantFrom(undefined, 2, "\t");
    checkProperty(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), spaces, (value, space) => {
        const text = JSON.stringify(value, null, space);
        const node = readJson(text);
        expect(node && valueOf(node)).toEqual(JSON.parse(text));
      }),
    );
  });

  test("keeps the digits of numbers", () => {
    expect(readJson("[12345678901234567890, 1.10, 1E2]")).toEqual({
      kind: "array",
      items: ["12345678901234567890", "1.10", "1E2"].map((text) => ({ kind: "literal", text })),
    });
  });

  test("keeps names that come twice, in order", () => {
    const node = readJson('{"b":1,"a":2,"b":3}');
    expect(node?.kind === "object" && node.members.map(({ name }) => name)).toEqual([
      "b",
      "a",
      "b",
    ]);
  });

  test("reads every escape", () => {
    const text = String.raw`"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00"`;
    expect(readJson(text)).toEqual({ kind: "string", text: '"\\/\b\f\n\r\té😀' });
  });

  test.each([
    "",
    " ",
    "{",
    "[1,]",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "{a:1}",
    "[1 2]",
    "01",
    "+1",
    ".5",
    "1.",
    "NaN",
    "tru",
    '"a',
    '"\\x"',
    '"\\u12g4"',
    '"a\nb"',
    "[1]]",
    "1 2",
    "'a'",
  ])("%j is none", (text) => {
    expect(readJson(text)).toBeUndefined();
    expect(() => JSON.parse(text)).toThrow();
  });

  test("nested 200 deep is read, deeper is left as text", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(readJson(nested(200))).toBeDefined();
    expect(readJson(nested(202))).toBeUndefined();
    expect(readJson("[".repeat(1_000_000))).toBeUndefined();
  });

  test.each([
    ["[]", false],
    ["{}", false],
    ["1", false],
    ['"a"', false],
    ["[1]", true],
    ['{"a":1}', true],
  ] as const)("%j can be folded: %j", (text, foldable) => {
    const node = readJson(text);
    expect(node && isFoldable(node)).toBe(foldable);
  });
});

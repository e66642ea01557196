import { describe, expect, test } from "bun:test";
import { ReadError } from "../../src/cli/command_option.ts";
import { PLACEHOLDERS, readTemplate } from "../../src/cli/template.ts";
import { seededRandom } from "../support/seeded_random.ts";

const runtime = { now: () => Date.UTC(2030, 0, 31, 12), random: seededRandom(1) };
const filled = (text: string, count = 1): string => readTemplate(text)({ count, runtime });

describe("a template", () => {
  const table = [
    ["", ""],
    ["two teas", "two teas"],
    ["{{count}}", "7"],
    ["{{ count }}-{{count}}", "7-7"],
    ["{{time}}", String(Date.UTC(2030, 0, 31, 12))],
    ["{{iso}}", "2030-01-31T12:00:00.000Z"],
    ["{{random 3 3}}", "3"],
    ["{{random -2 -2}}", "-2"],
    ['{"a":{"b":1}}', '{"a":{"b":1}}'],
    ["{{", "{{"],
    ["{count}", "{count}"],
    ["$& $1 {{count}}", "$& $1 7"],
  ] as const;
  test.each(table)("%p is %p", (text, expected) => {
    expect(filled(text, 7)).toBe(expected);
  });

  test("has random numbers from the whole range and no others", () => {
    const seen = new Set(Array.from({ length: 1000 }, () => filled("{{random 1 6}}")));
    expect([...seen].sort()).toEqual(["1", "2", "3", "4", "5", "6"]);
  });

  test("has UUIDs of version 4, each another", () => {
    const seen = Array.from({ length: 100 }, () => filled("{{uuid}}"));
    expect(new Set(seen).size).toBe(100);
    for (const uuid of seen) {
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });
});

describe("a placeholder that cannot be filled in is told:", () => {
  const all = PLACEHOLDERS.map(({ form }) => form).join(", ");
  const table = [
    ["{{cuont}}", 'Unknown placeholder "{{cuont}}": did you mean count?'],
    ["a {{frobnicate}} b", `Unknown placeholder "{{frobnicate}}": expected one of ${all}`],
    ["{{}}", `Unknown placeholder "{{}}": expected one of ${all}`],
    ["{{count 3}}", 'Cannot use placeholder "{{count 3}}": expected {{count}}'],
    ["{{random}}", 'Cannot use placeholder "{{random}}": expected {{random MIN MAX}}'],
    ["{{random 6 1}}", 'Cannot use placeholder "{{random 6 1}}": expected {{random MIN MAX}}'],
    ["{{random 1 x}}", 'Cannot use placeholder "{{random 1 x}}": expected {{random MIN MAX}}'],
    [
      "{{random 1 1e99}}",
      'Cannot use placeholder "{{random 1 1e99}}": expected {{random MIN MAX}}',
    ],
  ] as const;
  test.each(table)("%p", (text, sentence) => {
    expect(() => readTemplate(text)).toThrow(new ReadError(sentence));
  });
});

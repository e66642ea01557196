import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../src/fault.ts";
import { escapeName, escapeValue, unescapeHeader } from "../../src/protocol/escape.ts";
import { VERSION_RULES, type Version } from "../../src/protocol/version.ts";
import { checkProperty } from "./check_property.ts";

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.constantFrom("\\", "\n", "\r", ":", "n", "c", "r", "a")).map((all) => all.join("")),
);

for (const version of ["1.1", "1.2"] as const) {
  const rules = VERSION_RULES[version];

  test(`${version}: what is escaped is read back`, () => {
    checkProperty(
      fc.property(text, (value) => {
        expect(unescapeHeader(escapeValue(value, rules), rules)).toBe(value);
        expect(unescapeHeader(escapeName(value, rules), rules)).toBe(value);
      }),
    );
  });
}

test("nothing that is escaped can end a line or begin a header, in any version", () => {
  checkProperty(
    fc.property(text, fc.constantFrom<Version>("1.0", "1.1", "1.2"), (value, version) => {
      const rules = VERSION_RULES[version];
      expect(escapeValue(value, rules)).not.toContain("\n");
      expect(escapeName(value, rules)).not.toMatch(/[\n:]/);
    }),
  );
});

describe("Escapes by version", () => {
  const table: readonly (readonly [plain: string, v10: string, v11: string, v12: string])[] = [
    ["a\nb", "a\\nb", "a\\nb", "a\\nb"],
    ["a:b", "a:b", "a\\cb", "a\\cb"],
    ["a\\b", "a\\b", "a\\\\b", "a\\\\b"],
    ["a\rb", "a\\rb", "a\rb", "a\\rb"],
    ["plain é", "plain é", "plain é", "plain é"],
  ];
  for (const [plain, v10, v11, v12] of table) {
    test(JSON.stringify(plain), () => {
      const written = (["1.0", "1.1", "1.2"] as const).map((version) =>
        escapeValue(plain, VERSION_RULES[version]),
      );
      expect(written).toEqual([v10, v11, v12]);
    });
  }

  test("a colon in a name is escaped even towards 1.0", () => {
    expect(escapeName("a:b", VERSION_RULES["1.0"])).toBe("a\\cb");
  });
});

describe("Undefined escapes", () => {
  const table: readonly (readonly [version: Version, text: string, isFine: boolean])[] = [
    ["1.0", "a\\tb", true],
    ["1.0", "\\", true],
    ["1.1", "a\\rb", false],
    ["1.2", "a\\rb", true],
    ["1.1", "a\\tb", false],
    ["1.2", "a\\tb", false],
    ["1.2", "end\\", false],
    ["1.2", "\\N", false],
  ];
  for (const [version, value, isFine] of table) {
    test(`${JSON.stringify(value)} in ${version} is ${isFine ? "fine" : "refused"}`, () => {
      const read = () => unescapeHeader(value, VERSION_RULES[version]);
      if (isFine) expect(read).not.toThrow();
      else expect(read).toThrow(Fault);
    });
  }
});

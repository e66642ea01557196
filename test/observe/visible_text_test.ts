import { describe, expect, test } from "bun:test";
import { visibleJson, visibleLines, visibleText } from "../../src/observe/visible_text.ts";

const table = [
  ["two teas, déjà vu, 你好, 👩‍🚀", "two teas, déjà vu, 你好, 👩‍🚀"],
  ["❤️ 1️⃣ 👍🏽 🏳️‍🌈 שלום, раураl, z̈", "❤️ 1️⃣ 👍🏽 🏳️‍🌈 שלום, раураl, z̈"],
  ["or\u200bders\u00ad\u2060", "or\\u200bders\\xad\\u2060"],
  ["or\u200dders\u200c", "or\\u200dders\\u200c"],
  ["👩\u200dx", "👩\\u200dx"],
  ["orders\ufe0f\u{e0100}", "orders\\ufe0f\\udb40\\udd00"],
  ["a\u{e0041}", "a\\udb40\\udc41"],
  ["\u3164\u2800\u034f", "\\u3164\\u2800\\u034f"],
  ["\u001b[31mred", "\\x1b[31mred"],
  ["\u0000\u0007\u0008\u007f", "\\x00\\x07\\x08\\x7f"],
  ["\u009b2J", "\\x9b2J"],
  ["\r", "\\r"],
  ["\u202egnp.exe\u202c", "\\u202egnp.exe\\u202c"],
  ["\u2066x\u2069\u200f\u200e\u061c", "\\u2066x\\u2069\\u200f\\u200e\\u061c"],
  ["\u2028\u2029\ufeff", "\\u2028\\u2029\\ufeff"],
  ["\ud800 and \udc00", "\\ud800 and \\udc00"],
  ["a\\b", "a\\b"],
] as const;

describe("a text from elsewhere", () => {
  test.each(table)("%j is shown as %s", (text, shown) => {
    expect(visibleText(text)).toBe(shown);
    expect(visibleLines(text)).toBe(shown);
  });

  test("keeps its line ends and tabs where it may have lines", () => {
    expect(visibleText("a\n\tb")).toBe("a\\n\\tb");
    expect(visibleLines("a\n\tb")).toBe("a\n\tb");
  });

  test("means the same in JSON", () => {
    for (const [text] of table) {
      const json = visibleJson({ text });
      expect(JSON.parse(json)).toEqual({ text });
      expect(visibleText(json)).toBe(json);
    }
  });
});

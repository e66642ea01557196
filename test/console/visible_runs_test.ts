import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { cutText, visibleRuns } from "../../console/ui/visible_runs.ts";

/** What is shown, as one text. */
const visibleString = (...about: Parameters<typeof visibleRuns>): string =>
  visibleRuns(...about)
    .map(({ text }) => text)
    .join("");

const kindsOf = (text: string) => visibleRuns(text).map(({ kind, text: shown }) => [kind, shown]);

describe("What is plain stays as it is", () => {
  test.each([
    "orders.new",
    "two words",
    "Grüße, naïve café",
    "заказы",
    "注文.新規",
    "Ω ohm",
    "👩‍👩‍👧 ❤️ 👍🏽",
    "عنوان",
    "<img src=x onerror=alert(1)>",
  ])("%j", (text) => {
    expect(visibleRuns(text).every(({ kind }) => kind === "plain")).toBe(true);
    expect(visibleString(text)).toBe(text);
  });
});

describe("What cannot be seen becomes an escape", () => {
  test.each([
    ["a\0b", "a\\0b"],
    ["a\nb\tc\r", "a\\nb\\tc\\r"],
    ["\x1b[31mred", "\\x1b[31mred"],
    ["exe\u202egnp", "exe\\u202egnp"],
    ["a\u200bb", "a\\u200bb"],
    ["a\u200db", "a\\u200db"],
    ["a\ufe0fb", "a\\ufe0fb"],
    ["\ufeffstart", "\\ufeffstart"],
    ["non\u00a0breaking", "non\\xa0breaking"],
    ["tag\u{e0041}", "tag\\u{e0041}"],
    ["lone\ud800", "lone\\ud800"],
    [" both ends ", "\\x20both ends\\x20"],
    ["/queue/ a", "/queue/\\x20a"],
    ["a  b", "a\\x20\\x20b"],
    ["\u2067isolated\u2069", "\\u2067isolated\\u2069"],
  ])("%j shows as %j", (text, shown) => {
    expect(visibleString(text)).toBe(shown);
  });

  test("and says what it is", () => {
    expect(visibleRuns("\u202e")[0]?.title).toBe("U+202E right-to-left override");
    expect(visibleRuns("\x01")[0]?.title).toBe("U+0001 control character");
  });

  test("but lines and tabs of a body are kept", () => {
    expect(visibleString("a\r\n\tb \n c\rd", { multiline: true })).toBe("a\r\n\tb \n c\\rd");
  });
});

describe("Letters that are not what they look like are marked", () => {
  test("a Cyrillic letter in a Latin word", () => {
    expect(kindsOf("pаypal")).toEqual([
      ["plain", "p"],
      ["mark", "а"],
      ["plain", "ypal"],
    ]);
    expect(visibleRuns("pаypal")[1]?.title).toBe("U+0430 Cyrillic letter, looks like Latin “a”");
  });

  test("a word of look-alikes among Latin ones", () => {
    const marked = visibleRuns("orders.сору").filter(({ kind }) => kind === "mark");
    expect(marked.map(({ text }) => text).join("")).toBe("сору");
  });

  test("not whole words of another script beside Latin ones", () => {
    expect(kindsOf("orders.заказы")).toEqual([["plain", "orders.заказы"]]);
  });
});

test("nothing that a text may hold is lost or hidden, whatever it is", () => {
  const nasty = fc.string({ unit: "binary", maxLength: 40 });
  fc.assert(
    fc.property(nasty, (text) => {
      const shown = visibleString(text);
      expect(shown).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069\u200b]/u);
      const plain = visibleRuns(text)
        .filter(({ kind }) => kind !== "escape")
        .map((run) => run.text)
        .join("");
      expect([...plain].every((character) => text.includes(character))).toBe(true);
    }),
  );
});

test("a cut never leaves half of a character", () => {
  expect(cutText("ab👍c", 3)).toBe("ab");
  expect(cutText("ab👍c", 4)).toBe("ab👍");
  expect(cutText("abc", 3)).toBe("abc");
});

import { describe, expect, test } from "bun:test";
import {
  bodyBytesOf,
  bodyTextOf,
  looksBinary,
  looksLikeJson,
} from "../../console/ui/body_content.ts";
import { hexDump } from "../../console/ui/hex_dump.ts";

const base64 = (bytes: readonly number[]) => Buffer.from(bytes).toString("base64");

describe("a body", () => {
  test.each([
    [{ body: "é" }, "é", [0xc3, 0xa9]],
    [{ bodyBase64: base64([0xc3, 0xa9]) }, "é", [0xc3, 0xa9]],
    [{ bodyBase64: base64([0xef, 0xbb, 0xbf, 0x61]) }, "\ufeffa", [0xef, 0xbb, 0xbf, 0x61]],
    [{ bodyBase64: base64([0xff, 0x00]) }, undefined, [0xff, 0x00]],
    [{}, "", []],
  ])("%j has its text and its bytes", (content, text, bytes) => {
    expect(bodyTextOf(content)).toBe(text);
    expect([...bodyBytesOf(content)]).toEqual(bytes);
  });

  test.each([
    ['{"a":1}', true],
    [" [1]\n", true],
    ["{}", true],
    ["12", false],
    ['"a"', false],
    ["[1", false],
    ["", false],
  ])("%j looks like JSON: %j", (text, like) => {
    expect(looksLikeJson(text)).toBe(like);
  });

  test.each([
    ["plain\ttext\r\n", false],
    ["\u001b[1mbold\u001b[0m", false],
    ["a\u0000", true],
    ["\u0000".repeat(10), true],
    [`${"text ".repeat(100)}\u0000`, false],
    ["", false],
  ])("%j looks binary: %j", (text, binary) => {
    expect(looksBinary(text)).toBe(binary);
  });
});

describe("a dump", () => {
  test("shows where, the bytes, and what of them is ASCII", () => {
    const bytes = new TextEncoder().encode("STOMP\n\u0000 0123456789é");
    expect(hexDump(bytes)).toBe(
      [
        "00000000  53 54 4f 4d 50 0a 00 20  30 31 32 33 34 35 36 37  STOMP.. 01234567",
        "00000010  38 39 c3 a9                                       89..",
      ].join("\n"),
    );
  });

  test("of nothing is nothing", () => {
    expect(hexDump(new Uint8Array(0))).toBe("");
  });
});

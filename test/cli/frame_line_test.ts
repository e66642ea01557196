import { describe, expect, test } from "bun:test";
import type { FrameInfo } from "../../src/api/values.ts";
import { frameLine } from "../../src/cli/frame_line.ts";

const PLAIN = { color: false, width: undefined, bodies: false };

function frame(differs: Partial<FrameInfo>): FrameInfo {
  return {
    ...{ number: 1, at: Date.UTC(2030, 0, 31, 12, 34, 56, 789), connection: 7, direction: "in" },
    ...{ command: "SEND", headers: [], bodyBytes: 0, truncated: false, skipped: 0, ...differs },
  };
}

const START = "12:34:56.789 #7 → SEND       ";
const table: readonly (readonly [string, Partial<FrameInfo>, string])[] = [
  ["nothing", {}, "12:34:56.789 #7 → SEND\n"],
  [
    "what it is about",
    {
      headers: [
        ["receipt", "r1"],
        ["destination", "/queue/a"],
        ["content-length", "5"],
      ],
    },
    `${START} /queue/a receipt:r1\n`,
  ],
  [
    "its body",
    { headers: [["destination", "/queue/a"]], body: "hello", bodyBytes: 5 },
    `${START} /queue/a 5 B "hello"\n`,
  ],
  [
    "the beginning of a long body",
    { body: "é".repeat(5_000), bodyBytes: 10_000 },
    `${START} 9.8 KiB "${"é".repeat(68)}…"\n`,
  ],
  ["bytes that are no text", { bodyBase64: "//4A", bodyBytes: 3 }, `${START} 3 B fffe00\n`],
  [
    "control characters escaped",
    { headers: [["destination", "/queue/\x1b[2J"]], body: "\x07\u202e", bodyBytes: 4 },
    `${START} /queue/\\x1b[2J 4 B "\\x07\\u202e"\n`,
  ],
  [
    "an unknown command with its first headers",
    {
      command: "NONSENSE\x1b",
      headers: [
        ["a", "1"],
        ["b", "2"],
        ["c", "3"],
        ["d", "4"],
        ["e", "5"],
      ],
    },
    "12:34:56.789 #7 → NONSENSE\\x1b a:1 b:2 c:3 d:4\n",
  ],
  [
    "what the broker sends with another arrow",
    { direction: "out", command: "RECEIPT", headers: [["receipt-id", "r1"]] },
    "12:34:56.789 #7 ← RECEIPT     receipt-id:r1\n",
  ],
  [
    "what was left out before it",
    { skipped: 12 },
    `… 12 frames left out: more than anybody could read\n${START.trimEnd()}\n`,
  ],
];
test.each(table)("a frame is shown with %s", (_what, differs, line) => {
  expect(frameLine(frame(differs), PLAIN)).toBe(line);
});

test("long values are cut", () => {
  const line = frameLine(frame({ headers: [["destination", `/queue/${"x".repeat(500)}`]] }), PLAIN);
  expect(line.length).toBeLessThan(100);
});

describe("whole bodies", () => {
  const WHOLE = { ...PLAIN, bodies: true };
  test("stand on lines of their own", () => {
    const shown = frameLine(frame({ body: "one\ntwo\n", bodyBytes: 8 }), WHOLE);
    expect(shown).toBe(`${START.trimEnd()}\n    one\n    two\n`);
  });

  test("that are no text are dumped", () => {
    const bodyBase64 = Buffer.alloc(18, 255).toString("base64");
    const shown = frameLine(frame({ bodyBase64, bodyBytes: 18 }), WHOLE);
    expect(shown).toEndWith(`\n    ${"ff ".repeat(15)}ff\n    ff ff\n`);
  });

  test("that the broker cut say so", () => {
    const shown = frameLine(frame({ body: "x", bodyBytes: 50_000, truncated: true }), WHOLE);
    expect(shown).toEndWith("\n    x\n    … the beginning of 49 KiB\n");
  });
});

test("colours are for those to whom they are welcome", () => {
  const error = frame({ command: "ERROR", direction: "out", headers: [["message", "no"]] });
  expect(frameLine(error, { ...PLAIN, color: true })).toContain("\x1b[31mERROR");
  expect(frameLine(error, PLAIN)).not.toContain("\x1b");
});

test("on a terminal a line has room for the beginning of a body", () => {
  const long = frame({
    headers: [["destination", "/queue/orders"]],
    body: "x".repeat(200),
    bodyBytes: 200,
  });
  for (const width of [60, 80, 120]) {
    const line = frameLine(long, { ...PLAIN, width }).trimEnd();
    expect(Bun.stringWidth(line)).toBeLessThanOrEqual(width);
    expect(line).toContain('200 B "xxx');
  }
});

import { describe, expect, test } from "bun:test";
import { frameBytes, frameSummary, headerOf, previewOf } from "../../console/frames/frame_facts.ts";
import { someFrame } from "./frames_sample.ts";

type Headers = readonly (readonly [string, string])[];

const frameOf = (command: string, headers: Headers, body = "") =>
  someFrame({ command, headers: headers.map(([name, value]) => [name, value]), body });

describe("what matters of a frame", () => {
  test.each([
    [
      "CONNECT",
      [
        ["accept-version", "1.2"],
        ["login", "ann"],
      ],
      {
        facts: [
          ["login", "ann"],
          ["accept-version", "1.2"],
        ],
      },
    ],
    [
      "SEND",
      [
        ["destination", "/queue/a"],
        ["receipt", "1"],
        ["x", "y"],
      ],
      { destination: "/queue/a", facts: [["receipt", "1"]] },
    ],
    [
      "MESSAGE",
      [
        ["destination", "/queue/a"],
        ["subscription", "s"],
        ["redelivered", "true"],
      ],
      {
        destination: "/queue/a",
        facts: [
          ["subscription", "s"],
          ["redelivered", "true"],
        ],
      },
    ],
    ["RECEIPT", [["receipt-id", "r"]], { facts: [["", "r"]] }],
    ["COMMIT", [["transaction", "t"]], { facts: [["", "t"]] }],
    [
      "ERROR",
      [
        ["code", "forbidden"],
        ["message", "Forbidden"],
      ],
      {
        facts: [
          ["", "Forbidden"],
          ["code", "forbidden"],
        ],
      },
    ],
    ["UNSUBSCRIBE", [["destination", "/queue/a"]], { facts: [["destination", "/queue/a"]] }],
    [
      "WHATEVER",
      [
        ["a", "1"],
        ["b", "2"],
        ["c", "3"],
        ["d", "4"],
      ],
      {
        facts: [
          ["a", "1"],
          ["b", "2"],
          ["c", "3"],
        ],
      },
    ],
    ["constructor", [], { facts: [] }],
  ] as const)("of a %s with %j is %j", (command, headers, summary) => {
    expect<unknown>(frameSummary(frameOf(command, headers))).toEqual(summary);
  });

  test("of an ACK is the message that it settles", () => {
    const frame = { ...frameOf("ACK", [["id", "1-1"]]), messageId: "m-7" };
    expect(frameSummary(frame).facts).toEqual([
      ["message", "m-7"],
      ["id", "1-1"],
    ]);
  });

  test("is the beginning of its body too, in one line", () => {
    expect(frameSummary(frameOf("SEND", [], ' {\n  "a": 1\n}\n')).preview).toBe('{ "a": 1 }');
    expect(previewOf({ body: "x".repeat(1_000) })).toHaveLength(160);
    expect(previewOf({ body: "\u0000\u0001\u0002" })).toBe("");
  });
});

test("the first of repeated headers counts", () => {
  const frame = frameOf("SEND", [
    ["x", "1"],
    ["x", "2"],
  ]);
  expect(headerOf(frame, "x")).toBe("1");
  expect(headerOf(frame, "y")).toBeUndefined();
});

test("a frame takes the bytes of its command, headers, body and what is between them", () => {
  const frame = { ...frameOf("SEND", [["é", "1"]], "hello"), bodyBytes: 5 };
  expect(frameBytes(frame)).toBe(new TextEncoder().encode("SEND\né:1\n\nhello\0").length);
});

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  asksFor,
  formatFrameQuery,
  frameMatcher,
  parseFrameQuery,
  toggleValue,
  withValue,
} from "../../console/frames/frame_query.ts";
import type { FrameInfo } from "../../src/api/values.ts";
import { checkProperty } from "../protocol/check_property.ts";
import { someFrame } from "./frames_sample.ts";

const FRAMES: readonly FrameInfo[] = [
  someFrame({
    number: 1,
    connection: 3,
    headers: [
      ["destination", "/queue/orders"],
      ["x", "1"],
      ["note", "two words"],
    ],
    body: "Hello (World)",
    messageId: "m-7",
  }),
  someFrame({
    number: 2,
    connection: 4,
    direction: "out",
    command: "MESSAGE",
    headers: [
      ["destination", "/topic/orders.new"],
      ["x", "2"],
      ["x", "1"],
    ],
    body: "hello",
    messageId: "m-7",
  }),
  someFrame({ number: 3, connection: 3, command: "ACK", headers: [["id", "3:1"]] }),
  someFrame({ number: 4, connection: 30, direction: "out", command: "ERROR", headers: [] }),
];

const numbersOf = (filter: string) =>
  FRAMES.filter(frameMatcher(parseFrameQuery(filter))).map(({ number }) => number);

describe("a filter", () => {
  test.each([
    ["", [1, 2, 3, 4]],
    ["connection:3", [1, 3]],
    ["conn:3,4", [1, 2, 3]],
    ["-connection:3", [2, 4]],
    ["direction:in", [1, 3]],
    ["dir:out", [2, 4]],
    ["command:send", [1]],
    ["cmd:SEND,MESSAGE", [1, 2]],
    ["-command:SEND,MESSAGE", [3, 4]],
    ["dest:orders", [1, 2]],
    ["dest:ORDERS", [1, 2]],
    ["dest:/queue/*", [1]],
    ["dest:*/orders", [1]],
    ["dest:/*ord*new", [2]],
    ["dest:=/queue/orders", [1]],
    ["dest:=/queue/order", []],
    ["-dest:orders", [3, 4]],
    ["header:x", [1, 2]],
    ["header:x=1", [1, 2]],
    ["header:x=2", [2]],
    ["header:x=*", [1, 2]],
    ["header:X=1", []],
    ['header:note="two words"', [1]],
    ['header:"note=two words"', [1]],
    ["header:note=two*", [1]],
    ["message:m-7", [1, 2]],
    ["hello", [1, 2]],
    ['"two words"', [1]],
    ["text:two text:words", [1]],
    ["(world)", [1]],
    ["error", [4]],
    ["x:2", [2]],
    ["-hello", [3, 4]],
    ['"connection:3"', []],
    ["command:SEND hello x:1", [1]],
    ["connection:", [1, 2, 3, 4]],
    ["  \t ", [1, 2, 3, 4]],
    ['"', [1, 2, 3, 4]],
  ] as const)("%j lets through frames %j", (filter, numbers) => {
    expect(numbersOf(filter)).toEqual([...numbers]);
  });

  test.each([
    ["connection:abc", 'Cannot filter by connection "abc": expected its number'],
    ["direction:up", 'Cannot filter by direction "up": expected in (from a client) or out'],
    ["command:SEND,FOO", /^Cannot filter by command "FOO": expected one of CONNECT .* ERROR$/],
    ["destinaton:/queue/a", 'No filter is called "destinaton": looked for as text'],
    ["a ".repeat(65), "Cannot filter by 65 words: expected at most 64"],
  ])("%j is told about", (filter, mistake) => {
    expect(parseFrameQuery(filter).mistakes).toEqual([expect.stringMatching(mistake)]);
  });

  test.each(["http://localhost", "x:1", "-", "12:30", '"foo:bar"'])(
    "%j is text, and nothing to wonder about",
    (filter) => {
      const { terms, mistakes } = parseFrameQuery(filter);
      expect({ keys: terms.map(({ key }) => key), mistakes }).toEqual({
        keys: ["text"],
        mistakes: [],
      });
    },
  );

  test("a word with a mistake has no effect, the others have", () => {
    expect(numbersOf("direction:up command:ACK")).toEqual([3]);
  });

  test("what is written reads the same again", () => {
    const key = fc.constantFrom("destination", "header", "message", "text");
    const odd = fc.constantFrom("-", ":", '"', "\\", " ", "a", ",", "=", "*");
    const value = fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
      fc.array(odd, { minLength: 1, maxLength: 8 }).map((parts) => parts.join("")),
    );
    const term = fc.record({ key, value, negated: fc.boolean() });
    checkProperty(
      fc.property(fc.array(term, { maxLength: 8 }), (terms) => {
        const written = formatFrameQuery(terms);
        expect(parseFrameQuery(written)).toEqual({ terms, mistakes: [] });
      }),
    );
  });

  test("any text can be read, written and used", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc
        .array(fc.constantFrom('"', "\\", ":", "-", " ", "command", "header", "x", "=", "*", ","))
        .map((parts) => parts.join("")),
    );
    checkProperty(
      fc.property(text, (filter) => {
        const { terms } = parseFrameQuery(filter);
        expect(parseFrameQuery(formatFrameQuery(terms)).terms).toEqual(terms);
        FRAMES.map(frameMatcher({ terms, mistakes: [] }));
      }),
    );
  });
});

describe("chips", () => {
  test.each([
    ["", "command:SEND"],
    ["command:ACK hello", "command:ACK,SEND hello"],
    ["command:SEND hello", "hello"],
    ["command:ACK,SEND,NACK", "command:ACK,NACK"],
    ["-command:SEND", "-command:SEND command:SEND"],
  ])("toggling SEND makes %j to %j", (before, after) => {
    expect(toggleValue(before, { key: "command", value: "SEND" })).toBe(after);
  });

  test("one value takes the place of all others of its key", () => {
    const text = 'connection:3 "a b" connection:4';
    expect(withValue(text, { key: "connection", value: "5" })).toBe('"a b" connection:5');
  });

  test.each([
    ["command:ACK,SEND", true],
    ["-command:SEND", false],
    ["SEND", false],
  ])("%j asks for the command SEND: %j", (filter, asks) => {
    expect(asksFor(parseFrameQuery(filter), "command", "SEND")).toBe(asks);
  });
});

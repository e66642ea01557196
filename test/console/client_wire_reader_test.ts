import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  createWireReader,
  type WireData,
  type WireFrame,
} from "../../console/client/wire_reader.ts";
import { encodeFrame } from "../../src/protocol/encoder.ts";
import { checkProperty } from "../protocol/check_property.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const shown = ({ command, headers, body }: WireFrame) => [
  command,
  ...headers.map(([name, value]) => `${name}=${value}`),
  new TextDecoder().decode(body),
];
const read = (...data: WireData[]) => {
  const reader = createWireReader(() => true);
  return data.flatMap((part) => reader(part)).map(shown);
};

describe("what crosses a WebSocket", () => {
  test.each([
    ["a frame", ["SEND\na:b\n\nhello\0"], [["SEND", "a=b", "hello"]]],
    ["a frame of bytes", [bytes("SEND\n\nx\0")], [["SEND", "x"]]],
    ["a frame of an ArrayBuffer", [bytes("SEND\n\nx\0").buffer], [["SEND", "x"]]],
    [
      "two frames in one message",
      ["A\n\n\0\nB\n\n\0"],
      [
        ["A", ""],
        ["B", ""],
      ],
    ],
    ["a frame in two messages", ["SEND\na:b\n", "\nx\0"], [["SEND", "a=b", "x"]]],
    ["heart-beats before and behind", ["\n", "\r\nSEND\n\n\0\n\n"], [["SEND", ""]]],
    ["carriage returns", ["SEND\r\na:b\r\n\r\nx\0"], [["SEND", "a=b", "x"]]],
    [
      "a body with NUL",
      ["SEND\ncontent-length:3\n\na\0b\0"],
      [["SEND", "content-length=3", "a\0b"]],
    ],
    ["a length in bytes", ["SEND\ncontent-length:2\n\né\0"], [["SEND", "content-length=2", "é"]]],
    [
      "a length that is none",
      ["SEND\ncontent-length:x\n\na\0"],
      [["SEND", "content-length=x", "a"]],
    ],
    ["escapes", ["SEND\na\\cb:\\n\\\\\\r\n\n\0"], [["SEND", "a:b=\n\\\r", ""]]],
    ["CONNECTED, which has none", ["CONNECTED\na:\\n\n\n\0"], [["CONNECTED", "a=\\n", ""]]],
    ["a header without colon", ["X\nabc\n\n\0"], [["X", "abc=", ""]]],
    ["a frame that is not whole", ["SEND\ncontent-length:9\n\nabc\0"], []],
  ] as const)("%s", (_what, data, frames) => {
    expect<unknown>(read(...data)).toEqual(frames);
  });

  test("keeps escapes where the version has none", () => {
    expect(createWireReader(() => false)("SEND\na:\\n\n\n\0").map(shown)).toEqual([
      ["SEND", "a=\\n", ""],
    ]);
  });

  test("is read the same however it is cut", () => {
    const text = fc
      .string({ unit: "binary" })
      .map((each) => each.replaceAll("\0", "").toWellFormed());
    const frame = fc.record({
      headers: fc.array(
        fc.tuple(
          text.map((name) => `x${name}`),
          text,
        ),
        { maxLength: 4 },
      ),
      body: text,
    });
    const cuts = fc.array(fc.nat(40), { minLength: 1, maxLength: 12 });
    checkProperty(
      fc.property(fc.array(frame, { maxLength: 4 }), cuts, (frames, sizes) => {
        const wire = frames
          .map(({ headers, body }) => encodeFrame("SEND", headers.flat(), { version: "1.2", body }))
          .map(bytes);
        const whole = new Uint8Array(Buffer.concat(wire));
        const parts: Uint8Array[] = [];
        for (let at = 0, n = 0; at < whole.length; n++) {
          const size = 1 + (sizes[n % sizes.length] ?? 0);
          parts.push(whole.subarray(at, at + size));
          at += size;
        }
        const own = (list: string[][]) =>
          list.map((each) => each.filter((line) => !line.startsWith("content-length=")));
        expect(own(read(...parts))).toEqual(
          frames.map(({ headers, body }) => [
            "SEND",
            ...headers.map(([name, value]) => `${name}=${value}`),
            body,
          ]),
        );
      }),
    );
  });
});

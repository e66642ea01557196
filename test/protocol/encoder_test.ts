import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { headerList, Message } from "../../src/broker/message.ts";
import { NumberedIds } from "../../src/broker/numbered_ids.ts";
import {
  encodeFrame,
  encodeMessage,
  type EncodedFrame,
  forgetEncoded,
} from "../../src/protocol/encoder.ts";
import { plainHeaders, writeHeaders } from "../../src/protocol/header_block.ts";
import { type Version, VERSIONS } from "../../src/protocol/version.ts";
import { checkProperty } from "./check_property.ts";
import { readPieces } from "./decoding.ts";

function message(headers: Message["headers"], body: string | Uint8Array = "body"): Message {
  return new Message(1, new NumberedIds("m-"), {
    headers,
    body,
    priority: 4,
    expiresAt: 0,
    persistent: false,
    arrivedAt: 0,
  });
}

/** A MESSAGE in one piece. */
function encodeWhole(of: Message, version: Version, begin: string): EncodedFrame {
  const { head, frame } = encodeMessage(of, version, begin);
  return head === "" ? frame : head + frame;
}

describe("A message", () => {
  const plainText = fc.string({ unit: fc.constantFrom("a", "b", "-", "é", "/", ".") });
  const pairs = fc
    .array(
      fc.tuple(
        plainText.map((name) => `h${name}`),
        plainText,
      ),
      { maxLength: 5 },
    )
    .map((all) => all.flat());

  test("reads the same from the sender's lines as from a list of headers", () => {
    checkProperty(
      fc.property(pairs, fc.constantFrom<Version>(...VERSIONS), (headers, version) => {
        const lines = headers.map((text, at) => text + (at % 2 === 0 ? ":" : "\n")).join("");
        const head = "MESSAGE\nsubscription:s\n";
        expect(encodeWhole(message(plainHeaders(lines)), version, head)).toBe(
          encodeWhole(message(headerList(headers)), version, head),
        );
        expect(plainHeaders(lines).list()).toEqual(headers);
      }),
    );
  });

  test("reads back with the headers of its receiver first, in every version", () => {
    const sent = ["destination", "/queue/a", "odd:name", "x\\y", "content-length", "4"];
    for (const version of VERSIONS) {
      const head = `MESSAGE\n${writeHeaders(["subscription", "s:1"], version)}`;
      const frame = encodeWhole(message(headerList(sent)), version, head);
      const [read] = readPieces([frame], { version }).frames;
      const odd = version === "1.0" ? "odd\\cname" : "odd:name";
      expect(read?.headers).toEqual([
        ...["subscription", "s:1", "message-id", "m-1"],
        ...["destination", "/queue/a", odd, "x\\y", "content-length", "4"],
      ]);
    }
  });

  test("is one string for all receivers whose heads are equal, in turn for each version", () => {
    const shared = message(headerList(["a:b", "c"]));
    const encode = (version: Version, id: string) =>
      encodeWhole(shared, version, `MESSAGE\nsubscription:${id}\n`);
    for (const version of [...VERSIONS, ...VERSIONS]) {
      expect(encode(version, "s1")).toBe(encode(version, "s1"));
      expect(encode(version, "s2")).toContain("subscription:s2\n");
      const [read] = readPieces([encode(version, "s1")], { version }).frames;
      expect(read?.headers.at(-2)).toBe(version === "1.0" ? "a\\cb" : "a:b");
    }
  });

  test("is handed apart from its head to those whose heads differ, and whole where they are equal", () => {
    const shared = message(headerList(["a", "b"]));
    const heads = ["w\n", "x\n", "y\n", "y\n", "y\n", "z\n"].map(
      (head) => encodeMessage(shared, "1.2", `MESSAGE\n${head}`).head,
    );
    // Before the third head nothing says that there will be more.
    expect(heads).toEqual(["", "", "MESSAGE\ny\n", "", "", "MESSAGE\nz\n"]);
  });

  test("of bytes is always handed whole", () => {
    const binary = message(headerList(["content-length", "1"]), Uint8Array.of(0xff));
    for (const begin of ["MESSAGE\nx\n", "MESSAGE\ny\n", "MESSAGE\nz\n"]) {
      const { head, frame } = encodeMessage(binary, "1.2", begin);
      expect([head, Buffer.from(frame).toString("latin1", 0, begin.length)]).toEqual(["", begin]);
    }
  });

  test("with bytes that are no text stays bytes", () => {
    const body = new Uint8Array([0xff, 0, 0xfe]);
    const binary = message(headerList(["content-length", "3"]), body);
    const frame = encodeWhole(binary, "1.2", "MESSAGE\nsubscription:é\n");
    expect(frame).toBeInstanceOf(Uint8Array);
    const [read] = readPieces([frame], { version: "1.2" }).frames;
    expect(read?.body).toBe("bytes ff00fe");
    expect(read?.headers.slice(0, 2)).toEqual(["subscription", "é"]);
  });

  test("is written anew after what was encoded is forgotten", () => {
    const shared = message(headerList(["a", "b"]));
    const before = encodeWhole(shared, "1.2", "MESSAGE\n");
    forgetEncoded(shared);
    expect(shared.encoded).toBeUndefined();
    expect(encodeWhole(shared, "1.2", "MESSAGE\n")).toBe(before);
  });
});

describe("A frame of the server's own", () => {
  test("counts the bytes of its body", () => {
    expect(encodeFrame("ERROR", ["message", "no"], { version: "1.2", body: "é" })).toBe(
      "ERROR\nmessage:no\ncontent-length:2\n\né\0",
    );
  });

  test("has no content-length without a body", () => {
    expect(encodeFrame("RECEIPT", ["receipt-id", "a:b"], { version: "1.1" })).toBe(
      "RECEIPT\nreceipt-id:a\\cb\n\n\0",
    );
  });

  test("that is not escaped cannot forge a line", () => {
    const frame = encodeFrame("CONNECTED", ["session", "a\r\nfoo:bar"], {
      version: "1.0",
      escape: false,
    });
    expect(frame).toBe("CONNECTED\nsession:a  foo:bar\n\n\0");
  });
});

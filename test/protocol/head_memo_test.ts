/** Heads that come again are read once, and mean what they would mean when read anew. */
import { describe, expect, test } from "bun:test";
import { Decoder } from "../../src/protocol/decoder.ts";
import { HeadMemo } from "../../src/protocol/head_memo.ts";
import { VERSION_RULES } from "../../src/protocol/version.ts";
import { readWholeText } from "../../src/protocol/whole_text.ts";
import { checkProperty } from "./check_property.ts";
import fc from "fast-check";

const LIMITS = { frameBytesMax: 100_000, headersMax: 16, headerLineBytesMax: 1_000 };

function reader(limits = LIMITS) {
  const memo = new HeadMemo();
  const reading = { rules: VERSION_RULES["1.2"], limits, memo };
  return (text: string) => readWholeText(text, reading);
}

const SEND = "SEND\ndestination:/queue/a\nown:\\c1\n\n";

describe("A head that comes again", () => {
  test("is the same headers and the same slot, with the body of each frame", () => {
    const read = reader();
    const frames = ["a", "b", "c", "d"].map((body) => read(`${SEND}${body}\0`));
    expect(frames.map((frame) => frame?.body)).toEqual(["a", "b", "c", "d"]);
    const [, , third, fourth] = frames;
    expect(third?.headers).toEqual(["destination", "/queue/a", "own", ":1"]);
    expect(third?.slot).toBeDefined();
    expect(fourth?.slot).toBe(third?.slot);
    expect(fourth?.headers).toBe(third?.headers ?? []);
  });

  test.each([
    ["another value of the same length", "SEND\ndestination:/queue/b\nown:\\c1\n\nx\0"],
    ["a further header", "SEND\ndestination:/queue/a\nown:\\c1\nmore:1\n\nx\0"],
    ["a header less", "SEND\ndestination:/queue/a\n\nx\0"],
    ["another command", "ACK \ndestination:/queue/a\nown:\\c1\n\nx\0"],
  ])("is not taken for one with %s", (_what, text) => {
    const read = reader();
    for (let i = 0; i < 4; i++) read(`${SEND}a\0`);
    expect(read(text)?.headers).toEqual(reader()(text)?.headers ?? []);
    expect(read(text)?.command).toBe(reader()(text)?.command ?? "");
  });

  test.each(["x", "xxx", ""])("goes the long way when content-length does not fit %p", (body) => {
    const read = reader();
    const head = "SEND\ndestination:/queue/a\ncontent-length:2\n\n";
    for (let i = 0; i < 4; i++) expect(read(`${head}ab\0`)?.body).toBe("ab");
    expect(read(`${head}${body}\0`)).toBeUndefined();
    expect(read(`${head}é\0`)?.body).toBe("é");
  });

  test("goes the long way with a NUL in the body, or without one at the end", () => {
    const read = reader();
    for (let i = 0; i < 4; i++) read(`${SEND}a\0`);
    expect(read(`${SEND}a\0b\0`)).toBeUndefined();
    expect(read(`${SEND}a`)).toBeUndefined();
    expect(read(`${SEND}a\0\n`)?.body).toBe("a");
  });

  test("meets limits that were lowered meanwhile", () => {
    const limits = { ...LIMITS };
    const read = reader(limits);
    for (let i = 0; i < 4; i++) expect(read(`${SEND}a\0`)).toBeDefined();
    limits.headersMax = 1;
    expect(read(`${SEND}a\0`)).toBeUndefined();
  });

  describe("but for one value", () => {
    const receipted = (receipt: string, body = "x"): string =>
      `SEND\ndestination:/queue/a\nreceipt:${receipt}\nown:1\n\n${body}\0`;
    const known = (): ReturnType<typeof reader> => {
      const read = reader();
      for (let i = 0; i < 4; i++) read(receipted(`r${i}`));
      return read;
    };

    test("is the headers with that value, the lines as they came, and one slot", () => {
      const read = known();
      const [fifth, sixth] = [read(receipted("longer-55", "five")), read(receipted("6", "six"))];
      expect(fifth).toMatchObject({
        command: "SEND",
        headers: ["destination", "/queue/a", "receipt", "longer-55", "own", "1"],
        block: "destination:/queue/a\nreceipt:longer-55\nown:1\n",
        body: "five",
        varies: ["receipt"],
      });
      expect([sixth?.headers[3], sixth?.body]).toEqual(["6", "six"]);
      expect(sixth?.slot).toBeDefined();
      expect(sixth?.slot).toBe(fifth?.slot);
    });

    test.each([
      ["escaped", "a\\cb"],
      ["of two colons", "a:b"],
      ["that begins with a blank", " a"],
      ["with blanks in it", "a b  c "],
      ["with a carriage return", "a\r"],
      ["that is empty", ""],
      ["that is very long", "a".repeat(300)],
      ["too long for a line", "a".repeat(1_001)],
      ["that is two lines", "a\nmore:b"],
      ["that ends the head", "a\n\nown:2"],
    ])("is read as it would be anew with a value %s", (_what, value) => {
      const { slot: _slot, varies: _varies, ...frame } = known()(receipted(value)) ?? {};
      expect(frame).toEqual({ ...reader()(receipted(value)) });
    });

    test("counts its content-length", () => {
      const read = reader();
      const sized = (length: number, body: string): string =>
        `SEND\ndestination:/queue/a\ncontent-length:${length}\n\n${body}\0`;
      for (const body of ["a", "bb", "ccc", "dddd"]) {
        expect(read(sized(body.length, body))?.body).toBe(body);
      }
      expect(read(sized(6, "ééa"))).toBeUndefined();
      expect(read(sized(5, "ééa"))).toMatchObject({ body: "ééa", varies: ["content-length"] });
    });

    test("is another head once the value stays", () => {
      const read = known();
      const frames = Array.from({ length: 40 }, () => read(receipted("same")));
      expect(frames.at(-1)?.varies).toBeUndefined();
      expect(frames.at(-1)?.slot).toBeDefined();
      expect(frames.map((frame) => frame?.headers[3])).toEqual(Array(40).fill("same"));
    });
  });

  describe("but for some values", () => {
    const sized = (receipt: string, body: string, own = "1"): string =>
      `SEND\ndestination:/queue/a\nreceipt:${receipt}\nown:${own}\ncontent-length:${body.length}\n\n${body}\0`;

    test("is the headers with those values, the lines as they came, and one slot", () => {
      const read = reader();
      for (let i = 0; i < 4; i++) read(sized(`r${i}`, "x".repeat(i)));
      const [fifth, sixth] = [read(sized("longer-55", "five5")), read(sized("6", ""))];
      expect(fifth).toMatchObject({
        headers: "destination /queue/a receipt longer-55 own 1 content-length 5".split(" "),
        block: "destination:/queue/a\nreceipt:longer-55\nown:1\ncontent-length:5\n",
        body: "five5",
        varies: ["receipt", "content-length"],
      });
      expect(sixth?.headers).toEqual(
        "destination /queue/a receipt 6 own 1 content-length 0".split(" "),
      );
      expect(sixth?.slot).toBe(fifth?.slot);
    });

    test("is found to vary in one more when that comes, and in one less when that stays", () => {
      const read = reader();
      for (let i = 0; i < 100; i++) read(sized(`r${i}`, "x".repeat(i), "1"));
      expect(read(sized("a", "x", "2"))?.varies).toBeUndefined();
      expect(read(sized("b", "xx", "3"))?.varies).toEqual(["receipt", "own", "content-length"]);
      for (let i = 0; i < 100; i++) read(sized(`r${i}`, "xxx", `${i}`));
      expect(read(sized("c", "xxx", "4"))?.varies).toEqual(["receipt", "own"]);
    });

    test("is read anew where too many vary", () => {
      const read = reader();
      const many = (i: number): string =>
        `SEND\n${[1, 2, 3, 4, 5].map((h) => `h${h}:${h * i}`).join("\n")}\n\nx\0`;
      const frames = Array.from({ length: 300 }, (_, i) => read(many(i)));
      expect(frames.every((frame, i) => frame?.headers[9] === `${5 * i}`)).toBe(true);
      expect(frames.every((frame) => frame?.varies === undefined)).toBe(true);
    });

    test("is known beside that of other frames, whatever comes between", () => {
      const read = reader();
      const frame = (i: number): string => {
        if (i % 3 === 0) return `ACK\nid:${i}\n\n\0`;
        return i % 3 === 1 ? `SEND\ndestination:/topic/b\n\nx\0` : sized(`r${i}`, "x");
      };
      for (let i = 0; i < 12; i++) read(frame(i));
      const later = [12, 13, 14].map((i) => read(frame(i)));
      expect(later.map((each) => each?.command)).toEqual(["ACK", "SEND", "SEND"]);
      expect(later.map((each) => each?.headers[1])).toEqual(["12", "/topic/b", "/queue/a"]);
      expect(later.every((each) => each?.slot !== undefined)).toBe(true);
    });
  });

  test("is known whether text or bytes come behind it, and whatever ends its lines", () => {
    const decoder = new Decoder(LIMITS);
    decoder.rules = VERSION_RULES["1.2"];
    const frames = ["a", "\xff", "\r\n", "\xfe", "b"].map((body) => {
      const head = "SEND\ndestination:/queue/a\ncontent-length:1\n\n";
      const text = body === "\r\n" ? `${head.replaceAll("\n", body)}c` : `${head}${body}`;
      decoder.push(Buffer.from(`${text}\0`, "latin1"));
      return decoder.next();
    });
    expect(frames.map((frame) => frame?.body)).toEqual(
      ["a", [255], "c", [254], "b"].map((each) =>
        typeof each === "string" ? each : Uint8Array.from(each),
      ),
    );
    const [, , third, fourth, fifth] = frames;
    expect(third?.slot).toBeDefined();
    expect(fourth?.slot).toBe(third?.slot);
    expect(fifth?.slot).toBe(third?.slot);
  });

  test("is given up where heads never come again, and found when they do", () => {
    const read = reader();
    const varied = (i: number) =>
      `SEND\ndestination:/queue/a\nreceipt:${String(i).padStart(6, "0")}\nown:${i % 10}\n\nx\0`;
    for (let i = 0; i < 1_000; i++)
      expect(read(varied(i))?.headers[3]).toBe(String(i).padStart(6, "0"));
    for (let i = 0; i < 200; i++) read(`${SEND}a\0`);
    expect(read(`${SEND}a\0`)?.slot).toBeDefined();
  });
});

test("Whatever comes, a decoder that remembers heads reads what one without does", () => {
  const head = fc.constantFrom(
    "SEND\ndestination:/queue/a\n\n",
    "SEND\ndestination:/queue/b\n\n",
    "SEND\ndestination:/queue/a\ncontent-length:1\n\n",
    "SEND\ndestination:/queue/a\nown:a\\nb\n\n",
    "ACK\nid:1\n\n",
    ...["1", "12", "123", "x\\cy", " 1", "1:2"].flatMap((value) => [
      `ACK\nid:${value}\n\n`,
      `SEND\ndestination:/queue/a\nreceipt:${value}\n\n`,
      ...["1", "1", "22", "a:b"].map(
        (own) => `SEND\ndestination:/queue/${own}\nreceipt:${value}\nown:${own}\nmore:1\n\n`,
      ),
    ]),
  );
  const body = fc.constantFrom("", "x", "yy", "é", "\xff", "a\0b\xfe").map(latin1OrText);
  const lineEnd = fc.constantFrom("\n", "\n", "\r\n");
  const frames = fc.array(fc.tuple(head, body, lineEnd, fc.nat(9)), { maxLength: 60 });
  const read = (decoder: Decoder, pieces: readonly Buffer[]) => {
    for (const piece of pieces) decoder.push(piece);
    const { slot: _slot, varies: _varies, ...frame } = decoder.next() ?? {};
    expect(decoder.next()).toBeUndefined();
    return frame;
  };
  const newDecoder = (): Decoder => {
    const decoder = new Decoder(LIMITS);
    decoder.rules = VERSION_RULES["1.2"];
    return decoder;
  };
  checkProperty(
    fc.property(frames, (list) => {
      const decoder = newDecoder();
      for (const [before, after, end, cut] of list) {
        // What does not fit its own length is another test's matter.
        if (before.includes("content-length") ? after.length !== 1 : after.includes(0)) continue;
        if (before.startsWith("ACK") && after.length > 0) continue;
        const lines = Buffer.from(before.replaceAll("\n", end));
        const bytes = Buffer.concat([lines, after, Buffer.from("\0")]);
        // Every other one comes in two pieces.
        const at = cut % 2 === 0 ? bytes.length : cut;
        const pieces = [bytes.subarray(0, at), bytes.subarray(at)].filter(
          (each) => each.length > 0,
        );
        expect(read(decoder, pieces)).toEqual(read(newDecoder(), [bytes]));
      }
    }),
  );
});

/** Bytes: of text, but those of which one is no text. */
function latin1OrText(body: string): Buffer {
  return Buffer.from(body, /[\xf0-\xff]/.test(body) ? "latin1" : "utf8");
}

describe("A login that cannot be read", () => {
  test.each([
    ["a line without a colon", "CONNECT\naccept-version:1.2\npasscode hush\n\n\0"],
    ["a NUL in its head", "CONNECT\naccept-version:1.2\npasscode:hush\0"],
    ["a NUL in its head", "STOMP\r\npasscode:hush\0"],
  ])("is not quoted: %s", (_what, text) => {
    const decoder = new Decoder(LIMITS);
    decoder.push(Buffer.from(text));
    let sentence = "";
    try {
      decoder.next();
    } catch (error) {
      sentence = String(error);
    }
    expect(sentence).toContain("in a login");
    expect(sentence).not.toContain("hush");
  });
});

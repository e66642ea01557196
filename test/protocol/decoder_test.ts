import { describe, expect, spyOn, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../src/fault.ts";
import { Decoder } from "../../src/protocol/decoder.ts";
import type { DecoderLimits } from "../../src/protocol/frame.ts";
import { encodeFrame } from "../../src/protocol/encoder.ts";
import { VERSION_RULES, type Version, VERSIONS } from "../../src/protocol/version.ts";
import { checkProperty } from "./check_property.ts";
import { bytewise, cutAt, readPieces, type Reading, ROOMY } from "./decoding.ts";

const version = fc.constantFrom<Version>(...VERSIONS);
const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });
/** Characters that matter to the parser, and some that do not. */
const character = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("a", "b", "-", "é", "🙂", "\ufeff", " ") },
  { weight: 2, arbitrary: fc.constantFrom(":", "\\", "\\n", "\\c", "\\\\", "\\r", "\r", "\t") },
  { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }) },
);
const text = fc.array(character, { maxLength: 8 }).map((all) => all.join(""));
const line = text.map((all) => all.replace(/[\n\0]/g, ""));
const command = fc.constantFrom("SEND", "CONNECT", "STOMP", "SUBSCRIBE", "ACK", "MESSAGE", "x");

/** Frames as text: mostly well formed, now and then with what is undefined in some version. */
const frameText = fc
  .record({
    command,
    lines: fc.array(
      fc.oneof(
        fc.tuple(line, line).map(([name, value]) => `h${name.replace(/:/g, "")}:${value}`),
        fc.constantFrom("receipt:r1", "accept-version:1.1", "destination:/queue/a", "h: led"),
      ),
      { maxLength: 4 },
    ),
    body: text,
    length: fc.constantFrom("none", "right", "wrong", "leading zero"),
    eol: fc.constantFrom("\n", "\n", "\r\n"),
    after: fc.constantFrom("", "", "\n", "\r\n", "\n\n"),
  })
  .map(({ command, lines, body, length, eol, after }) => {
    const size = Buffer.byteLength(body);
    const announced = { none: [], right: [size], wrong: [size + 1], "leading zero": [`0${size}`] };
    const all = [command, ...lines, ...announced[length].map((each) => `content-length:${each}`)];
    return `${all.join(eol)}${eol}${eol}${body}\0${after}`;
  });

/** Text with a few characters taken out, put in or doubled. */
const garbage = fc
  .tuple(
    fc.array(frameText, { minLength: 1, maxLength: 3 }),
    fc.array(
      fc.tuple(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom("", "\0", "\n", ":", "\\", "\r", "é"),
      ),
      {
        maxLength: 4,
      },
    ),
  )
  .map(([frames, changes]) => {
    let characters = Array.from(frames.join(""));
    for (const [place, put] of changes) {
      const at = Math.floor(place * characters.length);
      characters = [
        ...characters.slice(0, at),
        put,
        ...characters.slice(at + (put === "" ? 1 : 0)),
      ];
    }
    return characters.join("");
  });

function waysToRead(
  input: string,
  options: { version: Version; cuts: readonly number[]; limits?: DecoderLimits },
): Record<string, Reading> {
  const bytes = Buffer.from(input);
  return {
    text: readPieces([input], options),
    bytes: readPieces([bytes], options),
    bytewise: readPieces(bytewise(bytes), options),
    cut: readPieces(cutAt(bytes, options.cuts), options),
  };
}

describe("A text message and the same bytes in any pieces are read alike", () => {
  test("one frame a message", () => {
    checkProperty(
      fc.property(frameText, version, places, (input, version, cuts) => {
        const { text, bytes, bytewise, cut } = waysToRead(input, { version, cuts });
        expect(text).toEqual(bytes as Reading);
        expect(bytewise).toEqual(bytes as Reading);
        expect(cut).toEqual(bytes as Reading);
      }),
    );
  });

  test("garbage: the same frames, then the same fault", () => {
    checkProperty(
      fc.property(garbage, version, places, (input, version, cuts) => {
        const { text, bytes, bytewise, cut } = waysToRead(input, { version, cuts });
        expect(text).toEqual(bytes as Reading);
        expect(bytewise).toEqual(bytes as Reading);
        expect(cut).toEqual(bytes as Reading);
      }),
    );
  });

  test("within tight limits: a fault in one is a fault in all", () => {
    const limits = fc.record({
      frameBytesMax: fc.integer({ min: 5, max: 120 }),
      headersMax: fc.integer({ min: 0, max: 4 }),
      headerLineBytesMax: fc.integer({ min: 1, max: 40 }),
    });
    checkProperty(
      fc.property(garbage, version, places, limits, (input, version, cuts, limits) => {
        const all = waysToRead(input, { version, cuts, limits });
        const outcomes = Object.values(all).map(({ frames, fault, pending }) => ({
          frames,
          fails: fault !== undefined,
          pending,
        }));
        for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0] as typeof outcome);
      }),
    );
  });

  test("the frames of one stream, whatever messages carry it", () => {
    checkProperty(
      fc.property(fc.array(frameText, { maxLength: 4 }), version, (frames, version) => {
        const joined = readPieces([Buffer.from(frames.join(""))], { version });
        expect(readPieces(frames, { version })).toEqual(joined);
      }),
    );
  });
});

describe("What is written is read back", () => {
  const octets = fc.array(
    fc.oneof(fc.constantFrom("a", ":", "\\", "\n", "\r", "é", " ", "🙂"), character),
    { maxLength: 8 },
  );
  const anything = octets.map((all) => all.join("").replaceAll("\0", ""));
  for (const version of VERSIONS) {
    test(`in ${version}`, () => {
      // 1.0 escapes nothing and 1.1 has no escape for a carriage return before the line's end.
      const carried = (value: string): boolean => {
        if (version === "1.2") return true;
        if (version === "1.1") return !value.endsWith("\r");
        return !/[\r\n]|^[ \t]/.test(value);
      };
      const value = anything.filter(carried);
      const name = anything.filter(
        (each) => each !== "" && carried(each) && (version !== "1.0" || !each.includes(":")),
      );
      const headers = fc
        .array(fc.tuple(name, value), { maxLength: 5 })
        .map((pairs) => pairs.filter(([name]) => name !== "content-length").flat());
      checkProperty(
        fc.property(headers, fc.string({ unit: "binary" }), places, (headers, body, cuts) => {
          const frame = encodeFrame("MESSAGE", headers, { version, body });
          const [read] = readPieces(cutAt(Buffer.from(frame), cuts), { version }).frames;
          expect(read?.headers).toEqual([
            ...headers,
            "content-length",
            `${Buffer.byteLength(body)}`,
          ]);
          expect(read?.body).toBe(`text ${Buffer.from(body).toString("hex")}`);
        }),
      );
    });
  }

  test("a body is text exactly if it is valid UTF-8, and no byte of it changes", () => {
    checkProperty(
      fc.property(fc.uint8Array(), places, (body, cuts) => {
        const head = Buffer.from(`SEND\ncontent-length:${body.length}\n\n`);
        const input = Buffer.concat([head, body, Buffer.from("\0")]);
        const [frame] = readPieces(cutAt(input, cuts), { version: "1.2" }).frames;
        expect(frame?.body.split(" ")[1]).toBe(Buffer.from(body).toString("hex"));
        const valid = Buffer.from(Buffer.from(body).toString("utf8")).equals(Buffer.from(body));
        expect(frame?.body.startsWith("text")).toBe(valid);
      }),
    );
  });
});

describe("Headers as each version reads them", () => {
  const table: readonly (readonly [what: string, version: Version, head: string, value: string])[] =
    [
      ["1.0 trims blanks in front", "1.0", "SEND\nh: \ta ", "a "],
      ["1.1 keeps them", "1.1", "SEND\nh: a ", " a "],
      ["1.2 keeps them", "1.2", "SEND\nh: a ", " a "],
      ["CONNECT of 1.0 trims", "1.2", "CONNECT\nh: a", "a"],
      ["CONNECT with accept-version keeps", "1.0", "CONNECT\naccept-version:1.1\nh: a", " a"],
      ["1.0 has no escapes", "1.0", "SEND\nh:a\\nb", "a\\nb"],
      ["1.1 unescapes", "1.1", "SEND\nh:a\\n\\c\\\\", "a\n:\\"],
      ["1.2 unescapes a carriage return as well", "1.2", "SEND\nh:a\\r", "a\r"],
      ["CONNECT is never unescaped", "1.2", "STOMP\nh:a\\n", "a\\n"],
      ["a colon in a value is its own", "1.2", "SEND\nh:a:b", "a:b"],
      ["a value may be empty", "1.2", "SEND\nh:", ""],
      ["a CR that ends no line is kept", "1.1", "SEND\nh:a\rb", "a\rb"],
      ["a byte-order mark is kept", "1.2", "SEND\nh:\ufeffa", "\ufeffa"],
    ];
  for (const [what, version, head, value] of table) {
    test(what, () => {
      for (const eol of ["\n", "\r\n"]) {
        const input = `${head.replaceAll("\n", eol)}${eol}${eol}\0`;
        for (const { frames } of Object.values(waysToRead(input, { version, cuts: [0.5] }))) {
          const headers = frames[0]?.headers ?? [];
          expect(headers[headers.lastIndexOf("h") + 1]).toBe(value);
        }
      }
    });
  }
});

describe("Limits", () => {
  const limits: DecoderLimits = { frameBytesMax: 64, headersMax: 2, headerLineBytesMax: 20 };
  const cases: readonly (readonly [what: string, input: string, fault: string | undefined])[] = [
    ["a frame of the size allowed", `SEND\n\n${"x".repeat(57)}\0`, undefined],
    ["one byte more", `SEND\n\n${"x".repeat(58)}\0`, "frame-too-large"],
    ["an announced body that fits", "SEND\ncontent-length:39\n\n", undefined],
    ["an announced body that cannot fit", "SEND\ncontent-length:40\n\n", "frame-too-large"],
    ["an announced body far too large", "SEND\ncontent-length:99999\n\n", "frame-too-large"],
    ["an endless body", `SEND\n\n${"x".repeat(200)}`, "frame-too-large"],
    ["as many headers as allowed", "SEND\na:1\nb:2\n\n\0", undefined],
    ["one header more", "SEND\na:1\nb:2\nc:3\n\n\0", "too-many-headers"],
    ["a line of the length allowed", `SEND\na:${"x".repeat(18)}\n\n\0`, undefined],
    ["the same before CR LF", `SEND\r\na:${"x".repeat(18)}\r\n\r\n\0`, undefined],
    ["a line of one byte more", `SEND\na:${"x".repeat(19)}\n\n\0`, "header-too-large"],
    ["bytes count, not characters", `SEND\na:${"é".repeat(10)}\n\n\0`, "header-too-large"],
    ["a line without an end", `SEND\na:${"x".repeat(40)}`, "header-too-large"],
    ["a command without an end", "S".repeat(40), "header-too-large"],
  ];
  for (const [what, input, fault] of cases) {
    test(what, () => {
      for (const reading of Object.values(
        waysToRead(input, { version: "1.2", cuts: [0.5], limits }),
      )) {
        expect(reading.fault).toBe(fault);
      }
    });
  }

  const malformed: readonly (readonly [input: string, fault: string])[] = [
    ["SEND\nno colon\n\n\0", "malformed-header"],
    ["SEND\n:value\n\n\0", "malformed-header"],
    ["SEND\na:1\0", "malformed-frame"],
    ["\0", "malformed-frame"],
    ["SEND\na:\\t\n\n\0", "bad-escape"],
    ["SEND\na:\\", "bad-escape"],
    ["SEND\ncontent-length:-1\n\n\0", "bad-content-length"],
    ["SEND\ncontent-length:1 \n\nx\0", "bad-content-length"],
    ["SEND\ncontent-length:2\n\nxyz\0", "bad-content-length"],
    ["SEND\ncontent-length:3\n\nxy\0z", "bad-content-length"],
  ];
  for (const [input, fault] of malformed) {
    test(`${JSON.stringify(input)} is ${fault}`, () => {
      const whole = input.endsWith("\\") ? `${input}\n\n\0` : input;
      for (const reading of Object.values(
        waysToRead(whole, { version: "1.2", cuts: [0.3, 0.6] }),
      )) {
        expect(reading.fault).toBe(fault);
      }
    });
  }

  test("a head that is not UTF-8 is invalid-utf8", () => {
    const input = Buffer.from("SEND\na:\xff\n\n\0", "latin1");
    expect(readPieces([input], { version: "1.2" }).fault).toBe("invalid-utf8");
    expect(readPieces(bytewise(input), { version: "1.2" }).fault).toBe("invalid-utf8");
  });

  test("the head of a frame that fails is known, for its receipt", () => {
    const decoder = new Decoder(ROOMY);
    decoder.rules = VERSION_RULES["1.2"];
    decoder.push("SEND\nreceipt:r1\nbroken\n\n\0");
    expect(() => decoder.next()).toThrow(Fault);
    expect(decoder.head?.headers).toEqual(["receipt", "r1"]);
  });
});

describe("Memory", () => {
  /** Bytes that are copied while `run` runs. */
  function copiedBytes(run: () => void): number {
    let copied = 0;
    const set = Uint8Array.prototype.set;
    const sets = spyOn(Uint8Array.prototype, "set").mockImplementation(function (
      this: Uint8Array,
      from: ArrayLike<number>,
      at?: number,
    ) {
      copied += from.length;
      set.call(this, from, at);
    });
    try {
      run();
    } finally {
      sets.mockRestore();
    }
    return copied;
  }

  test("100,000 tiny pieces of one frame are copied a few times, not each time", () => {
    const body = "x".repeat(100_000);
    const pieces = bytewise(Buffer.from(`SEND\ndestination:/queue/a\n\n${body}\0`));
    const copied = copiedBytes(() => readPieces(pieces, { version: "1.2" }));
    expect(copied).toBeGreaterThan(pieces.length);
    expect(copied).toBeLessThan(8 * pieces.length);
  });

  test("100,000 tiny pieces of small frames cost the same", () => {
    const pieces = bytewise(Buffer.from("SEND\ndestination:/queue/a\n\nhello\0\n".repeat(3_000)));
    const copied = copiedBytes(() => readPieces(pieces, { version: "1.2" }));
    expect(copied).toBeLessThan(8 * pieces.length);
  });

  test("what was taken is not held", () => {
    const decoder = new Decoder(ROOMY);
    decoder.push(Buffer.from(`SEND\n\n${"x".repeat(10_000)}\0SEND\n\nrest`));
    expect(decoder.next()?.body).toHaveLength(10_000);
    expect(decoder.next()).toBeUndefined();
    expect(decoder.pending).toBe("SEND\n\nrest".length);
  });

  test("a few bytes that wait do not keep a large chunk alive", () => {
    const decoder = new Decoder(ROOMY);
    const chunk = Buffer.alloc(100_000, "SEND\n\nbody\0");
    chunk.write("SEND\n\nrest", chunk.length - 10);
    const copied = copiedBytes(() => {
      decoder.push(chunk);
      for (let frame = decoder.next(); frame !== undefined;) frame = decoder.next();
    });
    expect(decoder.pending).toBeGreaterThan(0);
    expect(copied).toBe(decoder.pending);
  });

  test("an announced body of five gigabytes is refused at once", () => {
    const input = "SEND\ncontent-length:5368709120\n\n";
    expect(readPieces([Buffer.from(input)], { version: "1.2" }).fault).toBe("frame-too-large");
  });

  test("what a caller does with its chunk later does not matter to a frame", () => {
    const decoder = new Decoder(ROOMY);
    const chunk = Buffer.from("SEND\ncontent-length:2\n\n\xff\xfe\0", "latin1");
    decoder.push(chunk);
    const frame = decoder.next();
    chunk.fill(0);
    expect(frame?.body).toEqual(new Uint8Array([0xff, 0xfe]));
  });
});

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  frameAsCommand,
  frameAsScript,
  frameAsText,
  frameBytesOf,
  headersToSend,
  missingParts,
} from "../../console/frames/copy_frame.ts";
import { isPastable, shellQuote } from "../../console/frames/shell_quote.ts";
import type { FrameInfo } from "../../src/api/values.ts";
import { Decoder } from "../../src/protocol/decoder.ts";
import { VERSION_RULES } from "../../src/protocol/version.ts";
import { checkProperty } from "../protocol/check_property.ts";
import { someFrame } from "./frames_sample.ts";

const AT = {
  url: "ws://localhost:61614/",
  libraryUrl: "http://localhost:61614/vendor/stompjs-7/index.js",
};

const HOSTILE = [
  "'",
  "''",
  "a'b",
  "$(touch x)`touch y`",
  '"$HOME"',
  "\\",
  "\\'",
  "!!",
  "a\nb\n",
  "\t\u001b[31m\r",
  "-rf",
  "*?[a]~",
  "é😀\u202e\u200b",
  "a\u0001\n",
  "#;&|<>",
  "",
];

/** What a shell makes of words: each in a line of its own, in Base64. */
async function wordsInShell(words: string): Promise<string[]> {
  const script = `for word in ${words}; do printf %s "$word" | base64 -w0; echo; done`;
  const shell = Bun.spawn(["sh", "-c", script], { env: { PATH: process.env["PATH"] ?? "" } });
  const out = await new Response(shell.stdout).text();
  return out
    .split("\n")
    .slice(0, -1)
    .map((line) => Buffer.from(line, "base64").toString("utf8"));
}

describe("a word for the shell", () => {
  test("means exactly its text, whatever that is", async () => {
    expect(await wordsInShell(HOSTILE.map(shellQuote).join(" "))).toEqual(HOSTILE);
  });

  test("means its text when it is made of anything at all", async () => {
    const texts = fc.sample(fc.string({ unit: "binary" }), { numRuns: 200, seed: 7 });
    const odd = fc.array(fc.constantFrom(..."'\"\\$`\n\t\u001b a!"), { maxLength: 12 });
    const more = fc.sample(odd, { numRuns: 200, seed: 7 }).map((parts) => parts.join(""));
    const words = [...texts, ...more].map((text) => text.replaceAll("\0", "").toWellFormed());
    expect(await wordsInShell(words.map(shellQuote).join(" "))).toEqual(words);
  });

  test("holds nothing that a terminal would act on", () => {
    checkProperty(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(isPastable(shellQuote(text))).toBe(true);
      }),
    );
  });

  test.each([
    ["/queue/a", "/queue/a"],
    ["x:1", "x:1"],
    ["it's", `'it'\\''s'`],
    ["a b", "'a b'"],
    ["a\tb", `a"$(printf '\\011')"b`],
    ["\0", "''"],
  ])("%j is written %s", (text, written) => {
    expect(shellQuote(text)).toBe(written);
  });
});

describe("as a command", () => {
  test("a SEND is a pub with its headers", () => {
    const frame = someFrame({
      headers: [
        ["destination", "/queue/a b"],
        ["content-type", "text/plain"],
        ["content-length", "5"],
        ["receipt", "r"],
        ["transaction", "t"],
        ["x", "it's"],
        ["x", "second"],
      ],
      body: "hello",
    });
    expect(frameAsCommand(frame, AT)).toBe(
      "stompbox pub --url ws://localhost:61614/ -H content-type:text/plain -H 'x:it'\\''s'" +
        " '/queue/a b' hello\n",
    );
  });

  test("a MESSAGE is a pub without what the broker had added", () => {
    const frame = someFrame({
      command: "MESSAGE",
      headers: [
        ["subscription", "s"],
        ["ack", "1"],
        ["destination", "/topic/a"],
        ["message-id", "m"],
        ["redelivered", "true"],
        ["x", "1"],
      ],
    });
    expect(frameAsCommand(frame, AT)).toBe(
      "stompbox pub --url ws://localhost:61614/ -H x:1 /topic/a ''\n",
    );
  });

  test.each([
    ["control characters", { body: "\u001b]0;x\u0007" }, "G10wO3gH"],
    ["bytes", { body: undefined, bodyBase64: "/wA=" }, "/wA="],
    ["a single dash", { body: "-" }, "LQ=="],
  ])("a body of %s comes through a pipe", (_what, about, encoded) => {
    const { body: _none, ...frame } = someFrame();
    expect(frameAsCommand({ ...frame, ...about }, AT)).toBe(
      `printf %s ${encoded} | base64 -d | stompbox pub --url ws://localhost:61614/ /queue/a\n`,
    );
  });

  test("operands that begin with a dash are no options", () => {
    expect(frameAsCommand(someFrame({ body: "-1" }), AT)).toBe(
      "stompbox pub --url ws://localhost:61614/ -- /queue/a -1\n",
    );
  });

  test("a body that was cut is said to be", () => {
    const frame = someFrame({ body: "abc", bodyBytes: 100_000, truncated: true });
    expect(frameAsCommand(frame, AT)).toStartWith(
      "# Only the beginning of a body of 100000 bytes\nstompbox pub ",
    );
    expect(frameAsScript(frame, AT)).toStartWith(
      "// Only the beginning of a body of 100000 bytes\n",
    );
  });

  test("what the broker does not show is said, and cannot end the comment", () => {
    const frame = someFrame({
      headers: [
        ["destination", "/queue/a"],
        ["token\nrm -rf /", "••••••"],
        ["just fits", "x".repeat(4_096)],
        ["long", "x".repeat(4_096)],
      ],
      cutHeaders: [3],
      headersLeftOut: 2,
    });
    expect(missingParts(frame)).toHaveLength(3);
    expect(frameAsCommand(frame, AT)?.split("\n").slice(0, 4)).toEqual([
      expect.stringMatching(
        /^# The value of the header .*token.*rm -rf .* is not shown: fill it in$/,
      ),
      expect.stringMatching(/^# Only the beginning of the header .*long/),
      "# Only the first 4 of 6 headers",
      expect.stringMatching(/^stompbox pub /),
    ]);
    expect(frameAsScript(frame, AT)?.split("\n")[0]).toStartWith("// The value of the header ");
  });

  test("a SUBSCRIBE is a sub", () => {
    const frame = someFrame({
      command: "SUBSCRIBE",
      headers: [
        ["id", "s"],
        ["destination", "/queue/>"],
        ["ack", "client"],
        ["selector", "x > 1"],
      ],
    });
    expect(frameAsCommand(frame, AT)).toBe(
      "stompbox sub --url ws://localhost:61614/ --ack client -H 'selector:x > 1' '/queue/>'\n",
    );
  });

  test.each(["ACK", "BEGIN", "RECEIPT", "ERROR", "CONNECTED"])("a %s is none", (command) => {
    expect(frameAsCommand(someFrame({ command }), AT)?.startsWith("stompbox")).toBeUndefined();
    expect(frameAsScript(someFrame({ command }), AT)).toBeUndefined();
  });
});

describe("as text", () => {
  test("a frame has its escapes and ends with ^@", () => {
    const frame = someFrame({
      headers: [
        ["destination", "/queue/a"],
        ["odd:name", "a\nb\\c"],
      ],
      body: "x\0y",
    });
    expect(frameAsText(frame)).toBe(
      "SEND\ndestination:/queue/a\nodd\\cname:a\\nb\\\\c\n\nx^@y^@\n",
    );
  });

  test("CONNECT has no escapes, and bytes are no text", () => {
    const frame = someFrame({ command: "CONNECT", headers: [["login", "a:b"]] });
    expect(frameAsText(frame)).toBe("CONNECT\nlogin:a:b\n\n^@\n");
    const { body: _none, ...bare } = someFrame();
    expect(frameAsText({ ...bare, bodyBase64: "/wA=" })).toBeUndefined();
  });

  test("the bytes are a frame that decodes to the same", () => {
    const limits = { frameBytesMax: 1e6, headersMax: 100, headerLineBytesMax: 1e5 };
    const text = fc
      .string({ unit: "binary" })
      .map((each) => each.replaceAll("\0", "").toWellFormed());
    const name = text.map((each) => `x${each}`);
    const headers = fc.array(fc.tuple(name, text), { maxLength: 6 });
    checkProperty(
      fc.property(headers, fc.uint8Array(), (pairs, body) => {
        const { body: _none, ...frame } = someFrame();
        const length: [string, string] = ["content-length", String(body.length)];
        const whole: FrameInfo = {
          ...frame,
          headers: [length, ...pairs],
          bodyBase64: Buffer.from(body).toString("base64"),
          bodyBytes: body.length,
        };
        const decoder = new Decoder(limits);
        decoder.rules = VERSION_RULES["1.2"];
        decoder.push(frameBytesOf(whole));
        const decoded = decoder.next();
        expect(decoded?.headers).toEqual([length, ...pairs].flat());
        expect(Buffer.from(decoded?.body ?? "")).toEqual(Buffer.from(body));
      }),
    );
  });
});

describe("as a script", () => {
  test("a SEND connects and publishes", () => {
    const frame = someFrame({
      headers: [
        ["destination", "/queue/a"],
        ["x", "1"],
      ],
      body: 'say "hi"\n',
    });
    expect(frameAsScript(frame, AT)).toBe(`\
const { Client } = await import("http://localhost:61614/vendor/stompjs-7/index.js");
const client = new Client({
  brokerURL: "ws://localhost:61614/",
});
client.onStompError = ({ headers, body }) => console.error(headers.message, body);
client.onConnect = () => {
  client.publish({
    destination: "/queue/a",
    headers: {
      "x": "1",
    },
    body: "say \\"hi\\"\\n",
  });
};
client.activate();
`);
  });

  test("nothing in it is hidden, ends a script element, or is read as code", () => {
    const frame = someFrame({
      headers: [
        ["destination", '/queue/"+alert(1)+"'],
        ["__proto__", "x"],
        ["\u202ename", "${alert(1)}"],
      ],
      body: "</script><!-- \u2028\u200b\u0007\u009b",
    });
    const script = frameAsScript(frame, AT) ?? "";
    expect(isPastable(script)).toBe(true);
    expect(script).not.toMatch(/<\/script|<!--/);
    const published = runScript(script);
    expect(published).toEqual([
      {
        destination: '/queue/"+alert(1)+"',
        headers: Object.fromEntries([
          ["__proto__", "x"],
          ["\u202ename", "${alert(1)}"],
        ]),
        body: "</script><!-- \u2028\u200b\u0007\u009b",
      },
    ]);
  });

  test("bytes stay bytes", () => {
    const { body: _none, ...frame } = someFrame({ bodyBytes: 2 });
    const script = frameAsScript({ ...frame, bodyBase64: "/wA=", bodyBytes: 2 }, AT) ?? "";
    expect(runScript(script)).toEqual([
      { destination: "/queue/a", binaryBody: Uint8Array.of(0xff, 0) },
    ]);
  });
});

/** Runs a script with a client that only remembers. */
function runScript(script: string): unknown[] {
  const published: unknown[] = [];
  class Client {
    onConnect = () => {};
    publish = (params: unknown) => published.push(params);
    activate() {
      this.onConnect();
    }
  }
  const body = script.replace(/^.*await import.*$/m, "");
  new Function("Client", body)(Client);
  return published;
}

test("what is sent again has neither what the broker owns nor what belonged to the first time", () => {
  const frame = someFrame({
    headers: [
      ["destination", "/queue/a"],
      ["receipt", "1"],
      ["transaction", "t"],
      ["content-length", "3"],
      ["message-id", "m"],
      ["priority", "9"],
      ["priority", "1"],
    ],
  });
  expect(headersToSend(frame)).toEqual([["priority", "9"]]);
});

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { NatsScanner } from "../../src/bench/nats_scanner.ts";
import type { Pieces } from "../../src/bench/pieces.ts";
import { StompScanner } from "../../src/bench/stomp_scanner.ts";
import { checkProperty } from "../protocol/check_property.ts";
import { bytewise, cutAt } from "../protocol/decoding.ts";
import { scan, serverFrame } from "./carried.ts";

const stomp = (pieces: Pieces) => new StompScanner(pieces);
const nats = (pieces: Pieces) => new NatsScanner(pieces);

const message = (id: string, body: string) =>
  `MESSAGE\nsubscription:s\nmessage-id:${id}\n\n${body}`;
const msg = (sid: number, body: string) => `MSG bench.a ${sid} ${body.length}\r\n${body}`;

/** Frames of lengths that change, and of such that do not; not all of them messages. */
const STOMP_FRAMES = [
  "CONNECTED\nversion:1.2\n\n",
  message("9", "first"),
  message("10", "first"),
  "RECEIPT\nreceipt-id:r1\n\n",
  "RECEIPT\nreceipt-id:r2\n\n",
  message("11", "x".repeat(300)),
  message("12", "x".repeat(300)),
  message("13", ""),
  "ERROR\nmessage:no\n\nnot so",
];
const NATS_LINES = [
  'INFO {"version":"2.9.10"}',
  "PONG",
  msg(1, "first"),
  msg(1, "other"),
  msg(2, "x".repeat(300)),
  msg(2, "y".repeat(300)),
  "PING",
  msg(1, ""),
  "+OK",
];

const wsAll = (frames: readonly string[], end: string): Uint8Array =>
  Buffer.concat(frames.map((frame) => serverFrame(`${frame}${end}`)));
const tcpAll = (frames: readonly string[], end: string): Uint8Array =>
  Buffer.from(frames.map((frame) => `${frame}${end}`).join(""));

describe.each([
  ["STOMP over WebSocket", "ws", stomp, STOMP_FRAMES, wsAll(STOMP_FRAMES, "\0")],
  ["STOMP over TCP", "tcp", stomp, STOMP_FRAMES, tcpAll(STOMP_FRAMES, "\0")],
  ["NATS over WebSocket", "ws", nats, NATS_LINES, wsAll(NATS_LINES, "\r\n")],
  ["NATS over TCP", "tcp", nats, NATS_LINES, tcpAll(NATS_LINES, "\r\n")],
] as const)("%s", (_name, carrier, make, frames, bytes) => {
  const found = (chunks: readonly Uint8Array[]) => scan(make, { carrier, chunks }).frames;

  test("is found whole", () => {
    expect(found([bytes])).toEqual([...frames]);
  });

  test("is found byte by byte", () => {
    expect(found(bytewise(bytes))).toEqual([...frames]);
  });

  test("is found however it is cut", () => {
    const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });
    checkProperty(
      fc.property(places, (cuts) => {
        expect(found(cutAt(bytes, cuts))).toEqual([...frames]);
      }),
    );
  });
});

describe("STOMP", () => {
  const found = (carrier: "ws" | "tcp", ...chunks: Uint8Array[]) =>
    scan(stomp, { carrier, chunks }).frames;
  const [one, two] = [message("1", "one"), message("2", "two")];

  test("line ends between frames are beats", () => {
    expect(found("tcp", Buffer.from(`\n\r\n${one}\0\n\n${two}\0\r\n`))).toEqual([one, two]);
    const frames = ["\n", `${one}\0\n`, "\n", "\r\n", `${two}\0`].map((text) => serverFrame(text));
    expect(found("ws", Buffer.concat(frames))).toEqual([one, two]);
  });

  test("several frames may be in one WebSocket message", () => {
    expect(found("ws", serverFrame(`${one}\0${two}\0`))).toEqual([one, two]);
  });

  test("one frame may be in several WebSocket messages, or in fragments of one", () => {
    const half = one.length >> 1;
    const messages = [one.slice(0, half), `${one.slice(half)}\0`].map((text) => serverFrame(text));
    expect(found("ws", ...messages)).toEqual([one]);
    const fragments = [
      serverFrame(one.slice(0, half), 0x01),
      serverFrame("", 0x00),
      serverFrame(`${one.slice(half)}\0`, 0x80),
    ];
    expect(found("ws", Buffer.concat(fragments))).toEqual([one]);
  });

  test("two short frames where a long one was guessed are two", () => {
    const long = message("1", "x".repeat(100));
    const receipts = ["RECEIPT\nreceipt-id:a\n\n", "RECEIPT\nreceipt-id:b\n\n"];
    const all = [long, ...receipts, long, message("2", "y"), message("3", "y")];
    expect(found("tcp", tcpAll(all, "\0"))).toEqual(all);
  });

  test("a frame without an end is not kept for ever", () => {
    const chunk = new Uint8Array(16 * 1024 ** 2).fill(120);
    const endless = Array.from({ length: 5 }, () => chunk);
    expect(() => scan(stomp, { carrier: "tcp", chunks: endless })).toThrow("without an end");
  });
});

describe("NATS", () => {
  test.each([
    ["a line that ends in LF alone", "PING\nPING\r\n", "CR LF"],
    ["a length that is no number", "MSG a 1 many\r\nx\r\n", "length makes no sense"],
    ["a length that is too large", "MSG a 1 99999999999\r\nx\r\n", "length makes no sense"],
  ])("%s is refused", (_what, text, sentence) => {
    const chunks = [Buffer.from(text)];
    expect(() => scan(nats, { carrier: "tcp", chunks })).toThrow(sentence);
  });

  test("a reply-to in front of the length is no part of it", () => {
    const line = "MSG bench.a 1 inbox.7 3\r\nabc";
    expect(scan(nats, { carrier: "tcp", chunks: [Buffer.from(`${line}\r\n`)] }).frames).toEqual([
      line,
    ]);
  });
});

describe("WebSocket", () => {
  const ws = (...chunks: Uint8Array[]) => scan(stomp, { carrier: "ws", chunks });
  const frame = message("1", "one");

  test("pings are told, pongs are not, and neither is part of the stream", () => {
    const all = [
      serverFrame("are you there", 0x89),
      serverFrame(`${frame}\0`),
      serverFrame("", 0x8a),
      serverFrame("again", 0x89),
    ];
    const bytes = Buffer.concat(all);
    for (const chunks of [[bytes], bytewise(bytes)]) {
      expect(ws(...chunks)).toEqual({
        frames: [frame],
        pings: ["are you there", "again"],
        closes: [],
      });
    }
  });

  test.each([
    ["with code and reason", [0x03, 0xe9, ...Buffer.from("bye")], ' with code 1001, "bye"'],
    ["with a code", [0x03, 0xe8], " with code 1000"],
    ["with nothing", [], ""],
  ] as const)("a close %s is told", (_what, payload, text) => {
    expect(ws(serverFrame(Uint8Array.from(payload), 0x88)).closes).toEqual([
      `was closed by the broker${text}`,
    ]);
  });

  test("payloads of every length field are found", () => {
    const frames = [10, 125, 126, 65_535, 65_536, 200_000].map((length) =>
      message("1", "x".repeat(length)),
    );
    expect(ws(wsAll(frames, "\0")).frames).toEqual(frames);
  });

  test.each([
    ["a mask bit", [0x81, 0x85, 0, 0, 0, 0, 65, 65, 65, 65, 65]],
    ["a reserved bit", [0xc1, 0x01, 65]],
    ["a length beyond all reason", [0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255]],
  ] as const)("%s is refused", (_what, bytes) => {
    expect(() => ws(Uint8Array.from(bytes))).toThrow("no WebSocket frame");
  });
});

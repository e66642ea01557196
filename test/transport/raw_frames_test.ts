/** RFC 6455 from below: frames that no client library would send. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { clientFrame, FIN, OPCODE, openRawWebSocket, type RawWebSocket } from "./raw_http.ts";
import { type RealBroker, startRealBroker } from "./real_broker.ts";

const CONNECT = "CONNECT\naccept-version:1.2\nhost:localhost\n\n\0";
const TEXT = FIN | OPCODE.text;
const CLOSE = FIN | OPCODE.close;
/** Reserved bits of RFC 6455 section 5.2; we negotiate no extension. */
const [RSV1, RSV2, RSV3] = [0x40, 0x20, 0x10];

let broker: RealBroker;
beforeAll(async () => {
  broker = await startRealBroker({ limits: { frameBytesMax: 65_536 } });
});
afterAll(() => broker.stop());

const sockets: RawWebSocket[] = [];
let witness: RawWebSocket;

async function login(): Promise<RawWebSocket> {
  const socket = await openRawWebSocket({ port: broker.ws });
  sockets.push(socket);
  socket.text(CONNECT);
  expect(await socket.nextText()).toStartWith("CONNECTED\n");
  return socket;
}

let rounds = 0;
/** A topic's message to itself: proves that this one is served. */
async function roundTrip(socket: RawWebSocket): Promise<void> {
  const body = `round ${++rounds}`;
  socket.text(`SEND\ndestination:/topic/witness\n\n${body}\0`);
  const message = await socket.nextText();
  expect(message).toStartWith("MESSAGE\n");
  expect(message).toEndWith(`\n\n${body}\0`);
}

beforeEach(async () => {
  witness = await login();
  witness.text("SUBSCRIBE\nid:w\ndestination:/topic/witness\n\n\0");
  await roundTrip(witness);
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.cut();
});

const close = (code: number, reason: string | Uint8Array = ""): Uint8Array =>
  clientFrame(CLOSE, Buffer.concat([Uint8Array.of(code >> 8, code & 0xff), Buffer.from(reason)]));

const joined = (...frames: readonly Uint8Array[]): Uint8Array => Buffer.concat(frames);

/** What is sent, and the codes with which the broker may close. */
const ATTACKS: Readonly<Record<string, readonly [bytes: Uint8Array, ...codes: number[]]>> = {
  "a frame without a mask": [clientFrame(TEXT, "SEND\n\n\0", { mask: false }), 1002],
  "a beat without a mask": [clientFrame(TEXT, "\n", { mask: false }), 1002],
  "reserved bit 1": [clientFrame(TEXT | RSV1, "\n"), 1002],
  "reserved bit 2": [clientFrame(TEXT | RSV2, "\n"), 1002],
  "reserved bit 3": [clientFrame(TEXT | RSV3, "\n"), 1002],
  ...Object.fromEntries(
    [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [
      `reserved opcode ${opcode}`,
      [clientFrame(FIN | opcode, "x"), 1002] as const,
    ]),
  ),
  "a ping of 126 bytes": [clientFrame(FIN | OPCODE.ping, "x".repeat(126)), 1002],
  "a ping in fragments": [clientFrame(OPCODE.ping, "x"), 1002],
  "a continuation of nothing": [clientFrame(FIN | OPCODE.continuation, "x"), 1002],
  "a message inside a fragmented one": [
    joined(clientFrame(OPCODE.text, "SEND\n"), clientFrame(TEXT, "\n")),
    1002,
  ],
  "a byte that is no UTF-8": [clientFrame(TEXT, Uint8Array.of(0x53, 0xff)), 1007],
  "an overlong form": [clientFrame(TEXT, Uint8Array.of(0xc0, 0x80)), 1007],
  "a surrogate": [clientFrame(TEXT, Uint8Array.of(0xed, 0xa0, 0x80)), 1007],
  "a character that breaks off with its message": [
    clientFrame(TEXT, Uint8Array.of(0xe2, 0x82)),
    1007,
  ],
  "a character that a fragment breaks off": [
    joined(
      clientFrame(OPCODE.text, Uint8Array.of(0xe2, 0x82)),
      clientFrame(FIN | OPCODE.continuation, "x"),
    ),
    1007,
  ],
  "a length with its top bit set": [
    clientFrame(FIN | OPCODE.binary, "x", { size: 0x8000000000000001n }),
    1002,
    1009,
  ],
  "the greatest length there is": [
    clientFrame(FIN | OPCODE.binary, "x", { size: 0xffffffffffffffffn }),
    1002,
    1009,
  ],
  "a length of 5 GB": [clientFrame(FIN | OPCODE.binary, "x", { size: 5_368_709_120n }), 1009],
  "a message one byte above what is read": [
    clientFrame(FIN | OPCODE.binary, "x", { size: 131_073n }),
    1009,
  ],
  "fragments that are too much together": [
    joined(
      clientFrame(OPCODE.binary, "\n".repeat(65_536)),
      clientFrame(OPCODE.continuation, "\n".repeat(65_536)),
      clientFrame(OPCODE.continuation, "\n"),
    ),
    1009,
  ],
  "a close of one byte": [clientFrame(CLOSE, "x"), 1002],
  "a close of 126 bytes": [close(1000, "x".repeat(124)), 1002],
  "a close whose reason is no UTF-8": [close(1000, Uint8Array.of(0xff)), 1007],
  ...Object.fromEntries(
    [0, 999, 1004, 1005, 1006, 1015, 5000, 65_535].map((code) => [
      `a close with ${code}, which nobody may send`,
      [close(code), 1002] as const,
    ]),
  ),
};

describe("the connection ends, and no other, at", () => {
  for (const [name, [bytes, ...codes]] of Object.entries(ATTACKS)) {
    test(`${name}: ${codes.join(" or ")}`, async () => {
      const socket = await login();
      socket.send(bytes);
      expect(codes).toContain(await socket.closeCode());
      await roundTrip(witness);
    });

    test(`${name}, before anyone has logged in`, async () => {
      const socket = await openRawWebSocket({ port: broker.ws });
      sockets.push(socket);
      socket.send(bytes);
      expect(codes).toContain(await socket.closeCode());
      await roundTrip(witness);
    });
  }
});

describe("a close is answered in kind", () => {
  for (const code of [1000, 1001, 1003, 1011, 3000, 4001, 4999]) {
    test(`with ${code}`, async () => {
      const socket = await login();
      socket.send(close(code, "so long"));
      expect(await socket.closeCode()).toBe(code);
    });
  }

  test("without a code", async () => {
    const socket = await login();
    socket.send(clientFrame(CLOSE, ""));
    expect(await socket.closeCode()).toBe(1005);
  });

  test("after what was sent before it is carried out", async () => {
    const socket = await login();
    socket.send(
      joined(clientFrame(TEXT, "SEND\ndestination:/topic/witness\n\nlast words\0"), close(1000)),
    );
    expect(await socket.closeCode()).toBe(1000);
    expect(await witness.nextText()).toEndWith("last words\0");
  });
});

describe("pieces", () => {
  const BODY = "grüße, 世界";
  const FRAME = Buffer.from(`SEND\ndestination:/topic/witness\n\n${BODY}\0`);

  test("of one byte each make one message, also where they cut a character", async () => {
    for (let at = 0; at < FRAME.length; at++) {
      const first = at === 0 ? OPCODE.text : OPCODE.continuation;
      const fin = at === FRAME.length - 1 ? FIN : 0;
      witness.send(clientFrame(fin | first, FRAME.subarray(at, at + 1)));
    }
    expect(await witness.nextText()).toEndWith(`\n\n${BODY}\0`);
  });

  test("may be empty", async () => {
    witness.send(clientFrame(OPCODE.text, ""));
    witness.send(clientFrame(OPCODE.continuation, FRAME));
    witness.send(clientFrame(FIN | OPCODE.continuation, ""));
    expect(await witness.nextText()).toEndWith(`\n\n${BODY}\0`);
  });

  test("may have pings between them, each answered with what it holds", async () => {
    const half = FRAME.length >> 1;
    witness.send(clientFrame(OPCODE.text, FRAME.subarray(0, half)));
    witness.send(clientFrame(FIN | OPCODE.ping, "one"));
    witness.send(clientFrame(FIN | OPCODE.pong, "nobody asked"));
    witness.send(clientFrame(FIN | OPCODE.ping, "x".repeat(125)));
    witness.send(clientFrame(FIN | OPCODE.continuation, FRAME.subarray(half)));
    const frames = [await witness.next(), await witness.next(), await witness.next()];
    const pongs = frames.filter(({ opcode }) => opcode === OPCODE.pong);
    expect(pongs.map(({ payload }) => payload.toString())).toEqual(["one", "x".repeat(125)]);
    const text = frames.find(({ opcode }) => opcode === OPCODE.text);
    expect(text?.payload.toString()).toEndWith(`\n\n${BODY}\0`);
  });

  test("of the socket may cut a frame anywhere", async () => {
    const bytes = clientFrame(TEXT, FRAME);
    for (const byte of bytes) witness.send(Uint8Array.of(byte));
    expect(await witness.nextText()).toEndWith(`\n\n${BODY}\0`);
  });

  test("may be many messages at once, and one message many frames", async () => {
    const send = (body: string): string => `SEND\ndestination:/topic/witness\n\n${body}\0`;
    witness.send(
      joined(
        clientFrame(TEXT, send("a") + "\n\n" + send("b")),
        clientFrame(FIN | OPCODE.binary, send("c")),
        clientFrame(TEXT, send("d").slice(0, 20)),
        clientFrame(FIN | OPCODE.binary, send("d").slice(20)),
      ),
    );
    for (const body of ["a", "b", "c", "d"]) {
      expect(await witness.nextText()).toEndWith(`\n\n${body}\0`);
    }
  });
});

test("an empty ping is answered before login, too", async () => {
  const socket = await openRawWebSocket({ port: broker.ws });
  sockets.push(socket);
  socket.send(clientFrame(FIN | OPCODE.ping, ""));
  expect(await socket.next()).toEqual({ opcode: OPCODE.pong, payload: Buffer.alloc(0) });
});

test("a body that is no UTF-8 comes in a binary message, others in text messages", async () => {
  const send = (body: Uint8Array): Uint8Array =>
    clientFrame(
      FIN | OPCODE.binary,
      Buffer.concat([
        Buffer.from(`SEND\ndestination:/topic/witness\ncontent-length:${body.length}\n\n`),
        body,
        Uint8Array.of(0),
      ]),
    );
  witness.send(send(Uint8Array.of(0xff, 0, 0xfe)));
  witness.send(send(Buffer.from("äöü\0")));
  const [binary, text] = [await witness.next(), await witness.next()];
  expect(binary.opcode).toBe(OPCODE.binary);
  expect(binary.payload.subarray(-5).toString("hex")).toBe("0aff00fe00");
  expect(text.opcode).toBe(OPCODE.text);
  expect(text.payload.toString()).toEndWith("\näöü\0\0");
});

/** SEMANTICS "Endpoints": HTTP on the STOMP port gets an answer that a browser can show. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { until } from "../support/until.ts";
import { type ByteStream, openByteStream } from "../support/tcp_line.ts";
import { type RealBroker, startRealBroker } from "./real_broker.ts";

let broker: RealBroker;
beforeAll(async () => {
  broker = await startRealBroker();
});
afterAll(() => broker.stop());

interface Conversation {
  readonly stream: ByteStream;
  /** Everything that came, once the broker has ended it. */
  readonly all: Promise<string>;
  /** What came until `wanted` was in it. */
  readonly includes: (wanted: string) => Promise<string>;
}

async function talk(): Promise<Conversation> {
  let text = "";
  let over = false;
  const ended = Promise.withResolvers<string>();
  const stream = await openByteStream(
    { host: "127.0.0.1", port: broker.tcp },
    {
      data: (bytes) => {
        text += Buffer.from(bytes).toString();
      },
      ended: () => {
        over = true;
        ended.resolve(text);
      },
    },
  );
  const includes = async (wanted: string): Promise<string> => {
    await until(wanted, () => over || text.includes(wanted));
    return text;
  };
  return { stream, all: ended.promise, includes };
}

const WAYS = {
  whole: (stream: ByteStream, text: string) => stream.write(Buffer.from(text)),
  "byte by byte": (stream: ByteStream, text: string) => {
    for (const byte of Buffer.from(text)) stream.write(Uint8Array.of(byte));
  },
};

const REQUESTS = [
  "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
  "POST /api/v1/send HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
  "HEAD / HTTP/1.0\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\n\r\n",
  "CONNECT example.com:443 HTTP/1.1\r\n\r\n",
  "PROPFIND / HTTP/1.1\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];

for (const [way, write] of Object.entries(WAYS)) {
  describe(way, () => {
    for (const request of REQUESTS) {
      test(`${request.split("\r\n")[0]} gets a plain 400 with the right URL`, async () => {
        const { stream, all } = await talk();
        write(stream, request);
        const answer = await all;
        stream.end();
        const [head = "", body = ""] = answer.split("\r\n\r\n");
        expect(head).toMatch(/^HTTP\/1\.1 400 /);
        expect(head.toLowerCase()).toContain(`\r\ncontent-length: ${Buffer.byteLength(body)}`);
        expect(head.toLowerCase()).toContain("\r\nconnection: close");
        expect(body).toContain(`http://localhost:${broker.ws}/`);
        expect(body).toContain(`ws://localhost:${broker.ws}/`);
      });
    }

    for (const frame of [
      "CONNECT\naccept-version:1.2\nhost:localhost\n\n\0",
      "CONNECT\r\naccept-version:1.1\r\n\r\n\0",
      "\n\nSTOMP\naccept-version:1.0,1.1\n\n\0",
      "STOMP\n\n\0",
    ]) {
      test(`${JSON.stringify(frame)} is STOMP`, async () => {
        const { stream, includes } = await talk();
        write(stream, frame);
        expect(await includes("\0")).toStartWith("CONNECTED\n");
        stream.cut();
      });
    }

    for (const text of [
      "get / HTTP/1.1\r\n\r\n",
      "\x16\x03\x01\x02\0\x01\0",
      "PINGPINGPINGPING\n",
    ]) {
      test(`${JSON.stringify(text)} is neither, and refused as STOMP`, async () => {
        const { stream, all } = await talk();
        write(stream, text);
        stream.write(Buffer.from("\n\n\0"));
        expect(await all).toStartWith("ERROR\n");
        stream.end();
      });
    }
  });
}

test("a broker without an HTTP listener says so", async () => {
  const alone = await startRealBroker({ listen: ["tcp://localhost:0"] });
  try {
    const answer = Promise.withResolvers<string>();
    let text = "";
    const stream = await openByteStream(
      { host: "127.0.0.1", port: alone.tcp },
      {
        data: (bytes) => {
          text += Buffer.from(bytes).toString();
        },
        ended: () => answer.resolve(text),
      },
    );
    stream.write(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    expect(await answer.promise).toContain("no HTTP listener");
    stream.end();
  } finally {
    await alone.stop();
  }
});

test("an HTTP client that does not close is gone after the time for a login", async () => {
  const strict = await startRealBroker({ limits: { loginTimeoutMs: 100 } });
  try {
    const stream = await openByteStream(
      { host: "127.0.0.1", port: strict.tcp },
      { data: () => {}, ended: () => {} },
    );
    stream.write(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    const isGone = () => strict.events.some(({ type }) => type === "disconnected");
    await until("the broker lets go of it", isGone);
    stream.cut();
  } finally {
    await strict.stop();
  }
});

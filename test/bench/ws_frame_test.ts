import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { wsFrame, wsHeadBytes } from "../../src/bench/ws_frame.ts";
import { openByteStream } from "../support/tcp_line.ts";

/** A real WebSocket server judges the frames: it gives back what it was sent. */
const place = { port: 0, stop: (): unknown => undefined };

beforeAll(() => {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response("no")),
    websocket: {
      message: (socket, data) => {
        const kind = typeof data === "string" ? "text" : "binary";
        socket.send(`${kind}:${Buffer.from(data).toString("hex")}`);
      },
      pong: (socket, data) => {
        socket.send(`pong:${Buffer.from(data).toString("hex")}`);
      },
    },
  });
  place.port = server.port ?? 0;
  place.stop = () => server.stop(true);
});
afterAll(() => place.stop());

/** Sends bytes behind an upgrade, and gives what comes back until it holds `until`. */
async function exchange(bytes: Uint8Array, until: string): Promise<string> {
  const done = Promise.withResolvers<string>();
  let text = "";
  const stream = await openByteStream(
    { host: "127.0.0.1", port: place.port },
    {
      data: (chunk) => {
        const before = text;
        text += Buffer.from(chunk).toString("latin1");
        if (!before.includes("\r\n\r\n") && text.includes("\r\n\r\n")) stream.write(bytes);
        if (text.includes(until)) done.resolve(text);
      },
      ended: () => done.reject(new Error(`The server ended it: ${text}`)),
    },
  );
  stream.write(
    Buffer.from(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    ),
  );
  const answer = await done.promise;
  stream.cut();
  return answer;
}

describe("a frame with a zero mask", () => {
  test.each([0, 1, 125, 126, 1000, 65_535, 65_536, 100_000])(
    "of %d bytes is understood by a server, and holds its payload as it is",
    async (length) => {
      const payload = Buffer.from("x".repeat(length));
      const frame = wsFrame(payload, "text");
      const head = wsHeadBytes(length);
      expect(frame.length).toBe(head + length);
      expect(Buffer.from(frame.subarray(head)).equals(payload)).toBe(true);
      expect([...frame.subarray(head - 4, head)]).toEqual([0, 0, 0, 0]);
      const told = `text:${payload.toString("hex")}`;
      expect(await exchange(frame, told)).toContain(told);
    },
  );

  test.each(["text", "binary", "pong"] as const)("may be %s", async (kind) => {
    const told = `${kind}:${Buffer.from("payload").toString("hex")}`;
    expect(await exchange(wsFrame(Buffer.from("payload"), kind), told)).toContain(told);
  });
});

/** SEMANTICS "ERROR" and "CONNECT": goodbyes that arrive, and peers that went without one. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect as connectSocket } from "node:net";
import { openByteStream, type ByteStream } from "../support/tcp_line.ts";
import { until } from "../support/until.ts";
import { clientFrame, FIN, OPCODE, openRawWebSocket } from "./raw_http.ts";
import { type RealBroker, startRealBroker } from "./real_broker.ts";

const CONNECT = "CONNECT\naccept-version:1.2\nhost:localhost\n\n\0";
const KIB = 1024;
const MIB = 1024 * KIB;

/** A client that reads when it is told to, and sees how it ends. */
interface Client {
  /** A piece of the STOMP stream. */
  send(text: string): void;
  stall(): void;
  flow(): void;
  cut(): void;
  /** The frame that begins with `command`; rejects when the end comes first. */
  frame(command: string): Promise<string>;
  /** How it ended: the close code, or over TCP whether there was a FIN. */
  readonly ended: Promise<number | "fin" | "reset">;
}

async function openTcp(port: number): Promise<Client> {
  let text = "";
  let over = false;
  const ended = Promise.withResolvers<"fin" | "reset">();
  const stream: ByteStream = await openByteStream(
    { host: "127.0.0.1", port },
    {
      data: (bytes) => {
        text += Buffer.from(bytes).toString();
      },
      ended: (clean) => {
        over = true;
        ended.resolve(clean ? "fin" : "reset");
      },
    },
  );
  return {
    send: (piece) => stream.write(Buffer.from(piece)),
    stall: stream.stall,
    flow: stream.flow,
    cut: stream.cut,
    frame: async (command) => {
      const find = () => text.split("\0").find((each) => each.trimStart().startsWith(command));
      await until(command, () => over || text.includes(`${command}\n`));
      const found = find();
      if (found === undefined) throw new Error(`The end came before ${command}`);
      return found;
    },
    ended: ended.promise,
  };
}

async function openWs(port: number): Promise<Client> {
  const socket = await openRawWebSocket({ port });
  const ended = Promise.withResolvers<number>();
  return {
    send: socket.text,
    stall: socket.stall,
    flow: socket.flow,
    cut: socket.cut,
    frame: async (command) => {
      for (;;) {
        const text = await socket.nextText();
        if (!text.startsWith(command)) continue;
        void socket.closeCode().then(ended.resolve);
        return text;
      }
    },
    ended: ended.promise,
  };
}

const TRANSPORTS = [
  { name: "ws", open: (broker: RealBroker) => openWs(broker.ws), goodbye: 1002 },
  { name: "tcp", open: (broker: RealBroker) => openTcp(broker.tcp), goodbye: "fin" },
] as const;

for (const { name, open, goodbye } of TRANSPORTS) {
  describe(`the ERROR over ${name} reaches a peer`, () => {
    let broker: RealBroker;
    beforeAll(async () => {
      broker = await startRealBroker();
    });
    afterAll(() => broker.stop());

    const connect = async (): Promise<Client> => {
      const client = await open(broker);
      client.send(CONNECT);
      await client.frame("CONNECTED");
      return client;
    };
    const piece = `SEND\ndestination:/topic/flood\n\n${"x".repeat(64 * KIB - 40)}\0`;

    test("that goes on sending megabytes and reads", async () => {
      const client = await connect();
      for (let sent = 0; sent < MIB; sent += piece.length) client.send(piece);
      client.send("BOGUS\n\n\0");
      for (let sent = 0; sent < 4 * MIB; sent += piece.length) client.send(piece);
      expect(await client.frame("ERROR")).toContain("code:unknown-command\n");
      client.cut();
    });

    test.each([0, 100 * KIB, 800 * KIB, 4 * MIB])(
      "that goes on sending %d bytes, and reads only after",
      async (bytes) => {
        const client = await connect();
        const refused = (): number => broker.events.filter(({ type }) => type === "refused").length;
        const before = refused();
        client.stall();
        client.send("BOGUS\n\n\0");
        for (let sent = 0; sent < bytes; sent += piece.length) client.send(piece);
        await until("the broker refused it", () => refused() > before);
        client.flow();
        expect(await client.frame("ERROR")).toContain("code:unknown-command\n");
        client.cut();
      },
    );

    test("whose frame was cut off by the limit, in the midst of it", async () => {
      const client = await connect();
      client.send("SEND\ndestination:/topic/flood\ncontent-length:5368709120\n\n");
      for (let sent = 0; sent < 800 * KIB; sent += piece.length) client.send("x".repeat(64 * KIB));
      expect(await client.frame("ERROR")).toContain("code:frame-too-large\n");
      client.cut();
    });

    test("that is quiet, and then a goodbye in order", async () => {
      const client = await connect();
      client.send("BOGUS\n\n\0");
      await client.frame("ERROR");
      expect(await client.ended).toBe(goodbye);
      client.cut();
    });
  });
}

describe("a mute peer that is being sent to", () => {
  /** A subscriber that reads and never sends, not even a pong, while a publisher goes on. */
  async function watch(
    open: (broker: RealBroker) => Promise<Client>,
  ): Promise<{ refused: string[]; sent: number }> {
    const broker = await startRealBroker({ limits: { pongTimeoutMs: 200, pingIntervalMs: 0 } });
    try {
      const mute = await open(broker);
      mute.send(CONNECT.replace("\n\n", "\nheart-beat:100,0\n\n"));
      await mute.frame("CONNECTED");
      mute.send("SUBSCRIBE\nid:s\ndestination:/topic/news\n\n\0");
      const publisher = await openTcp(broker.tcp);
      publisher.send(CONNECT.replace("\n\n", "\nheart-beat:0,100\n\n"));
      await publisher.frame("CONNECTED");
      const refusals = () =>
        broker.events.flatMap((event) => (event.type === "refused" ? [event.code] : []));
      let sent = 0;
      const more = setInterval(() => {
        publisher.send("SEND\ndestination:/topic/news\n\nnews\0");
        sent++;
      }, 20);
      try {
        await until("the broker notices", () => refusals().length > 0);
      } finally {
        clearInterval(more);
      }
      mute.cut();
      publisher.cut();
      return { refused: refusals(), sent };
    } finally {
      await broker.stop();
    }
  }

  test("over TCP is told and closed", async () => {
    const { refused, sent } = await watch((broker) => openTcp(broker.tcp));
    expect(refused).toEqual(["heart-beat-missed"]);
    expect(sent).toBeGreaterThan(3);
  });

  test("over WebSocket is pinged, and closed when no pong comes", async () => {
    const { refused, sent } = await watch((broker) => openWs(broker.ws));
    expect(refused).toEqual(["heart-beat-missed"]);
    expect(sent).toBeGreaterThan(3);
  });
});

describe("a mute WebSocket peer", () => {
  test("that answers pings stays", async () => {
    const broker = await startRealBroker({ limits: { pongTimeoutMs: 100, pingIntervalMs: 0 } });
    try {
      const socket = await openRawWebSocket({ port: broker.ws });
      socket.text(CONNECT.replace("\n\n", "\nheart-beat:100,0\n\n"));
      expect(await socket.nextText()).toStartWith("CONNECTED");
      for (let pings = 0; pings < 4; pings++) {
        const { opcode, payload } = await socket.next();
        expect(opcode).toBe(OPCODE.ping);
        socket.send(clientFrame(FIN | OPCODE.pong, payload));
      }
      socket.text("SEND\ndestination:/topic/x\nreceipt:still-here\n\n\0");
      expect(await socket.nextText()).toContain("receipt-id:still-here");
      socket.cut();
    } finally {
      await broker.stop();
    }
  });

  test("without heart-beats is pinged, so that proxies keep the connection", async () => {
    const broker = await startRealBroker({ limits: { pingIntervalMs: 100 } });
    try {
      const socket = await openRawWebSocket({ port: broker.ws });
      socket.text(CONNECT);
      expect(await socket.nextText()).toStartWith("CONNECTED");
      for (let pings = 0; pings < 2; pings++) {
        const { opcode, payload } = await socket.next();
        expect(opcode).toBe(OPCODE.ping);
        socket.send(clientFrame(FIN | OPCODE.pong, payload));
      }
      socket.cut();
    } finally {
      await broker.stop();
    }
  });
});

describe("a TCP peer that says all at once and closes its half", () => {
  let broker: RealBroker;
  beforeAll(async () => {
    broker = await startRealBroker();
  });
  afterAll(() => broker.stop());

  /** What comes back for `input` followed by a FIN, as with `printf input | nc`. */
  async function pipe(input: string): Promise<string> {
    const socket = connectSocket({ host: "127.0.0.1", port: broker.tcp, allowHalfOpen: true });
    socket.end(input);
    return readAll(socket);
  }

  async function readAll(socket: AsyncIterable<unknown>): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of socket) if (chunk instanceof Uint8Array) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }

  test("gets CONNECTED", async () => {
    expect(await pipe("CONNECT\naccept-version:1.2\nhost:localhost\n\n\0")).toStartWith(
      "CONNECTED\nversion:1.2\n",
    );
  });

  test("has its message sent and gets the receipts", async () => {
    const answer = await pipe(
      `${CONNECT}SEND\ndestination:/queue/piped\nreceipt:1\n\nhello\0DISCONNECT\nreceipt:2\n\n\0`,
    );
    expect(answer).toContain("RECEIPT\nreceipt-id:1\n\n\0");
    expect(answer).toEndWith("RECEIPT\nreceipt-id:2\n\n\0");
    const message = await pipe(`${CONNECT}SUBSCRIBE\nid:s\ndestination:/queue/piped\n\n\0`);
    expect(message).toContain("MESSAGE\n");
    expect(message).toEndWith("\n\nhello\0");
  });

  test("gets the ERROR of a mistake", async () => {
    expect(await pipe(`${CONNECT}BOGUS\n\n\0`)).toContain("code:unknown-command\n");
  });

  test("gets the answer to HTTP", async () => {
    expect(await pipe("GET / HTTP/1.0\r\n\r\n")).toStartWith("HTTP/1.1 400 ");
  });

  test("gets an end when it says nothing", async () => {
    expect(await pipe("")).toBe("");
  });

  test("gets all that it is owed, though it reads only when the broker has heard its end", async () => {
    // More than the system's buffers hold, and within the outbox.
    const body = "x".repeat(4_000_000);
    const socket = connectSocket({ host: "127.0.0.1", port: broker.tcp, allowHalfOpen: true });
    const seen = broker.events.length;
    socket.end(
      `${CONNECT}SUBSCRIBE\nid:s\ndestination:/topic/big\n\n\0SEND\ndestination:/topic/big\n\n${body}\0`,
    );
    await until("the broker heard it", () =>
      broker.events.slice(seen).some(({ type }) => type === "disconnected"),
    );
    const answer = await readAll(socket);
    expect(answer.length).toBeGreaterThan(body.length);
    expect(answer.endsWith(`${body}\0`)).toBe(true);
  });
});

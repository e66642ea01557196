import { expect, test } from "bun:test";
import { openBroker } from "../support/brokers.ts";
import { openByteStream } from "../support/tcp_line.ts";
import { receive, send, subscribe } from "../support/steps.ts";
import { connectHeaders, overEachTransport } from "../transport_matrix.ts";

overEachTransport(
  "Bad input",
  (house) => {
    test("5 GB announced in content-length are refused at once, logged in or not", async () => {
      const frame = "SEND\ndestination:/topic/x\ncontent-length:5368709120\n\nsome";
      const peer = await house.connect();
      peer.send(frame);
      await peer.refused("frame-too-large");
      const early = await house.open();
      early.send(frame);
      const error = await early.take("ERROR");
      expect(["frame-too-large", "not-connected"]).toContain(error.get("code") ?? "");
      await early.closed();
    });

    test("5 GB announced by a frame that has no body wait for nothing", async () => {
      const peer = await house.open();
      peer.send("CONNECT\naccept-version:1.2\nhost:h\ncontent-length:5368709120\n\n\0");
      await peer.expect("CONNECTED");
      await peer.done("BEGIN", { transaction: "t", "content-length": "5368709120" });
      await peer.done("ABORT", { transaction: "t" });
    });

    test("a header that never ends is refused, logged in or not", async () => {
      for (const loggedIn of [true, false]) {
        const peer = loggedIn ? await house.connect() : await house.open();
        peer.send(`${loggedIn ? "SEND" : "CONNECT"}\nendless:${"x".repeat(20_000)}`);
        await peer.refused("header-too-large");
      }
    });

    test("headers without end are refused, logged in or not", async () => {
      for (const loggedIn of [true, false]) {
        const peer = loggedIn ? await house.connect() : await house.open();
        peer.send(`${loggedIn ? "SEND" : "CONNECT"}\n${"h:v\n".repeat(1_000)}`);
        await peer.refused("too-many-headers");
      }
    });

    test("bytes that are no STOMP at all are refused", async () => {
      for (const bytes of [
        "\x16\x03\x01\x02\0\x01",
        "\x00\xff\xfe",
        "*1\r\n$4\r\nPING\r\n\0",
        "<xml/>\0",
      ]) {
        const peer = await house.open();
        peer.send(Buffer.from(bytes, "latin1"));
        const error = await peer.take("ERROR");
        expect(error.get("code")).toMatch(/^(malformed|unknown|not-connected|invalid)/);
        await peer.closed();
      }
    });

    test("100,000 tiny pieces are put together, and others go on meanwhile", async () => {
      const destination = house.topic();
      const [peer, other] = [await house.connect(), await house.connect()];
      await subscribe(peer, destination);
      await subscribe(other, destination);
      const body = "x".repeat(100_000);
      peer.send(`SEND\ndestination:${destination}\n\n`);
      for (let at = 0; at < body.length; at += 20_000) {
        peer.send(body.slice(at, at + 20_000), { cut: "bytes" });
        await other.silent();
      }
      peer.send("\0");
      await peer.expect("MESSAGE", { "content-length": "100000" }, body);
      await other.expect("MESSAGE", {}, body);
    });

    test("line feeds without end cost nothing and are no fault", async () => {
      const peer = await house.connect();
      peer.send("\n".repeat(200_000));
      await peer.silent();
    });

    test("others notice nothing of a hundred bad clients", async () => {
      const destination = house.topic();
      const good = await house.connect();
      await subscribe(good, destination);
      for (let count = 0; count < 100; count++) {
        const bad = await house.connect();
        bad.send(count % 2 === 0 ? "BOGUS\n\n\0" : "SEND\nbroken\n\n\0");
        await bad.take("ERROR");
        bad.line.cut();
        if (count % 10 === 0) await send(good, destination, `${count}`);
      }
      await receive(good, ...Array.from({ length: 10 }, (_, at) => `${at * 10}`));
      await good.silent();
    });
  },
  { cuts: ["whole"] },
);

overEachTransport(
  "Bad input over sockets",
  (house) => {
    test("a topic subscriber that never reads is closed, its publisher and others go on", async () => {
      const destination = house.topic();
      const [mute, good] = [await house.connect(), await house.connect()];
      await subscribe(mute, destination);
      await subscribe(good, destination);
      mute.line.stall();
      const body = "x".repeat(100_000);
      // Sixty times 100 kB: beyond what the kernel's buffers and the outbox hold.
      for (let count = 0; count < 120; count++) {
        good.frame("SEND", { destination, receipt: `${count}` }, body);
        await good.take("MESSAGE");
        await good.take("RECEIPT", { "receipt-id": `${count}` });
      }
      expect(
        house
          .broker()
          .events.some(
            (event) =>
              event.type === "slow" || (event.type === "refused" && event.code === "slow-consumer"),
          ),
      ).toBe(true);
      await good.silent();
    });
  },
  {
    transports: ["ws", "tcp"],
    cuts: ["whole"],
    overrides: {
      limits: { outboxBytesMax: 262_144, publisherPauseMs: 50, slowConsumerGraceMs: 200 },
    },
  },
);

overEachTransport(
  "Login timeout over sockets",
  (house) => {
    test("one that never logs in is told and closed, one that has is not", async () => {
      const loggedIn = await house.connect();
      const mute = await house.open();
      await mute.refused("login-timeout");
      await loggedIn.silent();
    });
  },
  { transports: ["ws", "tcp"], cuts: ["whole"], overrides: { limits: { loginTimeoutMs: 200 } } },
);

test("RFC 6455: 100,000 fragments of one message are put together [ws]", async () => {
  const broker = await openBroker("ws");
  try {
    const peer = await broker.open({ waitMs: 15_000 });
    peer.frame("CONNECT", connectHeaders("1.2"));
    await peer.expect("CONNECTED");
    await subscribe(peer, "/topic/fragments");
    const frame = Buffer.from(`SEND\ndestination:/topic/fragments\n\n${"x".repeat(99_000)}\0`);
    for (let at = 0; at < frame.length; at++) {
      const last = at === frame.length - 1;
      peer.line.sendRaw?.((last ? 0x80 : 0) | (at === 0 ? 1 : 0), frame.subarray(at, at + 1));
    }
    await peer.expect("MESSAGE", { "content-length": "99000" });
  } finally {
    await broker.stop();
  }
});

test("RFC 6455: invalid UTF-8 in a text message ends the connection with 1007 [ws]", async () => {
  const broker = await openBroker("ws");
  try {
    const peer = await broker.open();
    peer.frame("CONNECT", connectHeaders("1.2"));
    await peer.expect("CONNECTED");
    peer.line.sendRaw?.(0x81, Uint8Array.of(0x53, 0xff, 0xfe, 0));
    expect((await peer.closed()).code).toBe(1007);
  } finally {
    await broker.stop();
  }
});

test("SEMANTICS Endpoints: an HTTP request on the TCP port gets a plain 400 with the right URL", async () => {
  const broker = await openBroker("tcp");
  try {
    for (const request of [
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST /ws HTTP/1.1\r\n\r\n",
      "HEAD / HTTP/1.0\r\n\r\n",
    ]) {
      const tcp = broker.addresses.find((address) => address.scheme === "tcp");
      const ws = broker.addresses.find((address) => address.scheme === "ws");
      let answer = "";
      const ended = Promise.withResolvers<void>();
      const stream = await openByteStream(
        { host: "127.0.0.1", port: tcp?.port ?? 0 },
        {
          data: (bytes) => {
            answer += Buffer.from(bytes).toString();
          },
          ended: () => ended.resolve(),
        },
      );
      stream.write(Buffer.from(request));
      await ended.promise;
      stream.end();
      expect(answer).toMatch(/^HTTP\/1\.[01] 400 /);
      expect(answer.toLowerCase()).toContain("content-type: text/plain");
      expect(answer).toContain(`localhost:${ws?.port}`);
      expect(answer).not.toContain("ERROR\n");
    }
  } finally {
    await broker.stop();
  }
});

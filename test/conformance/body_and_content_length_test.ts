import { expect, test } from "bun:test";
import type { FaultCode } from "../../src/fault.ts";
import { receive, send, subscribe, VERSIONS } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

overEachTransport("Body and Header content-length", (house) => {
  for (const version of VERSIONS) {
    test(`"Header content-length": it counts bytes, so NULs may be in the body (${version})`, async () => {
      const destination = house.topic();
      const peer = await house.connect({ version });
      await subscribe(peer, destination);
      const body = "\0a\0é\0🎈\0";
      peer.send(`SEND\ndestination:${destination}\ncontent-length:11\n\n${body}\0`);
      await peer.expect("MESSAGE", { "content-length": "11" }, body);
    });
  }

  test('"Header content-length": without it the body ends at the first NUL', async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    peer.send(
      `SEND\ndestination:${destination}\n\nfirst\0\n\nSEND\ndestination:${destination}\n\n\0`,
    );
    await peer.expect("MESSAGE", { "content-length": "5" }, "first");
    await peer.expect("MESSAGE", { "content-length": "0" }, "");
  });

  test('"Body": binary bytes cross unchanged', async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    const body = Uint8Array.from({ length: 256 }, (_, at) => at);
    peer.send(
      Buffer.concat([
        Buffer.from(
          `SEND\ndestination:${destination}\ncontent-length:256\ncontent-type:image/x\n\n`,
        ),
        body,
        Buffer.from("\0"),
      ]),
    );
    const message = await peer.expect("MESSAGE", { "content-type": "image/x" });
    expect([...message.body]).toEqual([...body]);
    expect(message.binary).toBe(true);
  });

  test('"Header content-length": bytes, not characters, towards the subscriber too', async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    await send(peer, destination, "é🎈");
    await peer.expect("MESSAGE", { "content-length": "6" }, "é🎈");
  });

  test('"Header content-length": it may be on any frame', async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await peer.done("SUBSCRIBE", { id: "s", destination, "content-length": "0" });
    await peer.done("BEGIN", { transaction: "t", "content-length": "0" });
    await peer.done("COMMIT", { transaction: "t", "content-length": "0" });
    await send(peer, destination, "x");
    await receive(peer, "x");
  });

  const bad: [value: string, code: FaultCode][] = [
    ["-1", "bad-content-length"],
    ["+3", "bad-content-length"],
    ["0x3", "bad-content-length"],
    ["3.0", "bad-content-length"],
    ["3e0", "bad-content-length"],
    ["", "bad-content-length"],
    [" ", "bad-content-length"],
    ["3 ", "bad-content-length"],
    [" 3", "bad-content-length"],
    ["three", "bad-content-length"],
    ["3,3", "bad-content-length"],
    ["٣", "bad-content-length"],
    ["5368709120", "frame-too-large"],
    ["4194305", "frame-too-large"],
  ];
  for (const [value, code] of bad) {
    test(`"Header content-length": ${JSON.stringify(value)} is ${code}, at once`, async () => {
      const peer = await house.connect();
      // The frame is not finished: the answer must not wait for the body.
      peer.send(`SEND\ndestination:/topic/x\ncontent-length:${value}\n\nabc`);
      await peer.refused(code);
    });
  }

  test('"Header content-length": a number beyond all bounds is refused at once', async () => {
    const peer = await house.connect();
    peer.send(`SEND\ndestination:/topic/x\ncontent-length:${"9".repeat(40)}\n\nabc`);
    const error = await peer.take("ERROR");
    expect(["bad-content-length", "frame-too-large"]).toContain(error.get("code") ?? "");
    await peer.closed();
  });

  test("SEMANTICS Decisions: a content-length that ends before the body does is an ERROR", async () => {
    const peer = await house.connect();
    peer.send("SEND\ndestination:/topic/x\ncontent-length:3\n\nabcd\0");
    await peer.refused("bad-content-length");
  });

  test("SEMANTICS Decisions: a content-length beyond the body swallows the next frame's bytes", async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    peer.send(`SEND\ndestination:${destination}\ncontent-length:7\n\nabc\0def\0`);
    const message = await peer.expect("MESSAGE", { "content-length": "7" });
    expect(message.text).toBe("abc\0def");
  });

  test('"Repeated Header Entries": of two content-lengths the first counts', async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    peer.send(`SEND\ndestination:${destination}\ncontent-length:3\ncontent-length:7\n\na\0c\0`);
    await peer.expect("MESSAGE", { "content-length": "3" }, "a\0c");
  });

  test('"Header content-type": it passes through, and nothing is made up', async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    await peer.done("SEND", { destination, "content-type": "text/plain;charset=utf-8" }, "a");
    await send(peer, destination, "b");
    await peer.expect("MESSAGE", { "content-type": "text/plain;charset=utf-8" }, "a");
    await peer.expect("MESSAGE", { "content-type": undefined }, "b");
  });

  test("SEMANTICS SEND: content-length never changes what the body means", async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    await peer.done("SEND", { destination, "content-length": "4" }, "text");
    await send(peer, destination, "text");
    const [counted, uncounted] = await receive(peer, "text", "text");
    expect(counted?.binary).toBe(uncounted?.binary ?? !counted?.binary);
  });
});

overEachTransport(
  "Body of a megabyte",
  (house) => {
    test('"Body": 1 MiB arrives whole', async () => {
      const destination = house.topic();
      const peer = await house.connect();
      await subscribe(peer, destination);
      const body = "0123456789abcdef".repeat(65_536);
      await peer.done("SEND", { destination }, body);
      const message = await peer.take("MESSAGE", { "content-length": `${body.length}` });
      expect(message.text === body).toBe(true);
    });
  },
  { cuts: ["whole", "random"] },
);

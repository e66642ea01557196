import { expect, test } from "bun:test";
import type { FaultCode } from "../../src/fault.ts";
import { openBroker } from "../support/brokers.ts";
import { receive, send, subscribe, VERSIONS } from "../support/steps.ts";
import { connectHeaders, overEachTransport } from "../transport_matrix.ts";

overEachTransport("ERROR", (house) => {
  for (const version of VERSIONS) {
    test(`SEMANTICS ERROR: it says what, why, and for which frame (${version})`, async () => {
      const peer = await house.connect({ version });
      peer.frame("SEND", { destination: "nowhere", receipt: "message 12" }, "body");
      const error = await peer.refused("bad-destination", {
        "receipt-id": "message 12",
        retry: "false",
        message: /^[A-Z]/,
      });
      expect(error.text).toContain("nowhere");
      expect(error.get("message")?.length).toBeLessThan(80);
      expect(`${error.lines.join("\n")}\n${error.text}`).not.toMatch(
        /\bat .*\.ts|node_modules|\/src\//,
      );
    });

    test(`"ERROR": without a receipt there is no receipt-id (${version})`, async () => {
      const peer = await house.connect({ version });
      peer.frame("SEND", { destination: "nowhere" });
      await peer.refused("bad-destination", { "receipt-id": undefined });
    });
  }

  /** The WebSocket close code of each kind of refusal, as SEMANTICS has them. */
  const kinds: [sent: string, code: FaultCode, close: number][] = [
    ["BOGUS\n\n\0", "unknown-command", 1002],
    ["SEND\nno colon\n\n\0", "malformed-header", 1002],
    ["SEND\nh:\\q\n\n\0", "bad-escape", 1002],
    ["SEND\ndestination:/topic/x\ncontent-length:-1\n\n\0", "bad-content-length", 1002],
    ["SEND\n\n\0", "missing-header", 1008],
    ["UNSUBSCRIBE\nid:none\n\n\0", "unknown-subscription", 1008],
    ["COMMIT\ntransaction:none\n\n\0", "unknown-transaction", 1008],
    [`SEND\nh:${"x".repeat(17_000)}\n\n\0`, "header-too-large", 1009],
    ["SEND\ndestination:/topic/x\ncontent-length:5000000\n\n", "frame-too-large", 1009],
  ];
  for (const [sent, code, close] of kinds) {
    test(`SEMANTICS ERROR: after ${code} the connection is closed with ${close}`, async () => {
      const peer = await house.connect();
      peer.send(sent, { cut: sent.length > 1_000 ? "whole" : house.cut });
      await peer.refused(code);
      const how = await peer.closed();
      expect(how.clean).toBe(true);
      if (house.transport !== "tcp") expect(how.code).toBe(close);
    });
  }

  test("SEMANTICS ERROR: frames before the failed one are carried out, those behind it are not", async () => {
    const destination = house.queue();
    const [peer, other] = [await house.connect(), await house.connect()];
    const frame = (body: string): string =>
      `SEND\ndestination:${destination}\nreceipt:${body}\n\n${body}\0`;
    peer.send(
      `${frame("1")}${frame("2")}SEND\ndestination:nowhere\nreceipt:bad\n\n\0${frame("3")}`,
    );
    await peer.expect("RECEIPT", { "receipt-id": "1" });
    await peer.expect("RECEIPT", { "receipt-id": "2" });
    await peer.expect("ERROR", { "receipt-id": "bad" });
    await peer.closed();
    expect(peer.waiting).toHaveLength(0);
    await subscribe(other, destination);
    await receive(other, "1", "2");
    await other.silent();
  });

  test('"ERROR": nothing comes after it, not even from a topic that goes on', async () => {
    const destination = house.topic();
    const [peer, other] = [await house.connect(), await house.connect()];
    await subscribe(peer, destination);
    peer.frame("BOGUS");
    await send(other, destination, "1", "2", "3");
    await peer.take("ERROR", { code: "unknown-command" });
    await peer.closed();
    expect(peer.waiting.filter((frame) => frame.command === "ERROR")).toHaveLength(0);
    const last = peer.waiting.at(-1);
    // A message may have been ahead of the ERROR, never behind it.
    expect(last === undefined || last.command === "MESSAGE").toBe(true);
  });

  test("SEMANTICS ERROR: values of the peer cannot forge a line or a frame", async () => {
    const peer = await house.connect();
    const destination = "x\nforged:1\n\n\0ERROR";
    peer.send(`SEND\ndestination:x\\nforged\\c1\\n\\nbody\nreceipt:a\\nb\\c\n\n\0`);
    const error = await peer.refused("bad-destination", {
      "receipt-id": "a\nb:",
      forged: undefined,
    });
    expect(error.text).not.toContain(destination);
  });

  test("SEMANTICS ERROR: the answer to a long value is short", async () => {
    const peer = await house.connect();
    peer.send(`SEND\ndestination:${"n".repeat(10_000)}\n\n\0`, { cut: "whole" });
    const error = await peer.refused("bad-destination");
    expect(error.text.length).toBeLessThan(2_000);
  });
});

overEachTransport(
  "ERROR towards a sender",
  (house) => {
    test("SEMANTICS ERROR: it reaches a peer that is still sending", async () => {
      const destination = house.queue();
      const peer = await house.connect({ fake: { lingers: true } });
      const flood = `SEND\ndestination:${destination}\n\n${"x".repeat(1_000)}\0`.repeat(400);
      peer.send("SEND\ndestination:nowhere\nreceipt:r\n\n\0");
      for (let time = 0; time < 2; time++) peer.send(flood);
      await peer.refused("bad-destination", { "receipt-id": "r" });
      peer.send(flood);
      peer.line.end();
      const other = await house.connect();
      await subscribe(other, destination);
      await other.silent();
    });

    test("SEMANTICS ERROR: other connections notice nothing", async () => {
      const destination = house.topic();
      const [bad, good] = [await house.connect(), await house.connect()];
      await subscribe(bad, destination);
      await subscribe(good, destination);
      await send(good, destination, "1");
      bad.frame("BOGUS");
      await bad.take("ERROR");
      await bad.closed();
      await send(good, destination, "2");
      await receive(good, "1", "2");
      await good.silent();
    });
  },
  { cuts: ["whole"] },
);

for (const transport of ["fake", "ws", "tcp"] as const) {
  test(`SEMANTICS ERROR: a broker that stops says so to everyone, and what was accepted comes first [${transport}]`, async () => {
    const broker = await openBroker(transport);
    const peers = [await broker.open(), await broker.open({ cut: "bytes" })];
    for (const peer of peers) {
      peer.frame("CONNECT", connectHeaders("1.2"));
      await peer.expect("CONNECTED");
      await subscribe(peer, "/topic/last");
    }
    await peers[0]?.done("SEND", { destination: "/topic/last" }, "last words");
    const stopped = broker.stop({ beforePeers: true });
    for (const peer of peers) {
      await peer.expect("MESSAGE", {}, "last words");
      await peer.expect("ERROR", { code: "shutting-down", "retry-after": /^\d+$/ });
      const how = await peer.closed();
      expect(how.clean).toBe(true);
      if (transport !== "tcp") expect(how.code).toBe(1001);
      peer.line.end();
    }
    await stopped;
  });
}

/** The last table of SEMANTICS: a case a row, where brokers were seen to disagree. */
import { expect, test } from "bun:test";
import type { FaultCode } from "../../src/fault.ts";
import type { Version } from "../support/received_frame.ts";
import { receive, settle, subscribe } from "../support/steps.ts";
import { connectHeaders, overEachTransport } from "../transport_matrix.ts";

overEachTransport("Decisions", (house) => {
  test("the receipt of a SEND in a transaction comes at once", async () => {
    const peer = await house.connect();
    await peer.done("BEGIN", { transaction: "t" });
    peer.frame("SEND", { destination: house.topic(), transaction: "t", receipt: "at once" });
    await peer.expect("RECEIPT", { "receipt-id": "at once" });
    await peer.done("COMMIT", { transaction: "t" });
    await peer.silent();
  });

  test("receipt and transaction of a SEND are taken out of the MESSAGE", async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    await peer.done("BEGIN", { transaction: "t" });
    await peer.done("SEND", { destination, transaction: "t" });
    await peer.done("COMMIT", { transaction: "t" });
    await peer.expect("MESSAGE", { transaction: undefined, receipt: undefined });
  });

  test("content-length is on every MESSAGE and ERROR", async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination);
    await peer.done("SEND", { destination }, "four");
    await peer.expect("MESSAGE", { "content-length": "4" }, "four");
    peer.frame("BOGUS");
    const error = await peer.expect("ERROR");
    expect(error.get("content-length")).toBe(`${error.body.length}`);
  });

  const malformed: [what: string, frame: string, code: FaultCode][] = [
    ["undefined escape", "SEND\ndestination:/topic/x\nh:\\q\n\n\0", "bad-escape"],
    ["malformed header line", "SEND\ndestination:/topic/x\nmalformed\n\n\0", "malformed-header"],
    [
      "short content-length",
      "SEND\ndestination:/topic/x\ncontent-length:1\n\nlong\0",
      "bad-content-length",
    ],
    [
      "bad content-length",
      "SEND\ndestination:/topic/x\ncontent-length:x\n\nlong\0",
      "bad-content-length",
    ],
  ];
  for (const [what, frame, code] of malformed) {
    test(`${what}: ERROR, close`, async () => {
      const peer = await house.connect();
      peer.send(frame);
      await peer.refused(code);
    });
  }

  test("CRLF between frames and mixed line ends are fine", async () => {
    const destination = house.topic();
    const peer = await house.connect();
    peer.send(`\r\n\nSUBSCRIBE\r\nid:s\ndestination:${destination}\r\n\n\0\r\n\r\n\n`);
    peer.send(`SEND\ndestination:${destination}\r\n\r\nx\0\r\n`);
    await receive(peer, "x");
  });

  const subscribing: [
    what: string,
    version: Version,
    frames: [string, Record<string, string>][],
    code: FaultCode,
  ][] = [
    [
      "SUBSCRIBE without id from 1.1",
      "1.1",
      [["SUBSCRIBE", { destination: "/topic/x" }]],
      "missing-header",
    ],
    [
      "a duplicate id",
      "1.2",
      [
        ["SUBSCRIBE", { id: "1", destination: "/topic/x" }],
        ["SUBSCRIBE", { id: "1", destination: "/topic/y" }],
      ],
      "duplicate-subscription",
    ],
    [
      "an unknown ack value",
      "1.2",
      [["SUBSCRIBE", { id: "1", destination: "/topic/x", ack: "x" }]],
      "bad-header",
    ],
    [
      "ACK without subscription in 1.1",
      "1.1",
      [
        ["SUBSCRIBE", { id: "1", destination: "/topic/x", ack: "client" }],
        ["ACK", { "message-id": "1" }],
      ],
      "missing-header",
    ],
    [
      "a second BEGIN of an id",
      "1.2",
      [
        ["BEGIN", { transaction: "t" }],
        ["BEGIN", { transaction: "t" }],
      ],
      "duplicate-transaction",
    ],
    ["a second CONNECT", "1.2", [["CONNECT", { "accept-version": "1.2" }]], "already-connected"],
  ];
  for (const [what, version, frames, code] of subscribing) {
    test(`${what}: ERROR, close`, async () => {
      const peer = await house.connect({ version });
      for (const [command, headers] of frames) peer.frame(command, headers);
      await peer.refused(code);
    });
  }

  test("no common version: ERROR with version, close", async () => {
    const peer = await house.open();
    peer.frame("CONNECT", { "accept-version": "3.0", host: "h" });
    await peer.refused("unsupported-version", { version: /1\.2/ });
  });

  test("/queue/a/b and an unknown host are accepted", async () => {
    const destination = `${house.queue()}/a/b`;
    const peer = await house.open();
    peer.frame("CONNECT", { ...connectHeaders("1.2"), host: "nobody.example" });
    await peer.expect("CONNECTED");
    await subscribe(peer, destination);
    await peer.done("SEND", { destination }, "x");
    await peer.expect("MESSAGE", { destination }, "x");
  });

  test("a non-ASCII destination is in the MESSAGE as sent", async () => {
    const destination = `${house.topic()}.žluť%20`;
    const peer = await house.connect();
    await subscribe(peer, destination);
    await peer.done("SEND", { destination }, "x");
    const message = await peer.expect("MESSAGE", {}, "x");
    expect(message.lines).toContain(`destination:${destination}`);
  });

  test("NACK in 1.0 is accepted", async () => {
    const destination = house.queue();
    const peer = await house.connect({ version: "1.0" });
    await subscribe(peer, destination, { ack: "client" });
    await peer.done("SEND", { destination }, "x");
    const [message] = await receive(peer, "x");
    await settle(peer, "NACK", message);
    await peer.expect("MESSAGE", { redelivered: "true" }, "x");
  });

  test("DISCONNECT with receipt: the receipt, then close 1000", async () => {
    const peer = await house.connect();
    peer.frame("DISCONNECT", { receipt: "bye" });
    await peer.expect("RECEIPT", { "receipt-id": "bye" });
    const how = await peer.closed();
    if (house.transport !== "tcp") expect(how.code).toBe(1000);
  });
});

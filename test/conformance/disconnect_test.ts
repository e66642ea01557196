import { expect, test } from "bun:test";
import { receive, send, subscribe, VERSIONS } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

overEachTransport("DISCONNECT", (house) => {
  for (const version of VERSIONS) {
    test(`"DISCONNECT": the receipt comes, then the end (${version})`, async () => {
      const peer = await house.connect({ version });
      peer.frame("DISCONNECT", { receipt: "77" });
      await peer.expect("RECEIPT", { "receipt-id": "77" });
      const how = await peer.closed();
      expect(how.clean).toBe(true);
      if (house.transport !== "tcp") expect(how.code).toBe(1000);
      expect(peer.waiting).toHaveLength(0);
    });

    test(`"DISCONNECT": without a receipt it just ends (${version})`, async () => {
      const peer = await house.connect({ version });
      peer.frame("DISCONNECT");
      const how = await peer.closed();
      expect(how.clean).toBe(true);
      if (house.transport !== "tcp") expect(how.code).toBe(1000);
      expect(peer.waiting).toHaveLength(0);
    });
  }

  test('"DISCONNECT": what was sent before it is carried out', async () => {
    const destination = house.queue();
    const [peer, other] = [await house.connect(), await house.connect()];
    peer.send(
      `SEND\ndestination:${destination}\n\n1\0SEND\ndestination:${destination}\nreceipt:2\n\n2\0DISCONNECT\nreceipt:bye\n\n\0`,
    );
    await peer.expect("RECEIPT", { "receipt-id": "2" });
    await peer.expect("RECEIPT", { "receipt-id": "bye" });
    await peer.closed();
    await subscribe(other, destination);
    await receive(other, "1", "2");
  });

  test('"DISCONNECT": frames behind it are not carried out', async () => {
    const destination = house.queue();
    const [peer, other] = [await house.connect(), await house.connect()];
    peer.send(
      `DISCONNECT\nreceipt:bye\n\n\0SEND\ndestination:${destination}\nreceipt:late\n\nlate\0BOGUS\n\n\0`,
    );
    await peer.expect("RECEIPT", { "receipt-id": "bye" });
    await peer.closed();
    expect(peer.waiting).toHaveLength(0);
    await subscribe(other, destination);
    await other.silent();
  });

  test('"DISCONNECT": nothing comes to its subscriptions any more', async () => {
    const destination = house.topic();
    const [peer, other] = [await house.connect(), await house.connect()];
    await subscribe(peer, destination);
    peer.frame("DISCONNECT", { receipt: "bye" });
    await peer.expect("RECEIPT", { "receipt-id": "bye" });
    await send(other, destination, "x");
    await peer.closed();
    expect(peer.waiting).toHaveLength(0);
  });

  test("SEMANTICS ACK: an orderly end without DISCONNECT is an end too", async () => {
    const destination = house.queue();
    const [peer, other] = [await house.connect(), await house.connect()];
    await subscribe(peer, destination, { ack: "client" });
    await send(other, destination, "x");
    await receive(peer, "x");
    peer.line.end();
    await peer.closed();
    await subscribe(other, destination);
    await other.expect("MESSAGE", { redelivered: "true" }, "x");
  });
});

overEachTransport(
  "A connection lost while sending",
  (house) => {
    test("SEMANTICS ERROR: a connection lost while waiting still has its accepted operations carried out", async () => {
      const destination = house.queue();
      const [peer, other] = [await house.connect(), await house.connect()];
      await subscribe(other, destination);
      await peer.done("SEND", { destination }, "accepted");
      peer.send(`SEND\ndestination:${destination}\n\nhalf a fra`);
      peer.line.cut();
      await receive(other, "accepted");
      await other.silent();
    });
  },
  { cuts: ["whole", "random"] },
);

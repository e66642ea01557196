import { expect, test } from "bun:test";
import { receive, send, settling, subscribe, VERSIONS } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

overEachTransport("Header receipt", (house) => {
  for (const version of VERSIONS) {
    test(`"Header receipt": every frame is answered, in order (${version})`, async () => {
      const destination = house.queue();
      const peer = await house.connect({ version });
      await send(peer, destination, "1", "2");
      await subscribe(peer, destination, { id: "before", ack: "client-individual" });
      const [first, second] = await receive(peer, "1", "2");
      if (first === undefined || second === undefined) throw new Error("Nothing came");
      const topic = house.topic();
      const frames: [string, Record<string, string>][] = [
        ["SUBSCRIBE", { id: "s", destination: topic }],
        ["BEGIN", { transaction: "t" }],
        ["SEND", { destination: `${topic}.nobody`, transaction: "t" }],
        ["ACK", { ...settling(version, first), transaction: "t" }],
        ["COMMIT", { transaction: "t" }],
        ["BEGIN", { transaction: "u" }],
        ["ABORT", { transaction: "u" }],
        ["SEND", { destination: `${topic}.nobody` }],
        ["ACK", settling(version, second)],
        ["UNSUBSCRIBE", { id: "s" }],
        ["DISCONNECT", {}],
      ];
      for (const [at, [command, headers]] of frames.entries()) {
        peer.frame(command, { ...headers, receipt: `${at}` });
      }
      for (const at of frames.keys()) {
        const receipt = await peer.expect("RECEIPT", { "receipt-id": `${at}` }, "");
        expect(receipt.headers.map(([name]) => name)).toEqual(["receipt-id"]);
      }
      await peer.closed();
      expect(peer.waiting).toHaveLength(0);
    });
  }

  test('"Header receipt": NACK is answered too', async () => {
    const destination = house.queue();
    const peer = await house.connect();
    await subscribe(peer, destination, { ack: "client" });
    await send(peer, destination, "1");
    const [first] = await receive(peer, "1");
    peer.frame("NACK", { id: first?.get("ack") ?? "", receipt: "nack" });
    await peer.take("RECEIPT", { "receipt-id": "nack" });
  });

  test('"Header receipt": no RECEIPT without it', async () => {
    const destination = house.topic();
    const peer = await house.connect();
    peer.frame("SUBSCRIBE", { id: "s", destination });
    peer.frame("SEND", { destination: house.topic() });
    peer.frame("BEGIN", { transaction: "t" });
    peer.frame("COMMIT", { transaction: "t" });
    peer.frame("UNSUBSCRIBE", { id: "s" });
    await peer.silent();
  });

  for (const receipt of [
    "77",
    "a b",
    "a:b",
    "back\\slash",
    "line\nfeed",
    "ünïcode 🎈",
    " padded ",
  ]) {
    test(`"Header receipt": the receipt ${JSON.stringify(receipt)} comes back as it was`, async () => {
      const peer = await house.connect();
      peer.frame("SEND", { destination: house.topic(), receipt });
      await peer.expect("RECEIPT", { "receipt-id": receipt });
    });
  }

  test('"RECEIPT": a receipt id may be used again', async () => {
    const peer = await house.connect();
    for (let time = 0; time < 3; time++) {
      peer.frame("SEND", { destination: house.topic(), receipt: "same" });
    }
    for (let time = 0; time < 3; time++) await peer.expect("RECEIPT", { "receipt-id": "same" });
    await peer.silent();
  });

  test('"RECEIPT": a hundred pipelined frames are answered in their order', async () => {
    const destination = house.queue();
    const peer = await house.connect();
    const ids = Array.from({ length: 100 }, (_, at) => `r${at}`);
    peer.send(ids.map((id) => `SEND\ndestination:${destination}\nreceipt:${id}\n\nx\0`).join(""), {
      cut: house.cut === "bytes" ? "random" : house.cut,
    });
    for (const id of ids) await peer.expect("RECEIPT", { "receipt-id": id });
    await peer.silent();
  });

  test("SEMANTICS SEND: the RECEIPT means accepted, so that whoever comes later finds it", async () => {
    const destination = house.queue();
    const [sender, receiver] = [await house.connect(), await house.connect()];
    await send(sender, destination, "x");
    sender.line.cut();
    await subscribe(receiver, destination);
    await receive(receiver, "x");
  });
});

import { expect, test } from "bun:test";
import type { FaultCode } from "../../src/fault.ts";
import { receive, send, settle, subscribe, VERSIONS } from "../support/steps.ts";
import { overEachTransport, type House } from "../transport_matrix.ts";

async function begun(house: House, ...ids: string[]) {
  const peer = await house.connect();
  for (const transaction of ids) await peer.done("BEGIN", { transaction });
  return peer;
}

overEachTransport("Transactions", (house) => {
  for (const version of VERSIONS) {
    test(`"COMMIT": messages sent within come at COMMIT, all, in order (${version})`, async () => {
      const [topic, queue] = [house.topic(), house.queue()];
      const [sender, receiver] = [await house.connect({ version }), await house.connect()];
      await subscribe(receiver, topic, { id: "t" });
      await subscribe(receiver, queue, { id: "q" });
      await sender.done("BEGIN", { transaction: "tx 1" });
      await sender.done("SEND", { destination: topic, transaction: "tx 1" }, "1");
      await sender.done("SEND", { destination: queue, transaction: "tx 1" }, "2");
      await sender.done("SEND", { destination: topic, transaction: "tx 1" }, "3");
      await receiver.silent();
      await sender.done("COMMIT", { transaction: "tx 1" });
      await receive(receiver, "1", "2", "3");
      await receiver.silent();
    });

    test(`"ABORT": messages sent within never come (${version})`, async () => {
      const destination = house.queue();
      const peer = await house.connect({ version });
      await peer.done("BEGIN", { transaction: "t" });
      await peer.done("SEND", { destination, transaction: "t" }, "x");
      await peer.done("ABORT", { transaction: "t" });
      await subscribe(peer, destination);
      await peer.silent();
    });

    test(`"ACK": within a transaction it counts at COMMIT (${version})`, async () => {
      const destination = house.queue();
      const peer = await house.connect({ version });
      await subscribe(peer, destination, { ack: "client-individual" });
      await send(peer, destination, "1", "2");
      const [first] = await receive(peer, "1", "2");
      await peer.done("BEGIN", { transaction: "t" });
      await settle(peer, "ACK", first, { transaction: "t" });
      await peer.done("COMMIT", { transaction: "t" });
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await subscribe(peer, destination, { id: "late" });
      await receive(peer, "2");
      await peer.silent();
    });

    test(`"NACK": within a transaction it counts at COMMIT (${version})`, async () => {
      const destination = house.queue();
      const peer = await house.connect({ version });
      await subscribe(peer, destination, { ack: "client-individual", "prefetch-count": "1" });
      await send(peer, destination, "1");
      const [first] = await receive(peer, "1");
      await peer.done("BEGIN", { transaction: "t" });
      await settle(peer, "NACK", first, { transaction: "t" });
      await peer.silent();
      await peer.done("COMMIT", { transaction: "t" });
      await peer.expect("MESSAGE", { redelivered: "true", "delivery-count": "2" }, "1");
    });
  }

  test("SEMANTICS Transactions: what is outside goes at once, before what is inside", async () => {
    const destination = house.topic();
    const peer = await begun(house, "t");
    await subscribe(peer, destination);
    await peer.done("SEND", { destination, transaction: "t" }, "inside");
    await send(peer, destination, "outside");
    await receive(peer, "outside");
    await peer.done("COMMIT", { transaction: "t" });
    await receive(peer, "inside");
  });

  test("SEMANTICS Transactions: several may be open, each with its own frames", async () => {
    const destination = house.topic();
    const peer = await begun(house, "a", "b", "c");
    await subscribe(peer, destination);
    for (const [transaction, body] of [
      ["a", "1"],
      ["b", "2"],
      ["c", "3"],
      ["a", "4"],
    ] as const) {
      await peer.done("SEND", { destination, transaction }, body);
    }
    await peer.done("COMMIT", { transaction: "b" });
    await peer.done("ABORT", { transaction: "c" });
    await peer.done("COMMIT", { transaction: "a" });
    await receive(peer, "2", "1", "4");
    await peer.silent();
  });

  test('"BEGIN": an id is of its connection, and free again afterwards', async () => {
    const destination = house.topic();
    const [one, two] = [await begun(house, "t"), await begun(house, "t")];
    await subscribe(one, destination);
    await two.done("SEND", { destination, transaction: "t" }, "two");
    await one.done("ABORT", { transaction: "t" });
    await one.silent();
    await two.done("COMMIT", { transaction: "t" });
    await receive(one, "two");
    await one.done("BEGIN", { transaction: "t" });
    await one.done("SEND", { destination, transaction: "t" }, "again");
    await one.done("COMMIT", { transaction: "t" });
    await receive(one, "again");
  });

  test("SEMANTICS Transactions: an ACK within frees prefetch at once", async () => {
    const destination = house.queue();
    const peer = await begun(house, "t");
    await subscribe(peer, destination, { ack: "client-individual", "prefetch-count": "1" });
    await send(peer, destination, "1", "2");
    const [first] = await receive(peer, "1");
    await peer.silent();
    await settle(peer, "ACK", first, { transaction: "t" });
    await receive(peer, "2");
  });

  test("SEMANTICS Transactions: a cumulative ACK is bound to what was held when it came", async () => {
    const destination = house.queue();
    const peer = await begun(house, "t");
    await subscribe(peer, destination, { ack: "client", "prefetch-count": "2" });
    await send(peer, destination, "1", "2", "3", "4");
    const [, second] = await receive(peer, "1", "2");
    await settle(peer, "ACK", second, { transaction: "t" });
    await receive(peer, "3", "4");
    await peer.done("COMMIT", { transaction: "t" });
    await peer.done("UNSUBSCRIBE", { id: "s" });
    await subscribe(peer, destination, { id: "late" });
    await receive(peer, "3", "4");
    await peer.silent();
  });

  test("SEMANTICS Transactions: ABORT makes deliveries held and unacknowledged again", async () => {
    const destination = house.queue();
    const peer = await begun(house, "t");
    await subscribe(peer, destination, { ack: "client" });
    await send(peer, destination, "1", "2", "3");
    const [first, second] = await receive(peer, "1", "2", "3");
    await settle(peer, "ACK", second, { transaction: "t" });
    await peer.done("ABORT", { transaction: "t" });
    // They are still this consumer's: nothing is delivered again by itself.
    await peer.silent();
    await settle(peer, "ACK", first);
    await peer.done("UNSUBSCRIBE", { id: "s" });
    await subscribe(peer, destination, { id: "late" });
    const messages = await receive(peer, "2", "3");
    for (const message of messages) expect(message.get("redelivered")).toBe("true");
    await peer.silent();
  });

  test("SEMANTICS Transactions: ABORT may put a consumer over its prefetch, which then waits", async () => {
    const destination = house.queue();
    const peer = await begun(house, "t");
    await subscribe(peer, destination, { ack: "client-individual", "prefetch-count": "2" });
    await send(peer, destination, "1", "2", "3", "4", "5", "6");
    const [first, second] = await receive(peer, "1", "2");
    await settle(peer, "ACK", first, { transaction: "t" });
    await settle(peer, "ACK", second, { transaction: "t" });
    const [third, fourth] = await receive(peer, "3", "4");
    await peer.done("ABORT", { transaction: "t" });
    for (const message of [third, fourth]) {
      await settle(peer, "ACK", message);
      await peer.silent();
    }
    await settle(peer, "ACK", first);
    await receive(peer, "5");
    await peer.silent();
  });

  for (const command of ["ACK", "NACK"] as const) {
    for (const transaction of ["t", "u", undefined]) {
      test(`SEMANTICS Transactions: a second ${command}, ${transaction === undefined ? "outside" : `in "${transaction}"`}, of a delivery bound to "t" is an ERROR`, async () => {
        const destination = house.queue();
        const peer = await begun(house, "t", "u");
        await subscribe(peer, destination, { ack: "client-individual" });
        await send(peer, destination, "1");
        const [first] = await receive(peer, "1");
        await settle(peer, "ACK", first, { transaction: "t" });
        peer.frame(command, { id: first?.get("ack") ?? "", transaction, receipt: "second" });
        await peer.refused("unknown-ack", { "receipt-id": "second" });
      });
    }
  }

  test("SEMANTICS Transactions: bound deliveries survive UNSUBSCRIBE until COMMIT", async () => {
    const destination = house.queue();
    const [peer, other] = [await begun(house, "t"), await house.connect()];
    await subscribe(peer, destination, { ack: "client-individual" });
    await send(peer, destination, "1", "2");
    const [first] = await receive(peer, "1", "2");
    await settle(peer, "ACK", first, { transaction: "t" });
    await peer.done("UNSUBSCRIBE", { id: "s" });
    await subscribe(other, destination);
    await receive(other, "2");
    await other.silent();
    await peer.done("COMMIT", { transaction: "t" });
    await other.silent();
    await other.done("UNSUBSCRIBE", { id: "s" });
    await subscribe(peer, destination, { id: "late" });
    await peer.silent();
  });

  test("SEMANTICS Transactions: at ABORT without their subscription they return to the queue", async () => {
    const destination = house.queue();
    const [peer, other] = [await begun(house, "t"), await house.connect()];
    await subscribe(peer, destination, { ack: "client-individual" });
    await send(peer, destination, "1");
    const [first] = await receive(peer, "1");
    await settle(peer, "ACK", first, { transaction: "t" });
    await peer.done("UNSUBSCRIBE", { id: "s" });
    await subscribe(other, destination);
    await other.silent();
    await peer.done("ABORT", { transaction: "t" });
    await other.expect("MESSAGE", { redelivered: "true" }, "1");
  });

  for (const loss of ["cut", "end", "DISCONNECT", "ERROR"] as const) {
    test(`SEMANTICS Transactions: a connection lost by ${loss} undoes`, async () => {
      const [destination, sentTo] = [house.queue(), house.queue()];
      const [peer, other] = [await begun(house, "t"), await house.connect()];
      await send(other, destination, "held");
      await subscribe(peer, destination, { ack: "client-individual" });
      const [held] = await receive(peer, "held");
      await settle(peer, "ACK", held, { transaction: "t" });
      await peer.done("SEND", { destination: sentTo, transaction: "t" }, "undone");
      if (loss === "cut") peer.line.cut();
      else if (loss === "end") peer.line.end();
      else if (loss === "DISCONNECT") peer.frame("DISCONNECT");
      else peer.frame("BOGUS");
      await subscribe(other, destination, { id: "1" });
      await subscribe(other, sentTo, { id: "2" });
      await other.take("MESSAGE", { subscription: "1", redelivered: "true" });
      await other.silent();
    });
  }

  test("SEMANTICS SEND: receipts within come at once and do not wait for COMMIT", async () => {
    const destination = house.queue();
    const peer = await begun(house, "t");
    await subscribe(peer, destination, { ack: "client" });
    await send(peer, destination, "1");
    const [first] = await receive(peer, "1");
    await peer.done("SEND", { destination, transaction: "t" }, "2");
    await settle(peer, "ACK", first, { transaction: "t" });
    await peer.silent();
    await peer.done("ABORT", { transaction: "t" });
    await peer.silent();
  });

  const refused: [
    what: string,
    command: string,
    headers: Record<string, string>,
    code: FaultCode,
  ][] = [
    ["BEGIN without an id", "BEGIN", {}, "missing-header"],
    ["COMMIT without an id", "COMMIT", {}, "missing-header"],
    ["ABORT without an id", "ABORT", {}, "missing-header"],
    ["a second BEGIN of an id", "BEGIN", { transaction: "t" }, "duplicate-transaction"],
    ["COMMIT of an unknown id", "COMMIT", { transaction: "u" }, "unknown-transaction"],
    ["ABORT of an unknown id", "ABORT", { transaction: "u" }, "unknown-transaction"],
    [
      "SEND in an unknown one",
      "SEND",
      { transaction: "u", destination: "/topic/x" },
      "unknown-transaction",
    ],
    ["ids in another case", "COMMIT", { transaction: "T" }, "unknown-transaction"],
  ];
  for (const [what, command, headers, code] of refused) {
    test(`"BEGIN": ${what} is ${code}`, async () => {
      const peer = await begun(house, "t");
      peer.frame(command, { ...headers, receipt: "r" });
      await peer.refused(code, { "receipt-id": "r" });
    });
  }

  for (const end of ["COMMIT", "ABORT"]) {
    test(`"${end}": it ends the transaction, so that its id is unknown`, async () => {
      const peer = await begun(house, "t");
      await peer.done(end, { transaction: "t" });
      peer.frame("SEND", { destination: "/topic/x", transaction: "t" });
      await peer.refused("unknown-transaction");
    });

    test(`"${end}": of nothing it does nothing`, async () => {
      const peer = await begun(house, "t");
      await peer.done(end, { transaction: "t" });
      await peer.silent();
    });
  }

  test("SEMANTICS Transactions: ACK in an unknown transaction is an ERROR", async () => {
    const destination = house.queue();
    const peer = await house.connect();
    await subscribe(peer, destination, { ack: "client" });
    await send(peer, destination, "1");
    const [first] = await receive(peer, "1");
    peer.frame("ACK", { id: first?.get("ack") ?? "", transaction: "u" });
    await peer.refused("unknown-transaction");
  });

  test("SEMANTICS Transactions: a message taken and its answer sent are one", async () => {
    const [requests, answers] = [house.queue(), house.queue()];
    const [worker, client] = [await house.connect(), await house.connect()];
    await subscribe(client, answers);
    await send(client, requests, "job");
    await subscribe(worker, requests, { ack: "client-individual" });
    for (const end of ["ABORT", "COMMIT"]) {
      const [job] = await receive(worker, "job");
      await worker.done("BEGIN", { transaction: end });
      await settle(worker, "ACK", job, { transaction: end });
      await worker.done("SEND", { destination: answers, transaction: end }, `answer at ${end}`);
      await worker.done(end, { transaction: end });
      if (end === "ABORT") await settle(worker, "NACK", job);
    }
    await receive(client, "answer at COMMIT");
    await client.silent();
    await worker.silent();
  });
});

import { expect, test } from "bun:test";
import type { ReceivedFrame, Version } from "../support/received_frame.ts";
import { receive, send, settle, subscribe, VERSIONS } from "../support/steps.ts";
import { overEachTransport, type House } from "../transport_matrix.ts";

/** What of a queue is left once its consumers are gone. */
async function left(house: House, destination: string): Promise<string[]> {
  const late = await house.connect();
  await subscribe(late, destination, { id: "late" });
  await late.done("BEGIN", { transaction: "t" });
  await late.done("ABORT", { transaction: "t" });
  return late.waiting.filter((frame) => frame.command === "MESSAGE").map((frame) => frame.text);
}

overEachTransport("ACK", (house) => {
  for (const version of VERSIONS) {
    test(`"SUBSCRIBE ack Header": auto needs no ACK, and has no ack header (${version})`, async () => {
      const destination = house.queue();
      const peer = await house.connect({ version });
      await subscribe(peer, destination);
      await send(peer, destination, "1", "2");
      const [first] = await receive(peer, "1", "2");
      expect(first?.get("ack")).toBeUndefined();
      peer.line.cut();
      expect(await left(house, destination)).toEqual([]);
    });

    for (const ack of ["client", "client-individual"]) {
      test(`"MESSAGE": the ack header is there in 1.2 only (${version}, ${ack})`, async () => {
        const destination = house.queue();
        const peer = await house.connect({ version });
        await subscribe(peer, destination, { ack });
        await send(peer, destination, "1", "2");
        const [first, second] = await receive(peer, "1", "2");
        if (version === "1.2") {
          expect(first?.get("ack")).toMatch(/./);
          expect(first?.get("ack")).not.toBe(second?.get("ack") ?? "");
        } else {
          expect(first?.get("ack")).toBeUndefined();
        }
      });

      test(`"SUBSCRIBE ack Header": what is not acknowledged comes again (${version}, ${ack})`, async () => {
        const destination = house.queue();
        const peer = await house.connect({ version });
        await subscribe(peer, destination, { ack });
        await send(peer, destination, "1", "2");
        await receive(peer, "1", "2");
        await peer.done("UNSUBSCRIBE", { id: "s" });
        expect(await left(house, destination)).toEqual(["1", "2"]);
      });
    }

    test(`"SUBSCRIBE ack Header": in client mode an ACK is cumulative (${version})`, async () => {
      const destination = house.queue();
      const peer = await house.connect({ version });
      await subscribe(peer, destination, { ack: "client" });
      await send(peer, destination, "1", "2", "3", "4");
      const [, , third] = await receive(peer, "1", "2", "3", "4");
      await settle(peer, "ACK", third);
      await peer.done("UNSUBSCRIBE", { id: "s" });
      expect(await left(house, destination)).toEqual(["4"]);
    });

    test(`"SUBSCRIBE ack Header": in client-individual mode an ACK is for one (${version})`, async () => {
      const destination = house.queue();
      const peer = await house.connect({ version });
      await subscribe(peer, destination, { ack: "client-individual" });
      await send(peer, destination, "1", "2", "3", "4");
      const [, , third] = await receive(peer, "1", "2", "3", "4");
      await settle(peer, "ACK", third);
      await peer.done("UNSUBSCRIBE", { id: "s" });
      expect(await left(house, destination)).toEqual(["1", "2", "4"]);
    });

    test(`SEMANTICS ACK: cumulative stays within its subscription (${version})`, async () => {
      const [first, second] = [house.queue(), house.queue()];
      const peer = await house.connect({ version });
      await subscribe(peer, first, { id: "1", ack: "client" });
      await subscribe(peer, second, { id: "2", ack: "client" });
      await send(peer, first, "a");
      await send(peer, second, "b");
      await send(peer, first, "c");
      const [, , c] = await receive(peer, "a", "b", "c");
      await settle(peer, "ACK", c);
      await peer.done("UNSUBSCRIBE", { id: "1" });
      await peer.done("UNSUBSCRIBE", { id: "2" });
      expect(await left(house, first)).toEqual([]);
      expect(await left(house, second)).toEqual(["b"]);
    });

    test(`SEMANTICS ACK: one already settled is ignored (${version})`, async () => {
      const destination = house.queue();
      const peer = await house.connect({ version });
      await subscribe(peer, destination, { ack: "client" });
      await send(peer, destination, "1", "2", "3");
      const [first, second] = await receive(peer, "1", "2", "3");
      await settle(peer, "ACK", second);
      await settle(peer, "ACK", second);
      await settle(peer, "ACK", first);
      await settle(peer, "NACK", first);
      await peer.silent();
      await peer.done("UNSUBSCRIBE", { id: "s" });
      expect(await left(house, destination)).toEqual(["3"]);
    });

    test(`SEMANTICS ACK: on a connection with only auto subscriptions any id is ignored (${version})`, async () => {
      const destination = house.topic();
      const peer = await house.connect({ version });
      await subscribe(peer, destination);
      await send(peer, destination, "x");
      const [message] = await receive(peer, "x");
      for (const id of ["undefined", "bogus", message?.get("message-id") ?? ""]) {
        for (const command of ["ACK", "NACK"]) {
          await peer.done(command, { id, "message-id": id, subscription: "s" });
        }
      }
      await peer.silent();
    });

    test(`SEMANTICS ACK: an unknown id is an ERROR (${version})`, async () => {
      const peer = await house.connect({ version });
      await subscribe(peer, house.queue(), { ack: "client" });
      peer.frame("ACK", { id: "bogus", "message-id": "bogus", subscription: "s", receipt: "r" });
      await peer.refused("unknown-ack", { "receipt-id": "r" });
    });

    test(`SEMANTICS ACK: old clients echo the whole MESSAGE (${version})`, async () => {
      const destination = house.queue();
      const peer = await house.connect({ version });
      await subscribe(peer, destination, { ack: "client-individual" });
      await peer.done("SEND", { destination, id: "user's own", extra: "x" }, "1");
      const [message] = await receive(peer, "1");
      const echo: Record<string, string> = Object.fromEntries(message?.headers ?? []);
      if (version === "1.2") echo["id"] = message?.get("ack") ?? "";
      // With content-length and without a body: an ACK has none, so there is nothing to count.
      expect(echo["content-length"]).toBe("1");
      await peer.done("ACK", echo);
      await peer.done("UNSUBSCRIBE", { id: "s" });
      expect(await left(house, destination)).toEqual([]);
    });
  }

  test("SEMANTICS ACK: in 1.2 the message-id is taken for the id too", async () => {
    const destination = house.queue();
    const peer = await house.connect();
    await subscribe(peer, destination, { ack: "client-individual" });
    await send(peer, destination, "1", "2");
    const [, second] = await receive(peer, "1", "2");
    await peer.done("ACK", { id: second?.get("message-id") ?? "" });
    await peer.done("UNSUBSCRIBE", { id: "s" });
    expect(await left(house, destination)).toEqual(["1"]);
  });

  test('"ACK": a message of two subscriptions is acknowledged for the one named', async () => {
    const topic = house.topic();
    const peer = await house.connect({ version: "1.1" });
    await subscribe(peer, topic, { id: "1", ack: "client-individual", "prefetch-count": "1" });
    await subscribe(peer, topic, { id: "2", ack: "client-individual", "prefetch-count": "1" });
    await send(peer, topic, "x", "y");
    const both = await receive(peer, "x", "x");
    const ofTwo = both.find((message) => message.get("subscription") === "2");
    await settle(peer, "ACK", ofTwo);
    await peer.expect("MESSAGE", { subscription: "2" }, "y");
    await peer.silent();
  });

  const missing: [version: Version, headers: Record<string, string>][] = [
    ["1.2", {}],
    ["1.2", { "message-id": "1", subscription: "s" }],
    ["1.1", { "message-id": "1" }],
    ["1.1", { subscription: "s" }],
    ["1.1", { id: "1" }],
    ["1.0", { subscription: "s" }],
  ];
  for (const command of ["ACK", "NACK"]) {
    for (const [version, headers] of missing) {
      test(`"${command}": with only ${JSON.stringify(headers)} it is refused in ${version}`, async () => {
        const peer = await house.connect({ version });
        await subscribe(peer, house.queue(), { ack: "client" });
        peer.frame(command, { ...headers, receipt: "r" });
        await peer.refused("missing-header", { "receipt-id": "r" });
      });
    }
  }

  test("SEMANTICS ACK: another connection's id is unknown, and its message stays held", async () => {
    const destination = house.queue();
    const [holder, thief] = [await house.connect(), await house.connect()];
    await subscribe(holder, destination, { ack: "client-individual" });
    await subscribe(thief, house.queue(), { ack: "client-individual" });
    await send(holder, destination, "x");
    const [message] = await receive(holder, "x");
    thief.frame("ACK", { id: message?.get("ack") ?? "" });
    await thief.refused("unknown-ack");
    await holder.done("UNSUBSCRIBE", { id: "s" });
    expect(await left(house, destination)).toEqual(["x"]);
  });

  for (const ack of ["client", "client-individual"]) {
    test(`SEMANTICS SUBSCRIBE: an ACK frees prefetch (${ack})`, async () => {
      const destination = house.queue();
      const peer = await house.connect();
      await subscribe(peer, destination, { ack, "prefetch-count": "2" });
      await send(peer, destination, "1", "2", "3", "4", "5");
      const [first, second] = await receive(peer, "1", "2");
      await peer.silent();
      await settle(peer, "ACK", first);
      await receive(peer, "3");
      await peer.silent();
      await settle(peer, "ACK", second);
      await receive(peer, "4");
      await peer.silent();
    });

    test(`SEMANTICS SUBSCRIBE: a topic in ${ack} mode is a private queue with prefetch`, async () => {
      const destination = house.topic();
      const [peer, other] = [await house.connect(), await house.connect()];
      await subscribe(peer, destination, { ack, "prefetch-count": "1" });
      await subscribe(other, destination);
      await send(other, destination, "1", "2", "3");
      await receive(other, "1", "2", "3");
      for (const body of ["1", "2", "3"]) {
        const [message] = await receive(peer, body);
        await peer.silent();
        await settle(peer, "ACK", message);
      }
      await peer.silent();
    });

    test(`SEMANTICS SUBSCRIBE: a topic in ${ack} mode forgets with its subscription`, async () => {
      const destination = house.topic();
      const peer = await house.connect();
      await subscribe(peer, destination, { ack, "prefetch-count": "1" });
      await send(peer, destination, "1", "2");
      await receive(peer, "1");
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await subscribe(peer, destination, { ack });
      await peer.silent();
    });
  }

  test('"ACK": a long run acknowledged one by one, out of order, ends empty', async () => {
    const destination = house.queue();
    const peer = await house.connect();
    await subscribe(peer, destination, { ack: "client-individual", "prefetch-count": "7" });
    const sender = await house.connect({ cut: "whole" });
    const bodies = Array.from({ length: 60 }, (_, at) => `${at}`);
    await send(sender, destination, ...bodies);
    const seen: string[] = [];
    while (seen.length < bodies.length) {
      const held: ReceivedFrame[] = [];
      while (held.length < Math.min(7, bodies.length - seen.length)) {
        const message = await peer.take("MESSAGE");
        held.push(message);
      }
      seen.push(...held.map((message) => message.text));
      for (const message of held.reverse()) peer.frame("ACK", { id: message.get("ack") ?? "" });
    }
    expect(seen).toEqual(bodies);
    await peer.silent();
    await peer.done("UNSUBSCRIBE", { id: "s" });
    expect(await left(house, destination)).toEqual([]);
  });
});

import { expect, test } from "bun:test";
import { receive, send, settle, subscribe, VERSIONS } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

overEachTransport("NACK and redelivery", (house) => {
  for (const version of VERSIONS) {
    for (const kind of ["queue", "topic"] as const) {
      test(`SEMANTICS NACK: a ${kind}'s message comes again, marked, before the next (${version})`, async () => {
        const destination = house[kind]();
        const peer = await house.connect({ version });
        await subscribe(peer, destination, { ack: "client-individual", "prefetch-count": "1" });
        await send(peer, destination, "1", "2");
        const first = await peer.expect(
          "MESSAGE",
          { redelivered: undefined, "delivery-count": undefined },
          "1",
        );
        await settle(peer, "NACK", first);
        const again = await peer.expect(
          "MESSAGE",
          { redelivered: "true", "delivery-count": "2", "message-id": /./ },
          "1",
        );
        await settle(peer, "ACK", again);
        await peer.expect("MESSAGE", { redelivered: undefined, "delivery-count": undefined }, "2");
      });
    }

    test(`SEMANTICS NACK: it is cumulative in client mode (${version})`, async () => {
      const destination = house.queue();
      const peer = await house.connect({ version });
      await subscribe(peer, destination, { ack: "client" });
      await send(peer, destination, "1", "2", "3");
      const [, second] = await receive(peer, "1", "2", "3");
      await settle(peer, "NACK", second);
      const again = await receive(peer, "1", "2");
      for (const message of again) expect(message.get("redelivered")).toBe("true");
      await peer.silent();
    });
  }

  test("SEMANTICS NACK: in client-individual mode it is for one", async () => {
    const destination = house.queue();
    const peer = await house.connect();
    await subscribe(peer, destination, { ack: "client-individual" });
    await send(peer, destination, "1", "2", "3");
    const [, second] = await receive(peer, "1", "2", "3");
    await settle(peer, "NACK", second);
    await receive(peer, "2");
    await peer.silent();
  });

  test("SEMANTICS ACK: the ids of a redelivery are new ones, and the old ack is settled", async () => {
    const destination = house.queue();
    const peer = await house.connect();
    await subscribe(peer, destination, { ack: "client-individual" });
    await send(peer, destination, "1");
    const [first] = await receive(peer, "1");
    await settle(peer, "NACK", first);
    const [again] = await receive(peer, "1");
    expect(again?.get("ack")).not.toBe(first?.get("ack") ?? "");
    await settle(peer, "ACK", first);
    await peer.done("UNSUBSCRIBE", { id: "s" });
    await subscribe(peer, destination, { id: "late" });
    await peer.expect("MESSAGE", { subscription: "late", "delivery-count": "3" }, "1");
  });

  test("SEMANTICS NACK: after max-deliveries a queue's message is in the dead-letter queue", async () => {
    const destination = house.queue();
    const peer = await house.connect();
    await subscribe(peer, destination, { ack: "client-individual", "prefetch-count": "1" });
    await peer.done("SEND", { destination, own: "header" }, "poison");
    await send(peer, destination, "next");
    for (let attempt = 1; attempt <= 6; attempt++) {
      const message = await peer.expect(
        "MESSAGE",
        { "delivery-count": attempt === 1 ? undefined : `${attempt}` },
        "poison",
      );
      await settle(peer, "NACK", message);
    }
    await receive(peer, "next");
    await peer.silent();
    const dead = destination.replace("/queue/", "/queue/DLQ.");
    await subscribe(peer, dead, { id: "dlq" });
    await peer.expect(
      "MESSAGE",
      {
        destination: dead,
        own: "header",
        "original-destination": destination,
        "dead-letter-reason": "max-deliveries",
        "delivery-count": /./,
      },
      "poison",
    );
  });

  test("SEMANTICS SUBSCRIBE: after max-deliveries a topic's message is dropped", async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination, { ack: "client-individual", "prefetch-count": "1" });
    await send(peer, destination, "poison", "next");
    for (let attempt = 1; attempt <= 6; attempt++) {
      const [message] = await receive(peer, "poison");
      await settle(peer, "NACK", message);
    }
    await receive(peer, "next");
    await peer.silent();
  });

  for (const leave of ["cut", "end", "DISCONNECT", "UNSUBSCRIBE", "ERROR"] as const) {
    test(`SEMANTICS ACK: what a consumer gone by ${leave} held returns to its old place, marked`, async () => {
      const destination = house.queue();
      const [gone, other] = [await house.connect(), await house.connect()];
      await subscribe(gone, destination, { ack: "client-individual", "prefetch-count": "3" });
      await send(other, destination, "1", "2", "3", "4");
      const [, second] = await receive(gone, "1", "2", "3");
      await settle(gone, "ACK", second);
      await receive(gone, "4");
      await send(other, destination, "5");
      await subscribe(other, house.queue(), { id: "ahead" });
      if (leave === "cut") gone.line.cut();
      else if (leave === "end") gone.line.end();
      else if (leave === "UNSUBSCRIBE") await gone.done("UNSUBSCRIBE", { id: "s" });
      else if (leave === "DISCONNECT") await gone.done("DISCONNECT");
      else {
        gone.frame("BOGUS");
        await gone.refused("unknown-command");
      }
      await subscribe(other, destination, { ack: "client-individual" });
      // Where the line was lost, the broker may notice after the subscription is live.
      const seen = new Map<string, string | undefined>();
      while (seen.size < 4) {
        const message = await other.take("MESSAGE");
        seen.set(message.text, message.get("redelivered"));
      }
      if (leave !== "cut" && leave !== "end")
        expect([...seen.keys()]).toEqual(["1", "3", "4", "5"]);
      expect(
        [...seen]
          .filter(([, redelivered]) => redelivered === "true")
          .map(([body]) => body)
          .sort(),
      ).toEqual(["1", "3", "4"]);
      await other.silent();
    });
  }

  test("SEMANTICS ACK: what returns goes to a consumer that has credit, in order", async () => {
    const destination = house.queue();
    const [gone, other] = [await house.connect(), await house.connect()];
    await subscribe(gone, destination, { ack: "client", "prefetch-count": "2" });
    await send(gone, destination, "1", "2", "3", "4");
    await receive(gone, "1", "2");
    await subscribe(other, destination, { ack: "client", "prefetch-count": "1" });
    const [third] = await receive(other, "3");
    await gone.done("UNSUBSCRIBE", { id: "s" });
    await settle(other, "ACK", third);
    for (const body of ["1", "2", "4"]) {
      const [message] = await receive(other, body);
      await other.silent();
      await settle(other, "ACK", message);
    }
    await other.silent();
  });

  test("SEMANTICS MESSAGE: the message-id stays the same over redeliveries", async () => {
    const destination = house.queue();
    const peer = await house.connect({ version: "1.1" });
    await subscribe(peer, destination, { ack: "client" });
    await send(peer, destination, "1");
    const [first] = await receive(peer, "1");
    await settle(peer, "NACK", first);
    const [again] = await receive(peer, "1");
    await settle(peer, "ACK", again);
    await peer.done("UNSUBSCRIBE", { id: "s" });
    await subscribe(peer, destination, { id: "late" });
    await peer.silent();
  });
});

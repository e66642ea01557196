/** SEMANTICS "Destinations": request and reply, in the two ways that clients know. */
import { expect, test } from "bun:test";
import type { RawPeer } from "../support/peer.ts";
import { receive, send, settle, subscribe } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

const REPLIES = "/temp-queue/replies";

/** Answers the next request that `server` gets, with its correlation and a body derived from its. */
async function answer(server: RawPeer): Promise<void> {
  const request = await server.expect("MESSAGE", { "reply-to": /./ });
  const correlation = request.get("correlation-id") ?? "";
  const destination = request.get("reply-to") ?? "";
  await server.done(
    "SEND",
    { destination, "correlation-id": correlation },
    `answer to ${request.text}`,
  );
}

overEachTransport(
  "Request and reply",
  (house) => {
    for (const kind of ["temp-queue", "temp-topic"] as const) {
      test(`ActiveMQ's way: the client subscribes to its ${kind} and names it in reply-to`, async () => {
        const requests = house.queue();
        const [client, server] = [await house.connect(), await house.connect()];
        await subscribe(server, requests);
        await subscribe(client, `/${kind}/replies`, { id: "replies" });
        for (const number of ["1", "2"]) {
          await client.done(
            "SEND",
            {
              destination: requests,
              "reply-to": `/${kind}/replies`,
              "correlation-id": number,
            },
            `request ${number}`,
          );
          await answer(server);
          await client.expect(
            "MESSAGE",
            {
              subscription: "replies",
              destination: `/${kind}/replies`,
              "correlation-id": number,
            },
            `answer to request ${number}`,
          );
        }
        await client.silent();
      });
    }

    test("ActiveMQ's way: with a subscription of its own there is no second, implicit one", async () => {
      const requests = house.queue();
      const [client, server] = [await house.connect(), await house.connect()];
      await subscribe(server, requests);
      await subscribe(client, REPLIES, { id: "replies", ack: "client-individual" });
      await client.done("SEND", { destination: requests, "reply-to": REPLIES }, "a");
      await answer(server);
      const reply = await client.expect("MESSAGE", { subscription: "replies", ack: /./ });
      await settle(client, "NACK", reply);
      await client.expect("MESSAGE", { subscription: "replies", redelivered: "true" });
      await client.silent();
    });

    test("RabbitMQ's way: reply-to alone makes a subscription of that id, in auto mode", async () => {
      const requests = house.queue();
      const [client, server] = [await house.connect(), await house.connect()];
      await subscribe(server, requests);
      for (const number of ["1", "2"]) {
        await client.done(
          "SEND",
          { destination: requests, "reply-to": REPLIES, "correlation-id": number },
          `request ${number}`,
        );
        await answer(server);
        await client.expect(
          "MESSAGE",
          { subscription: REPLIES, "correlation-id": number, ack: undefined },
          `answer to request ${number}`,
        );
      }
      await client.silent();
    });

    test("RabbitMQ's way: the receiver is given one opaque address, every time the same", async () => {
      const requests = house.queue();
      const [client, server] = [await house.connect(), await house.connect()];
      await subscribe(server, requests);
      const addresses = new Set<string>();
      for (const body of ["1", "2"]) {
        await client.done("SEND", { destination: requests, "reply-to": REPLIES }, body);
        const request = await server.expect("MESSAGE", {}, body);
        addresses.add(request.get("reply-to") ?? "");
      }
      expect(addresses.size).toBe(1);
      expect([...addresses][0]).not.toContain("replies");
    });

    test("RabbitMQ's way: several reply-to names are several subscriptions", async () => {
      const requests = house.queue();
      const [client, server] = [await house.connect(), await house.connect()];
      await subscribe(server, requests);
      for (const name of ["/temp-queue/a", "/temp-queue/b"]) {
        await client.done("SEND", { destination: requests, "reply-to": name }, name);
      }
      await answer(server);
      await answer(server);
      await client.expect("MESSAGE", { subscription: "/temp-queue/a" }, "answer to /temp-queue/a");
      await client.expect("MESSAGE", { subscription: "/temp-queue/b" }, "answer to /temp-queue/b");
    });

    test("RabbitMQ's way: works in a transaction, at COMMIT", async () => {
      const requests = house.queue();
      const [client, server] = [await house.connect(), await house.connect()];
      await subscribe(server, requests);
      await client.done("BEGIN", { transaction: "t" });
      await client.done(
        "SEND",
        { destination: requests, "reply-to": REPLIES, transaction: "t" },
        "a",
      );
      await server.silent();
      await client.done("COMMIT", { transaction: "t" });
      await answer(server);
      await client.expect("MESSAGE", { subscription: REPLIES }, "answer to a");
    });

    test("RabbitMQ's way: works in 1.0, and the subscription has its id there too", async () => {
      const requests = house.queue();
      const [client, server] = [
        await house.connect({ version: "1.0" }),
        await house.connect({ version: "1.0" }),
      ];
      await subscribe(server, requests);
      await client.done("SEND", { destination: requests, "reply-to": REPLIES }, "a");
      await answer(server);
      await client.expect("MESSAGE", { subscription: REPLIES }, "answer to a");
    });

    test("SEMANTICS Destinations: a later explicit SUBSCRIBE replaces the implicit one", async () => {
      const requests = house.queue();
      const [client, server] = [await house.connect(), await house.connect()];
      await subscribe(server, requests);
      await client.done("SEND", { destination: requests, "reply-to": REPLIES }, "a");
      const request = await server.expect("MESSAGE", {}, "a");
      const address = request.get("reply-to") ?? "";
      await subscribe(client, REPLIES, { id: "mine", ack: "client-individual" });
      await send(server, address, "1", "2");
      const [first] = await receive(client, "1", "2");
      expect(first?.get("subscription")).toBe("mine");
      await settle(client, "NACK", first);
      await client.expect("MESSAGE", { subscription: "mine", redelivered: "true" }, "1");
      // And does not come back with the next request.
      await client.done("SEND", { destination: requests, "reply-to": REPLIES }, "b");
      await answer(server);
      await client.expect("MESSAGE", { subscription: "mine" }, "answer to b");
      await client.silent();
    });

    test("SEMANTICS Destinations: the explicit SUBSCRIBE may have the implicit one's id", async () => {
      const requests = house.queue();
      const [client, server] = [await house.connect(), await house.connect()];
      await subscribe(server, requests);
      await client.done("SEND", { destination: requests, "reply-to": REPLIES }, "a");
      await subscribe(client, REPLIES, { id: REPLIES, ack: "client" });
      await answer(server);
      await client.expect("MESSAGE", { subscription: REPLIES, ack: /./ }, "answer to a");
      await client.silent();
    });

    test("SEMANTICS Destinations: UNSUBSCRIBE ends the implicit one, and the next reply-to makes it anew", async () => {
      const requests = house.queue();
      const [client, server] = [await house.connect(), await house.connect()];
      await subscribe(server, requests);
      await client.done("SEND", { destination: requests, "reply-to": REPLIES }, "a");
      await client.done("UNSUBSCRIBE", { id: REPLIES });
      await answer(server);
      await client.silent();
      await client.done("SEND", { destination: requests, "reply-to": REPLIES }, "b");
      await client.expect("MESSAGE", { subscription: REPLIES }, "answer to a");
      await answer(server);
      await client.expect("MESSAGE", { subscription: REPLIES }, "answer to b");
    });

    test("SEMANTICS Destinations: an answer to a client that is gone is accepted", async () => {
      const requests = house.queue();
      const [client, server] = [await house.connect(), await house.connect()];
      await subscribe(server, requests);
      await client.done("SEND", { destination: requests, "reply-to": REPLIES }, "a");
      await client.done("DISCONNECT");
      await client.closed();
      await answer(server);
      await server.silent();
    });

    test("SEMANTICS Destinations: two clients of one name get each their answers", async () => {
      const requests = house.queue();
      const [one, two, server] = [
        await house.connect(),
        await house.connect(),
        await house.connect(),
      ];
      await subscribe(server, requests);
      await one.done("SEND", { destination: requests, "reply-to": REPLIES }, "one");
      await two.done("SEND", { destination: requests, "reply-to": REPLIES }, "two");
      await answer(server);
      await answer(server);
      await one.expect("MESSAGE", { subscription: REPLIES }, "answer to one");
      await two.expect("MESSAGE", { subscription: REPLIES }, "answer to two");
      await one.silent();
      await two.silent();
    });
  },
  { cuts: ["whole"] },
);

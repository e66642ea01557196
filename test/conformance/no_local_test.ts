/** SEMANTICS "SUBSCRIBE": `no-local`. */
import { test } from "bun:test";
import { disconnect, receive, send, subscribe } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

overEachTransport(
  "no-local",
  (house) => {
    for (const spelling of ["no-local", "activemq.noLocal"]) {
      for (const ack of ["auto", "client", "client-individual"]) {
        test(`SEMANTICS SUBSCRIBE: ${spelling}:true leaves out one's own messages (${ack})`, async () => {
          const topic = house.topic();
          const [peer, other] = [await house.connect(), await house.connect()];
          await subscribe(peer, topic, { ack, [spelling]: "true" });
          await subscribe(other, topic);
          await send(peer, topic, "mine");
          await send(other, topic, "theirs");
          await receive(peer, "theirs");
          await peer.silent();
          await receive(other, "mine", "theirs");
        });
      }

      test(`SEMANTICS SUBSCRIBE: ${spelling}:false leaves out nothing`, async () => {
        const topic = house.topic();
        const peer = await house.connect();
        await subscribe(peer, topic, { [spelling]: "false" });
        await send(peer, topic, "mine");
        await receive(peer, "mine");
      });
    }

    test("SEMANTICS SUBSCRIBE: it is a subscription's own choice", async () => {
      const topic = house.topic();
      const peer = await house.connect();
      await subscribe(peer, topic, { id: "without", "no-local": "true" });
      await subscribe(peer, topic, { id: "with" });
      await send(peer, topic, "mine");
      await peer.expect("MESSAGE", { subscription: "with" }, "mine");
      await peer.silent();
    });

    test("SEMANTICS SUBSCRIBE: holds for wildcards, lists and transactions", async () => {
      const [one, two] = [house.topic(), house.topic()];
      const [peer, other] = [await house.connect(), await house.connect()];
      await subscribe(peer, `${one}.*,${two}`, { "no-local": "true" });
      for (const [from, body] of [
        [peer, "mine"],
        [other, "theirs"],
      ] as const) {
        await from.done("BEGIN", { transaction: "t" });
        await from.done("SEND", { destination: `${one}.a,${two}`, transaction: "t" }, body);
        await from.done("COMMIT", { transaction: "t" });
      }
      await receive(peer, "theirs", "theirs");
      await peer.silent();
    });

    test("SEMANTICS SUBSCRIBE: a durable one leaves out what its present connection sends", async () => {
      const topic = house.topic();
      const marker = { "activemq.subscriptionName": "news", "no-local": "true" };
      const headers = { "client-id": topic };
      const [first, other] = [await house.connect({ headers }), await house.connect()];
      await subscribe(first, topic, marker);
      await send(first, topic, "mine");
      await send(other, topic, "theirs");
      await receive(first, "theirs");
      await disconnect(first);
      await send(other, topic, "meanwhile");
      const second = await house.connect({ headers });
      await subscribe(second, topic, marker);
      await receive(second, "meanwhile");
      await send(second, topic, "mine again");
      await send(other, topic, "theirs again");
      await receive(second, "theirs again");
      await second.silent();
      await disconnect(second);
      const third = await house.connect({ headers });
      await subscribe(third, topic, { "activemq.subscriptionName": "news" });
      await third.silent();
      await send(third, topic, "now with mine");
      await receive(third, "now with mine");
    });

    test("SEMANTICS SUBSCRIBE: on a temporary topic it holds as well", async () => {
      const peer = await house.connect();
      await subscribe(peer, "/temp-topic/own", { "no-local": "true" });
      await send(peer, "/temp-topic/own", "mine");
      await peer.silent();
    });
  },
  { cuts: ["whole"] },
);

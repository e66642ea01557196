/** SEMANTICS "Destinations": comma-separated lists of them. */
import { expect, test } from "bun:test";
import type { FaultCode } from "../../src/fault.ts";
import { bodiesOf, receive, receiveSome, send, settle, subscribe } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

/** Leaves for which nothing of a list is done. */
const BAD_LEAVES: [what: string, leaf: string, verb: "SEND" | "SUBSCRIBE", code: FaultCode][] = [
  ["an unknown prefix", "bogus", "SEND", "bad-destination"],
  ["a wildcard", "/topic/a.*", "SEND", "bad-destination"],
  ["no name", "/queue/", "SEND", "bad-destination"],
  ["nothing", "", "SEND", "bad-destination"],
  ["an unknown prefix", "bogus", "SUBSCRIBE", "bad-destination"],
  ["a partial wildcard", "/topic/a*", "SUBSCRIBE", "partial-wildcard"],
  ["nothing", "", "SUBSCRIBE", "bad-destination"],
  ["another connection's temporary queue", "/remote-temp-queue/other", "SUBSCRIBE", "forbidden"],
];

overEachTransport(
  "Composite destinations",
  (house) => {
    test("SEMANTICS Destinations: a SEND to a list reaches every leaf, kinds mixed", async () => {
      const [queue, other, topic] = [house.queue(), house.queue(), house.topic()];
      const peer = await house.connect();
      await subscribe(peer, queue, { id: "queue" });
      await subscribe(peer, topic, { id: "topic" });
      await send(peer, `${queue},${topic},${other}`, "x");
      await subscribe(peer, other, { id: "other" });
      const messages = await receive(peer, "x", "x", "x");
      const found = messages.map((each) => [each.get("subscription"), each.get("destination")]);
      expect(found.toSorted()).toEqual([
        ["other", other],
        ["queue", queue],
        ["topic", topic],
      ]);
      const ids = new Set(messages.map((each) => each.get("message-id")));
      expect(ids.size).toBe(3);
      await peer.silent();
    });

    test("SEMANTICS Destinations: leaves are spelled in any dialect", async () => {
      const [queue, topic] = [house.queue(), house.topic()];
      const peer = await house.connect();
      await subscribe(peer, queue, { id: "queue" });
      await subscribe(peer, topic, { id: "topic" });
      const queueAlias = `queue://${queue.slice("/queue/".length)}`;
      await send(peer, `${queueAlias},jms.topic.${topic.slice("/topic/".length)}`, "x");
      const messages = await receive(peer, "x", "x");
      expect(messages.map((each) => each.get("subscription")).toSorted()).toEqual([
        "queue",
        "topic",
      ]);
    });

    test("SEMANTICS Destinations: a SUBSCRIBE to a list is one subscription to every leaf", async () => {
      const [queue, topic, pattern] = [house.queue(), house.topic(), house.topic()];
      const peer = await house.connect();
      await subscribe(peer, `${queue},${topic},${pattern}.*`);
      await send(peer, queue, "1");
      await peer.expect("MESSAGE", { subscription: "s", destination: queue }, "1");
      await send(peer, topic, "2");
      await peer.expect("MESSAGE", { subscription: "s", destination: topic }, "2");
      await send(peer, `${pattern}.a`, "3");
      await peer.expect("MESSAGE", { subscription: "s", destination: `${pattern}.a` }, "3");
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await send(peer, `${queue},${topic},${pattern}.a`, "4");
      await peer.silent();
      await subscribe(peer, queue, { id: "later" });
      await receive(peer, "4");
    });

    test("SEMANTICS Destinations: a list's UNSUBSCRIBE in 1.0 is by the list", async () => {
      const [one, two] = [house.topic(), house.topic()];
      const peer = await house.connect({ version: "1.0" });
      await peer.done("SUBSCRIBE", { destination: `${one},${two}` });
      await send(peer, two, "1");
      await receive(peer, "1");
      await peer.done("UNSUBSCRIBE", { destination: `${one},${two}` });
      await send(peer, one, "2");
      await peer.silent();
    });

    test("SEMANTICS SUBSCRIBE: a list's prefetch is for all its leaves together", async () => {
      const [queue, other, topic] = [house.queue(), house.queue(), house.topic()];
      const peer = await house.connect();
      await send(peer, queue, "a1", "a2");
      await send(peer, other, "b1", "b2");
      await subscribe(peer, `${queue},${other},${topic}`, {
        ack: "client-individual",
        "prefetch-count": "2",
      });
      await send(peer, topic, "t");
      const seen = await receiveSome(peer, 2);
      await peer.silent();
      while (seen.length < 5) {
        await settle(peer, "ACK", seen.at(-1));
        seen.push(await peer.expect("MESSAGE"));
        await peer.silent();
      }
      expect(bodiesOf(seen).toSorted()).toEqual(["a1", "a2", "b1", "b2", "t"]);
    });

    test.each([
      ["a list", (queues: readonly string[]) => queues.join(",")],
      ["a wildcard", ([first = ""]: readonly string[]) => first.replace(/a$/, "*")],
    ])("with a prefetch of one, %s gives of each queue in turn", async (_what, destinationOf) => {
      const base = house.queue();
      const queues = ["a", "b", "c"].map((leaf) => `${base}.${leaf}`);
      const peer = await house.connect();
      for (const queue of queues) await send(peer, queue, "1", "2", "3", "4");
      await subscribe(peer, destinationOf(queues), {
        ack: "client-individual",
        "prefetch-count": "1",
      });
      const seen: string[] = [];
      while (seen.length < 12) {
        const message = await peer.expect("MESSAGE");
        seen.push(message.get("destination") ?? "");
        await settle(peer, "ACK", message);
      }
      for (let round = 0; round < 12; round += 3) {
        expect(seen.slice(round, round + 3).toSorted()).toEqual(queues);
      }
      await peer.silent();
    });

    test("SEMANTICS ACK: in client mode a list's ACK is cumulative over its leaves", async () => {
      const [queue, topic] = [house.queue(), house.topic()];
      const peer = await house.connect();
      await subscribe(peer, `${queue},${topic}`, { ack: "client" });
      await send(peer, queue, "1");
      await send(peer, topic, "2");
      await send(peer, queue, "3");
      const [, second] = await receive(peer, "1", "2", "3");
      await settle(peer, "ACK", second);
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await subscribe(peer, queue);
      await peer.expect("MESSAGE", { redelivered: "true" }, "3");
      await peer.silent();
    });

    for (const [what, leaf, verb, code] of BAD_LEAVES) {
      for (const order of ["last", "first"] as const) {
        test(`SEMANTICS Destinations: with ${what} as a leaf that comes ${order} a ${verb} does nothing`, async () => {
          const [queue, topic] = [house.queue(), house.topic()];
          const [bad, other] = [
            await house.connect({ headers: { "client-id": `atomic-${queue}` } }),
            await house.connect({ headers: { "client-id": `atomic-${queue}` } }),
          ];
          await subscribe(other, topic, { id: "topic" });
          const good = `${queue},${topic}`;
          const destination = order === "last" ? `${good},${leaf}` : `${leaf},${good}`;
          bad.frame(verb, { id: "d", durable: "true", destination, receipt: "r" }, "x");
          await bad.refused(code, { "receipt-id": "r" });
          await subscribe(other, queue, { id: "queue" });
          await other.silent();
          // Nor is there a durable subscription, which would have kept this.
          await send(other, topic, "y");
          await other.expect("MESSAGE", { subscription: "topic" }, "y");
          await subscribe(other, topic, { id: "d", durable: "true" });
          await other.silent();
        });
      }
    }

    test("SEMANTICS Destinations: in a transaction a list is part of it", async () => {
      const [one, two] = [house.queue(), house.queue()];
      const peer = await house.connect();
      await subscribe(peer, one, { id: "one" });
      await subscribe(peer, two, { id: "two" });
      for (const [transaction, end] of [
        ["undone", "ABORT"],
        ["done", "COMMIT"],
      ] as const) {
        await peer.done("BEGIN", { transaction });
        await peer.done("SEND", { destination: `${one},${two}`, transaction }, transaction);
        await peer.silent();
        await peer.done(end, { transaction });
      }
      const messages = await receive(peer, "done", "done");
      expect(messages.map((each) => each.get("destination")).toSorted()).toEqual(
        [one, two].toSorted(),
      );
      await peer.silent();
    });
  },
  { cuts: ["whole"] },
);

overEachTransport(
  "Composite destinations with a full queue",
  (house) => {
    test("SEMANTICS Destinations: with a full queue as a leaf a SEND does nothing", async () => {
      const [full, roomy, topic] = [house.queue(), house.queue(), house.topic()];
      const [bad, other] = [await house.connect(), await house.connect()];
      await subscribe(other, topic, { id: "topic" });
      await send(other, full, "1", "2");
      bad.frame("SEND", { destination: `${roomy},${topic},${full}`, receipt: "r" }, "x");
      await bad.refused("queue-full", { "receipt-id": "r" });
      await subscribe(other, roomy, { id: "roomy" });
      await other.silent();
    });
  },
  { cuts: ["whole"], overrides: { limits: { queueMessagesMax: 2 } } },
);

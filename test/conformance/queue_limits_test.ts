/** SEMANTICS "Limits": how many messages and bytes a queue holds, and what gives way. */
import { test } from "bun:test";
import { receive, send, settle, subscribe } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

const KIB = 1_024;

overEachTransport(
  "Queue limits",
  (house) => {
    const named = (prefix: string): string => house.queue().replace("/queue/", `/queue/${prefix}.`);

    test("messagesMax, reject: so many pass, one more is queue-full, and one taken makes room", async () => {
      const queue = named("few");
      const [peer, bad] = [await house.connect(), await house.connect()];
      await send(peer, queue, "1", "2", "3");
      bad.frame("SEND", { destination: queue, receipt: "r" }, "4");
      await bad.refused("queue-full", { "receipt-id": "r" });
      await subscribe(peer, queue, { ack: "client-individual", "prefetch-count": "1" });
      await settle(peer, "ACK", (await receive(peer, "1"))[0]);
      await receive(peer, "2");
      await send(peer, queue, "5");
      await peer.silent();
    });

    test("messagesMax, reject: what is held or kept back counts", async () => {
      const queue = named("few");
      const [peer, bad] = [await house.connect(), await house.connect()];
      await subscribe(peer, queue, { ack: "client-individual" });
      await send(peer, queue, "1", "2", "3");
      const [first] = await receive(peer, "1", "2", "3");
      await settle(peer, "NACK", first, { delay: "3600000" });
      bad.frame("SEND", { destination: queue, receipt: "r" }, "4");
      await bad.refused("queue-full", { "receipt-id": "r" });
    });

    test("messagesMax, drop-oldest: the newest stay, in order", async () => {
      const queue = named("newest");
      const peer = await house.connect();
      await send(peer, queue, "1", "2", "3", "4", "5");
      await subscribe(peer, queue);
      await receive(peer, "3", "4", "5");
      await peer.silent();
    });

    test("messagesMax, drop-oldest: what a consumer holds is not dropped under its hands", async () => {
      const queue = named("newest");
      const peer = await house.connect();
      await subscribe(peer, queue, { ack: "client", "prefetch-count": "1" });
      await send(peer, queue, "1", "2", "3", "4", "5");
      await settle(peer, "NACK", (await receive(peer, "1"))[0]);
      for (const body of ["1", "4", "5"]) {
        await settle(peer, "ACK", (await receive(peer, body))[0]);
      }
      await peer.silent();
    });

    test("messagesMax, drop-oldest: a consumer with a selector does not see what was dropped", async () => {
      const queue = named("newest");
      const peer = await house.connect();
      const red = { destination: queue, color: "red" };
      for (const body of ["1", "2", "3", "4"]) await peer.done("SEND", red, body);
      await subscribe(peer, queue, { selector: "color = 'red'", ack: "client" });
      await receive(peer, "2", "3", "4");
      await peer.silent();
    });

    test("messagesMax, drop-oldest: a COMMIT that brings more than fits leaves the newest", async () => {
      const queue = named("newest");
      const peer = await house.connect();
      await send(peer, queue, "1", "2");
      await peer.done("BEGIN", { transaction: "t" });
      for (const body of ["3", "4", "5"]) {
        await peer.done("SEND", { destination: queue, transaction: "t" }, body);
      }
      await peer.done("COMMIT", { transaction: "t" });
      await subscribe(peer, queue);
      await receive(peer, "3", "4", "5");
      await peer.silent();
    });

    test("bytesMax, reject: what passes it is queue-full, however few", async () => {
      const queue = named("light");
      const [peer, bad] = [await house.connect(), await house.connect()];
      await send(peer, queue, "x".repeat(30 * KIB), "y".repeat(30 * KIB));
      bad.frame("SEND", { destination: queue, receipt: "r" }, "z".repeat(30 * KIB));
      await bad.refused("queue-full", { "receipt-id": "r" });
      await send(peer, queue, "small");
      await subscribe(peer, queue);
      await receive(peer, "x".repeat(30 * KIB), "y".repeat(30 * KIB), "small");
      await send(peer, queue, "z".repeat(30 * KIB));
      await receive(peer, "z".repeat(30 * KIB));
    });

    test("bytesMax, reject: a message that never fits is queue-full, in an empty queue too", async () => {
      const peer = await house.connect();
      peer.frame("SEND", { destination: named("light"), receipt: "r" }, "x".repeat(65 * KIB));
      await peer.refused("queue-full", { "receipt-id": "r" });
    });

    test("bytesMax, drop-oldest: as many of the oldest go as it takes", async () => {
      const queue = named("recent");
      const peer = await house.connect();
      await send(peer, queue, "1".repeat(20 * KIB), "2".repeat(20 * KIB), "3".repeat(20 * KIB));
      await send(peer, queue, "4".repeat(40 * KIB));
      await subscribe(peer, queue);
      await receive(peer, "3".repeat(20 * KIB), "4".repeat(40 * KIB));
      await peer.silent();
    });

    test("policies of a pattern are each queue's own, and other queues have the default", async () => {
      const peer = await house.connect();
      const bodies = Array.from({ length: 10 }, (_, at) => `${at}`);
      for (let at = 0; at < 4; at++) await send(peer, named("few"), "1", "2", "3");
      const queue = house.queue();
      await send(peer, queue, ...bodies);
      await subscribe(peer, queue);
      await receive(peer, ...bodies);
    });

    test("a topic in client mode drops its subscriber's oldest and never refuses its publisher", async () => {
      const topic = house.topic().replace("/topic/", "/topic/few.");
      const [slow, quick] = [await house.connect(), await house.connect()];
      await subscribe(slow, topic, { ack: "client-individual", "prefetch-count": "1" });
      await subscribe(quick, topic);
      await send(quick, topic, "1", "2", "3", "4", "5");
      await receive(quick, "1", "2", "3", "4", "5");
      for (const body of ["1", "4", "5"]) {
        await settle(slow, "ACK", (await receive(slow, body))[0]);
      }
      await slow.silent();
    });

    test("a durable subscription drops its oldest while nobody has it", async () => {
      const topic = house.topic().replace("/topic/", "/topic/few.");
      const peer = await house.connect({ headers: { "client-id": topic } });
      await subscribe(peer, topic, { durable: "true" });
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await send(peer, topic, "1", "2", "3", "4", "5");
      await subscribe(peer, topic, { durable: "true" });
      await receive(peer, "3", "4", "5");
      await peer.silent();
    });
  },
  {
    cuts: ["whole"],
    overrides: {
      destinations: [
        { match: "/queue/few.>", messagesMax: 3 },
        { match: "/topic/few.>", messagesMax: 3 },
        { match: "/queue/newest.>", messagesMax: 3, overflow: "drop-oldest" },
        { match: "/queue/light.>", bytesMax: 64 * KIB },
        { match: "/queue/recent.>", bytesMax: 64 * KIB, overflow: "drop-oldest" },
      ],
    },
  },
);

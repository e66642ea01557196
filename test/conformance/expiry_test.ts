/** SEMANTICS "SEND": expiry, and what becomes of expired messages. */
import { expect, test } from "bun:test";
import { bodiesOf, receive, receiveSome, send, settle, subscribe } from "../support/steps.ts";
import { overEachTransport, type House } from "../transport_matrix.ts";

const HOUR_MS = 3_600_000;

/** A header that makes a message expire after so many ms of the fake broker's time. */
type Expiring = (house: House, ms: number) => Readonly<Record<string, string>>;

const SPELLINGS: [spelling: string, headers: Expiring][] = [
  ["expires", (house, ms) => ({ expires: `${house.broker().runtime.now() + ms}` })],
  ["ttl", (_house, ms) => ({ ttl: `${ms}` })],
  ["expiration", (_house, ms) => ({ expiration: `${ms}` })],
];

const NEVER: [header: string, value: string][] = [
  ["expires", "0"],
  ["expires", ""],
  ["ttl", "0"],
  ["ttl", ""],
  ["expiration", "0"],
  ["expiration", ""],
];

const NO_NUMBERS: [header: string, value: string][] = [
  ["expires", "soon"],
  ["expires", "-1"],
  ["ttl", "1.5"],
  ["ttl", "-5"],
  ["expiration", "10s"],
];

overEachTransport(
  "Expiry in real time",
  (house) => {
    test("SEMANTICS MESSAGE: what has time left is delivered, and says until when", async () => {
      const expires = `${Date.now() + HOUR_MS}`;
      for (const destination of [house.queue(), house.topic()]) {
        const peer = await house.connect();
        await subscribe(peer, destination);
        if (house.transport === "fake") {
          const later = `${house.broker().runtime.now() + HOUR_MS}`;
          await peer.done("SEND", { destination, expires: later }, "x");
          await peer.expect("MESSAGE", { expires: later }, "x");
        } else {
          await peer.done("SEND", { destination, expires }, "x");
          await peer.expect("MESSAGE", { expires }, "x");
        }
      }
    });

    test("SEMANTICS SEND: what has expired when it is sent is accepted and not delivered", async () => {
      const peer = await house.connect();
      for (const destination of [house.queue(), house.topic()]) {
        await subscribe(peer, destination, { id: destination });
        await peer.done("SEND", { destination, expires: "1" }, "too late");
        await send(peer, destination, "in time");
        await receive(peer, "in time");
      }
      const [queue, topic] = [house.queue(), house.topic()];
      await subscribe(peer, topic, { id: "client", ack: "client" });
      await peer.done("SEND", { destination: `${queue},${topic}`, expires: "1" }, "too late");
      await subscribe(peer, queue, { id: "late" });
      await peer.silent();
    });

    for (const [header, value] of NEVER) {
      test(`SEMANTICS SEND: ${header}:${value} is never`, async () => {
        const queue = house.queue();
        const peer = await house.connect();
        await peer.done("SEND", { destination: queue, [header]: value }, "x");
        await subscribe(peer, queue);
        await receive(peer, "x");
      });
    }

    for (const [header, value] of NO_NUMBERS) {
      test(`SEMANTICS SEND: ${header}:${value} is bad-header`, async () => {
        const peer = await house.connect();
        peer.frame("SEND", { destination: house.queue(), [header]: value, receipt: "r" }, "x");
        const error = await peer.refused("bad-header", { "receipt-id": "r" });
        expect(error.text).toContain(`"${header}"`);
      });
    }

    for (const header of ["ttl", "expiration"]) {
      test(`SEMANTICS SEND: ${header} is taken out, expires says when instead`, async () => {
        const queue = house.queue();
        const peer = await house.connect();
        await subscribe(peer, queue);
        const headers = { destination: queue, [header]: `${HOUR_MS}`, timestamp: "1000" };
        await peer.done("SEND", headers, "x");
        const message = await peer.expect("MESSAGE", { [header]: undefined, timestamp: "1000" });
        const left = Number(message.get("expires")) - Date.now();
        if (house.transport === "fake") {
          expect(message.get("expires")).toBe(`${house.broker().runtime.now() + HOUR_MS}`);
        } else {
          expect(left).toBeGreaterThan(HOUR_MS - 60_000);
          expect(left).toBeLessThanOrEqual(HOUR_MS);
        }
      });
    }
  },
  { cuts: ["whole"] },
);

overEachTransport(
  "Expiry",
  (house) => {
    for (const [spelling, headers] of SPELLINGS) {
      test(`SEMANTICS SEND: with ${spelling} a message is there until then, and gone after`, async () => {
        const [early, late] = [house.queue(), house.queue()];
        const { runtime } = house.broker();
        const peer = await house.connect();
        for (const destination of [early, late]) {
          await peer.done("SEND", { destination, ...headers(house, 1_000) }, "x");
        }
        runtime.advance(900);
        await subscribe(peer, early, { id: "early" });
        await receive(peer, "x");
        runtime.advance(100);
        await subscribe(peer, late, { id: "late" });
        await peer.silent();
      });
    }

    test("SEMANTICS SEND: it is gone at its time and not at the next look at the clock", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await peer.done("SEND", { destination: queue, ttl: "7" }, "x");
      house.broker().runtime.advance(9);
      await subscribe(peer, queue);
      await peer.silent();
    });

    test("SEMANTICS SEND: what expires leaves the others in their order", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      for (const [body, ttl] of [
        ["1", "0"],
        ["2", "100"],
        ["3", "0"],
        ["4", "50"],
        ["5", "500"],
      ] as const) {
        await peer.done("SEND", { destination: queue, ttl }, body);
      }
      house.broker().runtime.advance(200);
      await subscribe(peer, queue);
      await receive(peer, "1", "3", "5");
      await peer.silent();
    });

    test("SEMANTICS SUBSCRIBE: what has expired is not shown to who browses, nor selected", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, {
        id: "picky",
        ack: "client-individual",
        "prefetch-count": "1",
        selector: "color = 'red'",
      });
      for (const ttl of ["0", "100"]) {
        await peer.done("SEND", { destination: queue, ttl, color: "red" }, ttl);
      }
      const [first] = await receive(peer, "0");
      await peer.done("SEND", { destination: queue }, "plain");
      house.broker().runtime.advance(200);
      await subscribe(peer, queue, { id: "browse", browser: "true" });
      await receive(peer, "plain", "");
      await settle(peer, "ACK", first);
      await peer.silent();
    });

    for (const end of ["ACK", "NACK", "UNSUBSCRIBE", "cut"] as const) {
      test(`SEMANTICS SEND: what expires while it is held is still its consumer's, until ${end}`, async () => {
        const queue = house.queue();
        const [peer, other] = [await house.connect(), await house.connect()];
        await subscribe(peer, queue, { ack: "client-individual" });
        await peer.done("SEND", { destination: queue, ttl: "100" }, "expiring");
        const [message] = await receive(peer, "expiring");
        house.broker().runtime.advance(1_000);
        if (end === "cut") peer.line.cut();
        else if (end === "UNSUBSCRIBE") await peer.done("UNSUBSCRIBE", { id: "s" });
        else await settle(peer, end, message);
        if (end === "ACK" || end === "NACK") await peer.silent();
        await subscribe(other, queue, { id: "late" });
        await subscribe(other, queue.replace("/queue/", "/queue/DLQ."), { id: "dlq" });
        await other.silent();
      });
    }

    test("SEMANTICS NACK: what expires while it is kept back does not come again", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, { ack: "client-individual" });
      await peer.done("SEND", { destination: queue, ttl: "500" }, "expiring");
      const [message] = await receive(peer, "expiring");
      await settle(peer, "NACK", message, { delay: "1000" });
      house.broker().runtime.advance(2_000);
      await peer.silent();
    });

    test("SEMANTICS Transactions: a message aborted back to a queue after its time is gone", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, { ack: "client-individual" });
      await peer.done("SEND", { destination: queue, ttl: "500" }, "expiring");
      const [message] = await receive(peer, "expiring");
      await peer.done("BEGIN", { transaction: "t" });
      await settle(peer, "ACK", message, { transaction: "t" });
      await peer.done("UNSUBSCRIBE", { id: "s" });
      house.broker().runtime.advance(1_000);
      await peer.done("ABORT", { transaction: "t" });
      await subscribe(peer, queue);
      await peer.silent();
    });

    test("SEMANTICS Destinations: a queue whose messages have all expired is gone like any empty one", async () => {
      const peer = await house.connect();
      for (let round = 0; round < 20; round++) {
        for (let at = 0; at < 5; at++) {
          await peer.done("SEND", { destination: house.queue(), ttl: "100" }, "x");
        }
        house.broker().runtime.advance(200);
      }
    });

    test("SEMANTICS SUBSCRIBE: what a topic in client mode or a durable one keeps expires as well", async () => {
      const topic = house.topic();
      const peer = await house.connect({ headers: { "client-id": "expiry" } });
      await subscribe(peer, topic, {
        id: "client",
        ack: "client-individual",
        "prefetch-count": "1",
      });
      await subscribe(peer, topic, { id: "durable", durable: "true" });
      await peer.done("UNSUBSCRIBE", { id: "durable" });
      await peer.done("SEND", { destination: topic, ttl: "100" }, "1");
      await peer.done("SEND", { destination: topic, ttl: "100" }, "2");
      await peer.done("SEND", { destination: topic }, "3");
      const [first] = await receive(peer, "1");
      house.broker().runtime.advance(200);
      await settle(peer, "ACK", first);
      await peer.expect("MESSAGE", { subscription: "client" }, "3");
      await subscribe(peer, topic, { id: "durable", durable: "true" });
      await peer.expect("MESSAGE", { subscription: "durable" }, "3");
      await peer.silent();
    });
  },
  { transports: ["fake"], cuts: ["whole"], overrides: { limits: { destinationsMax: 20 } } },
);

overEachTransport(
  "Expiry with room for three",
  (house) => {
    test("SEMANTICS Limits: what expires makes room in its queue", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      for (const body of ["1", "2", "3"]) {
        await peer.done("SEND", { destination: queue, ttl: "100" }, body);
      }
      house.broker().runtime.advance(200);
      await send(peer, queue, "4", "5", "6");
      await subscribe(peer, queue);
      await receive(peer, "4", "5", "6");
      await peer.silent();
    });
  },
  { transports: ["fake"], cuts: ["whole"], overrides: { limits: { queueMessagesMax: 3 } } },
);

overEachTransport(
  "Expiry by policy",
  (house) => {
    test("SEMANTICS ACK: where the policy says so, what expires goes to the dead letters", async () => {
      const queue = house.queue().replace("/queue/", "/queue/keep.");
      const dead = queue.replace("/queue/", "/queue/DLQ.");
      const peer = await house.connect();
      await peer.done("SEND", { destination: queue, ttl: "100", own: "header" }, "x");
      await subscribe(peer, dead, { id: "dlq" });
      await peer.silent();
      house.broker().runtime.advance(200);
      await peer.expect(
        "MESSAGE",
        {
          destination: dead,
          own: "header",
          "dead-letter-reason": "expired",
          "original-destination": queue,
          "delivery-count": "0",
        },
        "x",
      );
    });

    test("SEMANTICS ACK: a dead letter does not expire again", async () => {
      const queue = house.queue().replace("/queue/", "/queue/keep.");
      const peer = await house.connect();
      await peer.done("SEND", { destination: queue, ttl: "100" }, "x");
      house.broker().runtime.advance(HOUR_MS);
      await subscribe(peer, queue.replace("/queue/", "/queue/DLQ."), { id: "dlq" });
      await receive(peer, "x");
    });

    test("SEMANTICS ACK: what expires while held goes there when it comes back, counted", async () => {
      const queue = house.queue().replace("/queue/", "/queue/keep.");
      const peer = await house.connect();
      await subscribe(peer, queue, { ack: "client-individual" });
      await peer.done("SEND", { destination: queue, ttl: "100" }, "x");
      await receive(peer, "x");
      house.broker().runtime.advance(200);
      await subscribe(peer, queue.replace("/queue/", "/queue/DLQ."), { id: "dlq" });
      await peer.silent();
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await peer.expect(
        "MESSAGE",
        { subscription: "dlq", "dead-letter-reason": "expired", "delivery-count": "1" },
        "x",
      );
    });

    test("SEMANTICS ACK: what has expired when it is sent goes there as well", async () => {
      const queue = house.queue().replace("/queue/", "/queue/keep.");
      const peer = await house.connect();
      await peer.done("SEND", { destination: queue, expires: "1" }, "x");
      await subscribe(peer, queue.replace("/queue/", "/queue/DLQ."), { id: "dlq" });
      await peer.expect("MESSAGE", { "dead-letter-reason": "expired" }, "x");
    });

    test("SEMANTICS ACK: elsewhere it is dropped", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await peer.done("SEND", { destination: queue, ttl: "100" }, "x");
      house.broker().runtime.advance(200);
      await subscribe(peer, queue.replace("/queue/", "/queue/DLQ."), { id: "dlq" });
      await peer.silent();
    });

    test("SEMANTICS ACK: many that expire at once come there in their order", async () => {
      const queue = house.queue().replace("/queue/", "/queue/keep.");
      const peer = await house.connect();
      const bodies = Array.from({ length: 100 }, (_, at) => `${at}`);
      for (const body of bodies) {
        await peer.done("SEND", { destination: queue, ttl: "100" }, body);
      }
      house.broker().runtime.advance(200);
      await subscribe(peer, queue.replace("/queue/", "/queue/DLQ."), { id: "dlq" });
      expect(bodiesOf(await receiveSome(peer, 100))).toEqual(bodies);
    });
  },
  {
    transports: ["fake"],
    cuts: ["whole"],
    overrides: { destinations: [{ match: "/queue/keep.>", deadLetterExpired: true }] },
  },
);

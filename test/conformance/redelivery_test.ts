/** SEMANTICS "ACK, NACK, redelivery": attempts, back-off, dead letters, and policies by pattern. */
import { expect, test } from "bun:test";
import type { RawPeer } from "../support/peer.ts";
import type { ReceivedFrame } from "../support/received_frame.ts";
import { receive, send, settle, subscribe, VERSIONS } from "../support/steps.ts";
import { overEachTransport, type House } from "../transport_matrix.ts";

const ONE_BY_ONE = { ack: "client-individual", "prefetch-count": "1" };

function deadLettersOf(destination: string): string {
  return destination.replace(/^\/(queue|topic)\//, "/queue/DLQ.");
}

/** A queue below that name, which a policy covers. */
function below(house: House, name: string): string {
  return house.queue().replace("/queue/", `/queue/${name}.`);
}

/** The next message, refused. */
async function refuseNext(
  peer: RawPeer,
  headers: Readonly<Record<string, string>> = {},
): Promise<ReceivedFrame> {
  const message = await peer.expect("MESSAGE");
  await settle(peer, "NACK", message, headers);
  return message;
}

overEachTransport(
  "Dead letters",
  (house) => {
    for (const version of VERSIONS) {
      test(`SEMANTICS NACK: requeue:false dead-letters at once (${version})`, async () => {
        const queue = house.queue();
        const peer = await house.connect({ version });
        await subscribe(peer, queue, ONE_BY_ONE);
        await peer.done("SEND", { destination: queue, own: "header" }, "1");
        await send(peer, queue, "2");
        await refuseNext(peer, { requeue: "false" });
        await receive(peer, "2");
        await subscribe(peer, deadLettersOf(queue), { id: "dlq" });
        await peer.expect(
          "MESSAGE",
          {
            subscription: "dlq",
            destination: deadLettersOf(queue),
            own: "header",
            "dead-letter-reason": "rejected",
            "original-destination": queue,
            "delivery-count": "1",
          },
          "1",
        );
        await peer.silent();
      });
    }

    test("SEMANTICS NACK: requeue:true is what it is without", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, ONE_BY_ONE);
      await send(peer, queue, "1");
      await refuseNext(peer, { requeue: "true" });
      await peer.expect("MESSAGE", { redelivered: "true", "delivery-count": "2" }, "1");
    });

    test("SEMANTICS NACK: requeue:false in client mode is for all up to it", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, { ack: "client" });
      await send(peer, queue, "1", "2", "3");
      const [, second] = await receive(peer, "1", "2", "3");
      await settle(peer, "NACK", second, { requeue: "false" });
      await peer.silent();
      await subscribe(peer, deadLettersOf(queue), { id: "dlq" });
      await receive(peer, "1", "2");
      await peer.silent();
    });

    test("SEMANTICS Transactions: a NACK with requeue:false takes effect at COMMIT", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, ONE_BY_ONE);
      await subscribe(peer, deadLettersOf(queue), { id: "dlq" });
      await send(peer, queue, "1");
      const [message] = await receive(peer, "1");
      await peer.done("BEGIN", { transaction: "t" });
      await settle(peer, "NACK", message, { requeue: "false", transaction: "t" });
      await peer.silent();
      await peer.done("COMMIT", { transaction: "t" });
      await peer.expect("MESSAGE", { subscription: "dlq" }, "1");
    });

    test("SEMANTICS NACK: after max-deliveries it is dead, with the count and the reason", async () => {
      const queue = below(house, "thrice");
      const peer = await house.connect();
      await subscribe(peer, queue, ONE_BY_ONE);
      await send(peer, queue, "poison", "next");
      for (let attempt = 1; attempt <= 3; attempt++) {
        const message = await refuseNext(peer);
        expect(message.text).toBe("poison");
      }
      await receive(peer, "next");
      await subscribe(peer, deadLettersOf(queue), { id: "dlq" });
      await peer.expect(
        "MESSAGE",
        {
          "dead-letter-reason": "max-deliveries",
          "original-destination": queue,
          "delivery-count": "3",
        },
        "poison",
      );
    });

    test("SEMANTICS ACK: only a NACK counts as an attempt, not a consumer that goes", async () => {
      const queue = below(house, "thrice");
      const peer = await house.connect();
      await send(peer, queue, "1");
      for (let round = 1; round <= 5; round++) {
        await subscribe(peer, queue, ONE_BY_ONE);
        await peer.expect(
          "MESSAGE",
          { "delivery-count": round === 1 ? undefined : `${round}` },
          "1",
        );
        await peer.done("UNSUBSCRIBE", { id: "s" });
      }
      await subscribe(peer, deadLettersOf(queue), { id: "dlq" });
      await peer.silent();
    });

    test("SEMANTICS ACK: a dead letter is never dead-lettered again", async () => {
      const queue = house.queue();
      const dead = deadLettersOf(queue);
      const peer = await house.connect();
      await subscribe(peer, queue, ONE_BY_ONE);
      await send(peer, queue, "1");
      await refuseNext(peer, { requeue: "false" });
      await subscribe(peer, dead, { id: "dlq", ...ONE_BY_ONE });
      for (let attempt = 1; attempt <= 10; attempt++) {
        const message = await refuseNext(peer, attempt % 2 === 0 ? { requeue: "false" } : {});
        expect(message.get("destination")).toBe(dead);
        expect(message.get("dead-letter-reason")).toBe("rejected");
        expect(message.get("original-destination")).toBe(queue);
      }
      await receive(peer, "1");
      await subscribe(peer, deadLettersOf(dead), { id: "dlq of dlq" });
      await peer.silent();
    });

    test("SEMANTICS ACK: dead letters lie in the order they died, and by priority", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, { ack: "client-individual" });
      for (const [priority, body] of [
        ["4", "1"],
        ["4", "2"],
        ["9", "urgent"],
      ] as const) {
        await peer.done("SEND", { destination: queue, priority }, body);
        await refuseNext(peer, { requeue: "false" });
      }
      await subscribe(peer, deadLettersOf(queue), { id: "dlq" });
      await receive(peer, "urgent", "1", "2");
    });

    test("SEMANTICS ACK: a full dead-letter queue drops its oldest", async () => {
      const queue = below(house, "thrice");
      const peer = await house.connect();
      await subscribe(peer, queue, { ack: "client-individual" });
      for (const body of ["1", "2", "3", "4", "5"]) {
        await send(peer, queue, body);
        await refuseNext(peer, { requeue: "false" });
      }
      await subscribe(peer, deadLettersOf(queue), { id: "dlq" });
      await receive(peer, "4", "5");
      await peer.silent();
    });

    test("SEMANTICS SEND: what says how a message died is the broker's alone", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, ONE_BY_ONE);
      await peer.done("SEND", {
        destination: queue,
        "dead-letter-reason": "forged",
        "original-destination": "/queue/forged",
        "delivery-count": "99",
      });
      const message = await peer.expect("MESSAGE", {
        "dead-letter-reason": undefined,
        "original-destination": undefined,
        "delivery-count": undefined,
      });
      await settle(peer, "NACK", message, { requeue: "false" });
      await subscribe(peer, deadLettersOf(queue), { id: "dlq" });
      await peer.expect("MESSAGE", {
        "dead-letter-reason": "rejected",
        "original-destination": queue,
        "delivery-count": "1",
      });
    });

    test("SEMANTICS ACK: a dead letter may be sent back, and dies again", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, ONE_BY_ONE);
      await subscribe(peer, deadLettersOf(queue), { id: "dlq" });
      await send(peer, queue, "1");
      for (let round = 0; round < 3; round++) {
        await refuseNext(peer, { requeue: "false" });
        const letter = await peer.expect("MESSAGE", { subscription: "dlq" }, "1");
        const back = letter.headers.filter(([name]) => name !== "destination");
        peer.frame("SEND", [["destination", queue], ...back], "1");
      }
      await peer.expect("MESSAGE", { "dead-letter-reason": undefined }, "1");
    });

    test("SEMANTICS SUBSCRIBE: on a topic in client mode requeue:false drops", async () => {
      const topic = house.topic();
      const peer = await house.connect();
      await subscribe(peer, topic, ONE_BY_ONE);
      await send(peer, topic, "1", "2");
      await refuseNext(peer, { requeue: "false" });
      await receive(peer, "2");
      await subscribe(peer, deadLettersOf(topic), { id: "dlq" });
      await peer.silent();
    });

    test("SEMANTICS ACK: a durable subscription's dead letters are kept", async () => {
      const topic = house.topic();
      const peer = await house.connect({ headers: { "client-id": topic } });
      await subscribe(peer, topic, { durable: "true", ...ONE_BY_ONE });
      await send(peer, topic, "1");
      await refuseNext(peer, { requeue: "false" });
      await subscribe(peer, deadLettersOf(topic), { id: "dlq" });
      await peer.expect(
        "MESSAGE",
        { "dead-letter-reason": "rejected", "original-destination": topic },
        "1",
      );
    });

    test("SEMANTICS NACK: a delay that is no number is bad-header", async () => {
      for (const delay of ["soon", "-1", "1.5"]) {
        const queue = house.queue();
        const peer = await house.connect();
        await subscribe(peer, queue, ONE_BY_ONE);
        await send(peer, queue, "1");
        const message = await peer.expect("MESSAGE");
        peer.frame("NACK", { id: message.get("ack"), delay, receipt: "r" });
        await peer.refused("bad-header", { "receipt-id": "r" });
      }
    });

    test("SEMANTICS NACK: a delay lets others pass, and the connection may go meanwhile", async () => {
      const queue = house.queue();
      const [peer, other] = [await house.connect(), await house.connect()];
      await subscribe(peer, queue, { ack: "client-individual", "prefetch-count": "1" });
      await send(peer, queue, "1", "2");
      await refuseNext(peer, { delay: "1" });
      await settle(peer, "ACK", await peer.take("MESSAGE"));
      await peer.done("DISCONNECT");
      await subscribe(other, queue);
      if (house.transport === "fake") house.broker().runtime.advance(1_000);
      await other.expect("MESSAGE", {});
    });
  },
  {
    cuts: ["whole"],
    overrides: {
      destinations: [
        { match: "/queue/thrice.>", maxDeliveries: 3 },
        { match: "/queue/DLQ.thrice.>", messagesMax: 2 },
      ],
    },
  },
);

/** What a policy makes of the delays before each redelivery, in ms. */
const BACK_OFFS: [name: string, delays: readonly number[]][] = [
  ["fixed", [1_000, 1_000, 1_000, 1_000]],
  ["doubled", [1_000, 2_000, 4_000, 5_000, 5_000]],
  ["none", [0, 0, 0]],
];

overEachTransport(
  "Redelivery after a while",
  (house) => {
    const advance = (ms: number): void => house.broker().runtime.advance(ms);

    for (const [name, delays] of BACK_OFFS) {
      test(`SEMANTICS NACK: with the back-off "${name}" it comes again after ${delays.join(", ")} ms`, async () => {
        const queue = below(house, name);
        const peer = await house.connect();
        await subscribe(peer, queue, ONE_BY_ONE);
        await send(peer, queue, "x");
        for (const [at, delay] of delays.entries()) {
          const message = await refuseNext(peer);
          expect(message.get("delivery-count")).toBe(at === 0 ? undefined : `${at + 1}`);
          if (delay === 0) continue;
          advance(delay - 50);
          await peer.silent();
          advance(50);
        }
        await receive(peer, "x");
      });
    }

    test("SEMANTICS NACK: others are delivered meanwhile, and it comes before those of its age", async () => {
      const queue = below(house, "fixed");
      const peer = await house.connect();
      await subscribe(peer, queue, ONE_BY_ONE);
      await send(peer, queue, "1", "2", "3", "4");
      await refuseNext(peer);
      const [second] = await receive(peer, "2");
      advance(1_000);
      await settle(peer, "ACK", second);
      // Back in its old place, ahead of what came after it.
      for (const body of ["1", "3", "4"]) {
        await settle(peer, "ACK", (await receive(peer, body))[0]);
      }
    });

    test("SEMANTICS NACK: delay asks for its own, longer or shorter than the policy's", async () => {
      const queue = below(house, "fixed");
      const peer = await house.connect();
      await subscribe(peer, queue, ONE_BY_ONE);
      await send(peer, queue, "x");
      await refuseNext(peer, { delay: "5000" });
      advance(4_950);
      await peer.silent();
      advance(50);
      await refuseNext(peer, { delay: "100" });
      advance(100);
      await refuseNext(peer, { delay: "0" });
      await receive(peer, "x");
    });

    test("SEMANTICS NACK: delay works where the policy has none", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, ONE_BY_ONE);
      await send(peer, queue, "x");
      await refuseNext(peer, { delay: "1000" });
      await peer.silent();
      advance(1_000);
      await peer.expect("MESSAGE", { redelivered: "true", "delivery-count": "2" }, "x");
    });

    test("SEMANTICS NACK: a NACK with a delay counts as an attempt", async () => {
      const queue = below(house, "twice");
      const peer = await house.connect();
      await subscribe(peer, queue, ONE_BY_ONE);
      await subscribe(peer, deadLettersOf(queue), { id: "dlq" });
      await send(peer, queue, "x");
      await refuseNext(peer, { delay: "1000" });
      advance(1_000);
      await refuseNext(peer, { delay: "1000" });
      await peer.expect("MESSAGE", { subscription: "dlq" }, "x");
    });

    test("SEMANTICS NACK: in client mode all that it names are kept back, and come in order", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, { ack: "client" });
      await send(peer, queue, "1", "2", "3");
      const [, , third] = await receive(peer, "1", "2", "3");
      await settle(peer, "NACK", third, { delay: "1000" });
      await peer.silent();
      advance(1_000);
      await receive(peer, "1", "2", "3");
    });

    test("SEMANTICS Transactions: the delay of a NACK begins at COMMIT, and ABORT has none", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, ONE_BY_ONE);
      await send(peer, queue, "x");
      const [message] = await receive(peer, "x");
      await peer.done("BEGIN", { transaction: "t" });
      await settle(peer, "NACK", message, { delay: "1000", transaction: "t" });
      advance(5_000);
      await peer.silent();
      await peer.done("ABORT", { transaction: "t" });
      await peer.done("BEGIN", { transaction: "t" });
      await settle(peer, "NACK", message, { delay: "1000", transaction: "t" });
      await peer.done("COMMIT", { transaction: "t" });
      advance(950);
      await peer.silent();
      advance(50);
      await receive(peer, "x");
    });

    test("SEMANTICS Destinations: a queue with nothing but what is kept back stays", async () => {
      const queue = house.queue();
      const [peer, other] = [await house.connect(), await house.connect()];
      await subscribe(peer, queue, ONE_BY_ONE);
      await send(peer, queue, "x");
      await refuseNext(peer, { delay: "1000" });
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await peer.done("DISCONNECT");
      advance(2_000);
      await subscribe(other, queue);
      await other.expect("MESSAGE", { redelivered: "true", "delivery-count": "2" }, "x");
    });

    test("SEMANTICS SUBSCRIBE: who browses is not shown what is kept back as if it waited twice", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, ONE_BY_ONE);
      await send(peer, queue, "1", "2");
      await refuseNext(peer, { delay: "1000" });
      await receive(peer, "2");
      advance(1_000);
      await subscribe(peer, queue, { id: "browse", browser: "true" });
      await peer.expect("MESSAGE", { subscription: "browse" }, "1");
      await peer.expect("MESSAGE", { subscription: "browse", browser: "end" });
      await peer.silent();
    });

    test("SEMANTICS SUBSCRIBE: on a topic in client mode back-off and delay hold too", async () => {
      const topic = house.topic().replace("/topic/", "/topic/fixed.");
      const peer = await house.connect();
      await subscribe(peer, topic, ONE_BY_ONE);
      await send(peer, topic, "x");
      await refuseNext(peer);
      await peer.silent();
      advance(1_000);
      await refuseNext(peer, { delay: "300" });
      advance(250);
      await peer.silent();
      advance(50);
      await receive(peer, "x");
    });

    test("SEMANTICS SUBSCRIBE: a private queue gone with its subscription brings nothing back", async () => {
      const topic = house.topic();
      const peer = await house.connect();
      await subscribe(peer, topic, ONE_BY_ONE);
      await send(peer, topic, "x");
      await refuseNext(peer, { delay: "1000" });
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await subscribe(peer, topic, ONE_BY_ONE);
      advance(2_000);
      await peer.silent();
    });
  },
  {
    transports: ["fake"],
    cuts: ["whole"],
    overrides: {
      destinations: [
        { match: "/queue/fixed.>", redeliveryDelayMs: 1_000 },
        { match: "/topic/fixed.>", redeliveryDelayMs: 1_000 },
        {
          match: "/queue/doubled.>",
          redeliveryDelayMs: 1_000,
          redeliveryMultiplier: 2,
          redeliveryDelayMaxMs: 5_000,
        },
        { match: "/queue/twice.>", maxDeliveries: 2 },
      ],
    },
  },
);

/** How often a message of a queue with that path is delivered before it is dead. */
const ATTEMPTS: [path: string, attempts: number][] = [
  ["/queue/other", 4],
  ["/queue/orders.a", 3],
  ["/queue/orders.a.b", 3],
  ["/queue/orders.eu.b", 2],
  ["/queue/orders.eu.now", 1],
  ["/queue/orders/eu/now", 4],
  ["/queue/orders.us", 5],
];

overEachTransport(
  "Policies by pattern",
  (house) => {
    for (const [path, attempts] of ATTEMPTS) {
      test(`SEMANTICS NACK: of the policies that cover ${path} the most specific wins: ${attempts} attempts`, async () => {
        const peer = await house.connect();
        await subscribe(peer, path, ONE_BY_ONE);
        await subscribe(peer, deadLettersOf(path), { id: "dlq" });
        await send(peer, path, "x");
        for (let attempt = 1; attempt <= attempts; attempt++) {
          const message = await refuseNext(peer);
          expect(message.get("subscription")).toBe("s");
        }
        await peer.expect("MESSAGE", { subscription: "dlq", "delivery-count": `${attempts}` }, "x");
      });
    }
  },
  {
    cuts: ["whole"],
    overrides: {
      maxDeliveries: 4,
      destinations: [
        { match: "/queue/orders.eu.now", maxDeliveries: 1 },
        { match: "/queue/orders.>", maxDeliveries: 3 },
        { match: "/queue/orders.eu.>", maxDeliveries: 2 },
        { match: "/queue/orders.us", maxDeliveries: 5 },
      ],
    },
  },
);

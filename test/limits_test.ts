/** Every limit one below and one above, with the refusal it answers with. */
import { expect, test } from "bun:test";
import { openBroker, type OpenOptions, type TestBroker } from "./support/brokers.ts";
import { frameText, type RawPeer } from "./support/peer.ts";
import { receive, send, settle, subscribe } from "./support/steps.ts";
import { until } from "./support/until.ts";
import { connectHeaders, overEachTransport } from "./transport_matrix.ts";

overEachTransport(
  "Limits of frames",
  (house) => {
    /** A SEND of `total` bytes before its NUL. */
    const sized = (total: number, destination: string): string => {
      const head = `SEND\ndestination:${destination}\nreceipt:r\n\n`;
      return `${head}${"x".repeat(total - head.length)}\0`;
    };

    test("frameBytesMax: a frame of just that size passes", async () => {
      const peer = await house.connect();
      peer.send(sized(4_095, house.topic()));
      await peer.expect("RECEIPT", { "receipt-id": "r" });
    });

    test("frameBytesMax: one more byte is frame-too-large", async () => {
      const peer = await house.connect();
      peer.send(sized(4_097, house.topic()));
      await peer.refused("frame-too-large");
    });

    test("frameBytesMax: an announced body that would pass it is refused before it comes", async () => {
      const peer = await house.connect();
      peer.send(`SEND\ndestination:${house.topic()}\ncontent-length:4097\n\n`);
      await peer.refused("frame-too-large");
    });

    test("frameBytesMax: head and body count together", async () => {
      const peer = await house.connect();
      const head = `SEND\ndestination:${house.topic()}\n${`h:${"0".repeat(100)}\n`.repeat(5)}content-length:4000\n\n`;
      peer.send(`${head}${"x".repeat(4_000)}\0`);
      await peer.refused("frame-too-large");
    });

    test("headersMax: that many headers pass", async () => {
      const peer = await house.connect();
      const own = Array.from({ length: 8 }, (_, at) => `h${at}:v\n`).join("");
      peer.send(`SEND\ndestination:${house.topic()}\nreceipt:r\n${own}\n\0`);
      await peer.expect("RECEIPT", { "receipt-id": "r" });
    });

    test("headersMax: one more is too-many-headers", async () => {
      const peer = await house.connect();
      const own = Array.from({ length: 9 }, (_, at) => `h${at}:v\n`).join("");
      peer.send(`SEND\ndestination:${house.topic()}\nreceipt:r\n${own}\n\0`);
      await peer.refused("too-many-headers");
    });

    test("headerLineBytesMax: a line of just that many bytes passes", async () => {
      const destination = house.topic();
      const peer = await house.connect();
      await subscribe(peer, destination);
      peer.send(`SEND\ndestination:${destination}\nh:${"é".repeat(63)}\n\n\0`);
      await peer.expect("MESSAGE", { h: "é".repeat(63) });
    });

    test("headerLineBytesMax: one more byte is header-too-large", async () => {
      const peer = await house.connect();
      peer.send(`SEND\ndestination:${house.topic()}\nh:${"é".repeat(63)}x\n\n\0`);
      await peer.refused("header-too-large");
    });

    test("headerLineBytesMax: a line that is not over yet is refused as well", async () => {
      const peer = await house.connect();
      peer.send(`SEND\ndestination:${house.topic()}\nh:${"x".repeat(200)}`);
      await peer.refused("header-too-large");
    });

    test("headerLineBytesMax: the command line is a line too", async () => {
      const peer = await house.connect();
      peer.send("X".repeat(200));
      const error = await peer.take("ERROR");
      expect(["header-too-large", "unknown-command"]).toContain(error.get("code") ?? "");
      await peer.closed();
    });
  },
  {
    overrides: { limits: { frameBytesMax: 4_096, headersMax: 10, headerLineBytesMax: 128 } },
    cuts: ["whole", "random"],
  },
);

overEachTransport(
  "Limits of a connection",
  (house) => {
    test("subscriptionsMax: three pass, the fourth is too-many-subscriptions", async () => {
      const peer = await house.connect();
      for (const id of ["1", "2", "3"]) await subscribe(peer, house.topic(), { id });
      await peer.done("UNSUBSCRIBE", { id: "2" });
      await subscribe(peer, house.topic(), { id: "2" });
      peer.frame("SUBSCRIBE", { id: "4", destination: house.topic(), receipt: "r" });
      await peer.refused("too-many-subscriptions", { "receipt-id": "r" });
    });

    test("transactionsMax: two may be open, the third is too-many-transactions", async () => {
      const peer = await house.connect();
      for (const transaction of ["1", "2"]) await peer.done("BEGIN", { transaction });
      await peer.done("COMMIT", { transaction: "1" });
      await peer.done("BEGIN", { transaction: "3" });
      peer.frame("BEGIN", { transaction: "4", receipt: "r" });
      await peer.refused("too-many-transactions", { "receipt-id": "r" });
    });

    test("transactionOperationsMax: five pass, the sixth is transaction-too-large", async () => {
      const destination = house.topic();
      const peer = await house.connect();
      await subscribe(peer, destination);
      for (const transaction of ["1", "2"]) {
        await peer.done("BEGIN", { transaction });
        for (let count = 0; count < 5; count++)
          await peer.done("SEND", { destination, transaction });
      }
      await peer.done("COMMIT", { transaction: "1" });
      for (let count = 0; count < 5; count++) await peer.expect("MESSAGE");
      peer.frame("SEND", { destination, transaction: "2", receipt: "r" });
      await peer.refused("transaction-too-large", { "receipt-id": "r" });
    });

    test("transactionOperationsMax: a cumulative ACK counts for what it names", async () => {
      const destination = house.queue();
      const peer = await house.connect();
      await subscribe(peer, destination, { ack: "client", "prefetch-count": "10" });
      await send(peer, destination, "1", "2", "3", "4", "5", "6");
      const messages = await receive(peer, "1", "2", "3", "4", "5", "6");
      await peer.done("BEGIN", { transaction: "1" });
      await settle(peer, "ACK", messages[4], { transaction: "1" });
      await peer.done("ABORT", { transaction: "1" });
      await peer.done("BEGIN", { transaction: "2" });
      peer.frame("ACK", { id: messages[5]?.get("ack") ?? "", transaction: "2" });
      await peer.refused("transaction-too-large");
    });

    test("transactionBytesMax: bodies beyond it are transaction-too-large", async () => {
      const destination = house.topic();
      const peer = await house.connect();
      await peer.done("BEGIN", { transaction: "1" });
      await peer.done("SEND", { destination, transaction: "1" }, "x".repeat(1_000));
      peer.frame("SEND", { destination, transaction: "1", receipt: "r" }, "x".repeat(1_100));
      await peer.refused("transaction-too-large", { "receipt-id": "r" });
    });

    test("prefetchDefault: two are delivered, the third is not until one is settled", async () => {
      const destination = house.queue();
      const peer = await house.connect();
      await send(peer, destination, "1", "2", "3");
      await subscribe(peer, destination, { ack: "client-individual" });
      const [first] = await receive(peer, "1", "2");
      await peer.silent();
      await settle(peer, "ACK", first);
      await receive(peer, "3");
    });
  },
  {
    overrides: {
      limits: {
        subscriptionsMax: 3,
        transactionsMax: 2,
        transactionOperationsMax: 5,
        transactionBytesMax: 2_048,
        prefetchDefault: 2,
      },
    },
    cuts: ["whole"],
  },
);

overEachTransport(
  "Limits of queues",
  (house) => {
    test("queueMessagesMax: three pass, the fourth is queue-full", async () => {
      const destination = house.queue();
      const [peer, other] = [await house.connect(), await house.connect()];
      await send(peer, destination, "1", "2", "3");
      peer.frame("SEND", { destination, receipt: "r" }, "4");
      await peer.refused("queue-full", { "receipt-id": "r", "retry-after": /^\d+$/ });
      await subscribe(other, destination);
      await receive(other, "1", "2", "3");
      await send(other, destination, "5");
      await receive(other, "5");
    });

    test("queueMessagesMax: what is held counts too", async () => {
      const destination = house.queue();
      const [peer, other] = [await house.connect(), await house.connect()];
      await subscribe(peer, destination, { ack: "client-individual" });
      await send(other, destination, "1", "2", "3");
      const [first] = await receive(peer, "1", "2", "3");
      await settle(peer, "ACK", first);
      await send(other, destination, "4");
      await receive(peer, "4");
      other.frame("SEND", { destination, receipt: "r" }, "5");
      await other.refused("queue-full", { "receipt-id": "r" });
    });

    test("SEMANTICS Transactions: limits are checked again at COMMIT, and nothing of it is done", async () => {
      const [free, full] = [house.queue(), house.queue()];
      const [peer, other] = [await house.connect(), await house.connect()];
      await send(other, full, "1", "2");
      await peer.done("BEGIN", { transaction: "t" });
      await peer.done("SEND", { destination: free, transaction: "t" }, "undone");
      await peer.done("SEND", { destination: full, transaction: "t" }, "undone");
      await send(other, full, "3");
      peer.frame("COMMIT", { transaction: "t", receipt: "r" });
      await peer.refused("queue-full", { "receipt-id": "r" });
      await subscribe(other, free, { id: "free" });
      await other.silent();
      await subscribe(other, full, { id: "full" });
      await receive(other, "1", "2", "3");
      await other.silent();
    });

    test("queueBytesMax: beyond it a message is queue-full", async () => {
      const destination = house.queue();
      const peer = await house.connect();
      await send(peer, destination, "x".repeat(2_000), "y");
      peer.frame("SEND", { destination, receipt: "r" }, "x".repeat(3_000));
      await peer.refused("queue-full", { "receipt-id": "r" });
    });
  },
  { overrides: { limits: { queueMessagesMax: 3, queueBytesMax: 4_096 } }, cuts: ["whole"] },
);

overEachTransport(
  "Queues that drop the oldest",
  (house) => {
    test("queueOverflow drop-oldest: the newest stay", async () => {
      const destination = house.queue();
      const peer = await house.connect();
      await send(peer, destination, "1", "2", "3", "4", "5");
      await subscribe(peer, destination);
      await receive(peer, "3", "4", "5");
      await peer.silent();
    });
  },
  { overrides: { queueOverflow: "drop-oldest", limits: { queueMessagesMax: 3 } }, cuts: ["whole"] },
);

overEachTransport(
  "Limits of the broker",
  (house) => {
    test("memoryBytesMax: messages beyond it are memory-full, and room comes back", async () => {
      const [peer, other] = [await house.connect(), await house.connect()];
      const destination = house.queue();
      const body = "x".repeat(300_000);
      await send(other, destination, body, body, body);
      peer.frame("SEND", { destination: house.queue(), receipt: "r" }, body);
      // Already what has come of the frame may be too much, when its receipt is not known yet.
      await peer.refused("memory-full");
      // What makes room must be possible while there is none.
      await subscribe(other, destination, { ack: "client-individual", "prefetch-count": "1" });
      for (let count = 0; count < 3; count++) {
        await settle(other, "ACK", await other.expect("MESSAGE"));
      }
      await send(other, destination, body);
      await other.expect("MESSAGE");
    });

    test("destinationsMax: beyond it a new queue is too-many-destinations, an old one is not", async () => {
      const queues = Array.from({ length: 20 }, () => house.queue());
      const [filler, other] = [await house.connect(), await house.connect()];
      for (const [at, destination] of queues.entries()) {
        filler.frame("SEND", { destination, receipt: `${at}` }, "x");
      }
      const error = await filler.take("ERROR");
      expect(error.get("code")).toBe("too-many-destinations");
      const accepted = filler.waiting.filter((frame) => frame.command === "RECEIPT").length;
      expect(accepted).toBeGreaterThanOrEqual(7);
      expect(accepted).toBeLessThanOrEqual(8);
      await send(other, queues[0] ?? "", "again");
      for (const [at, destination] of queues.slice(0, accepted).entries()) {
        await subscribe(other, destination, { id: `${at}` });
      }
      // Emptied and left, they are gone, and others have their place.
      for (let at = 0; at < accepted; at++) await other.done("UNSUBSCRIBE", { id: `${at}` });
      await send(other, house.queue(), "x");
    });
  },
  { overrides: { limits: { memoryBytesMax: 1_048_576, destinationsMax: 8 } }, cuts: ["whole"] },
);

for (const transport of ["ws", "tcp", "fake"] as const) {
  test(`connectionsMax: three pass, the fourth is refused, and one that leaves makes room [${transport}]`, async () => {
    const broker = await openBroker(transport, { limits: { connectionsMax: 3 } });
    const gone = (): number =>
      broker.events.filter((event) => event.type === "disconnected").length;
    try {
      const peers = [];
      for (let count = 0; count < 3; count++) peers.push(await loggedIn(broker));
      const fourth = await broker.upgrade({});
      if ("status" in fourth) {
        expect(fourth.status).toBe(503);
      } else {
        await fourth.refused("too-many-connections", { "retry-after": /^\d+$/ });
        fourth.line.end();
        if (transport !== "fake") await until("the fourth is gone", () => gone() === 1);
      }
      const before = gone();
      await peers[0]?.done("DISCONNECT");
      await peers[0]?.closed();
      peers[0]?.line.end();
      if (transport !== "fake") await until("the first is gone", () => gone() === before + 1);
      await loggedIn(broker);
    } finally {
      await broker.stop();
    }
  });

  test(`loginsPendingMax: with two not logged in a third is not served until one is [${transport}]`, async () => {
    const broker = await openBroker(transport, { limits: { loginsPendingMax: 2 } });
    try {
      const witness = await loggedIn(broker);
      const [first] = [await broker.open(), await broker.open()];
      await expectWaiting(broker, { first, witness });
    } finally {
      await broker.stop();
    }
  });
}

test("loginsPendingPerAddressMax: with two of an address not logged in its third is not served, another's is [fake]", async () => {
  const broker = await openBroker("fake", { limits: { loginsPendingPerAddressMax: 2 } });
  const fake = { address: "192.0.2.1" };
  const [first] = [await broker.open({ fake }), await broker.open({ fake })];
  const witness = await loggedIn(broker, { fake: { address: "192.0.2.2" } });
  await expectWaiting(broker, { first, witness }, { fake });
});

test("connectionsPerAddressMax: an address has so many, another is free, loopback is exempt [fake]", async () => {
  const broker = await openBroker("fake", { limits: { connectionsPerAddressMax: 2 } });
  const fake = { address: "192.0.2.1" };
  await loggedIn(broker, { fake });
  const second = await loggedIn(broker, { fake });
  const third = await broker.open({ fake });
  await third.refused("too-many-connections");
  await loggedIn(broker, { fake: { address: "192.0.2.2" } });
  for (let count = 0; count < 4; count++) await loggedIn(broker);
  second.line.cut();
  await loggedIn(broker, { fake });
});

test("loginTimeoutMs: who waits in line or at the door for longer is gone, and makes room [fake]", async () => {
  const broker = await openBroker("fake", { limits: { loginsPendingMax: 2 } });
  const peers = [
    await broker.open(),
    await broker.open(),
    await broker.open(),
    await broker.open(),
  ];
  broker.runtime.advance(31_000);
  for (const peer of peers) {
    await peer.take("ERROR", { code: "login-timeout" });
    await peer.closed();
  }
  await loggedIn(broker);
});

async function loggedIn(broker: TestBroker, options: OpenOptions = {}): Promise<RawPeer> {
  const peer = await broker.open(options);
  peer.frame("CONNECT", connectHeaders("1.2"));
  await peer.expect("CONNECTED");
  return peer;
}

/** A further peer gets no CONNECTED before `first` has made room for it. */
async function expectWaiting(
  broker: TestBroker,
  { first, witness }: { first: RawPeer; witness: RawPeer },
  options: OpenOptions = {},
): Promise<void> {
  const further = await broker.open(options);
  further.frame("CONNECT", connectHeaders("1.2"));
  // Round trips of one that is in: time enough for an answer that must not come.
  await witness.silent();
  expect(further.waiting).toHaveLength(0);
  first.frame("CONNECT", connectHeaders("1.2"));
  await first.expect("CONNECTED");
  await further.expect("CONNECTED");
}

overEachTransport(
  "Limits before login",
  (house) => {
    test("loginBytesMax: a CONNECT within it passes", async () => {
      const peer = await house.open();
      peer.send(`CONNECT\naccept-version:1.2\nhost:h\npadding:${"x".repeat(900)}\n\n\0`);
      await peer.expect("CONNECTED");
    });

    test("loginBytesMax: a TCP peer that sends more before it has logged in is refused", async () => {
      const peer = await house.open();
      peer.send(`${"\n".repeat(1_100)}`);
      peer.send(`CONNECT\naccept-version:1.2\nhost:h\n${"padding:x\n".repeat(60)}`);
      await peer.take("ERROR");
      await peer.closed();
    });
  },
  { overrides: { limits: { loginBytesMax: 1_024 } }, transports: ["tcp"], cuts: ["whole"] },
);

overEachTransport(
  "Slow subscribers",
  (house) => {
    test("outboxBytesMax, disconnect: a topic subscriber that does not read is told and closed", async () => {
      const destination = house.topic();
      const [slow, quick] = [await house.connect(), await house.connect()];
      const { runtime, events } = house.broker();
      const refused = (): boolean =>
        events.some((event) => event.type === "refused" && event.code === "slow-consumer");
      await subscribe(slow, destination);
      await subscribe(quick, destination, { id: "q" });
      slow.line.stall();
      for (let count = 0; count < 40 && !refused(); count++) {
        quick.frame("SEND", { destination, receipt: `${count}` }, "x".repeat(1_000));
        runtime.advance(1_100);
        await quick.take("MESSAGE");
        await quick.take("RECEIPT", { "receipt-id": `${count}` });
      }
      expect(refused()).toBe(true);
      slow.line.flow();
      await slow.take("ERROR", { code: "slow-consumer" });
      await slow.closed();
      await quick.silent();
    });

    test("slowConsumerGraceMs: one that is behind and drains nothing is given so long", async () => {
      const destination = house.topic();
      const [slow, quick] = [await house.connect(), await house.connect()];
      const { runtime, events } = house.broker();
      const refusals = (): number =>
        events.filter((event) => event.type === "refused" && event.code === "slow-consumer").length;
      const before = refusals();
      await subscribe(slow, destination);
      slow.line.stall();
      for (let count = 0; count < 10; count++) {
        quick.frame("SEND", { destination }, "x".repeat(1_000));
      }
      runtime.advance(4_500);
      expect(refusals()).toBe(before);
      runtime.advance(1_500);
      expect(refusals()).toBe(before + 1);
    });

    test("slowConsumerGraceMs: one that is behind and drains is left in peace", async () => {
      const destination = house.topic();
      const [slow, quick] = [await house.connect(), await house.connect()];
      const { runtime } = house.broker();
      await subscribe(slow, destination);
      for (let round = 0; round < 5; round++) {
        slow.line.stall();
        for (let count = 0; count < 10; count++) {
          quick.frame("SEND", { destination }, `${count}`.padEnd(1_000, "."));
        }
        runtime.advance(3_000);
        slow.line.flow();
        runtime.advance(3_000);
        for (let count = 0; count < 10; count++) await slow.expect("MESSAGE");
      }
      await slow.silent();
    });

    test("outboxBytesMax: a queue consumer that does not read just gets no more", async () => {
      const destination = house.queue();
      const [slow, sender] = [await house.connect(), await house.connect()];
      const { runtime } = house.broker();
      await subscribe(slow, destination);
      slow.line.stall();
      const bodies = Array.from({ length: 40 }, (_, at) => `${at}`.padEnd(1_000, "."));
      await send(sender, destination, ...bodies);
      runtime.advance(30_000);
      const line = house.broker().fakeLine(slow);
      expect(line.unsentBytes).toBeLessThan(24_000);
      slow.line.flow();
      await receive(slow, ...bodies);
      await slow.silent();
    });

    test("publisherPauseMs: publishers to a topic that is behind are held back, and go on", async () => {
      const destination = house.topic();
      const [slow, sender] = [await house.connect(), await house.connect()];
      const { runtime } = house.broker();
      await subscribe(slow, destination);
      slow.line.stall();
      const frame = frameText("SEND", { destination }, { body: "x".repeat(1_000) });
      for (let count = 0; count < 12; count++) sender.send(frame);
      expect(house.broker().fakeLine(sender).paused).toBe(true);
      slow.line.flow();
      runtime.advance(1_500);
      expect(house.broker().fakeLine(sender).paused).toBe(false);
      for (let count = 0; count < 12; count++) await slow.expect("MESSAGE");
      await sender.silent();
    });

    test("SEMANTICS SEND: what waited behind a publisher that was held back is not older for it", async () => {
      const { runtime } = house.broker();
      const [topic, queue] = [house.topic(), house.queue()];
      const [slow, sender, consumer] = [
        await house.connect(),
        await house.connect(),
        await house.connect(),
      ];
      await subscribe(slow, topic);
      await subscribe(consumer, queue);
      slow.line.stall();
      const filler = frameText("SEND", { destination: topic }, { body: "x".repeat(9_000) });
      const late = frameText("SEND", { destination: queue, ttl: 300 }, { body: "late" });
      // In one text, so that the second waits inside the broker.
      sender.send(filler + late);
      runtime.advance(500);
      await consumer.silent();
      const releasedAt = runtime.now();
      slow.line.flow();
      await consumer.expect(
        "MESSAGE",
        { timestamp: `${releasedAt}`, expires: `${releasedAt + 300}` },
        "late",
      );
    });

    test("SEMANTICS CONNECT: a publisher that is held back is not judged by its silence", async () => {
      const destination = house.topic();
      const slow = await house.connect();
      const sender = await house.connect({ headers: { "heart-beat": "300,0" } });
      const { runtime } = house.broker();
      await subscribe(slow, destination);
      slow.line.stall();
      const frame = frameText("SEND", { destination }, { body: "x".repeat(1_000) });
      for (let count = 0; count < 12; count++) sender.send(frame);
      const line = house.broker().fakeLine(sender);
      expect(line.paused).toBe(true);
      // Three intervals of silence that the broker itself has asked for.
      runtime.advance(900);
      expect(line.paused).toBe(true);
      slow.line.flow();
      runtime.advance(100);
      expect(line.paused).toBe(false);
      sender.send("\n");
      await sender.silent();
      // Once it may speak again it must.
      runtime.advance(2_000);
      await sender.refused("heart-beat-missed");
    });

    test("publisherPauseMs: they are held back no longer than that", async () => {
      const destination = house.topic();
      const [slow, sender] = [await house.connect(), await house.connect()];
      await subscribe(slow, destination);
      slow.line.stall();
      const frame = frameText("SEND", { destination }, { body: "x".repeat(1_000) });
      for (let count = 0; count < 10; count++) sender.send(frame);
      house.broker().runtime.advance(1_500);
      expect(house.broker().fakeLine(sender).paused).toBe(false);
    });
  },
  {
    overrides: { limits: { outboxBytesMax: 16_384 } },
    transports: ["fake"],
    cuts: ["whole"],
  },
);

for (const [policy, kept, outboxBytesMax] of [
  ["drop-oldest", "last", 16_384],
  ["drop-oldest", "last", 262_144],
  ["drop-newest", "first", 16_384],
  ["drop-newest", "first", 262_144],
] as const) {
  overEachTransport(
    `Slow subscribers, ${policy}, outboxBytesMax ${outboxBytesMax}`,
    (house) => {
      test(`slowConsumer ${policy}: it stays connected and gets the ${kept}`, async () => {
        const destination = house.topic();
        const [slow, sender] = [await house.connect(), await house.connect()];
        await subscribe(slow, destination);
        slow.line.stall();
        const size = outboxBytesMax / 16;
        for (let count = 0; count < 100; count++) {
          sender.frame("SEND", { destination }, `${count}`.padEnd(size, "."));
          house.broker().runtime.advance(2_000);
        }
        slow.line.flow();
        house.broker().runtime.advance(2_000);
        const bodies: number[] = [];
        slow.frame("BEGIN", { transaction: "t", receipt: "end" });
        for (;;) {
          const frame = await slow.next();
          if (frame.command === "RECEIPT") break;
          bodies.push(Number.parseInt(frame.text));
        }
        expect(bodies.length).toBeLessThan(100);
        expect(bodies.length).toBeGreaterThan(3);
        expect(bodies).toEqual([...bodies].sort((a, b) => a - b));
        if (kept === "last") expect(bodies).toContain(99);
        else expect(bodies).not.toContain(99);
      });
    },
    {
      overrides: { limits: { outboxBytesMax, slowConsumer: policy } },
      transports: ["fake"],
      cuts: ["whole"],
    },
  );
}

for (const kind of ["topic", "queue"] as const) {
  overEachTransport(
    `Unprefixed destinations as ${kind}s`,
    (house) => {
      test(`SEMANTICS Destinations: --unprefixed ${kind} takes a bare name for /${kind}/NAME`, async () => {
        const name = house.topic().slice("/topic/".length);
        const peer = await house.connect();
        await subscribe(peer, `/${kind}/${name}`, { id: "full" });
        await send(peer, name, "1");
        await peer.expect("MESSAGE", { subscription: "full" }, "1");
        await peer.done("UNSUBSCRIBE", { id: "full" });
        await subscribe(peer, name, { id: "bare" });
        await send(peer, `/${kind}/${name}`, "2");
        await peer.expect("MESSAGE", { subscription: "bare" }, "2");
        await subscribe(peer, `/${kind === "topic" ? "queue" : "topic"}/${name}`, { id: "other" });
        await send(peer, name, "3");
        await peer.expect("MESSAGE", { subscription: "bare" }, "3");
        await peer.silent();
      });
    },
    { overrides: { unprefixed: kind }, cuts: ["whole"] },
  );
}

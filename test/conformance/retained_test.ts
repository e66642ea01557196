/** SEMANTICS "SEND": retained messages. */
import { expect, test } from "bun:test";
import { bodiesOf, receive, receiveSome, send, settle, subscribe } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

const SPELLINGS: [header: string, value: string][] = [
  ["retain", "set"],
  ["retain", "true"],
  ["ActiveMQ.Retain", "true"],
];

overEachTransport(
  "Retained messages",
  (house) => {
    for (const [header, value] of SPELLINGS) {
      test(`SEMANTICS SEND: ${header}:${value} keeps the last message for later subscribers, marked`, async () => {
        const topic = house.topic();
        const peer = await house.connect();
        await subscribe(peer, topic, { id: "live" });
        for (const body of ["first", "last"]) {
          await peer.done("SEND", { destination: topic, [header]: value, own: "header" }, body);
          await peer.expect(
            "MESSAGE",
            { subscription: "live", retained: undefined, retain: undefined },
            body,
          );
        }
        await subscribe(peer, topic, { id: "later" });
        await peer.expect(
          "MESSAGE",
          {
            subscription: "later",
            destination: topic,
            retained: "true",
            retain: undefined,
            own: "header",
            "message-id": /./,
          },
          "last",
        );
        await peer.silent();
      });
    }

    const unmarked: Readonly<Record<string, string>>[] = [
      {},
      { retain: "false" },
      { retain: "" },
      { "ActiveMQ.Retain": "false" },
    ];
    for (const headers of unmarked) {
      test(`SEMANTICS SEND: ${JSON.stringify(headers)} keeps nothing, and what is kept stays`, async () => {
        const [topic, other] = [house.topic(), house.topic()];
        const peer = await house.connect();
        await peer.done("SEND", { destination: topic, retain: "set" }, "kept");
        await peer.done("SEND", { destination: topic, ...headers }, "passing");
        await peer.done("SEND", { destination: other, ...headers }, "passing");
        await subscribe(peer, topic, { id: "one" });
        await subscribe(peer, other, { id: "two" });
        await peer.expect("MESSAGE", { subscription: "one", retained: "true" }, "kept");
        await peer.silent();
      });
    }

    test("SEMANTICS SEND: retain:remove clears", async () => {
      const topic = house.topic();
      const peer = await house.connect();
      await peer.done("SEND", { destination: topic, retain: "set" }, "kept");
      await peer.done("SEND", { destination: topic, retain: "remove" });
      await subscribe(peer, topic);
      await peer.silent();
      await peer.done("SEND", { destination: topic, retain: "set" }, "again");
      await peer.expect("MESSAGE", { retained: undefined }, "again");
    });

    test("SEMANTICS SEND: retain with another value is bad-header", async () => {
      const peer = await house.connect();
      peer.frame("SEND", { destination: house.topic(), retain: "perhaps", receipt: "r" });
      const error = await peer.refused("bad-header", { "receipt-id": "r" });
      expect(error.text).toContain('"perhaps"');
    });

    test("SEMANTICS SEND: a client cannot mark its messages as retained", async () => {
      const topic = house.topic();
      const peer = await house.connect();
      await subscribe(peer, topic);
      await peer.done("SEND", { destination: topic, retained: "true" }, "x");
      await peer.expect("MESSAGE", { retained: undefined }, "x");
    });

    test("SEMANTICS SEND: every later subscriber gets it, each time it subscribes", async () => {
      const topic = house.topic();
      const [one, two] = [await house.connect(), await house.connect()];
      await one.done("SEND", { destination: topic, retain: "set" }, "x");
      for (let round = 0; round < 2; round++) {
        for (const peer of [one, two]) {
          await subscribe(peer, topic);
          await peer.expect("MESSAGE", { retained: "true" }, "x");
          await peer.done("UNSUBSCRIBE", { id: "s" });
        }
      }
    });

    test("SEMANTICS SEND: a wildcard subscriber gets those of all topics that it covers", async () => {
      const topic = house.topic();
      const peer = await house.connect();
      for (const name of ["a", "b", "b.c", "b/c"]) {
        await peer.done("SEND", { destination: `${topic}.${name}`, retain: "set" }, name);
      }
      await peer.done("SEND", { destination: `${topic}x`, retain: "set" }, "not covered");
      for (const [pattern, names] of [
        [`${topic}.*`, ["a", "b"]],
        [`${topic}.b.>`, ["b", "b.c"]],
        [`${topic}.>`, ["a", "b", "b.c", "b/c"]],
        [`${topic}.c`, []],
      ] as const) {
        await subscribe(peer, pattern);
        const messages = await receiveSome(peer, names.length);
        expect(bodiesOf(messages).toSorted()).toEqual([...names].toSorted());
        for (const message of messages) {
          expect(message.get("retained")).toBe("true");
          expect(message.get("destination")).toBe(`${topic}.${message.text}`);
        }
        await peer.silent();
        await peer.done("UNSUBSCRIBE", { id: "s" });
      }
    });

    for (const ack of ["client", "client-individual"]) {
      test(`SEMANTICS SUBSCRIBE: in ${ack} mode a retained message is acknowledged like others`, async () => {
        const topic = house.topic();
        const peer = await house.connect();
        await peer.done("SEND", { destination: topic, retain: "set" }, "kept");
        await subscribe(peer, topic, { ack, "prefetch-count": "1" });
        await send(peer, topic, "live");
        const kept = await peer.expect("MESSAGE", { retained: "true", ack: /./ }, "kept");
        await peer.silent();
        await settle(peer, "NACK", kept);
        const again = await peer.expect(
          "MESSAGE",
          { retained: "true", redelivered: "true" },
          "kept",
        );
        await settle(peer, "ACK", again);
        await peer.expect("MESSAGE", { retained: undefined }, "live");
      });
    }

    test("SEMANTICS SUBSCRIBE: a durable subscription gets it once", async () => {
      const topic = house.topic();
      const peer = await house.connect({ headers: { "client-id": topic } });
      await peer.done("SEND", { destination: topic, retain: "set" }, "kept");
      await subscribe(peer, topic, { durable: "true" });
      await peer.expect("MESSAGE", { retained: "true" }, "kept");
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await peer.done("SEND", { destination: topic, retain: "set" }, "offline");
      await subscribe(peer, topic, { durable: "true" });
      await peer.expect("MESSAGE", { retained: undefined }, "offline");
      await peer.silent();
    });

    test("SEMANTICS SUBSCRIBE: a selector is asked about it", async () => {
      const topic = house.topic();
      const peer = await house.connect();
      for (const color of ["red", "blue"]) {
        await peer.done("SEND", { destination: `${topic}.${color}`, retain: "set", color }, color);
      }
      for (const ack of ["auto", "client"]) {
        await subscribe(peer, `${topic}.*`, { ack, selector: "color = 'red'" });
        await receive(peer, "red");
        await peer.silent();
        await peer.done("UNSUBSCRIBE", { id: "s" });
      }
    });

    test("SEMANTICS Transactions: it is kept at COMMIT, and not at ABORT", async () => {
      const topic = house.topic();
      const [peer, other] = [await house.connect(), await house.connect()];
      await peer.done("SEND", { destination: topic, retain: "set" }, "before");
      for (const [end, seen] of [
        ["ABORT", "before"],
        ["COMMIT", "after"],
      ] as const) {
        await peer.done("BEGIN", { transaction: "t" });
        await peer.done("SEND", { destination: topic, retain: "set", transaction: "t" }, "after");
        await subscribe(other, topic);
        await receive(other, "before");
        await other.done("UNSUBSCRIBE", { id: "s" });
        await peer.done(end, { transaction: "t" });
        await subscribe(other, topic);
        await receive(other, seen);
        await other.done("UNSUBSCRIBE", { id: "s" });
      }
    });

    test("SEMANTICS Destinations: a list keeps it for each topic of it, a queue has it once", async () => {
      const [one, two, queue] = [house.topic(), house.topic(), house.queue()];
      const peer = await house.connect();
      await peer.done("SEND", { destination: `${one},${two},${queue}`, retain: "set" }, "x");
      for (const topic of [one, two]) {
        await subscribe(peer, topic, { id: topic });
        await peer.expect("MESSAGE", { destination: topic, retained: "true" }, "x");
      }
      await subscribe(peer, queue, { id: "first" });
      await peer.expect("MESSAGE", { subscription: "first", retained: undefined }, "x");
      await subscribe(peer, queue, { id: "second" });
      await peer.silent();
    });

    test("SEMANTICS SUBSCRIBE: an UNSUBSCRIBE right behind a SUBSCRIBE leaves the connection well", async () => {
      const topic = house.topic();
      const peer = await house.connect();
      await peer.done("SEND", { destination: topic, retain: "set" }, "x");
      peer.frame("SUBSCRIBE", { id: "brief", destination: topic });
      await peer.done("UNSUBSCRIBE", { id: "brief" });
      const stray = peer.waiting.filter((each) => each.get("subscription") !== "brief");
      expect(stray).toEqual([]);
    });

    test("SEMANTICS SUBSCRIBE: many of them come through, and live ones after", async () => {
      const topic = house.topic();
      const peer = await house.connect();
      const bodies = Array.from({ length: 300 }, (_, at) => `${at}`);
      for (const body of bodies) {
        peer.frame("SEND", { destination: `${topic}.${body}`, retain: "set" }, body);
      }
      await subscribe(peer, `${topic}.*`);
      const seen = await receiveSome(peer, bodies.length);
      expect(bodiesOf(seen).toSorted()).toEqual(bodies.toSorted());
      await send(peer, `${topic}.live`, "live");
      await peer.expect("MESSAGE", { retained: undefined }, "live");
      await peer.silent();
    });
  },
  { cuts: ["whole"] },
);

overEachTransport(
  "Retained messages and time",
  (house) => {
    for (const ack of ["auto", "client"]) {
      test(`SEMANTICS SEND: a retained message that has expired is not given to an ${ack} subscriber`, async () => {
        const topic = house.topic();
        const peer = await house.connect();
        await peer.done("SEND", { destination: topic, retain: "set", ttl: "1000" }, "x");
        house.broker().runtime.advance(900);
        await subscribe(peer, topic, { ack });
        await peer.expect("MESSAGE", { retained: "true", expires: /^\d+$/ }, "x");
        await peer.done("UNSUBSCRIBE", { id: "s" });
        house.broker().runtime.advance(100);
        await subscribe(peer, topic, { ack });
        await peer.silent();
        await subscribe(peer, `${topic}.>`, { id: "wild", ack });
        await peer.silent();
      });
    }
  },
  { transports: ["fake"], cuts: ["whole"] },
);

/** SEMANTICS "SUBSCRIBE": selectors on topics and queues. The language itself has tests of its own. */
import { expect, test } from "bun:test";
import type { RawPeer } from "../support/peer.ts";
import { bodiesOf, receive, receiveSome, send, settle, subscribe } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

const MESSAGE = {
  color: "red",
  weight: "3000",
  urgent: "true",
  "x-region": "eu",
  priority: "7",
  type: "order",
  "correlation-id": "c-1",
  "reply-to": "/queue/replies",
  JMSXGroupID: "g",
} as const;

/** A selector and whether it takes {@link MESSAGE}. */
const SELECTORS: [selector: string, takes: boolean][] = [
  ["color = 'red'", true],
  ["color = 'blue'", false],
  ["color <> 'blue' AND weight > 2500", true],
  ["weight BETWEEN 1 AND 2999 OR color IN ('green', 'red')", true],
  ["weight NOT BETWEEN 1 AND 3000", false],
  ["weight / 2 = 1500", true],
  ["urgent = TRUE", true],
  ["TRUE = urgent", true],
  ["color LIKE 'r%'", true],
  ["color LIKE '_e_' AND NOT (color LIKE 'b%')", true],
  ["missing IS NULL AND color IS NOT NULL", true],
  ["missing = 'x'", false],
  ["NOT (missing = 'x')", false],
  ["missing <> 'x' OR weight >= 3000", true],
  ["\"x-region\" = 'eu'", true],
  ["hyphenated_props:\"x-region\" = 'eu'", true],
  ["convert_string_expressions:weight > 2999", true],
  ["JMSPriority = 7", true],
  ["JMSPriority < 5", false],
  ["JMSType = 'order'", true],
  ["JMSCorrelationID = 'c-1'", true],
  ["JMSReplyTo = '/queue/replies'", true],
  ["JMSXGroupID = 'g'", true],
  ["JMSDeliveryMode = 'NON_PERSISTENT'", true],
  ["JMSDeliveryMode = 'PERSISTENT'", false],
  ["JMSExpiration = 0", true],
  ["JMSTimestamp > 0", true],
  ["JMSMessageID IS NOT NULL", true],
  ["JMSRedelivered = FALSE", true],
  ["JMSXDeliveryCount = 1", true],
];

/** A mistake and the character at which it is. */
const MISTAKES: [selector: string, position: number][] = [
  ["color =", 8],
  ["color = 'red' AND", 18],
  ["= 'red'", 1],
  ["color == 'red'", 8],
  ["(color = 'red'", 15],
  ["color = 'red", 9],
  ["color LIKE 5", 12],
];

async function sendColored(peer: RawPeer, destination: string, ...bodies: string[]): Promise<void> {
  for (const body of bodies) {
    const [color = ""] = body.split(" ");
    await peer.done("SEND", { destination, color }, body);
  }
}

overEachTransport(
  "Selectors",
  (house) => {
    for (const [selector, takes] of SELECTORS) {
      for (const kind of ["topic", "queue"] as const) {
        test(`SEMANTICS SUBSCRIBE: on a ${kind} ${selector} ${takes ? "takes" : "leaves"} the message`, async () => {
          const destination = house[kind]();
          const peer = await house.connect();
          await subscribe(peer, destination, { selector });
          await peer.done("SEND", { destination, ...MESSAGE }, "x");
          if (takes) await receive(peer, "x");
          await peer.silent();
        });
      }
    }

    for (const [selector, position] of MISTAKES) {
      test(`SEMANTICS SUBSCRIBE: ${JSON.stringify(selector)} is bad-selector at character ${position}`, async () => {
        const peer = await house.connect();
        peer.frame("SUBSCRIBE", {
          id: "s",
          destination: house.queue(),
          selector,
          receipt: "r",
        });
        const error = await peer.refused("bad-selector", { "receipt-id": "r" });
        expect(error.text).toMatch(new RegExp(`\\b${position}\\b`));
      });
    }

    test("SEMANTICS SUBSCRIBE: a selector of enormous length or depth is bad-selector", async () => {
      for (const selector of [
        `color = '${"x".repeat(10_000)}'`,
        `${"(".repeat(1_000)}a = 1${")".repeat(1_000)}`,
        `${"NOT ".repeat(1_000)} a = 1`,
      ]) {
        const peer = await house.connect();
        peer.frame("SUBSCRIBE", { id: "s", destination: house.queue(), selector });
        await peer.refused("bad-selector");
      }
    });

    test("SEMANTICS SUBSCRIBE: no XPath and no functions of other brokers", async () => {
      for (const selector of ["XPATH '//a'", "XQUERY '//a'", "REGEX('a+', color)"]) {
        const peer = await house.connect();
        peer.frame("SUBSCRIBE", { id: "s", destination: house.queue(), selector });
        await peer.refused("bad-selector");
      }
    });

    test("SEMANTICS SUBSCRIBE: an empty selector selects everything", async () => {
      const destination = house.queue();
      const peer = await house.connect();
      await subscribe(peer, destination, { selector: "" });
      await send(peer, destination, "x");
      await receive(peer, "x");
    });

    for (const ack of ["auto", "client-individual"]) {
      test(`SEMANTICS SUBSCRIBE: on a topic the same selector is asked in ${ack} mode, with wildcards too`, async () => {
        const topic = house.topic();
        const peer = await house.connect();
        await subscribe(peer, `${topic}.*`, { ack, selector: "color = 'red'" });
        await sendColored(peer, `${topic}.a`, "red 1", "blue 1");
        await sendColored(peer, `${topic}.b`, "blue 2", "red 2");
        await receive(peer, "red 1", "red 2");
        await peer.silent();
      });
    }

    test("SEMANTICS SUBSCRIBE: on a queue a selector never stands in the way of others", async () => {
      const queue = house.queue();
      const [picky, other] = [await house.connect(), await house.connect()];
      await sendColored(other, queue, "blue 1", "blue 2", "red 1", "blue 3", "red 2");
      await subscribe(picky, queue, { selector: "color = 'red'" });
      await receive(picky, "red 1", "red 2");
      await picky.silent();
      await subscribe(other, queue);
      await receive(other, "blue 1", "blue 2", "blue 3");
      await other.silent();
    });

    test("SEMANTICS SUBSCRIBE: what nobody selects waits for who does", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, { id: "red", selector: "color = 'red'" });
      await subscribe(peer, queue, { id: "blue", selector: "color = 'blue'" });
      await sendColored(peer, queue, "green 1", "blue 1", "green 2", "red 1");
      await peer.expect("MESSAGE", { subscription: "blue" }, "blue 1");
      await peer.expect("MESSAGE", { subscription: "red" }, "red 1");
      await peer.silent();
      await subscribe(peer, queue, { id: "green", selector: "color = 'green'" });
      await receive(peer, "green 1", "green 2");
      await peer.silent();
    });

    test("SEMANTICS SUBSCRIBE: a consumer with a selector and no credit holds up nobody", async () => {
      const queue = house.queue();
      const [picky, other] = [await house.connect(), await house.connect()];
      await subscribe(picky, queue, {
        ack: "client-individual",
        "prefetch-count": "1",
        selector: "color = 'red'",
      });
      await sendColored(other, queue, "red 1", "red 2", "blue 1");
      const [first] = await receive(picky, "red 1");
      await subscribe(other, queue, { id: "blue", selector: "color = 'blue'" });
      await receive(other, "blue 1");
      await other.silent();
      await settle(picky, "ACK", first);
      await receive(picky, "red 2");
    });

    test("SEMANTICS SUBSCRIBE: overlapping selectors share, each message goes to one", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, { id: "all" });
      await subscribe(peer, queue, { id: "red", selector: "color = 'red'" });
      await subscribe(peer, queue, { id: "warm", selector: "color IN ('red', 'orange')" });
      const bodies = Array.from(
        { length: 30 },
        (_, at) => `${["red", "orange", "blue"][at % 3]} ${at}`,
      );
      await sendColored(peer, queue, ...bodies);
      const messages = await receiveSome(peer, bodies.length);
      await peer.silent();
      expect(bodiesOf(messages).toSorted()).toEqual(bodies.toSorted());
      const allowed: Record<string, RegExp> = { all: /./, red: /^red/, warm: /^(red|orange)/ };
      for (const message of messages) {
        expect(message.text).toMatch(allowed[message.get("subscription") ?? ""] ?? /never/);
      }
    });

    test("SEMANTICS SUBSCRIBE: two consumers of one selector take turns", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, { id: "1", selector: "color = 'red'" });
      await subscribe(peer, queue, { id: "2", selector: "color = 'red'" });
      await sendColored(peer, queue, "red 1", "red 2", "red 3", "red 4");
      const messages = await receive(peer, "red 1", "red 2", "red 3", "red 4");
      const turns = messages.map((each) => each.get("subscription"));
      expect(turns.filter((each) => each === "1").length).toBe(2);
    });

    test("SEMANTICS SUBSCRIBE: selected messages come by priority, then arrival", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      for (const [priority, body] of [
        ["1", "low"],
        ["9", "other"],
        ["4", "first"],
        ["9", "high"],
        ["4", "second"],
      ] as const) {
        const color = body === "other" ? "blue" : "red";
        await peer.done("SEND", { destination: queue, priority, color }, body);
      }
      await subscribe(peer, queue, { selector: "color = 'red'" });
      await receive(peer, "high", "first", "second", "low");
      await peer.silent();
    });

    test("SEMANTICS ACK: what a consumer with a selector held returns to its old place for all", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await sendColored(peer, queue, "red 1", "blue 1", "red 2");
      await subscribe(peer, queue, { ack: "client", selector: "color = 'red'" });
      await receive(peer, "red 1", "red 2");
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await subscribe(peer, queue, { id: "all" });
      await receive(peer, "red 1", "blue 1", "red 2");
      await peer.silent();
    });

    test("SEMANTICS SUBSCRIBE: a redelivery goes to whose selector asks for redeliveries", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, {
        id: "first",
        ack: "client-individual",
        selector: "JMSRedelivered = FALSE",
      });
      await subscribe(peer, queue, {
        id: "second",
        ack: "client-individual",
        selector: "JMSRedelivered = TRUE AND JMSXDeliveryCount = 2",
      });
      await subscribe(peer, queue, { id: "third", selector: "JMSXDeliveryCount > 2" });
      await send(peer, queue, "x");
      const one = await peer.expect("MESSAGE", { subscription: "first" }, "x");
      await peer.silent();
      await settle(peer, "NACK", one);
      const two = await peer.expect(
        "MESSAGE",
        { subscription: "second", redelivered: "true", "delivery-count": "2" },
        "x",
      );
      await peer.silent();
      await settle(peer, "NACK", two);
      await peer.expect("MESSAGE", { subscription: "third", "delivery-count": "3" }, "x");
      await peer.silent();
    });

    test("SEMANTICS SUBSCRIBE: on a topic in a client mode a redelivery is asked about as well", async () => {
      const topic = house.topic();
      const peer = await house.connect();
      await subscribe(peer, topic, { ack: "client-individual", selector: "JMSXDeliveryCount < 3" });
      await send(peer, topic, "x", "y");
      const [first, second] = await receive(peer, "x", "y");
      await settle(peer, "ACK", second);
      await settle(peer, "NACK", first);
      const [again] = await receive(peer, "x");
      await settle(peer, "NACK", again);
      await peer.silent();
    });

    test("SEMANTICS SUBSCRIBE: selectors work with wildcards and lists of queues", async () => {
      const [prefix, queue] = [house.queue(), house.queue()];
      const peer = await house.connect();
      await sendColored(peer, `${prefix}.a`, "blue 1", "red 1");
      await subscribe(peer, `${prefix}.*,${queue}`, { selector: "color = 'red'" });
      await receive(peer, "red 1");
      await sendColored(peer, `${prefix}.b`, "blue 2", "red 2");
      await sendColored(peer, queue, "red 3", "blue 3");
      await receive(peer, "red 2", "red 3");
      await peer.silent();
    });
  },
  { cuts: ["whole"] },
);

overEachTransport(
  "Selectors in front of much that does not match",
  (house) => {
    test("SEMANTICS SUBSCRIBE: a selector finds its messages behind thousands of others", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      const many = 5_000;
      for (let at = 0; at < many; at++) peer.frame("SEND", { destination: queue, color: "blue" });
      await subscribe(peer, queue, { id: "none", selector: "color = 'none'" });
      await subscribe(peer, queue, { id: "red", selector: "color = 'red'" });
      await sendColored(peer, queue, "red 1", "red 2");
      await peer.expect("MESSAGE", { subscription: "red" }, "red 1");
      await peer.expect("MESSAGE", { subscription: "red" }, "red 2");
      await subscribe(peer, queue, { id: "all" });
      expect((await receiveSome(peer, many)).every((each) => each.get("color") === "blue")).toBe(
        true,
      );
      await peer.silent();
    });
  },
  { cuts: ["whole"] },
);

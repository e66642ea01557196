/** SEMANTICS "SUBSCRIBE": topic subscriptions that outlive their connection. */
import { expect, test } from "bun:test";
import type { RawPeer } from "../support/peer.ts";
import { disconnect, receive, send, settle, subscribe } from "../support/steps.ts";
import { until } from "../support/until.ts";
import { overEachTransport, type House } from "../transport_matrix.ts";

type Headers = Readonly<Record<string, string>>;

/** The spellings of a durable subscription's marker, the same on SUBSCRIBE and UNSUBSCRIBE. */
const SPELLINGS: [spelling: string, marker: Headers][] = [
  ["activemq.subscriptionName", { "activemq.subscriptionName": "news" }],
  ["durable-subscription-name", { "durable-subscription-name": "news" }],
  ["durable-subscriber-name", { "durable-subscriber-name": "news" }],
  ["durable:true and id", { durable: "true" }],
  ["persistent:true and id", { persistent: "true" }],
  ["durable:true as RabbitMQ has it", { durable: "true", "auto-delete": "false" }],
];

const NAMED = { "activemq.subscriptionName": "news" };

/** A peer whose `client-id` no other case uses, unless given one that does. */
async function client(house: House, id: string | undefined): Promise<RawPeer> {
  return house.connect(id === undefined ? {} : { headers: { "client-id": id } });
}

overEachTransport(
  "Durable subscriptions",
  (house) => {
    for (const [spelling, marker] of SPELLINGS) {
      test(`SEMANTICS SUBSCRIBE: with ${spelling} what comes meanwhile is kept, in order`, async () => {
        const topic = house.topic();
        const [first, sender] = [await client(house, topic), await house.connect()];
        await subscribe(first, topic, marker);
        await send(sender, topic, "live");
        await receive(first, "live");
        await disconnect(first);
        await send(sender, topic, "1", "2", "3");
        const again = await client(house, topic);
        await subscribe(again, topic, marker);
        for (const message of await receive(again, "1", "2", "3")) {
          expect(message.get("destination")).toBe(topic);
          expect(message.get("subscription")).toBe("s");
          expect(message.get("redelivered")).toBeUndefined();
        }
        await send(sender, topic, "live again");
        await receive(again, "live again");
        await again.silent();
      });

      test(`SEMANTICS SUBSCRIBE: UNSUBSCRIBE with ${spelling} deletes it`, async () => {
        const topic = house.topic();
        const peer = await client(house, topic);
        await subscribe(peer, topic, marker);
        await peer.done("UNSUBSCRIBE", { id: "s", ...marker });
        await send(peer, topic, "missed");
        await subscribe(peer, topic, marker);
        await peer.silent();
        await send(peer, topic, "seen");
        await receive(peer, "seen");
      });

      test(`SEMANTICS SUBSCRIBE: with ${spelling} UNSUBSCRIBE without the marker keeps it`, async () => {
        const topic = house.topic();
        const peer = await client(house, topic);
        await subscribe(peer, topic, marker);
        await peer.done("UNSUBSCRIBE", { id: "s" });
        await send(peer, topic, "kept");
        await peer.silent();
        await subscribe(peer, topic, marker);
        await receive(peer, "kept");
        await peer.silent();
      });
    }

    test("SEMANTICS SUBSCRIBE: the spellings that give a name are one and the same", async () => {
      const topic = house.topic();
      const peer = await client(house, topic);
      await subscribe(peer, topic, { "activemq.subscriptionName": "news" });
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await send(peer, topic, "1");
      await subscribe(peer, topic, { id: "other", "durable-subscription-name": "news" });
      await peer.expect("MESSAGE", { subscription: "other" }, "1");
    });

    test("SEMANTICS SUBSCRIBE: works in 1.0 and 1.1", async () => {
      for (const version of ["1.0", "1.1"] as const) {
        const topic = house.topic();
        const headers = { "client-id": topic };
        const first = await house.connect({ version, headers });
        await subscribe(first, topic, NAMED);
        await disconnect(first);
        const second = await house.connect({ version, headers });
        await send(second, topic, "kept");
        await subscribe(second, topic, NAMED);
        await receive(second, "kept");
      }
    });

    for (const leave of ["cut", "end", "DISCONNECT", "ERROR"] as const) {
      test(`SEMANTICS SUBSCRIBE: it stays when its connection goes by ${leave}, and what was held comes again`, async () => {
        const topic = house.topic();
        const [first, sender] = [await client(house, topic), await house.connect()];
        await subscribe(first, topic, { ...NAMED, ack: "client-individual" });
        await send(sender, topic, "1", "2", "3");
        const [, second] = await receive(first, "1", "2", "3");
        await settle(first, "ACK", second);
        const count = () =>
          house.broker().events.filter((each) => each.type === "disconnected").length;
        const before = count();
        if (leave === "cut") first.line.cut();
        else if (leave === "end") first.line.end();
        else if (leave === "DISCONNECT") await disconnect(first);
        else {
          first.frame("BOGUS");
          await first.refused("unknown-command");
        }
        if (house.transport !== "fake") await until("it is gone", () => count() > before);
        await send(sender, topic, "4");
        const again = await client(house, topic);
        await subscribe(again, topic, { ...NAMED, ack: "client-individual" });
        await again.expect("MESSAGE", { redelivered: "true", "delivery-count": "2" }, "1");
        await again.expect("MESSAGE", { redelivered: "true", "delivery-count": "2" }, "3");
        await again.expect("MESSAGE", { redelivered: undefined }, "4");
        await again.silent();
      });
    }

    test("SEMANTICS SUBSCRIBE: the newest connection takes over, the old one gets ERROR taken-over", async () => {
      const topic = house.topic();
      const [old, newest, sender] = [
        await client(house, topic),
        await client(house, topic),
        await house.connect(),
      ];
      await subscribe(old, topic, { ...NAMED, ack: "client-individual", "prefetch-count": "2" });
      await send(sender, topic, "1", "2", "3");
      const [first] = await receive(old, "1", "2");
      await settle(old, "ACK", first);
      await receive(old, "3");
      await subscribe(newest, topic, { ...NAMED, ack: "client-individual" });
      await old.refused("taken-over");
      await newest.expect("MESSAGE", { redelivered: "true" }, "2");
      await newest.expect("MESSAGE", { redelivered: "true" }, "3");
      await send(sender, topic, "4");
      await receive(newest, "4");
      await newest.silent();
    });

    test("SEMANTICS SUBSCRIBE: who was taken over may take it back", async () => {
      const topic = house.topic();
      let holder = await client(house, topic);
      await subscribe(holder, topic, NAMED);
      const sender = await house.connect();
      for (const body of ["1", "2", "3"]) {
        const next = await client(house, topic);
        await subscribe(next, topic, NAMED);
        await holder.refused("taken-over");
        await send(sender, topic, body);
        await receive(next, body);
        await next.silent();
        holder = next;
      }
    });

    test("SEMANTICS SUBSCRIBE: a takeover ends the old connection's other subscriptions, not other clients'", async () => {
      const [topic, queue] = [house.topic(), house.queue()];
      const [old, newest] = [await client(house, topic), await client(house, topic)];
      await subscribe(old, topic, NAMED);
      await subscribe(old, queue, { id: "queue", ack: "client" });
      await send(newest, queue, "held");
      await old.expect("MESSAGE", { subscription: "queue" }, "held");
      await subscribe(newest, topic, NAMED);
      await old.refused("taken-over");
      await subscribe(newest, queue, { id: "queue" });
      await newest.expect("MESSAGE", { subscription: "queue", redelivered: "true" }, "held");
    });

    const KEYS: [part: string, other: { client?: string; name?: string; topic?: boolean }][] = [
      ["client-id", { client: "other" }],
      ["name", { name: "other" }],
      ["destination", { topic: true }],
    ];
    for (const [part, other] of KEYS) {
      test(`SEMANTICS SUBSCRIBE: another ${part} is another durable subscription`, async () => {
        const topic = house.topic();
        const otherTopic = other.topic === true ? house.topic() : topic;
        const otherName = { "activemq.subscriptionName": other.name ?? "news" };
        const [one, two] = [
          await client(house, topic),
          await client(house, topic + (other.client ?? "")),
        ];
        await subscribe(one, topic, NAMED);
        await subscribe(two, otherTopic, otherName);
        await one.silent();
        await disconnect(one);
        await disconnect(two);
        const sender = await house.connect();
        await send(sender, otherTopic === topic ? topic : `${topic},${otherTopic}`, "x");
        for (const [id, destination, marker] of [
          [topic, topic, NAMED],
          [topic + (other.client ?? ""), otherTopic, otherName],
        ] as const) {
          const peer = await client(house, id);
          await subscribe(peer, destination, marker);
          await receive(peer, "x");
          await peer.silent();
        }
      });
    }

    test("SEMANTICS SUBSCRIBE: no client-id is a key of its own", async () => {
      const topic = house.topic();
      const [anonymous, empty] = [await client(house, undefined), await client(house, topic)];
      const marker = { "activemq.subscriptionName": topic };
      await subscribe(anonymous, topic, marker);
      await subscribe(empty, topic, marker);
      await anonymous.silent();
      await disconnect(anonymous);
      await send(empty, topic, "x");
      await receive(empty, "x");
      const again = await client(house, undefined);
      await subscribe(again, topic, marker);
      await receive(again, "x");
    });

    test("SEMANTICS SUBSCRIBE: the parts of a key cannot be shifted into one another", async () => {
      const topic = house.topic();
      const [one, two] = [await client(house, `${topic}a`), await client(house, topic)];
      await subscribe(one, topic, { "activemq.subscriptionName": "b" });
      await subscribe(two, topic, { "activemq.subscriptionName": "ab" });
      await one.silent();
      await send(two, topic, "x");
      await receive(one, "x");
      await receive(two, "x");
    });

    test("SEMANTICS SUBSCRIBE: without the marker it is an ordinary subscription", async () => {
      const topic = house.topic();
      const peer = await client(house, topic);
      const unmarked: Headers[] = [{}, { durable: "false" }, { persistent: "false" }];
      for (const headers of unmarked) {
        await subscribe(peer, topic, headers);
        await peer.done("UNSUBSCRIBE", { id: "s" });
        await send(peer, topic, "missed");
        await subscribe(peer, topic, headers);
        await peer.silent();
        await peer.done("UNSUBSCRIBE", { id: "s" });
      }
    });

    test("SEMANTICS SUBSCRIBE: wildcards and lists may be durable", async () => {
      const [one, two] = [house.topic(), house.topic()];
      const peer = await client(house, one);
      await subscribe(peer, `${one}.>,${two}`, NAMED);
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await send(peer, `${one}.a`, "1");
      await send(peer, two, "2");
      await send(peer, `${one}.b.c`, "3");
      await subscribe(peer, `${one}.>,${two}`, NAMED);
      const messages = [await peer.expect("MESSAGE"), await peer.expect("MESSAGE")];
      messages.push(await peer.expect("MESSAGE"));
      expect(messages.map((each) => each.get("destination")).toSorted()).toEqual(
        [`${one}.a`, `${one}.b.c`, two].toSorted(),
      );
      await peer.silent();
      await peer.done("UNSUBSCRIBE", { id: "s", ...NAMED });
      await send(peer, two, "missed");
      await subscribe(peer, `${one}.>,${two}`, NAMED);
      await peer.silent();
    });

    for (const marker of [...SPELLINGS.map(([, each]) => each), { exclusive: "true" }]) {
      test(`SEMANTICS SUBSCRIBE: on a queue ${JSON.stringify(marker)} is accepted without effect`, async () => {
        const queue = house.queue();
        const [one, two] = [await client(house, queue), await client(house, queue)];
        await subscribe(one, queue, marker);
        await subscribe(two, queue, marker);
        await send(one, queue, "1", "2");
        const bodies = [await one.expect("MESSAGE"), await two.expect("MESSAGE")];
        expect(bodies.map(({ text }) => text).toSorted()).toEqual(["1", "2"]);
        await one.silent();
        await one.done("UNSUBSCRIBE", { id: "s", ...marker });
        await two.done("UNSUBSCRIBE", { id: "s" });
        await send(one, queue, "3");
        await subscribe(two, queue);
        await receive(two, "3");
      });
    }

    for (const ack of ["client", "client-individual"]) {
      test(`SEMANTICS SUBSCRIBE: prefetch, ACK and NACK hold in ${ack} mode`, async () => {
        const topic = house.topic();
        const peer = await client(house, topic);
        await subscribe(peer, topic, { ...NAMED, ack, "prefetch-count": "1" });
        await send(peer, topic, "1", "2");
        const [first] = await receive(peer, "1");
        await peer.silent();
        await settle(peer, "NACK", first);
        await settle(peer, "ACK", await peer.expect("MESSAGE", { redelivered: "true" }, "1"));
        await receive(peer, "2");
        await peer.silent();
        await peer.done("UNSUBSCRIBE", { id: "s" });
        await subscribe(peer, topic, { ...NAMED, ack });
        await peer.expect("MESSAGE", { redelivered: "true" }, "2");
        await peer.silent();
      });
    }

    test("SEMANTICS SUBSCRIBE: the ack mode may differ from one connection to the next", async () => {
      const topic = house.topic();
      const peer = await client(house, topic);
      await subscribe(peer, topic, { ...NAMED, ack: "client" });
      await send(peer, topic, "1", "2");
      await receive(peer, "1", "2");
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await subscribe(peer, topic, { ...NAMED, ack: "auto" });
      await receive(peer, "1", "2");
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await subscribe(peer, topic, { ...NAMED, ack: "client" });
      await peer.silent();
    });

    test("SEMANTICS Transactions: what a transaction acknowledged is back when the connection is lost", async () => {
      const topic = house.topic();
      const peer = await client(house, topic);
      await subscribe(peer, topic, { ...NAMED, ack: "client-individual" });
      await send(peer, topic, "1", "2");
      const [first, second] = await receive(peer, "1", "2");
      await settle(peer, "ACK", first);
      await peer.done("BEGIN", { transaction: "t" });
      await settle(peer, "ACK", second, { transaction: "t" });
      await disconnect(peer);
      const again = await client(house, topic);
      await subscribe(again, topic, NAMED);
      await again.expect("MESSAGE", { redelivered: "true" }, "2");
      await again.silent();
    });

    test("SEMANTICS SUBSCRIBE: its selector holds while nobody is there", async () => {
      const topic = house.topic();
      const peer = await client(house, topic);
      const selector = "color = 'red'";
      await subscribe(peer, topic, { ...NAMED, selector });
      await peer.done("UNSUBSCRIBE", { id: "s" });
      for (const color of ["red", "blue", "red"]) {
        await peer.done("SEND", { destination: topic, color }, color);
      }
      await subscribe(peer, topic, { ...NAMED, selector });
      await receive(peer, "red", "red");
      await peer.silent();
    });

    test("SEMANTICS SUBSCRIBE: a new selector holds from the next SUBSCRIBE on", async () => {
      const topic = house.topic();
      const peer = await client(house, topic);
      await subscribe(peer, topic, { ...NAMED, selector: "color = 'red'" });
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await subscribe(peer, topic, { ...NAMED, selector: "color = 'blue'" });
      for (const color of ["red", "blue"]) {
        await peer.done("SEND", { destination: topic, color }, color);
      }
      await receive(peer, "blue");
      await peer.silent();
    });

    test("SEMANTICS UNSUBSCRIBE: another client's durable subscription is not deleted", async () => {
      const topic = house.topic();
      const [one, two] = [await client(house, topic), await client(house, `${topic}.other`)];
      await subscribe(one, topic, NAMED);
      await one.done("UNSUBSCRIBE", { id: "s" });
      await subscribe(two, topic, NAMED);
      await two.done("UNSUBSCRIBE", { id: "s", ...NAMED });
      await send(two, topic, "kept");
      await subscribe(one, topic, NAMED);
      await receive(one, "kept");
    });

    test("SEMANTICS UNSUBSCRIBE: the marker's name will do where nobody has it now", async () => {
      const topic = house.topic();
      const peer = await client(house, topic);
      await subscribe(peer, topic, NAMED);
      await disconnect(peer);
      const again = await client(house, topic);
      await again.done("UNSUBSCRIBE", { id: "s", ...NAMED });
      await send(again, topic, "missed");
      await subscribe(again, topic, NAMED);
      await again.silent();
    });

    test("SEMANTICS UNSUBSCRIBE: with a marker that names nothing it is unknown-subscription", async () => {
      const peer = await client(house, house.topic());
      peer.frame("UNSUBSCRIBE", { id: "s", ...NAMED, receipt: "r" });
      await peer.refused("unknown-subscription", { "receipt-id": "r" });
    });
  },
  { cuts: ["whole"] },
);

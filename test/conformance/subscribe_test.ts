import { expect, test } from "bun:test";
import type { FaultCode } from "../../src/fault.ts";
import type { Version } from "../support/received_frame.ts";
import { receive, send, subscribe } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

/** Pattern, name and whether they match; both below a prefix of the case's own. */
const MATCHES: [pattern: string, name: string, match: boolean][] = [
  ["a", "a", true],
  ["a", "b", false],
  ["a", "A", false],
  ["a.b", "a/b", false],
  ["*", "a", true],
  ["*", "a.b", false],
  ["a.*", "a.b", true],
  ["a/*", "a/b", true],
  ["a.*", "a", false],
  ["a.*.c", "a.b.c", true],
  ["a.*.c", "a.b.b.c", false],
  ["*.b", "a.b", true],
  [">", "a", true],
  [">", "a.b.c", true],
  ["a.>", "a.b.c", true],
  ["a.>", "a", true],
  ["a.#", "a", true],
  ["a.#", "a.b.c", true],
  ["a.**", "a.b", true],
  ["a.>", "b.c", false],
  ["a.>.z", "a.z", true],
  ["a.>.z", "a.b.c.z", true],
  ["a.>.z", "a.b.c", false],
  ["#.z", "a.b.z", true],
  ["a.*.>", "a.b", true],
  ["a.*.>", "a", false],
  ["a.>.*", "a.b", true],
  ["a.#.c.#.e", "a.b.c.d.e", true],
  ["a.#.c.#.e", "a.b.d.e", false],
];

overEachTransport("SUBSCRIBE", (house) => {
  for (const [pattern, name, match] of MATCHES) {
    for (const kind of ["topic", "queue"] as const) {
      test(`SEMANTICS Destinations: /${kind}/${pattern} ${match ? "takes" : "leaves"} ${name}`, async () => {
        const prefix = house[kind]();
        const peer = await house.connect();
        await subscribe(peer, `${prefix}.${pattern}`);
        await send(peer, `${prefix}.${name}`, "x");
        if (match) await peer.expect("MESSAGE", { destination: `${prefix}.${name}` }, "x");
        await peer.silent();
      });
    }
  }

  for (const pattern of ["a*", "*a", "a.b#", "a.>b.c", "a.***", "a.#>"]) {
    test(`SEMANTICS Destinations: ${JSON.stringify(pattern)} in SUBSCRIBE is partial-wildcard`, async () => {
      const peer = await house.connect();
      peer.frame("SUBSCRIBE", { id: "s", destination: `/topic/${pattern}` });
      await peer.refused("partial-wildcard");
    });
  }

  test("SEMANTICS Destinations: overlapping wildcards are subscriptions each", async () => {
    const topic = house.topic();
    const peer = await house.connect();
    await subscribe(peer, `${topic}.*`, { id: "star" });
    await subscribe(peer, `${topic}.>`, { id: "all" });
    await subscribe(peer, `${topic}.a`, { id: "exact" });
    await send(peer, `${topic}.a`, "x");
    const messages = await receive(peer, "x", "x", "x");
    expect(messages.map((message) => message.get("subscription")).sort()).toEqual([
      "all",
      "exact",
      "star",
    ]);
    await peer.done("UNSUBSCRIBE", { id: "star" });
    await send(peer, `${topic}.a`, "y");
    await receive(peer, "y", "y");
    await peer.silent();
  });

  test("SEMANTICS Destinations: a wildcard on queues takes from those there are and those to come", async () => {
    const queue = house.queue();
    const peer = await house.connect();
    await send(peer, `${queue}.a`, "before");
    await send(peer, `${queue}.a.deep`, "other");
    await subscribe(peer, `${queue}.*`);
    await peer.expect("MESSAGE", { destination: `${queue}.a` }, "before");
    await send(peer, `${queue}.b`, "after");
    await peer.expect("MESSAGE", { destination: `${queue}.b` }, "after");
    await peer.done("UNSUBSCRIBE", { id: "s" });
    await send(peer, `${queue}.b`, "left");
    await peer.silent();
    await subscribe(peer, `${queue}.b`);
    await receive(peer, "left");
  });

  test("SEMANTICS Destinations: a wildcard on queues shares each of them with its other consumers", async () => {
    const queue = house.queue();
    const [all, one] = [await house.connect(), await house.connect()];
    await subscribe(all, `${queue}.>`);
    await subscribe(one, `${queue}.a`);
    await send(one, `${queue}.a`, "1", "2", "3", "4");
    const taken = [await all.next(), await all.next(), await one.next(), await one.next()];
    expect(taken.map((message) => message.text).sort()).toEqual(["1", "2", "3", "4"]);
    await all.silent();
    await one.silent();
  });

  for (const ack of ["client", "client-individual"]) {
    test(`SEMANTICS Destinations: a wildcard on queues has one prefetch and its ACKs (${ack})`, async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, `${queue}.*`, { ack, "prefetch-count": "2" });
      await send(peer, `${queue}.a`, "1", "2");
      await send(peer, `${queue}.b`, "3", "4");
      const [first, second] = await receive(peer, "1", "2");
      await peer.silent();
      for (const message of [first, second]) {
        await peer.done("ACK", { id: message?.get("ack") ?? "" });
      }
      await receive(peer, "3", "4");
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await subscribe(peer, `${queue}.a`, { id: "a" });
      await subscribe(peer, `${queue}.b`, { id: "b" });
      await peer.expect("MESSAGE", { subscription: "b", redelivered: "true" }, "3");
      await peer.expect("MESSAGE", { subscription: "b", redelivered: "true" }, "4");
      await peer.silent();
    });
  }

  const refused: [
    what: string,
    version: Version,
    headers: Record<string, string>,
    code: FaultCode,
  ][] = [
    ["no id in 1.1", "1.1", { destination: "/topic/x" }, "missing-header"],
    ["no id in 1.2", "1.2", { destination: "/topic/x" }, "missing-header"],
    ["no destination", "1.2", { id: "s" }, "missing-header"],
    ["no destination in 1.0", "1.0", {}, "missing-header"],
    ["an unknown prefix", "1.2", { id: "s", destination: "chat" }, "bad-destination"],
    [
      "an unknown ack mode",
      "1.2",
      { id: "s", destination: "/topic/x", ack: "maybe" },
      "bad-header",
    ],
    [
      "an ack mode in capitals",
      "1.1",
      { id: "s", destination: "/topic/x", ack: "AUTO" },
      "bad-header",
    ],
    [
      "a prefetch that is no number",
      "1.2",
      { id: "s", destination: "/queue/x", "prefetch-count": "many" },
      "bad-header",
    ],
    [
      "a prefetch in hexadecimal",
      "1.2",
      { id: "s", destination: "/queue/x", "prefetch-count": "0x10" },
      "bad-header",
    ],
    [
      "a prefetch with a fraction",
      "1.2",
      { id: "s", destination: "/queue/x", "activemq.prefetchSize": "1.5" },
      "bad-header",
    ],
  ];
  for (const [what, version, headers, code] of refused) {
    test(`"SUBSCRIBE": ${what} is ${code}`, async () => {
      const peer = await house.connect({ version });
      peer.frame("SUBSCRIBE", { ...headers, receipt: "r" });
      await peer.refused(code, { "receipt-id": "r" });
    });
  }

  test('"SUBSCRIBE": an id in use on the connection is refused', async () => {
    const peer = await house.connect();
    await subscribe(peer, house.topic());
    peer.frame("SUBSCRIBE", { id: "s", destination: house.topic() });
    await peer.refused("duplicate-subscription");
  });

  test('"SUBSCRIBE Id Header": the same id on two connections is two subscriptions', async () => {
    const destination = house.topic();
    const peers = [await house.connect(), await house.connect()];
    for (const peer of peers) await subscribe(peer, destination);
    await send(peers[0] ?? (await house.connect()), destination, "x");
    for (const peer of peers) await receive(peer, "x");
  });

  test('"SUBSCRIBE": two subscriptions to a topic each get their copy under their own id', async () => {
    const destination = house.topic();
    const peer = await house.connect();
    await subscribe(peer, destination, { id: "one" });
    await subscribe(peer, destination, { id: "two" });
    await send(peer, destination, "x");
    const messages = await receive(peer, "x", "x");
    expect(messages.map((message) => message.get("subscription")).sort()).toEqual(["one", "two"]);
    await peer.silent();
  });

  test('"SUBSCRIBE": in 1.0 the id is optional, and then MESSAGE names no subscription', async () => {
    const destination = house.topic();
    const peer = await house.connect({ version: "1.0" });
    await peer.done("SUBSCRIBE", { destination });
    await send(peer, destination, "x");
    await peer.expect("MESSAGE", { subscription: undefined, destination }, "x");
  });

  test("SEMANTICS SUBSCRIBE: in 1.0 an id that is given is used", async () => {
    const destination = house.topic();
    const peer = await house.connect({ version: "1.0" });
    await subscribe(peer, destination, { id: "mine" });
    await send(peer, destination, "x");
    await peer.expect("MESSAGE", { subscription: "mine" }, "x");
  });

  test("SEMANTICS SUBSCRIBE: every message accepted after the RECEIPT is seen", async () => {
    const destination = house.topic();
    const receiver = await house.connect();
    const sender = await house.connect();
    receiver.frame("SUBSCRIBE", { id: "s", destination, receipt: "live" });
    await receiver.expect("RECEIPT", { "receipt-id": "live" });
    await send(sender, destination, "x");
    await receive(receiver, "x");
  });

  test("SEMANTICS SUBSCRIBE: ids are opaque, empty and odd ones too", async () => {
    const destination = house.topic();
    const peer = await house.connect();
    for (const id of ["", "0", "a:b\nc\\", " ", "ü"]) await subscribe(peer, destination, { id });
    await send(peer, destination, "x");
    const ids = [];
    for (let count = 0; count < 5; count++)
      ids.push((await peer.expect("MESSAGE")).get("subscription"));
    expect(ids.sort()).toEqual(["", " ", "0", "a:b\nc\\", "ü"]);
  });

  for (const [spelling, value, window] of [
    ["prefetch-count", "2", 2],
    ["activemq.prefetchSize", "2", 2],
    ["prefetch-count", "1", 1],
    ["prefetch-count", "0", 5],
    ["prefetch-count", "-1", 5],
    ["activemq.prefetchSize", "0", 5],
  ] as const) {
    test(`SEMANTICS SUBSCRIBE: ${spelling}:${value} lets ${window} of 5 be unacknowledged`, async () => {
      const destination = house.queue();
      const peer = await house.connect();
      await send(peer, destination, "1", "2", "3", "4", "5");
      await subscribe(peer, destination, { ack: "client-individual", [spelling]: value });
      await receive(peer, ...["1", "2", "3", "4", "5"].slice(0, window));
      await peer.silent();
    });
  }
});

overEachTransport(
  "SUBSCRIBE default prefetch",
  (house) => {
    for (const ack of ["client", "client-individual"]) {
      test(`SEMANTICS SUBSCRIBE: the default of ${ack} is the configured prefetch`, async () => {
        const destination = house.queue();
        const peer = await house.connect();
        await send(peer, destination, "1", "2", "3", "4");
        await subscribe(peer, destination, { ack });
        const [, , third] = await receive(peer, "1", "2", "3");
        await peer.silent();
        await peer.done("ACK", { id: third?.get("ack") ?? "" });
        await receive(peer, "4");
      });
    }

    test("SEMANTICS SUBSCRIBE: auto has no prefetch", async () => {
      const destination = house.queue();
      const peer = await house.connect();
      await send(peer, destination, "1", "2", "3", "4");
      await subscribe(peer, destination, { ack: "auto" });
      await receive(peer, "1", "2", "3", "4");
    });
  },
  { cuts: ["whole"], overrides: { limits: { prefetchDefault: 3 } } },
);

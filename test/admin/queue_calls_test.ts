/** The calls of the API about queues: what an operator sees and does. */
import { describe, expect, test } from "bun:test";
import { receive, send, settle, subscribe } from "../support/steps.ts";
import { adminHouse } from "./admin_house.ts";

const house = adminHouse({ maxDeliveries: 1 });
const WINDOW = { filter: "", sort: "name", order: "asc", offset: 0, limit: 100 } as const;
const BROWSE = { after: undefined, limit: 50, bodyBytes: 1024 };
const ALL = { keys: undefined };

async function bodies(
  admin: ReturnType<typeof house>["broker"]["admin"],
  name: string,
): Promise<(string | undefined)[]> {
  const { messages } = await admin.browseQueue({ name, ...BROWSE });
  return messages.map(({ body }) => body);
}

describe("Queues", () => {
  test("are listed with what waits, what is held, who consumes and since when", async () => {
    const { broker, connect, runtime } = house();
    const peer = await connect();
    await subscribe(peer, "/queue/held", { ack: "client", "prefetch-count": "1" });
    await send(peer, "/queue/held", "a", "b", "c");
    const at = runtime.now();
    runtime.advance(5_000);
    await send(peer, "/queue/other", "d");
    const { total, items } = await broker.admin.queues(WINDOW);
    expect(total).toBe(2);
    expect(items[0]).toMatchObject({
      ...{ name: "held", path: "/queue/held", kind: "queue" },
      ...{ ready: 2, held: 1, delayed: 0, consumers: 1, enqueued: 3, dequeued: 0 },
    });
    expect(items[0]?.oldestAt).toBe(at);
    expect(items[1]).toMatchObject({ name: "other", ready: 1, held: 0, consumers: 0 });
  });

  test("are filtered, sorted and cut to a window", async () => {
    const { broker, connect } = house();
    const peer = await connect();
    for (const [name, count] of [
      ["a.1", 3],
      ["a.2", 1],
      ["a.3", 2],
      ["b", 9],
    ] as const) {
      for (let i = 0; i < count; i++) await send(peer, `/queue/${name}`, "x");
    }
    const found = await broker.admin.queues({
      ...WINDOW,
      ...{ filter: "A.", sort: "ready", order: "desc", offset: 1, limit: 1 },
    });
    expect(found.total).toBe(3);
    expect(found.items.map(({ name }) => name)).toEqual(["a.3"]);
  });

  test("that are not there are not found", async () => {
    const { broker, settled } = house();
    await expect(settled((async () => broker.admin.queue({ name: "none" }))())).rejects.toThrow(
      'Cannot find queue "none"',
    );
  });
});

describe("Browsing", () => {
  test("shows messages in the order of delivery without consuming them", async () => {
    const { broker, connect } = house();
    const peer = await connect();
    await peer.done("SEND", { destination: "/queue/q", priority: "1" }, "low");
    await peer.done("SEND", { destination: "/queue/q", priority: "9", own: "x" }, "high");
    for (let look = 0; look < 2; look++) {
      const { messages, more } = await broker.admin.browseQueue({ name: "q", ...BROWSE });
      expect(more).toBe(false);
      expect(messages.map(({ body }) => body)).toEqual(["high", "low"]);
      expect(messages[0]).toMatchObject({ priority: 9, persistent: false, deliveries: 0 });
      expect(messages[0]?.headers).toContainEqual(["own", "x"]);
    }
    await subscribe(peer, "/queue/q");
    await receive(peer, "high", "low");
  });

  test("goes on behind a key, and says whether there is more", async () => {
    const { broker, connect } = house();
    const peer = await connect();
    await send(peer, "/queue/q", "1", "2", "3", "4", "5");
    const first = await broker.admin.browseQueue({ name: "q", ...BROWSE, limit: 2 });
    expect(first.more).toBe(true);
    const after = first.messages.at(-1)?.key;
    const second = await broker.admin.browseQueue({ name: "q", ...BROWSE, after, limit: 3 });
    expect(second.messages.map(({ body }) => body)).toEqual(["3", "4", "5"]);
    expect(second.more).toBe(false);
  });

  test("cuts a body, and gives the whole of it to who asks for one message", async () => {
    const { broker, connect } = house();
    const peer = await connect();
    await send(peer, "/queue/q", "x".repeat(5_000));
    const { messages } = await broker.admin.browseQueue({ name: "q", ...BROWSE, bodyBytes: 10 });
    expect(messages[0]).toMatchObject({ body: "x".repeat(10), truncated: true, bodyBytes: 5_000 });
    const key = messages[0]?.key ?? "";
    const whole = await broker.admin.queueMessage({ name: "q", key });
    expect(whole).toMatchObject({ body: "x".repeat(5_000), truncated: false });
  });

  test("gives a body that is no text as base64", async () => {
    const { broker, connect } = house();
    const peer = await connect();
    peer.send(
      Buffer.from("SEND\ndestination:/queue/q\ncontent-length:3\n\n\xff\x00\x01\0", "latin1"),
    );
    await peer.silent();
    const { messages } = await broker.admin.browseQueue({ name: "q", ...BROWSE });
    expect(messages[0]).toMatchObject({ bodyBase64: "/wAB", bodyBytes: 3, truncated: false });
    expect(messages[0]?.body).toBeUndefined();
  });
});

describe("Purging", () => {
  test("removes what waits, and leaves what a consumer holds", async () => {
    const { broker, connect, settled } = house();
    const peer = await connect();
    await subscribe(peer, "/queue/q", { ack: "client-individual", "prefetch-count": "1" });
    await send(peer, "/queue/q", "held", "a", "b");
    const [held] = await receive(peer, "held");
    expect(await settled(broker.admin.purgeQueue({ name: "q", ...ALL }))).toEqual({ messages: 2 });
    expect(await broker.admin.queue({ name: "q" })).toMatchObject({ ready: 0, held: 1 });
    await settle(peer, "ACK", held);
    await peer.silent();
  });

  test("removes just the messages named", async () => {
    const { broker, connect, settled } = house();
    const peer = await connect();
    await send(peer, "/queue/q", "a", "b", "c");
    const { messages } = await broker.admin.browseQueue({ name: "q", ...BROWSE });
    const keys = [messages[1]?.key ?? "", "4-999"];
    expect(await settled(broker.admin.purgeQueue({ name: "q", keys }))).toEqual({ messages: 1 });
    expect(await bodies(broker.admin, "q")).toEqual(["a", "c"]);
  });

  test("of many goes on over several turns, and spares what comes meanwhile", async () => {
    const { broker, connect, settled, runtime } = house();
    const peer = await connect();
    for (let i = 0; i < 1_200; i++) peer.frame("SEND", { destination: "/queue/q" }, String(i));
    await peer.silent();
    const purged = Promise.resolve(broker.admin.purgeQueue({ name: "q", ...ALL }));
    await Promise.resolve();
    await settled(broker.admin.publish({ destination: "/queue/q", headers: [], body: "late" }));
    expect(await settled(purged)).toEqual({ messages: 1_200 });
    runtime.pump();
    expect(await bodies(broker.admin, "q")).toEqual(["late"]);
  });
});

describe("Deleting a queue", () => {
  test("takes everything in it along", async () => {
    const { broker, connect } = house();
    const peer = await connect();
    await send(peer, "/queue/q", "a", "b");
    expect(await broker.admin.deleteQueue({ name: "q" })).toEqual({ messages: 2 });
    expect((await broker.admin.queues(WINDOW)).total).toBe(0);
  });

  test("is refused while it has consumers", async () => {
    const { broker, connect } = house();
    const peer = await connect();
    await subscribe(peer, "/queue/q");
    expect(() => broker.admin.deleteQueue({ name: "q" })).toThrow("1 consumers have it");
  });
});

describe("Moving", () => {
  test("takes messages to another queue: same id, same headers, in order", async () => {
    const { broker, connect, settled } = house();
    const peer = await connect();
    await peer.done("SEND", { destination: "/queue/from", own: "x" }, "a");
    await send(peer, "/queue/from", "b");
    const before = await broker.admin.browseQueue({ name: "from", ...BROWSE });
    const moved = await settled(
      broker.admin.moveMessages({ name: "from", to: "/queue/to", ...ALL }),
    );
    expect(moved).toEqual({ messages: 2 });
    expect((await broker.admin.queues(WINDOW)).items.map(({ name }) => name)).toEqual(["to"]);
    const after = await broker.admin.browseQueue({ name: "to", ...BROWSE });
    expect(after.messages.map(({ id, body }) => [id, body])).toEqual(
      before.messages.map(({ id, body }) => [id, body]),
    );
    expect(after.messages[0]?.headers).toContainEqual(["own", "x"]);
    expect(after.messages[0]?.headers).toContainEqual(["destination", "/queue/to"]);
  });

  test("gives them to who waits there", async () => {
    const { broker, connect, settled } = house();
    const peer = await connect();
    await subscribe(peer, "/queue/to");
    await send(peer, "/queue/from", "a");
    await settled(broker.admin.moveMessages({ name: "from", to: "/queue/to", ...ALL }));
    const [message] = await receive(peer, "a");
    expect(message?.get("destination")).toBe("/queue/to");
  });

  test("leaves everything where it was if there is no room", async () => {
    const { broker, connect, settled } = adminSmall();
    const peer = await connect();
    await send(peer, "/queue/from", "a", "b", "c");
    const moved = settled(
      broker.admin.moveMessages({ name: "from", to: "/queue/full.to", ...ALL }),
    );
    await expect(moved).rejects.toThrow("queue-full");
    expect(await bodies(broker.admin, "from")).toEqual(["a", "b", "c"]);
  });

  test.each([
    ["the queue itself", "/queue/from", "it is there already"],
    ["another spelling of it", "queue://from", "it is there already"],
    ["no destination", "nowhere", "unknown prefix"],
    ["a temporary one", "/temp-queue/x", "expected a queue or topic"],
    ["what is the broker's own", "/topic/$system/frames", "expected a queue or topic"],
    ["a pattern", "/queue/a.>", "wildcard"],
    ["a list", "/queue/x,/queue/y", "expected one destination"],
  ])("to %s is refused", async (_what, to, sentence) => {
    const { broker, connect, settled } = house();
    const peer = await connect();
    await send(peer, "/queue/from", "a");
    const moved = settled((async () => broker.admin.moveMessages({ name: "from", to, ...ALL }))());
    await expect(moved).rejects.toThrow(sentence);
    expect(await bodies(broker.admin, "from")).toEqual(["a"]);
  });
});

const mortal = adminHouse({ deadLetterExpired: true });

describe("What expires while it is being moved", () => {
  test("dies once, and is counted as not moved", async () => {
    const { broker, connect, settled, runtime } = mortal();
    const peer = await connect();
    for (let i = 0; i < 700; i++) {
      peer.frame("SEND", { destination: "/queue/from", ttl: "1000" }, String(i));
    }
    await peer.silent();
    const moving = Promise.resolve(
      broker.admin.moveMessages({ name: "from", to: "/queue/to", ...ALL }),
    );
    await Promise.resolve();
    // The second batch is read before, and carried out after their time has come.
    runtime.advance(2_000);
    const { messages } = await settled(moving);
    const { items } = await settled(broker.admin.queues(WINDOW));
    const dead = items.filter(({ kind }) => kind === "dead-letters");
    expect(dead.reduce((sum, { ready }) => sum + ready, 0)).toBe(700);
    expect(messages).toBeLessThan(700);
  });
});

describe("Moving that fails half-way", () => {
  test("says how many had moved", async () => {
    const { broker, connect, settled } = adminSmall();
    const peer = await connect();
    for (let i = 0; i < 1_200; i++) peer.frame("SEND", { destination: "/queue/from" }, "x");
    await peer.silent();
    const moved = settled(broker.admin.moveMessages({ name: "from", to: "/queue/half", ...ALL }));
    await expect(moved).rejects.toThrow("500 messages had moved before, the others stay");
    expect(await broker.admin.queue({ name: "from" })).toMatchObject({ ready: 700 });
    expect(await broker.admin.queue({ name: "half" })).toMatchObject({ ready: 500 });
  });
});

const adminSmall = adminHouse({
  destinations: [
    { match: "/queue/full.>", messagesMax: 2 },
    { match: "/queue/half", messagesMax: 900 },
  ],
});

describe("Retrying dead letters", () => {
  test("sends each back to where it came from, as it was", async () => {
    const { broker, connect, settled } = house();
    const peer = await connect();
    await subscribe(peer, "/queue/work", { ack: "client-individual" });
    await peer.done("SEND", { destination: "/queue/work", own: "x" }, "job");
    const [refused] = await receive(peer, "job");
    await settle(peer, "NACK", refused);
    expect(await broker.admin.queue({ name: "DLQ.work" })).toMatchObject({
      kind: "dead-letters",
      ready: 1,
    });
    const retried = await settled(broker.admin.retryMessages({ name: "DLQ.work", ...ALL }));
    expect(retried).toEqual({ messages: 1 });
    const [again] = await receive(peer, "job");
    expect(again?.get("destination")).toBe("/queue/work");
    expect(again?.get("own")).toBe("x");
    expect(again?.get("message-id")).toBe(refused?.get("message-id") ?? "");
    for (const name of ["dead-letter-reason", "original-destination", "delivery-count"]) {
      expect(again?.get(name)).toBeUndefined();
    }
  });

  test("is refused for other queues", async () => {
    const { broker, connect, settled } = house();
    const peer = await connect();
    await send(peer, "/queue/q", "a");
    const retried = settled((async () => broker.admin.retryMessages({ name: "q", ...ALL }))());
    await expect(retried).rejects.toThrow("expected a queue of dead letters");
  });
});

describe("Publishing", () => {
  test("does what a SEND frame would", async () => {
    const { broker, connect, settled } = house();
    const peer = await connect();
    await subscribe(peer, "/topic/t");
    const { messageId } = await settled(
      broker.admin.publish({
        destination: "topic://t",
        headers: [
          ["own", "a:b\nc"],
          ["priority", "7"],
        ],
        body: "hällo",
      }),
    );
    await peer.expect(
      "MESSAGE",
      { "message-id": messageId, own: "a:b\nc", priority: "7", "content-length": "6" },
      "hällo",
    );
  });

  test.each([
    ["a header without a name", [["", "x"]], "/topic/t", "header named"],
    ["a destination among the headers", [["destination", "/topic/x"]], "/topic/t", "header named"],
    ["a bad priority", [["priority", "x"]], "/topic/t", "priority"],
    ["a destination of the broker's", [], "/topic/$system/frames", "only the broker"],
    ["an unknown prefix", [], "nowhere", "unknown prefix"],
    [
      "a header line that no frame could have",
      [["a", "x".repeat(20_000)]],
      "/topic/t",
      "a line of",
    ],
    ["very many commas", [], ",".repeat(16_000), "at most 64 destinations"],
  ] as const)("refuses %s", async (_what, pairs, destination, sentence) => {
    const { broker, settled } = house();
    const headers = pairs.map(([name, value]): [string, string] => [name, value]);
    const published = settled(
      (async () => broker.admin.publish({ destination, headers, body: "x" }))(),
    );
    await expect(published).rejects.toThrow(sentence);
  });
});

describe("What consumers hold", () => {
  const LOOK = { offset: 0, limit: 50, bodyBytes: 1024 };

  test("is shown with who has it, oldest first, until it is settled", async () => {
    const { broker, connect } = house();
    const eve = await connect({ headers: { login: "eve" } });
    const bob = await connect({ headers: { login: "bob" } });
    const one = { ack: "client-individual", "prefetch-count": "1" };
    await subscribe(bob, "/queue/work", { id: "b", ...one });
    await subscribe(eve, "/queue/work", { id: "e", ...one });
    await subscribe(eve, "/queue/other", { id: "o", ack: "client" });
    await send(eve, "/queue/work", "1", "2", "3");
    await send(eve, "/queue/other", "not this");
    const held = async (more: Partial<typeof LOOK> = {}) => {
      const answer = await broker.admin.heldMessages({ name: "work", ...LOOK, ...more });
      const shown = answer.messages.map(({ body, login, subscription, connection, deliveries }) => [
        ...[body, login, subscription, connection, deliveries],
      ]);
      return [answer.total, shown];
    };
    expect(await held()).toEqual([
      2,
      [
        ["1", "bob", "b", 2, 1],
        ["2", "eve", "e", 1, 1],
      ],
    ]);
    expect(await held({ offset: 1, limit: 1 })).toEqual([2, [["2", "eve", "e", 1, 1]]]);
    expect(await bodies(broker.admin, "work")).toEqual(["3"]);
    const { messages } = await broker.admin.heldMessages({ name: "work", ...LOOK, bodyBytes: 0 });
    const key = messages[0]?.key ?? "";
    expect(messages[0]).toMatchObject({ body: "", truncated: true });
    expect(await broker.admin.heldMessage({ name: "work", key })).toMatchObject({
      ...{ body: "1", truncated: false, connection: 2, login: "bob" },
    });
    const taken = await bob.take("MESSAGE");
    await bob.done("BEGIN", { transaction: "t" });
    await settle(bob, "ACK", taken, { transaction: "t" });
    await bob.done("UNSUBSCRIBE", { id: "b" });
    expect(await held()).toEqual([
      2,
      [
        ["1", "bob", "b", 2, 1],
        ["2", "eve", "e", 1, 1],
      ],
    ]);
    await bob.done("COMMIT", { transaction: "t" });
    expect(await held()).toEqual([1, [["2", "eve", "e", 1, 1]]]);
    expect(() => broker.admin.heldMessage({ name: "work", key })).toThrow("no consumer has it");
  });

  test("is refused of a queue that is not there", async () => {
    const { broker } = house();
    const answer = Promise.resolve(broker.admin.heldMessages({ name: "none", ...LOOK }));
    await expect(answer).rejects.toThrow('Cannot find queue "none"');
  });
});

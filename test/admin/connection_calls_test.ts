/** The calls of the API about connections, topics and durable subscriptions. */
import { describe, expect, test } from "bun:test";
import { receive, send, settle, subscribe } from "../support/steps.ts";
import { adminHouse } from "./admin_house.ts";

const house = adminHouse();
const WINDOW = { filter: "", order: "asc", offset: 0, limit: 100 } as const;

describe("Connections", () => {
  test("are described: who, from where, what was agreed on, what they hold", async () => {
    const { broker, connect, runtime } = house();
    const at = runtime.now();
    const peer = await connect({
      headers: { login: "ann", "client-id": "c1", "heart-beat": "10000,0" },
    });
    await subscribe(peer, "/queue/q", { ack: "client", selector: "a = 1", "prefetch-count": "7" });
    await peer.done("SEND", { destination: "/queue/q", a: "1" }, "x");
    const [message] = await receive(peer, "x");
    await peer.done("BEGIN", { transaction: "t" });
    const detail = await broker.admin.connection({ number: 1 });
    expect(detail).toMatchObject({
      ...{ number: 1, state: "connected", login: "ann", clientId: "c1", version: "1.2" },
      peer: { transport: "fake", address: "127.0.0.1", port: 1 },
      ...{ connectedAt: at, heartBeatAsked: "10000,0", heartBeatGranted: "0,10000" },
      ...{ subscriptions: 1, unacknowledged: 1, paused: false, transactions: 1 },
      ...{ framesIn: 4, messagesIn: 1, messagesOut: 1 },
    });
    expect(detail.subscriptionList).toEqual([
      {
        ...{ id: "s", destination: "/queue/q", ack: "client", prefetch: 7, selector: "a = 1" },
        ...{ durable: false, browses: false, unacknowledged: 1 },
      },
    ]);
    await settle(peer, "ACK", message);
    expect((await broker.admin.connection({ number: 1 })).unacknowledged).toBe(0);
  });

  test("that have not logged in say so", async () => {
    const { broker, connect } = house();
    await connect();
    const { items } = await broker.admin.connections({ ...WINDOW, sort: "number" });
    expect(items[0]).toMatchObject({ heartBeatAsked: "", heartBeatGranted: "0,0", login: "" });
  });

  test("are filtered by number, address, login and client id, and sorted", async () => {
    const { broker, connect } = house();
    for (const login of ["bob", "ann", "anna"]) await connect({ headers: { login } });
    const found = await broker.admin.connections({
      ...WINDOW,
      ...{ filter: "ANN", sort: "login", order: "desc" },
    });
    expect(found.items.map(({ login }) => login)).toEqual(["anna", "ann"]);
    const byNumber = await broker.admin.connections({ ...WINDOW, filter: "#2", sort: "number" });
    expect(byNumber.items.map(({ number }) => number)).toEqual([2]);
  });

  test("can be told goodbye, one by one", async () => {
    const { broker, connect } = house();
    const [peer, other] = [await connect(), await connect()];
    await broker.admin.disconnect({ number: 1 });
    await peer.refused("disconnected");
    await other.silent();
    expect(() => broker.admin.disconnect({ number: 1 })).toThrow("Cannot find connection 1");
  });
});

describe("Topics", () => {
  test("are listed with their subscribers, durable ones among them", async () => {
    const { broker, connect } = house();
    const peer = await connect({ headers: { "client-id": "c" } });
    await subscribe(peer, "/topic/a", { id: "1" });
    await subscribe(peer, "/topic/a", { id: "2", "activemq.subscriptionName": "n" });
    await subscribe(peer, "/topic/b.>", { id: "3", ack: "client" });
    const { total, items } = await broker.admin.topics({ ...WINDOW, sort: "name" });
    expect(total).toBe(2);
    expect(items).toEqual([
      { name: "a", path: "/topic/a", pattern: false, subscribers: 2, durables: 1 },
      { name: "b.>", path: "/topic/b.>", pattern: true, subscribers: 1, durables: 0 },
    ]);
  });
});

describe("Subscriptions", () => {
  const SUBSCRIBED: readonly (readonly [destination: string, headers?: Record<string, string>])[] =
    [
      ["/topic/a.b", { id: "exact" }],
      ["/topic/a.*", { id: "pattern", ack: "client" }],
      ["/topic/>", { id: "rest" }],
      ["/topic/a.b", { id: "kept", "activemq.subscriptionName": "n" }],
      ["/topic/$system/statistics", { id: "system" }],
      ["/queue/a.b", { id: "queue", ack: "client" }],
      ["/queue/a.*", { id: "queues", selector: "x = 1" }],
      ["/queue/a.b", { id: "look", browser: "true" }],
      ["/temp-queue/mine", { id: "temporary" }],
      ["/queue/c,/topic/d", { id: "both" }],
    ];
  /** What is asked for, and the ids of the subscriptions that are answered. */
  const FOUND: readonly (readonly [destination: string, ids: readonly string[]])[] = [
    ["/topic/a.b", ["exact", "pattern", "rest", "kept"]],
    ["/topic/a.c", ["pattern", "rest"]],
    ["/topic/a.*", ["pattern"]],
    ["/topic/$system/statistics", ["system"]],
    ["/topic/d", ["rest", "both"]],
    ["/queue/a.b", ["queue", "queues", "look"]],
    ["/queue/a.c", ["queues"]],
    ["/queue/a.*", ["queues"]],
    ["/queue/c", ["both"]],
    ["/queue/nobody", []],
  ];
  const all = async () => {
    const found = house();
    const peer = await found.connect({ headers: { "client-id": "c", login: "eve" } });
    await send(peer, "/queue/a.b", "one");
    for (const [destination, headers] of SUBSCRIBED) await subscribe(peer, destination, headers);
    return found;
  };
  const WANTED = { ...WINDOW, sort: "connection" } as const;

  test.each(FOUND)("of %s are found: %j", async (destination, ids) => {
    const { broker } = await all();
    const { total, items } = await broker.admin.subscriptions({ ...WANTED, destination });
    expect([total, items.map(({ id }) => id)]).toEqual([ids.length, [...ids]]);
  });

  test("of a temporary queue are found by its path", async () => {
    const { broker } = await all();
    const { items: queues } = await broker.admin.queues({
      ...{ ...WINDOW, sort: "name" },
      kind: "temporary",
    });
    const destination = queues[0]?.path ?? "";
    const { items } = await broker.admin.subscriptions({ ...WANTED, destination });
    expect(items.map(({ id }) => id)).toEqual(["temporary"]);
  });

  test("say whose they are and what they asked for, and are searched by that", async () => {
    const { broker, connect } = await all();
    await subscribe(await connect(), "/topic/other");
    const { total } = await broker.admin.subscriptions(WANTED);
    expect(total).toBe(SUBSCRIBED.length + 1);
    const found = await broker.admin.subscriptions({ ...WANTED, filter: "EVE", limit: 2 });
    expect(found.total).toBe(SUBSCRIBED.length);
    const destination = "/queue/a.*";
    const { items } = await broker.admin.subscriptions({ ...WANTED, destination });
    expect(items).toEqual([
      {
        ...{ id: "queues", destination, ack: "auto", selector: "x = 1", durable: false },
        ...{ browses: false, unacknowledged: 0, connection: 1, login: "eve", clientId: "c" },
        peer: expect.objectContaining({ port: expect.any(Number) }),
      },
    ]);
  });

  test("of what is no destination are refused", async () => {
    const { broker } = house();
    for (const destination of ["nowhere", "/topic/", "/topic/a*b"]) {
      const answer = Promise.resolve(broker.admin.subscriptions({ ...WANTED, destination }));
      await expect(answer).rejects.toThrow(/^bad-destination|^partial-wildcard/);
    }
  });
});

describe("Durable subscriptions", () => {
  test("are listed, browsed, purged and deleted", async () => {
    const { broker, connect, settled } = house();
    const peer = await connect({ headers: { "client-id": "c:1" } });
    const headers = { id: "1", "activemq.subscriptionName": "näme", selector: "a = 1" };
    await subscribe(peer, "/topic/t", headers);
    const { items } = await broker.admin.durables({ ...WINDOW, sort: "name" });
    expect(items).toMatchObject([
      {
        ...{ name: "näme", clientId: "c:1", destination: "/topic/t", selector: "a = 1" },
        ...{ connected: true, ready: 0, held: 0 },
      },
    ]);
    const id = items[0]?.id ?? "";
    expect(() => broker.admin.deleteDurable({ id })).toThrow("a subscriber has it");
    await peer.done("UNSUBSCRIBE", { id: "1" });
    for (const body of ["x", "y"]) {
      await peer.done("SEND", { destination: "/topic/t", a: "1" }, body);
    }
    await send(peer, "/topic/t", "not matching");
    const browsing = { id, after: undefined, limit: 10, bodyBytes: 10 };
    const { messages } = await broker.admin.browseDurable(browsing);
    expect(messages.map(({ body }) => body)).toEqual(["x", "y"]);
    const keys = [messages[0]?.key ?? ""];
    expect(await settled(broker.admin.purgeDurable({ id, keys }))).toEqual({ messages: 1 });
    expect(await broker.admin.deleteDurable({ id })).toEqual({ messages: 1 });
    expect((await broker.admin.durables({ ...WINDOW, sort: "name" })).total).toBe(0);
    expect((await broker.admin.topics({ ...WINDOW, sort: "name" })).total).toBe(0);
  });
});

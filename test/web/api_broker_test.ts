/** The calls of the JSON API against a broker with clients, over real sockets. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { apiAt, ApiError, type CallApi } from "../../src/api/call_api.ts";
import type { CallName } from "../../src/api/calls.ts";
import { openBroker, type TestBroker } from "../support/brokers.ts";
import type { RawPeer } from "../support/peer.ts";
import { receive, send, settle, subscribe } from "../support/steps.ts";
import { openRawWebSocket } from "../transport/raw_http.ts";
import { openEvents } from "./event_source.ts";

let broker: TestBroker;
let api: CallApi;
beforeAll(async () => {
  broker = await openBroker("ws");
  api = apiAt(`${root()}/`);
});
afterAll(() => broker.stop());

const peers: RawPeer[] = [];
afterEach(() => {
  for (const peer of peers.splice(0)) peer.line.cut();
});

function port(): number {
  return broker.addresses.find(({ scheme }) => scheme === "ws")?.port ?? 0;
}

function root(): string {
  return `http://127.0.0.1:${port()}`;
}

async function connect(headers: Readonly<Record<string, string>> = {}): Promise<RawPeer> {
  const peer = await broker.open();
  peers.push(peer);
  peer.frame("CONNECT", { "accept-version": "1.2", host: "localhost", ...headers });
  await peer.expect("CONNECTED");
  return peer;
}

/** What a call was refused with. */
async function refusalOf(call: Promise<unknown>): Promise<[number, string | undefined]> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ApiError) return [error.status, error.code];
  throw new Error(`Not refused: ${String(error)}`);
}

const NAMES = [
  "plain",
  "a/b/purge",
  "a%2Fb",
  "grüße 🌍?x=1#y",
  "<b>&amp;",
  "\u202ereversed",
  "x".repeat(4_000),
];

describe("a queue", () => {
  test.each(NAMES)("is found, looked at and emptied under its name: %j", async (name) => {
    const peer = await connect();
    await send(peer, `/queue/${name}`, "1", "2", "3");
    const listed = await api("queues", { filter: name.slice(0, 256) });
    expect(listed.items.map((queue) => queue.name)).toContain(name);
    expect(await api("queue", { name })).toMatchObject({ name, ready: 3, kind: "queue" });
    const first = await api("browseQueue", { name, limit: 2 });
    expect([first.messages.map(({ body }) => body), first.more]).toEqual([["1", "2"], true]);
    const after = first.messages[1]?.key ?? "";
    const rest = await api("browseQueue", { name, after });
    expect([rest.messages.map(({ body }) => body), rest.more]).toEqual([["3"], false]);
    const keys = [after];
    expect(await api("queueMessage", { name, key: after })).toMatchObject({ body: "2" });
    expect(await api("purgeQueue", { name, keys })).toEqual({ messages: 1 });
    expect(await api("purgeQueue", { name })).toEqual({ messages: 2 });
    expect(await refusalOf(api("queue", { name }))).toEqual([404, "not-found"]);
  });

  test("is not deleted while someone consumes from it", async () => {
    const peer = await connect();
    await subscribe(peer, "/queue/used");
    expect(await refusalOf(api("deleteQueue", { name: "used" }))).toEqual([409, "in-use"]);
    await send(peer, "/queue/used", "still there");
    await receive(peer, "still there");
  });

  test("of dead letters gives them back to where they came from", async () => {
    const peer = await connect();
    await send(peer, "/queue/work", "job");
    await subscribe(peer, "/queue/work", { ack: "client-individual" });
    await settle(peer, "NACK", await peer.take("MESSAGE"), { requeue: "false" });
    expect(await api("queues", { kind: "dead-letters" })).toMatchObject({
      total: 1,
      items: [{ name: "DLQ.work", ready: 1 }],
    });
    expect(await api("retryMessages", { name: "DLQ.work" })).toEqual({ messages: 1 });
    const again = await peer.expect("MESSAGE", { destination: "/queue/work" }, "job");
    await settle(peer, "ACK", again);
    expect((await api("queues", { kind: "dead-letters" })).total).toBe(0);
  });
});

describe("a client that is disconnected", () => {
  test("is told so, may come back, and its messages return", async () => {
    const peer = await connect();
    await send(peer, "/queue/held", "job");
    await subscribe(peer, "/queue/held", { ack: "client" });
    await peer.expect("MESSAGE", { redelivered: undefined }, "job");
    const { items } = await api("connections", { sort: "number", order: "desc", limit: 1 });
    const number = items[0]?.number ?? 0;
    expect(await api("connection", { number })).toMatchObject({
      unacknowledged: 1,
      subscriptionList: [{ id: "s", destination: "/queue/held", ack: "client", unacknowledged: 1 }],
    });
    expect(await api("disconnect", { number })).toEqual({});
    // Among others: no retry:false, and a close code of 1008.
    await peer.refused("disconnected");
    peer.line.cut();
    const next = await connect();
    await subscribe(next, "/queue/held");
    await next.expect("MESSAGE", { redelivered: "true" }, "job");
    // It is gone once this side has gone, too.
    let again: [number, string | undefined] = [200, undefined];
    for (let tries = 0; tries < 1_000 && again[0] !== 404; tries++) {
      again = await api("connection", { number }).then(
        () => again,
        (error: unknown) => (error instanceof ApiError ? [error.status, error.code] : again),
      );
    }
    expect(again).toEqual([404, "not-found"]);
  });
});

test("a message that is published has every header of a SEND, and bytes that are no text", async () => {
  const peer = await connect();
  await subscribe(peer, "/topic/published");
  const { messageId } = await api("publish", {
    destination: "/topic/published",
    headers: [
      ["content-type", "image/png"],
      ["a:b", "c\nd\\"],
      ["priority", "9"],
    ],
    bodyBase64: "iVBORwD/",
  });
  const message = await peer.expect("MESSAGE", {
    "message-id": messageId,
    "content-type": "image/png",
    "content-length": "6",
    priority: "9",
  });
  expect(message.get("a:b")).toBe("c\nd\\");
  expect(Buffer.from(message.body).toString("base64")).toBe("iVBORwD/");
});

test.each([
  ["queue", { name: "none" }],
  ["browseQueue", { name: "none" }],
  ["purgeQueue", { name: "none" }],
  ["moveMessages", { name: "none", to: "/queue/a" }],
  ["connection", { number: 999_999 }],
  ["disconnect", { number: 999_999 }],
  ["deleteDurable", { id: "none" }],
  ["frame", { number: 999_999 }],
] as const)("%s of what is not there is a 404", async (name: CallName, given) => {
  // The pairs above fit.
  const call: (name: CallName, given: never) => Promise<unknown> = api;
  expect(await refusalOf(call(name, given as never))).toEqual([404, "not-found"]);
});

describe("through a proxy", () => {
  const PROXIED = { "X-Forwarded-For": "192.0.2.60" };
  const subscribeTo = (destination: string): string =>
    `CONNECT\naccept-version:1.2\nhost:localhost\n\n\0` +
    `SUBSCRIBE\nid:s\ndestination:${destination}\nreceipt:r\n\n\0`;

  test("nobody hears what the broker says of itself, others do", async () => {
    for (const [headers, answer] of [
      [{}, "RECEIPT\n"],
      [PROXIED, "ERROR\n"],
    ] as const) {
      const socket = await openRawWebSocket({ port: port(), headers });
      socket.text(subscribeTo("/topic/$system/frames"));
      expect(await socket.nextText()).toStartWith("CONNECTED\n");
      let text = await socket.nextText();
      // The first frames that are shown may come before the receipt.
      while (text.startsWith("MESSAGE\n")) text = await socket.nextText();
      expect(text).toStartWith(answer);
      socket.cut();
    }
  });

  test("nor as server-sent events", async () => {
    const address = `${root()}/api/v1/events?destination=/topic/$system/statistics`;
    const stream = await openEvents(address);
    expect(JSON.parse((await stream.next()).data)).toHaveProperty("sample");
    stream.leave();
    const refused = await fetch(address, { headers: PROXIED });
    expect([refused.status, await refused.json()]).toEqual([
      403,
      expect.objectContaining({ code: "forbidden" }),
    ]);
  });
});

describe("a refusal names the field that is wrong", () => {
  const WRONG: readonly (readonly [
    name: CallName,
    given: object,
    code: string,
    field: string | undefined,
  ])[] = [
    ["publish", { destination: "/nowhere/x" }, "bad-destination", "body.destination"],
    ["publish", { destination: "/topic/a.*" }, "bad-destination", "body.destination"],
    ["publish", { destination: "/topic/$system/frames" }, "forbidden", "body.destination"],
    [
      "publish",
      { destination: "/queue/x", headers: [["priority", "high"]] },
      ...(["bad-header", "body.headers"] as const),
    ],
    [
      "publish",
      { destination: "/queue/x", headers: [["content-length", "1"]] },
      ...(["bad-header", "body.headers"] as const),
    ],
    ["subscriptions", { destination: "nowhere" }, "bad-destination", "query.destination"],
    ["subscriptions", { destination: "/topic/a*b" }, "partial-wildcard", "query.destination"],
    ["moveMessages", { name: "there", to: "/queue/a,/queue/b" }, "bad-destination", "body.to"],
    [
      "moveMessages",
      { name: "there", to: "/queue/a", keys: ["no key"] },
      ...(["bad-request", "body.keys"] as const),
    ],
    ["purgeQueue", { name: "there", keys: ["no key"] }, "bad-request", "body.keys"],
    ["retryMessages", { name: "there" }, "bad-destination", "path.name"],
    ["browseQueue", { name: "there", after: "no key" }, "bad-request", "query.after"],
    ["queueMessage", { name: "there", key: "no key" }, "bad-request", "path.key"],
    ["queue", { name: "not there" }, "not-found", undefined],
  ];
  test.each(WRONG)("%s %j", async (name, given, code, field) => {
    const peer = await connect();
    await send(peer, "/queue/there", "x");
    // The table is of calls and what they take.
    const refused: unknown = await api(name, given as never).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(refused instanceof ApiError)) throw new Error(`Not refused: ${String(refused)}`);
    expect(refused.code).toBe(code);
    expect(refused.errors.map((each) => each.field)).toEqual(field === undefined ? [] : [field]);
  });
});

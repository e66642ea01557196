/** What the broker says of itself below `/topic/$system/`. */
import { describe, expect, test } from "bun:test";
import { SYSTEM_TOPICS, type SystemNotice, type SystemTopic } from "../../src/api/values.ts";
import type { RawPeer } from "../support/peer.ts";
import { receive, send, settle, subscribe } from "../support/steps.ts";
import { adminHouse } from "./admin_house.ts";

const house = adminHouse({ maxDeliveries: 1 });

/** The next value on a topic, which must be as the API says. */
async function told<T extends SystemTopic>(peer: RawPeer, topic: T): Promise<SystemNotice<T>> {
  const message = await peer.take("MESSAGE", { destination: `/topic/$system/${topic}` });
  const value: unknown = JSON.parse(message.text);
  // Parsed by the schema that the type is made from.
  return SYSTEM_TOPICS[topic].parse(value) as SystemNotice<T>;
}

function listen(peer: RawPeer, topic: SystemTopic, headers = {}): Promise<void> {
  return subscribe(peer, `/topic/$system/${topic}`, { id: topic, ...headers });
}

describe("$system topics", () => {
  test("are closed to SENDs, in a transaction too", async () => {
    for (const transaction of [undefined, "t"]) {
      const { connect } = house();
      const peer = await connect();
      if (transaction !== undefined) await peer.done("BEGIN", { transaction });
      peer.frame("SEND", { destination: "/topic/$system/connection", transaction }, "x");
      await peer.refused("forbidden");
    }
  });

  test.each(["/topic/$system.statistics", "/topic/$system", "topic://$system/frames"])(
    "are closed to SENDs however they are spelled: %s",
    async (destination) => {
      const { connect } = house();
      const peer = await connect();
      peer.frame("SEND", { destination }, "x");
      await peer.refused("forbidden");
    },
  );

  test.each(["/topic/$system/frames", "/topic/$system/>", "/topic/a,/topic/$system/connection"])(
    "are not for those who come from elsewhere: %s",
    async (destination) => {
      const { connect } = house();
      const peer = await connect({ local: false });
      peer.frame("SUBSCRIBE", { id: "s", destination });
      await peer.refused("forbidden");
    },
  );

  test.each(["/topic/>", "/topic/*.statistics", "/topic/*/statistics", "/topic/**"])(
    "are not covered by %s",
    async (destination) => {
      const { connect, runtime } = house();
      const peer = await connect();
      await subscribe(peer, destination);
      runtime.advance(3_000);
      await peer.silent();
    },
  );

  test("are all covered by /topic/$system/>", async () => {
    const { connect, runtime } = house();
    const peer = await connect();
    await subscribe(peer, "/topic/$system/>");
    runtime.advance(1_100);
    await told(peer, "statistics");
    await connect();
    await told(peer, "connection");
  });

  test("cannot be subscribed to durably", async () => {
    const { connect } = house();
    const peer = await connect({ headers: { "client-id": "c" } });
    const destination = "/topic/$system/connection";
    peer.frame("SUBSCRIBE", { id: "s", destination, "activemq.subscriptionName": "n" });
    await peer.refused("unsupported-feature");
  });

  test("of that name among queues are like any other queue", async () => {
    const { connect } = house();
    const peer = await connect({ local: false });
    await subscribe(peer, "/queue/$system/a");
    await send(peer, "/queue/$system/a", "x");
    await receive(peer, "x");
  });
});

describe("What is told", () => {
  test("connection: who comes, who goes and who is refused", async () => {
    const { connect } = house();
    const watcher = await connect();
    await listen(watcher, "connection");
    const peer = await connect({ headers: { login: "ann" } });
    expect(await told(watcher, "connection")).toMatchObject({
      ...{ event: "connected", connection: 2, login: "ann", version: "1.2", skipped: 0 },
      peer: { transport: "fake", address: "127.0.0.1", port: 1 },
    });
    peer.frame("NONSENSE");
    await peer.refused("unknown-command");
    expect(await told(watcher, "connection")).toMatchObject({
      ...{ event: "refused", connection: 2, code: "unknown-command" },
    });
    expect(await told(watcher, "connection")).toMatchObject({ event: "disconnected" });
  });

  test("subscription and destination: what is subscribed to, made and gone", async () => {
    const { connect } = house();
    const watcher = await connect();
    await listen(watcher, "subscription");
    expect(await told(watcher, "subscription")).toMatchObject({ event: "subscribed" });
    await listen(watcher, "destination");
    const peer = await connect();
    await subscribe(peer, "/topic/t");
    expect(await told(watcher, "destination")).toMatchObject({
      ...{ event: "created", kind: "topic", destination: "/topic/t" },
    });
    await told(watcher, "subscription");
    expect(await told(watcher, "subscription")).toMatchObject({
      ...{ event: "subscribed", connection: 2, id: "s", destination: "/topic/t" },
    });
    await peer.done("UNSUBSCRIBE", { id: "s" });
    expect(await told(watcher, "subscription")).toMatchObject({
      ...{ event: "unsubscribed", connection: 2, id: "s" },
    });
    expect(await told(watcher, "destination")).toMatchObject({ event: "deleted" });
    await send(peer, "/queue/q", "x");
    expect(await told(watcher, "destination")).toMatchObject({
      ...{ event: "created", kind: "queue", destination: "/queue/q" },
    });
  });

  test("dead-letter: what died, of what, and where it lies", async () => {
    const { connect } = house();
    const watcher = await connect();
    await listen(watcher, "dead-letter");
    const peer = await connect();
    await subscribe(peer, "/queue/q", { ack: "client" });
    await send(peer, "/queue/q", "x");
    const [message] = await receive(peer, "x");
    await settle(peer, "NACK", message);
    expect(await told(watcher, "dead-letter")).toMatchObject({
      destination: "/queue/DLQ.q",
      messageId: message?.get("message-id"),
      reason: "max-deliveries",
    });
  });

  test("statistics: once a second, with rates and what is wrong", async () => {
    const { connect, runtime } = house();
    const watcher = await connect();
    await listen(watcher, "statistics");
    const peer = await connect();
    runtime.advance(1_000);
    await told(watcher, "statistics");
    for (let i = 0; i < 10; i++) await send(peer, "/queue/unread", "x");
    runtime.advance(1_000);
    const { sample } = await told(watcher, "statistics");
    expect(sample).toMatchObject({ connections: 2, subscriptions: 1, queueMessages: 10 });
    expect(sample.messagesInRate).toBeCloseTo(10, 0);
    for (let i = 0; i < 70; i++) runtime.advance(1_000);
    let last = await told(watcher, "statistics");
    for (let i = 1; i < 70; i++) last = await told(watcher, "statistics");
    expect(last.problems).toMatchObject([{ code: "unread-queue", queue: "unread" }]);
    expect(last.sample).toMatchObject({ messagesInRate: 0, messagesOutRate: 0 });
  });

  test("more events than anybody could read are counted, not told", async () => {
    const { connect, runtime, broker } = house();
    const watcher = await connect();
    await listen(watcher, "destination");
    const peer = await connect();
    for (let i = 0; i < 300; i++) peer.frame("SEND", { destination: `/queue/q${i}` }, "x");
    await peer.silent();
    for (let i = 0; i < 200; i++) expect((await told(watcher, "destination")).skipped).toBe(0);
    await watcher.silent();
    runtime.advance(1_000);
    await send(peer, "/queue/later", "x");
    expect(await told(watcher, "destination")).toMatchObject({
      ...{ destination: "/queue/later", skipped: 100 },
    });
    expect((await broker.admin.status({})).queues).toBe(301);
  });

  test("and none of it counts as messages of clients", async () => {
    const { connect, runtime, broker } = house();
    const watcher = await connect();
    await subscribe(watcher, "/topic/$system/>");
    for (let i = 0; i < 5; i++) runtime.advance(1_000);
    await connect();
    const { messagesIn, messagesOut } = await broker.admin.status({});
    expect([messagesIn, messagesOut]).toEqual([0, 0]);
  });
});

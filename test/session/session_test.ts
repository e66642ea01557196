/** What a session does where several of its parts meet. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { openBroker, type TestBroker } from "../support/brokers.ts";
import type { RawPeer } from "../support/peer.ts";
import { receive, send, settle, settling, subscribe } from "../support/steps.ts";

let broker: TestBroker;

beforeEach(async () => {
  broker = await openBroker("fake", { maxDeliveries: 3, limits: { outboxBytesMax: 8_192 } });
});

afterEach(() => broker.stop());

async function connect(version: string): Promise<RawPeer> {
  const peer = await broker.open();
  peer.frame("CONNECT", { "accept-version": version, host: "a" });
  await peer.expect("CONNECTED", { version });
  return peer;
}

for (const version of ["1.0", "1.1", "1.2"]) {
  describe(`In ${version} a message refused in a transaction`, () => {
    test("comes again at COMMIT and can be acknowledged for good", async () => {
      const peer = await connect(version);
      await subscribe(peer, "/queue/a", { ack: "client-individual" });
      await send(peer, "/queue/a", "1");
      const [first] = await receive(peer, "1");
      await peer.done("BEGIN", { transaction: "t" });
      await settle(peer, "NACK", first, { transaction: "t" });
      peer.frame("COMMIT", { transaction: "t" });
      const [again] = await receive(peer, "1");
      expect(again?.get("delivery-count")).toBe("2");
      await settle(peer, "ACK", again);
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await subscribe(peer, "/queue/a", { id: "other" });
      await peer.silent();
    });
  });

  describe(`In ${version} a topic's message refused in a transaction`, () => {
    test("is gone with its subscription and makes no dead letter", async () => {
      const peer = await connect(version);
      await subscribe(peer, "/topic/a", { ack: "client-individual" });
      await send(peer, "/topic/a", "1");
      for (const count of [1, 2]) {
        const [message] = await receive(peer, "1");
        expect(message?.get("delivery-count")).toBe(count === 1 ? undefined : `${count}`);
        await settle(peer, "NACK", message);
      }
      const [last] = await receive(peer, "1");
      await peer.done("BEGIN", { transaction: "t" });
      await settle(peer, "NACK", last, { transaction: "t" });
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await peer.done("COMMIT", { transaction: "t" });
      await subscribe(peer, "/queue/DLQ.a", { id: "letters" });
      await peer.silent();
    });
  });
}

describe("A consumer of queues that is slow", () => {
  test("is not cut for a receipt behind a large message", async () => {
    const [slow, other] = [await connect("1.2"), await connect("1.2")];
    await subscribe(slow, "/queue/a", { ack: "client-individual" });
    const line = broker.fakeLine(slow);
    line.stall();
    const bodies = ["1".repeat(7_000), "2".repeat(7_000), "3".repeat(7_000)];
    await send(other, "/queue/a", ...bodies);
    for (const at of [1, 2, 3]) slow.frame("BEGIN", { transaction: `${at}`, receipt: `${at}` });
    line.flow();
    const first = await slow.take("MESSAGE");
    expect(first.text).toBe(bodies[0] as string);
    for (const at of [1, 2, 3]) await slow.take("RECEIPT", { "receipt-id": `${at}` });
    for (const body of bodies.slice(1)) expect((await slow.take("MESSAGE")).text).toBe(body);
  });

  test("that asks for receipts without end is told so, without a gap before", async () => {
    const slow = await connect("1.2");
    const line = broker.fakeLine(slow);
    line.stall();
    for (let at = 1; at <= 1_000; at++)
      slow.frame("BEGIN", { transaction: `${at}`, receipt: `${at}` });
    line.flow();
    const received: string[] = [];
    for (;;) {
      const frame = await slow.next();
      if (frame.command !== "RECEIPT") {
        expect([frame.command, frame.get("code")]).toEqual(["ERROR", "too-many-transactions"]);
        break;
      }
      received.push(frame.get("receipt-id") ?? "");
    }
    expect(received).toEqual(received.map((_, at) => `${at + 1}`));
  });

  test("meets slow-consumer when what it is owed is more than twice its budget", async () => {
    const slow = await connect("1.2");
    const line = broker.fakeLine(slow);
    line.stall();
    for (let at = 1; at <= 1_000; at++) {
      slow.frame("SEND", { destination: "/topic/a", receipt: `a-long-receipt-${at}` });
    }
    line.flow();
    const received: string[] = [];
    for (;;) {
      const frame = await slow.next();
      if (frame.command !== "RECEIPT") {
        expect([frame.command, frame.get("code")]).toEqual(["ERROR", "slow-consumer"]);
        break;
      }
      received.push(frame.get("receipt-id") ?? "");
    }
    expect(received.length).toBeGreaterThan(100);
    expect(received).toEqual(received.map((_, at) => `a-long-receipt-${at + 1}`));
  });
});

describe("Acknowledgements that name nothing held", () => {
  test("are ignored where the message was given before", async () => {
    for (const version of ["1.0", "1.1", "1.2"] as const) {
      const peer = await connect(version);
      await subscribe(peer, "/queue/a", { ack: "client-individual" });
      await send(peer, "/queue/a", "1");
      const [message] = await receive(peer, "1");
      for (let times = 0; times < 3; times++) await settle(peer, "ACK", message);
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await settle(peer, "NACK", message);
      await peer.silent();
    }
  });

  test("are refused where it was not, also just beyond the latest", async () => {
    const giver = await connect("1.2");
    await subscribe(giver, "/queue/a", { ack: "client-individual" });
    await send(giver, "/queue/a", "1");
    const [message] = await receive(giver, "1");
    const ack = settling("1.2", message as NonNullable<typeof message>)["id"] ?? "";
    const beyond = ack.replace(/\d+$/, (ordinal) => `${Number(ordinal) + 1}`);
    giver.frame("ACK", { id: beyond });
    await giver.refused("unknown-ack");
  });

  test("of another connection are refused", async () => {
    const [giver, thief] = [await connect("1.2"), await connect("1.2")];
    await subscribe(giver, "/queue/a", { ack: "client-individual" });
    await subscribe(thief, "/queue/b", { ack: "client-individual" });
    await send(giver, "/queue/a", "1");
    const [message] = await receive(giver, "1");
    thief.frame("ACK", { id: message?.get("ack") });
    await thief.refused("unknown-ack");
    await settle(giver, "ACK", message);
  });
});

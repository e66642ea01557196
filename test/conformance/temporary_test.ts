/** SEMANTICS "Destinations": temporary queues and topics. */
import { expect, test } from "bun:test";
import type { RawPeer } from "../support/peer.ts";
import { receive, send, settle, subscribe } from "../support/steps.ts";
import { until } from "../support/until.ts";
import { overEachTransport, type House } from "../transport_matrix.ts";

const KINDS = ["temp-queue", "temp-topic"] as const;

/**
 * What others are given for a temporary destination of `owner`: it is the
 * `reply-to` of a message that the owner sends to `other`.
 */
async function remoteOf(
  house: House,
  about: { owner: RawPeer; other: RawPeer; name: string },
): Promise<string> {
  const { owner, other, name } = about;
  const requests = house.topic();
  await subscribe(other, requests, { id: requests });
  await owner.done("SEND", { destination: requests, "reply-to": name }, "request");
  const request = await other.expect("MESSAGE", { subscription: requests }, "request");
  await other.done("UNSUBSCRIBE", { id: requests });
  return request.get("reply-to") ?? "";
}

overEachTransport(
  "Temporary destinations",
  (house) => {
    for (const kind of KINDS) {
      const own = `/${kind}/own`;

      test(`SEMANTICS Destinations: a ${kind} is sent to by its owner and others, and shows its own name`, async () => {
        const [owner, other] = [await house.connect(), await house.connect()];
        await subscribe(owner, own);
        const remote = await remoteOf(house, { owner, other, name: own });
        await send(owner, own, "mine");
        await owner.expect("MESSAGE", { subscription: "s", destination: own }, "mine");
        await send(other, remote, "theirs");
        await owner.expect("MESSAGE", { subscription: "s", destination: own }, "theirs");
        await other.silent();
      });

      test(`SEMANTICS Destinations: ${kind}:// is /${kind}/`, async () => {
        const [owner, other] = [await house.connect(), await house.connect()];
        await subscribe(owner, `${kind}://own`);
        await send(owner, own, "1");
        await receive(owner, "1");
        const remote = await remoteOf(house, { owner, other, name: `${kind}://own` });
        await send(other, remote, "2");
        await owner.expect("MESSAGE", { subscription: "s" }, "2");
      });

      test(`SEMANTICS Destinations: of the same name each connection has its own ${kind}`, async () => {
        const [one, two] = [await house.connect(), await house.connect()];
        await subscribe(one, own);
        await subscribe(two, own);
        await send(one, own, "one's");
        await send(two, own, "two's");
        await receive(one, "one's");
        await receive(two, "two's");
        await one.silent();
        await two.silent();
      });

      test(`SEMANTICS Destinations: a ${kind} of someone else is forbidden to subscribe to`, async () => {
        const [owner, other] = [await house.connect(), await house.connect()];
        await subscribe(owner, own);
        const remote = await remoteOf(house, { owner, other, name: own });
        other.frame("SUBSCRIBE", { id: "spy", destination: remote, receipt: "r" });
        await other.refused("forbidden", { "receipt-id": "r" });
        await send(owner, own, "private");
        await receive(owner, "private");
      });

      test(`SEMANTICS Destinations: a ${kind} that nobody made is forbidden to subscribe to`, async () => {
        const peer = await house.connect();
        peer.frame("SUBSCRIBE", { id: "s", destination: `/remote-${kind}/guess`, receipt: "r" });
        await peer.refused("forbidden", { "receipt-id": "r" });
      });

      test(`SEMANTICS Destinations: the form of a ${kind} for others is opaque and the same every time`, async () => {
        const [owner, twin, other] = [
          await house.connect(),
          await house.connect(),
          await house.connect(),
        ];
        const name = `/${kind}/tell-tale`;
        await subscribe(owner, name);
        await subscribe(twin, name);
        const remote = await remoteOf(house, { owner, other, name });
        expect(remote).not.toContain("tell-tale");
        expect(await remoteOf(house, { owner, other, name })).toBe(remote);
        expect(await remoteOf(house, { owner: twin, other, name })).not.toBe(remote);
      });

      test(`SEMANTICS Destinations: the form of a ${kind} for others is not rewritten again`, async () => {
        const [owner, middle, end] = [
          await house.connect(),
          await house.connect(),
          await house.connect(),
        ];
        await subscribe(owner, own);
        const remote = await remoteOf(house, { owner, other: middle, name: own });
        expect(await remoteOf(house, { owner: middle, other: end, name: remote })).toBe(remote);
        await send(end, remote, "from the end");
        await receive(owner, "from the end");
        await middle.silent();
      });

      test(`SEMANTICS Destinations: a ${kind} is gone with its connection, and a message to it is dropped`, async () => {
        const [owner, other] = [await house.connect(), await house.connect()];
        await subscribe(owner, own);
        const remote = await remoteOf(house, { owner, other, name: own });
        await owner.done("DISCONNECT");
        await owner.closed();
        await send(other, remote, "late");
        await other.silent();
        const again = await house.connect();
        await subscribe(again, own);
        await again.silent();
        again.frame("SUBSCRIBE", { id: "old", destination: remote, receipt: "r" });
        await again.refused("forbidden", { "receipt-id": "r" });
      });

      test(`SEMANTICS Destinations: a ${kind} has no wildcards`, async () => {
        const peer = await house.connect();
        peer.frame("SUBSCRIBE", { id: "s", destination: `/${kind}/a.*`, receipt: "r" });
        await peer.refused("bad-destination", { "receipt-id": "r" });
      });

      test(`SEMANTICS Destinations: a ${kind} may be a leaf of a list`, async () => {
        const [owner, other] = [await house.connect(), await house.connect()];
        const queue = house.queue();
        await subscribe(owner, `${own},${queue}`);
        const remote = await remoteOf(house, { owner, other, name: own });
        await send(other, `${remote},${queue}`, "x");
        const messages = await receive(owner, "x", "x");
        expect(messages.map((each) => each.get("destination")).toSorted()).toEqual(
          [own, queue].toSorted(),
        );
      });
    }

    test("SEMANTICS Destinations: a temporary queue keeps what comes before its owner subscribes", async () => {
      const owner = await house.connect();
      await send(owner, "/temp-queue/own", "1", "2");
      await subscribe(owner, "/temp-queue/own");
      await receive(owner, "1", "2");
      await owner.done("UNSUBSCRIBE", { id: "s" });
      await send(owner, "/temp-queue/own", "3");
      await subscribe(owner, "/temp-queue/own");
      await receive(owner, "3");
    });

    test("SEMANTICS Destinations: a temporary queue acknowledges and redelivers as queues do", async () => {
      const owner = await house.connect();
      await subscribe(owner, "/temp-queue/own", { ack: "client", "prefetch-count": "1" });
      await send(owner, "/temp-queue/own", "1", "2");
      const [first] = await receive(owner, "1");
      await settle(owner, "NACK", first);
      const again = await owner.expect("MESSAGE", { redelivered: "true" }, "1");
      await settle(owner, "ACK", again);
      await receive(owner, "2");
    });

    test("SEMANTICS Destinations: a temporary queue shares over its owner's subscriptions, a topic copies", async () => {
      const owner = await house.connect();
      for (const kind of KINDS) {
        for (const id of ["1", "2"]) await subscribe(owner, `/${kind}/own`, { id: kind + id });
      }
      await send(owner, "/temp-queue/own", "a", "b");
      const shared = await receive(owner, "a", "b");
      expect(shared.map((each) => each.get("subscription")).toSorted()).toEqual([
        "temp-queue1",
        "temp-queue2",
      ]);
      await send(owner, "/temp-topic/own", "c");
      const copies = await receive(owner, "c", "c");
      expect(copies.map((each) => each.get("subscription")).toSorted()).toEqual([
        "temp-topic1",
        "temp-topic2",
      ]);
      await owner.silent();
    });

    test("SEMANTICS Destinations: wildcards on queues and topics do not see temporary ones", async () => {
      const [owner, spy] = [await house.connect(), await house.connect()];
      await subscribe(spy, "/queue/>", { id: "queues" });
      await subscribe(spy, "/topic/>", { id: "topics" });
      await send(owner, "/temp-queue/own", "private");
      await send(owner, "/temp-topic/own", "private");
      await spy.silent();
    });

    test("SEMANTICS Destinations: what a transaction sends to a temporary queue comes at COMMIT", async () => {
      const [owner, other] = [await house.connect(), await house.connect()];
      await subscribe(owner, "/temp-queue/own");
      const remote = await remoteOf(house, { owner, other, name: "/temp-queue/own" });
      await other.done("BEGIN", { transaction: "t" });
      await other.done("SEND", { destination: remote, transaction: "t" }, "x");
      await owner.silent();
      await other.done("COMMIT", { transaction: "t" });
      await owner.expect("MESSAGE", { destination: "/temp-queue/own" }, "x");
    });

    for (const replyTo of [
      "/queue/replies",
      "/topic/replies",
      "queue://r",
      "whatever",
      "",
      "/temp-",
    ]) {
      test(`SEMANTICS SEND: a reply-to of ${JSON.stringify(replyTo)} passes unchanged`, async () => {
        const topic = house.topic();
        const [sender, receiver] = [await house.connect(), await house.connect()];
        await subscribe(receiver, topic);
        await sender.done("SEND", { destination: topic, "reply-to": replyTo }, "x");
        await receiver.expect("MESSAGE", { "reply-to": replyTo }, "x");
        await sender.silent();
      });
    }
  },
  { cuts: ["whole"] },
);

overEachTransport(
  "Temporary destinations of lost connections",
  (house) => {
    test("SEMANTICS Destinations: they are gone when the line is cut, messages and all", async () => {
      const owner = await house.connect();
      for (let at = 0; at < 4; at++) await send(owner, `/temp-queue/${at}`, "x");
      owner.line.cut();
      // Their names count as destinations, and their queues do too, of which there may be nine in all.
      const ended = () => house.broker().events.some((each) => each.type === "disconnected");
      if (house.transport !== "fake") await until("the loss is noticed", ended);
      const next = await house.connect();
      for (let at = 0; at < 4; at++) await subscribe(next, `/temp-topic/${at}`, { id: `${at}` });
      await next.silent();
    });
  },
  { cuts: ["whole"], overrides: { limits: { destinationsMax: 9 } } },
);

overEachTransport(
  "Temporary destinations are unguessable",
  (house) => {
    test("SEMANTICS Destinations: nothing that others are told gives them away", async () => {
      const [owner, other] = [await house.connect(), await house.connect()];
      const names = ["/temp-queue/a", "/temp-queue/b", "/temp-topic/a", "/temp-topic/b"];
      const tokens: string[] = [];
      for (const name of names) {
        const remote = await remoteOf(house, { owner, other, name });
        tokens.push(remote.slice(remote.lastIndexOf("/") + 1));
      }
      for (const token of tokens) {
        // 16 random bytes make 22 letters of base64, and more of hex.
        expect(token).toMatch(/^[A-Za-z0-9_-]{22,}$/);
        for (const rest of tokens.filter((each) => each !== token)) {
          const common = [...token].findIndex((letter, at) => letter !== rest[at]);
          expect(common).toBeLessThan(12);
        }
      }
    });
  },
  { cuts: ["whole"], transports: ["ws", "tcp"] },
);

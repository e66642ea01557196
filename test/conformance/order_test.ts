import { expect, test } from "bun:test";
import type { RawPeer } from "../support/peer.ts";
import { bodiesOf, receive, receiveSome, send, settle, subscribe } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

overEachTransport(
  "Order",
  (house) => {
    test("SEMANTICS SUBSCRIBE: a queue goes round-robin over its consumers", async () => {
      const destination = house.queue();
      const sender = await house.connect();
      const consumers = [await house.connect(), await house.connect(), await house.connect()];
      for (const consumer of consumers) await subscribe(consumer, destination);
      await send(sender, destination, "0", "1", "2", "3", "4", "5", "6", "7", "8");
      const shares: string[][] = [];
      for (const consumer of consumers) shares.push(bodiesOf(await receiveSome(consumer, 3)));
      for (const consumer of consumers) await consumer.silent();
      // Whoever begins: each gets every third, in order.
      for (const share of shares) {
        const first = Number(share[0]);
        expect(share.map(Number)).toEqual([first, first + 3, first + 6]);
      }
      expect(shares.flat().sort()).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
    });

    test("SEMANTICS SUBSCRIBE: consumers of one connection share as well", async () => {
      const destination = house.queue();
      const peer = await house.connect();
      await subscribe(peer, destination, { id: "a" });
      await subscribe(peer, destination, { id: "b" });
      await send(peer, destination, "1", "2", "3", "4");
      const messages = await receive(peer, "1", "2", "3", "4");
      const ids = messages.map((message) => message.get("subscription"));
      expect(ids[0]).not.toBe(ids[1] ?? "");
      expect([ids[2], ids[3]]).toEqual([ids[0], ids[1]]);
    });

    test("SEMANTICS SUBSCRIBE: a consumer without credit is left out until it has some", async () => {
      const destination = house.queue();
      const [full, open] = [await house.connect(), await house.connect()];
      await subscribe(full, destination, { ack: "client", "prefetch-count": "1" });
      await subscribe(open, destination);
      await send(open, destination, "1", "2", "3", "4", "5");
      const [held] = await receiveSome(full, 1);
      const rest = ["1", "2", "3", "4", "5"].filter((body) => body !== held?.text);
      await receive(open, ...rest);
      await full.silent();
      await settle(full, "ACK", held);
      await send(open, destination, "6", "7");
      expect(await receiveSome(full, 1)).toHaveLength(1);
      expect(await receiveSome(open, 1)).toHaveLength(1);
    });

    test("SEMANTICS Order: two producers' messages each come in their producer's order", async () => {
      const destination = house.queue();
      const producers = [await house.connect(), await house.connect()];
      const consumer = await house.connect();
      await subscribe(consumer, destination);
      for (const [at, producer] of producers.entries()) {
        const frames = Array.from(
          { length: 100 },
          (_, number) => `SEND\ndestination:${destination}\nproducer:${at}\n\n${number}\0`,
        );
        producer.send(frames.join(""));
      }
      const messages = await receiveSome(consumer, 200);
      for (const at of producers.keys()) {
        const own = messages.filter((message) => message.get("producer") === `${at}`);
        expect(bodiesOf(own).map(Number)).toEqual(
          Array.from({ length: 100 }, (_, number) => number),
        );
      }
    });

    test("SEMANTICS Order: a topic's subscribers all see the same order", async () => {
      const destination = house.topic();
      const producers = [await house.connect(), await house.connect()];
      const consumers = [await house.connect(), await house.connect({ version: "1.0" })];
      for (const consumer of consumers) await subscribe(consumer, destination);
      for (const [at, producer] of producers.entries()) {
        producer.send(
          Array.from(
            { length: 50 },
            (_, n) => `SEND\ndestination:${destination}\n\n${at}-${n}\0`,
          ).join(""),
        );
      }
      const seen: string[][] = [];
      for (const consumer of consumers) seen.push(bodiesOf(await receiveSome(consumer, 100)));
      for (const bodies of seen) {
        for (const at of producers.keys()) {
          const own = bodies.filter((body) => body.startsWith(`${at}-`));
          expect(own).toEqual(Array.from({ length: 50 }, (_, n) => `${at}-${n}`));
        }
      }
    });

    test("SEMANTICS ACK: what two gone consumers held comes back in the old order", async () => {
      const destination = house.queue();
      const [one, two, late] = [
        await house.connect(),
        await house.connect(),
        await house.connect(),
      ];
      for (const peer of [one, two]) {
        await subscribe(peer, destination, { ack: "client-individual", "prefetch-count": "2" });
      }
      await send(late, destination, "1", "2", "3", "4", "5");
      await receiveSome(one, 2);
      await receiveSome(two, 2);
      await two.done("UNSUBSCRIBE", { id: "s" });
      await one.done("UNSUBSCRIBE", { id: "s" });
      await subscribe(late, destination);
      await receive(late, "1", "2", "3", "4", "5");
      await late.silent();
    });

    test("SEMANTICS ACK: a NACK without back-off goes back to its place, before what waits", async () => {
      const destination = house.queue();
      const peer = await house.connect();
      await subscribe(peer, destination, { ack: "client-individual", "prefetch-count": "2" });
      await send(peer, destination, "1", "2", "3", "4");
      const [first, second] = await receive(peer, "1", "2");
      await settle(peer, "NACK", second);
      const [again] = await receive(peer, "2");
      await settle(peer, "NACK", first);
      await receive(peer, "1");
      await settle(peer, "ACK", again);
      await receive(peer, "3");
      await peer.silent();
    });

    test("SEMANTICS Order: subscribers with ids of their own get every message whole and in order", async () => {
      const destination = house.topic();
      const bodies = [
        "a",
        "",
        "Größe",
        "b",
        "✓ ✗",
        "c",
        "x".repeat(70_000),
        "é".repeat(70_000),
        "d",
      ];
      const subscribers: { id: string; peer: RawPeer }[] = [];
      for (const id of ["s1", "other", "s2"]) {
        const peer = await house.connect();
        await subscribe(peer, destination, { id });
        subscribers.push({ id, peer });
      }
      await send(await house.connect(), destination, ...bodies);
      for (const { id, peer } of subscribers) {
        for (const body of bodies) await peer.expect("MESSAGE", { subscription: id }, body);
      }
    });

    test("SEMANTICS Order: a flood on one connection leaves room for the others", async () => {
      const destination = house.topic();
      const [flooder, other] = [await house.connect(), await house.connect()];
      const flood = `SEND\ndestination:${destination}.flood\n\nx\0`.repeat(20_000);
      flooder.send(`${flood}SEND\ndestination:${destination}\nreceipt:end\n\n\0`);
      await subscribe(other, destination);
      await send(other, destination, "heard");
      await other.take("MESSAGE");
      await flooder.take("RECEIPT", { "receipt-id": "end" });
    });
  },
  { cuts: ["whole", "random"] },
);

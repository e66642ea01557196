/** SEMANTICS "SUBSCRIBE": every spelling of prefetch, bytes included, and the order of delivery. */
import { expect, test } from "bun:test";
import type { RawPeer } from "../support/peer.ts";
import { bodiesOf, receive, receiveSome, send, settle, subscribe } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

const BODIES = ["1", "2", "3", "4", "5"];
const KIB = 1_024;

/** A spelling, and how many of five small messages may be unacknowledged. */
const COUNTS: [header: string, value: string, window: number][] = [
  ["prefetch-count", "2", 2],
  ["activemq.prefetchSize", "2", 2],
  ["credit", "2", 2],
  ["credit", "2,65536", 2],
  ["prefetch-count", "1", 1],
  ["prefetch-count", "0", 5],
  ["prefetch-count", "-1", 5],
  ["activemq.prefetchSize", "0", 5],
  ["activemq.prefetchSize", "-1", 5],
  ["credit", "0", 5],
  ["credit", "-1", 5],
  ["credit", "0,0", 5],
  ["consumer-window-size", "0", 1],
  ["consumer-window-size", "-1", 5],
  ["consumer-window-size", "65536", 5],
];

/** A spelling, and how many bodies of one KiB may be unacknowledged: the last may pass the limit. */
const BYTES: [header: string, value: string, window: number][] = [
  ["consumer-window-size", "1", 1],
  ["consumer-window-size", "1024", 1],
  ["consumer-window-size", "3072", 3],
  ["credit", "5,2048", 2],
  ["credit", "1,4096", 1],
  ["credit", "0,1024", 1],
];

const NO_NUMBERS: [header: string, value: string][] = [
  ["prefetch-count", "many"],
  ["prefetch-count", "1.5"],
  ["prefetch-count", ""],
  ["prefetch-count", "0x10"],
  ["prefetch-count", "-2"],
  ["activemq.prefetchSize", "1e3"],
  ["credit", "five"],
  ["credit", "5,many"],
  ["credit", "5,"],
  ["consumer-window-size", "10k"],
  ["consumer-window-size", "-2"],
];

/** Settles what it is given until nothing comes; returns the most that were unsettled at once. */
async function drain(peer: RawPeer, total: number): Promise<number> {
  let most = 0;
  for (let settled = 0; settled < total; settled++) {
    const message = await peer.expect("MESSAGE");
    const held = peer.waiting.filter((each) => each.command === "MESSAGE").length + 1;
    most = Math.max(most, held);
    await settle(peer, "ACK", message);
  }
  return most;
}

overEachTransport(
  "Prefetch",
  (house) => {
    for (const kind of ["queue", "topic"] as const) {
      for (const [header, value, window] of COUNTS) {
        test(`SEMANTICS SUBSCRIBE: on a ${kind} ${header}:${value} lets ${window} of 5 be unacknowledged`, async () => {
          const destination = house[kind]();
          const peer = await house.connect();
          await subscribe(peer, destination, { ack: "client-individual", [header]: value });
          await peer.done("BEGIN", { transaction: "t" });
          for (const body of BODIES) {
            await peer.done("SEND", { destination, transaction: "t" }, body);
          }
          await peer.done("COMMIT", { transaction: "t" });
          const [first] = await receive(peer, ...BODIES.slice(0, window));
          await peer.silent();
          await settle(peer, "ACK", first);
          await receive(peer, ...BODIES.slice(window, window + 1));
          await peer.silent();
        });
      }

      for (const [header, value, window] of BYTES) {
        test(`SEMANTICS SUBSCRIBE: on a ${kind} ${header}:${value} lets ${window} KiB be unacknowledged`, async () => {
          const destination = house[kind]();
          const peer = await house.connect();
          await subscribe(peer, destination, { ack: "client-individual", [header]: value });
          const bodies = BODIES.map((each) => each.repeat(KIB));
          await send(await house.connect(), destination, ...bodies);
          const [first] = await receive(peer, ...bodies.slice(0, window));
          await peer.silent();
          await settle(peer, "ACK", first);
          await receive(peer, ...bodies.slice(window, window + 1));
          await peer.silent();
        });
      }
    }

    for (const [header, value] of NO_NUMBERS) {
      test(`SEMANTICS SUBSCRIBE: ${header}:${value} is bad-header`, async () => {
        const peer = await house.connect();
        peer.frame("SUBSCRIBE", {
          id: "s",
          destination: house.queue(),
          ack: "client",
          [header]: value,
          receipt: "r",
        });
        const error = await peer.refused("bad-header", { "receipt-id": "r" });
        expect(error.text).toContain(`"${header}"`);
      });
    }

    test("SEMANTICS SUBSCRIBE: a NACK, an ABORT and a cumulative ACK move the window in bytes too", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      const bodies = BODIES.map((each) => each.repeat(KIB));
      const [one = "", two = "", three = "", four = ""] = bodies;
      await send(peer, queue, ...bodies);
      await subscribe(peer, queue, { ack: "client", "consumer-window-size": `${2 * KIB}` });
      const [first] = await receive(peer, one, two);
      await peer.silent();
      await settle(peer, "NACK", first);
      const again = await peer.expect("MESSAGE", { redelivered: "true" }, one);
      await peer.silent();
      await peer.done("BEGIN", { transaction: "t" });
      // In the order given now one comes after two, so this names both.
      await settle(peer, "ACK", again, { transaction: "t" });
      await receive(peer, three, four);
      await peer.done("ABORT", { transaction: "t" });
      await peer.silent();
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await subscribe(peer, queue, { ack: "client", "consumer-window-size": `${2 * KIB}` });
      const [, last] = await receive(peer, one, two);
      await settle(peer, "ACK", last);
      await receive(peer, three, four);
      await peer.silent();
    });

    test("SEMANTICS Transactions: an ACK in a transaction frees bytes at once, ABORT takes them back", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      const bodies = BODIES.map((each) => each.repeat(KIB));
      const [one = "", two = "", three = ""] = bodies;
      await send(peer, queue, ...bodies);
      await subscribe(peer, queue, { ack: "client-individual", "consumer-window-size": "1024" });
      const [first] = await receive(peer, one);
      await peer.done("BEGIN", { transaction: "t" });
      await settle(peer, "ACK", first, { transaction: "t" });
      const [second] = await receive(peer, two);
      await peer.done("ABORT", { transaction: "t" });
      await settle(peer, "ACK", second);
      await peer.silent();
      await settle(peer, "ACK", first);
      await receive(peer, three);
      await peer.silent();
    });

    test("SEMANTICS SUBSCRIBE: a message larger than the window comes alone", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await send(peer, queue, "x".repeat(10 * KIB), "y");
      await subscribe(peer, queue, { ack: "client-individual", "consumer-window-size": "100" });
      const large = await peer.expect("MESSAGE", { "content-length": `${10 * KIB}` });
      await peer.silent();
      await settle(peer, "ACK", large);
      await receive(peer, "y");
    });

    test("SEMANTICS SUBSCRIBE: auto is not bounded by prefetch", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await send(peer, queue, ...BODIES);
      await subscribe(peer, queue, { ack: "auto", "prefetch-count": "1" });
      await receive(peer, ...BODIES);
    });

    test("SEMANTICS SUBSCRIBE: of several spellings of one header the first header counts", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await send(peer, queue, ...BODIES);
      peer.frame("SUBSCRIBE", [
        ["id", "s"],
        ["destination", queue],
        ["ack", "client-individual"],
        ["prefetch-count", "2"],
        ["prefetch-count", "4"],
      ]);
      await receive(peer, "1", "2");
      await peer.silent();
    });

    test("SEMANTICS SUBSCRIBE: the window is never passed while a long queue is worked off", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      const total = 200;
      for (let at = 0; at < total; at++) peer.frame("SEND", { destination: queue }, `${at}`);
      await subscribe(peer, queue, { ack: "client-individual", "prefetch-count": "7" });
      expect(await drain(peer, total)).toBeLessThanOrEqual(7);
      await peer.silent();
    });
  },
  { cuts: ["whole"] },
);

overEachTransport(
  "Priority",
  (house) => {
    const mixed = [
      ["4", "c1"],
      ["0", "e1"],
      ["9", "a1"],
      [undefined, "c2"],
      ["7", "b1"],
      ["9", "a2"],
      ["3", "d1"],
      ["0", "e2"],
      ["4", "c3"],
    ] as const;

    for (const ack of ["auto", "client", "client-individual"]) {
      test(`SEMANTICS SUBSCRIBE: a queue delivers by priority, then arrival; default 4 (${ack})`, async () => {
        const queue = house.queue();
        const peer = await house.connect();
        for (const [priority, body] of mixed) {
          const headers: Record<string, string> = { destination: queue };
          if (priority !== undefined) headers["priority"] = priority;
          await peer.done("SEND", headers, body);
        }
        await subscribe(peer, queue, { ack });
        const bodies = bodiesOf(await receiveSome(peer, mixed.length));
        expect(bodies).toEqual(bodies.toSorted());
        await peer.silent();
      });
    }

    test("SEMANTICS SUBSCRIBE: what is more urgent overtakes what waits, not what was delivered", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, { ack: "client-individual", "prefetch-count": "1" });
      await send(peer, queue, "1", "2");
      await peer.done("SEND", { destination: queue, priority: "9" }, "urgent");
      for (const body of ["1", "urgent", "2"]) {
        await settle(peer, "ACK", (await receive(peer, body))[0]);
      }
    });

    test("SEMANTICS ACK: what returns is before later ones of its priority, behind more urgent ones", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, { ack: "client", "prefetch-count": "2" });
      await send(peer, queue, "1", "2", "3");
      await receive(peer, "1", "2");
      await peer.done("SEND", { destination: queue, priority: "5" }, "urgent");
      await peer.done("SEND", { destination: queue, priority: "3" }, "idle");
      await peer.done("UNSUBSCRIBE", { id: "s" });
      await subscribe(peer, queue, { id: "again" });
      await receive(peer, "urgent", "1", "2", "3", "idle");
    });

    test("SEMANTICS MESSAGE: carries the priority it was sent with", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue);
      await peer.done("SEND", { destination: queue, priority: "0" }, "x");
      await peer.expect("MESSAGE", { priority: "0" }, "x");
    });

    for (const priority of ["10", "-1", "high", "4.5", ""]) {
      test(`SEMANTICS SEND: priority:${priority} is bad-header`, async () => {
        const peer = await house.connect();
        peer.frame("SEND", { destination: house.queue(), priority, receipt: "r" }, "x");
        await peer.refused("bad-header", { "receipt-id": "r" });
      });
    }
  },
  { cuts: ["whole"] },
);

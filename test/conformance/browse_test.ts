/** SEMANTICS "SUBSCRIBE": `browser:true`. */
import { expect, test } from "bun:test";
import type { RawPeer } from "../support/peer.ts";
import type { ReceivedFrame } from "../support/received_frame.ts";
import { bodiesOf, receive, send, settle, subscribe } from "../support/steps.ts";
import { overEachTransport } from "../transport_matrix.ts";

/** Subscribes to browse, and what comes before the end. */
async function browse(
  peer: RawPeer,
  destination: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<ReceivedFrame[]> {
  await subscribe(peer, destination, { id: "browse", browser: "true", ...headers });
  const seen: ReceivedFrame[] = [];
  for (;;) {
    const message = await peer.expect("MESSAGE", { subscription: "browse" });
    if (message.get("browser") === "end") break;
    seen.push(message);
  }
  await peer.silent();
  return seen;
}

overEachTransport(
  "Browse",
  (house) => {
    for (const ack of ["auto", "client", "client-individual"]) {
      test(`SEMANTICS SUBSCRIBE: shows what is there in ${ack} mode, and removes nothing`, async () => {
        const queue = house.queue();
        const peer = await house.connect();
        await send(peer, queue, "1", "2", "3");
        for (let round = 0; round < 2; round++) {
          const seen = await browse(peer, queue, { ack, "prefetch-count": "1" });
          expect(bodiesOf(seen)).toEqual(["1", "2", "3"]);
          for (const message of seen) {
            expect(message.get("destination")).toBe(queue);
            expect(message.get("redelivered")).toBeUndefined();
            expect(message.get("browser")).toBeUndefined();
          }
          await peer.done("UNSUBSCRIBE", { id: "browse" });
        }
        await subscribe(peer, queue);
        for (const message of await receive(peer, "1", "2", "3")) {
          expect(message.get("redelivered")).toBeUndefined();
        }
        await peer.silent();
      });
    }

    test("SEMANTICS SUBSCRIBE: an empty queue, or none, is at its end at once", async () => {
      const [empty, none] = [house.queue(), house.queue()];
      const peer = await house.connect();
      await subscribe(peer, empty);
      expect(await browse(peer, empty)).toEqual([]);
      await peer.done("UNSUBSCRIBE", { id: "browse" });
      expect(await browse(peer, none)).toEqual([]);
    });

    test("SEMANTICS MESSAGE: the end has what every MESSAGE has, and no body", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await subscribe(peer, queue, { id: "browse", browser: "true" });
      await peer.expect(
        "MESSAGE",
        {
          subscription: "browse",
          browser: "end",
          destination: queue,
          "message-id": /./,
          "content-length": "0",
        },
        "",
      );
    });

    test("SEMANTICS SUBSCRIBE: shows them by priority, then arrival", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      for (const [priority, body] of [
        ["0", "last"],
        ["4", "third"],
        ["9", "first"],
        ["4", "fourth"],
        ["9", "second"],
      ] as const) {
        await peer.done("SEND", { destination: queue, priority }, body);
      }
      const seen = await browse(peer, queue);
      expect(bodiesOf(seen)).toEqual(["first", "second", "third", "fourth", "last"]);
    });

    test("SEMANTICS SUBSCRIBE: shows what a selector selects", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      for (const color of ["red", "blue", "red"]) {
        await peer.done("SEND", { destination: queue, color }, color);
      }
      expect(bodiesOf(await browse(peer, queue, { selector: "color = 'red'" }))).toEqual([
        "red",
        "red",
      ]);
    });

    test("SEMANTICS SUBSCRIBE: shows many, and what comes after the end is not shown", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      const bodies = Array.from({ length: 500 }, (_, at) => `${at}`);
      for (const body of bodies) peer.frame("SEND", { destination: queue }, body);
      expect(bodiesOf(await browse(peer, queue))).toEqual(bodies);
      await send(peer, queue, "later");
      await peer.silent();
    });

    test("SEMANTICS SUBSCRIBE: does not take a consumer's turn or credit", async () => {
      const queue = house.queue();
      const [consumer, browser] = [await house.connect(), await house.connect()];
      await send(consumer, queue, "1", "2");
      await subscribe(consumer, queue, { ack: "client-individual", "prefetch-count": "1" });
      const [first] = await receive(consumer, "1");
      expect(bodiesOf(await browse(browser, queue))).toContain("2");
      await settle(consumer, "ACK", first);
      await receive(consumer, "2");
      await send(consumer, queue, "3");
      await browser.silent();
    });

    test("SEMANTICS ACK: to acknowledge what was shown does no harm", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await send(peer, queue, "1");
      const [message] = await browse(peer, queue, { ack: "client" });
      const id = message?.get("ack") ?? message?.get("message-id") ?? "";
      await peer.done("ACK", { id });
      await peer.done("NACK", { id });
      await peer.done("UNSUBSCRIBE", { id: "browse" });
      expect(bodiesOf(await browse(peer, queue))).toEqual(["1"]);
    });

    for (const version of ["1.0", "1.1"] as const) {
      test(`SEMANTICS SUBSCRIBE: works in ${version}`, async () => {
        const queue = house.queue();
        const peer = await house.connect({ version });
        await send(peer, queue, "1");
        expect(bodiesOf(await browse(peer, queue, { ack: "client" }))).toEqual(["1"]);
      });
    }

    test("SEMANTICS SUBSCRIBE: browser:false consumes", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await send(peer, queue, "1");
      await subscribe(peer, queue, { browser: "false" });
      await receive(peer, "1");
      await peer.silent();
      await peer.done("UNSUBSCRIBE", { id: "s" });
      expect(await browse(peer, queue)).toEqual([]);
    });

    test("SEMANTICS SEND: a client cannot pretend that browsing ends", async () => {
      const queue = house.queue();
      const peer = await house.connect();
      await peer.done("SEND", { destination: queue, browser: "end" }, "1");
      expect(bodiesOf(await browse(peer, queue))).toEqual(["1"]);
    });
  },
  { cuts: ["whole"] },
);

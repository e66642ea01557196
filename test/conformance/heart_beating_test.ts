import { expect, test } from "bun:test";
import type { FakeLineOptions } from "../support/fake_line.ts";
import type { RawPeer } from "../support/peer.ts";
import { subscribe } from "../support/steps.ts";
import { overEachTransport, type House } from "../transport_matrix.ts";

function beating(house: House, pair: string, fake: FakeLineOptions = {}): Promise<RawPeer> {
  return house.connect({ headers: { "heart-beat": pair }, fake });
}

overEachTransport(
  "Heart-beating",
  (house) => {
    const advance = (ms: number): void => house.broker().runtime.advance(ms);

    test('"Heart-beating": the server sends at least a line feed every interval, alone', async () => {
      const peer = await beating(house, "0,1000");
      for (let second = 1; second <= 20; second++) {
        advance(1_000);
        expect(peer.beats).toBeGreaterThanOrEqual(second - 1);
      }
      expect(peer.beats).toBeLessThanOrEqual(45);
      await peer.silent();
    });

    test('"Heart-beating": frames sent count, so that no beat is needed beside them', async () => {
      const destination = house.topic();
      const peer = await beating(house, "0,1000");
      const other = await house.connect();
      await subscribe(peer, destination);
      for (let count = 0; count < 40; count++) {
        await other.done("SEND", { destination }, "x");
        await peer.expect("MESSAGE");
        advance(250);
      }
      // Ten seconds of traffic four times a second: hardly a beat is due.
      expect(peer.beats).toBeLessThanOrEqual(1);
    });

    test("SEMANTICS CONNECT: no beat is sent that was not negotiated", async () => {
      const peer = await beating(house, "0,0");
      const sender = await beating(house, "1000,0");
      for (let count = 0; count < 100; count++) {
        sender.send("\n");
        advance(1_000);
      }
      expect(peer.beats).toBe(0);
      expect(sender.beats).toBe(0);
      await peer.silent();
      await sender.silent();
    });

    test("SEMANTICS CONNECT: a peer silent for twice its interval is dead", async () => {
      const peer = await beating(house, "1000,0");
      advance(1_900);
      await peer.silent();
      advance(1_900);
      expect(peer.waiting).toHaveLength(0);
      advance(800);
      await peer.refused("heart-beat-missed");
    });

    test("SEMANTICS CONNECT: any byte counts as life, also a part of a frame", async () => {
      const peer = await beating(house, "1000,0");
      for (const byte of `SEND\ndestination:${house.topic()}\nreceipt:r\n\nbody\0`) {
        advance(1_500);
        peer.send(byte);
      }
      await peer.expect("RECEIPT", { "receipt-id": "r" });
      for (let count = 0; count < 10; count++) {
        advance(1_500);
        peer.send("\n");
      }
      await peer.silent();
    });

    test("SEMANTICS CONNECT: a mute peer that is being sent to is dead all the same", async () => {
      const destination = house.topic();
      const peer = await beating(house, "1000,1000");
      const other = await house.connect();
      await subscribe(peer, destination);
      for (let count = 0; count < 10; count++) {
        await other.done("SEND", { destination }, "x");
        advance(300);
      }
      await peer.refused("heart-beat-missed");
    });

    test("SEMANTICS CONNECT: a peer that answers pings is pinged when silent, and lives by its pongs", async () => {
      const peer = await beating(house, "1000,0", { answersPings: true });
      const line = house.broker().fakeLine(peer);
      advance(1_800);
      expect(line.pings).toBe(0);
      advance(60_000);
      expect(line.pings).toBeGreaterThan(0);
      await peer.silent();
    });

    test("SEMANTICS CONNECT: a peer that answers neither ping nor data is dead 5 s later", async () => {
      const peer = await beating(house, "1000,0", { answersPings: true, pongs: false });
      const line = house.broker().fakeLine(peer);
      advance(2_800);
      expect(line.pings).toBe(1);
      advance(3_500);
      expect(peer.waiting).toHaveLength(0);
      advance(2_500);
      await peer.refused("heart-beat-missed");
    });

    test("SEMANTICS CONNECT: data after the ping is life as well", async () => {
      const peer = await beating(house, "1000,0", { answersPings: true, pongs: false });
      advance(4_000);
      peer.send("\n");
      advance(1_500);
      peer.send("\n");
      advance(1_500);
      await peer.silent();
    });

    test("SEMANTICS Endpoints: an idle peer that does not beat is pinged about every 25 s", async () => {
      const peer = await beating(house, "0,0", { answersPings: true });
      const line = house.broker().fakeLine(peer);
      advance(20_000);
      expect(line.pings).toBe(0);
      advance(105_000);
      expect(line.pings).toBeGreaterThanOrEqual(3);
      expect(line.pings).toBeLessThanOrEqual(6);
      await peer.silent();
    });

    test("SEMANTICS Endpoints: a transport without pings is not pinged", async () => {
      const peer = await beating(house, "0,0");
      advance(200_000);
      expect(house.broker().fakeLine(peer).pings).toBe(0);
      await peer.silent();
    });

    test("SEMANTICS ACK: a dead peer's messages go to the next consumer", async () => {
      const destination = house.queue();
      const dead = await beating(house, "1000,0");
      await subscribe(dead, destination, { ack: "client-individual" });
      const other = await house.connect();
      await other.done("SEND", { destination }, "x");
      await dead.expect("MESSAGE", {}, "x");
      advance(10_000);
      await dead.refused("heart-beat-missed");
      await subscribe(other, destination);
      await other.expect("MESSAGE", { redelivered: "true" }, "x");
    });
  },
  { transports: ["fake"], cuts: ["whole"] },
);

overEachTransport(
  "Heart-beating over sockets",
  (house) => {
    test('"Heart-beating": beats of the least interval come, each alone', async () => {
      const peer = await beating(house, "0,100");
      for (let count = 0; count < 3; count++) await peer.beat();
    });

    if (house.transport === "tcp") {
      test("SEMANTICS CONNECT: a TCP peer that keeps still is told and closed", async () => {
        const peer = await beating(house, "100,0");
        await peer.refused("heart-beat-missed");
      });
    } else {
      test("SEMANTICS CONNECT: a WebSocket peer that answers pings lives", async () => {
        const still = await beating(house, "100,0");
        const clock = await beating(house, "0,100");
        // Six beats of 100 ms to the other: three times the silence allowed to this one.
        for (let count = 0; count < 6; count++) await clock.beat();
        await still.silent();
      });
    }
  },
  { transports: ["ws", "tcp"], cuts: ["whole"] },
);

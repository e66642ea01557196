import { describe, expect, test } from "bun:test";
import { agreeBeats, keepAlive } from "../../src/client/keep_alive.ts";
import { ConnectionLost } from "../../src/client/client_error.ts";
import { parseBrokerUrl } from "../../src/client/broker_url.ts";
import { connectClient } from "../../src/client/stomp_client.ts";
import { manualRuntime } from "../support/manual_runtime.ts";
import { until } from "../support/until.ts";
import { startScriptedBroker } from "./scripted_broker.ts";

describe("both sides agree on the larger of the two wishes:", () => {
  const table = [
    [10_000, "0,0", 0, 0],
    [10_000, undefined, 0, 0],
    [10_000, "rubbish", 0, 0],
    [10_000, "5000,0", 0, 10_000],
    [10_000, "0,5000", 10_000, 0],
    [10_000, "30000,20000", 20_000, 30_000],
    [0, "30000,20000", 0, 0],
    [10_000, "99999999999999999999,1", 10_000, 24 * 3_600_000],
  ] as const;
  test.each(table)("%p and %p", (ownMs, answer, sendMs, receiveMs) => {
    expect(agreeBeats(ownMs, answer)).toEqual({ sendMs, receiveMs });
  });
});

describe("a connection that is kept alive", () => {
  const start = (beats: { sendMs: number; receiveMs: number }) => {
    const runtime = manualRuntime(1);
    const told = { beats: 0, silences: 0, deaf: false };
    const keeper = keepAlive(beats, {
      runtime,
      beat: () => told.beats++,
      silent: () => told.silences++,
      deaf: () => told.deaf,
    });
    return { runtime, told, keeper };
  };

  test("beats at least as often as it promised, unless it speaks anyway", () => {
    const { runtime, told, keeper } = start({ sendMs: 1000, receiveMs: 0 });
    for (let ms = 0; ms < 10_000; ms += 100) runtime.advance(100);
    expect(told.beats).toBeGreaterThanOrEqual(10);
    const before = told.beats;
    for (let ms = 0; ms < 10_000; ms += 100) {
      runtime.advance(100);
      keeper.spoke();
    }
    expect(told.beats).toBe(before);
  });

  test("is given up after twice the time that the peer promised, and not before", () => {
    const { runtime, told, keeper } = start({ sendMs: 0, receiveMs: 1000 });
    for (let round = 0; round < 20; round++) {
      runtime.advance(1_000);
      keeper.heard();
    }
    expect(told.silences).toBe(0);
    runtime.advance(1_999);
    expect(told.silences).toBe(0);
    runtime.advance(1);
    expect(told.silences).toBe(1);
  });

  test("is not given up while nobody reads", () => {
    const { runtime, told } = start({ sendMs: 0, receiveMs: 1000 });
    told.deaf = true;
    runtime.advance(10_000);
    expect(told.silences).toBe(0);
    told.deaf = false;
    runtime.advance(2_000);
    expect(told.silences).toBe(1);
  });

  test("does nothing any more when it is stopped", () => {
    const { runtime, told, keeper } = start({ sendMs: 1000, receiveMs: 1000 });
    keeper.stop();
    runtime.advance(10_000);
    expect(told).toMatchObject({ beats: 0, silences: 0 });
  });
});

test("a client notices a broker that has fallen silent", async () => {
  const runtime = manualRuntime(1);
  const broker = startScriptedBroker((frame, peer) => {
    if (frame.command === "CONNECT") peer.write("CONNECTED\nversion:1.2\nheart-beat:1000,0\n\n^@");
  });
  try {
    const connecting = connectClient({
      url: parseBrokerUrl(broker.url),
      runtime,
      heartBeatMs: 1000,
    });
    await until("CONNECT has come", () => {
      runtime.pump();
      return broker.frames.length > 0;
    });
    const client = await connecting;
    runtime.advance(2_000);
    const reason = await client.closed;
    expect(reason).toBeInstanceOf(ConnectionLost);
    expect(reason?.message).toEndWith(
      "heard nothing for 2 s, although a heart-beat was promised every 1 s",
    );
  } finally {
    broker.stop();
  }
});

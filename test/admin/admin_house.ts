/** A broker whose API is called directly, with peers over fake lines. */

import { afterEach } from "bun:test";
import { defaultConfig } from "../../src/config.ts";
import { type Broker, createBroker } from "../../src/stompbox.ts";
import { openFakeLine } from "../support/fake_line.ts";
import { type ManualRuntime, manualRuntime } from "../support/manual_runtime.ts";
import { openPeer, type RawPeer } from "../support/peer.ts";
import { RUN_SEED } from "../support/seeded_random.ts";

/** What a case works with. */
export interface AdminHouse {
  readonly broker: Broker;
  readonly runtime: ManualRuntime;
  /** A peer that has logged in; `local`: whether from the broker's own machine. */
  connect(options?: { local?: boolean; headers?: Record<string, string> }): Promise<RawPeer>;
  /** Waits for a call, letting the broker go on meanwhile. */
  settled<T>(call: T | Promise<T>): Promise<T>;
}

/** Makes a house for every case of a file; its broker is closed after the case. */
export function adminHouse(overrides: Parameters<typeof defaultConfig>[0] = {}): () => AdminHouse {
  const open: Broker[] = [];
  afterEach(() => {
    for (const broker of open.splice(0)) void broker.close();
  });
  return () => {
    const runtime = manualRuntime(RUN_SEED);
    const broker = createBroker(defaultConfig(overrides), { version: "test", runtime });
    open.push(broker);
    const settle = async (): Promise<void> => {
      for (let round = 0; round < 10; round++) {
        runtime.pump();
        await Promise.resolve();
      }
      runtime.pump();
    };
    return {
      broker,
      runtime,
      settled: async (call) => {
        let done = false;
        const finished = Promise.resolve(call).finally(() => {
          done = true;
        });
        finished.catch(() => undefined);
        for (let round = 0; !done && round < 100_000; round++) {
          runtime.pump();
          await Promise.resolve();
        }
        return finished;
      },
      connect: async ({ local = true, headers = {} } = {}) => {
        const to = { runtime, accept: broker.accept };
        const peer = await openPeer(
          async (events) => ({ line: openFakeLine(to, events, { local }) }),
          { cut: "whole", seed: RUN_SEED, settle, pump: runtime.pump },
        );
        peer.frame("CONNECT", { "accept-version": "1.2", host: "h", ...headers });
        await peer.take("CONNECTED");
        return peer;
      },
    };
  };
}

import { defaultConfig, type Config } from "../../src/config.ts";
import type { BrokerEvent } from "../../src/observe/events.ts";
import { createBroker, startStompbox, type ListenerAddress } from "../../src/stompbox.ts";
import { openFakeLine, type FakeLine, type FakeLineOptions } from "./fake_line.ts";
import type { Transport } from "./line.ts";
import { manualRuntime, type ManualRuntime } from "./manual_runtime.ts";
import { openPeer, type Cut, type RawPeer } from "./peer.ts";
import { RUN_SEED } from "./seeded_random.ts";
import { openTcpLine } from "./tcp_line.ts";
import { openWsLine, type UpgradeRefused } from "./ws_line.ts";

/** How a peer of a test broker comes in. */
export interface OpenOptions {
  readonly cut?: Cut;
  readonly waitMs?: number;
  /** WebSocket path. Default `/`. */
  readonly path?: string;
  /** Value of `Sec-WebSocket-Protocol`. */
  readonly protocols?: string;
  /** What the fake line pretends to be. */
  readonly fake?: FakeLineOptions;
}

/** A broker under test, reached over one transport. */
export interface TestBroker {
  readonly transport: Transport;
  /** What it told its observers so far. */
  readonly events: readonly BrokerEvent[];
  /** Where it listens; empty without sockets. */
  readonly addresses: readonly ListenerAddress[];
  /** A peer that is connected below STOMP and has sent nothing. */
  open(options?: OpenOptions): Promise<RawPeer>;
  /** The same over WebSocket, when the upgrade may be refused. */
  upgrade(options: OpenOptions): Promise<RawPeer | UpgradeRefused>;
  /** A fake line's view of the wire. Throws for other transports. */
  fakeLine(peer: RawPeer): FakeLine;
  /** Puts another configuration in force while it runs: the defaults with `overrides` over them. */
  reload(overrides: Overrides): Promise<void>;
  /** Virtual time and chance. Throws for transports that have real ones. */
  readonly runtime: ManualRuntime;
  /** Stops it; its peers are cut off first unless they are to see it. */
  stop(options?: { readonly beforePeers: boolean }): Promise<void>;
}

/** What a test changes about the default configuration. */
export type Overrides = Parameters<typeof defaultConfig>[0];

function testConfig(overrides: Overrides): Config {
  return defaultConfig({ listen: ["ws://localhost:0", "tcp://localhost:0"], ...overrides });
}

/** Starts a broker for peers of that transport. It must be stopped. */
export async function openBroker(
  transport: Transport,
  overrides: Overrides = {},
): Promise<TestBroker> {
  return transport === "fake"
    ? openFakeBroker(testConfig(overrides))
    : openRealBroker(transport, testConfig(overrides));
}

async function openFakeBroker(config: Config): Promise<TestBroker> {
  const events: BrokerEvent[] = [];
  const runtime = manualRuntime(RUN_SEED);
  const broker = createBroker(config, {
    version: "test",
    runtime,
    observe: (event) => events.push(event),
  });
  const lines = new Map<unknown, FakeLine>();
  const peers: RawPeer[] = [];
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 10; round++) {
      runtime.pump();
      await Promise.resolve();
    }
    runtime.pump();
  };
  const open = async (options: OpenOptions = {}): Promise<RawPeer> => {
    const peer = await openPeer(
      async (peerEvents) => {
        const line = openFakeLine(
          { runtime, accept: (wire) => broker.accept(wire) },
          peerEvents,
          options.fake,
        );
        lines.set(line, line);
        return { line };
      },
      { cut: options.cut ?? "whole", seed: RUN_SEED, settle, pump: runtime.pump },
    );
    peers.push(peer);
    return peer;
  };
  return {
    transport: "fake",
    events,
    addresses: [],
    open,
    upgrade: open,
    fakeLine: (peer) => {
      const line = lines.get(peer.line);
      if (line === undefined) throw new Error("This peer has no fake line");
      return line;
    },
    runtime,
    reload: async (overrides) => {
      broker.reconfigure(testConfig(overrides));
      await settle();
    },
    stop: async ({ beforePeers } = { beforePeers: false }) => {
      if (!beforePeers) for (const peer of peers) peer.line.cut();
      await settle();
      const closed = broker.close();
      await settle();
      runtime.advance(config.limits.stopTimeoutMs + 1_000);
      await closed;
    },
  };
}

async function openRealBroker(transport: "ws" | "tcp", config: Config): Promise<TestBroker> {
  const events: BrokerEvent[] = [];
  const broker = await startStompbox(config, {
    version: "test",
    observe: (event) => events.push(event),
  });
  const address = broker.addresses.find((candidate) => candidate.scheme === transport);
  if (address === undefined) throw new Error(`The broker does not listen on ${transport}`);
  const at = { host: "127.0.0.1", port: address.port };
  const peers: RawPeer[] = [];
  const upgrade = async (options: OpenOptions = {}): Promise<RawPeer | UpgradeRefused> => {
    let refused: UpgradeRefused | null = null;
    try {
      const peer = await openPeer(
        async (peerEvents) => {
          if (transport === "tcp") return { line: await openTcpLine(at, peerEvents) };
          const request = { ...at, path: options.path ?? "/" };
          const answer = await openWsLine(
            options.protocols === undefined
              ? request
              : { ...request, protocols: options.protocols },
            peerEvents,
          );
          if ("line" in answer) return answer;
          refused = answer;
          throw new Error(`The upgrade was refused with ${answer.status}: ${answer.body}`);
        },
        {
          cut: options.cut ?? "whole",
          seed: RUN_SEED,
          ...(options.waitMs === undefined ? {} : { waitMs: options.waitMs }),
        },
      );
      peers.push(peer);
      return peer;
    } catch (error) {
      if (refused !== null) return refused;
      throw error;
    }
  };
  const virtual = (): never => {
    throw new Error(`Time is real over ${transport}`);
  };
  return {
    transport,
    events,
    addresses: broker.addresses,
    upgrade,
    open: async (options) => {
      const peer = await upgrade(options);
      if ("status" in peer) throw new Error(`Refused with ${peer.status}: ${peer.body}`);
      return peer;
    },
    fakeLine: virtual,
    get runtime() {
      return virtual();
    },
    reload: async (overrides) => {
      await broker.reload(testConfig(overrides));
    },
    stop: async ({ beforePeers } = { beforePeers: false }) => {
      if (!beforePeers) for (const peer of peers) peer.line.cut();
      await broker.stop();
    },
  };
}

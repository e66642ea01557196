/**
 * Each option that may be changed while the broker runs, changed while it runs:
 * what happens with the change and what would have happened without it.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultConfig, OPTIONS } from "../src/config.ts";
import { headerList } from "../src/broker/message.ts";
import { createSelectorCache } from "../src/broker/selector.ts";
import { Session } from "../src/session/session.ts";
import { createBroker } from "../src/stompbox.ts";
import { engineBench, slowStore } from "./engine/engine_bench.ts";
import { sessionLimits } from "./session/session_limits.ts";
import {
  openBroker,
  type OpenOptions,
  type Overrides,
  type TestBroker,
} from "./support/brokers.ts";
import type { Transport } from "./support/line.ts";
import { manualRuntime } from "./support/manual_runtime.ts";
import type { HeaderInit, RawPeer } from "./support/peer.ts";
import { receive, send, settle, subscribe } from "./support/steps.ts";
import { connectHeaders } from "./transport_matrix.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const QUEUE = "/queue/q";
const TOPIC = "/topic/t";

/** A broker whose configuration is about to change. */
interface Live {
  readonly broker: TestBroker;
  /** A peer that has logged in. */
  connect(options?: OpenOptions & { readonly headers?: HeaderInit }): Promise<RawPeer>;
  /** The change, if there is to be one. */
  change(): Promise<void>;
}

interface Row {
  readonly transport?: Transport;
  readonly before: Overrides;
  readonly after: Overrides;
  /** Makes what is there before the change, has it happen, and says how things are then. */
  readonly look: (live: Live) => Promise<unknown>;
  /** What it says without the change, and with it. */
  readonly was: unknown;
  readonly is: unknown;
}

/** "accepted", the code of the refusal, or how the connection ended. */
async function outcome(peer: RawPeer): Promise<string> {
  for (;;) {
    const frame = await Promise.race([peer.next(), peer.closed()]).catch(() => peer.closed());
    if ("clean" in frame) return `closed ${frame.code}`;
    if (frame.command === "RECEIPT" || frame.command === "CONNECTED") return "accepted";
    if (frame.command === "ERROR") return frame.get("code") ?? "no code";
  }
}

function asks(
  peer: RawPeer,
  command: string,
  frame: { readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<string> {
  peer.frame(command, { receipt: "asked", ...frame.headers }, frame.body ?? "");
  return outcome(peer);
}

function sends(peer: RawPeer, destination: string, body = "x"): Promise<string> {
  return asks(peer, "SEND", { headers: { destination }, body });
}

/** A consumer that holds the one message of {@link QUEUE}. */
async function holding(live: Live): Promise<RawPeer> {
  const peer = await live.connect();
  await subscribe(peer, QUEUE, { ack: "client-individual" });
  await send(peer, QUEUE, "x");
  return peer;
}

async function refuse(peer: RawPeer): Promise<void> {
  await settle(peer, "NACK", await peer.expect("MESSAGE"));
}

/** Refuses the message of {@link QUEUE} twice; messages that are back a second after that. */
async function refuseTwice(live: Live): Promise<number> {
  const peer = await holding(live);
  await live.change();
  await refuse(peer);
  live.broker.runtime.advance(1_100);
  await refuse(peer);
  live.broker.runtime.advance(1_100);
  await peer.done("BEGIN", { transaction: "t" });
  return peer.waiting.length;
}

/** A subscriber of {@link TOPIC} that does not read, and one who sends it ten messages of 1000 bytes. */
async function slowAndSender(live: Live): Promise<{ slow: RawPeer; sender: RawPeer }> {
  const [slow, sender] = [await live.connect(), await live.connect()];
  await subscribe(slow, TOPIC);
  slow.line.stall();
  await live.change();
  for (let count = 0; count < 10; count++) {
    sender.frame("SEND", { destination: TOPIC }, "x".repeat(1_000));
  }
  return { slow, sender };
}

function slowConsumers({ broker }: Live): number {
  return broker.events.filter(({ type }) => type === "slow").length;
}

/** Logs a peer in while others wait to log in; frames that it has got in answer. */
async function loginAfterOthers(live: Live, fake: OpenOptions["fake"]): Promise<number> {
  const options = fake === undefined ? {} : { fake };
  await live.broker.open(options);
  const second = await live.broker.open(options);
  second.frame("CONNECT", connectHeaders("1.2"));
  await live.change();
  live.broker.runtime.pump();
  return second.waiting.length;
}

function urlOf({ broker }: Live, path: string): string {
  return `http://127.0.0.1:${broker.addresses[0]?.port}${path}`;
}

async function statusOf(
  live: Live,
  path: string,
  headers: Record<string, string>,
): Promise<number> {
  await live.change();
  const response = await fetch(urlOf(live, path), { headers });
  await response.text();
  return response.status;
}

const folder = mkdtempSync(join(tmpdir(), "stompbox-live-"));
beforeAll(() => {
  writeFileSync(join(folder, "index.html"), "<p>own</p>");
  writeFileSync(join(folder, "own.txt"), "own");
});
afterAll(() => rmSync(folder, { recursive: true }));

const SLOW = { limits: { outboxBytesMax: 16 * KIB } };
const OTHER_MACHINE = { address: "192.0.2.1" };
const FRAMES: Readonly<Record<string, Row>> = {
  unprefixed: {
    before: {},
    after: { unprefixed: "queue" },
    look: async (live) => {
      const peer = await live.connect();
      await live.change();
      return sends(peer, "news");
    },
    was: "bad-destination",
    is: "accepted",
  },
  "limits.frameBytesMax": {
    before: { limits: { frameBytesMax: 4 * KIB } },
    after: { limits: { frameBytesMax: 8 * KIB } },
    look: async (live) => {
      const peer = await live.connect();
      await live.change();
      return sends(peer, TOPIC, "x".repeat(6_000));
    },
    was: "frame-too-large",
    is: "accepted",
  },
  "limits.frameBytesMax, over WebSocket far beyond what the listener took": {
    transport: "ws",
    before: { limits: { frameBytesMax: 4 * KIB } },
    after: { limits: { frameBytesMax: MIB } },
    look: async (live) => {
      const peer = await live.connect();
      await live.change();
      return sends(peer, TOPIC, "x".repeat(200 * KIB));
    },
    was: "closed 1009",
    is: "accepted",
  },
  "limits.frameBytesMax, over HTTP far beyond what the listener took": {
    transport: "ws",
    before: { limits: { frameBytesMax: 4 * KIB } },
    after: { limits: { frameBytesMax: MIB } },
    look: async (live) => {
      await live.change();
      const url = urlOf(live, `/api/v1/send?destination=${TOPIC}`);
      const response = await fetch(url, { method: "POST", body: "x".repeat(200 * KIB) });
      await response.text();
      return response.status;
    },
    was: 413,
    is: 200,
  },
  "limits.loginBytesMax": {
    before: { limits: { loginBytesMax: KIB } },
    after: { limits: { loginBytesMax: 4 * KIB } },
    look: async (live) => {
      await live.change();
      const peer = await live.broker.open();
      peer.frame("CONNECT", { ...connectHeaders("1.2"), padding: "x".repeat(2_000) });
      return outcome(peer);
    },
    was: "frame-too-large",
    is: "accepted",
  },
  "limits.headersMax": {
    before: { limits: { headersMax: 8 } },
    after: { limits: { headersMax: 16 } },
    look: async (live) => {
      const peer = await live.connect();
      await live.change();
      const own = Array.from({ length: 9 }, (_, at) => [`h${at}`, "v"]);
      return asks(peer, "SEND", { headers: { destination: TOPIC, ...Object.fromEntries(own) } });
    },
    was: "too-many-headers",
    is: "accepted",
  },
  "limits.headerLineBytesMax": {
    before: { limits: { headerLineBytesMax: 128 } },
    after: { limits: { headerLineBytesMax: 512 } },
    look: async (live) => {
      const peer = await live.connect();
      await live.change();
      return asks(peer, "SEND", { headers: { destination: TOPIC, h: "v".repeat(200) } });
    },
    was: "header-too-large",
    is: "accepted",
  },
};

const SESSIONS: Readonly<Record<string, Row>> = {
  "limits.subscriptionsMax": {
    before: { limits: { subscriptionsMax: 1 } },
    after: { limits: { subscriptionsMax: 2 } },
    look: async (live) => {
      const peer = await live.connect();
      await subscribe(peer, TOPIC);
      await live.change();
      return asks(peer, "SUBSCRIBE", { headers: { id: "2", destination: TOPIC } });
    },
    was: "too-many-subscriptions",
    is: "accepted",
  },
  "limits.transactionsMax": {
    before: { limits: { transactionsMax: 1 } },
    after: { limits: { transactionsMax: 2 } },
    look: async (live) => {
      const peer = await live.connect();
      await peer.done("BEGIN", { transaction: "1" });
      await live.change();
      return asks(peer, "BEGIN", { headers: { transaction: "2" } });
    },
    was: "too-many-transactions",
    is: "accepted",
  },
  "limits.transactionOperationsMax, of an open one": {
    before: { limits: { transactionOperationsMax: 1 } },
    after: { limits: { transactionOperationsMax: 2 } },
    look: async (live) => {
      const peer = await live.connect();
      await peer.done("BEGIN", { transaction: "1" });
      await peer.done("SEND", { destination: TOPIC, transaction: "1" });
      await live.change();
      return asks(peer, "SEND", { headers: { destination: TOPIC, transaction: "1" } });
    },
    was: "transaction-too-large",
    is: "accepted",
  },
  "limits.transactionBytesMax, of an open one": {
    before: { limits: { transactionBytesMax: KIB } },
    after: { limits: { transactionBytesMax: 8 * KIB } },
    look: async (live) => {
      const peer = await live.connect();
      await peer.done("BEGIN", { transaction: "1" });
      await live.change();
      const headers = { destination: TOPIC, transaction: "1" };
      return asks(peer, "SEND", { headers, body: "x".repeat(2_000) });
    },
    was: "transaction-too-large",
    is: "accepted",
  },
  "limits.prefetchDefault": {
    before: { limits: { prefetchDefault: 1 } },
    after: { limits: { prefetchDefault: 3 } },
    look: async (live) => {
      const peer = await live.connect();
      await send(peer, QUEUE, "1", "2", "3");
      await live.change();
      await subscribe(peer, QUEUE, { ack: "client-individual" });
      live.broker.runtime.pump();
      return peer.waiting.length;
    },
    was: 1,
    is: 3,
  },
  "limits.outboxBytesMax, of one that is behind": {
    before: SLOW,
    after: { limits: { outboxBytesMax: MIB } },
    look: async (live) => {
      await slowAndSender(live);
      live.broker.runtime.advance(8_000);
      return slowConsumers(live);
    },
    was: 1,
    is: 0,
  },
  "limits.slowConsumer, for one that is connected": {
    before: SLOW,
    after: { limits: { ...SLOW.limits, slowConsumer: "drop-oldest" } },
    look: async (live) => {
      await slowAndSender(live);
      live.broker.runtime.advance(8_000);
      return slowConsumers(live);
    },
    was: 1,
    is: 0,
  },
  "limits.slowConsumerGraceMs, for one that is connected": {
    before: SLOW,
    after: { limits: { ...SLOW.limits, slowConsumerGraceMs: 1_000 } },
    look: async (live) => {
      await slowAndSender(live);
      live.broker.runtime.advance(2_000);
      return slowConsumers(live);
    },
    was: 0,
    is: 1,
  },
  "limits.publisherPauseMs, for one that is connected": {
    before: SLOW,
    after: { limits: { ...SLOW.limits, publisherPauseMs: 4_000 } },
    look: async (live) => {
      const { sender } = await slowAndSender(live);
      live.broker.runtime.advance(1_500);
      return live.broker.fakeLine(sender).paused;
    },
    was: false,
    is: true,
  },
};

const CONNECTIONS: Readonly<Record<string, Row>> = {
  "limits.loginTimeoutMs, for one that is connecting": {
    before: {},
    after: { limits: { loginTimeoutMs: 1_000 } },
    look: async (live) => {
      const peer = await live.broker.open();
      await live.change();
      live.broker.runtime.advance(2_000);
      return peer.waiting.map((frame) => frame.get("code"));
    },
    was: [],
    is: ["login-timeout"],
  },
  "limits.heartBeatMinMs": {
    before: {},
    after: { limits: { heartBeatMinMs: 5_000 } },
    look: async (live) => {
      await live.change();
      const peer = await live.broker.open();
      peer.frame("CONNECT", { ...connectHeaders("1.2"), "heart-beat": "1000,1000" });
      return (await peer.expect("CONNECTED")).get("heart-beat");
    },
    was: "1000,1000",
    is: "5000,5000",
  },
  "limits.heartBeatMaxMs": {
    before: {},
    after: { limits: { heartBeatMaxMs: 2_000 } },
    look: async (live) => {
      await live.change();
      const peer = await live.broker.open();
      peer.frame("CONNECT", { ...connectHeaders("1.2"), "heart-beat": "9000,9000" });
      return (await peer.expect("CONNECTED")).get("heart-beat");
    },
    was: "9000,9000",
    is: "2000,2000",
  },
  "limits.pingIntervalMs, for one that is connected": {
    before: { limits: { pingIntervalMs: 0 } },
    after: { limits: { pingIntervalMs: 1_000 } },
    look: async (live) => {
      const peer = await live.connect({ fake: { answersPings: true } });
      await live.change();
      live.broker.runtime.advance(2_500);
      return live.broker.fakeLine(peer).pings > 0;
    },
    was: false,
    is: true,
  },
  "limits.pongTimeoutMs, for one that is connected": {
    before: {},
    after: { limits: { pongTimeoutMs: 500 } },
    look: async (live) => {
      const headers = { "heart-beat": "1000,0" };
      const peer = await live.connect({ fake: { answersPings: true, pongs: false }, headers });
      await live.change();
      live.broker.runtime.advance(4_000);
      return peer.waiting.map((frame) => frame.get("code"));
    },
    was: [],
    is: ["heart-beat-missed"],
  },
  "limits.connectionsMax": {
    before: { limits: { connectionsMax: 1 } },
    after: { limits: { connectionsMax: 2 } },
    look: async (live) => {
      await live.connect();
      await live.change();
      const peer = await live.broker.open();
      peer.frame("CONNECT", connectHeaders("1.2"));
      return outcome(peer);
    },
    was: "too-many-connections",
    is: "accepted",
  },
  "limits.connectionsPerAddressMax": {
    before: { limits: { connectionsPerAddressMax: 1 } },
    after: { limits: { connectionsPerAddressMax: 2 } },
    look: async (live) => {
      await live.connect({ fake: OTHER_MACHINE });
      await live.change();
      const peer = await live.broker.open({ fake: OTHER_MACHINE });
      peer.frame("CONNECT", connectHeaders("1.2"));
      return outcome(peer);
    },
    was: "too-many-connections",
    is: "accepted",
  },
  "limits.loginsPendingMax, for one that waits": {
    before: { limits: { loginsPendingMax: 1 } },
    after: { limits: { loginsPendingMax: 2 } },
    look: (live) => loginAfterOthers(live, undefined),
    was: 0,
    is: 1,
  },
  "limits.loginsPendingPerAddressMax, for one that waits": {
    before: { limits: { loginsPendingPerAddressMax: 1 } },
    after: { limits: { loginsPendingPerAddressMax: 2 } },
    look: (live) => loginAfterOthers(live, OTHER_MACHINE),
    was: 0,
    is: 1,
  },
};

const QUEUES: Readonly<Record<string, Row>> = {
  "queueOverflow, of a full queue": {
    before: { limits: { queueMessagesMax: 1 } },
    after: { queueOverflow: "drop-oldest", limits: { queueMessagesMax: 1 } },
    look: async (live) => {
      const peer = await live.connect();
      await send(peer, QUEUE, "1");
      await live.change();
      return sends(peer, QUEUE);
    },
    was: "queue-full",
    is: "accepted",
  },
  "maxDeliveries, of a message that is held": {
    before: {},
    after: { maxDeliveries: 1 },
    look: async (live) => {
      const peer = await holding(live);
      await live.change();
      await refuse(peer);
      await subscribe(peer, "/queue/DLQ.q", { id: "dead" });
      return (await peer.expect("MESSAGE")).get("subscription");
    },
    was: "s",
    is: "dead",
  },
  "redeliveryDelayMs, of a message that is held": {
    before: {},
    after: { redeliveryDelayMs: 1_000 },
    look: async (live) => {
      const peer = await holding(live);
      await live.change();
      await refuse(peer);
      const atOnce = peer.waiting.length;
      live.broker.runtime.advance(1_100);
      await peer.done("BEGIN", { transaction: "t" });
      return [atOnce, peer.waiting.length];
    },
    was: [1, 1],
    is: [0, 1],
  },
  redeliveryMultiplier: {
    before: { redeliveryDelayMs: 1_000 },
    after: { redeliveryDelayMs: 1_000, redeliveryMultiplier: 5 },
    look: refuseTwice,
    was: 1,
    is: 0,
  },
  redeliveryDelayMaxMs: {
    before: { redeliveryDelayMs: 1_000, redeliveryMultiplier: 5 },
    after: { redeliveryDelayMs: 1_000, redeliveryMultiplier: 5, redeliveryDelayMaxMs: 1_000 },
    look: refuseTwice,
    was: 0,
    is: 1,
  },
  "deadLetterExpired, of a message that waits": {
    before: {},
    after: { deadLetterExpired: true },
    look: async (live) => {
      const peer = await live.connect();
      await peer.done("SEND", { destination: QUEUE, ttl: "1000" }, "x");
      await live.change();
      live.broker.runtime.advance(2_000);
      await subscribe(peer, "/queue/DLQ.q");
      live.broker.runtime.pump();
      return peer.waiting.length;
    },
    was: 0,
    is: 1,
  },
  "destinations, of a queue that is there": {
    before: {},
    after: { destinations: [{ match: "/queue/*", messagesMax: 1 }] },
    look: async (live) => {
      const peer = await live.connect();
      await send(peer, QUEUE, "1");
      await live.change();
      return sends(peer, QUEUE);
    },
    was: "accepted",
    is: "queue-full",
  },
  "destinations, of a durable subscription that is there": {
    before: {},
    after: { destinations: [{ match: TOPIC, messagesMax: 1 }] },
    look: async (live) => {
      const [subscriber, peer] = [
        await live.connect({ headers: { "client-id": "c" } }),
        await live.connect(),
      ];
      const durable = { "durable-subscription-name": "d" };
      await subscribe(subscriber, TOPIC, durable);
      await subscriber.done("UNSUBSCRIBE", { id: "s" });
      await send(peer, TOPIC, "1");
      await live.change();
      await send(peer, TOPIC, "2");
      await subscribe(subscriber, TOPIC, durable);
      live.broker.runtime.pump();
      return subscriber.waiting.map((frame) => frame.text);
    },
    was: ["1", "2"],
    is: ["2"],
  },
  "limits.queueMessagesMax, of a queue that is there": {
    before: { limits: { queueMessagesMax: 1 } },
    after: { limits: { queueMessagesMax: 2 } },
    look: async (live) => {
      const peer = await live.connect();
      await send(peer, QUEUE, "1");
      await live.change();
      return sends(peer, QUEUE);
    },
    was: "queue-full",
    is: "accepted",
  },
  "limits.queueMessagesMax, of fewer than there are: nothing is lost": {
    before: {},
    after: { limits: { queueMessagesMax: 1 } },
    look: async (live) => {
      const [peer, other] = [await live.connect(), await live.connect()];
      await send(peer, QUEUE, "1", "2", "3");
      await live.change();
      const answer = await sends(peer, QUEUE, "4");
      await subscribe(other, QUEUE);
      await receive(other, "1", "2", "3");
      return answer;
    },
    was: "accepted",
    is: "queue-full",
  },
  "limits.queueBytesMax, of a queue that is there": {
    before: { limits: { queueBytesMax: 4 * KIB } },
    after: { limits: { queueBytesMax: 64 * KIB } },
    look: async (live) => {
      const peer = await live.connect();
      await send(peer, QUEUE, "1");
      await live.change();
      return sends(peer, QUEUE, "x".repeat(5_000));
    },
    was: "queue-full",
    is: "accepted",
  },
  "limits.memoryBytesMax": {
    before: { limits: { memoryBytesMax: MIB } },
    after: { limits: { memoryBytesMax: 4 * MIB } },
    look: async (live) => {
      const peer = await live.connect();
      await send(peer, QUEUE, "x".repeat(600 * KIB));
      await live.change();
      return sends(peer, QUEUE, "x".repeat(600 * KIB));
    },
    was: "memory-full",
    is: "accepted",
  },
  "limits.destinationsMax": {
    before: { limits: { destinationsMax: 1 } },
    after: { limits: { destinationsMax: 2 } },
    look: async (live) => {
      const peer = await live.connect();
      await send(peer, QUEUE, "1");
      await live.change();
      return sends(peer, "/queue/other");
    },
    was: "too-many-destinations",
    is: "accepted",
  },
  "limits.destinationsMax, of retained messages": {
    before: { limits: { destinationsMax: 1 } },
    after: { limits: { destinationsMax: 2 } },
    look: async (live) => {
      const peer = await live.connect();
      await peer.done("SEND", { destination: "/topic/a", retain: "true" }, "x");
      await live.change();
      return asks(peer, "SEND", {
        headers: { destination: "/topic/b", retain: "true" },
        body: "x",
      });
    },
    was: "too-many-destinations",
    is: "accepted",
  },
};

const WEB: Readonly<Record<string, Row>> = {
  allowOrigin: {
    transport: "ws",
    before: {},
    after: { allowOrigin: ["https://a.example"] },
    look: (live) => statusOf(live, "/api/v1/status", { origin: "https://a.example" }),
    was: 403,
    is: 200,
  },
  "allowOrigin, of a connection that is there": {
    transport: "ws",
    before: { allowOrigin: ["https://a.example"] },
    after: {},
    look: async (live) => {
      const peer = await live.connect();
      await live.change();
      return sends(peer, TOPIC);
    },
    was: "accepted",
    is: "accepted",
  },
  strictOrigin: {
    transport: "ws",
    before: {},
    after: { strictOrigin: true },
    look: (live) => statusOf(live, "/api/v1/status", { origin: "http://localhost:1" }),
    was: 200,
    is: 403,
  },
  webSocketPaths: {
    transport: "ws",
    before: {},
    after: { webSocketPaths: ["/other"] },
    look: async (live) => {
      await live.change();
      const answer = await live.broker.upgrade({ path: "/other" });
      return "status" in answer ? answer.status : "open";
    },
    was: 404,
    is: "open",
  },
  static: {
    transport: "ws",
    before: {},
    after: { static: folder },
    look: (live) => statusOf(live, "/own.txt", {}),
    was: 404,
    is: 200,
  },
  singlePage: {
    transport: "ws",
    before: { static: folder },
    after: { static: folder, singlePage: true },
    look: (live) => statusOf(live, "/some/route", { accept: "text/html" }),
    was: 404,
    is: 200,
  },
};

const ROWS: readonly (readonly [string, Row])[] = [
  FRAMES,
  SESSIONS,
  CONNECTIONS,
  QUEUES,
  WEB,
].flatMap((rows) => Object.entries(rows));

/** Options that change while the broker runs and whose tests are elsewhere, and where. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  log: "test/cli/reload_settings_test.ts",
  quiet: "test/cli/reload_settings_test.ts",
  "limits.pendingOperationsMax": "below: needs a store that is slow",
  "limits.pendingBytesMax": "below: needs a store that is slow",
  "limits.stopTimeoutMs": "below: needs a broker that stops",
};

test("every option that may change while the broker runs has its test", () => {
  const tested = new Set(ROWS.map(([name]) => name.replace(/,.*$/, "")));
  const live = OPTIONS.filter(({ holds }) => holds !== undefined).map(({ name }) => name);
  expect(live.filter((name) => !tested.has(name) && ELSEWHERE[name] === undefined)).toEqual([]);
  expect([...tested].filter((name) => !live.includes(name))).toEqual([]);
});

describe.each(ROWS)("%s", (_name, row) => {
  test.each([
    ["without a change", false],
    ["with the change", true],
  ] as const)("%s", async (_which, changes) => {
    const broker = await openBroker(row.transport ?? "fake", row.before);
    const live: Live = {
      broker,
      connect: async ({ headers = {}, ...options } = {}) => {
        const peer = await broker.open(options);
        peer.frame("CONNECT", { ...connectHeaders("1.2"), ...headers });
        await peer.expect("CONNECTED");
        return peer;
      },
      change: async () => {
        if (changes) await broker.reload(row.after);
      },
    };
    try {
      expect(await row.look(live)).toEqual(changes ? row.is : row.was);
    } finally {
      await broker.stop();
    }
  });
});

test.each([
  ["limits.pendingOperationsMax: without a change", {}, true],
  ["limits.pendingOperationsMax: with the change", { pendingOperationsMax: 2 }, false],
  [
    "limits.pendingBytesMax: without a change",
    { pendingOperationsMax: 2, pendingBytesMax: 10 },
    true,
  ],
  [
    "limits.pendingBytesMax: with the change",
    { pendingOperationsMax: 2, pendingBytesMax: MIB },
    false,
  ],
] as const)("%s", (_what, after, isSaturated) => {
  const { engine, memory } = engineBench({ store: slowStore() });
  // What the broker does: sessions look limits up in one object, and a change is written into it.
  const limits = sessionLimits({ pendingOperationsMax: 0 });
  const context = {
    ...{ engine, memory, limits, boot: "boot", runtime: { id: () => "x" } },
    filterOf: createSelectorCache(1).compile,
  };
  const session = new Session(OWNER, context, { name: "t", seesSystem: false });
  const headers = headerList([]);
  const draft = {
    ...{
      destination: QUEUE,
      headers,
      body: "x",
      persistent: true,
      priority: 4,
      expiresAt: 0,
      arrivedAt: 0,
    },
    ...{ replyTo: undefined, retain: undefined },
  };
  session.publish({ ...draft, transaction: undefined }, () => {});
  expect(session.saturated).toBe(true);
  Object.assign(limits, after);
  expect(session.saturated).toBe(isSaturated);
});

test.each([
  ["without a change", 60_000, false],
  ["with the change", 1_000, true],
] as const)("limits.stopTimeoutMs: %s", async (_which, stopTimeoutMs, isOver) => {
  const runtime = manualRuntime(1);
  const broker = createBroker(defaultConfig({ limits: { stopTimeoutMs: 60_000 } }), {
    version: "test",
    runtime,
  });
  broker.accept(mute());
  broker.reconfigure(defaultConfig({ limits: { stopTimeoutMs } }));
  const state = { isClosed: false };
  const closed = broker.close().then(() => (state.isClosed = true));
  runtime.advance(1_500);
  await Promise.resolve();
  for (let round = 0; round < 10; round++) await Promise.resolve();
  expect(state.isClosed).toBe(isOver);
  runtime.advance(60_000);
  await closed;
});

const OWNER: ConstructorParameters<typeof Session>[0] = {
  receptive: false,
  hand: () => true,
  windowUsed: () => {},
  subscribed: () => {},
  unsubscribed: () => {},
  takenOver: () => {},
  holdBack: () => {},
};

/** A wire whose far end neither speaks nor goes. */
function mute(): Parameters<ReturnType<typeof createBroker>["accept"]>[0] {
  const nothing = (): void => {};
  return {
    peer: {
      ...{ transport: "fake", address: "127.0.0.1", port: 1, messages: true, answersPings: false },
      ...{ local: true, subProtocol: "" },
    },
    buffered: 0,
    write: nothing,
    pause: nothing,
    resume: nothing,
    ping: nothing,
    close: nothing,
    destroy: nothing,
  };
}

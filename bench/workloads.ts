/** What is compared: the loads, who carries them, and what is expected of stompbox. */

import type { PeerName } from "./peers/peer.ts";
import type { Figures } from "./raw_line.ts";

/** Names of workloads, as `--workloads` takes them. */
export type WorkloadName =
  | "fan-out-own-1000"
  | "fan-out-alike-1000"
  | "fan-out-alike-100"
  | "fan-out-1KiB-100"
  | "pairs"
  | "queue-auto"
  | "queue-individual"
  | "latency"
  | "logins"
  | "idle"
  | "waiting"
  | "start";

/** A number that a run gives. */
export interface Metric {
  readonly name: string;
  /** Finds it among the figures of a run; undefined if it is not there. */
  readonly of: (figures: Figures) => number | undefined;
  /** For people, to follow the number. */
  readonly unit: string;
  /** What it is divided by for them. */
  readonly scale: number;
}

/** What the median ratio of stompbox to a peer is to be, or its median itself where there is none. */
export interface Target {
  readonly metric: string;
  readonly peer?: PeerName;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One load, and who carries it. */
export interface Workload {
  readonly name: WorkloadName;
  readonly title: string;
  /** The workload of the load generator and its options; `start` is no load. */
  readonly load: (size: RunSize) => readonly string[];
  /** In the order in which they come in a round; the first is stompbox. */
  readonly peers: readonly PeerName[];
  /** Whether a process of its own is started for every run: memory must not have a past. */
  readonly isFresh?: boolean;
  /** How long it is left alone after a run, until its memory is read again as `residentAfterRestKiB`. */
  readonly restSeconds?: number;
  readonly metrics: readonly Metric[];
  readonly targets: readonly Target[];
}

/** How much is run. */
export interface RunSize {
  /** How long a run of messages is measured. */
  readonly seconds: number;
  /** How long it runs before that. */
  readonly warmUpSeconds: number;
  /** How long peers run a workload before the first round, those that ask for as much. */
  readonly peerWarmUpSecondsMax: number;
  /** How long idle connections are watched. */
  readonly idleSeconds: number;
  readonly logins: number;
  /** Idle connections. */
  readonly connections: number;
  /** Messages that wait in a queue. */
  readonly waiting: number;
}

/** What is published. */
export const FULL_SIZE: RunSize = {
  seconds: 1.5,
  warmUpSeconds: 0.5,
  peerWarmUpSecondsMax: 10,
  idleSeconds: 6,
  logins: 20000,
  connections: 19_000,
  waiting: 100_000,
};

/** To see whether it works; the figures are worth little. */
export const QUICK_SIZE: RunSize = {
  seconds: 0.5,
  warmUpSeconds: 0.3,
  peerWarmUpSecondsMax: 1,
  idleSeconds: 2,
  logins: 500,
  connections: 1000,
  waiting: 10_000,
};

const THOUSAND = 1000;
/** What the load generator makes bodies of. */
const BODY_BYTES = 100;

/** Deliveries for each second of the server's CPU: what most of this is about. */
export const DELIVERIES: Metric = {
  name: "deliveries per second of server CPU",
  of: at("brokerProcess.deliveriesPerCpuSecond"),
  unit: "thousands",
  scale: THOUSAND,
};

/** Deliveries for each second on the clock, which says as much of the machine as of the server. */
export const WALL: Metric = {
  name: "deliveries per second",
  of: at("deliveriesPerSecond"),
  unit: "thousands",
  scale: THOUSAND,
};

const ms = (which: string): Metric => ({
  name: `latency ${which}`,
  of: at(`latencyMs.${which}`),
  unit: "ms",
  scale: 1,
});

/** The figure at names joined by dots. */
function at(path: string): Metric["of"] {
  return (figures) => {
    const found = path
      .split(".")
      .reduce<unknown>((from, name) => (isRecord(from) ? from[name] : undefined), figures);
    return typeof found === "number" ? found : undefined;
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** What each message has added to the broker, its body apart. */
function residentKiBPerMessage(figures: Figures): number | undefined {
  const before = at("brokerProcess.residentBeforeKiB")(figures);
  const after = at("residentAfterRestKiB")(figures);
  const count = at("messages")(figures);
  if (before === undefined || after === undefined || count === undefined) return undefined;
  return (after - before) / count - BODY_BYTES / 1024;
}

/** A load of messages, which is measured for a time. */
function messages(...words: readonly string[]): Workload["load"] {
  return ({ seconds, warmUpSeconds }) => [
    ...words,
    ...["--seconds", String(seconds), "--warm-up", `${warmUpSeconds * THOUSAND}ms`],
  ];
}

/** All of them, in the order in which they are run. */
export const WORKLOADS: readonly Workload[] = [
  {
    name: "fan-out-own-1000",
    title: "Fan-out 1 to 1,000, ids that differ",
    load: messages("fan-out", "--subscribers", "1000", "--ids", "own"),
    peers: ["stompbox", "nats", "bare-own"],
    metrics: [DELIVERIES],
    targets: [
      { metric: DELIVERIES.name, peer: "nats", atLeast: 0.9 },
      { metric: DELIVERIES.name, peer: "bare-own", atLeast: 1.5 },
    ],
  },
  {
    name: "fan-out-alike-1000",
    title: "Fan-out 1 to 1,000, ids alike",
    load: messages("fan-out", "--subscribers", "1000"),
    peers: ["stompbox", "nats", "bare-publish", "bare-corked"],
    metrics: [DELIVERIES],
    targets: [
      { metric: DELIVERIES.name, peer: "nats", atLeast: 1.5 },
      { metric: DELIVERIES.name, peer: "bare-publish", atLeast: 0.9 },
    ],
  },
  {
    name: "fan-out-alike-100",
    title: "Fan-out 1 to 100, ids alike",
    load: messages("fan-out", "--subscribers", "100"),
    peers: [
      ...(["stompbox", "stompbox-tcp", "nats", "bare-publish", "bare-corked"] as const),
      ...(["activemq", "rabbitmq", "stomp-broker-js"] as const),
    ],
    metrics: [DELIVERIES],
    targets: [
      { metric: DELIVERIES.name, peer: "stompbox-tcp", atMost: 1 },
      { metric: DELIVERIES.name, peer: "nats", atLeast: 1 },
      { metric: DELIVERIES.name, peer: "bare-publish", atLeast: 0.9 },
    ],
  },
  {
    name: "fan-out-1KiB-100",
    title: "Fan-out 1 to 100, ids alike, bodies of 1 KiB",
    load: messages("fan-out", "--subscribers", "100", "--size", "1KiB"),
    peers: ["stompbox", "nats", "bare-publish"],
    metrics: [DELIVERIES],
    targets: [
      { metric: DELIVERIES.name, peer: "nats", atLeast: 2.5 },
      { metric: DELIVERIES.name, peer: "bare-publish", atLeast: 0.75 },
    ],
  },
  {
    name: "pairs",
    title: "50 pairs, a topic each",
    load: messages("pairs", "--pairs", "50"),
    peers: ["stompbox", "stompbox-tcp", "nats", "bare-forward", "activemq", "rabbitmq"],
    metrics: [DELIVERIES],
    targets: [
      { metric: DELIVERIES.name, peer: "stompbox-tcp", atMost: 1 },
      { metric: DELIVERIES.name, peer: "nats", atLeast: 0.45 },
      { metric: DELIVERIES.name, peer: "bare-forward", atLeast: 0.65 },
      { metric: DELIVERIES.name, peer: "activemq", atLeast: 7 },
    ],
  },
  {
    name: "queue-auto",
    title: "A queue, ack auto",
    load: messages("queue"),
    peers: ["stompbox", "stompbox-tcp", "bare-forward", "activemq", "rabbitmq"],
    metrics: [DELIVERIES],
    targets: [
      { metric: DELIVERIES.name, peer: "stompbox-tcp", atMost: 1 },
      { metric: DELIVERIES.name, peer: "bare-forward", atLeast: 0.6 },
      { metric: DELIVERIES.name, peer: "activemq", atLeast: 8 },
    ],
  },
  {
    name: "queue-individual",
    title: "A queue, ack client-individual",
    load: messages("queue", "--ack", "client-individual"),
    peers: ["stompbox", "activemq", "rabbitmq"],
    metrics: [DELIVERIES],
    targets: [
      { metric: DELIVERIES.name, peer: "activemq", atLeast: 10 },
      { metric: DELIVERIES.name, peer: "rabbitmq", atLeast: 25 },
    ],
  },
  {
    name: "latency",
    title: "5,000 messages a second to 10 subscribers",
    load: messages("latency", "--rate", "5000", "--subscribers", "10"),
    peers: ["stompbox", "nats"],
    metrics: [ms("p50"), ms("p99")],
    targets: [
      { metric: "latency p50", peer: "nats", atMost: 1 },
      { metric: "latency p99", peer: "nats", atMost: 1 },
    ],
  },
  {
    name: "logins",
    title: "Logins",
    load: ({ logins }) => ["connect", "--connections", String(logins)],
    peers: ["stompbox", "nats"],
    metrics: [
      {
        name: "logins per second of server CPU",
        of: at("brokerProcess.loginsPerCpuSecond"),
        unit: "thousands",
        scale: THOUSAND,
      },
    ],
    targets: [{ metric: "logins per second of server CPU", peer: "nats", atLeast: 1.5 }],
  },
  {
    name: "idle",
    title: "Idle connections, each with a subscription and heart-beats every 10 s",
    load: ({ connections, idleSeconds }) => [
      ...["idle", "--connections", String(connections)],
      ...["--heart-beat", "10s", "--seconds", String(idleSeconds)],
    ],
    peers: ["stompbox", "bare-beats", "nats"],
    isFresh: true,
    metrics: [
      {
        name: "memory of a connection",
        of: at("residentKiBPerConnection"),
        unit: "KiB",
        scale: 1,
      },
      {
        name: "CPU of all beats",
        of: at("brokerProcess.cpuShare"),
        unit: "% of a core",
        scale: 0.01,
      },
    ],
    targets: [
      { metric: "memory of a connection", atMost: 4 },
      { metric: "CPU of all beats", peer: "bare-beats", atMost: 1.5 },
    ],
  },
  {
    name: "waiting",
    title: "Messages of 100 bytes that wait in a queue",
    load: ({ waiting }) => ["receipts", "--subscribers", "0", "--messages", String(waiting)],
    peers: ["stompbox"],
    isFresh: true,
    restSeconds: 3,
    metrics: [
      {
        name: "memory of a message beyond its body",
        of: residentKiBPerMessage,
        unit: "KiB",
        scale: 1,
      },
    ],
    targets: [{ metric: "memory of a message beyond its body", atMost: 0.5 }],
  },
  {
    name: "start",
    title: "From exec to listening",
    load: () => [],
    peers: ["stompbox"],
    isFresh: true,
    metrics: [{ name: "start", of: at("startMs"), unit: "ms", scale: 1 }],
    targets: [{ metric: "start", atMost: 25 }],
  },
];

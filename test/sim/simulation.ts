import { type ConfigOverrides, defaultConfig } from "../../src/config.ts";
import { type Broker, createBroker } from "../../src/stompbox.ts";
import { type Chance, createChance } from "./chance.ts";
import { startConsumer, startDrain } from "./consumer.ts";
import { openLedger } from "./ledger.ts";
import { startProducer } from "./producer.ts";
import { openSimClient } from "./sim_client.ts";
import { drawStyle, type SimPlan, type SimWorld } from "./sim_world.ts";
import { virtualRuntime } from "./virtual_runtime.ts";

/** What came of a run. */
export interface SimReport {
  readonly seed: number;
  /** What happened that must never happen, the first first. */
  readonly violations: readonly string[];
  /** Every step, for those who look for the cause. */
  readonly steps: readonly string[];
  /** What the run was about. */
  readonly profile: string;
  readonly counts: Readonly<Record<string, number>>;
}

/** How a run differs from the one that its seed alone makes. */
export interface SimOptions {
  readonly seed: number;
  /** Plants a fault into the broker, to see that it is found. */
  readonly sabotage?: (broker: Broker, chance: Chance) => void;
  /** Keeps the steps of the run. */
  readonly traced?: boolean;
}

/** A kind of run: what the broker is allowed, and what its clients must reckon with. */
interface Profile {
  readonly name: string;
  readonly config: ConfigOverrides;
  readonly producersMayMeet: readonly string[];
  readonly consumersMayMeet: readonly string[];
  readonly drops: boolean;
}

const KIB = 1024;
const VIOLATIONS_MAX = 20;
const OUTBOX_BYTES = 8 * KIB;

const PROFILES: readonly [Profile, ...Profile[]] = [
  profile("roomy", {}),
  profile("roomy", {}),
  profile("roomy", {}),
  profile("small queues", { limits: { queueMessagesMax: 12 } }, { producers: ["queue-full"] }),
  profile(
    "small queues that drop",
    { limits: { queueMessagesMax: 8 }, queueOverflow: "drop-oldest" },
    // A transaction may be larger than a queue.
    { drops: true, producers: ["queue-full"] },
  ),
  profile(
    "small outboxes",
    { limits: { outboxBytesMax: OUTBOX_BYTES } },
    { consumers: ["slow-consumer"] },
  ),
  profile(
    "small outboxes that drop the oldest",
    { limits: { outboxBytesMax: OUTBOX_BYTES, slowConsumer: "drop-oldest" } },
    { drops: true, consumers: ["slow-consumer"] },
  ),
  profile(
    "small outboxes that drop the newest",
    { limits: { outboxBytesMax: OUTBOX_BYTES, slowConsumer: "drop-newest" } },
    { drops: true, consumers: ["slow-consumer"] },
  ),
  profile(
    "little memory",
    { limits: { memoryBytesMax: 40 * KIB } },
    { producers: ["memory-full"] },
  ),
];

function profile(
  name: string,
  config: ConfigOverrides,
  may: { producers?: string[]; consumers?: string[]; drops?: boolean } = {},
): Profile {
  return {
    name,
    config,
    producersMayMeet: may.producers ?? [],
    consumersMayMeet: may.consumers ?? [],
    drops: may.drops ?? false,
  };
}

/** Runs a whole broker and its clients in virtual time, drains it, and checks what is left. */
export function simulate(options: SimOptions): SimReport {
  const { seed } = options;
  const chance = createChance(seed);
  const runtime = virtualRuntime(chance.random);
  const { name, config, producersMayMeet, consumersMayMeet, drops } = chance.pick(PROFILES);
  const maxDeliveries = chance.integer(2, 6);
  const flood = name === "roomy" && chance.odds(0.05);
  const plan: SimPlan = {
    queues: ["/queue/q.a", "/queue/q.b"],
    topics: ["/topic/t.a", "/topic/t.b"],
    patterns: ["/queue/q.*", "/queue/>", "/topic/t.*", "/topic/>", "/topic/>.a"],
    producers: chance.integer(1, 3),
    consumers: chance.integer(1, 4),
    messagesPerProducer: chance.integer(10, 60),
    priorities: chance.odds(0.5),
    // In characters of up to four bytes: a budget that no frame fits into is no budget.
    bodyMax: Math.min(
      chance.pick([100, 2_000, 6_000]),
      (config.limits?.outboxBytesMax ?? Infinity) / 8,
    ),
    large: config.limits?.outboxBytesMax === undefined ? 0.1 : 0.7,
    latencyMs: chance.pick([1, 20, 150]),
    trouble: chance.pick([0, 1, 1, 3]),
    flood,
    producersMayMeet: new Set(producersMayMeet),
    consumersMayMeet: new Set(consumersMayMeet),
  };
  const violations: string[] = [];
  const steps: string[] = [];
  const trace = (step: string): void => {
    if (options.traced === true) steps.push(`${runtime.elapsedMs} ${step}`);
  };
  const violate = (what: string): void => {
    trace(`VIOLATION ${what}`);
    if (violations.length < VIOLATIONS_MAX) violations.push(`at ${runtime.elapsedMs} ms: ${what}`);
  };
  const broker = createBroker(defaultConfig({ ...config, maxDeliveries }), {
    version: "simulated",
    runtime,
    observe: (event) => {
      if (event.type === "refused" && event.cause !== undefined) {
        violate(`the broker failed: ${Bun.inspect(event.cause)}`);
      }
    },
  });
  const ledger = openLedger({ broker, runtime, maxDeliveries, drops, violate, trace });
  const world: SimWorld = {
    runtime,
    chance,
    ledger,
    plan,
    clients: [],
    finishing: false,
    accept: (wire) => broker.accept(wire),
    violate,
    trace,
  };
  options.sabotage?.(broker, chance);
  try {
    live(world);
    leave(world, broker);
    drain(world, broker);
    ledger.close();
    checkNothingLeft(broker, violate);
  } catch (error) {
    violate(`something threw: ${Bun.inspect(error)}`);
  }
  const counts = {
    ...ledger.counts,
    clients: world.clients.length,
    dropped: broker.context.engine.counters.dropped + broker.context.counters.dropped,
    ...Object.fromEntries(broker.context.counters.refusals),
  };
  return { seed, violations, steps, counts, profile: flood ? `${name}, flood` : name };
}

function live(world: SimWorld): void {
  const { runtime, chance, plan } = world;
  const producers = Array.from({ length: plan.producers }, (_, at) =>
    startProducer(world, `p${at + 1}`),
  );
  for (let at = 1; at <= plan.consumers; at++) {
    runtime.after(chance.integer(0, 500), () => startConsumer(world, `c${at}`));
  }
  if (chance.odds(0.2)) addMute(world);
  const done = runtime.run(120_000, () => producers.every((producer) => producer.done));
  if (!done) world.violate("a producer is not done after two minutes");
  runtime.run(runtime.elapsedMs + chance.integer(0, 4_000));
}

/** Someone who connects and says nothing. */
function addMute(world: SimWorld): void {
  const client = openSimClient(world, {
    ...drawStyle(world),
    name: "mute",
    mute: true,
    mayMeet: new Set(["login-timeout"]),
    onConnected: () => {},
    onMessage: () => {},
    onOver: (mute) => {
      const { elapsedMs } = world.runtime;
      if (mute.errorCode === undefined || elapsedMs > 20_000) world.violate("mute was not told");
    },
  });
  world.clients.push(client);
}

function leave(world: SimWorld, broker: Broker): void {
  const { runtime, chance, clients } = world;
  world.finishing = true;
  // Long enough for the slowest line to flow again.
  runtime.run(runtime.elapsedMs + 20_000);
  runtime.run(runtime.elapsedMs + 60_000, () =>
    clients.every(({ over, owed }) => over || owed === 0),
  );
  for (const client of clients) {
    if (client.over) continue;
    if (client.owed > 0) world.violate(`${client.name} still waits for ${client.owed} receipts`);
    runtime.after(chance.integer(0, 300), () => {
      if (chance.odds(0.5)) client.disconnect();
      else client.crash();
    });
  }
  runtime.run(runtime.elapsedMs + 500);
  if (!runtime.run(runtime.elapsedMs + 30_000, () => broker.connections.size === 0)) {
    world.violate(`${broker.connections.size} connections do not end`);
  }
}

function drain(world: SimWorld, broker: Broker): void {
  const { runtime, chance, plan } = world;
  const deadLetters = plan.queues.map((path) => path.replace("/queue/", "/queue/DLQ."));
  const paths = chance.odds(0.5) ? ["/queue/>"] : [...plan.queues, ...deadLetters];
  const client = startDrain(world, paths);
  const { engine } = broker.context;
  const isDrained = () => client.connected && client.owed === 0 && engine.waiting === 0;
  runtime.run(runtime.elapsedMs + 1_000);
  if (!runtime.run(runtime.elapsedMs + 60_000, isDrained)) {
    world.violate(`${engine.waiting} messages cannot be drained`);
  }
  client.disconnect();
  runtime.run(runtime.elapsedMs + 10_000, () => broker.connections.size === 0);
}

function checkNothingLeft(broker: Broker, violate: (what: string) => void): void {
  const { engine, memory, heldBack } = broker.context;
  const left = {
    connections: broker.connections.size,
    queues: engine.queues.size,
    topics: engine.topics,
    messages: engine.waiting,
    memory: memory.used,
    heldBack: heldBack.waiting.size,
  };
  for (const [what, count] of Object.entries(left)) {
    if (count !== 0) violate(`when all are gone ${what} is ${count}`);
  }
}

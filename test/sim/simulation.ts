import { type ConfigOverrides, defaultConfig } from "../../src/config.ts";
import { type Broker, createBroker } from "../../src/stompbox.ts";
import { type Chance, createChance } from "./chance.ts";
import { startChatter } from "./chatter.ts";
import { startBrowser, startConsumer, startDrain, startDurableDrain } from "./consumer.ts";
import { startDurableConsumer } from "./durable_consumer.ts";
import { type MayDrop, openLedger } from "./ledger.ts";
import { startProducer } from "./producer.ts";
import { startReplier, startRequester } from "./requester.ts";
import { openSimClient } from "./sim_client.ts";
import { deadLettersOf } from "./records.ts";
import type { SimPolicy, SimRule } from "./sim_policy.ts";
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
  readonly mayDrop: MayDrop;
}

const KIB = 1024;
const VIOLATIONS_MAX = 20;
/** Between two events the queues are looked at so often; a number that no other interval has. */
const LOOK_MS = 233;
const OUTBOX_BYTES = 8 * KIB;

const PROFILES: readonly [Profile, ...Profile[]] = [
  profile("roomy", {}),
  profile("roomy", {}),
  profile("roomy", {}),
  profile(
    "small queues",
    { limits: { queueMessagesMax: 12 } },
    { drops: ["letters", "bound"], producers: ["queue-full"] },
  ),
  profile(
    "small queues that drop",
    { limits: { queueMessagesMax: 8 }, queueOverflow: "drop-oldest" },
    // A transaction may be larger than a queue.
    { drops: ["anything"], producers: ["queue-full"] },
  ),
  profile(
    "small outboxes",
    { limits: { outboxBytesMax: OUTBOX_BYTES } },
    { consumers: ["slow-consumer"] },
  ),
  profile(
    "small outboxes that drop the oldest",
    { limits: { outboxBytesMax: OUTBOX_BYTES, slowConsumer: "drop-oldest" } },
    { drops: ["anything"], consumers: ["slow-consumer"] },
  ),
  profile(
    "small outboxes that drop the newest",
    { limits: { outboxBytesMax: OUTBOX_BYTES, slowConsumer: "drop-newest" } },
    { drops: ["anything"], consumers: ["slow-consumer"] },
  ),
  profile(
    "little memory",
    { limits: { memoryBytesMax: 40 * KIB } },
    // Whoever joins many queues at once takes memory too.
    { drops: ["bound"], producers: ["memory-full"], consumers: ["memory-full"] },
  ),
];

function profile(
  name: string,
  config: ConfigOverrides,
  may: { producers?: string[]; consumers?: string[]; drops?: (keyof MayDrop)[] } = {},
): Profile {
  return {
    name,
    config,
    producersMayMeet: may.producers ?? [],
    consumersMayMeet: may.consumers ?? [],
    mayDrop: {
      anything: may.drops?.includes("anything") ?? false,
      letters: may.drops?.includes("letters") ?? false,
      bound: may.drops?.includes("bound") ?? false,
    },
  };
}

/** Runs a whole broker and its clients in virtual time, drains it, and checks what is left. */
export function simulate(options: SimOptions): SimReport {
  const { seed } = options;
  const chance = createChance(seed);
  const runtime = virtualRuntime(chance.random);
  const { name, config, producersMayMeet, consumersMayMeet, mayDrop } = chance.pick(PROFILES);
  const defaults = drawDefaults(chance);
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
    selectors: chance.odds(0.5),
    expiry: chance.odds(0.4),
    composites: chance.odds(0.4),
    retains: chance.odds(0.4),
    oddRefusals: chance.odds(0.5),
    durables: chance.pick([0, 0, 1, 2]),
    browsers: chance.pick([0, 0, 1]),
    requesters: chance.pick([0, 0, 1, 2]),
    chatters: chance.pick([0, 0, 1]),
    defaults,
    rules: chance.odds(0.5) ? drawRules(chance) : [],
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
  const broker = createBroker(
    defaultConfig({ ...config, ...defaults, destinations: [...plan.rules] }),
    {
      version: "simulated",
      runtime,
      observe: (event) => {
        if (event.type === "refused" && event.cause !== undefined) {
          violate(`the broker failed: ${Bun.inspect(event.cause)}`);
        }
      },
    },
  );
  const ledger = openLedger({
    broker,
    runtime,
    defaults,
    rules: plan.rules,
    mayDrop,
    violate,
    trace,
  });
  const world: SimWorld = {
    runtime,
    chance,
    ledger,
    plan,
    clients: [],
    durables: new Map(),
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
    expired: broker.context.engine.counters.expired,
    unroutable: broker.context.engine.counters.unroutable,
    ...Object.fromEntries(broker.context.counters.refusals),
  };
  return { seed, violations, steps, counts, profile: flood ? `${name}, flood` : name };
}

function drawDefaults(chance: Chance): SimPolicy {
  return {
    maxDeliveries: chance.integer(2, 6),
    redeliveryDelayMs: chance.pick([0, 0, 200]),
    redeliveryMultiplier: chance.pick([1, 2]),
    redeliveryDelayMaxMs: 1_000,
    deadLetterExpired: chance.odds(0.3),
  };
}

/** Rules from the general to the particular and back: where they stand must not matter. */
function drawRules(chance: Chance): readonly SimRule[] {
  const rules: SimRule[] = [
    { match: "/queue/>", redeliveryDelayMs: chance.pick([0, 30]) },
    { match: "/queue/q.b", deadLetterExpired: true, maxDeliveries: chance.integer(1, 3) },
    { match: "/queue/q.*", maxDeliveries: 4, redeliveryMultiplier: 3 },
    { match: "/topic/t.a", redeliveryDelayMs: 100, deadLetterExpired: chance.odds(0.5) },
    { match: "/temp-queue/>", maxDeliveries: 2 },
  ];
  return chance.odds(0.5) ? rules : rules.toReversed();
}

function live(world: SimWorld): void {
  const { runtime, chance, plan, ledger } = world;
  const producers = Array.from({ length: plan.producers }, (_, at) =>
    startProducer(world, `p${at + 1}`),
  );
  for (let at = 1; at <= plan.consumers; at++) {
    runtime.after(chance.integer(0, 500), () => startConsumer(world, `c${at}`));
  }
  for (let at = 1; at <= plan.durables; at++) {
    runtime.after(chance.integer(0, 800), () => startDurableConsumer(world, `d${at}`));
  }
  for (let at = 1; at <= plan.requesters; at++) {
    runtime.after(chance.integer(0, 500), () => startRequester(world, `r${at}`));
  }
  if (plan.requesters > 0) runtime.after(chance.integer(0, 900), () => startReplier(world, "a"));
  for (let at = 1; at <= plan.browsers; at++) {
    runtime.after(chance.integer(0, 900), () => startBrowser(world, `b${at}`));
  }
  for (let at = 1; at <= plan.chatters; at++) startChatter(world, `h${at}`);
  if (chance.odds(0.2)) addMute(world);
  const look = (): void => {
    ledger.checkIdle();
    runtime.after(LOOK_MS, look);
  };
  look();
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
  const { runtime, chance } = world;
  const { engine } = broker.context;
  const letters = [...engine.queues.keys()].map((path) => deadLettersOf(path));
  const paths = new Set([...engine.queues.keys(), ...letters, ...durableLetters(world)]);
  // A pattern takes memory to join what it covers, and there may be none.
  const mayJoin = !world.plan.consumersMayMeet.has("memory-full");
  const client = startDrain(world, mayJoin && chance.odds(0.5) ? ["/queue/>"] : [...paths]);
  const durables = startDurableDrain(world);
  const everyone = [client, ...durables.clients];
  const isIn = () => everyone.every(({ connected, owed }) => connected && owed === 0);
  const isDrained = () => isIn() && engine.waiting === 0;
  runtime.run(runtime.elapsedMs + 1_000);
  if (!runtime.run(runtime.elapsedMs + 60_000, isDrained)) {
    world.violate(`${engine.waiting} messages cannot be drained`);
  }
  durables.remove();
  for (const each of durables.clients) each.disconnect();
  runtime.run(runtime.elapsedMs + 10_000, () => broker.connections.size === 1);
  for (const destination of world.plan.topics) {
    client.send("SEND", { destination, retain: "remove" });
  }
  client.disconnect();
  runtime.run(runtime.elapsedMs + 10_000, () => broker.connections.size === 0);
}

/** Where the dead letters of durable subscriptions lie that have none yet. */
function durableLetters({ durables }: SimWorld): readonly string[] {
  return [...durables.values()].map(({ path }) => deadLettersOf(path));
}

function checkNothingLeft(broker: Broker, violate: (what: string) => void): void {
  const { engine, memory, heldBack } = broker.context;
  const left = {
    connections: broker.connections.size,
    queues: engine.queues.size,
    topics: engine.topics,
    messages: engine.waiting,
    durables: engine.durables.size,
    retained: engine.retained,
    memory: memory.used,
    heldBack: heldBack.waiting.size,
  };
  for (const [what, count] of Object.entries(left)) {
    if (count !== 0) violate(`when all are gone ${what} is ${count}`);
  }
}

import { createAdmin } from "./admin/create_admin.ts";
import type { Status } from "./api/values.ts";
import { Memory } from "./broker/memory.ts";
import { createPolicies, type PolicyOf } from "./broker/policy.ts";
import { createSelectorCache } from "./broker/selector.ts";
import {
  changesBetween,
  type Config,
  type ConfigChange,
  type ListenAddress,
  listenersOf,
  restartReasons,
} from "./config.ts";
import { LocalEngine } from "./engine/local.ts";
import { memoryStore } from "./engine/memory_store.ts";
import type { Observe } from "./observe/events.ts";
import { writeMetrics } from "./observe/metrics.ts";
import { type Runtime, systemRuntime } from "./runtime.ts";
import type { ConnectionContext } from "./session/connection_context.ts";
import { Connections } from "./session/connections.ts";
import { Deadlines } from "./session/deadlines.ts";
import { Interner } from "./session/interner.ts";
import { Turn } from "./session/turn.ts";
import type { Inbound, Wire } from "./session/wire.ts";
import { listenTcp } from "./transport/tcp.ts";
import type { Admin } from "./web/admin.ts";
import { openSite, type Site, type SiteOptions } from "./web/site.ts";
import { listenWeb } from "./web/web.ts";

/** Where stompbox listens, for real. */
export interface ListenerAddress {
  readonly scheme: "ws" | "tcp";
  readonly host: string;
  readonly port: number;
  /** What precedes every path, with a slash at its end; empty for `tcp`. */
  readonly path: string;
  readonly url: string;
}

/** A broker that listens. */
export interface Stompbox {
  readonly addresses: readonly ListenerAddress[];
  /**
   * Puts another configuration in force, whole or not at all. Connections stay,
   * and no message is dropped for it. Resolves with what differs from before.
   *
   * @throws ReloadError with every reason why not
   */
  reload(config: Config): Promise<readonly ConfigChange[]>;
  /** Tells every client, closes them, and resolves when all is shut. Idempotent. */
  stop(): Promise<void>;
}

/** What a broker is given besides its configuration. */
export interface StompboxOptions {
  readonly version: string;
  readonly observe?: Observe;
  readonly runtime?: Runtime;
  /** Where it listens, for those who ask. */
  readonly listeners?: () => readonly ListenerAddress[];
}

/** A port that could not be had. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  /** What was asked for, as `ws://HOST:PORT`. */
  readonly address: string;
  readonly reason: "in-use" | "denied" | "unavailable";

  constructor(address: string, reason: "in-use" | "denied" | "unavailable", cause: unknown) {
    super(`Cannot listen on ${address}: ${reason}`, { cause });
    this.address = address;
    this.reason = reason;
  }
}

/** A configuration that cannot be put in force now; the one before still is. */
export class ReloadError extends Error {
  override readonly name = "ReloadError";
  /** A sentence each. */
  readonly reasons: readonly string[];

  constructor(reasons: readonly string[]) {
    super(reasons.join("; "));
    this.reasons = reasons;
  }
}

/** A broker without listeners: whoever has a wire can bring it. */
export interface Broker {
  readonly context: ConnectionContext;
  readonly connections: Connections;
  /** Takes a client in. */
  accept(wire: Wire): Inbound;
  /** The live state, for people and machines. */
  status(): BrokerStatus;
  /** The same in the text format of Prometheus. */
  metrics(): string;
  /** What looks after it, for the API and the console. */
  readonly admin: Admin;
  /** Has all there is go by another configuration, as far as it is not about listeners. */
  reconfigure(config: Config): void;
  /** Tells every client goodbye, and lets go of everything once they are gone or time is up. */
  close(): Promise<void>;
}

/** The live state of a broker, which knows of no listeners. */
export type BrokerStatus = Readonly<Omit<Status, "listeners">>;

/** Selectors kept compiled. */
const SELECTORS_MAX = 1_000;
/** Everything that is due at a time is looked at so often. */
const TICK_MS = 50;

/**
 * Builds the broker's parts and ties them together, without a listener. Time,
 * chance and the event loop come from `runtime`, so a simulation can run it.
 */
export function createBroker(config: Config, options: StompboxOptions): Broker {
  const { version, observe = () => {}, runtime = systemRuntime } = options;
  const limits = { ...config.limits, unprefixed: config.unprefixed };
  const startedAt = runtime.now();
  const memory = new Memory(limits.memoryBytesMax);
  const tell: Observe = (event) => {
    observe(event);
    admin.observe(event);
  };
  const boot = runtime
    .id()
    .replace(/[^A-Za-z0-9]/g, "")
    .slice(0, 8);
  const engine = new LocalEngine({
    boot,
    memory,
    store: memoryStore(),
    observe: tell,
    now: runtime.now,
    policyOf: policiesOf(config),
    destinationsMax: limits.destinationsMax,
  });
  const counters = {
    framesIn: 0,
    framesOut: 0,
    delivered: 0,
    dropped: 0,
    staleAcks: 0,
    refusals: new Map<string, number>(),
  };
  const context: ConnectionContext = {
    engine,
    limits,
    memory,
    turn: new Turn(runtime),
    deadlines: new Deadlines(startedAt),
    runtime,
    observe: tell,
    counters,
    heldBack: { waiting: new Set() },
    tap: undefined,
    interner: new Interner(),
    filterOf: createSelectorCache(SELECTORS_MAX).compile,
    boot,
    server: `stompbox/${version}`,
  };
  const connections = new Connections(context, limits);
  const admin = createAdmin({
    context,
    connections,
    status: () => ({ ...status(), listeners: [...(options.listeners?.() ?? [])] }),
  });
  const stopTimer = runtime.every(TICK_MS, () => {
    context.deadlines.tick(runtime.now());
    engine.tick();
    admin.tick();
  });

  const status = (): BrokerStatus => ({
    name: "stompbox",
    version,
    uptimeMs: runtime.now() - startedAt,
    storage: "memory",
    login: "anyone",
    connections: connections.size,
    subscriptions: connections.subscriptions,
    queues: engine.queues.size,
    topics: engine.topics,
    messagesIn: engine.counters.published,
    messagesOut: counters.delivered,
    messagesWaiting: engine.waiting,
    memoryBytes: memory.used,
  });

  return {
    context,
    connections,
    accept: (wire) => connections.accept(wire),
    status,
    admin: admin.calls,
    metrics: () => metricsOf({ context, connections, status: status() }),
    reconfigure: (wanted) => {
      Object.assign(limits, wanted.limits, { unprefixed: wanted.unprefixed });
      memory.max = limits.memoryBytesMax;
      const { destinationsMax } = limits;
      engine.reconfigure({ policyOf: policiesOf(wanted), destinationsMax });
      connections.admit();
      // What is due was reckoned by the limits of before.
      const now = runtime.now();
      for (const connection of connections.all()) context.deadlines.schedule(connection, now);
    },
    close: async () => {
      const timeUp = Promise.withResolvers<void>();
      const endsAt = runtime.now() + limits.stopTimeoutMs;
      const stopWaiting = runtime.every(TICK_MS, () => {
        if (runtime.now() >= endsAt) timeUp.resolve();
      });
      await Promise.race([connections.shutDown(), timeUp.promise]);
      connections.destroy();
      stopWaiting();
      stopTimer();
      await engine.close();
    },
  };
}

function policiesOf(config: Config): PolicyOf {
  const { limits } = config;
  return createPolicies(
    {
      messagesMax: limits.queueMessagesMax,
      bytesMax: limits.queueBytesMax,
      overflow: config.queueOverflow,
      maxDeliveries: config.maxDeliveries,
      redeliveryDelayMs: config.redeliveryDelayMs,
      redeliveryMultiplier: config.redeliveryMultiplier,
      redeliveryDelayMaxMs: config.redeliveryDelayMaxMs,
      deadLetterExpired: config.deadLetterExpired,
    },
    config.destinations,
  );
}

/**
 * Starts a broker and its listeners.
 *
 * @throws ListenError when a port cannot be had; nothing listens then
 */
export async function startStompbox(config: Config, options: StompboxOptions): Promise<Stompbox> {
  const { observe = () => {}, runtime = systemRuntime } = options;
  const site = await openSite(siteOptions(config), { runtime, observe, watch: config.watch });
  const inForce = { config };
  const addresses: ListenerAddress[] = [];
  const broker = createBroker(config, { ...options, listeners: () => addresses });
  const listeners: Listener[] = [];
  const state = { ready: false };
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    state.ready = false;
    site.end();
    const listenersGone = listeners.map((listener) => listener.stop());
    await broker.close();
    await Promise.all(listenersGone);
  };
  try {
    for (const wanted of listenersOf(config)) {
      const listen: Listen = (host, port) =>
        wanted.scheme === "tcp"
          ? startTcp({ broker, addresses, loopback: wanted.loopback, host, port })
          : startWeb({ inForce, broker, site, observe, addresses, state, wanted, host, port });
      const started = listenAt(wanted, { listen, observe });
      listeners.push(...started);
      addresses.push(addressOf(wanted, started[0]?.port ?? wanted.port));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  state.ready = true;
  const reload = async (wanted: Config): Promise<readonly ConfigChange[]> => {
    const changes = changesBetween(inForce.config, wanted);
    const reasons = restartReasons(changes);
    if (reasons.length > 0) throw new ReloadError(reasons);
    const servesOthers = changes.some(({ option }) => SITE_OPTIONS.includes(option.name));
    const serve = servesOthers ? await site.prepare(siteOptions(wanted)).catch(refuse) : () => {};
    // From here on nothing waits and nothing fails. A site that has ended lets go of what it served.
    serve();
    if (stopping !== undefined) refuse(new Error("Cannot reload: the broker is stopping"));
    inForce.config = wanted;
    broker.reconfigure(wanted);
    if (changes.some(({ option }) => option.name === "limits.frameBytesMax")) {
      for (const listener of listeners) listener.refit();
    }
    return changes;
  };
  let reloading: Promise<unknown> = Promise.resolve();
  return {
    addresses,
    reload: (wanted) => {
      const done = reloading.then(() => reload(wanted));
      reloading = done.catch(() => {});
      return done;
    },
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

const SITE_OPTIONS: readonly string[] = ["static", "singlePage"];

function siteOptions({ static: staticDir, singlePage }: Config): SiteOptions {
  return { ...(staticDir === undefined ? {} : { staticDir }), singlePage };
}

/** @throws ReloadError */
function refuse(error: unknown): never {
  throw new ReloadError([error instanceof Error ? error.message : String(error)]);
}

/** A listener that listens. */
interface Listener {
  readonly port: number;
  /** To be called when the limits have changed. */
  refit(): void;
  /** Refuses new connections; resolves when nothing of it is left. */
  stop(): Promise<void>;
}

type Listen = (host: string, port: number) => Listener;

/** `localhost` is both 127.0.0.1 and ::1, on one port; a machine may lack the latter. */
const PORT_ATTEMPTS = 10;

/** @throws ListenError */
function listenAt(
  wanted: ListenAddress,
  options: { readonly listen: Listen; readonly observe: Observe },
): readonly Listener[] {
  const { listen, observe } = options;
  if (wanted.host !== "localhost") return [tryListen(wanted, wanted.host, listen)];
  for (let attempt = 1; ; attempt++) {
    const first = tryListen(wanted, "127.0.0.1", listen);
    const { port } = first;
    try {
      return [first, tryListen({ ...wanted, port }, "::1", listen)];
    } catch (error) {
      const inUse = error instanceof ListenError && error.reason === "in-use";
      if (!inUse) {
        const text = `Not listening on [::1]:${port}: this machine does not have that address`;
        observe({ type: "notice", text });
        return [first];
      }
      void first.stop();
      if (wanted.port !== 0 || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

function tryListen(wanted: ListenAddress, host: string, listen: Listen): Listener {
  try {
    return listen(host, wanted.port);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const shown = host.includes(":") ? `[${host}]` : host;
    const address = `${wanted.scheme}://${shown}:${wanted.port}`;
    if (code === "EADDRINUSE") throw new ListenError(address, "in-use", error);
    if (code === "EACCES" || code === "EPERM") throw new ListenError(address, "denied", error);
    throw new ListenError(address, "unavailable", error);
  }
}

function addressOf(wanted: ListenAddress, port: number): ListenerAddress {
  const { scheme, host, prefix } = wanted;
  const shown = host.includes(":") ? `[${host}]` : host;
  const path = scheme === "ws" ? `${prefix}/` : "";
  return { scheme, host, port, path, url: `${scheme}://${shown}:${port}${path}` };
}

function startTcp(parts: {
  broker: Broker;
  addresses: readonly ListenerAddress[];
  loopback: boolean;
  host: string;
  port: number;
}): Listener {
  const { broker, addresses, loopback, host, port } = parts;
  const listener = listenTcp({
    hostname: host,
    port,
    accept: broker.accept,
    loopback,
    httpHint: () => {
      const web = addresses.find(({ scheme }) => scheme === "ws");
      return web === undefined
        ? "This broker has no HTTP listener."
        : `Pages are at ${web.url.replace(/^ws/, "http")}, WebSocket at ${web.url}`;
    },
  });
  return { port: listener.port, refit: () => {}, stop: async () => listener.stop() };
}

function startWeb(parts: {
  inForce: { readonly config: Config };
  broker: Broker;
  site: Site;
  observe: Observe;
  addresses: readonly ListenerAddress[];
  state: { readonly ready: boolean };
  wanted: ListenAddress;
  host: string;
  port: number;
}): Listener {
  const { inForce, broker, site, addresses, wanted } = parts;
  const { server, refit } = listenWeb({
    hostname: parts.host,
    port: parts.port,
    prefix: wanted.prefix,
    origins: {
      loopback: wanted.loopback,
      get strict() {
        return inForce.config.strictOrigin;
      },
      get allowed() {
        return inForce.config.allowOrigin;
      },
    },
    get webSocketPaths() {
      return inForce.config.webSocketPaths;
    },
    context: broker.context,
    connections: broker.connections,
    accept: broker.accept,
    pages: site,
    reloads: site.reloads,
    observe: parts.observe,
    ready: () => parts.state.ready,
    admin: broker.admin,
    metrics: broker.metrics,
  });
  return {
    port: server.port ?? 0,
    refit,
    stop: async () => {
      // It does not resolve while a WebSocket is open: those are closed meanwhile.
      const stopped = server.stop();
      await broker.connections.gone;
      await server.stop(true);
      await stopped;
    },
  };
}

function metricsOf(about: {
  context: ConnectionContext;
  connections: Connections;
  status: BrokerStatus;
}): string {
  const { context, connections, status } = about;
  const { counters, engine, memory } = context;
  let outboxBytes = 0;
  for (const connection of connections.all()) outboxBytes += connection.outboxBytes;
  const gauge = (name: string, help: string, value: number) =>
    ({ name: `stompbox_${name}`, help, type: "gauge", values: [{ value }] }) as const;
  const counter = (name: string, help: string, value: number) =>
    ({ name: `stompbox_${name}_total`, help, type: "counter", values: [{ value }] }) as const;
  let depth = 0;
  let held = 0;
  const { expired, unroutable } = engine.counters;
  for (const queue of engine.queues.values()) {
    depth += queue.ready;
    held += queue.held;
  }
  return writeMetrics([
    gauge("connections", "Connections, logged in or not", connections.size),
    gauge("subscriptions", "Live subscriptions", status.subscriptions),
    gauge("queues", "Queues there are", status.queues),
    gauge("topics", "Topic names and patterns with subscribers", status.topics),
    gauge("queue_messages_ready", "Messages that wait in queues", depth),
    gauge("queue_messages_held", "Messages with a consumer, unacknowledged", held),
    gauge("outbox_bytes", "Bytes that wait to be sent", outboxBytes),
    gauge("memory_bytes", "Bytes of messages held in all", memory.used),
    gauge("memory_bytes_max", "Bytes of messages that may be held", memory.max),
    gauge("uptime_seconds", "Seconds since the start", status.uptimeMs / 1000),
    counter("frames_received", "Frames received", counters.framesIn),
    counter("frames_sent", "Frames sent that are no messages", counters.framesOut),
    counter("messages_published", "Messages accepted", engine.counters.published),
    counter("deliveries", "Messages sent to subscribers", counters.delivered),
    gauge("durable_subscriptions", "Durable subscriptions, used or not", engine.durables.size),
    gauge("retained_messages", "Topics with a retained message", engine.retained),
    counter("messages_expired", "Messages that expired", expired),
    counter("messages_unroutable", "Messages to temporary destinations that are gone", unroutable),
    counter("dead_letters", "Messages moved to dead letters", engine.counters.deadLettered),
    counter(
      "messages_dropped",
      "Messages dropped by a policy",
      engine.counters.dropped + counters.dropped,
    ),
    counter("acks_stale", "Acknowledgements that named nothing held", counters.staleAcks),
    {
      name: "stompbox_refusals_total",
      help: "Refusals by code",
      type: "counter",
      values: [...counters.refusals].map(([code, value]) => ({ labels: { code }, value })),
    },
  ]);
}

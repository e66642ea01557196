import type { History, Problem, Sample } from "../api/values.ts";
import type { Queue } from "../broker/queue.ts";
import { DEAD_LETTER_PREFIX } from "../engine/queues.ts";
import {
  type ConsumerFacts,
  diagnose,
  type Facts,
  type QueueFacts,
  type SlowFacts,
} from "../observe/diagnosis.ts";
import type { Observe } from "../observe/events.ts";
import { createHistory, SAMPLE_INTERVAL_MS } from "../observe/history.ts";
import type { Connection } from "../session/connection.ts";
import type { ConnectionContext } from "../session/connection_context.ts";
import type { Connections } from "../session/connections.ts";
import type { Held, Subscription } from "../session/subscription.ts";
import type { SystemTopics } from "./system_topics.ts";

/** How a broker is doing: told each second to those who listen, kept for an hour, and judged. */
export interface StatisticsKeeper {
  readonly observe: Observe;
  /** To be called each {@link TICK_MS}. */
  tick(): void;
  history(): History;
  /** What is wrong now, worst first. */
  problems(): readonly Problem[];
}

/** How often the timer that calls `tick` is due, in ms. */
const TICK_MS = 50;
const TELL_MS = 1_000;
/** A look for what is wrong goes through everything there is. */
const LOOK_MS = 10_000;
/** While someone reads it, more often. */
const WATCHED_LOOK_MS = 2_000;
/** What happened within that time is still news. */
const RECENT_MS = 5 * 60_000;
/** Events remembered of each kind. */
const RECENT_MAX = 1_000;

/** Numbers that only rise, at one moment. */
interface Totals {
  readonly at: number;
  readonly framesIn: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
}

/** Makes what keeps the numbers of a broker. */
export function createStatistics(about: {
  readonly context: ConnectionContext;
  readonly connections: Connections;
  readonly topics: SystemTopics;
}): StatisticsKeeper {
  const { context, connections, topics } = about;
  const { engine, runtime, memory, counters } = context;
  const history = createHistory();
  const watch = createWatch(about);
  const totals = (): Totals => ({
    at: runtime.now(),
    framesIn: counters.framesIn,
    messagesIn: engine.counters.published,
    messagesOut: counters.delivered,
  });
  const start = totals();
  const state = {
    tickedAt: start.at,
    told: start,
    kept: start,
    toldDelayMs: 0,
    keptDelayMs: 0,
    lookedAt: 0,
    problems: [] as readonly Problem[],
  };

  const sample = (since: Totals, now: Totals, eventLoopDelayMs: number): Sample => {
    const seconds = Math.max(now.at - since.at, 1) / 1000;
    let queueMessages = 0;
    let heldMessages = 0;
    let deadLettersNow = 0;
    for (const queue of engine.queues.values()) {
      queueMessages += queue.ready;
      heldMessages += queue.held;
      if (queue.path.startsWith(DEAD_LETTER_PREFIX)) deadLettersNow += queue.size;
    }
    let refusals = 0;
    for (const count of counters.refusals.values()) refusals += count;
    return {
      at: now.at,
      connections: connections.size,
      subscriptions: connections.subscriptions,
      framesInRate: (now.framesIn - since.framesIn) / seconds,
      messagesInRate: (now.messagesIn - since.messagesIn) / seconds,
      messagesOutRate: (now.messagesOut - since.messagesOut) / seconds,
      queueMessages,
      heldMessages,
      memoryBytes: Math.max(memory.used, 0),
      memoryBytesMax: memory.max,
      residentBytes: runtime.residentBytes(),
      eventLoopDelayMs,
      deadLetters: engine.counters.deadLettered,
      deadLettersNow,
      refusals,
    };
  };
  const look = (now: number): readonly Problem[] => {
    state.lookedAt = now;
    state.problems = diagnose(watch.facts(now, state.keptDelayMs));
    return state.problems;
  };

  return {
    observe: watch.observe,
    tick: () => {
      const now = runtime.now();
      const late = Math.max(now - state.tickedAt - TICK_MS, 0);
      state.tickedAt = now;
      state.toldDelayMs = Math.max(state.toldDelayMs, late);
      state.keptDelayMs = Math.max(state.keptDelayMs, late);
      const isWatched = topics.isWatched("statistics");
      if (now - state.lookedAt >= (isWatched ? WATCHED_LOOK_MS : LOOK_MS)) look(now);
      if (now - state.told.at >= TELL_MS) {
        const current = totals();
        if (isWatched) {
          const value = sample(state.told, current, state.toldDelayMs);
          topics.publish("statistics", { sample: value, problems: state.problems });
        }
        state.told = current;
        state.toldDelayMs = 0;
      }
      if (now - state.kept.at >= SAMPLE_INTERVAL_MS) {
        const current = totals();
        history.add(sample(state.kept, current, state.keptDelayMs));
        state.kept = current;
        state.keptDelayMs = 0;
      }
    },
    history: () => ({ intervalMs: SAMPLE_INTERVAL_MS, samples: [...history.list()] }),
    problems: () => {
      const now = runtime.now();
      return now - state.lookedAt < TELL_MS ? state.problems : look(now);
    },
  };
}

/** Remembers what a single look cannot tell: what happened lately, and since when something lasts. */
function createWatch({
  context,
  connections,
}: {
  readonly context: ConnectionContext;
  readonly connections: Connections;
}): { readonly observe: Observe; facts(now: number, eventLoopDelayMs: number): Facts } {
  const { engine, memory, counters, runtime } = context;
  /** Where dead letters came to lie, and when; when heart-beats were missed. */
  const recent: { deadLetters: { at: number; destination: string }[]; missedAt: number[] } = {
    deadLetters: [],
    missedAt: [],
  };
  const staleAcks: { at: number; count: number }[] = [];
  /** Since when a delivery is the oldest that its subscription has not settled. */
  const oldestSince = new WeakMap<Held, number>();

  const consumerFacts = (
    connection: Connection,
    subscription: Subscription,
    now: number,
  ): ConsumerFacts | undefined => {
    const oldest = subscription.firstHeld;
    if (oldest === undefined) return undefined;
    const since = oldestSince.get(oldest) ?? now;
    oldestSince.set(oldest, since);
    const { number, loginName: login } = connection;
    const { named: destination, unacknowledged: held, prefetch } = subscription;
    return { connection: number, login, destination, held, prefetch, since };
  };
  /** Those of connections that are gone, and of those that are there. */
  const staleAcksSoFar = (): number => {
    let count = counters.staleAcks;
    for (const { session, isConnected } of connections.all()) {
      if (isConnected) count += session.staleAcks;
    }
    return count;
  };

  return {
    observe: (event) => {
      const at = runtime.now();
      if (event.type === "dead-lettered") {
        recent.deadLetters.push({ at, destination: event.destination });
        if (recent.deadLetters.length > RECENT_MAX) recent.deadLetters.shift();
      } else if (event.type === "refused" && event.code === "heart-beat-missed") {
        recent.missedAt.push(at);
        if (recent.missedAt.length > RECENT_MAX) recent.missedAt.shift();
      }
    },
    facts: (now, eventLoopDelayMs) => {
      const from = now - RECENT_MS;
      recent.deadLetters = recent.deadLetters.filter(({ at }) => at >= from);
      recent.missedAt = recent.missedAt.filter((at) => at >= from);
      staleAcks.push({ at: now, count: staleAcksSoFar() });
      while ((staleAcks[1]?.at ?? Infinity) <= from) staleAcks.shift();
      const consumers: ConsumerFacts[] = [];
      const slow: SlowFacts[] = [];
      for (const connection of connections.all()) {
        const { number, loginName: login, outboxBytes, pressedSince } = connection;
        if (pressedSince > 0) slow.push({ connection: number, login, outboxBytes, pressedSince });
        for (const subscription of connection.session.subscriptions.values()) {
          const consumer = consumerFacts(connection, subscription, now);
          if (consumer !== undefined) consumers.push(consumer);
        }
      }
      return {
        now,
        queues: [...engine.queues.values()].map(queueFacts),
        consumers,
        slow,
        deadLetters: recent.deadLetters,
        heartBeatsMissed: recent.missedAt.length,
        staleAcks: (staleAcks.at(-1)?.count ?? 0) - (staleAcks[0]?.count ?? 0),
        memoryBytes: memory.used,
        memoryBytesMax: memory.max,
        eventLoopDelayMs,
      };
    },
  };
}

function queueFacts({ path, ready, consumers, oldest }: Queue): QueueFacts {
  return { path, ready, consumers, oldestAt: oldest?.message.arrivedAt };
}

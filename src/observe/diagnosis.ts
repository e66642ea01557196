/**
 * Finds what is wrong with a broker or its clients, and says it in sentences
 * for those who run it: what is wrong, and what to do.
 */

import { quote } from "../fault.ts";
import { SAMPLE_INTERVAL_MS } from "./history.ts";

/** What can be wrong, worst first; one and many of those of which there may be many. */
const KINDS = {
  "memory-short": ["a shortage of memory"],
  "event-loop-late": ["delays of the broker"],
  "idle-consumer": ["consumer that acknowledges nothing", "consumers that acknowledge nothing"],
  "slow-subscriber": ["connection that reads too slowly", "connections that read too slowly"],
  "unread-queue": ["queue that nobody reads", "queues that nobody reads"],
  "dead-letters": ["queue with new dead letters", "queues with new dead letters"],
  "heart-beats-missed": ["missed heart-beats"],
  "stale-acks": ["stale acknowledgements"],
} as const;

type Kind = keyof typeof KINDS;

/** Something that is wrong right now. */
export interface Problem {
  readonly code: Kind | "further-problems";
  readonly sentence: string;
  /** Name of the queue concerned. */
  readonly queue?: string;
  /** Number of the connection concerned. */
  readonly connection?: number;
}

/** A queue. */
export interface QueueFacts {
  /** Such as `/queue/orders`. */
  readonly path: string;
  /** Messages that wait for a consumer. */
  readonly ready: number;
  readonly consumers: number;
  /** When the oldest waiting message came; undefined if none waits. */
  readonly oldestAt: number | undefined;
}

/** A subscription that holds messages which it has not acknowledged. */
export interface ConsumerFacts {
  readonly connection: number;
  /** Empty without one. */
  readonly login: string;
  /** As the client wrote it. */
  readonly destination: string;
  readonly held: number;
  /** Messages that it may hold; `Infinity` without a limit. */
  readonly prefetch: number;
  /** Since when it holds the oldest of them. */
  readonly since: number;
}

/** A connection whose outbox is more than half full. */
export interface SlowFacts {
  readonly connection: number;
  /** Empty without one. */
  readonly login: string;
  readonly outboxBytes: number;
  /** Since when it has been so. */
  readonly pressedSince: number;
}

/** What a diagnosis is made from. Times are ms since the epoch. */
export interface Facts {
  readonly now: number;
  readonly queues: readonly QueueFacts[];
  readonly consumers: readonly ConsumerFacts[];
  readonly slow: readonly SlowFacts[];
  /** Those of the last five minutes, and where they lie. */
  readonly deadLetters: readonly { readonly at: number; readonly destination: string }[];
  /** Connections that ended in the last five minutes because their heart-beats did not come. */
  readonly heartBeatsMissed: number;
  /** Acknowledgements of the last five minutes that named nothing held. */
  readonly staleAcks: number;
  /** Bytes of messages held, and how many may be. */
  readonly memoryBytes: number;
  readonly memoryBytesMax: number;
  /** The longest that the event loop was late since the last sample that was kept. */
  readonly eventLoopDelayMs: number;
}

/** What happens once counts as wrong for so long. */
const RECENT_TEXT = "the last 5 minutes";
/** Messages may wait for so long before anyone reads their queue. */
const UNREAD_MS = 60_000;
/** A consumer may work on what it holds for so long while others wait. */
const UNACKNOWLEDGED_MS = 60_000;
/** An outbox may be more than half full for so long. */
const PRESSED_MS = 5_000;
/** This much of the memory for messages may be in use. */
const MEMORY_SHARE = 0.8;
/** The event loop may be late by so much. */
const DELAY_MS = 200;
const DEAD_LETTERS = "/queue/DLQ.";
const TEMPORARY = "/temp-queue/";
/** Problems told one by one. */
export const PROBLEMS_MAX = 20;

/** The problems there are, worst first; those beyond {@link PROBLEMS_MAX} counted in a last one. */
export function diagnose(facts: Facts): Problem[] {
  const worst = new Worst();
  diagnoseBroker(facts, worst);
  diagnoseQueues(facts, worst);
  diagnoseConsumers(facts, worst);
  diagnoseReaders(facts, worst);
  return worst.list();
}

function diagnoseBroker(facts: Facts, worst: Worst): void {
  const { memoryBytes, memoryBytesMax, eventLoopDelayMs, heartBeatsMissed, staleAcks } = facts;
  const share = memoryBytes / memoryBytesMax;
  if (share >= MEMORY_SHARE) {
    worst.offer("memory-short", share, () => ({
      sentence:
        `Messages take ${Math.floor(share * 100)} % of the memory for them, ${bytesText(memoryBytes)} ` +
        `of ${bytesText(memoryBytesMax)}, and once all is taken publishers are refused: ` +
        "purge queues, or raise --limits.memory-bytes-max",
    }));
  }
  if (eventLoopDelayMs > DELAY_MS) {
    worst.offer("event-loop-late", eventLoopDelayMs, () => ({
      sentence:
        `The broker was late in the last ${ageText(SAMPLE_INTERVAL_MS)}, once by ${numberText(Math.round(eventLoopDelayMs))} ms, ` +
        "and every client with it: if this comes again and again, look what else keeps this machine busy",
    }));
  }
  if (heartBeatsMissed > 0) {
    worst.offer("heart-beats-missed", heartBeatsMissed, () => ({
      sentence:
        `${countText(heartBeatsMissed, "connection")} ended in ${RECENT_TEXT} because no heart-beat ` +
        "came: look whether clients hang, or something on the way cuts idle connections",
    }));
  }
  if (staleAcks > 0) {
    worst.offer("stale-acks", staleAcks, () => ({
      sentence:
        `${countText(staleAcks, "acknowledgement")} of ${RECENT_TEXT} named no message that was ` +
        "held: a client acknowledges twice, or after its connection was lost",
    }));
  }
}

function diagnoseQueues({ now, queues, deadLetters }: Facts, worst: Worst): void {
  for (const { path, ready, consumers, oldestAt = now } of queues) {
    // Dead letters are told of when they come; that they lie there is their purpose.
    if (ready === 0 || consumers > 0 || path.startsWith(DEAD_LETTERS)) continue;
    const age = now - oldestAt;
    if (age <= UNREAD_MS) continue;
    const queue = nameOf(path);
    worst.offer("unread-queue", ready, () => ({
      queue,
      sentence:
        `${path.startsWith(TEMPORARY) ? "Temporary queue" : "Queue"} ${quote(queue)} has ` +
        `${countText(ready, "message")} and nobody reads it, the oldest came ${ageText(age)} ago: ` +
        "start a consumer, or purge it",
    }));
  }
  for (const [path, letters] of Map.groupBy(deadLetters, ({ destination }) => destination)) {
    const queue = nameOf(path);
    worst.offer("dead-letters", letters.length, () => ({
      queue,
      sentence:
        `${countText(letters.length, "message")} of ${RECENT_TEXT} became dead letters, in queue ` +
        `${quote(queue)}: see their header dead-letter-reason, then retry or purge them`,
    }));
  }
}

function diagnoseConsumers({ now, consumers, queues }: Facts, worst: Worst): void {
  const idle = consumers.filter(({ held, since }) => held > 0 && now - since > UNACKNOWLEDGED_MS);
  if (idle.length === 0) return;
  const named = new Set(idle.map(({ destination }) => destination));
  const waiting = new Map<string, number>();
  for (const { path, ready } of queues) if (named.has(path)) waiting.set(path, ready);
  for (const { connection, login, destination, held, prefetch, since } of idle) {
    const isFull = held >= prefetch;
    // Of what is no single queue nobody knows what waits: there it is wrong to get no more.
    const waits = waiting.get(destination);
    if (waits === undefined ? !isFull : waits === 0) continue;
    const others =
      waits === undefined ? "" : ` while ${numberText(waits)} ${waits === 1 ? "waits" : "wait"}`;
    worst.offer("idle-consumer", waits ?? 0, () => ({
      connection,
      sentence:
        `${connectionText(connection, login)} holds ${countText(held, "message")} of ` +
        `${quote(destination)} and has not acknowledged the oldest for ${ageText(now - since)}` +
        `${others}: ` +
        (isFull
          ? `it gets no more than ${numberText(prefetch)} before it sends ACK`
          : "let it send ACK for each message, or disconnect it"),
    }));
  }
}

function diagnoseReaders({ now, slow }: Facts, worst: Worst): void {
  for (const { connection, login, outboxBytes, pressedSince } of slow) {
    const age = now - pressedSince;
    if (age <= PRESSED_MS) continue;
    worst.offer("slow-subscriber", outboxBytes, () => ({
      connection,
      sentence:
        `${connectionText(connection, login)} reads too slowly, ${bytesText(outboxBytes)} wait for it ` +
        `and its outbox has been over half full for ${ageText(age)}: let it do less for each ` +
        "message, or see --limits.slow-consumer for what becomes of it",
    }));
  }
}

const ORDER = new Map(Object.keys(KINDS).map((code, at) => [code, at]));

function kindText(code: Kind, count: number): string {
  const [one, many]: readonly string[] = KINDS[code];
  return many === undefined ? `${one}` : `${numberText(count)} ${count === 1 ? one : many}`;
}

interface Found {
  readonly code: Kind;
  readonly size: number;
  readonly tell: () => Omit<Problem, "code">;
}

/** The worst of what was found; sentences are made only for those. */
class Worst {
  readonly #found: Found[] = [];
  readonly #counts = new Map<Kind, number>();

  /** `size` tells which is worse among those of one kind. */
  offer(code: Kind, size: number, tell: Found["tell"]): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    const found = { code, size, tell };
    const at = this.#found.findIndex((other) => isWorse(found, other));
    this.#found.splice(at < 0 ? this.#found.length : at, 0, found);
    if (this.#found.length > PROBLEMS_MAX) this.#found.pop();
  }

  list(): Problem[] {
    const problems: Problem[] = this.#found.map(({ code, tell }) => ({ code, ...tell() }));
    const left = new Map(this.#counts);
    for (const { code } of this.#found) left.set(code, (left.get(code) ?? 0) - 1);
    const more = [...left]
      .filter(([, count]) => count > 0)
      .sort(([a], [b]) => (ORDER.get(a) ?? 0) - (ORDER.get(b) ?? 0));
    if (more.length === 0) return problems;
    const all = more.reduce((sum, [, count]) => sum + count, 0);
    const parts = more.map(([code, count]) => kindText(code, count));
    const sentence = `And ${numberText(all)} more: ${parts.join(", ")}`;
    return [...problems, { code: "further-problems", sentence }];
  }
}

function isWorse(a: Found, b: Found): boolean {
  const order = (ORDER.get(a.code) ?? 0) - (ORDER.get(b.code) ?? 0);
  return order < 0 || (order === 0 && a.size > b.size);
}

/** What follows the prefix of a path. */
function nameOf(path: string): string {
  return path.slice(path.indexOf("/", 1) + 1);
}

function connectionText(connection: number, login: string): string {
  return `Connection ${connection}${login === "" ? "" : ` (login ${quote(login)})`}`;
}

function numberText(value: number): string {
  return value.toLocaleString("en-US");
}

function countText(count: number, noun: string): string {
  return `${numberText(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function bytesText(bytes: number): string {
  const [size, unit] =
    bytes >= 1024 ** 2 ? [bytes / 1024 ** 2, "MiB"] : [Math.ceil(bytes / 1024), "KiB"];
  return `${numberText(Math.round(size * 10) / 10)} ${unit}`;
}

const UNITS: readonly (readonly [ms: number, noun: string])[] = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1_000, "second"],
];

function ageText(ms: number): string {
  const [size, noun] = UNITS.find(([unit]) => ms >= unit) ?? [1_000, "second"];
  return countText(Math.floor(ms / size), noun);
}

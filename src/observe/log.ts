/** The log: an observer that turns events into lines. */

import type { BrokerEvent, Observe, PeerName } from "./events.ts";
import { visibleInJson, visibleText } from "./visible_text.ts";

/** Levels of the log, least first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** How much an entry matters. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What {@link createLog} needs. */
export interface LogOptions {
  /** Entries below this level are left out, until another is set. */
  readonly level: LogLevel;
  /** `human`: one readable line an event. `json`: one JSON object an event. */
  readonly format: "human" | "json";
  /** Whether human lines carry terminal colours. Default: no. */
  readonly color?: boolean;
  /** Takes one line without its end. Must not throw. */
  readonly write: (line: string) => void;
  /** Whether there is room for one more line; without it there always is. */
  readonly hasRoom?: () => boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A log. */
export interface Log {
  readonly observe: Observe;
  /** From now on entries below this level are left out. */
  readonly setLevel: (level: LogLevel) => void;
  /** To be called about once a second: tells the sums that are due. */
  readonly tick: () => void;
  /** Tells every sum at once; for the end. */
  readonly flush: () => void;
}

/**
 * Lines of one kind within {@link SUM_MS}; what comes beyond is summed up in
 * one. Who comes and goes is worth more of them than the tenth like refusal.
 */
const LINES_MAX: Readonly<Record<BrokerEvent["type"], number>> = {
  notice: 100,
  connected: 100,
  disconnected: 100,
  refused: 10,
  "origin-refused": 10,
  slow: 10,
  "dead-lettered": 10,
  subscribed: 10,
  unsubscribed: 10,
  "destination-created": 10,
  "destination-deleted": 10,
  "config-reloaded": 10,
  "config-refused": 10,
};
const SUM_MS = 1000;

/** The events of one kind within one span of time. */
interface Span {
  readonly first: BrokerEvent;
  readonly startedAt: number;
  lines: number;
  leftOut: number;
}

/**
 * Makes a log that writes one line for every event at or above the level. What
 * peers can cause in any number has a few lines a kind and second, then one
 * that counts the rest; and when nobody takes the lines, they are counted
 * instead of kept. Whatever a peer sent is escaped, so that it can neither
 * forge a line nor drive the terminal; values that look like credentials are
 * left out.
 */
export function createLog(options: LogOptions): Log {
  const { now, hasRoom = () => true } = options;
  let least = LOG_LEVELS.indexOf(options.level);
  const line = options.format === "json" ? jsonLine : humanLine;
  // One a kind of event and code: as many as there are rows in the table of refusals, and a few.
  const spans = new Map<string, Span>();
  let lost = 0;

  const write = (entry: Entry, level: LogLevel): void => {
    options.write(line(entry, { level, now: now(), color: options.color ?? false }));
  };
  const tellLost = (): void => {
    if (lost === 0 || !hasRoom()) return;
    const count = lost;
    lost = 0;
    if (LOG_LEVELS.indexOf("warn") >= least) write({ type: "lines-lost", count }, "warn");
  };
  const put = (entry: Entry, level: LogLevel): void => {
    tellLost();
    if (hasRoom()) write(entry, level);
    else lost += 1;
  };
  const end = (key: string, { first, leftOut }: Span): void => {
    spans.delete(key);
    if (leftOut === 0) return;
    const code = first.type === "refused" ? { code: first.code } : {};
    const sum = { type: "summed-up", of: first.type, ...code, count: leftOut, ms: SUM_MS } as const;
    put(sum, levelOf(first));
  };
  /** Whether the event still has a line of its own. */
  const hasLine = (event: BrokerEvent): boolean => {
    const key = event.type === "refused" ? `${event.type} ${event.code}` : event.type;
    let span = spans.get(key);
    if (span !== undefined && isOver(span, now())) {
      end(key, span);
      span = undefined;
    }
    if (span === undefined) {
      span = { first: event, startedAt: now(), lines: 0, leftOut: 0 };
      spans.set(key, span);
    }
    if (span.lines < LINES_MAX[event.type]) span.lines += 1;
    else span.leftOut += 1;
    return span.leftOut === 0;
  };

  return {
    observe: (event) => {
      const level = levelOf(event);
      if (LOG_LEVELS.indexOf(level) < least) return;
      if (hasLine(event)) put(shortened(event), level);
    },
    setLevel: (level) => {
      least = LOG_LEVELS.indexOf(level);
    },
    tick: () => {
      for (const [key, span] of spans) if (isOver(span, now())) end(key, span);
      tellLost();
    },
    flush: () => {
      for (const [key, span] of spans) end(key, span);
      tellLost();
    },
  };
}

function isOver({ startedAt }: Span, now: number): boolean {
  // A clock that was set back must not keep a span open for as long.
  return now < startedAt || now - startedAt >= SUM_MS;
}

/** The level at which an event is logged. */
export function levelOf(event: BrokerEvent): LogLevel {
  switch (event.type) {
    case "connected":
    case "disconnected":
    case "notice":
    case "config-reloaded":
      return "info";
    // Whoever wrote it waits for it to hold, whatever else is logged.
    case "config-refused":
      return "error";
    case "refused":
      if (event.code === "internal-error") return "error";
      // Every client is told so when the broker stops: no news.
      return event.code === "shutting-down" ? "debug" : "warn";
    case "subscribed":
    case "unsubscribed":
    case "destination-created":
    case "destination-deleted":
      return "debug";
    case "origin-refused":
    case "slow":
    case "dead-lettered":
      return "warn";
  }
}

/** A text without the values that follow words such as `passcode` or `token`. */
export function hideSecrets(text: string): string {
  return text.replace(SECRET, "$1***");
}

const SECRET =
  /((?:passcode|password|passwd|token|secret|authorization|api[_-]?key)\\?["']?\s*[:=]\s*\\?["']?(?:(?:bearer|basic)\s+)?)[^\s&"'\\,;]+/gi;

/** What a line is written from: an event, or what the log has to say itself. */
type Entry =
  | BrokerEvent
  | {
      readonly type: "summed-up";
      readonly of: BrokerEvent["type"];
      readonly code?: string;
      readonly count: number;
      readonly ms: number;
    }
  | { readonly type: "lines-lost"; readonly count: number };

interface LineContext {
  readonly level: LogLevel;
  readonly now: number;
  readonly color: boolean;
}

/** Characters of a login that are shown. */
const LOGIN_SHOWN = 80;
/** Characters shown of an Origin, Host or destination: more than the longest name of a host. */
const ORIGIN_SHOWN = 300;

/** The event with those values cut that came from a peer as they are, and may be of any length. */
function shortened(event: BrokerEvent): BrokerEvent {
  switch (event.type) {
    case "connected":
      return { ...event, login: cut(event.login, LOGIN_SHOWN) };
    case "origin-refused":
      return {
        ...event,
        seen: cut(event.seen, ORIGIN_SHOWN),
        remedy: cut(event.remedy, ORIGIN_SHOWN),
      };
    case "subscribed":
    case "unsubscribed":
      return { ...event, destination: cut(event.destination, ORIGIN_SHOWN), id: undefined };
    case "destination-created":
    case "destination-deleted":
      return { ...event, destination: cut(event.destination, ORIGIN_SHOWN) };
    default:
      return event;
  }
}

function cut(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}

function jsonLine(event: Entry, { level, now }: LineContext): string {
  const { type, ...fields } = event;
  const cause = event.type === "refused" ? causeText(event) : undefined;
  const peer = "peer" in event ? plainPeer(event.peer) : undefined;
  const entry = { time: new Date(now).toISOString(), level, event: type, ...fields, peer, cause };
  const text = JSON.stringify(entry, (_key, value: unknown) =>
    typeof value === "string" ? hideSecrets(value) : value,
  );
  // JSON leaves C1 controls and reordering marks as they are; a terminal obeys them.
  return visibleInJson(text);
}

const COLORS: Readonly<Record<LogLevel, string>> = {
  debug: "\x1b[2m",
  info: "\x1b[36m",
  warn: "\x1b[33m",
  error: "\x1b[31m",
};

function humanLine(event: Entry, { level, now, color }: LineContext): string {
  const time = new Date(now).toISOString().slice(11, 23);
  const label = level.padEnd(5);
  const shown = color ? `${COLORS[level]}${label}\x1b[0m` : label;
  return `${time} ${shown} ${visibleText(hideSecrets(sentenceOf(event)))}`;
}

function sentenceOf(event: Entry): string {
  switch (event.type) {
    case "connected": {
      const who = event.login === "" ? "without a login" : `as "${event.login}"`;
      return `#${event.connection} connected from ${peerText(event.peer)} ${who}, STOMP ${event.version}`;
    }
    case "disconnected":
      return `#${event.connection} disconnected from ${peerText(event.peer)}: ${event.reason}`;
    case "refused": {
      const cause = causeText(event);
      const because = cause === undefined ? "" : ` (cause: ${cause})`;
      return `#${event.connection} refused, ${peerText(event.peer)}: ${event.code}: ${event.detail}${because}`;
    }
    case "origin-refused":
      return `Refused "${event.seen}" of ${peerText(event.peer)}: ${event.rule}; to allow it: ${event.remedy}`;
    case "slow":
      return `#${event.connection} slow, ${peerText(event.peer)}: ${event.detail}`;
    case "dead-lettered":
      return `Dead-lettered ${event.messageId} of ${event.destination}: ${event.reason}`;
    case "subscribed":
    case "unsubscribed":
      return `#${event.connection} ${event.type} "${event.destination}"`;
    case "destination-created":
    case "destination-deleted":
      return `${event.destination} ${event.type === "destination-created" ? "made" : "gone"}`;
    case "notice":
    case "config-reloaded":
    case "config-refused":
      return event.text;
    case "summed-up": {
      const code = event.code === undefined ? "" : `: ${event.code}`;
      return `${event.count} more ${KINDS[event.of]} within a second${code}`;
    }
    case "lines-lost":
      return `${event.count} lines of this log were dropped: nobody read them in time`;
  }
}

const KINDS: Readonly<Record<BrokerEvent["type"], string>> = {
  notice: "notices",
  connected: "connected",
  disconnected: "disconnected",
  refused: "refused",
  "origin-refused": "refused for their Origin or Host",
  slow: "slow",
  "dead-lettered": "dead-lettered",
  subscribed: "subscribed",
  unsubscribed: "unsubscribed",
  "destination-created": "destinations made",
  "destination-deleted": "destinations gone",
  "config-reloaded": "reloads of the configuration",
  "config-refused": "refused configurations",
};

/** The fields that the event promises; whoever told it may have more in hand. */
function plainPeer({ transport, address, port }: PeerName): PeerName {
  return { transport, address, port };
}

function peerText({ transport, address, port }: PeerName): string {
  if (address === "") return transport;
  return `${transport} ${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/** The private cause of a refusal; with its stack when the fault is ours. */
function causeText(event: Extract<BrokerEvent, { type: "refused" }>): string | undefined {
  const { cause, code } = event;
  if (cause === undefined) return undefined;
  if (!(cause instanceof Error)) return typeof cause === "string" ? cause : typeof cause;
  return code === "internal-error" && cause.stack !== undefined
    ? cause.stack
    : `${cause.name}: ${cause.message}`;
}

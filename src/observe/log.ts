/** The log: an observer that turns events into lines. */

import type { BrokerEvent, Observe, PeerName } from "./events.ts";

/** Levels of the log, least first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** How much an entry matters. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What {@link createLog} needs. */
export interface LogOptions {
  /** Entries below this level are left out. */
  readonly level: LogLevel;
  /** `human`: one readable line an event. `json`: one JSON object an event. */
  readonly format: "human" | "json";
  /** Whether human lines carry terminal colours. Default: no. */
  readonly color?: boolean;
  /** Takes one line without its end. Must not throw. */
  readonly write: (line: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Makes an observer that writes one line for every event at or above the level.
 * Whatever a peer sent is escaped, so that it can neither forge a line nor
 * drive the terminal; values that look like credentials are left out.
 */
export function createLog(options: LogOptions): Observe {
  const least = LOG_LEVELS.indexOf(options.level);
  const line = options.format === "json" ? jsonLine : humanLine;
  return (event) => {
    const level = levelOf(event);
    if (LOG_LEVELS.indexOf(level) < least) return;
    options.write(line(event, { level, now: options.now(), color: options.color ?? false }));
  };
}

/** The level at which an event is logged. */
export function levelOf(event: BrokerEvent): LogLevel {
  switch (event.type) {
    case "connected":
    case "disconnected":
    case "notice":
      return "info";
    case "refused":
      if (event.code === "internal-error") return "error";
      // Every client is told so when the broker stops: no news.
      return event.code === "shutting-down" ? "debug" : "warn";
    case "origin-refused":
    case "slow":
    case "dead-lettered":
      return "warn";
  }
}

/**
 * A text as it may appear in a line: control characters, line separators and
 * the marks that reorder text become `\x1b` or `\u202e`.
 */
export function escapeControls(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0);
    if (character === "\n") return "\\n";
    if (character === "\r") return "\\r";
    if (character === "\t") return "\\t";
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  });
}

/** A text without the values that follow words such as `passcode` or `token`. */
export function hideSecrets(text: string): string {
  return text.replace(SECRET, "$1***");
}

const UNPRINTABLE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const SECRET =
  /((?:passcode|password|passwd|token|secret|authorization|api[_-]?key)\\?["']?\s*[:=]\s*\\?["']?(?:(?:bearer|basic)\s+)?)[^\s&"'\\,;]+/gi;

interface Entry {
  readonly level: LogLevel;
  readonly now: number;
  readonly color: boolean;
}

function jsonLine(event: BrokerEvent, { level, now }: Entry): string {
  const { type, ...fields } = event;
  const cause = event.type === "refused" ? causeText(event) : undefined;
  const peer = "peer" in event ? plainPeer(event.peer) : undefined;
  const entry = { time: new Date(now).toISOString(), level, event: type, ...fields, peer, cause };
  const text = JSON.stringify(entry, (_key, value: unknown) =>
    typeof value === "string" ? hideSecrets(value) : value,
  );
  // JSON leaves C1 controls and reordering marks as they are; a terminal obeys them.
  return text.replace(UNPRINTABLE, (character) => `\\u${hex(character.charCodeAt(0), 4)}`);
}

const COLORS: Readonly<Record<LogLevel, string>> = {
  debug: "\x1b[2m",
  info: "\x1b[36m",
  warn: "\x1b[33m",
  error: "\x1b[31m",
};

function humanLine(event: BrokerEvent, { level, now, color }: Entry): string {
  const time = new Date(now).toISOString().slice(11, 23);
  const label = level.padEnd(5);
  const shown = color ? `${COLORS[level]}${label}\x1b[0m` : label;
  return `${time} ${shown} ${escapeControls(hideSecrets(sentenceOf(event)))}`;
}

function sentenceOf(event: BrokerEvent): string {
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
    case "notice":
      return event.text;
  }
}

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

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

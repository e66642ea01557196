import { Fault, quote } from "../fault.ts";

/** Whose spelling a header is. */
export type Dialect = "STOMP" | "ActiveMQ" | "Artemis" | "RabbitMQ" | "Apollo" | "stompbox";

/** What stompbox makes of a header. */
export type HeaderOption =
  | "broker-owned"
  | "executed-once"
  | "persistent"
  | "priority"
  | "expires-at"
  | "timestamp"
  | "delay"
  | "prefetch"
  | "selector"
  | "browser"
  | "durable-name";

/** One spelling of one option on one frame. */
export interface DialectHeader {
  readonly frame: "SEND" | "SUBSCRIBE";
  readonly spelling: string;
  readonly option: HeaderOption;
  readonly of: readonly Dialect[];
  /** Whether the header is taken out of the message before it is sent on. */
  readonly taken: boolean;
  /** In one sentence, for the documentation. */
  readonly note: string;
}

const ALL: readonly Dialect[] = ["STOMP", "ActiveMQ", "Artemis", "RabbitMQ", "Apollo"];

/** The one table of header spellings. Nothing inward of it knows whose a spelling is. */
export const DIALECT_HEADERS: readonly DialectHeader[] = [
  ...[
    ["message-id", ALL],
    ["subscription", ALL],
    ["ack", ["STOMP"]],
    ["redelivered", ["ActiveMQ", "Artemis", "RabbitMQ"]],
    ["delivery-count", ["stompbox"]],
    ["retained", ["stompbox"]],
    ["browser", ["ActiveMQ", "Apollo"]],
    ["original-destination", ["ActiveMQ"]],
    ["dead-letter-reason", ["stompbox"]],
    ["JMSXUserID", ["ActiveMQ", "Artemis"]],
    ["user-id", ["RabbitMQ"]],
    ["scheduledJobId", ["ActiveMQ"]],
  ].map((row) => brokerOwned(row[0] as string, row[1] as readonly Dialect[])),
  executedOnce("receipt", ALL, "Asks for a RECEIPT"),
  executedOnce("transaction", ALL, "Sends when the transaction commits"),
  executedOnce("dedupe-id", ["stompbox"], "Not delivered again within a window"),
  executedOnce("retain", ["Apollo"], "Keeps the last message of a topic"),
  {
    ...executedOnce("ttl", ["Apollo"], "Lives so many milliseconds"),
    option: "expires-at",
  },
  {
    ...executedOnce("expiration", ["RabbitMQ"], "Lives so many milliseconds"),
    option: "expires-at",
  },
  {
    frame: "SEND",
    spelling: "expires",
    option: "expires-at",
    of: ["ActiveMQ", "Artemis", "Apollo"],
    taken: false,
    note: "Lives until that time, in milliseconds since the epoch; 0 or empty is for ever",
  },
  ...["DELAY", "PERIOD", "REPEAT", "CRON"].map((word): DialectHeader => ({
    ...executedOnce(`AMQ_SCHEDULED_${word}`, ["ActiveMQ", "Artemis"], "Delivers later"),
    option: "delay",
  })),
  {
    frame: "SEND",
    spelling: "persistent",
    option: "persistent",
    of: ["ActiveMQ", "Artemis", "RabbitMQ", "Apollo"],
    taken: false,
    note: "`true` asks for durability",
  },
  {
    frame: "SEND",
    spelling: "priority",
    option: "priority",
    of: ["ActiveMQ", "Artemis", "RabbitMQ", "Apollo"],
    taken: false,
    note: "0 to 9, the greater the sooner; 4 if absent",
  },
  {
    frame: "SEND",
    spelling: "timestamp",
    option: "timestamp",
    of: ["ActiveMQ", "RabbitMQ"],
    taken: false,
    note: "Milliseconds since the epoch; an integer is kept, otherwise the broker sets it",
  },
  prefetch("prefetch-count", ["RabbitMQ"]),
  prefetch("activemq.prefetchSize", ["ActiveMQ", "Artemis"]),
  prefetch("credit", ["Apollo"]),
  subscribeOption("selector", "selector", ["ActiveMQ", "Artemis", "Apollo"]),
  subscribeOption("browser", "browser", ["ActiveMQ", "Apollo"]),
  subscribeOption("activemq.subscriptionName", "durable-name", ["ActiveMQ", "Artemis"]),
  subscribeOption("durable-subscription-name", "durable-name", ["Artemis"]),
  subscribeOption("durable-subscriber-name", "durable-name", ["Artemis"]),
];

function brokerOwned(spelling: string, of: readonly Dialect[]): DialectHeader {
  const note = "Only the broker may set it";
  return { frame: "SEND", spelling, option: "broker-owned", of, taken: true, note };
}

function executedOnce(spelling: string, of: readonly Dialect[], note: string): DialectHeader {
  return { frame: "SEND", spelling, option: "executed-once", of, taken: true, note };
}

function prefetch(spelling: string, of: readonly Dialect[]): DialectHeader {
  const note = "Unacknowledged messages allowed; 0 and -1 are without limit";
  return { frame: "SUBSCRIBE", spelling, option: "prefetch", of, taken: false, note };
}

function subscribeOption(
  spelling: string,
  option: HeaderOption,
  of: readonly Dialect[],
): DialectHeader {
  return { frame: "SUBSCRIBE", spelling, option, of, taken: false, note: "Not in this version" };
}

const SEND_HEADERS = bySpelling("SEND");
const SUBSCRIBE_HEADERS = bySpelling("SUBSCRIBE");

function bySpelling(frame: DialectHeader["frame"]): ReadonlyMap<string, DialectHeader> {
  return new Map(
    DIALECT_HEADERS.filter((row) => row.frame === frame).map((row) => [row.spelling, row]),
  );
}

/** Other brokers' spellings of a destination's prefix, and ours. */
export const DESTINATION_PREFIXES: readonly { readonly from: string; readonly to: string }[] = [
  { from: "queue://", to: "/queue/" },
  { from: "topic://", to: "/topic/" },
  { from: "temp-queue://", to: "/temp-queue/" },
  { from: "temp-topic://", to: "/temp-topic/" },
  { from: "jms.queue.", to: "/queue/" },
  { from: "jms.topic.", to: "/topic/" },
  { from: "/amq/queue/", to: "/queue/" },
  { from: "/exchange/amq.topic/", to: "/topic/" },
];

const OWN_PREFIX = /^\/(?:queue|topic|temp-queue|temp-topic)\//;

/**
 * A destination in stompbox's own spelling. `unprefixed` says what one without
 * a known prefix is.
 *
 * @throws Fault `bad-destination` for such a one if they are rejected
 */
export function canonicalDestination(
  text: string,
  unprefixed: "reject" | "topic" | "queue",
): string {
  if (OWN_PREFIX.test(text)) return text;
  const alias = DESTINATION_PREFIXES.find(({ from }) => text.startsWith(from));
  if (alias !== undefined) return alias.to + text.slice(alias.from.length);
  if (unprefixed !== "reject" && text !== "") return `/${unprefixed}/${text}`;
  throw new Fault(
    "bad-destination",
    `Cannot use destination ${quote(text)}: unknown prefix, expected /queue/, /topic/, ` +
      "/temp-queue/ or /temp-topic/, or a broker with --unprefixed topic or --unprefixed queue",
  );
}

/** What the headers of a SEND ask for. */
export interface SendOptions {
  readonly persistent: boolean;
  readonly priority: number;
  /** Milliseconds since the epoch; 0 never. */
  readonly expiresAt: number;
  /** The headers to send on, where they are not just those that came. */
  readonly kept: readonly string[] | undefined;
  /** Headers that the broker adds. */
  readonly added: readonly string[];
  /** Whether the headers say how long the body is. */
  readonly hasContentLength: boolean;
}

const DEFAULT_PRIORITY = 4;

/**
 * Reads the headers of a SEND.
 *
 * @throws Fault `bad-header` for a number that is none, `unsupported-feature`
 */
export function readSendHeaders(headers: readonly string[], now: number): SendOptions {
  let persistent = false;
  let priority = DEFAULT_PRIORITY;
  let expiresAt = 0;
  let timestamp: string | undefined;
  let relative = false;
  let taken = false;
  let hasContentLength = false;
  let seen: HeaderOption[] | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (name === "content-length") hasContentLength = true;
    const row = SEND_HEADERS.get(name);
    if (row === undefined) continue;
    if (row.taken) taken = true;
    const { option } = row;
    if (option === "broker-owned" || option === "executed-once") continue;
    if (seen?.includes(option) === true) continue;
    seen ??= [];
    seen.push(option);
    const value = headers[i + 1] as string;
    switch (option) {
      case "persistent":
        persistent = value === "true";
        break;
      case "priority":
        priority = integer(name, value, { min: 0, max: 9 });
        break;
      case "expires-at":
        if (value === "" || value === "0") break;
        relative = row.taken;
        expiresAt = integer(name, value, { min: 0 }) + (relative ? now : 0);
        break;
      case "timestamp":
        timestamp = value;
        break;
      default:
        throw new Fault(
          "unsupported-feature",
          `Cannot send with header ${quote(name)}: this version does not deliver later`,
        );
    }
  }
  const keepsTimestamp = timestamp !== undefined && /^-?[0-9]{1,16}$/.test(timestamp);
  const added: string[] = [];
  if (!keepsTimestamp) added.push("timestamp", String(now));
  if (relative) added.push("expires", String(expiresAt));
  const dropsTimestamp = timestamp !== undefined && !keepsTimestamp;
  const kept = taken || dropsTimestamp ? withoutTaken(headers, dropsTimestamp) : undefined;
  return { persistent, priority, expiresAt, kept, added, hasContentLength };
}

function withoutTaken(headers: readonly string[], dropsTimestamp: boolean): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (SEND_HEADERS.get(name)?.taken === true) continue;
    if (dropsTimestamp && name === "timestamp") continue;
    kept.push(name, headers[i + 1] as string);
  }
  return kept;
}

/** What the headers of a SUBSCRIBE ask for, beside `id`, `destination` and `ack`. */
export interface SubscribeOptions {
  /** Unacknowledged messages allowed; Infinity without limit, undefined if it names none. */
  readonly prefetch: number | undefined;
}

/**
 * Reads the headers of a SUBSCRIBE.
 *
 * @throws Fault `bad-header` for a number that is none, `unsupported-feature`
 */
export function readSubscribeHeaders(headers: readonly string[]): SubscribeOptions {
  let prefetchCount: number | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    const row = SUBSCRIBE_HEADERS.get(name);
    if (row === undefined) continue;
    if (row.option === "prefetch") {
      prefetchCount ??= readPrefetch(name, value);
    } else if (row.option !== "browser" || value === "true") {
      throw new Fault(
        "unsupported-feature",
        `Cannot subscribe with header ${quote(name)}: this version has no such thing`,
      );
    }
  }
  return { prefetch: prefetchCount };
}

function readPrefetch(name: string, value: string): number {
  const first = name === "credit" ? (value.split(",")[0] ?? "") : value;
  const count = integer(name, first, { min: -1 });
  return count <= 0 ? Infinity : count;
}

function integer(name: string, text: string, range: { min: number; max?: number }): number {
  const { min, max = Number.MAX_SAFE_INTEGER } = range;
  const value = /^-?[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const expected = range.max === undefined ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new Fault(
    "bad-header",
    `Cannot read header ${quote(name)} with value ${quote(text)}: expected an integer ${expected}`,
  );
}

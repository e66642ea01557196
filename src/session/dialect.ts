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
  | "reply-to"
  | "retain"
  | "delay"
  | "prefetch"
  | "prefetch-bytes"
  | "selector"
  | "browse"
  | "no-local"
  | "durable-name"
  | "durable-id"
  | "requeue"
  | "redelivery-delay"
  | "ignored";

/** A frame that has headers with a meaning. */
export type DialectFrame = "SEND" | "SUBSCRIBE" | "UNSUBSCRIBE" | "NACK";

/** One spelling of one option on one frame. */
export interface DialectHeader {
  readonly frame: DialectFrame;
  readonly spelling: string;
  readonly option: HeaderOption;
  readonly of: readonly Dialect[];
  /** Whether the header is taken out of the message before it is sent on. */
  readonly taken: boolean;
  /** What it is if it is not there. */
  readonly fallback: string;
  /** In one sentence, for the documentation. */
  readonly note: string;
  /** A header line as it may be written. */
  readonly example: string;
}

const ALL: readonly Dialect[] = ["STOMP", "ActiveMQ", "Artemis", "RabbitMQ", "Apollo"];
const DURABLE_NOTE =
  "On a topic: the name under which the subscription outlives the connection; on UNSUBSCRIBE it is deleted";
const DURABLE_ID_NOTE =
  "On a topic: `true` has the subscription outlive the connection under its `id`; on UNSUBSCRIBE it is deleted";

/** The one table of header spellings. Nothing inward of it knows whose a spelling is. */
export const DIALECT_HEADERS: readonly DialectHeader[] = [
  brokerOwned("message-id", ALL, "1-1"),
  brokerOwned("subscription", ALL, "sub-0"),
  brokerOwned("ack", ["STOMP"], "1-1"),
  brokerOwned("redelivered", ["ActiveMQ", "Artemis", "RabbitMQ"], "true"),
  brokerOwned("delivery-count", ["stompbox"], "2"),
  brokerOwned("retained", ["stompbox"], "true"),
  brokerOwned("browser", ["ActiveMQ", "Apollo"], "end"),
  brokerOwned("original-destination", ["ActiveMQ"], "/queue/orders"),
  brokerOwned("dead-letter-reason", ["stompbox"], "expired"),
  brokerOwned("JMSXUserID", ["ActiveMQ", "Artemis"], "alice"),
  brokerOwned("user-id", ["RabbitMQ"], "alice"),
  brokerOwned("scheduledJobId", ["ActiveMQ"], "job-1"),
  sendHeader("receipt", "executed-once", {
    of: ALL,
    note: "Asks for a RECEIPT once the message is accepted",
    example: "r-1",
  }),
  sendHeader("transaction", "executed-once", {
    of: ALL,
    note: "Sends when that transaction commits",
    example: "tx-1",
  }),
  sendHeader("dedupe-id", "executed-once", {
    of: ["stompbox"],
    note: "Taken out; de-duplication itself is not in this version",
    example: "order-17",
  }),
  sendHeader("retain", "retain", {
    of: ["Apollo"],
    note: "On a topic: `set` or `true` keeps this message for later subscribers, `remove` forgets the one kept",
    example: "set",
  }),
  {
    ...sendHeader("ActiveMQ.Retain", "retain", {
      of: ["ActiveMQ"],
      note: "On a topic: `true` keeps this message for later subscribers",
      example: "true",
    }),
    taken: false,
  },
  sendHeader("ttl", "expires-at", {
    of: ["Apollo"],
    note: "Lives so many milliseconds; 0 or empty is for ever",
    example: "60000",
  }),
  sendHeader("expiration", "expires-at", {
    of: ["RabbitMQ"],
    note: "Lives so many milliseconds; 0 or empty is for ever",
    example: "60000",
  }),
  kept("expires", "expires-at", {
    of: ["ActiveMQ", "Artemis", "Apollo"],
    note: "Lives until that time, in milliseconds since the epoch; 0 or empty is for ever",
    example: "1893456000000",
  }),
  ...["DELAY", "PERIOD", "REPEAT", "CRON"].map((word) =>
    sendHeader(`AMQ_SCHEDULED_${word}`, "delay", {
      of: ["ActiveMQ", "Artemis"],
      note: "Refused: this version does not deliver later",
      example: word === "CRON" ? "0 * * * *" : "1000",
    }),
  ),
  kept("persistent", "persistent", {
    of: ["ActiveMQ", "Artemis", "RabbitMQ", "Apollo"],
    note: "`true` asks for durability",
    example: "true",
    fallback: "false",
  }),
  kept("priority", "priority", {
    of: ["ActiveMQ", "Artemis", "RabbitMQ", "Apollo"],
    note: "0 to 9, the greater the sooner",
    example: "9",
    fallback: "4",
  }),
  kept("timestamp", "timestamp", {
    of: ["ActiveMQ", "RabbitMQ"],
    note: "Milliseconds since the epoch; an integer is kept, anything else replaced",
    example: "1700000000000",
    fallback: "now",
  }),
  kept("reply-to", "reply-to", {
    of: ["ActiveMQ", "Artemis", "RabbitMQ", "Apollo"],
    note: "A temporary destination becomes one that the receiver may send to; a temporary queue is subscribed to if it was not",
    example: "/temp-queue/replies",
  }),
  prefetch("prefetch-count", ["RabbitMQ"], "10"),
  prefetch("activemq.prefetchSize", ["ActiveMQ", "Artemis"], "10"),
  subscribeHeader("credit", "prefetch", {
    of: ["Apollo"],
    note: "Unacknowledged messages allowed, and behind a comma bytes of their bodies",
    example: "10,65536",
    fallback: "1000",
  }),
  subscribeHeader("consumer-window-size", "prefetch-bytes", {
    of: ["Artemis"],
    note: "Unacknowledged bytes of bodies allowed; 0 is one message at a time, -1 without limit",
    example: "10240",
  }),
  subscribeHeader("selector", "selector", {
    of: ["ActiveMQ", "Artemis", "Apollo"],
    note: "Only messages for which it is true, in the language of JMS selectors",
    example: "weight > 2500 AND colour = 'red'",
  }),
  subscribeHeader("browser", "browse", {
    of: ["ActiveMQ", "Apollo"],
    note: "On a queue: `true` shows what is there without removing it, and ends with a MESSAGE that has `browser:end`",
    example: "true",
    fallback: "false",
  }),
  subscribeHeader("no-local", "no-local", {
    of: ["Artemis"],
    note: "On a topic: `true` leaves out what this connection sends",
    example: "true",
    fallback: "false",
  }),
  subscribeHeader("activemq.noLocal", "no-local", {
    of: ["ActiveMQ", "Artemis"],
    note: "On a topic: `true` leaves out what this connection sends",
    example: "true",
    fallback: "false",
  }),
  ...(["SUBSCRIBE", "UNSUBSCRIBE"] as const).flatMap((frame) => [
    durable(frame, "durable-subscription-name", ["Artemis"], "durable-name"),
    durable(frame, "durable-subscriber-name", ["Artemis"], "durable-name"),
    durable(frame, "activemq.subscriptionName", ["ActiveMQ", "Artemis"], "durable-name"),
    durable(frame, "durable", ["RabbitMQ"], "durable-id"),
    durable(frame, "persistent", ["RabbitMQ", "Apollo"], "durable-id"),
  ]),
  {
    frame: "NACK",
    spelling: "requeue",
    option: "requeue",
    of: ["RabbitMQ"],
    taken: false,
    fallback: "true",
    note: "`false` sends the message to the dead letters at once",
    example: "requeue:false",
  },
  {
    frame: "NACK",
    spelling: "delay",
    option: "redelivery-delay",
    of: ["stompbox"],
    taken: false,
    fallback: "as the policy of the destination has it",
    note: "Keeps the message back for so many milliseconds before it comes again",
    example: "delay:5000",
  },
  ...[
    ["auto-delete", "true"],
    ["exclusive", "true"],
    ["x-queue-name", "orders"],
    ["x-queue-type", "quorum"],
    ["x-expires", "60000"],
    ["x-message-ttl", "60000"],
    ["x-max-length", "1000"],
    ["x-max-length-bytes", "1048576"],
    ["x-max-age", "1h"],
    ["x-max-priority", "10"],
    ["x-dead-letter-exchange", "dead"],
    ["x-dead-letter-routing-key", "orders"],
  ].map(([spelling = "", example = ""]) =>
    subscribeHeader(spelling, "ignored", {
      of: ["RabbitMQ"],
      note: "Accepted without effect",
      example,
    }),
  ),
];

interface HeaderText {
  readonly of: readonly Dialect[];
  readonly note: string;
  /** The value alone. */
  readonly example: string;
  readonly fallback?: string;
}

function brokerOwned(spelling: string, of: readonly Dialect[], example: string): DialectHeader {
  const note = "Only the broker may set it: a client's is taken out";
  return sendHeader(spelling, "broker-owned", { of, note, example });
}

function sendHeader(spelling: string, option: HeaderOption, text: HeaderText): DialectHeader {
  const { of, note, example, fallback = "none" } = text;
  return {
    frame: "SEND",
    spelling,
    option,
    of,
    taken: true,
    fallback,
    note,
    example: `${spelling}:${example}`,
  };
}

function kept(spelling: string, option: HeaderOption, text: HeaderText): DialectHeader {
  return { ...sendHeader(spelling, option, text), taken: false };
}

function subscribeHeader(spelling: string, option: HeaderOption, text: HeaderText): DialectHeader {
  return { ...kept(spelling, option, text), frame: "SUBSCRIBE" };
}

function prefetch(spelling: string, of: readonly Dialect[], example: string): DialectHeader {
  const note = "Unacknowledged messages allowed; 0 and -1 are without limit";
  return subscribeHeader(spelling, "prefetch", { of, note, example, fallback: "1000" });
}

function durable(
  frame: "SUBSCRIBE" | "UNSUBSCRIBE",
  spelling: string,
  of: readonly Dialect[],
  option: "durable-name" | "durable-id",
): DialectHeader {
  const named = option === "durable-name";
  const text = {
    of,
    note: named ? DURABLE_NOTE : DURABLE_ID_NOTE,
    example: named ? "news" : "true",
  };
  return { ...kept(spelling, option, text), frame };
}

const SEND_HEADERS = bySpelling("SEND");
const SUBSCRIBE_HEADERS = bySpelling("SUBSCRIBE");
const UNSUBSCRIBE_HEADERS = bySpelling("UNSUBSCRIBE");
const NACK_HEADERS = bySpelling("NACK");

function bySpelling(frame: DialectFrame): ReadonlyMap<string, DialectHeader> {
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

const OWN_PREFIX = /^\/(?:queue|topic|(?:remote-)?temp-(?:queue|topic))\//;

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

/** What the headers of a SEND ask for, whenever it comes. */
export interface SendHeaders {
  readonly persistent: boolean;
  readonly priority: number;
  /** Milliseconds: since the epoch, or from when it comes; 0 never. */
  readonly expires: number;
  readonly expiresRelative: boolean;
  /** Where a reply is to go, if that is a temporary destination. */
  readonly replyTo: string | undefined;
  /** What becomes of the topic's retained message. */
  readonly retain: "keep" | "remove" | undefined;
  /** The headers to send on, where they are not just those that came. */
  readonly kept: readonly string[] | undefined;
  /** Whether the client's own timestamp stays. */
  readonly keepsTimestamp: boolean;
  /** Whether the headers say how long the body is. */
  readonly hasContentLength: boolean;
}

/** What depends on when a SEND comes. */
export interface SendStamp {
  /** Milliseconds since the epoch; 0 never. */
  readonly expiresAt: number;
  /** Headers that the broker adds. */
  readonly added: readonly string[];
}

const DEFAULT_PRIORITY = 4;

/**
 * Reads the headers of a SEND.
 *
 * @throws Fault `bad-header` for a number that is none, `unsupported-feature`
 */
export function readSendHeaders(headers: readonly string[]): SendHeaders {
  let persistent = false;
  let priority = DEFAULT_PRIORITY;
  let expires = 0;
  let timestamp: string | undefined;
  let replyTo: string | undefined;
  let retain: "keep" | "remove" | undefined;
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
        expires = integer(name, value, { min: 0 });
        break;
      case "timestamp":
        timestamp = value;
        break;
      case "reply-to":
        if (TEMPORARY.test(value)) replyTo = value;
        break;
      case "retain":
        retain = readRetain(name, value);
        break;
      default:
        throw new Fault(
          "unsupported-feature",
          `Cannot send with header ${quote(name)}: this version does not deliver later`,
        );
    }
  }
  const keepsTimestamp = timestamp !== undefined && /^-?[0-9]{1,16}$/.test(timestamp);
  const dropsTimestamp = timestamp !== undefined && !keepsTimestamp;
  const kept = taken || dropsTimestamp ? withoutTaken(headers, { keepsTimestamp }) : undefined;
  const expiresRelative = relative;
  return {
    ...{ persistent, priority, expires, expiresRelative, replyTo, retain, kept },
    ...{ keepsTimestamp, hasContentLength },
  };
}

/** When a message expires that comes at `now`, both in ms since the epoch; 0 never. */
export function expiryOf({ expires, expiresRelative }: SendHeaders, now: number): number {
  return expiresRelative ? expires + now : expires;
}

/** What a SEND with these headers is given when it comes at `now`, in ms since the epoch. */
export function stampSend(send: SendHeaders, now: number): SendStamp {
  const { expiresRelative, keepsTimestamp } = send;
  const expiresAt = expiryOf(send, now);
  const added: string[] = [];
  if (!keepsTimestamp) added.push("timestamp", String(now));
  if (expiresRelative) added.push("expires", String(expiresAt));
  return { expiresAt, added };
}

/** Those headers of a SEND that are sent on. */
export function withoutTaken(
  headers: readonly string[],
  { keepsTimestamp }: Pick<SendHeaders, "keepsTimestamp">,
): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (isTaken(name) || (!keepsTimestamp && name === "timestamp")) continue;
    kept.push(name, headers[i + 1] as string);
  }
  return kept;
}

/** Whether the broker keeps that header of a SEND to itself, whatever it says. */
export function isTaken(name: string): boolean {
  return SEND_HEADERS.get(name)?.taken === true;
}

/** Whether a SEND asks for the same, and goes to the same place, whatever the value of that header. */
export function isSendersOwn(name: string): boolean {
  const option = SEND_HEADERS.get(name)?.option;
  if (option === "executed-once") return name !== "transaction";
  return name !== "destination" && (option === undefined || option === "broker-owned");
}

const TEMPORARY = /^\/?temp-(?:queue|topic)[:/]/;

function readRetain(name: string, value: string): "keep" | "remove" | undefined {
  switch (value) {
    case "set":
    case "true":
      return "keep";
    case "remove":
      return "remove";
    case "false":
    case "":
      return undefined;
    default:
      throw new Fault(
        "bad-header",
        `Cannot read header ${quote(name)} with value ${quote(value)}: expected set, true or remove`,
      );
  }
}

/** What the headers of a SUBSCRIBE ask for, beside `id`, `destination` and `ack`. */
export interface SubscribeOptions {
  /** Unacknowledged messages allowed; Infinity without limit, undefined if it names none. */
  readonly prefetch: number | undefined;
  /** Unacknowledged bytes allowed; undefined if it names none. */
  readonly prefetchBytes: number | undefined;
  readonly selector: string | undefined;
  readonly browse: boolean;
  readonly noLocal: boolean;
  /** The name under which it outlives the connection. */
  readonly durableName: string | undefined;
}

/**
 * Reads the headers of a SUBSCRIBE. Of several spellings of one option the
 * first counts.
 *
 * @throws Fault `bad-header` for a number that is none
 */
export function readSubscribeHeaders(headers: readonly string[]): SubscribeOptions {
  let prefetch: number | undefined;
  let prefetchBytes: number | undefined;
  let selector: string | undefined;
  let browse: boolean | undefined;
  let noLocal: boolean | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    switch (SUBSCRIBE_HEADERS.get(name)?.option) {
      case "prefetch": {
        const [count = "", bytes] = value.split(",");
        prefetch ??= readLimit(name, count);
        if (bytes !== undefined) prefetchBytes ??= readLimit(name, bytes);
        break;
      }
      case "prefetch-bytes":
        if (value === "0") prefetch ??= 1;
        else prefetchBytes ??= readLimit(name, value);
        break;
      case "selector":
        selector ??= value;
        break;
      case "browse":
        browse ??= value === "true";
        break;
      case "no-local":
        noLocal ??= value === "true";
        break;
    }
  }
  return {
    prefetch,
    prefetchBytes,
    selector: selector === "" ? undefined : selector,
    browse: browse ?? false,
    noLocal: noLocal ?? false,
    durableName: durableName(headers, SUBSCRIBE_HEADERS),
  };
}

/** What UNSUBSCRIBE means for a durable subscription. */
export function readUnsubscribeHeaders(headers: readonly string[]): {
  readonly delete: boolean;
  readonly name: string | undefined;
} {
  const name = durableName(headers, UNSUBSCRIBE_HEADERS);
  return { delete: name !== undefined, name };
}

/** What a NACK asks for. @throws Fault `bad-header` */
export function readNackHeaders(headers: readonly string[]): {
  readonly requeue: boolean;
  readonly delayMs: number | undefined;
} {
  let requeue: boolean | undefined;
  let delayMs: number | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    const option = NACK_HEADERS.get(name)?.option;
    if (option === "requeue") requeue ??= value !== "false";
    else if (option === "redelivery-delay") delayMs ??= integer(name, value, { min: 0 });
  }
  return { requeue: requeue ?? true, delayMs };
}

function durableName(
  headers: readonly string[],
  table: ReadonlyMap<string, DialectHeader>,
): string | undefined {
  let id: string | undefined;
  let byId = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    const option = table.get(name)?.option;
    if (option === "durable-name" && value !== "") return value;
    if (option === "durable-id" && value === "true") byId = true;
    if (name === "id") id ??= value;
  }
  return byId ? id : undefined;
}

function readLimit(name: string, text: string): number {
  const count = integer(name, text, { min: -1 });
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

/**
 * Every option of stompbox, once: default, unit, range and description. Flags,
 * environment variables, keys of the configuration file and the documentation
 * derive from it.
 *
 * | here                   | flag                       | variable                         | file                          |
 * | ---------------------- | -------------------------- | -------------------------------- | ----------------------------- |
 * | `allowAnonymous`       | `--allow-anonymous`        | `STOMPBOX_ALLOW_ANONYMOUS`       | `allow-anonymous`             |
 * | `limits.frameBytesMax` | `--limits.frame-bytes-max` | `STOMPBOX_LIMITS_FRAME_BYTES_MAX` | `frame-bytes-max` in `[limits]` |
 * | `destinations`         | `--destination`, repeated  | `STOMPBOX_DESTINATIONS`          | `[[destinations]]`            |
 */

import { z } from "zod";
import { destinationPattern, listenUri, origin, upgradePath } from "./checked_text.ts";
import { DEFAULT_LISTEN, LISTEN_FORMS } from "./listen_address.ts";
import {
  choice,
  count,
  duration,
  factor,
  file,
  list,
  type OptionDefinition,
  size,
  toggle,
} from "./option_kinds.ts";

const KIB = 1024;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const SECOND = 1000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** The longest time that an option takes, in milliseconds. */
export const WEEK = 7 * DAY;

/** The options of the table `limits`. */
export const LIMIT_OPTIONS = {
  // One client.
  frameBytesMax: size({
    fallback: 4 * MIB,
    min: KIB,
    max: 256 * MIB,
    description: "Largest frame, head and body together.",
  }),
  loginBytesMax: size({
    fallback: 64 * KIB,
    min: KIB,
    max: 16 * MIB,
    description: "Bytes that a TCP peer may send before it is logged in.",
  }),
  headersMax: count({
    fallback: 256,
    min: 8,
    max: 10_000,
    description: "Headers in one frame.",
  }),
  headerLineBytesMax: size({
    fallback: 16 * KIB,
    min: 128,
    max: 16 * MIB,
    description: "Longest header line, and longest command line.",
  }),
  subscriptionsMax: count({
    fallback: 1000,
    min: 1,
    max: 1_000_000,
    description: "Subscriptions of one connection.",
  }),
  transactionsMax: count({
    fallback: 16,
    min: 1,
    max: 10_000,
    description: "Open transactions of one connection.",
  }),
  transactionOperationsMax: count({
    fallback: 10_000,
    min: 1,
    max: 1_000_000,
    description: "Operations in one transaction.",
  }),
  transactionBytesMax: size({
    fallback: 16 * MIB,
    min: KIB,
    max: GIB,
    description: "Bytes of messages in one transaction.",
  }),
  pendingOperationsMax: count({
    fallback: 1000,
    min: 1,
    max: 1_000_000,
    description: "Operations of one connection that wait for the store; beyond, it is paused.",
  }),
  pendingBytesMax: size({
    fallback: 4 * MIB,
    min: KIB,
    max: GIB,
    description: "Bytes of one connection that wait for the store; beyond, it is paused.",
  }),
  outboxBytesMax: size({
    fallback: 4 * MIB,
    min: KIB,
    max: GIB,
    description: "Bytes that wait to be sent to one connection.",
  }),
  prefetchDefault: count({
    fallback: 1000,
    min: 1,
    max: 1_000_000,
    description: "Unacknowledged messages of a subscription that names no prefetch.",
  }),
  loginTimeoutMs: duration({
    fallback: 10 * SECOND,
    min: 100,
    max: HOUR,
    description: "Time that a connection has to log in.",
  }),
  heartBeatMinMs: duration({
    fallback: 100,
    min: 10,
    max: HOUR,
    description: "Shortest heart-beat interval granted.",
  }),
  heartBeatMaxMs: duration({
    fallback: HOUR,
    min: SECOND,
    max: DAY,
    description: "Longest heart-beat interval granted.",
  }),
  pingIntervalMs: duration({
    fallback: 25 * SECOND,
    min: 0,
    max: HOUR,
    description: "A WebSocket peer that hears nothing for so long is pinged; 0 never pings.",
  }),
  pongTimeoutMs: duration({
    fallback: 5 * SECOND,
    min: 100,
    max: HOUR,
    description: "How long a silent peer may leave a ping unanswered.",
  }),
  publisherPauseMs: duration({
    fallback: SECOND,
    min: 0,
    max: HOUR,
    description: "How long one subscriber that is behind may hold a topic's publishers back.",
  }),
  slowConsumerGraceMs: duration({
    fallback: 5 * SECOND,
    min: 100,
    max: HOUR,
    description: "How long a topic subscriber that is behind may drain nothing.",
  }),
  slowConsumer: choice(["disconnect", "drop-oldest", "drop-newest"], {
    fallback: "disconnect",
    description: "What happens to a topic subscriber that stays behind.",
  }),

  // The broker.
  connectionsMax: count({
    fallback: 20_000,
    min: 1,
    max: 10_000_000,
    description: "Connections in all.",
  }),
  connectionsPerAddressMax: count({
    fallback: 1000,
    min: 1,
    max: 10_000_000,
    description: "Connections from one address; this machine's own are exempt.",
  }),
  loginsPendingMax: count({
    fallback: 64,
    min: 1,
    max: 1_000_000,
    description: "WebSocket connections not yet logged in, in all.",
  }),
  loginsPendingPerAddressMax: count({
    fallback: 16,
    min: 1,
    max: 1_000_000,
    description: "WebSocket connections not yet logged in, from one address.",
  }),
  queueMessagesMax: count({
    fallback: 1_000_000,
    min: 1,
    max: 1_000_000_000,
    description: "Messages in one queue.",
  }),
  queueBytesMax: size({
    fallback: 256 * MIB,
    min: KIB,
    max: 1024 * GIB,
    description: "Bytes of messages in one queue.",
  }),
  memoryBytesMax: size({
    fallback: 512 * MIB,
    min: MIB,
    max: 1024 * GIB,
    description: "Bytes of messages in memory, in all.",
  }),
  destinationsMax: count({
    fallback: 100_000,
    min: 1,
    max: 100_000_000,
    description: "Destinations in all.",
  }),
  stopTimeoutMs: duration({
    fallback: 3 * SECOND,
    min: 0,
    max: HOUR,
    description: "How long clients may take to go when the broker stops.",
  }),
};

/** The options that a rule for some destinations may set anew; two more are limits. */
const POLICY_OPTIONS = {
  queueOverflow: choice(["reject", "drop-oldest"], {
    fallback: "reject",
    description: "What a full queue does with one more message.",
  }),
  maxDeliveries: count({
    fallback: 6,
    min: 1,
    max: 1_000_000,
    description: "Refusals of one message after which it goes to the dead letters.",
  }),
  redeliveryDelayMs: duration({
    fallback: 0,
    min: 0,
    max: WEEK,
    description: "How long a refused message is kept back before it comes again.",
  }),
  redeliveryMultiplier: factor({
    fallback: 1,
    min: 1,
    max: 100,
    description: "By what that time is multiplied with each further refusal; 1 leaves it as it is.",
  }),
  redeliveryDelayMaxMs: duration({
    fallback: HOUR,
    min: 1,
    max: WEEK,
    description: "What that time grows to at most.",
  }),
  deadLetterExpired: toggle(
    "Move messages that expire to the dead letters; without it they are dropped.",
  ),
};

function ruleSchema() {
  return z.strictObject({
    match: destinationPattern(),
    maxDeliveries: POLICY_OPTIONS.maxDeliveries.schema().unwrap().optional(),
    redeliveryDelayMs: POLICY_OPTIONS.redeliveryDelayMs.schema().unwrap().optional(),
    redeliveryMultiplier: POLICY_OPTIONS.redeliveryMultiplier.schema().unwrap().optional(),
    redeliveryDelayMaxMs: POLICY_OPTIONS.redeliveryDelayMaxMs.schema().unwrap().optional(),
    deadLetterExpired: POLICY_OPTIONS.deadLetterExpired.schema().unwrap().optional(),
    messagesMax: LIMIT_OPTIONS.queueMessagesMax.schema().unwrap().optional(),
    bytesMax: LIMIT_OPTIONS.queueBytesMax.schema().unwrap().optional(),
    overflow: POLICY_OPTIONS.queueOverflow.schema().unwrap().optional(),
  });
}

/**
 * What holds for the destinations that a pattern covers, where it differs from
 * the rest. Of the rules that cover a destination the most specific wins: the
 * one with more literal segments, and among equals the later. They are merged
 * key by key, so a rule need not repeat what a less specific one says.
 */
export type DestinationRule = z.output<ReturnType<typeof ruleSchema>>;

const destinationRules = {
  kind: "rules",
  allowed: 'a pattern and what differs for it, such as "/queue/orders.> max-deliveries=3"',
  placeholder: "RULE",
  flag: "--destination",
  description:
    "What differs for some destinations: a pattern as in SUBSCRIBE, and keys with values. " +
    "The most specific rule wins, the one with more literal segments, and among equals the " +
    "later; rules are merged key by key, the less specific first.",
  fallback: [],
  schema: () => z.array(ruleSchema()).default(() => []),
} satisfies OptionDefinition;

/** The options at the top. */
export const TOP_OPTIONS = {
  listen: list(listenUri, {
    fallback: [],
    allowed: LISTEN_FORMS,
    placeholder: "URI",
    description: `Where to listen: ${LISTEN_FORMS}; without it, ${DEFAULT_LISTEN.join(" and ")}.`,
  }),
  allowAnonymous: toggle("Let everyone in who can reach an address that is not loopback."),
  allowOrigin: list(origin, {
    fallback: [],
    allowed: 'an origin such as "https://example.com" or "https://*.example.com"',
    placeholder: "ORIGIN",
    description: "Accept pages of this origin: exact, or https://*.example.com.",
  }),
  strictOrigin: toggle("Accept only pages of the same origin, on loopback too."),
  webSocketPaths: list(upgradePath, {
    fallback: ["/", "/ws", "/stomp", "/stomp/websocket", "/ws/websocket"],
    allowed: 'a path such as "/ws"',
    placeholder: "PATH",
    description: "Paths that accept a WebSocket, below the listener's prefix.",
  }),
  static: file("DIR", "Serve the files of this folder at /."),
  singlePage: toggle("Answer navigations to missing pages with the index of the static folder."),
  watch: toggle(
    "Reload pages when files of the static folder change, and apply changes of the configuration file.",
  ),
  portsFile: file("FILE", "Write the real ports to this file as JSON once listening."),
  log: choice(["debug", "info", "warn", "error"], {
    fallback: "info",
    description: "Least level that is logged.",
  }),
  quiet: toggle("Print no banner, and no log below warn unless debug is asked for."),
  unprefixed: choice(["reject", "topic", "queue"], {
    fallback: "reject",
    description: "What a destination without a known prefix is.",
  }),
  ...POLICY_OPTIONS,
  destinations: destinationRules,
};

type OptionTable = Readonly<Record<string, OptionDefinition>>;
type SchemasOf<T extends OptionTable> = { [K in keyof T]: ReturnType<T[K]["schema"]> };

/** The schemas of all options of a table. */
function schemasOf<T extends OptionTable>(table: T): SchemasOf<T> {
  const schemas = Object.entries(table).map(([name, { schema }]) => [name, schema()] as const);
  // A mapping of every key to its own type is more than the compiler follows.
  return Object.fromEntries(schemas) as SchemasOf<T>;
}

/** Makes the schema that checks every value for itself, and refuses keys that it does not know. */
export function fieldsSchema() {
  const limits = z.strictObject(schemasOf(LIMIT_OPTIONS));
  return z.strictObject({ ...schemasOf(TOP_OPTIONS), limits: limits.prefault({}) });
}

/** A complete, valid configuration. Sizes in bytes, times in milliseconds. */
export type Config = z.output<ReturnType<typeof fieldsSchema>>;

/** The limits of a {@link Config}: those of one client and those of the broker. */
export type Limits = Config["limits"];

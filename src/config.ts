/**
 * Every option of stompbox, once. The schema below holds default, unit, range
 * and description; flags, environment variables, keys of the configuration
 * file and the documentation derive from it.
 *
 * | in the schema          | flag                       | variable                         | file                          |
 * | ---------------------- | -------------------------- | -------------------------------- | ----------------------------- |
 * | `allowAnonymous`       | `--allow-anonymous`        | `STOMPBOX_ALLOW_ANONYMOUS`       | `allow-anonymous`             |
 * | `limits.frameBytesMax` | `--limits.frame-bytes-max` | `STOMPBOX_LIMITS_FRAME_BYTES_MAX` | `frame-bytes-max` in `[limits]` |
 * | `destinations`         | `--destination`, repeated  | `STOMPBOX_DESTINATIONS`          | `[[destinations]]`            |
 */

import { z } from "zod";

// A configuration is parsed once: to compile code for it first takes four times as long.
z.config({ jitless: true });

/** What listens when no `listen` is given, in this order. */
export const DEFAULT_LISTEN: readonly string[] = ["ws://localhost:61614", "tcp://localhost:61613"];

/** A listener's address, taken apart. */
export interface ListenAddress {
  readonly scheme: "ws" | "tcp";
  /** Name or numeric address; IPv6 without brackets. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** What precedes every path of a `ws` listener: empty, or `/a` or `/a/b`. */
  readonly prefix: string;
  /** Whether only this machine can reach it. */
  readonly loopback: boolean;
}

/** A value of the configuration that cannot be used; `message` says what is allowed. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const LISTEN_FORMS = "ws://HOST:PORT/PREFIX or tcp://HOST:PORT";
const LISTEN_URI =
  /^([a-z][a-z0-9+.-]*):\/\/(\[[^\]]*\]|[^:/?#@[\]]*)(?::([^/?#]*))?((?:[/?#][^]*)?)$/i;
const PATH = /^(?:\/[A-Za-z0-9._~-]+)*$/;

/**
 * Takes the URI of a listener apart. Throws a {@link ConfigError} that names
 * the allowed forms.
 */
export function parseListen(uri: string): ListenAddress {
  const refuse = (reason: string): never => {
    throw new ConfigError(`Cannot listen on ${JSON.stringify(uri)}: ${reason}`);
  };
  const match = LISTEN_URI.exec(uri.trim());
  if (match === null) return refuse(`expected ${LISTEN_FORMS}`);
  const [, schemeText = "", hostText = "", portText, path = ""] = match;
  const scheme = schemeText.toLowerCase();
  if (["wss", "https", "ssl", "tls", "stomp+ssl", "tcps"].includes(scheme)) {
    const plain = scheme === "wss" || scheme === "https" ? "ws" : "tcp";
    return refuse(`TLS comes from a proxy in front for now, use ${plain}://HOST:PORT behind it`);
  }
  if (scheme !== "ws" && scheme !== "tcp") {
    return refuse(`unknown scheme "${scheme}", expected ${LISTEN_FORMS}`);
  }
  if (hostText === "" || hostText === "*") {
    return refuse(
      `no host, expected ${LISTEN_FORMS}; 0.0.0.0 or [::] means every address of this machine`,
    );
  }
  const host = normalHost(hostText);
  if (host === undefined) return refuse(`"${hostText}" is not a host, expected ${LISTEN_FORMS}`);
  if (portText === undefined || portText === "") {
    return refuse("no port, expected 0 to 65535, where 0 lets the system choose");
  }
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : Number.NaN;
  if (!(port <= 65_535)) {
    return refuse(
      `"${portText}" is not a port, expected 0 to 65535, where 0 lets the system choose`,
    );
  }
  const prefix = path.replace(/\/$/, "");
  if (scheme === "tcp" && path !== "") return refuse("a tcp address has no path");
  if (!isPlainPath(prefix)) {
    return refuse(
      `"${path}" is not a prefix, expected segments of letters, digits, "-", "_", "~", "."`,
    );
  }
  return { scheme, host, port, prefix, loopback: isLoopback(host) };
}

/** The listeners in force: those of the configuration, or else the two of {@link DEFAULT_LISTEN}. */
export function listenersOf(config: Pick<Config, "listen">): ListenAddress[] {
  return (config.listen.length > 0 ? config.listen : DEFAULT_LISTEN).map(parseListen);
}

function normalHost(text: string): string | undefined {
  // Hosts are read as a browser reads them, so that 0x7f.1 cannot pass for a name.
  const hostname = URL.parse(`http://${text}/`)?.hostname;
  if (hostname === undefined || hostname === "" || /[^a-z0-9.:[\]_-]/.test(hostname)) {
    return undefined;
  }
  return hostname.replace(/^\[|\]$/g, "");
}

function isLoopback(host: string): boolean {
  return (
    host === "localhost" ||
    host === "::1" ||
    /^127\.\d+\.\d+\.\d+$/.test(host) ||
    /^::ffff:7f[0-9a-f]{2}:/.test(host)
  );
}

function isPlainPath(path: string): boolean {
  return PATH.test(path) && !path.split("/").some((segment) => segment === "." || segment === "..");
}

/** What the derived forms need to know of an option beside its schema. */
export interface OptionNotes {
  readonly kind:
    "switch" | "choice" | "count" | "factor" | "size" | "duration" | "text" | "list" | "rules";
  /** What the number counts; absent for what is not a number. */
  readonly unit?: "bytes" | "ms";
  /** What is allowed, to follow the word "expected". */
  readonly allowed: string;
  /** Stands for the value in a usage line; empty for a switch. */
  readonly placeholder: string;
  /** What for, in full sentences. */
  readonly description: string;
  /** The flag where it is not the key: what is repeated is named in the singular. */
  readonly flag?: string;
}

const NOTES = z.registry<OptionNotes>();

const SIZE_UNITS = new Map([
  ["", 1],
  ["b", 1],
  ["kib", 1024],
  ["mib", 1024 ** 2],
  ["gib", 1024 ** 3],
]);
const DURATION_UNITS = new Map([
  ["", 1],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** A number with a unit as a plain number; anything else as it came, for the schema to refuse. */
function measure(value: unknown, units: ReadonlyMap<string, number>): unknown {
  if (typeof value !== "string") return value;
  const [, digits, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(value) ?? [];
  const factor = units.get(unit.toLowerCase());
  if (digits === undefined || factor === undefined) return value;
  // 1.1MiB is no whole number of bytes, and nobody who writes it means one.
  return Math.round(Number(digits) * factor);
}

/** A text such as `4MiB` as a number of bytes; anything else as it came, for a schema to refuse. */
export function readSize(value: unknown): unknown {
  return measure(value, SIZE_UNITS);
}

/** A text such as `10s` as milliseconds; anything else as it came, for a schema to refuse. */
export function readDuration(value: unknown): unknown {
  return measure(value, DURATION_UNITS);
}

/** A number of bytes, as a person writes it: `4MiB`. */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of [
    ["GiB", 1024 ** 3],
    ["MiB", 1024 ** 2],
    ["KiB", 1024],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}

/** A number of milliseconds, as a person writes it: `10s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0";
  for (const [unit, factor] of [
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
  ] as const) {
    if (ms >= factor && ms % factor === 0) return `${ms / factor}${unit}`;
  }
  return `${ms}ms`;
}

interface NumberNotes {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
  readonly description: string;
}

function size({ fallback, min, max, description }: NumberNotes) {
  const number = z.int().min(min).max(max);
  return z
    .preprocess((value) => measure(value, SIZE_UNITS), number)
    .default(fallback)
    .register(NOTES, {
      kind: "size",
      unit: "bytes",
      allowed: `${formatSize(min)} to ${formatSize(max)}, in bytes or with KiB, MiB, GiB`,
      placeholder: "SIZE",
      description,
    });
}

function duration({ fallback, min, max, description }: NumberNotes) {
  const number = z.int().min(min).max(max);
  return z
    .preprocess((value) => measure(value, DURATION_UNITS), number)
    .default(fallback)
    .register(NOTES, {
      kind: "duration",
      unit: "ms",
      allowed: `${formatDuration(min)} to ${formatDuration(max)}, in milliseconds or with ms, s, m, h`,
      placeholder: "TIME",
      description,
    });
}

function count({ fallback, min, max, description }: NumberNotes) {
  const number = z.int().min(min).max(max);
  const fromText = (value: unknown): unknown =>
    typeof value === "string" && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  return z
    .preprocess(fromText, number)
    .default(fallback)
    .register(NOTES, {
      kind: "count",
      allowed: `a whole number from ${min} to ${max}`,
      placeholder: "N",
      description,
    });
}

function factor({ fallback, min, max, description }: NumberNotes) {
  const number = z.number().min(min).max(max);
  const fromText = (value: unknown): unknown =>
    typeof value === "string" && /^\s*\d+(?:\.\d+)?\s*$/.test(value) ? Number(value) : value;
  return z
    .preprocess(fromText, number)
    .default(fallback)
    .register(NOTES, {
      kind: "factor",
      allowed: `a number from ${min} to ${max}`,
      placeholder: "X",
      description,
    });
}

function toggle(description: string) {
  // YAML 1.2 leaves "yes" and "on" strings, and an environment has nothing but strings.
  const fromText = (value: unknown): unknown => {
    if (typeof value !== "string") return value;
    const text = value.trim().toLowerCase();
    if (["true", "yes", "on", "1"].includes(text)) return true;
    if (["false", "no", "off", "0"].includes(text)) return false;
    return value;
  };
  return z.preprocess(fromText, z.boolean()).default(false).register(NOTES, {
    kind: "switch",
    allowed: "true or false",
    placeholder: "",
    description,
  });
}

function choice<const T extends readonly [string, ...string[]]>(
  values: T,
  options: {
    readonly fallback: NoInfer<T[number]>;
    readonly description: string;
  },
) {
  const fromText = (value: unknown): unknown =>
    typeof value === "string" ? value.trim().toLowerCase() : value;
  return z
    .preprocess(fromText, z.enum(values))
    .default(() => z.enum(values).parse(options.fallback))
    .register(NOTES, {
      kind: "choice",
      allowed: values.join(" | "),
      placeholder: values.join("|"),
      description: options.description,
    });
}

function file(placeholder: string, description: string) {
  return z.string().trim().min(1).optional().register(NOTES, {
    kind: "text",
    allowed: "a path",
    placeholder,
    description,
  });
}

function list(
  item: z.ZodType<string>,
  options: {
    readonly fallback: readonly string[];
    readonly allowed: string;
    readonly placeholder: string;
    readonly description: string;
  },
) {
  const { fallback, ...notes } = options;
  return z
    .preprocess((value) => (typeof value === "string" ? [value] : value), z.array(item))
    .default(() => [...fallback])
    .register(NOTES, { kind: "list", ...notes });
}

const listenUri = z.string().transform((uri, context) => {
  try {
    parseListen(uri);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    context.issues.push({ code: "custom", message: error.message, input: uri });
  }
  return uri.trim();
});

const origin = z.string().transform((text, context) => {
  const value = text.trim().toLowerCase().replace(/\/$/, "");
  const wild = /^[a-z][a-z0-9+.-]*:\/\/\*\.[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d{1,5})?$/;
  const exact = /^[a-z][a-z0-9+.-]*:\/\/(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/;
  if (!wild.test(value) && !exact.test(value)) {
    context.issues.push({ code: "invalid_format", format: "origin", input: text });
  }
  // Browsers leave the scheme's own port out of an Origin.
  return value.replace(/^(http:.*):80$/, "$1").replace(/^(https:.*):443$/, "$1");
});

const upgradePath = z.string().transform((text, context) => {
  const value = text.trim();
  const path = value === "/" ? value : value.replace(/\/$/, "");
  if (!path.startsWith("/") || (path !== "/" && !isPlainPath(path))) {
    context.issues.push({ code: "invalid_format", format: "path", input: text });
  }
  return path;
});

const RULE_PREFIXES = ["/queue/", "/topic/", "/temp-queue/", "/temp-topic/"];
const REST_WILDCARDS = [">", "#", "**"];

/** Why a path cannot be the pattern of a rule, or undefined if it can. */
function patternProblem(path: string): string | undefined {
  const prefix = RULE_PREFIXES.find((each) => path.startsWith(each));
  if (prefix === undefined) return `unknown prefix, expected ${RULE_PREFIXES.join(", ")}`;
  const name = path.slice(prefix.length);
  if (name === "") return 'empty name, expected one such as "orders.>"';
  if (/[\u0000-\u001f\u007f]/.test(name)) return "control character in the name";
  if (name.includes(",")) return "a comma, expected one pattern; give each its own rule";
  const isWildcard = (segment: string): boolean =>
    segment === "*" || REST_WILDCARDS.includes(segment);
  const partial = name
    .split(/[./]/)
    .find((segment) => /[*>#]/.test(segment) && !isWildcard(segment));
  if (partial !== undefined) {
    return `segment "${partial}", a wildcard must be a whole segment`;
  }
  if (prefix.startsWith("/temp-") && !isWildcard(name)) {
    return `no rule can know the names of temporary destinations, expected ${prefix}>`;
  }
  return undefined;
}

const destinationPattern = z.string().transform((text, context) => {
  const path = text.trim();
  const problem = patternProblem(path);
  if (problem !== undefined) {
    const message = `Cannot match ${JSON.stringify(text)}: ${problem}`;
    context.issues.push({ code: "custom", message, input: text });
  }
  return path;
});

const KIB = 1024;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const SECOND = 1000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

const limitsSchema = z.strictObject({
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
});

/** The options that a rule for some destinations may set anew; two more are limits. */
const policyFields = {
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

const ruleSchema = z.strictObject({
  match: destinationPattern,
  maxDeliveries: policyFields.maxDeliveries.unwrap().optional(),
  redeliveryDelayMs: policyFields.redeliveryDelayMs.unwrap().optional(),
  redeliveryMultiplier: policyFields.redeliveryMultiplier.unwrap().optional(),
  redeliveryDelayMaxMs: policyFields.redeliveryDelayMaxMs.unwrap().optional(),
  deadLetterExpired: policyFields.deadLetterExpired.unwrap().optional(),
  messagesMax: limitsSchema.shape.queueMessagesMax.unwrap().optional(),
  bytesMax: limitsSchema.shape.queueBytesMax.unwrap().optional(),
  overflow: policyFields.queueOverflow.unwrap().optional(),
});

/**
 * What holds for the destinations that a pattern covers, where it differs from
 * the rest. Of the rules that cover a destination the most specific wins: the
 * one with more literal segments, and among equals the later. They are merged
 * key by key, so a rule need not repeat what a less specific one says.
 */
export type DestinationRule = z.output<typeof ruleSchema>;

const destinationRules = z
  .array(ruleSchema)
  .default(() => [])
  .register(NOTES, {
    kind: "rules",
    allowed: 'a pattern and what differs for it, such as "/queue/orders.> max-deliveries=3"',
    placeholder: "RULE",
    flag: "--destination",
    description:
      "What differs for some destinations: a pattern as in SUBSCRIBE, and keys with values. " +
      "The most specific rule wins, the one with more literal segments, and among equals the " +
      "later; rules are merged key by key, the less specific first.",
  });

/** Every value for itself; {@link configSchema} also looks for {@link contradictions}. */
export const fieldsSchema = z.strictObject({
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
  ...policyFields,
  destinations: destinationRules,
  limits: limitsSchema.prefault({}),
});

/** The one schema. Takes numbers and texts such as `"4MiB"`, `"10s"`, `"yes"`; yields a {@link Config}. */
export const configSchema = fieldsSchema.superRefine((config, context) => {
  for (const { text, options } of contradictions(config)) {
    context.addIssue({ code: "custom", message: text, path: (options[0] ?? "").split(".") });
  }
});

/** A complete, valid configuration. Sizes in bytes, times in milliseconds. */
export type Config = z.output<typeof fieldsSchema>;

/** The limits of a {@link Config}: those of one client and those of the broker. */
export type Limits = Config["limits"];

/** What {@link defaultConfig} takes. */
export type ConfigOverrides = Partial<Omit<Config, "limits">> & {
  readonly limits?: Partial<Limits>;
};

/**
 * The defaults, with `overrides` over them. Overrides are taken as they are:
 * the ranges of the schema guard what people write, not what a test sets.
 */
export function defaultConfig(overrides: ConfigOverrides = {}): Config {
  const defaults = configSchema.parse({});
  return { ...defaults, ...overrides, limits: { ...defaults.limits, ...overrides.limits } };
}

/** Options that are each allowed and cannot be had together. */
export interface Contradiction {
  /** Names of the options it takes, as in {@link Option.name}; the first is the one to blame. */
  readonly options: readonly string[];
  /** The sentence for a person. */
  readonly text: string;
}

/** What is wrong with a configuration whose values are each right. */
export function contradictions(config: Config): Contradiction[] {
  const found: Contradiction[] = [];
  const taken = new Set<string>();
  for (const uri of config.listen) {
    const { host, port, loopback } = parseListen(uri);
    if (!loopback && !config.allowAnonymous) {
      found.push({
        options: ["listen", "allowAnonymous"],
        text: `Cannot listen on "${uri}" without --allow-anonymous: the address is not loopback, and whoever reaches it may log in`,
      });
    }
    if (port !== 0 && taken.has(`${host} ${port}`)) {
      found.push({
        options: ["listen"],
        text: `Cannot listen on "${uri}": the port is given twice`,
      });
    }
    taken.add(`${host} ${port}`);
  }
  if (config.singlePage && config.static === undefined) {
    found.push({
      options: ["singlePage", "static"],
      text: "Cannot serve a single page without --static: there is no folder to take its index from",
    });
  }
  const { limits } = config;
  if (limits.heartBeatMinMs > limits.heartBeatMaxMs) {
    found.push({
      options: ["limits.heartBeatMinMs", "limits.heartBeatMaxMs"],
      text: `Cannot grant heart-beats: limits.heart-beat-min-ms ${limits.heartBeatMinMs} is above limits.heart-beat-max-ms ${limits.heartBeatMaxMs}`,
    });
  }
  if (config.redeliveryDelayMs > config.redeliveryDelayMaxMs) {
    found.push({
      options: ["redeliveryDelayMs", "redeliveryDelayMaxMs"],
      text: `Cannot keep messages back: redelivery-delay-ms ${config.redeliveryDelayMs} is above redelivery-delay-max-ms ${config.redeliveryDelayMaxMs}`,
    });
  }
  for (const { match, redeliveryDelayMs = 0, redeliveryDelayMaxMs = WEEK } of config.destinations) {
    if (redeliveryDelayMs <= redeliveryDelayMaxMs) continue;
    found.push({
      options: ["destinations"],
      text: `Cannot keep messages of ${JSON.stringify(match)} back: redelivery-delay ${redeliveryDelayMs} is above redelivery-delay-max ${redeliveryDelayMaxMs}`,
    });
  }
  if (limits.headerLineBytesMax > limits.frameBytesMax) {
    found.push({
      options: ["limits.headerLineBytesMax", "limits.frameBytesMax"],
      text: `Cannot allow header lines of ${limits.headerLineBytesMax} bytes: limits.frame-bytes-max is ${limits.frameBytesMax}`,
    });
  }
  return found;
}

type OptionName = Exclude<keyof Config, "limits"> | `limits.${keyof Limits}`;

/**
 * For what a changed option holds once it is reloaded, to follow "holds". An
 * option that is not here needs a restart.
 */
const HOLDS: Readonly<Partial<Record<OptionName, string>>> = {
  allowOrigin: "for new connections and requests",
  strictOrigin: "for new connections and requests",
  webSocketPaths: "for new connections",
  static: "for new requests",
  singlePage: "for new requests",
  log: "at once",
  quiet: "at once",
  unprefixed: "for new frames",
  queueOverflow: "for new messages, in all queues",
  maxDeliveries: "for new refusals, in all queues",
  redeliveryDelayMs: "for new refusals, in all queues",
  redeliveryMultiplier: "for new refusals, in all queues",
  redeliveryDelayMaxMs: "for new refusals, in all queues",
  deadLetterExpired: "at once, in all queues",
  destinations: "at once, in all queues",
  "limits.frameBytesMax": "for new frames",
  "limits.loginBytesMax": "for new connections",
  "limits.headersMax": "for new frames",
  "limits.headerLineBytesMax": "for new frames",
  "limits.subscriptionsMax": "for new subscriptions",
  "limits.transactionsMax": "for new transactions",
  "limits.transactionOperationsMax": "for new operations",
  "limits.transactionBytesMax": "for new operations",
  "limits.pendingOperationsMax": "at once",
  "limits.pendingBytesMax": "at once",
  "limits.outboxBytesMax": "at once",
  "limits.prefetchDefault": "for new subscriptions",
  "limits.loginTimeoutMs": "at once",
  "limits.heartBeatMinMs": "for new connections",
  "limits.heartBeatMaxMs": "for new connections",
  "limits.pingIntervalMs": "at once",
  "limits.pongTimeoutMs": "at once",
  "limits.publisherPauseMs": "at once",
  "limits.slowConsumerGraceMs": "at once",
  "limits.slowConsumer": "at once",
  "limits.connectionsMax": "for new connections",
  "limits.connectionsPerAddressMax": "for new connections",
  "limits.loginsPendingMax": "at once",
  "limits.loginsPendingPerAddressMax": "at once",
  "limits.queueMessagesMax": "for new messages, in all queues",
  "limits.queueBytesMax": "for new messages, in all queues",
  "limits.memoryBytesMax": "for new messages",
  "limits.destinationsMax": "for new destinations",
  "limits.stopTimeoutMs": "at once",
};

/** One option and all the names under which it is known. */
export interface Option extends OptionNotes {
  /** As in the schema: `limits.frameBytesMax`. */
  readonly name: string;
  /** As in a file, tables joined by a dot: `limits.frame-bytes-max`. */
  readonly key: string;
  /** As on the command line: `--limits.frame-bytes-max`. */
  readonly flag: string;
  /** As in the environment: `STOMPBOX_LIMITS_FRAME_BYTES_MAX`. */
  readonly variable: string;
  /** Table of the file it stands in; undefined at the top. */
  readonly table: "limits" | undefined;
  /** Value when nobody gives one; undefined when there is none. */
  readonly fallback: unknown;
  /** Checks one value, and turns a text into what the option holds. */
  readonly schema: z.ZodType;
  /** For what a change holds on a broker that runs, such as "for new frames"; undefined if it needs a restart. */
  readonly holds: string | undefined;
}

const HOLDS_BY_NAME: ReadonlyMap<string, string> = new Map(Object.entries(HOLDS));

/** Every option, in the order of the schema. */
export const OPTIONS: readonly Option[] = [
  ...optionsIn(fieldsSchema.shape, undefined),
  ...optionsIn(limitsSchema.shape, "limits"),
];

function optionsIn(
  shape: Readonly<Record<string, z.ZodType>>,
  table: "limits" | undefined,
): Option[] {
  return Object.entries(shape).flatMap(([field, schema]): Option[] => {
    const notes = NOTES.get(schema);
    if (notes === undefined) return [];
    const prefix = table === undefined ? "" : `${table}.`;
    const key = prefix + field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return [
      {
        ...notes,
        name: prefix + field,
        key,
        flag: notes.flag ?? `--${key}`,
        variable: `STOMPBOX_${key.replace(/[.-]/g, "_").toUpperCase()}`,
        table,
        fallback: schema.parse(undefined),
        schema,
        holds: HOLDS_BY_NAME.get(prefix + field),
      },
    ];
  });
}

/** The value that an option has in a configuration. */
function valueIn({ name, table }: Option, config: Config): unknown {
  const holder: Readonly<Record<string, unknown>> = table === undefined ? config : config[table];
  return holder[table === undefined ? name : name.slice(table.length + 1)];
}

/** An option whose value differs between two configurations. */
export interface ConfigChange {
  readonly option: Option;
  readonly before: unknown;
  readonly after: unknown;
}

/** What differs between two configurations, in the order of the schema. */
export function changesBetween(before: Config, after: Config): ConfigChange[] {
  return OPTIONS.map((option) => ({
    option,
    before: valueIn(option, before),
    after: valueIn(option, after),
  })).filter((change) => !isSame(change.before, change.after));
}

/** Whether two values of an option mean the same; those of lists and rules are plain data. */
function isSame(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/** One key of a rule for some destinations. */
export interface RuleOption {
  /** As in a file and in a flag: `redelivery-delay`. */
  readonly key: string;
  /** As in a {@link DestinationRule}: `redeliveryDelayMs`. */
  readonly name: Exclude<keyof DestinationRule, "match">;
  /** The option that says the same for all destinations: its range, unit and purpose. */
  readonly option: Option;
}

const RULE_KEYS = [
  { key: "max-deliveries", name: "maxDeliveries", of: "maxDeliveries" },
  { key: "redelivery-delay", name: "redeliveryDelayMs", of: "redeliveryDelayMs" },
  { key: "redelivery-multiplier", name: "redeliveryMultiplier", of: "redeliveryMultiplier" },
  { key: "redelivery-delay-max", name: "redeliveryDelayMaxMs", of: "redeliveryDelayMaxMs" },
  { key: "dead-letter-expired", name: "deadLetterExpired", of: "deadLetterExpired" },
  { key: "queue-messages-max", name: "messagesMax", of: "limits.queueMessagesMax" },
  { key: "queue-bytes-max", name: "bytesMax", of: "limits.queueBytesMax" },
  { key: "overflow", name: "overflow", of: "queueOverflow" },
] as const;

/** Every key of a rule beside `match`, in the order of the documentation. */
export const RULE_OPTIONS: readonly RuleOption[] = RULE_KEYS.flatMap(({ key, name, of }) =>
  OPTIONS.filter((option) => option.name === of).map((option) => ({ key, name, option })),
);

/**
 * The options of stompbox under all their names, and configurations made of
 * them. What the options are stands in `config/options.ts`.
 */

import type { z } from "zod";
import type { OptionDefinition, OptionNotes } from "./config/option_kinds.ts";
import {
  type Config,
  type DestinationRule,
  LIMIT_OPTIONS,
  type Limits,
  TOP_OPTIONS,
} from "./config/options.ts";

export { type Contradiction, contradictions } from "./config/contradictions.ts";
export {
  ConfigError,
  DEFAULT_LISTEN,
  type ListenAddress,
  listenersOf,
  parseListen,
} from "./config/listen_address.ts";
export { formatDuration, formatSize, readDuration, readSize } from "./config/measure.ts";
export type { OptionNotes } from "./config/option_kinds.ts";
export type { Config, DestinationRule, Limits } from "./config/options.ts";

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

/** Every option, in the order of their tables. */
export const OPTIONS: readonly Option[] = [
  ...optionsIn(TOP_OPTIONS, undefined),
  ...optionsIn(LIMIT_OPTIONS, "limits"),
];

function optionsIn(
  definitions: Readonly<Record<string, OptionDefinition>>,
  table: "limits" | undefined,
): Option[] {
  const prefix = table === undefined ? "" : `${table}.`;
  return Object.entries(definitions).map(([field, definition]): Option => {
    const name = prefix + field;
    const key = prefix + field.replace(/[A-Z]/g, "-$&").toLowerCase();
    let schema: z.ZodType | undefined;
    return {
      flag: `--${key}`,
      ...definition,
      name,
      key,
      variable: `STOMPBOX_${key.replace(/[.-]/g, "_").toUpperCase()}`,
      table,
      get schema() {
        return (schema ??= definition.schema());
      },
      holds: HOLDS_BY_NAME.get(name),
    };
  });
}

/** What {@link defaultConfig} takes. */
export type ConfigOverrides = Partial<Omit<Config, "limits">> & {
  readonly limits?: Partial<Limits>;
};

/**
 * The defaults, with `overrides` over them. Overrides are taken as they are:
 * the ranges of the schema guard what people write, not what a test sets.
 */
export function defaultConfig(overrides: ConfigOverrides = {}): Config {
  const defaults = configOf(new Map());
  return { ...defaults, ...overrides, limits: { ...defaults.limits, ...overrides.limits } };
}

/**
 * The defaults, and over them what was given for some options, as people write
 * it. Throws zod's error for a value that its option does not allow.
 */
export function configOf(given: ReadonlyMap<Option, unknown>): Config {
  const top: Record<string, unknown> = {};
  const limits: Record<string, unknown> = {};
  for (const option of OPTIONS) {
    const value = given.has(option) ? option.schema.parse(given.get(option)) : fresh(option);
    if (value !== undefined) (option.table === undefined ? top : limits)[fieldOf(option)] = value;
  }
  // Every option is there, as its schema allows it: TOP_OPTIONS and LIMIT_OPTIONS are the type.
  return { ...top, limits } as Config;
}

/** The default, which no two configurations share. */
function fresh({ fallback }: Option): unknown {
  return Array.isArray(fallback) ? [...fallback] : fallback;
}

/** The key of an option in the object that holds it. */
function fieldOf({ name, table }: Option): string {
  return table === undefined ? name : name.slice(table.length + 1);
}

/** The value that an option has in a configuration. */
function valueIn(option: Option, config: Config): unknown {
  const { table } = option;
  const holder: Readonly<Record<string, unknown>> = table === undefined ? config : config[table];
  return holder[fieldOf(option)];
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

/** Why some of these changes cannot be made while the broker runs, a sentence each. */
export function restartReasons(changes: readonly ConfigChange[]): string[] {
  const shown = (value: unknown): string => (value === undefined ? "none" : JSON.stringify(value));
  return changes.flatMap(({ option: { holds, key }, before, after }) =>
    holds !== undefined
      ? []
      : `Cannot change ${key} to ${shown(after)}: it needs a restart, and is ${shown(before)} until then`,
  );
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

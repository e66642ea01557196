/** Rules for some destinations, between the way people write them and the configuration. */

import { z } from "zod";
import {
  type DestinationRule,
  formatDuration,
  formatSize,
  RULE_OPTIONS,
  type RuleOption,
} from "../config.ts";
import { didYouMean } from "./nearest.ts";
import { showValue } from "./show_value.ts";

/** Where mistakes go, and how they name the place. */
export interface RuleReading {
  /** `--destination`, `STOMPBOX_DESTINATIONS`, `destinations in stompbox.toml`. */
  readonly label: string;
  /** Gets a sentence for each mistake. */
  readonly mistakes: string[];
}

/** The rules that a variable holds: one on each line, or separated by semicolons. */
export function splitRules(text: string): string[] {
  return text
    .split(/[;\n]/)
    .map((rule) => rule.trim())
    .filter((rule) => rule !== "");
}

/**
 * Rules as the schema takes them, from tables of a file or from texts such as
 * `/queue/orders.> max-deliveries=3 redelivery-delay=1s`. What cannot be used
 * is told and left out; whether a pattern is one is for the schema to say.
 */
export function readRules(value: unknown, reading: RuleReading): unknown[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.flatMap((item) => {
    const table =
      typeof item === "string" ? tableOf(item, reading) : tableSchema().safeParse(item).data;
    if (table === undefined) {
      tell(reading, `Cannot use ${showValue(item)} as a rule: expected ${RULE_FORM}`);
      return [];
    }
    return readRule(table, reading);
  });
}

/** A rule as lines of TOML that {@link readRules} reads back. */
export function ruleLines(rule: DestinationRule): string[] {
  const lines = [`match = ${JSON.stringify(rule.match)}`];
  for (const { key, name, option } of RULE_OPTIONS) {
    const value = rule[name];
    if (value === undefined) continue;
    const reading = valueReading(option, value);
    lines.push(`${key} = ${JSON.stringify(value)}${reading === undefined ? "" : `  # ${reading}`}`);
  }
  return lines;
}

/** A number as a person would write it, when that is something else. */
export function valueReading(
  { kind }: Pick<RuleOption["option"], "kind">,
  value: unknown,
): string | undefined {
  if (typeof value !== "number") return undefined;
  if (kind !== "size" && kind !== "duration") return undefined;
  const text = kind === "size" ? formatSize(value) : formatDuration(value);
  return text === String(value) ? undefined : text;
}

const RULE_FORM = 'a pattern and what differs for it, such as "/queue/orders.> max-deliveries=3"';
const BY_KEY: ReadonlyMap<string, RuleOption> = new Map(
  RULE_OPTIONS.map((option) => [option.key, option]),
);
const KEYS: readonly string[] = ["match", ...BY_KEY.keys()];
const tableSchema = () => z.record(z.string(), z.unknown());

function tell({ label, mistakes }: RuleReading, sentence: string): void {
  mistakes.push(`${sentence} (${label})`);
}

function tableOf(text: string, reading: RuleReading): Record<string, unknown> {
  const [match = "", ...words] = text.trim().split(/\s+/);
  const table: Record<string, unknown> = { match };
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals > 0) table[word.slice(0, equals)] = word.slice(equals + 1);
    else {
      const where = `${showValue(word)} in ${showValue(text)}`;
      tell(reading, `Cannot use ${where}: expected KEY=VALUE, such as max-deliveries=3`);
    }
  }
  return table;
}

function readRule(table: Readonly<Record<string, unknown>>, reading: RuleReading): unknown[] {
  const { match, ...keys } = table;
  if (typeof match !== "string") {
    const seen = match === undefined ? "" : ` ${showValue(match)} as match of`;
    const without = match === undefined ? " without match" : "";
    const sentence = `Cannot use${seen} a rule${without}: expected a path such as "/queue/orders.>"`;
    tell(reading, sentence);
  }
  const of = typeof match === "string" ? JSON.stringify(match) : "a rule";
  const rule: Record<string, unknown> = { match };
  for (const [key, value] of Object.entries(keys)) {
    const found = BY_KEY.get(key);
    if (found === undefined) {
      const hint = hintFor(key);
      tell(reading, `Unknown key ${JSON.stringify(key)} of ${of}: ${hint}`);
    } else if (found.option.schema.safeParse(value).success) {
      rule[found.name] = value;
    } else {
      const { allowed } = found.option;
      tell(reading, `Cannot use ${showValue(value)} as ${key} of ${of}: expected ${allowed}`);
    }
  }
  if (Object.keys(keys).length === 0) {
    const known = [...BY_KEY.keys()].join(", ");
    tell(reading, `Cannot use a rule for ${of} that says nothing: expected any of ${known}`);
  }
  return typeof match === "string" ? [rule] : [];
}

/** What somebody meant: most likely the key that says at the top what they want to say here. */
function hintFor(key: string): string {
  const meant = RULE_OPTIONS.find(({ option }) => option.key === key);
  if (meant !== undefined) return `did you mean ${meant.key}?`;
  return didYouMean(key, KEYS, { otherwise: `expected one of ${KEYS.join(", ")}` });
}

/** Puts the configuration together: flag before environment before file before default. */

import { dirname, extname } from "node:path";
import { z } from "zod";
import { type Config, configOf, contradictions, type Option, OPTIONS } from "../config.ts";
import { CLIENT_VARIABLES } from "./client_variables.ts";
import { readRules, splitRules } from "./destination_rules.ts";
import { reasonOf } from "./file_failure.ts";
import { didYouMean } from "./nearest.ts";
import type { Arguments } from "./parse_arguments.ts";
import { showValue } from "./show_value.ts";
import type { Terminal } from "./terminal.ts";

/** Where a value came from. */
export interface Origin {
  readonly from: "flag" | "environment" | "file" | "default";
  /** The flag, the variable or the file; empty for a default. */
  readonly name: string;
}

/** A valid configuration, and where each value came from, by name of the option. */
export interface Settings {
  readonly config: Config;
  readonly origins: ReadonlyMap<string, Origin>;
  /** The file that was read, if one was. */
  readonly configFile: string | undefined;
}

/** Settings, or else every mistake that was found. */
export type SettingsResult =
  | { readonly settings: Settings }
  | {
      readonly mistakes: readonly string[];
      /** What is right beside them; an option without an origin is not. */
      readonly rest: Settings;
    };

/** Reads flags, environment and file, checks every value of each, and lists all mistakes at once. */
export function loadSettings(given: Arguments, terminal: Terminal): SettingsResult {
  const mistakes = [...given.mistakes];
  const environment = readEnvironment(terminal.env, mistakes);
  const configFile = given.configFile ?? environment.configFile;
  const layers = [
    ...(configFile === undefined ? [] : [readFileLayer(configFile, { terminal, mistakes })]),
    environment.layer,
    flagLayer(given),
  ];

  const values = new Map<Option, unknown>();
  const origins = new Map<string, Origin>();
  const refused = new Set<string>();
  for (const layer of layers) {
    for (const { option, value: written, label, origin } of layer) {
      const value =
        option.kind === "rules"
          ? readRules(written, { label, mistakes })
          : option.name === "listen"
            ? listenValue(written)
            : written;
      const result = option.schema.safeParse(value);
      if (result.success) {
        values.set(option, value);
        origins.set(option.name, origin);
      } else {
        mistakes.push(...sentences({ option, value, label, error: result.error }));
        // The items that are right still count, so that what is wrong between them is told too.
        const hasItems = option.kind === "list" || option.kind === "rules";
        const rest = hasItems ? itemsLeft(value, result.error) : [];
        if (rest.length > 0) values.set(option, rest);
        else refused.add(option.name);
      }
    }
  }
  const config = configOf(values);
  for (const { options, text } of contradictions(config)) {
    if (!options.some((name) => refused.has(name))) mistakes.push(text);
  }
  if (config.static !== undefined && !terminal.isDirectory(config.static)) {
    mistakes.push(`Cannot serve ${JSON.stringify(config.static)} as static: expected a folder`);
  }
  if (config.portsFile !== undefined && !terminal.isDirectory(dirname(config.portsFile))) {
    const [file, folder] = [config.portsFile, dirname(config.portsFile)];
    mistakes.push(
      `Cannot write ${JSON.stringify(file)} as ports-file: there is no folder ${JSON.stringify(folder)}`,
    );
  }
  const settings = { config, origins, configFile };
  return mistakes.length > 0 ? { mistakes: firstOf(mistakes), rest: settings } : { settings };
}

/** Mistakes that are told one by one. */
const TOLD_MAX = 100;

function firstOf(mistakes: readonly string[]): readonly string[] {
  const more = mistakes.length - TOLD_MAX;
  return more <= 0 ? mistakes : [...mistakes.slice(0, TOLD_MAX), `And ${more} more mistakes`];
}

interface Setting {
  readonly option: Option;
  readonly value: unknown;
  /** How a sentence names the place: `--log`, `STOMPBOX_LOG`, `log in stompbox.toml`. */
  readonly label: string;
  readonly origin: Origin;
}

type Layer = readonly Setting[];

const TABLES: ReadonlySet<string> = new Set(
  OPTIONS.flatMap(({ table }) => (table === undefined ? [] : [table])),
);
const CONFIG_VARIABLE = "STOMPBOX_CONFIG";
/** What container platforms set for a service that happens to be called stompbox. */
const PLATFORM_VARIABLE =
  /^STOMPBOX_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP)(?:_(?:PROTO|PORT|ADDR))?)?|NAME|ENV_\w+)$/;

function flagLayer(given: Arguments): Layer {
  return [...given.values].flatMap(([name, value]): Layer => {
    const option = OPTIONS.find((each) => each.name === name);
    if (option === undefined) return [];
    const origin = { from: "flag", name: option.flag } as const;
    return [{ option, value, label: option.flag, origin }];
  });
}

function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  mistakes: string[],
): { layer: Layer; configFile: string | undefined } {
  const layer: Setting[] = [];
  let configFile: string | undefined;
  for (const [name, text = ""] of Object.entries(env)) {
    // A variable set to nothing is how a compose file leaves one out.
    if (!name.startsWith("STOMPBOX_") || text === "" || CLIENT_VARIABLES.has(name)) continue;
    const option = OPTIONS.find(({ variable }) => variable === name);
    if (name === CONFIG_VARIABLE) configFile = text;
    else if (option !== undefined) {
      layer.push({
        option,
        value: valueOf(option, text),
        label: name,
        origin: { from: "environment", name },
      });
    } else if (!PLATFORM_VARIABLE.test(name)) {
      const known = [...OPTIONS.map(({ variable }) => variable), CONFIG_VARIABLE];
      const hint = didYouMean(name, known, { otherwise: "see stompbox help options" });
      mistakes.push(`Unknown variable ${JSON.stringify(name)}: ${hint}`);
    }
  }
  return { layer, configFile };
}

function valueOf({ kind }: Option, text: string): string | string[] {
  if (kind === "rules") return splitRules(text);
  return kind === "list" ? splitList(text) : text;
}

/** Listeners with `http:` read as `ws:`, since a listener's page is what people know it by. */
function listenValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(listenValue);
  return typeof value === "string" ? value.replace(/^\s*http:/i, "ws:") : value;
}

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** Of {@link TOML_SIGNS} in one file. */
const TOML_SIGNS_MAX = 16_384;
/** What separates keys, tables and their parts. */
const TOML_SIGNS = /[=[.]/g;

/** Bun's parser takes time that grows with the square of the number of keys: a minute for 1 MiB of them. */
function parseToml(text: string): unknown {
  const signs = text.match(TOML_SIGNS)?.length ?? 0;
  if (signs > TOML_SIGNS_MAX) {
    throw new Error(
      `too many keys, tables or parts of them: expected at most ${TOML_SIGNS_MAX} of "=", "[" and "."`,
    );
  }
  return Bun.TOML.parse(text);
}

const PARSERS: ReadonlyMap<string, (text: string) => unknown> = new Map([
  [".toml", parseToml],
  [".yaml", (text: string): unknown => Bun.YAML.parse(text)],
  [".yml", (text: string): unknown => Bun.YAML.parse(text)],
  [".json", (text: string): unknown => JSON.parse(text)],
]);

interface FileReading {
  readonly terminal: Terminal;
  readonly mistakes: string[];
}

/** The keys and values of a file; none, and a mistake, where it cannot be read as such. */
function readEntries(path: string, { terminal, mistakes }: FileReading): Entries {
  const name = JSON.stringify(path);
  const parse = PARSERS.get(extname(path).toLowerCase());
  if (parse === undefined) {
    mistakes.push(`Cannot read ${name}: expected a file that ends in .toml, .yaml, .yml or .json`);
    return [];
  }
  let content: unknown;
  let text: string | undefined;
  try {
    text = terminal.readText(path).replace(/^\ufeff/, "");
    content = parse(text);
  } catch (error) {
    const place = text === undefined ? undefined : failingLine(text, parse);
    const where = place === undefined ? "" : `, in line ${place} or below`;
    mistakes.push(`Cannot read ${name}: ${reasonOf(error)}${where}`);
    return [];
  }
  // A YAML file of comments alone holds null, and means nothing by it.
  const isEmpty =
    content === null && text.split("\n").every((line) => /^\s*(?:#.*|---|\.\.\.)?\s*$/.test(line));
  const root = entriesOf(isEmpty ? {} : content);
  if (root === undefined) {
    mistakes.push(`Cannot read ${name}: expected keys and values, found ${showValue(content)}`);
    return [];
  }
  return root;
}

function readFileLayer(path: string, reading: FileReading): Layer {
  const { mistakes } = reading;
  const layer: Setting[] = [];
  let unknown = 0;
  const take = (key: string, value: unknown): void => {
    const option = OPTIONS.find((each) => each.key === key);
    if (option === undefined) {
      if (++unknown > UNKNOWN_MAX) return;
      const known = OPTIONS.map((each) => each.key);
      const hint = didYouMean(key, known, { otherwise: "see stompbox help options" });
      mistakes.push(`Unknown key ${JSON.stringify(key)} in ${path}: ${hint}`);
      return;
    }
    const origin = { from: "file", name: path } as const;
    layer.push({ option, value, label: `${key} in ${path}`, origin });
  };
  for (const [key, value] of readEntries(path, reading)) {
    if (!TABLES.has(key)) {
      take(key, value);
      continue;
    }
    const table = entriesOf(value ?? {});
    if (table === undefined) {
      mistakes.push(
        `Cannot use ${showValue(value)} as ${key} in ${path}: expected keys and values`,
      );
      continue;
    }
    for (const [inner, given] of table) take(`${key}.${inner}`, given);
  }
  if (unknown > UNKNOWN_MAX) {
    mistakes.push(`Unknown keys in ${path}: ${unknown - UNKNOWN_MAX} more of them`);
  }
  return layer;
}

/** Unknown keys of a file that are told one by one: to find what was meant takes time. */
const UNKNOWN_MAX = 50;

type Entries = readonly (readonly [key: string, value: unknown])[];

/** The entries of a table; undefined for anything else. */
function entriesOf(content: unknown): Entries | undefined {
  const isTable = z.record(z.string(), z.unknown()).safeParse(content).success;
  // Not what the schema answers: that has lost a key named __proto__.
  return isTable && content instanceof Object ? Object.entries(content) : undefined;
}

/** Lines of a file that are tried one by one, and characters of all these tries. */
const TRIED_LINES_MAX = 1000;
const TRIED_LENGTH_MAX = 8 * 1024 ** 2;

/**
 * The line from which on a text cannot be parsed, since no parser here tells:
 * the one after its longest beginning that can. Undefined when there is none.
 */
function failingLine(text: string, parse: (text: string) => unknown): number | undefined {
  const lines = text.split("\n");
  if (lines.length > TRIED_LINES_MAX) return undefined;
  let tried = 0;
  for (let count = lines.length - 1; count > 0; count--) {
    const beginning = lines.slice(0, count).join("\n");
    tried += beginning.length;
    if (tried > TRIED_LENGTH_MAX) return undefined;
    try {
      parse(beginning);
      return count + 1;
    } catch {
      // Then it is a line above.
    }
  }
  return undefined;
}

function itemsLeft(value: unknown, error: z.ZodError): unknown[] {
  if (!Array.isArray(value)) return [];
  const refused = new Set(error.issues.map((issue) => issue.path[0]));
  return value.filter((_, index) => !refused.has(index));
}

function sentences(refusal: {
  readonly option: Option;
  readonly value: unknown;
  readonly label: string;
  readonly error: z.ZodError;
}): string[] {
  const { option, value, label, error } = refusal;
  const told = error.issues.map((issue) => {
    const [index] = issue.path;
    const seen = Array.isArray(value) && typeof index === "number" ? value[index] : value;
    // A schema that speaks for itself knows more than the general rule.
    return issue.code === "custom"
      ? `${issue.message} (${label})`
      : `Cannot use ${showValue(seen)} as ${label}: expected ${option.allowed}`;
  });
  return [...new Set(told)];
}

/** `stompbox check`. */

import { DEFAULT_LISTEN, OPTIONS, type Option } from "../config.ts";
import { defineCommand, EXIT, NONE, reportMistakes } from "./command.ts";
import { ruleLines, valueReading } from "./destination_rules.ts";
import { loadSettings, type Origin, type Settings } from "./settings.ts";

/** Validates the configuration and prints it, each value with its origin. */
export const checkCommand = defineCommand({
  name: "check",
  summary: "validate the configuration and print it",
  group: "broker",
  takesConfig: true,
  operands: NONE,
  options: NONE,
  shared: NONE,
  examples: [
    { line: "stompbox check", about: "every value in force, and where it comes from" },
    { line: "stompbox check --log debug --max-deliveries 3", about: "what these options give" },
  ],
  run: ({ terminal, given }) => {
    const result = loadSettings(given, terminal);
    if ("mistakes" in result) return reportMistakes(terminal, result.mistakes);
    terminal.out.write(settingsText(result.settings));
    return EXIT.ok;
  },
});

/**
 * The effective configuration as TOML that `--config` reads back, the origin
 * of each value behind it.
 */
export function settingsText({ config, origins }: Settings): string {
  const lines: string[] = [];
  let table: string | undefined;
  const rules: string[] = [];
  for (const option of OPTIONS) {
    if (option.kind === "rules" && config.destinations.length > 0) {
      // TOML wants them behind everything at the top.
      const head = `[[${option.key}]]  # ${originText(origins.get(option.name))}`;
      rules.push(...config.destinations.flatMap((rule) => ["", head, ...ruleLines(rule)]));
      continue;
    }
    if (option.table !== table) {
      table = option.table;
      lines.push("", `[${table}]`);
    }
    const key = table === undefined ? option.key : option.key.slice(table.length + 1);
    const value = effectiveValue(option, config);
    const origin = originText(origins.get(option.name));
    const reading = valueReading(option, value);
    const note = reading === undefined ? origin : `${reading}, ${origin}`;
    lines.push(
      value === undefined
        ? `# ${key} is not set`
        : // JSON's strings, numbers, booleans and lists of strings are TOML's.
          `${key} = ${JSON.stringify(value)}  # ${note}`,
    );
  }
  return `${[...lines, ...rules].join("\n")}\n`;
}

function effectiveValue({ name, table }: Option, config: Settings["config"]): unknown {
  if (name === "listen" && config.listen.length === 0) return DEFAULT_LISTEN;
  const holder: Readonly<Record<string, unknown>> = table === undefined ? config : config[table];
  return holder[table === undefined ? name : name.slice(table.length + 1)];
}

function originText(origin: Origin | undefined): string {
  if (origin === undefined) return "default";
  return origin.from === "file"
    ? `file ${JSON.stringify(origin.name)}`
    : `${origin.from} ${origin.name}`;
}

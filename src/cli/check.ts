/** `stompbox check`. */

import { DEFAULT_LISTEN, formatDuration, formatSize, OPTIONS, type Option } from "../config.ts";
import { type Command, EXIT, reportMistakes } from "./command.ts";
import { loadSettings, type Origin, type Settings } from "./settings.ts";

/** Validates the configuration and prints it, each value with its origin. */
export const checkCommand: Command = {
  name: "check",
  summary: "validate the configuration and print it",
  run: ({ terminal, given }) => {
    const result = loadSettings(given, terminal);
    if ("mistakes" in result) return reportMistakes(terminal, result.mistakes);
    terminal.out.write(settingsText(result.settings));
    return EXIT.ok;
  },
};

/**
 * The effective configuration as TOML that `--config` reads back, the origin
 * of each value behind it.
 */
export function settingsText({ config, origins }: Settings): string {
  const lines: string[] = [];
  let table: string | undefined;
  for (const option of OPTIONS) {
    if (option.table !== table) {
      table = option.table;
      lines.push("", `[${table}]`);
    }
    const key = table === undefined ? option.key : option.key.slice(table.length + 1);
    const value = effectiveValue(option, config);
    const origin = originText(origins.get(option.name));
    const reading = readingOf(option, value);
    const note = reading === undefined ? origin : `${reading}, ${origin}`;
    lines.push(
      value === undefined
        ? `# ${key} is not set`
        : // JSON's strings, numbers, booleans and lists of strings are TOML's.
          `${key} = ${JSON.stringify(value)}  # ${note}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function effectiveValue({ name, table }: Option, config: Settings["config"]): unknown {
  if (name === "listen" && config.listen.length === 0) return DEFAULT_LISTEN;
  const holder: Readonly<Record<string, unknown>> = table === undefined ? config : config[table];
  return holder[table === undefined ? name : name.slice(table.length + 1)];
}

/** A number as a person would write it, when that is something else. */
function readingOf({ kind }: Option, value: unknown): string | undefined {
  if (typeof value !== "number") return undefined;
  if (kind !== "size" && kind !== "duration") return undefined;
  const text = kind === "size" ? formatSize(value) : formatDuration(value);
  return text === String(value) ? undefined : text;
}

function originText(origin: Origin | undefined): string {
  if (origin === undefined) return "default";
  return origin.from === "file"
    ? `file ${JSON.stringify(origin.name)}`
    : `${origin.from} ${origin.name}`;
}

/** `stompbox help`, `stompbox help options`. */

import {
  DEFAULT_LISTEN,
  formatDuration,
  formatSize,
  type Option,
  OPTIONS,
  RULE_OPTIONS,
} from "../config.ts";
import { type Command, EXIT } from "./command.ts";

/** Prints the help that fits a screen, or with `options` the list of all options. */
export const helpCommand: Command = {
  name: "help",
  summary: 'print this; "help options" lists every option',
  operands: ["options"],
  run: ({ terminal, given, commands }) => {
    terminal.out.write(given.operands.includes("options") ? optionsText() : helpText(commands));
    return EXIT.ok;
  },
};

/** The options that most people need, in the order of the help. */
const COMMON: readonly (readonly [name: string, summary: string])[] = [
  ["listen", "where to listen, again for more: ws://… or tcp://…"],
  ["allowAnonymous", "allow listening beyond this machine"],
  ["allowOrigin", "accept pages of this origin"],
  ["static", "serve your own pages at /"],
  ["portsFile", "write the real ports there once listening"],
  ["log", "least level logged: debug, info, warn or error"],
  ["quiet", "no banner, a short log"],
];

/** The help: at most 24 lines of 80 columns, what happens without any option first. */
export function helpText(commands: readonly Command[]): string {
  const byName = new Map(OPTIONS.map((option) => [option.name, option]));
  const lines = COMMON.flatMap(([name, summary]) => {
    const option = byName.get(name);
    return option === undefined ? [] : [row(usageOf(option), summary)];
  });
  const [web = "", stomp = ""] = DEFAULT_LISTEN;
  return `${[
    "Usage: stompbox [COMMAND] [OPTION]...",
    "",
    `Without --listen: ${web} (its pages: ${web.replace(/^ws/, "http")}/)`,
    `and ${stomp}. An example, this folder and a broker on one port:`,
    "  stompbox --listen ws://localhost:8080 --static .",
    "",
    ...commands.map(({ name, summary }) => row(name, summary)),
    "",
    ...lines,
    row("--config FILE", "read options from a .toml, .yaml or .json file"),
    row("--help, --version", "print this; print the version"),
    "",
    "Every option is also a variable: --allow-origin is STOMPBOX_ALLOW_ORIGIN.",
  ]
    .map((line) => line.trimEnd())
    .join("\n")}\n`;
}

/** Every option with its names, default, range and purpose. */
export function optionsText(): string {
  const entries = OPTIONS.map((option) =>
    [
      usageOf(option),
      `    ${option.description}`,
      `    Allowed: ${option.allowed}. Default: ${fallbackText(option)}. ${option.variable}`,
    ].join("\n"),
  );
  const rules = RULE_OPTIONS.map(({ key, option }) => `    ${key.padEnd(22)} as ${option.flag}`);
  return `${[
    "Flag before environment before file before default. In a file the key is the flag",
    "without --, and what follows a dot stands in a table: frame-bytes-max in [limits].",
    "Lists: repeat the flag, separate by commas in the environment. A switch is turned",
    "off by --no-NAME. In a file a rule for some destinations is a table [[destinations]] with",
    "the pattern as match; in the environment a semicolon or a line end stands between rules.",
    "",
    ...entries,
    "The keys of a --destination RULE, and the option that says the same for all others:",
    ...rules,
    "--config FILE",
    "    Read options from a file that ends in .toml, .yaml, .yml or .json. STOMPBOX_CONFIG",
  ].join("\n")}\n`;
}

function usageOf({ flag, placeholder }: Option): string {
  return placeholder.includes("|") || placeholder === ""
    ? `${flag} ${placeholder === "" ? "" : "NAME"}`.trimEnd()
    : `${flag} ${placeholder}`;
}

function row(left: string, right: string): string {
  return `  ${left.padEnd(22)}${right}`;
}

/** The value of an option that nobody gives one, as a person writes it. */
export function fallbackText({ fallback, kind, name }: Option): string {
  if (fallback === undefined) return "none";
  if (name === "listen") return DEFAULT_LISTEN.join(", ");
  if (Array.isArray(fallback)) return fallback.length === 0 ? "none" : fallback.join(", ");
  if (kind === "size" && typeof fallback === "number") return formatSize(fallback);
  if (kind === "duration" && typeof fallback === "number") return formatDuration(fallback);
  return String(fallback);
}

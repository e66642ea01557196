/** `stompbox help`, and the topics that it knows. */

import {
  DEFAULT_LISTEN,
  formatDuration,
  formatSize,
  type Option,
  OPTIONS,
  RULE_OPTIONS,
} from "../config.ts";
import { type Command, type CommandGroup, defineCommand, EXIT, NONE, usageOf } from "./command.ts";
import { COMMON, commandHelpText, optionUsage, placeholderOf } from "./command_help.ts";
import { optionalOperand, optionsOf } from "./command_option.ts";
import { CONNECTION } from "./connection_options.ts";
import { HELP_TOPIC_NAMES, type HelpTopic } from "./help_topics.ts";
import { didYouMean } from "./nearest.ts";

const TOPICS: Readonly<Record<HelpTopic, (commands: readonly Command[]) => string>> = {
  all: allText,
  connection: connectionText,
  options: optionsText,
};

/** Prints the help that fits a screen, or that of a command or topic. */
export const helpCommand = defineCommand({
  name: "help",
  summary: 'print this, or the help of a command; "help options" lists every option',
  group: "help",
  operands: {
    topic: optionalOperand({
      placeholder: "TOPIC",
      description: "a command, or one of all, connection, options",
      completion: "topic",
    }),
  },
  options: NONE,
  shared: NONE,
  examples: [
    { line: "stompbox help all", about: "every command, and an example for each" },
    { line: "stompbox help options", about: "every option of the broker" },
    { line: "stompbox help connection", about: "how the other commands find a broker" },
  ],
  contradictions: ({ operands: { topic } }, { commands }) => {
    const known = [...HELP_TOPIC_NAMES, ...commands.map(({ name }) => name)];
    if (topic === undefined || known.includes(topic)) return [];
    const otherwise = `expected one of ${known.join(", ")}`;
    return [`Unexpected ${JSON.stringify(topic)}: ${didYouMean(topic, known, { otherwise })}`];
  },
  run: ({ terminal, commands }, { operands: { topic } }) => {
    const command = commands.find(({ name }) => name === topic);
    const known = HELP_TOPIC_NAMES.find((name) => name === topic);
    const topicText = known === undefined ? helpText : TOPICS[known];
    terminal.out.write(command === undefined ? topicText(commands) : commandHelpText(command));
    return EXIT.ok;
  },
});

const GROUPS: readonly CommandGroup[] = ["broker", "messages", "look", "help"];

/** The help: at most 24 lines of 80 columns, what happens without any option first. */
export function helpText(commands: readonly Command[]): string {
  const byName = new Map(OPTIONS.map((option) => [option.name, option]));
  const lines = COMMON.flatMap(([name, summary]) => {
    const option = byName.get(name);
    return option === undefined ? [] : [row(flagUsage(option), summary)];
  });
  const [web = "", stomp = ""] = DEFAULT_LISTEN;
  const names = (group: CommandGroup): string[] =>
    commands
      .filter((command) => command.group === group)
      .map(({ name }, index) => (group === "broker" && index === 0 ? `${name} (default)` : name));
  return `${[
    "Usage: stompbox [COMMAND] [OPTION]...",
    "",
    `Without --listen: ${web} (its pages: ${web.replace(/^ws/, "http")}/)`,
    `and ${stomp}. An example, this folder and a broker on one port:`,
    "  stompbox --listen ws://localhost:8080 --static .",
    "",
    ...GROUPS.filter((group) => names(group).length > 0).map(
      (group) => `  ${group.padEnd(10)}${names(group).join(", ")}`,
    ),
    '"stompbox COMMAND --help" begins with an example, "help all" tells of each.',
    "",
    ...lines,
    row("--config FILE", "read options from a .toml, .yaml or .json file"),
    row("--help, --version", "print this; print the version"),
    "",
    '"help options" has them all; --allow-origin is also STOMPBOX_ALLOW_ORIGIN.',
  ]
    .map((line) => line.trimEnd())
    .join("\n")}\n`;
}

/** Every command with its purpose and its first example. */
function allText(commands: readonly Command[]): string {
  const entries = commands.map((command) => {
    const [example] = command.examples;
    const lines = [usageOf(command), `    ${command.summary}`];
    return example === undefined ? lines : [...lines, `    $ ${example.line}`];
  });
  return `${entries.flat().join("\n")}\n`;
}

/** How commands that need a broker find it, and who they are to it. */
function connectionText(): string {
  const options = optionsOf(CONNECTION);
  const width = Math.max(...options.map((option) => optionUsage(option).length)) + 2;
  return `${[
    "Commands that need a broker take these options, whatever the broker:",
    "",
    ...options.map((option) => {
      const variable = option.variable === undefined ? "" : ` (${option.variable})`;
      return `  ${optionUsage(option).padEnd(width)}${option.description}${variable}`;
    }),
    "",
    "  ws://HOST[:PORT][/PATH]   STOMP over WebSocket; or http://",
    "  wss://HOST[:PORT][/PATH]  the same over TLS; or https://",
    "  tcp://HOST[:PORT]         STOMP over TCP; or stomp://",
    "  ssl://HOST[:PORT]         the same over TLS; or tls://, stomp+ssl://",
    "",
    "Without a port: ws 61614 on this machine and 80 elsewhere, wss 443, tcp 61613,",
    "ssl 61612. A login may stand in the URL, as in tcp://LOGIN:PASSCODE@HOST. Others",
    "may see command lines: a passcode is best left to STOMPBOX_PASSCODE.",
  ].join("\n")}\n`;
}

/** Every option with its names, default, range and purpose. */
export function optionsText(): string {
  const entries = OPTIONS.map((option) =>
    [
      flagUsage(option),
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

function flagUsage({ flag, placeholder }: Option): string {
  return `${flag} ${placeholderOf(placeholder)}`.trimEnd();
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

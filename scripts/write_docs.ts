/**
 * Writes the documents that follow from a table in the code: docs/headers.md
 * from the table of header spellings, docs/configuration.md from the schema of
 * the configuration, docs/api.md from the table of calls, docs/command_line.md
 * from the table of commands. Run it after changing
 * any of them; a test compares.
 */

import { join } from "node:path";
import { fallbackText } from "../src/cli/help.ts";
import { OPTIONS, RULE_OPTIONS, type Option } from "../src/config.ts";
import {
  DESTINATION_PREFIXES,
  DIALECT_HEADERS,
  type Dialect,
  type DialectFrame,
  type DialectHeader,
} from "../src/session/dialect.ts";
import { apiText } from "./api_document.ts";
import { commandLineText } from "./command_line_document.ts";
import { code, document, fenced, GENERATED, table } from "./markdown.ts";

/** A document that is generated. */
export interface WrittenDocument {
  /** Absolute path of the file. */
  readonly path: string;
  readonly text: string;
}

/** Every generated document, as it should be on disk. */
export function writtenDocuments(): WrittenDocument[] {
  const folder = join(import.meta.dir, "../docs");
  return [
    { path: join(folder, "headers.md"), text: headersText() },
    { path: join(folder, "configuration.md"), text: configurationText() },
    { path: join(folder, "api.md"), text: apiText() },
    { path: join(folder, "command_line.md"), text: commandLineText() },
  ];
}

const DIALECTS: readonly Dialect[] = [
  "STOMP",
  "ActiveMQ",
  "Artemis",
  "RabbitMQ",
  "Apollo",
  "stompbox",
];

const FRAMES: readonly { readonly frame: DialectFrame; readonly about: string }[] = [
  {
    frame: "SEND",
    about:
      "Headers that are not in this table go to the receivers unchanged and in order. Of repeated " +
      "headers the first counts.",
  },
  {
    frame: "SUBSCRIBE",
    about: "`id`, `destination` and `ack` are as in the specification. Others have no effect.",
  },
  {
    frame: "UNSUBSCRIBE",
    about:
      "Without one of these a durable subscription stays, and gathers messages until its subscriber " +
      "is back.",
  },
  { frame: "NACK", about: "Which delivery is meant is as in the specification." },
];

function headersText(): string {
  return document([
    GENERATED,
    "# Headers",
    "stompbox understands the headers of several brokers at once. The first table of each section " +
      "says how each broker spells an option, the second what stompbox makes of a spelling. Where " +
      "two spellings of one option come on one frame, the first counts.",
    ...FRAMES.flatMap(({ frame, about }) => frameSection(frame, about)),
    "## Prefixes of destinations",
    "Other brokers' spellings of a destination's prefix mean the same as stompbox's own.",
    table(
      ["spelling", "means", "example"],
      DESTINATION_PREFIXES.map(({ from, to }) => [
        code(from),
        code(to),
        `${code(`${from}orders`)} is ${code(`${to}orders`)}`,
      ]),
    ),
  ]);
}

function frameSection(frame: DialectFrame, about: string): string[] {
  const rows = DIALECT_HEADERS.filter((row) => row.frame === frame);
  if (rows.length === 0) return [];
  const dialects = DIALECTS.filter(
    (dialect) => dialect !== "STOMP" || rows.some(({ of }) => of.includes(dialect)),
  );
  const meanings = Map.groupBy(rows, ({ option }) => option);
  const takes = rows.some(({ taken }) => taken);
  return [
    `## ${frame}`,
    about,
    table(
      ["option", ...dialects],
      [...meanings].map(([option, headers]) => [
        option.replaceAll("-", " "),
        ...dialects.map((dialect) => spellings(headers, dialect)),
      ]),
    ),
    table(
      ["header", "meaning", "default", "example", ...(takes ? ["reaches receivers"] : [])],
      rows.map((row) => [
        code(row.spelling),
        row.note,
        row.fallback,
        code(row.example),
        ...(takes ? [row.taken ? "no" : "yes"] : []),
      ]),
    ),
  ];
}

function spellings(headers: readonly DialectHeader[], dialect: Dialect): string {
  return headers
    .filter(({ of }) => of.includes(dialect))
    .map(({ spelling }) => code(spelling))
    .join(", ");
}

function configurationText(): string {
  const top = OPTIONS.filter((option) => option.table === undefined);
  const limits = OPTIONS.filter((option) => option.table === "limits");
  return document([
    GENERATED,
    "# Configuration",
    "Every option is a flag, a variable of the environment, and a key of a file that `--config` " +
      "or `STOMPBOX_CONFIG` names: TOML, YAML or JSON, by its extension. A flag wins over a " +
      "variable, that over the file, that over the default. `stompbox check` prints what is in " +
      "force and where each value comes from, or all mistakes at once.",
    "The key is the flag without `--`. A list is a flag that is repeated, a variable with commas " +
      "between its items, a list in a file; a later source replaces it whole. A switch is turned " +
      "off by `--no-NAME`.",
    "## While the broker runs",
    "SIGHUP has the broker read its configuration again (`kill -HUP PID`; not on Windows). With " +
      "`--watch` it does so by itself when the file has changed, within half a second: written in " +
      "place, replaced by another of its name, or reached by a link that was swapped, as Kubernetes " +
      "does with a mounted ConfigMap. Flags and variables stay as they were at the start, and win " +
      "as ever. The file is a regular one of at most 1 MiB; a pipe or a device is refused.",
    "The new configuration holds as a whole or not at all. What is wrong with it, or needs a " +
      "restart, the log says with every reason, whatever its level, and the one before stays in " +
      "force. No connection is closed for it and no message is dropped: what is there already may " +
      "be more than a new limit allows, and a page that an origin rule would now turn away stays " +
      "connected. The last column of the tables below says for what a change holds.",
    fenced("text", [
      "info  Configuration reloaded: log debug (was info), limits.frame-bytes-max 8MiB (was 4MiB)",
      'error Configuration not reloaded, the old one stays: Cannot use "loud" as log in stompbox.toml: expected debug | info | warn | error',
    ]),
    "With `--watch` the pages of the `--static` folder reload when files in it change. HTML files " +
      "of up to 1 MiB are served with a small module script before `</body>` for that, or before the " +
      "first `<base href>`; nothing else of them is changed, and without `--watch` nothing at all. When only style sheets have changed that a " +
      "page links, they are replaced without loading the page again. Files and folders that begin " +
      "with a dot do not count. While a page is gone, as when all are built anew, it stays as it was, " +
      "and reloads when it is back. Pages that were away, also over a restart of the broker, reload " +
      "when they are back. A page whose policy (CSP) forbids the script stays as it is.",
    "## Options",
    optionTable(top),
    "## Rules for some destinations",
    "A rule has a pattern and what differs for the destinations that it covers: `/queue/NAME` and " +
      "`/topic/NAME` with wildcards as in SUBSCRIBE, `/temp-queue/>`, `/temp-topic/>`. A rule for " +
      "topics holds for the queues of its durable subscriptions and of those that acknowledge.",
    fenced("toml", [
      "[[destinations]]",
      'match = "/queue/orders.>"',
      "max-deliveries = 3",
      'redelivery-delay = "1s"',
      "redelivery-multiplier = 2",
      'redelivery-delay-max = "1m"',
      "",
      "[[destinations]]",
      'match = "/queue/orders.urgent"',
      "redelivery-delay = 0",
    ]),
    "The same on the command line, and in the environment with a semicolon or the end of a line " +
      "between rules:",
    fenced("sh", [
      "stompbox --destination '/queue/orders.> max-deliveries=3 redelivery-delay=1s' \\",
      "         --destination '/queue/orders.urgent redelivery-delay=0'",
      "STOMPBOX_DESTINATIONS='/queue/a max-deliveries=3; /topic/b.* queue-messages-max=10' stompbox",
    ]),
    "Of the rules that cover a destination the most specific wins: the one with more literal " +
      "segments, and among equals the later. Rules are merged key by key, the less specific first: " +
      "above, `/queue/orders.urgent` has three deliveries too. What no rule says is as the option " +
      "for all destinations has it.",
    table(
      ["key", "what for", "allowed", "otherwise as"],
      [
        ["`match`", "The pattern.", 'a path such as "/queue/orders.>"', ""],
        ...RULE_OPTIONS.map(({ key, option }) => [
          code(key),
          option.description,
          option.allowed,
          code(option.flag),
        ]),
      ],
    ),
    "## Limits",
    "In a file they stand in a table: `frame-bytes-max` in `[limits]`.",
    optionTable(limits),
  ]);
}

function optionTable(options: readonly Option[]): string {
  return table(
    ["flag and variable", "what for", "allowed", "default", "a change holds"],
    options.map((option) => [
      `${code(option.flag)}<br>${code(option.variable)}`,
      option.description,
      option.allowed,
      fallbackText(option),
      option.holds ?? "after a restart",
    ]),
  );
}

if (import.meta.main) {
  for (const { path, text } of writtenDocuments()) await Bun.write(path, text);
}

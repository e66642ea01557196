/** Takes a command line apart. */

import { OPTIONS } from "../config.ts";
import type { CommandOption } from "./command_option.ts";
import { didYouMean } from "./nearest.ts";

/** A command line, taken apart; its values are not checked yet. */
export interface Arguments {
  /** The first word that is not a flag, nor the value of one. */
  readonly command: string | undefined;
  /** The other words. */
  readonly operands: readonly string[];
  /** What the flags gave, by name of the option. */
  readonly values: ReadonlyMap<string, string | boolean | readonly string[]>;
  /** The file of `--config`. */
  readonly configFile: string | undefined;
  readonly help: boolean;
  readonly version: boolean;
  /** Sentences about what could not be understood. */
  readonly mistakes: readonly string[];
}

/** What the parser needs to know of a command. */
export interface CommandFlags {
  readonly name: string;
  readonly options: readonly CommandOption[];
  readonly shared: readonly CommandOption[];
  /** Whether the options of the broker are its options. */
  readonly takesConfig: boolean;
}

/** What the parser knows of a flag. */
interface Flag {
  readonly name: string;
  readonly flag: string;
  /** Empty for a switch. */
  readonly placeholder: string;
  readonly repeats: boolean;
}

interface FlagTable {
  /** By every spelling but the negations. */
  readonly flags: ReadonlyMap<string, Flag>;
  /** Switches by the spelling that turns them off. */
  readonly negations: ReadonlyMap<string, Flag>;
  /** What to write instead of a flag that other programs have; undefined for any other. */
  readonly hint: (flag: string, value: string) => string | undefined;
  /** Where all flags are listed. */
  readonly otherwise: string;
}

const EVERYWHERE: readonly (readonly [spelling: string, name: string])[] = [
  ["--help", "--help"],
  ["-h", "--help"],
  ["--version", "--version"],
  ["-v", "--version"],
  ["-V", "--version"],
];

/** What other programs call the two halves of an address. */
const PORT_FLAG = /^(?:-p|--(?:(http|web|ws|websocket|stomp|tcp)-)?port)$/;
const HOST_FLAG = /^--(?:host|hostname|bind|address|ip)$/;

/** What to write instead of a port or host flag of a server. */
function listenHint(flag: string, value: string): string | undefined {
  const port = PORT_FLAG.exec(flag);
  if (port !== null) {
    const scheme = port[1] === "stomp" || port[1] === "tcp" ? "tcp" : "ws";
    return `use --listen ${scheme}://localhost:${/^\d{1,5}$/.test(value) ? value : "PORT"}`;
  }
  if (!HOST_FLAG.test(flag)) return undefined;
  const host = /^[\w.-]{1,253}$/.test(value) ? value : "HOST";
  return `use --listen ws://${host}:61614`;
}

/** What to write instead of a port or host flag of a client. */
function urlHint(flag: string, value: string): string | undefined {
  if (PORT_FLAG.test(flag)) {
    return `use --url tcp://localhost:${/^\d{1,5}$/.test(value) ? value : "PORT"}`;
  }
  if (!HOST_FLAG.test(flag)) return undefined;
  return `use --url tcp://${/^[\w.-]{1,253}$/.test(value) ? value : "HOST"}:61613`;
}

const CONFIG_TABLE: FlagTable = tableOf(
  [
    ...OPTIONS.map(({ name, flag, placeholder, kind }) => ({
      name,
      flag,
      placeholder: kind === "switch" ? "" : placeholder,
      repeats: kind === "list" || kind === "rules",
    })),
    { name: "--config", flag: "--config", placeholder: "FILE", repeats: false },
  ],
  { hint: listenHint, otherwise: "see stompbox help options" },
);

function commandTable(command: CommandFlags): FlagTable {
  if (command.takesConfig) return CONFIG_TABLE;
  const options = [...command.options, ...command.shared];
  return tableOf(
    options.map(({ name, flag, short, placeholder, kind }) => ({
      name,
      flag,
      short,
      placeholder: kind === "switch" ? "" : placeholder,
      repeats: kind === "list",
    })),
    {
      hint: options.some(({ flag }) => flag === "--url") ? urlHint : () => undefined,
      otherwise: `see stompbox ${command.name} --help`,
    },
  );
}

function tableOf(
  own: readonly (Flag & { readonly short?: string | undefined })[],
  rest: Pick<FlagTable, "hint" | "otherwise">,
): FlagTable {
  const flags = new Map<string, Flag>();
  const negations = new Map<string, Flag>();
  for (const [spelling, flag] of EVERYWHERE) {
    flags.set(spelling, { name: flag, flag, placeholder: "", repeats: false });
  }
  for (const { short, ...flag } of own) {
    flags.set(flag.flag, flag);
    if (short !== undefined) flags.set(short, flag);
    if (flag.placeholder === "") negations.set(`--no-${flag.flag.slice(2)}`, flag);
  }
  return { flags, negations, ...rest };
}

/**
 * Reads `--flag value`, `--flag=value`, `-f value`, `-fvalue`, `--switch`,
 * `--no-switch` and words, in any order; after `--` only words. Which flags
 * there are depends on the command, `commands` being those to choose from;
 * without a command they are those of the broker.
 */
export function parseArguments(
  argv: readonly string[],
  commands: readonly CommandFlags[] = [],
): Arguments {
  const command = commands.find(({ name }) => name === commandIn(argv, commands));
  return read(argv, command === undefined ? CONFIG_TABLE : commandTable(command));
}

/** The word that names the command: what a flag of any command takes is not it. */
function commandIn(argv: readonly string[], commands: readonly CommandFlags[]): string | undefined {
  const tables = [CONFIG_TABLE, ...commands.map(commandTable)];
  const flags = new Map(tables.flatMap((table) => [...table.flags]));
  const negations = new Map(tables.flatMap((table) => [...table.negations]));
  return read(argv, { ...CONFIG_TABLE, flags, negations }).command;
}

function read(argv: readonly string[], table: FlagTable): Arguments {
  const words: string[] = [];
  const mistakes: string[] = [];
  const values = new Map<string, string | boolean | readonly string[]>();

  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      words.push(...rest.splice(0));
      continue;
    }
    if (!word.startsWith("-") || word === "-") {
      words.push(word);
      continue;
    }
    const { spelling, inline } = splitFlag(word, table);
    const off = table.negations.get(spelling);
    if (off !== undefined && inline === undefined) {
      values.set(off.name, false);
      continue;
    }
    const flag = table.flags.get(spelling);
    if (flag === undefined) {
      // What follows an unknown flag is most likely its value, not a command.
      const follows = inline === undefined && rest[0] !== undefined && !rest[0].startsWith("-");
      const given = follows ? rest.shift() : inline;
      const known = [...table.flags.keys()].filter((each) => each.startsWith("--"));
      const hint =
        table.hint(spelling, given ?? "") ??
        didYouMean(spelling, known, { otherwise: table.otherwise });
      mistakes.push(`Unknown option ${JSON.stringify(spelling)}: ${hint}`);
      continue;
    }
    const { name, placeholder, repeats } = flag;
    if (placeholder === "") {
      values.set(name, inline ?? true);
      continue;
    }
    let value = inline;
    if (value === undefined) {
      const next = rest[0];
      if (next === undefined || next.startsWith("--")) {
        const expected = `expected ${flag.flag} ${placeholder}`;
        mistakes.push(`Cannot use ${spelling} without a value: ${expected}`);
        continue;
      }
      value = rest.shift() ?? "";
    }
    const earlier = values.get(name);
    if (!repeats) values.set(name, value);
    else values.set(name, Array.isArray(earlier) ? [...earlier, value] : [value]);
  }
  const [command, ...operands] = words;
  const configFile = values.get("--config");
  const help = values.get("--help") !== undefined;
  const version = values.get("--version") !== undefined;
  for (const name of ["--config", "--help", "--version"]) values.delete(name);
  return {
    command,
    operands,
    values,
    configFile: typeof configFile === "string" ? configFile : undefined,
    help,
    version,
    mistakes,
  };
}

/** Takes `--flag=value` and `-fvalue` apart. */
function splitFlag(
  word: string,
  { flags }: FlagTable,
): { readonly spelling: string; readonly inline: string | undefined } {
  const short = word.slice(0, 2);
  const glued = !word.startsWith("--") && word.length > 2 && flags.get(short)?.placeholder !== "";
  if (glued && flags.has(short)) {
    return { spelling: short, inline: word.slice(word[2] === "=" ? 3 : 2) };
  }
  const equals = word.indexOf("=");
  return equals < 0
    ? { spelling: word, inline: undefined }
    : { spelling: word.slice(0, equals), inline: word.slice(equals + 1) };
}

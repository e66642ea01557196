/** Takes a command line apart. */

import { OPTIONS, type Option } from "../config.ts";
import { didYouMean } from "./nearest.ts";

/** A command line, taken apart; its values are not checked yet. */
export interface Arguments {
  /** The first word that is not a flag. */
  readonly command: string | undefined;
  /** The words after it. */
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

const SHORT = new Map([
  ["-h", "--help"],
  ["-v", "--version"],
  ["-V", "--version"],
]);

/** What other servers call the two halves of a listener's address. */
const PORT_FLAG = /^(?:-p|--(?:(http|web|ws|websocket|stomp|tcp)-)?port)$/;
const HOST_FLAG = /^--(?:host|hostname|bind|address|ip)$/;

/** What to write instead of a port or host flag; undefined for any other flag. */
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

/** Reads `--flag value`, `--flag=value`, `--switch`, `--no-switch` and words, in any order; after `--` only words. */
export function parseArguments(argv: readonly string[]): Arguments {
  const words: string[] = [];
  const mistakes: string[] = [];
  const values = new Map<string, string | boolean | readonly string[]>();
  let configFile: string | undefined;
  let help = false;
  let version = false;

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
    const equals = word.indexOf("=");
    const written = equals < 0 ? word : word.slice(0, equals);
    const flag = SHORT.get(written) ?? written;
    const inline = equals < 0 ? undefined : word.slice(equals + 1);
    const value = (placeholder: string): string | undefined => {
      if (inline !== undefined) return inline;
      const next = rest[0];
      if (next === undefined || next.startsWith("--")) {
        mistakes.push(`Cannot use ${flag} without a value: expected ${flag} ${placeholder}`);
        return undefined;
      }
      return rest.shift();
    };

    if (flag === "--help") help = true;
    else if (flag === "--version") version = true;
    else if (flag === "--config") configFile = value("FILE") ?? configFile;
    else if (SWITCHED_OFF.has(flag) && inline === undefined) {
      values.set(SWITCHED_OFF.get(flag)?.name ?? "", false);
    } else {
      const option = BY_FLAG.get(flag);
      if (option === undefined) {
        // What follows an unknown flag is most likely its value, not a command.
        const follows = inline === undefined && rest[0] !== undefined && !rest[0].startsWith("-");
        const given = follows ? rest.shift() : inline;
        const hint =
          listenHint(flag, given ?? "") ??
          didYouMean(flag, FLAGS, { otherwise: "see stompbox help options" });
        mistakes.push(`Unknown option ${JSON.stringify(flag)}: ${hint}`);
      } else if (option.kind === "switch") {
        values.set(option.name, inline ?? true);
      } else {
        const text = value(option.placeholder);
        if (text === undefined) continue;
        const earlier = values.get(option.name);
        const repeats = option.kind === "list" || option.kind === "rules";
        if (!repeats) values.set(option.name, text);
        else values.set(option.name, Array.isArray(earlier) ? [...earlier, text] : [text]);
      }
    }
  }
  const [command, ...operands] = words;
  return { command, operands, values, configFile, help, version, mistakes };
}

const BY_FLAG: ReadonlyMap<string, Option> = new Map(
  OPTIONS.map((option) => [option.flag, option]),
);
const SWITCHED_OFF: ReadonlyMap<string, Option> = new Map(
  OPTIONS.filter((option) => option.kind === "switch").map((option) => [
    `--no-${option.key}`,
    option,
  ]),
);
const FLAGS: readonly string[] = [...BY_FLAG.keys(), "--config", "--help", "--version"];

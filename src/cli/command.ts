/** What a command of stompbox is, and how one is defined. */

import { z } from "zod";
import { visibleLines } from "../observe/visible_text.ts";
import {
  type CommandOperand,
  type CommandOption,
  operandsOf,
  optionsOf,
  type Shape,
  type ValuesOf,
} from "./command_option.ts";
import { didYouMean } from "./nearest.ts";
import type { Arguments } from "./parse_arguments.ts";
import { showValue } from "./show_value.ts";
import type { Terminal } from "./terminal.ts";

/** Exit codes: done; failed while running; used or configured wrongly; not done in time. */
export const EXIT = { ok: 0, failed: 1, misuse: 2, timedOut: 3 } as const;

/** One of the values of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What a command is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly given: Arguments;
  /** Every command there is, for those that list them. */
  readonly commands: readonly Command[];
}

/** A command line that works when it is pasted into a shell, beside a broker on the default ports. */
export interface Example {
  readonly line: string;
  /** What it does, to follow the line in the documentation. */
  readonly about: string;
  /** Lines that must have run before, or run beside it, each ending in `&`. */
  readonly needs?: readonly string[];
  /** Whether it goes on until Ctrl-C. */
  readonly endless?: boolean;
}

/** What belongs together in the help. */
export type CommandGroup = "broker" | "messages" | "look" | "help";

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** What for, in a few words. */
  readonly summary: string;
  readonly group: CommandGroup;
  readonly operands: readonly CommandOperand[];
  /** Options of its own, in the order of the help. */
  readonly options: readonly CommandOption[];
  /** Further options of its own that its help only names. */
  readonly shared: readonly CommandOption[];
  /** Whether the options of the broker are its options. */
  readonly takesConfig: boolean;
  /** The first begins its help. */
  readonly examples: readonly Example[];
  /** What an exit code means where it is not as everywhere. */
  readonly exits: Readonly<Partial<Record<ExitCode, string>>>;
  /** Lines that its help ends with. */
  readonly notes: readonly string[];
  /** What is wrong with the command line, but for the configuration of the broker. */
  readonly mistakes: (context: CommandContext) => readonly string[];
  readonly run: (context: CommandContext) => ExitCode | Promise<ExitCode>;
}

/** The values that a command line gave to a command. */
export interface CommandInput<S extends Shape, H extends Shape, P extends Shape> {
  readonly options: ValuesOf<S> & ValuesOf<H>;
  readonly operands: ValuesOf<P>;
}

/** What {@link defineCommand} takes: a {@link Command} whose options and operands are still shapes. */
export interface CommandDefinition<S extends Shape, H extends Shape, P extends Shape> extends Pick<
  Command,
  "name" | "summary" | "group" | "examples"
> {
  readonly operands: P;
  readonly options: S;
  readonly shared: H;
  readonly takesConfig?: boolean;
  readonly exits?: Command["exits"];
  readonly notes?: readonly string[];
  /** Sentences about values that are each right and cannot be had together. */
  readonly contradictions?: (
    input: CommandInput<S, H, P>,
    context: CommandContext,
  ) => readonly string[];
  readonly run: (
    context: CommandContext,
    input: CommandInput<S, H, P>,
  ) => ExitCode | Promise<ExitCode>;
}

/** No options, or no operands. */
export const NONE = {} as const satisfies Shape;

/**
 * Makes a command. Its `run` is called with values that are right; otherwise
 * every mistake of the command line is told at once and nothing runs.
 */
export function defineCommand<S extends Shape, H extends Shape, P extends Shape>(
  definition: CommandDefinition<S, H, P>,
): Command {
  const { takesConfig = false, exits = {}, notes = [], contradictions = () => [] } = definition;
  const operands = operandsOf(definition.operands);
  const options = optionsOf(definition.options);
  const shared = optionsOf(definition.shared);
  const operandsSchema = z.object(definition.operands);
  const optionsSchema = z.object(definition.options);
  const sharedSchema = z.object(definition.shared);

  const read = (
    context: CommandContext,
  ): { readonly input: CommandInput<S, H, P> } | { readonly mistakes: readonly string[] } => {
    const { given } = context;
    const words = spread(given.operands, command);
    const raw = rawOptions([...options, ...shared], context);
    const readOperands = operandsSchema.safeParse(Object.fromEntries(words.values));
    const readOptions = optionsSchema.safeParse(raw.values);
    const readShared = sharedSchema.safeParse(raw.values);
    const mistakes = [...words.mistakes];
    if (!readOperands.success) {
      // What is missing was told already.
      const told = readOperands.error.issues.filter(({ path }) =>
        words.values.has(String(path[0])),
      );
      mistakes.push(
        ...told.map(({ path }) => operandSentence(String(path[0]), { command, words })),
      );
    }
    // The loader of the configuration tells these itself, together with its own.
    if (!takesConfig || mistakes.length > 0) mistakes.push(...given.mistakes);
    for (const part of [readOptions, readShared]) {
      if (part.success) continue;
      mistakes.push(...part.error.issues.map((issue) => optionSentence(issue, raw)));
    }
    if (readOperands.success && readOptions.success && readShared.success) {
      const input: CommandInput<S, H, P> = {
        options: { ...readOptions.data, ...readShared.data },
        operands: readOperands.data,
      };
      mistakes.push(...contradictions(input, context));
      if (mistakes.length === 0) return { input };
    }
    return { mistakes: [...new Set(mistakes)] };
  };

  const command: Command = {
    ...definition,
    operands,
    options,
    shared,
    takesConfig,
    exits,
    notes,
    mistakes: (context) => {
      const result = read(context);
      return "mistakes" in result ? result.mistakes : [];
    },
    run: (context) => {
      const result = read(context);
      return "mistakes" in result
        ? reportMistakes(context.terminal, result.mistakes)
        : definition.run(context, result.input);
    },
  };
  return command;
}

/** The command line of a command in general: `stompbox pub DESTINATION [BODY] [OPTION]...`. */
export function usageOf({ name, operands, options, shared, takesConfig }: Command): string {
  const words = operands.map(operandUsage);
  const some = takesConfig || options.length + shared.length > 0;
  return ["stompbox", name, ...words, ...(some ? ["[OPTION]..."] : [])].join(" ");
}

function operandUsage({ placeholder, required, repeats }: CommandOperand): string {
  const word = repeats ? `${placeholder}...` : placeholder;
  return required ? word : `[${word}]`;
}

interface Words {
  /** The words of each operand that has some. */
  readonly values: ReadonlyMap<string, string | readonly string[]>;
  readonly mistakes: readonly string[];
}

/** Gives each operand its words. */
function spread(words: readonly string[], command: Command): Words {
  const values = new Map<string, string | readonly string[]>();
  const mistakes: string[] = [];
  const rest = [...words];
  for (const { name, placeholder, required, repeats, completion, allowed } of command.operands) {
    const [word] = rest;
    if (word !== undefined) values.set(name, repeats ? rest.splice(0) : (rest.shift() ?? word));
    else if (required) {
      mistakes.push(
        `Cannot run ${command.name} without ${placeholder}: expected ${usageOf(command)}${
          Array.isArray(completion) ? `, ${placeholder} one of ${allowed}` : ""
        }`,
      );
    }
  }
  const otherwise = `stompbox ${command.name} takes no such word, see stompbox help`;
  for (const word of rest) mistakes.push(`Unexpected ${JSON.stringify(word)}: ${otherwise}`);
  return { values, mistakes };
}

interface RawOptions {
  readonly values: Readonly<Record<string, unknown>>;
  /** How a sentence names the place: `--count`, `STOMPBOX_URL`. */
  readonly labels: ReadonlyMap<string, string>;
  readonly options: ReadonlyMap<string, CommandOption>;
}

/** What flags and, for want of them, variables say. */
function rawOptions(
  options: readonly CommandOption[],
  { given, terminal }: CommandContext,
): RawOptions {
  const values: Record<string, unknown> = {};
  const labels = new Map<string, string>();
  for (const { name, flag, variable } of options) {
    const value = given.values.get(name);
    const fromEnvironment = variable === undefined ? "" : (terminal.env[variable] ?? "");
    if (value !== undefined) {
      values[name] = value;
      labels.set(name, flag);
    } else if (variable !== undefined && fromEnvironment !== "") {
      values[name] = fromEnvironment;
      labels.set(name, variable);
    }
  }
  return { values, labels, options: new Map(options.map((option) => [option.name, option])) };
}

function optionSentence(issue: z.core.$ZodIssue, { values, labels, options }: RawOptions): string {
  const [name = "", index] = issue.path.map(String);
  const option = options.get(name);
  const label = labels.get(name) ?? option?.flag ?? name;
  const value = values[name];
  const seen = Array.isArray(value) && index !== undefined ? value[Number(index)] : value;
  // What reads a value itself knows more than the general rule.
  return issue.code === "custom"
    ? `${issue.message} (${label})`
    : `Cannot use ${showValue(seen)} as ${label}: expected ${option?.allowed ?? "another value"}`;
}

function operandSentence(
  name: string,
  { command, words }: { readonly command: Command; readonly words: Words },
): string {
  const operand = command.operands.find((each) => each.name === name);
  const { completion, placeholder = "operand", allowed = "another" } = operand ?? {};
  const word = words.values.get(name);
  const candidates = Array.isArray(completion) ? completion : [];
  return candidates.length === 0
    ? `Cannot run ${command.name} with ${showValue(word)} as ${placeholder}: expected ${allowed}`
    : `Unexpected ${showValue(word)}: ${didYouMean(String(word), candidates, { otherwise: `expected ${allowed}` })}`;
}

/** Tells a person about mistakes, all at once, and answers the exit code for them. */
export function reportMistakes(terminal: Terminal, mistakes: readonly string[]): ExitCode {
  const [red, plain] = terminal.err.color ? ["\x1b[31m", "\x1b[0m"] : ["", ""];
  const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
  const lines = mistakes.map((mistake) => `  ${visibleLines(mistake)}\n`).join("");
  terminal.err.write(`${red}stompbox: ${count}${plain}\n${lines}`);
  return EXIT.misuse;
}

/** Tells a person why the work failed, and answers the exit code for it. */
export function reportFailure({ err }: Pick<Terminal, "err">, sentence: string): ExitCode {
  err.write(`stompbox: ${visibleLines(sentence)}\n`);
  return EXIT.failed;
}

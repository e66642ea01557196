/**
 * The options and operands of a command: a zod schema each, with what help,
 * completion and the documentation say of it in a registry. They are made when
 * a command is loaded, which no start of a broker does; its options are plain data.
 */

import { z } from "zod";
import { formatDuration, formatSize, readDuration, readSize } from "../config.ts";

/** What a shell may complete a value to; `topic` is what `help` takes. */
export type Completion = "file" | "folder" | "topic" | readonly string[];

/** What is told of an option or operand. */
export interface ValueNotes {
  /** What for, in a few words: a row of the help. */
  readonly description: string;
  /** Stands for the value in a usage line; empty for a switch. */
  readonly placeholder: string;
  /** What is allowed, to follow the word "expected". */
  readonly allowed: string;
  readonly completion?: Completion;
}

/** What is told of an option. */
export interface OptionNotes extends ValueNotes {
  readonly kind: "switch" | "text" | "count" | "factor" | "duration" | "size" | "choice" | "list";
  /** One letter that means the same: `-H`. */
  readonly short?: string;
  /** The variable that gives the value where the option is absent. */
  readonly variable?: string;
  /** The value where nobody gives one, as a person writes it. */
  readonly fallback?: string;
  /** The flag where it is not the key: what is repeated is named in the singular. */
  readonly flag?: string;
}

/** What is told of an operand. */
export interface OperandNotes extends ValueNotes {
  readonly required: boolean;
  /** Whether it takes all the words that are left. */
  readonly repeats: boolean;
}

/** One option of a command and the names under which it is known. */
export interface CommandOption extends OptionNotes {
  /** As in the definition: `contentType`. */
  readonly name: string;
  /** As on the command line: `--content-type`. */
  readonly flag: string;
  readonly schema: z.ZodType;
}

/** One operand of a command. */
export interface CommandOperand extends OperandNotes {
  readonly name: string;
  readonly schema: z.ZodType;
}

/** Options or operands by name, in the order of the help. */
export type Shape = Readonly<Record<string, z.ZodType>>;

/** The values of a {@link Shape}, read. */
export type ValuesOf<S extends Shape> = z.output<z.ZodObject<S>>;

const OPTION_NOTES = z.registry<OptionNotes>();
const OPERAND_NOTES = z.registry<OperandNotes>();

/** The options of a shape, in order. Throws for a schema that is none of this file's. */
export function optionsOf(shape: Shape): CommandOption[] {
  return Object.entries(shape).map(([name, schema]) => {
    const notes = OPTION_NOTES.get(schema);
    if (notes === undefined) throw new Error(`Cannot use ${name} as an option: it has no notes`);
    return { ...notes, name, flag: notes.flag ?? `--${kebab(name)}`, schema };
  });
}

/** The operands of a shape, in order. Throws for a schema that is none of this file's. */
export function operandsOf(shape: Shape): CommandOperand[] {
  return Object.entries(shape).map(([name, schema]) => {
    const notes = OPERAND_NOTES.get(schema);
    if (notes === undefined) throw new Error(`Cannot use ${name} as an operand: it has no notes`);
    return { ...notes, name, schema };
  });
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

interface Told {
  readonly description: string;
  readonly short?: string;
  readonly variable?: string;
}

/** A switch: false unless it is given. */
export function toggle(told: Told) {
  const fromText = (value: unknown): unknown => {
    if (typeof value !== "string") return value;
    if (["true", "yes", "on", "1"].includes(value.toLowerCase())) return true;
    return ["false", "no", "off", "0"].includes(value.toLowerCase()) ? false : value;
  };
  return z
    .preprocess(fromText, z.boolean())
    .default(false)
    .register(OPTION_NOTES, { kind: "switch", placeholder: "", allowed: "true or false", ...told });
}

interface TextNotes extends Told {
  readonly placeholder: string;
  /** What is allowed, to follow the word "expected". */
  readonly allowed?: string;
  readonly completion?: Completion;
}

/** Any text; undefined unless it is given. */
export function text({ allowed = "a text that is not empty", ...told }: TextNotes) {
  return z
    .string()
    .min(1)
    .optional()
    .register(OPTION_NOTES, { kind: "text", allowed, ...told });
}

/** A text that `read` makes something of; a sentence it throws as a {@link ReadError} is shown. */
export function parsed<T>(read: (text: string) => T, notes: TextNotes) {
  return z
    .string()
    .transform(reading(read))
    .optional()
    .register(OPTION_NOTES, { kind: "text", allowed: notes.placeholder, ...notes });
}

/** The same, and never absent. */
export function parsedOr<T>(
  fallback: string,
  options: TextNotes & { readonly read: (text: string) => T },
) {
  const { read, ...notes } = options;
  return z
    .string()
    .prefault(fallback)
    .transform(reading(read))
    .register(OPTION_NOTES, { kind: "text", allowed: notes.placeholder, fallback, ...notes });
}

/** Texts, as often as the option is given; each read by `read`. */
export function list<T>(read: (text: string) => T, notes: TextNotes & { readonly flag: string }) {
  return z
    .array(z.string().transform(reading(read)))
    .default(() => [])
    .register(OPTION_NOTES, { kind: "list", allowed: notes.placeholder, ...notes });
}

/** What a reader of a text throws: the sentence for the person who wrote it. */
export class ReadError extends Error {
  override readonly name = "ReadError";
}

function reading<T>(read: (text: string) => T) {
  return (text: string, context: z.RefinementCtx): T => {
    try {
      return read(text);
    } catch (error) {
      if (!(error instanceof ReadError)) throw error;
      context.issues.push({ code: "custom", message: error.message, input: text });
      return z.NEVER;
    }
  };
}

interface NumberNotes extends Told {
  readonly min: number;
  readonly max: number;
  readonly placeholder?: string;
}

/** A whole number; undefined unless it is given. */
export function count({ min, max, ...told }: NumberNotes) {
  const allowed = `a whole number from ${min} to ${max}`;
  return number(z.int().min(min).max(max), /^\d+$/)
    .optional()
    .register(OPTION_NOTES, { kind: "count", placeholder: "N", allowed, ...told });
}

/** A number; undefined unless it is given. */
export function factor({ min, max, ...told }: NumberNotes) {
  const allowed = `a number from ${min} to ${max}`;
  return number(z.number().min(min).max(max), /^\d+(?:\.\d+)?$/)
    .optional()
    .register(OPTION_NOTES, { kind: "factor", placeholder: "X", allowed, ...told });
}

function number(schema: z.ZodType<number>, form: RegExp) {
  const fromText = (value: unknown): unknown =>
    typeof value === "string" && form.test(value.trim()) ? Number(value) : value;
  return z.preprocess(fromText, schema);
}

/** A time in milliseconds, written as in `10s`; undefined unless it is given. */
export function duration({ min, max, ...told }: NumberNotes) {
  const allowed = `${formatDuration(min)} to ${formatDuration(max)}, in milliseconds or with ms, s, m, h`;
  return z
    .preprocess(readDuration, z.int().min(min).max(max))
    .optional()
    .register(OPTION_NOTES, { kind: "duration", placeholder: "TIME", allowed, ...told });
}

/** The same, and never absent. */
export function durationOr(fallback: number, { min, max, ...told }: NumberNotes) {
  const allowed = `${formatDuration(min)} to ${formatDuration(max)}, in milliseconds or with ms, s, m, h`;
  return z
    .preprocess(readDuration, z.int().min(min).max(max))
    .default(fallback)
    .register(OPTION_NOTES, {
      kind: "duration",
      placeholder: "TIME",
      allowed,
      fallback: formatDuration(fallback),
      ...told,
    });
}

/** A number of bytes, written as in `4KiB`; undefined unless it is given. */
export function size({ min, max, ...told }: NumberNotes) {
  const allowed = `${formatSize(min)} to ${formatSize(max)}, in bytes or with KiB, MiB, GiB`;
  return z
    .preprocess(readSize, z.int().min(min).max(max))
    .optional()
    .register(OPTION_NOTES, { kind: "size", placeholder: "SIZE", allowed, ...told });
}

/** One of several words; undefined unless it is given. */
export function choice<const T extends readonly [string, ...string[]]>(
  values: T,
  told: Told & { readonly placeholder?: string },
) {
  return z
    .preprocess(lowerCase, z.enum(values))
    .optional()
    .register(OPTION_NOTES, {
      kind: "choice",
      placeholder: values.join("|"),
      allowed: values.join(" | "),
      completion: values,
      ...told,
    });
}

function lowerCase(value: unknown): unknown {
  return typeof value === "string" ? value.trim().toLowerCase() : value;
}

interface OperandTold {
  readonly description: string;
  readonly placeholder: string;
  readonly completion?: Completion;
}

/** A word that must be there. */
export function operand(told: OperandTold) {
  return z
    .string()
    .min(1)
    .register(OPERAND_NOTES, {
      allowed: told.placeholder,
      required: true,
      repeats: false,
      ...told,
    });
}

/** A word that may be left out. */
export function optionalOperand(told: OperandTold) {
  return z
    .string()
    .optional()
    .register(OPERAND_NOTES, {
      allowed: told.placeholder,
      required: false,
      repeats: false,
      ...told,
    });
}

/** One word of a few, which must be there. */
export function choiceOperand<const T extends readonly [string, ...string[]]>(
  values: T,
  told: OperandTold,
) {
  return z.enum(values).register(OPERAND_NOTES, {
    allowed: values.join(", "),
    completion: values,
    required: true,
    repeats: false,
    ...told,
  });
}

/** All the words that are left, at least one. */
export function operands(told: OperandTold) {
  return z
    .array(z.string().min(1))
    .min(1)
    .register(OPERAND_NOTES, { allowed: told.placeholder, required: true, repeats: true, ...told });
}

/** What kinds of options there are: what a value of each may look like. */

import { z } from "zod";
import { formatDuration, formatSize, readDuration, readSize } from "./measure.ts";

// A configuration is parsed once: to compile code for it first takes four times as long.
z.config({ jitless: true });

/** What the derived forms need to know of an option beside its schema. */
export interface OptionNotes {
  readonly kind:
    "switch" | "choice" | "count" | "factor" | "size" | "duration" | "text" | "list" | "rules";
  /** What the number counts; absent for what is not a number. */
  readonly unit?: "bytes" | "ms";
  /** What is allowed, to follow the word "expected". */
  readonly allowed: string;
  /** Stands for the value in a usage line; empty for a switch. */
  readonly placeholder: string;
  /** What for, in full sentences. */
  readonly description: string;
  /** The flag where it is not the key: what is repeated is named in the singular. */
  readonly flag?: string;
}
/**
 * One option as plain data. What checks a value is made when there is a value
 * to check: to make it for all options takes longer than to start the broker.
 */
export interface OptionDefinition extends OptionNotes {
  /** Value when nobody gives one, which the schema allows; undefined when there is none. */
  readonly fallback: unknown;
  /** Makes what checks one value, and turns a text into what the option holds. */
  readonly schema: () => z.ZodType;
}

/** What there is to say of an option that holds a number. */
export interface NumberNotes {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
  readonly description: string;
}

/** A number of bytes. */
export function size({ fallback, min, max, description }: NumberNotes) {
  return {
    kind: "size",
    unit: "bytes",
    allowed: `${formatSize(min)} to ${formatSize(max)}, in bytes or with KiB, MiB, GiB`,
    placeholder: "SIZE",
    description,
    fallback,
    schema: () => z.preprocess(readSize, z.int().min(min).max(max)).default(fallback),
  } satisfies OptionDefinition;
}

/** A number of milliseconds. */
export function duration({ fallback, min, max, description }: NumberNotes) {
  return {
    kind: "duration",
    unit: "ms",
    allowed: `${formatDuration(min)} to ${formatDuration(max)}, in milliseconds or with ms, s, m, h`,
    placeholder: "TIME",
    description,
    fallback,
    schema: () => z.preprocess(readDuration, z.int().min(min).max(max)).default(fallback),
  } satisfies OptionDefinition;
}

/** A whole number. */
export function count({ fallback, min, max, description }: NumberNotes) {
  const fromText = (value: unknown): unknown =>
    typeof value === "string" && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  return {
    kind: "count",
    allowed: `a whole number from ${min} to ${max}`,
    placeholder: "N",
    description,
    fallback,
    schema: () => z.preprocess(fromText, z.int().min(min).max(max)).default(fallback),
  } satisfies OptionDefinition;
}

/** A number that need not be whole. */
export function factor({ fallback, min, max, description }: NumberNotes) {
  const fromText = (value: unknown): unknown =>
    typeof value === "string" && /^\s*\d+(?:\.\d+)?\s*$/.test(value) ? Number(value) : value;
  return {
    kind: "factor",
    allowed: `a number from ${min} to ${max}`,
    placeholder: "X",
    description,
    fallback,
    schema: () => z.preprocess(fromText, z.number().min(min).max(max)).default(fallback),
  } satisfies OptionDefinition;
}

/** What is on or, by default, off. */
export function toggle(description: string) {
  // YAML 1.2 leaves "yes" and "on" strings, and an environment has nothing but strings.
  const fromText = (value: unknown): unknown => {
    if (typeof value !== "string") return value;
    const text = value.trim().toLowerCase();
    if (["true", "yes", "on", "1"].includes(text)) return true;
    if (["false", "no", "off", "0"].includes(text)) return false;
    return value;
  };
  return {
    kind: "switch",
    allowed: "true or false",
    placeholder: "",
    description,
    fallback: false,
    schema: () => z.preprocess(fromText, z.boolean()).default(false),
  } satisfies OptionDefinition;
}

/** One of some words. */
export function choice<const T extends readonly [string, ...string[]]>(
  values: T,
  options: {
    readonly fallback: NoInfer<T[number]>;
    readonly description: string;
  },
) {
  const { fallback, description } = options;
  const fromText = (value: unknown): unknown =>
    typeof value === "string" ? value.trim().toLowerCase() : value;
  return {
    kind: "choice",
    allowed: values.join(" | "),
    placeholder: values.join("|"),
    description,
    fallback,
    schema: () => {
      const word = z.enum(values);
      return z.preprocess(fromText, word).default(() => word.parse(fallback));
    },
  } satisfies OptionDefinition;
}

/** A path, by default none. */
export function file(placeholder: string, description: string) {
  return {
    kind: "text",
    allowed: "a path",
    placeholder,
    description,
    fallback: undefined,
    schema: () => z.string().trim().min(1).optional(),
  } satisfies OptionDefinition;
}

/** Texts, each of which `item` makes the schema of. */
export function list(
  item: () => z.ZodType<string>,
  options: {
    readonly fallback: readonly string[];
    readonly allowed: string;
    readonly placeholder: string;
    readonly description: string;
  },
) {
  const { fallback } = options;
  const toList = (value: unknown): unknown => (typeof value === "string" ? [value] : value);
  return {
    kind: "list",
    ...options,
    schema: () => z.preprocess(toList, z.array(item())).default(() => [...fallback]),
  } satisfies OptionDefinition;
}

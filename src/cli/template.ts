/** Placeholders in bodies and headers: `{{count}}`, `{{random 1 6}}`. */

import type { Runtime } from "../runtime.ts";
import { ReadError } from "./command_option.ts";
import { didYouMean } from "./nearest.ts";

/** What the placeholders of one message are made of. */
export interface TemplateValues {
  /** Which message it is, from 1. */
  readonly count: number;
  readonly runtime: Pick<Runtime, "now" | "random">;
}

/** A text with placeholders, read. */
export type Template = (values: TemplateValues) => string;

/** What a placeholder stands for. */
interface Placeholder {
  readonly name: string;
  /** As it is written, with what it takes. */
  readonly form: string;
  readonly about: string;
  /** What the words behind its name make of it; undefined if they are wrong. */
  readonly read: (words: readonly string[]) => Template | undefined;
}

/** Every placeholder there is. */
export const PLACEHOLDERS: readonly Placeholder[] = [
  plain("count", "1 for the first message, 2 for the second", ({ count }) => String(count)),
  plain("time", "milliseconds since 1970", ({ runtime }) => String(runtime.now())),
  plain("iso", "the time as in 2030-01-31T12:00:00.000Z", ({ runtime }) =>
    new Date(runtime.now()).toISOString(),
  ),
  plain("uuid", "a random UUID", ({ runtime }) => uuid(runtime)),
  {
    name: "random",
    form: "{{random MIN MAX}}",
    about: "a whole number from MIN to MAX",
    read: (words) => {
      const [min = Number.NaN, max = Number.NaN] = words.map(Number);
      const right = words.length === 2 && Number.isSafeInteger(min) && Number.isSafeInteger(max);
      if (!right || min > max) return undefined;
      return ({ runtime }) => String(min + Math.floor(runtime.random() * (max - min + 1)));
    },
  },
];

function plain(name: string, about: string, template: Template): Placeholder {
  const read = (words: readonly string[]) => (words.length === 0 ? template : undefined);
  return { name, form: `{{${name}}}`, about, read };
}

/**
 * Reads a text with placeholders.
 *
 * @throws ReadError for one that is unknown, or has the wrong words behind its name
 */
export function readTemplate(text: string): Template {
  const parts: (string | Template)[] = [];
  let from = 0;
  for (const match of text.matchAll(/\{\{([^{}]*)\}\}/g)) {
    parts.push(text.slice(from, match.index), readPlaceholder(match[0], match[1] ?? ""));
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  if (parts.length === 1) return () => text;
  return (values) => parts.map((part) => (typeof part === "string" ? part : part(values))).join("");
}

function readPlaceholder(written: string, inner: string): Template {
  const [name = "", ...words] = inner.trim().split(/\s+/);
  const placeholder = PLACEHOLDERS.find((each) => each.name === name);
  const quoted = JSON.stringify(written);
  if (placeholder === undefined) {
    const otherwise = `expected one of ${PLACEHOLDERS.map(({ form }) => form).join(", ")}`;
    const names = PLACEHOLDERS.map((each) => each.name);
    throw new ReadError(`Unknown placeholder ${quoted}: ${didYouMean(name, names, { otherwise })}`);
  }
  const template = placeholder.read(words);
  if (template === undefined) {
    throw new ReadError(`Cannot use placeholder ${quoted}: expected ${placeholder.form}`);
  }
  return template;
}

function uuid({ random }: Pick<Runtime, "random">): string {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256));
  // Version 4, variant 1 (RFC 9562 section 5.4).
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

import { z } from "zod";
import { type CallArguments, type CallName, CALLS } from "./calls.ts";

/** A field of a request that is wrong. */
export interface WrongField {
  /** Such as `query.limit` or `body.keys[3]`. */
  readonly field: string;
  /** What was expected, and what came. */
  readonly detail: string;
}

/** What a request says, before it is checked. */
export interface RawArguments {
  /** From the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Fields in the order given; a name may come again. */
  readonly query: Iterable<readonly [name: string, value: string]>;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
}

/** The arguments of a call, or everything that is wrong with them. */
export type ReadArguments<N extends CallName> =
  { readonly given: CallArguments<N> } | { readonly errors: readonly WrongField[] };

/** Items that a list may have, whatever it is of. */
const LIST_MAX = 1_000;
/** More wrong fields than these are not told. */
const ERRORS_MAX = 50;
/** Characters shown of what came. */
const SHOWN_MAX = 60;

/** Checks what a request says by the schemas of the call that it makes. */
export function readArguments<N extends CallName>(name: N, raw: RawArguments): ReadArguments<N> {
  const { params, query, body } = CALLS[name];
  const errors: WrongField[] = [];
  const asked = new Map<string, string>();
  for (const [field, value] of raw.query) {
    if (asked.has(field)) {
      errors.push({ field: pathText(["query", field]), detail: "Given more than once" });
    }
    asked.set(field, value);
  }
  const queried = Object.fromEntries(asked);
  const given = {
    ...readPart({ schema: params, place: "path", value: raw.params }, errors),
    ...readPart({ schema: query, place: "query", value: queried }, errors),
    ...readPart(
      { schema: body, place: "body", value: raw.body === undefined ? {} : raw.body },
      errors,
    ),
  };
  if (errors.length > 0) return { errors: errors.slice(0, ERRORS_MAX) };
  // Parsed by the very schemas that the type is made from.
  return { given: given as CallArguments<N> };
}

interface Part {
  readonly schema: z.ZodObject;
  readonly place: string;
  readonly value: unknown;
}

function readPart({ schema, place, value }: Part, errors: WrongField[]): object {
  const tooLong = longList(value);
  if (tooLong !== undefined) {
    const { field, length } = tooLong;
    const detail = `Expected at most ${LIST_MAX} items, got ${length}`;
    errors.push({ field: pathText([place, field]), detail });
    return {};
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const described = z.toJSONSchema(schema, { io: "input" });
  for (const { path, ...issue } of parsed.error.issues.slice(0, ERRORS_MAX)) {
    if (issue.code === "unrecognized_keys") {
      const known = Object.keys(described.properties ?? {});
      const expected = known.length === 0 ? "none" : known.join(", ");
      for (const key of issue.keys) {
        const detail = `Unknown, expected ${known.length > 1 ? `one of ${expected}` : expected}`;
        errors.push({ field: pathText([place, ...path, key]), detail });
      }
      continue;
    }
    const field = pathText([place, ...path]);
    if (issue.code === "custom") {
      errors.push({ field, detail: issue.message });
      continue;
    }
    const came = valueAt(value, path);
    const expected = expectedText(schemaAt(described, path));
    const detail =
      came === undefined
        ? `Missing, expected ${expected}`
        : `Expected ${expected}, got ${shownText(came)}`;
    errors.push({ field, detail });
  }
  return {};
}

/** A list in it that is longer than any may be: to check every item first would take long. */
function longList(value: unknown): { field: string; length: number } | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const [field, list] of Object.entries(value)) {
    if (Array.isArray(list) && list.length > LIST_MAX) return { field, length: list.length };
  }
  return undefined;
}

type JsonSchema = z.core.JSONSchema.BaseSchema;
type Path = readonly PropertyKey[];

function schemaAt(schema: JsonSchema, path: Path): JsonSchema {
  let at: unknown = schema;
  for (const key of path) {
    const { properties, prefixItems, items } = asSchema(at);
    at = typeof key === "number" ? (prefixItems?.[key] ?? items) : properties?.[String(key)];
  }
  return asSchema(at);
}

function asSchema(value: unknown): JsonSchema {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = Object.getOwnPropertyDescriptor(at, key)?.value;
  }
  return at;
}

/** What a JSON schema allows, in words. */
function expectedText(schema: JsonSchema): string {
  const { type, enum: values, minimum = 0, maximum = Infinity } = schema;
  if (values !== undefined) {
    return `one of ${values.map((value) => JSON.stringify(value)).join(", ")}`;
  }
  switch (type) {
    case "integer":
      return maximum >= Number.MAX_SAFE_INTEGER
        ? `a whole number from ${minimum} on`
        : `a whole number from ${minimum} to ${maximum}`;
    case "string":
      if (schema.contentEncoding === "base64") return "base64";
      if (schema.maxLength !== undefined) return `text of at most ${schema.maxLength} characters`;
      return schema.minLength === undefined ? "text" : "text that is not empty";
    case "array":
      if (schema.prefixItems !== undefined) return `a list of ${schema.prefixItems.length}`;
      return schema.maxItems === undefined ? "a list" : `a list of at most ${schema.maxItems}`;
    case "object":
      return "an object";
    default:
      return "another value";
  }
}

/** A value that came, cut so that an answer is never much longer than the question. */
function shownText(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value !== "string") return String(value);
  return JSON.stringify(cut(value));
}

function pathText([first, ...rest]: Path): string {
  let text = String(first);
  for (const key of rest) text += typeof key === "number" ? `[${key}]` : `.${cut(String(key))}`;
  return text;
}

function cut(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

/**
 * JSON as it was written: numbers keep their digits, a name that comes twice is
 * there twice. `JSON.parse` would show another text than the one that was sent.
 */

/** A value, or what is in it. */
export type JsonNode =
  | { readonly kind: "object"; readonly members: readonly JsonMember[] }
  | { readonly kind: "array"; readonly items: readonly JsonNode[] }
  | { readonly kind: "string"; readonly text: string }
  /** A number, true, false or null, as written. */
  | { readonly kind: "literal"; readonly text: string };

/** One name and value of an object. */
export interface JsonMember {
  readonly name: string;
  readonly value: JsonNode;
}

const DEPTH_MAX = 200;
const LITERAL = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
// Stops before what would have to be escaped, so that an unescaped run is cut out whole.
const STRING_RUN = /[^"\\\u0000-\u001f]*/y;
const BLANKS = /[ \t\n\r]*/y;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

/** Reads a JSON text (RFC 8259); undefined when it is none, or nested more than 200 deep. */
export function readJson(text: string): JsonNode | undefined {
  const reader = { text, at: 0 };
  const node = readValue(reader, 0);
  skipBlanks(reader);
  return reader.at === text.length ? node : undefined;
}

/** Whether a node has something in it that can be folded away. */
export function isFoldable(
  node: JsonNode,
): node is Extract<JsonNode, { readonly kind: "object" | "array" }> {
  return (
    (node.kind === "object" && node.members.length > 0) ||
    (node.kind === "array" && node.items.length > 0)
  );
}

interface Reader {
  readonly text: string;
  at: number;
}

function skipBlanks(reader: Reader): void {
  BLANKS.lastIndex = reader.at;
  BLANKS.exec(reader.text);
  reader.at = BLANKS.lastIndex;
}

/** Takes this character, with blanks before it. */
function take(reader: Reader, character: string): boolean {
  skipBlanks(reader);
  if (reader.text[reader.at] !== character) return false;
  reader.at += 1;
  return true;
}

function readValue(reader: Reader, depth: number): JsonNode | undefined {
  if (depth > DEPTH_MAX) return undefined;
  if (take(reader, "{")) return readMembers(reader, depth);
  if (take(reader, "[")) return readItems(reader, depth);
  if (reader.text[reader.at] === '"') {
    const text = readString(reader);
    return text === undefined ? undefined : { kind: "string", text };
  }
  LITERAL.lastIndex = reader.at;
  const literal = LITERAL.exec(reader.text)?.[0];
  if (literal === undefined) return undefined;
  reader.at = LITERAL.lastIndex;
  return { kind: "literal", text: literal };
}

function readMembers(reader: Reader, depth: number): JsonNode | undefined {
  const members: JsonMember[] = [];
  if (take(reader, "}")) return { kind: "object", members };
  do {
    skipBlanks(reader);
    const name = readString(reader);
    if (name === undefined || !take(reader, ":")) return undefined;
    const value = readValue(reader, depth + 1);
    if (value === undefined) return undefined;
    members.push({ name, value });
  } while (take(reader, ","));
  return take(reader, "}") ? { kind: "object", members } : undefined;
}

function readItems(reader: Reader, depth: number): JsonNode | undefined {
  const items: JsonNode[] = [];
  if (take(reader, "]")) return { kind: "array", items };
  do {
    const item = readValue(reader, depth + 1);
    if (item === undefined) return undefined;
    items.push(item);
  } while (take(reader, ","));
  return take(reader, "]") ? { kind: "array", items } : undefined;
}

function readString(reader: Reader): string | undefined {
  const { text } = reader;
  if (text[reader.at] !== '"') return undefined;
  reader.at += 1;
  const parts: string[] = [];
  for (;;) {
    STRING_RUN.lastIndex = reader.at;
    parts.push(STRING_RUN.exec(text)?.[0] ?? "");
    reader.at = STRING_RUN.lastIndex;
    const character = text[reader.at];
    reader.at += 1;
    if (character === '"') return parts.join("");
    if (character !== "\\") return undefined;
    const escape = readEscape(reader);
    if (escape === undefined) return undefined;
    parts.push(escape);
  }
}

function readEscape(reader: Reader): string | undefined {
  const character = reader.text[reader.at] ?? "";
  reader.at += 1;
  if (character !== "u") return ESCAPES.get(character);
  const digits = reader.text.slice(reader.at, reader.at + 4);
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) return undefined;
  reader.at += 4;
  return String.fromCharCode(Number.parseInt(digits, 16));
}

/**
 * The language of the filter above the frames: words that must all hold.
 *
 *     command:SEND dest:/queue/* header:x=1 connection:3 -direction:out "free text"
 *
 * Names may be cut short (`dest`, `conn`, `dir`, `cmd`, `msg`), a minus turns a
 * word round, quotes hold blanks together. What is no name is looked for as text.
 */

import { COMMANDS, type FrameInfo } from "../../src/api/values.ts";
import { headerOf } from "./frame_facts.ts";

/** What a word of a filter may be about. */
export type QueryKey =
  "connection" | "direction" | "command" | "destination" | "header" | "message" | "text";

/** One word of a filter. */
export interface QueryTerm {
  readonly key: QueryKey;
  /** For connection, direction and command a list with commas, one of which must hold. */
  readonly value: string;
  readonly negated: boolean;
}

/** A filter that was read. */
export interface FrameQuery {
  readonly terms: readonly QueryTerm[];
  /** A sentence for each word that has no effect, or another than may be thought. */
  readonly mistakes: readonly string[];
}

const KEYS: ReadonlyMap<string, QueryKey> = new Map<string, QueryKey>([
  ["connection", "connection"],
  ["conn", "connection"],
  ["direction", "direction"],
  ["dir", "direction"],
  ["command", "command"],
  ["cmd", "command"],
  ["destination", "destination"],
  ["dest", "destination"],
  ["header", "header"],
  ["message", "message"],
  ["msg", "message"],
  ["text", "text"],
]);

/** The short name that a filter is written with. */
const SHORT: Readonly<Record<QueryKey, string>> = {
  connection: "connection",
  direction: "direction",
  command: "command",
  destination: "dest",
  header: "header",
  message: "message",
  text: "text",
};

const WORDS_MAX = 64;

/** Reads a filter. Never fails: what makes no sense is among the mistakes, and has no effect. */
export function parseFrameQuery(text: string): FrameQuery {
  const terms: QueryTerm[] = [];
  const mistakes: string[] = [];
  const words = wordsOf(text);
  if (words.length > WORDS_MAX) {
    mistakes.push(`Cannot filter by ${words.length} words: expected at most ${WORDS_MAX}`);
  }
  for (const word of words.slice(0, WORDS_MAX)) {
    const term = termOf(word, mistakes);
    if (term === undefined) continue;
    const mistake = mistakeIn(term);
    if (mistake === undefined) terms.push(term);
    else mistakes.push(mistake);
  }
  return { terms, mistakes };
}

/** Writes a filter so that {@link parseFrameQuery} reads the same words. */
export function formatFrameQuery(terms: readonly QueryTerm[]): string {
  return terms.map(formatTerm).join(" ");
}

/** Whether a filter asks for this value of a key, alone or in a list. */
export function asksFor(query: FrameQuery, key: QueryKey, value: string): boolean {
  return query.terms.some(
    (term) => term.key === key && !term.negated && listOf(term.value).includes(value),
  );
}

/** Adds a value to the list that a filter has for a key, or takes it out if it is there. */
export function toggleValue(
  text: string,
  { key, value }: { readonly key: QueryKey; readonly value: string },
): string {
  const { terms } = parseFrameQuery(text);
  const at = terms.findIndex((term) => term.key === key && !term.negated);
  const found = terms[at];
  if (found === undefined) return formatFrameQuery([...terms, { key, value, negated: false }]);
  const values = listOf(found.value);
  const left = values.includes(value)
    ? values.filter((each) => each !== value)
    : [...values, value];
  const changed = left.length === 0 ? [] : [{ ...found, value: left.join(",") }];
  return formatFrameQuery([...terms.slice(0, at), ...changed, ...terms.slice(at + 1)]);
}

/** Replaces whatever a filter says about a key by one value. */
export function withValue(
  text: string,
  { key, value }: { readonly key: QueryKey; readonly value: string },
): string {
  const others = parseFrameQuery(text).terms.filter((term) => term.key !== key);
  return formatFrameQuery([...others, { key, value, negated: false }]);
}

/** Makes a test of a filter. It remembers what it said of a frame. */
export function frameMatcher(query: FrameQuery): (frame: FrameInfo) => boolean {
  const tests = query.terms.map(testOf);
  const said = new WeakMap<FrameInfo, boolean>();
  return (frame) => {
    const known = said.get(frame);
    if (known !== undefined) return known;
    const matches = tests.every((test) => test(frame));
    said.set(frame, matches);
    return matches;
  };
}

interface Word {
  readonly text: string;
  /** Where the first colon outside of quotes is; -1 if there is none. */
  readonly colon: number;
  readonly negated: boolean;
}

function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  let word = "";
  let colon = -1;
  let negated = false;
  let inQuotes = false;
  let quoted = false;
  const end = () => {
    if (word !== "" || quoted) words.push({ text: word, colon, negated });
    else if (negated) words.push({ text: "-", colon, negated: false });
    word = "";
    colon = -1;
    negated = false;
    quoted = false;
  };
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    const starts = word === "" && !quoted;
    if (character === '"') {
      quoted = true;
      inQuotes = !inQuotes;
    } else if (character === "\\" && inQuotes && /["\\]/.test(text.charAt(at + 1))) {
      at += 1;
      word += text.charAt(at);
    } else if (!inQuotes && /\s/.test(character)) {
      end();
    } else if (character === "-" && starts && !negated) {
      negated = true;
    } else {
      if (character === ":" && colon < 0 && !inQuotes) colon = word.length;
      word += character;
    }
  }
  end();
  return words;
}

function termOf({ text, colon, negated }: Word, mistakes: string[]): QueryTerm | undefined {
  const name = colon < 0 ? undefined : text.slice(0, colon).toLowerCase();
  const key = name === undefined ? undefined : KEYS.get(name);
  if (key !== undefined) {
    const value = text.slice(colon + 1);
    // Half written: there is nothing to look for yet.
    if (value === "") return undefined;
    return { key, negated, value: key === "command" ? value.toUpperCase() : value };
  }
  if (name !== undefined && /^[a-z]{3,}$/.test(name) && !text.startsWith("//", colon + 1)) {
    mistakes.push(`No filter is called ${JSON.stringify(name)}: looked for as text`);
  }
  return text === "" ? undefined : { key: "text", value: text, negated };
}

function mistakeIn({ key, value }: QueryTerm): string | undefined {
  const unknown = (isKnown: (each: string) => boolean) => listOf(value).find((v) => !isKnown(v));
  switch (key) {
    case "connection": {
      const wrong = unknown((each) => /^\d{1,15}$/.test(each));
      if (wrong === undefined) return undefined;
      return `Cannot filter by connection ${JSON.stringify(wrong)}: expected its number`;
    }
    case "direction": {
      const wrong = unknown((each) => each === "in" || each === "out");
      if (wrong === undefined) return undefined;
      return `Cannot filter by direction ${JSON.stringify(wrong)}: expected in (from a client) or out`;
    }
    case "command": {
      const known: readonly string[] = COMMANDS;
      const wrong = unknown((each) => known.includes(each));
      if (wrong === undefined) return undefined;
      return `Cannot filter by command ${JSON.stringify(wrong)}: expected one of ${known.join(" ")}`;
    }
    default:
      return undefined;
  }
}

function formatTerm({ key, value, negated }: QueryTerm): string {
  const minus = negated ? "-" : "";
  if (key === "text") {
    const plain = !/[\s"\\:]/.test(value) && !value.startsWith("-") && value !== "";
    return minus + (plain ? value : quoted(value));
  }
  return `${minus}${SHORT[key]}:${/[\s"]/.test(value) ? quoted(value) : value}`;
}

function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}

function listOf(value: string): string[] {
  return value.split(",").filter((each) => each !== "");
}

function testOf(term: QueryTerm): (frame: FrameInfo) => boolean {
  const test = positiveTestOf(term);
  return term.negated ? (frame) => !test(frame) : test;
}

function positiveTestOf({ key, value }: QueryTerm): (frame: FrameInfo) => boolean {
  switch (key) {
    case "connection": {
      const numbers = new Set(listOf(value).map(Number));
      return ({ connection }) => numbers.has(connection);
    }
    case "direction": {
      const directions = new Set(listOf(value));
      return ({ direction }) => directions.has(direction);
    }
    case "command": {
      const commands = new Set(listOf(value));
      return ({ command }) => commands.has(command);
    }
    case "destination": {
      const matches = textTest(value);
      return (frame) => {
        const destination = headerOf(frame, "destination");
        return destination !== undefined && matches(destination);
      };
    }
    case "header": {
      const equals = value.indexOf("=");
      if (equals < 1) return ({ headers }) => headers.some(([name]) => name === value);
      const wanted = value.slice(0, equals);
      const matches = wildcardTest(value.slice(equals + 1));
      return ({ headers }) => headers.some(([name, text]) => name === wanted && matches(text));
    }
    case "message":
      return ({ messageId }) => messageId === value;
    case "text": {
      const pattern = new RegExp(value.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "iu");
      return ({ command, headers, body }) =>
        pattern.test(command) ||
        headers.some(([name, text]) => pattern.test(`${name}:${text}`)) ||
        (body !== undefined && pattern.test(body));
    }
  }
}

/** `=x` is exactly x, with `*` in it the whole of a text, otherwise a part. */
function textTest(value: string): (text: string) => boolean {
  if (value.startsWith("=")) return (text) => text === value.slice(1);
  if (value.includes("*")) return wildcardTest(value);
  const wanted = value.toLowerCase();
  return (text) => text.toLowerCase().includes(wanted);
}

/** `*` stands for anything. In linear time, since a filter may come with a link from elsewhere. */
function wildcardTest(pattern: string): (text: string) => boolean {
  const parts = pattern.split("*");
  const first = parts[0] ?? "";
  const last = parts.at(-1) ?? "";
  if (parts.length === 1) return (text) => text === pattern;
  const middle = parts.slice(1, -1);
  return (text) => {
    if (text.length < first.length + last.length) return false;
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    const end = text.length - last.length;
    let at = first.length;
    for (const part of middle) {
      const found = text.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}

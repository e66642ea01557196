import { quote } from "../fault.ts";
import { selectorFault } from "./selector_fault.ts";

/** Where something stands in the text: `at` is its first code unit, `end` the one behind it. */
export interface SelectorSpan {
  readonly at: number;
  readonly end: number;
}

const KEYWORDS = [
  "AND",
  "BETWEEN",
  "ESCAPE",
  "FALSE",
  "IN",
  "IS",
  "LIKE",
  "NOT",
  "NULL",
  "OR",
  "TRUE",
] as const;

/** Words that cannot name a header unless in double quotes; in any case. */
export type SelectorKeyword = (typeof KEYWORDS)[number];

const SYMBOLS = ["<>", "<=", ">=", "=", "<", ">", "+", "-", "*", "/", "%", "(", ")", ","] as const;

/** Operators and punctuation. */
export type SelectorSymbol = (typeof SYMBOLS)[number];

/** A word of the selector language. */
export type SelectorToken = SelectorSpan &
  (
    | { readonly kind: "keyword"; readonly word: SelectorKeyword }
    | { readonly kind: "name"; readonly name: string; readonly quoted: boolean }
    | { readonly kind: "text"; readonly value: string }
    | { readonly kind: "number"; readonly value: number }
    | { readonly kind: "symbol"; readonly symbol: SelectorSymbol }
    | { readonly kind: "end" }
  );

/**
 * Cuts a selector into tokens, the last of kind `end`, beginning at `from`.
 * Blanks and comments (`--` to the end of the line, `/*` to its counterpart)
 * separate. Numbers and texts are those of JMS 2.0 section 3.8.1.1: decimal,
 * hexadecimal and octal integers, floating point, Java's suffixes; a quote
 * within quotes is doubled.
 *
 * With `hyphenated`, a hyphen between two letters belongs to a name, as in
 * `correlation-id`; without, it is a minus.
 *
 * @throws Fault `bad-selector`
 */
export function selectorTokens(
  text: string,
  options: { readonly from: number; readonly hyphenated: boolean },
): readonly SelectorToken[] {
  const tokens: SelectorToken[] = [];
  let at = skipBlanks(text, options.from);
  while (at < text.length) {
    const token =
      options.hyphenated && isNameStart(text.charCodeAt(at))
        ? wordAt(text, { at, hyphenated: true })
        : tokenAt(text, at);
    tokens.push(token);
    at = skipBlanks(text, token.end);
  }
  tokens.push({ kind: "end", at: text.length, end: text.length });
  return tokens;
}

/** Where the next token begins at the earliest. */
function skipBlanks(text: string, from: number): number {
  let at = from;
  for (;;) {
    if (isBlank(text.charCodeAt(at))) at++;
    else if (text.startsWith("--", at)) at = lineEnd(text, at);
    else if (text.startsWith("/*", at)) at = commentEnd(text, at);
    else return at;
  }
}

function lineEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== "\n" && text[at] !== "\r") at++;
  return at;
}

function commentEnd(text: string, at: number): number {
  const close = text.indexOf("*/", at + 2);
  if (close >= 0) return close + 2;
  const found = quote(text.slice(at), FOUND_MAX);
  throw selectorFault({ text, at }, `expected a comment that ends with */, found ${found}`);
}

function tokenAt(text: string, at: number): SelectorToken {
  const code = text.charCodeAt(at);
  if (isNameStart(code)) return wordAt(text, { at, hyphenated: false });
  if (isDigit(code) || (text[at] === "." && isDigit(text.charCodeAt(at + 1)))) {
    return numberAt(text, at);
  }
  if (text[at] === "'") return { kind: "text", ...quotedAt(text, at) };
  if (text[at] === '"') {
    const { value: name, end } = quotedAt(text, at);
    if (name !== "") return { kind: "name", name, quoted: true, at, end };
    throw selectorFault({ text, at }, 'expected a header name in double quotes, found ""');
  }
  const symbol = SYMBOLS.find((each) => text.startsWith(each, at));
  if (symbol !== undefined) return { kind: "symbol", symbol, at, end: at + symbol.length };
  throw strangeCharacter(text, at);
}

function strangeCharacter(text: string, at: number): Error {
  const found = String.fromCodePoint(text.codePointAt(at) ?? 0);
  const hint =
    found === "!"
      ? "; not equal is <>"
      : "; a header name with other than letters, digits, _ and $ stands in double quotes";
  return selectorFault(
    { text, at },
    `expected a name, a value or an operator, found ${quote(found)}${hint}`,
  );
}

function wordAt(text: string, options: { at: number; hyphenated: boolean }): SelectorToken {
  const { at, hyphenated } = options;
  let end = at + 1;
  while (
    isNamePart(text.charCodeAt(end)) ||
    (hyphenated && text[end] === "-" && isNameStart(text.charCodeAt(end + 1)))
  ) {
    end++;
  }
  const name = text.slice(at, end);
  const upper = name.toUpperCase();
  const word = KEYWORDS.find((each) => each === upper);
  if (word !== undefined) return { kind: "keyword", word, at, end };
  return { kind: "name", name, quoted: false, at, end };
}

/** What stands between a quote and the next one that is not doubled. */
function quotedAt(text: string, at: number): SelectorSpan & { readonly value: string } {
  const mark = text.charAt(at);
  const parts: string[] = [];
  let from = at + 1;
  for (;;) {
    const close = text.indexOf(mark, from);
    if (close < 0) {
      const what = mark === "'" ? "text" : "header name";
      const found = quote(text.slice(at), FOUND_MAX);
      throw selectorFault(
        { text, at },
        `expected a ${what} that ends with ${mark}, found ${found}`,
      );
    }
    parts.push(text.slice(from, close));
    if (text[close + 1] !== mark) return { value: parts.join(mark), at, end: close + 1 };
    from = close + 2;
  }
}

function numberAt(text: string, at: number): SelectorToken {
  const hexadecimal = text[at] === "0" && (text[at + 1] === "x" || text[at + 1] === "X");
  const { value, end } = hexadecimal ? hexadecimalAt(text, at) : decimalAt(text, at);
  if (!Number.isFinite(value) || isNamePart(text.charCodeAt(end))) {
    let tail = end;
    while (isNamePart(text.charCodeAt(tail))) tail++;
    throw selectorFault(
      { text, at },
      `expected a number, found ${quote(text.slice(at, tail), FOUND_MAX)}`,
    );
  }
  return { kind: "number", value, at, end };
}

interface NumberRead {
  /** NaN if it is none. */
  readonly value: number;
  readonly end: number;
}

function hexadecimalAt(text: string, at: number): NumberRead {
  let end = at + 2;
  while (isHexadecimalDigit(text.charCodeAt(end))) end++;
  const value = end === at + 2 ? Number.NaN : Number(text.slice(at, end));
  return { value, end: skipLong(text, end) };
}

function decimalAt(text: string, at: number): NumberRead {
  let end = skipDigits(text, at);
  const whole = end;
  if (text[end] === ".") end = skipDigits(text, end + 1);
  if (text[end] === "e" || text[end] === "E") {
    const sign = text[end + 1] === "+" || text[end + 1] === "-" ? 1 : 0;
    const digits = end + 1 + sign;
    end = skipDigits(text, digits);
    if (end === digits) return { value: Number.NaN, end };
  }
  const digits = text.slice(at, end);
  const behind = skipFloating(text, end);
  if (end > whole || behind > end) return { value: Number(digits), end: behind };
  return { value: integer(digits), end: skipLong(text, end) };
}

/** As in Java, a leading zero makes it octal. */
function integer(digits: string): number {
  if (digits.length === 1 || digits[0] !== "0") return Number(digits);
  return Number(`0o${digits}`);
}

function skipDigits(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at++;
  return at;
}

function skipLong(text: string, at: number): number {
  return text[at] === "l" || text[at] === "L" ? at + 1 : at;
}

function skipFloating(text: string, at: number): number {
  return /[dDfF]/.test(text.charAt(at)) ? at + 1 : at;
}

/** Characters of the client's text that a public sentence repeats. */
const FOUND_MAX = 40;

/** How a token is named in a sentence that expected another one. */
export function foundToken(text: string, token: SelectorSpan): string {
  if (token.at >= text.length) return "the end";
  return quote(text.slice(token.at, token.end), FOUND_MAX);
}

// Behind the end of a text charCodeAt gives NaN, which is none of these.

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d && code !== 0x0b);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isHexadecimalDigit(code: number): boolean {
  const lower = code | 0x20;
  return isDigit(code) || (lower >= 0x61 && lower <= 0x66);
}

function isNameStart(code: number): boolean {
  const lower = code | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || code === 0x5f || code === 0x24;
}

function isNamePart(code: number): boolean {
  return isNameStart(code) || isDigit(code);
}

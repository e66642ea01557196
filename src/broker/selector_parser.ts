import { selectorFault } from "./selector_fault.ts";
import {
  foundToken,
  type SelectorKeyword,
  type SelectorSpan,
  type SelectorSymbol,
  type SelectorToken,
  selectorTokens,
} from "./selector_lexer.ts";
import type { Arithmetic, Comparison } from "./selector_value.ts";

/** A value that stands in the selector itself; undefined is NULL. */
export type LiteralNode = SelectorSpan & {
  readonly type: "literal";
  readonly value: string | number | boolean | undefined;
};

/** A part of a selector, as it was written. Long rows of operators are flat. */
export type SelectorNode =
  | LiteralNode
  | (SelectorSpan &
      (
        | { readonly type: "name"; readonly name: string; readonly quoted: boolean }
        | { readonly type: "and" | "or"; readonly terms: readonly SelectorNode[] }
        | { readonly type: "not"; readonly term: SelectorNode }
        | {
            readonly type: "compare";
            readonly operator: Comparison;
            readonly left: SelectorNode;
            readonly right: SelectorNode;
          }
        | {
            readonly type: "between";
            readonly term: SelectorNode;
            readonly low: SelectorNode;
            readonly high: SelectorNode;
            readonly negated: boolean;
          }
        | {
            readonly type: "in";
            readonly term: SelectorNode;
            readonly items: readonly LiteralNode[];
            readonly negated: boolean;
          }
        | {
            readonly type: "like";
            readonly term: SelectorNode;
            readonly pattern: LikeOperand;
            readonly negated: boolean;
          }
        | { readonly type: "is-null"; readonly term: SelectorNode; readonly negated: boolean }
        | { readonly type: "sign"; readonly sign: "+" | "-"; readonly term: SelectorNode }
        | {
            readonly type: "arithmetic";
            readonly first: SelectorNode;
            readonly rest: readonly ArithmeticStep[];
          }
      ));

/** What stands to the right of LIKE. */
export type LikeOperand = SelectorSpan & {
  readonly value: string;
  readonly escape: string | undefined;
};

/** One operator of a row and what it applies to. */
export interface ArithmeticStep {
  readonly operator: Arithmetic;
  readonly term: SelectorNode;
}

/** Bounds of a selector. */
export interface SelectorLimits {
  /** UTF-16 code units of the text. */
  readonly charactersMax: number;
  /** Parentheses, signs and NOTs within one another. */
  readonly depthMax: number;
  /** Values in the list of one IN. */
  readonly inMax: number;
}

/** What a reader of tokens needs. */
interface Cursor {
  readonly text: string;
  readonly tokens: readonly SelectorToken[];
  readonly limits: SelectorLimits;
  index: number;
  depth: number;
}

const COMPARISONS: readonly SelectorSymbol[] = ["=", "<>", "<", "<=", ">", ">="];
const FOREIGN = ["XPATH", "XQUERY"];

/**
 * Reads a selector from `from` on; undefined if nothing stands there. From
 * loose to tight: OR, AND, NOT, one comparison (`=`, `<`, BETWEEN, IN, LIKE,
 * IS NULL and so on), `+ -`, `* / %`, signs.
 *
 * @throws Fault `bad-selector`
 */
export function parseSelector(
  text: string,
  options: {
    readonly from: number;
    readonly limits: SelectorLimits;
    /** Whether a hyphen between letters belongs to a name. */
    readonly hyphenated: boolean;
  },
): SelectorNode | undefined {
  const { limits } = options;
  const tokens = selectorTokens(text, options);
  const cursor: Cursor = { text, tokens, limits, index: 0, depth: 0 };
  if (peek(cursor).kind === "end") return undefined;
  const node = parseOr(cursor);
  if (peek(cursor).kind !== "end") throw expected(cursor, "an operator, AND, OR or the end");
  return node;
}

function parseOr(cursor: Cursor): SelectorNode {
  return parseRow(cursor, { keyword: "OR", type: "or", next: parseAnd });
}

function parseAnd(cursor: Cursor): SelectorNode {
  return parseRow(cursor, { keyword: "AND", type: "and", next: parseNot });
}

interface RowRule {
  readonly keyword: SelectorKeyword;
  readonly type: "and" | "or";
  readonly next: (cursor: Cursor) => SelectorNode;
}

function parseRow(cursor: Cursor, rule: RowRule): SelectorNode {
  const first = rule.next(cursor);
  const terms = [first];
  while (takeKeyword(cursor, rule.keyword)) terms.push(rule.next(cursor));
  if (terms.length === 1) return first;
  return { type: rule.type, terms, at: first.at, end: lastEnd(cursor) };
}

function parseNot(cursor: Cursor): SelectorNode {
  const { at } = peek(cursor);
  if (!takeKeyword(cursor, "NOT")) return parseComparison(cursor);
  const term = deeper(cursor, parseNot);
  return { type: "not", term, at, end: term.end };
}

/** One comparison: a = b = c is not SQL, and would mean something else than it seems to. */
function parseComparison(cursor: Cursor): SelectorNode {
  const left = parseSum(cursor);
  const operator = COMPARISONS.find((each) => takeSymbol(cursor, each));
  if (operator !== undefined && isComparison(operator)) {
    const right = parseSum(cursor);
    return { type: "compare", operator, left, right, at: left.at, end: right.end };
  }
  if (takeKeyword(cursor, "IS")) {
    const negated = takeKeyword(cursor, "NOT");
    if (!takeKeyword(cursor, "NULL")) throw expected(cursor, negated ? "NULL" : "NULL or NOT NULL");
    return { type: "is-null", term: left, negated, at: left.at, end: lastEnd(cursor) };
  }
  const negated = takeKeyword(cursor, "NOT");
  if (takeKeyword(cursor, "BETWEEN")) return parseBetween(cursor, { left, negated });
  if (takeKeyword(cursor, "IN")) return parseIn(cursor, { left, negated });
  if (takeKeyword(cursor, "LIKE")) return parseLike(cursor, { left, negated });
  if (negated) throw expected(cursor, "BETWEEN, IN or LIKE");
  return left;
}

function isComparison(symbol: SelectorSymbol): symbol is Comparison {
  return COMPARISONS.includes(symbol);
}

/** What stands to the left of BETWEEN, IN or LIKE. */
interface Begun {
  readonly left: SelectorNode;
  readonly negated: boolean;
}

function parseBetween(cursor: Cursor, begun: Begun): SelectorNode {
  const { left: term, negated } = begun;
  const low = parseSum(cursor);
  if (!takeKeyword(cursor, "AND")) throw expected(cursor, "AND");
  const high = parseSum(cursor);
  return { type: "between", term, low, high, negated, at: term.at, end: high.end };
}

function parseIn(cursor: Cursor, begun: Begun): SelectorNode {
  const { left: term, negated } = begun;
  if (!takeSymbol(cursor, "(")) throw expected(cursor, '"("');
  const items: LiteralNode[] = [];
  do {
    if (items.length === cursor.limits.inMax) {
      throw mistake(cursor, `expected at most ${cursor.limits.inMax} values in the list of IN`);
    }
    items.push(parseItem(cursor));
  } while (takeSymbol(cursor, ","));
  if (!takeSymbol(cursor, ")")) throw expected(cursor, '"," or ")"');
  return { type: "in", term, items, negated, at: term.at, end: lastEnd(cursor) };
}

function parseItem(cursor: Cursor): LiteralNode {
  const { at } = peek(cursor);
  const sign = takeSign(cursor);
  const token = peek(cursor);
  if (token.kind === "number" || (token.kind === "text" && sign === undefined)) {
    cursor.index++;
    const value = token.kind === "number" && sign === "-" ? -token.value : token.value;
    return { type: "literal", value, at, end: token.end };
  }
  throw expected(cursor, sign === undefined ? "a text or a number" : "a number");
}

function parseLike(cursor: Cursor, begun: Begun): SelectorNode {
  const { left: term, negated } = begun;
  const pattern = takeText(cursor);
  if (pattern === undefined) throw expected(cursor, "a text as pattern of LIKE");
  const escape = takeKeyword(cursor, "ESCAPE") ? takeEscape(cursor) : undefined;
  const operand = { value: pattern.value, escape, at: pattern.at, end: pattern.end };
  return { type: "like", term, pattern: operand, negated, at: term.at, end: lastEnd(cursor) };
}

function takeEscape(cursor: Cursor): string {
  const token = peek(cursor);
  if (token.kind === "text" && [...token.value].length === 1) {
    cursor.index++;
    return token.value;
  }
  throw expected(cursor, "a text of one character");
}

function parseSum(cursor: Cursor): SelectorNode {
  return parseArithmetic(cursor, { operators: ["+", "-"], next: parseProduct });
}

function parseProduct(cursor: Cursor): SelectorNode {
  return parseArithmetic(cursor, { operators: ["*", "/", "%"], next: parseSign });
}

interface ArithmeticRule {
  readonly operators: readonly (Arithmetic & SelectorSymbol)[];
  readonly next: (cursor: Cursor) => SelectorNode;
}

function parseArithmetic(cursor: Cursor, rule: ArithmeticRule): SelectorNode {
  const first = rule.next(cursor);
  const rest: ArithmeticStep[] = [];
  for (;;) {
    const operator = rule.operators.find((each) => takeSymbol(cursor, each));
    if (operator === undefined) break;
    rest.push({ operator, term: rule.next(cursor) });
  }
  if (rest.length === 0) return first;
  return { type: "arithmetic", first, rest, at: first.at, end: lastEnd(cursor) };
}

function parseSign(cursor: Cursor): SelectorNode {
  const { at } = peek(cursor);
  const sign = takeSign(cursor);
  if (sign === undefined) return parsePrimary(cursor);
  const term = deeper(cursor, parseSign);
  if (term.type === "literal" && typeof term.value === "number") {
    return { ...term, value: sign === "-" ? -term.value : term.value, at };
  }
  return { type: "sign", sign, term, at, end: term.end };
}

function takeSign(cursor: Cursor): "+" | "-" | undefined {
  if (takeSymbol(cursor, "-")) return "-";
  return takeSymbol(cursor, "+") ? "+" : undefined;
}

function parsePrimary(cursor: Cursor): SelectorNode {
  const token = peek(cursor);
  const { at, end } = token;
  if (takeSymbol(cursor, "(")) {
    const node = deeper(cursor, parseOr);
    if (!takeSymbol(cursor, ")")) throw expected(cursor, '")"');
    return node;
  }
  if (token.kind === "text" || token.kind === "number") {
    cursor.index++;
    return { type: "literal", value: token.value, at, end };
  }
  if (token.kind === "name") {
    refuseForeign(cursor, token);
    cursor.index++;
    return { type: "name", name: token.name, quoted: token.quoted, at, end };
  }
  if (takeKeyword(cursor, "TRUE")) return { type: "literal", value: true, at, end };
  if (takeKeyword(cursor, "FALSE")) return { type: "literal", value: false, at, end };
  if (takeKeyword(cursor, "NULL")) return { type: "literal", value: undefined, at, end };
  throw expected(cursor, "a name or a value");
}

/** Other brokers call functions or look into bodies here; only headers are read. */
function refuseForeign(cursor: Cursor, token: SelectorToken): void {
  if (token.kind !== "name" || token.quoted) return;
  const next = cursor.tokens[cursor.index + 1];
  const name = token.name.toUpperCase();
  if (next?.kind === "text" && FOREIGN.includes(name)) {
    throw mistake(cursor, `${name} is not supported, expected a condition on headers`);
  }
  if (next?.kind === "symbol" && next.symbol === "(") {
    const found = foundToken(cursor.text, { at: token.at, end: next.end });
    throw mistake(cursor, `functions are not supported, found ${found}`);
  }
}

/** Parses what the token just taken contains or applies to. */
function deeper(cursor: Cursor, parse: (cursor: Cursor) => SelectorNode): SelectorNode {
  const { depthMax } = cursor.limits;
  if (cursor.depth === depthMax) {
    cursor.index--;
    throw mistake(
      cursor,
      `expected at most ${depthMax} parentheses, signs and NOTs within one another`,
    );
  }
  cursor.depth++;
  const node = parse(cursor);
  cursor.depth--;
  return node;
}

function peek(cursor: Cursor): SelectorToken {
  const { tokens, index } = cursor;
  // The last token is the end, which nobody takes.
  return tokens[index] ?? { kind: "end", at: cursor.text.length, end: cursor.text.length };
}

function lastEnd(cursor: Cursor): number {
  return cursor.tokens[cursor.index - 1]?.end ?? 0;
}

function takeKeyword(cursor: Cursor, word: SelectorKeyword): boolean {
  const token = peek(cursor);
  const taken = token.kind === "keyword" && token.word === word;
  if (taken) cursor.index++;
  return taken;
}

function takeSymbol(cursor: Cursor, symbol: SelectorSymbol): boolean {
  const token = peek(cursor);
  const taken = token.kind === "symbol" && token.symbol === symbol;
  if (taken) cursor.index++;
  return taken;
}

function takeText(cursor: Cursor): (SelectorSpan & { readonly value: string }) | undefined {
  const token = peek(cursor);
  if (token.kind !== "text") return undefined;
  cursor.index++;
  return token;
}

function expected(cursor: Cursor, what: string): Error {
  return mistake(cursor, `expected ${what}, found ${foundToken(cursor.text, peek(cursor))}`);
}

/** A mistake at the next token. */
function mistake(cursor: Cursor, problem: string): Error {
  return selectorFault({ text: cursor.text, at: peek(cursor).at }, problem);
}

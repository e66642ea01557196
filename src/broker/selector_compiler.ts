import { quote } from "../fault.ts";
import { likePattern } from "./like_pattern.ts";
import { selectorFault } from "./selector_fault.ts";
import type { Operand, Read, Test } from "./selector_operand.ts";
import type { ArithmeticStep, LikeOperand, LiteralNode, SelectorNode } from "./selector_parser.ts";
import {
  calculate,
  compare,
  type Comparison,
  not,
  type SelectorValue,
  textAsBoolean,
  textAsNumber,
  type Truth,
} from "./selector_value.ts";

/** The selector that is being compiled. */
export interface Source {
  readonly text: string;
  /** What a name stands for. One in double quotes is always a header. */
  nameOf(node: { readonly name: string; readonly quoted: boolean }): Operand;
}

const UNKNOWN: Operand = { kind: "null", read: () => undefined };

/**
 * Compiles a part of a selector where a condition is expected. A header alone
 * is one: whether it says true.
 *
 * @throws Fault `bad-selector` for what is no condition or can never hold
 */
export function compileCondition(source: Source, node: SelectorNode): Test {
  const operand = compileNode(source, node);
  switch (operand.kind) {
    case "boolean":
    case "null":
      return operand.read;
    case "header": {
      const { read } = operand;
      return (message) => {
        const text = read(message);
        return text === undefined ? undefined : textAsBoolean(text) === true;
      };
    }
    default:
      throw mistake(source, { node, expected: "a condition" });
  }
}

function compileNumber(source: Source, node: SelectorNode): Read<number> {
  const operand = compileNode(source, node);
  switch (operand.kind) {
    case "number":
    case "null":
      return operand.read;
    case "header": {
      const { read } = operand;
      return (message) => {
        const text = read(message);
        return text === undefined ? undefined : textAsNumber(text);
      };
    }
    default:
      throw mistake(source, { node, expected: "a number or a header" });
  }
}

function compileNode(source: Source, node: SelectorNode): Operand {
  switch (node.type) {
    case "literal":
      return literal(node);
    case "name":
      return source.nameOf(node);
    case "and":
      return { kind: "boolean", read: both(compileAll(source, node.terms)) };
    case "or":
      return { kind: "boolean", read: either(compileAll(source, node.terms)) };
    case "not":
      return { kind: "boolean", read: negation(compileCondition(source, node.term)) };
    case "compare":
      return { kind: "boolean", read: comparison(source, node) };
    case "between":
      return { kind: "boolean", read: between(source, node) };
    case "in":
      return { kind: "boolean", read: negatable(membership(source, node), node.negated) };
    case "like":
      return { kind: "boolean", read: negatable(likeness(source, node), node.negated) };
    case "is-null": {
      const { read } = compileNode(source, node.term);
      const { negated } = node;
      return { kind: "boolean", read: (message) => (read(message) === undefined) !== negated };
    }
    case "sign":
      return { kind: "number", read: signed(source, node) };
    case "arithmetic":
      return { kind: "number", read: arithmetic(source, node) };
  }
}

function literal(node: LiteralNode): Operand {
  const { value } = node;
  if (typeof value === "string") return { kind: "text", read: () => value };
  if (typeof value === "number") return { kind: "number", read: () => value };
  return value === undefined ? UNKNOWN : { kind: "boolean", read: () => value };
}

function compileAll(source: Source, nodes: readonly SelectorNode[]): readonly Test[] {
  return nodes.map((node) => compileCondition(source, node));
}

function both(tests: readonly Test[]): Test {
  return (message) => {
    let truth: Truth = true;
    for (const test of tests) {
      const each = test(message);
      if (each === false) return false;
      if (each === undefined) truth = undefined;
    }
    return truth;
  };
}

function either(tests: readonly Test[]): Test {
  return (message) => {
    let truth: Truth = false;
    for (const test of tests) {
      const each = test(message);
      if (each === true) return true;
      if (each === undefined) truth = undefined;
    }
    return truth;
  };
}

function negation(test: Test): Test {
  return (message) => not(test(message));
}

function negatable(test: Test, negated: boolean): Test {
  return negated ? negation(test) : test;
}

/** One side of a comparison. */
interface Side {
  readonly node: SelectorNode;
  readonly operand: Operand;
}

function side(source: Source, node: SelectorNode): Side {
  return { node, operand: compileNode(source, node) };
}

function comparison(
  source: Source,
  node: {
    readonly operator: Comparison;
    readonly left: SelectorNode;
    readonly right: SelectorNode;
  },
): Test {
  const { operator } = node;
  const left = side(source, node.left);
  const right = side(source, node.right);
  if (operator !== "=" && operator !== "<>") expectOrdered(source, [left, right]);
  expectAlike(source, [left, right]);
  if (operator === "=" && left.operand.kind === "header" && node.right.type === "literal") {
    const { value } = node.right;
    if (typeof value === "string") return sameText(left.operand.read, value);
  }
  return compared(operator, [left.operand, right.operand]);
}

function compared(operator: Comparison, operands: readonly [Operand, Operand]): Test {
  const holds = compare(operator);
  const left: Read<SelectorValue> = operands[0].read;
  const right: Read<SelectorValue> = operands[1].read;
  return (message) => holds(left(message), right(message));
}

/** The most frequent of all selectors, without a detour. */
function sameText(read: Read<string>, value: string): Test {
  return (message) => {
    const text = read(message);
    return text === undefined ? undefined : text === value;
  };
}

function expectOrdered(source: Source, sides: readonly Side[]): void {
  const wrong = sides.find(({ operand }) => operand.kind === "boolean");
  if (wrong === undefined) return;
  throw mistake(source, { node: wrong.node, expected: "a number, a text or a header" });
}

/** Two sides that never agree, whatever the message, are a mistake. */
function expectAlike(source: Source, sides: readonly [Side, Side]): void {
  const [left, right] = sides;
  expectLike(source, { given: left, other: right });
  expectLike(source, { given: right, other: left });
}

function expectLike(source: Source, pair: { readonly given: Side; readonly other: Side }): void {
  const { given, other } = pair;
  const { kind } = given.operand;
  if (kind !== "number" && kind !== "boolean") return;
  const { node, operand } = other;
  const isLike =
    node.type === "literal" && typeof node.value === "string"
      ? (kind === "number" ? textAsNumber : textAsBoolean)(node.value) !== undefined
      : operand.kind === kind || (operand.kind !== "number" && operand.kind !== "boolean");
  if (isLike) return;
  if (isHyphenated(given.node)) {
    throw mistake(source, { node: given.node, expected: "a text or a header" });
  }
  throw mistake(source, { node, expected: `a ${kind}` });
}

function between(
  source: Source,
  node: {
    readonly term: SelectorNode;
    readonly low: SelectorNode;
    readonly high: SelectorNode;
    readonly negated: boolean;
  },
): Test {
  const term = side(source, node.term);
  const low = side(source, node.low);
  const high = side(source, node.high);
  expectOrdered(source, [term, low, high]);
  expectAlike(source, [term, low]);
  expectAlike(source, [term, high]);
  // JMS 2.0 section 3.8.1.1: a NOT BETWEEN b AND c is a < b OR a > c.
  if (node.negated) {
    return either([
      compared("<", [term.operand, low.operand]),
      compared(">", [term.operand, high.operand]),
    ]);
  }
  return both([
    compared(">=", [term.operand, low.operand]),
    compared("<=", [term.operand, high.operand]),
  ]);
}

function membership(
  source: Source,
  node: { readonly term: SelectorNode; readonly items: readonly LiteralNode[] },
): Test {
  const term = side(source, node.term);
  const { operand } = term;
  if (operand.kind === "boolean") {
    throw mistake(source, { node: node.term, expected: "a number, a text or a header" });
  }
  for (const item of node.items)
    expectAlike(source, [term, { node: item, operand: literal(item) }]);
  const values = node.items.map((item) => item.value);
  if (operand.kind === "number") return numberAmong(operand.read, values);
  return textAmong(operand.read, values);
}

function numberAmong(read: Read<number>, values: readonly SelectorValue[]): Test {
  const numbers = new Set(
    values.map((each) => (typeof each === "string" ? textAsNumber(each) : each)),
  );
  return (message) => {
    const number = read(message);
    return number === undefined ? undefined : numbers.has(number);
  };
}

function textAmong(read: Read<string>, values: readonly SelectorValue[]): Test {
  const texts = new Set(values.filter((each) => typeof each === "string"));
  const numbers = new Set(values.filter((each) => typeof each === "number"));
  return (message) => {
    const text = read(message);
    if (text === undefined) return undefined;
    if (texts.has(text)) return true;
    if (numbers.size === 0) return false;
    const number = textAsNumber(text);
    return number !== undefined && numbers.has(number);
  };
}

function likeness(
  source: Source,
  node: { readonly term: SelectorNode; readonly pattern: LikeOperand },
): Test {
  const { term, pattern } = node;
  const operand = compileNode(source, term);
  if (operand.kind === "null") return operand.read;
  if (operand.kind !== "text" && operand.kind !== "header") {
    throw mistake(source, { node: term, expected: "a text or a header" });
  }
  const covers = likePattern(pattern.value, pattern.escape);
  if (covers === undefined) {
    throw selectorFault(
      { text: source.text, at: pattern.at },
      `expected a character after the last ${quote(pattern.escape ?? "")} of the pattern, ` +
        `found ${found(source, pattern)}`,
    );
  }
  const { read } = operand;
  return (message) => {
    const text = read(message);
    return text === undefined ? undefined : covers(text);
  };
}

function signed(
  source: Source,
  node: { readonly sign: "+" | "-"; readonly term: SelectorNode },
): Read<number> {
  const read = compileNumber(source, node.term);
  if (node.sign === "+") return read;
  return (message) => {
    const number = read(message);
    return number === undefined ? undefined : -number;
  };
}

function arithmetic(
  source: Source,
  node: { readonly first: SelectorNode; readonly rest: readonly ArithmeticStep[] },
): Read<number> {
  const first = compileNumber(source, node.first);
  const steps = node.rest.map(({ operator, term }) => ({
    apply: calculate(operator),
    read: compileNumber(source, term),
  }));
  return (message) => {
    let total = first(message);
    for (const { apply, read } of steps) {
      if (total === undefined) return undefined;
      const number = read(message);
      if (number === undefined) return undefined;
      total = apply(total, number);
    }
    return total;
  };
}

function mistake(
  source: Source,
  what: { readonly node: SelectorNode; readonly expected: string },
): Error {
  const { node, expected } = what;
  const hint = isHyphenated(node) ? "; a header name with a hyphen stands in double quotes" : "";
  return selectorFault(
    { text: source.text, at: node.at },
    `expected ${expected}, found ${found(source, node)}${hint}`,
  );
}

function found(source: Source, span: { readonly at: number; readonly end: number }): string {
  return quote(source.text.slice(span.at, span.end), 40);
}

/** Whether a subtraction of names may have been meant as one name. */
function isHyphenated(node: SelectorNode): boolean {
  if (node.type !== "arithmetic" || node.first.type !== "name") return false;
  return node.rest.every(({ operator, term }) => operator === "-" && term.type === "name");
}

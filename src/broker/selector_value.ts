/** True, false or unknown. */
export type Truth = boolean | undefined;

/** What an operand of a selector is at a message; undefined is unknown. */
export type SelectorValue = string | number | boolean | undefined;

/** How two values are compared. */
export type Comparison = "=" | "<>" | "<" | "<=" | ">" | ">=";

/** How two numbers become one. */
export type Arithmetic = "+" | "-" | "*" | "/" | "%";

/**
 * What a text says as a number: digits with an optional sign, point and
 * exponent, blanks around it; undefined if it is none or beyond a double.
 */
export function textAsNumber(text: string): number | undefined {
  let digits = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x30 && code <= 0x39) digits = true;
    else if (!NUMBER_CODES.has(code)) return undefined;
  }
  if (!digits) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** What else may stand in a number. Number() reads hexadecimal and Infinity too; Java does not. */
const NUMBER_CODES: ReadonlySet<number> = new Set([..." \t+-.eE"].map((c) => c.charCodeAt(0)));

/** What a text says as a boolean: true or false in any case, blanks around it. */
export function textAsBoolean(text: string): boolean | undefined {
  switch (text.trim().toLowerCase()) {
    case "true":
      return true;
    case "false":
      return false;
    default:
      return undefined;
  }
}

/** Three-valued NOT. */
export function not(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth;
}

/**
 * Three-valued comparison. A text is converted when it meets a number or a
 * boolean, on either side. What cannot be converted is not equal and has no
 * order: `<>` is true, `=` and the others are false (JMS 2.0 section 3.8.1.1
 * has false for values of unlike types).
 */
export function compare(operator: Comparison): (a: SelectorValue, b: SelectorValue) => Truth {
  switch (operator) {
    case "=":
      return equal;
    case "<>":
      return (a, b) => not(equal(a, b));
    case "<":
      return ordered((order) => order < 0);
    case "<=":
      return ordered((order) => order <= 0);
    case ">":
      return ordered((order) => order > 0);
    case ">=":
      return ordered((order) => order >= 0);
  }
}

function equal(a: SelectorValue, b: SelectorValue): Truth {
  if (a === undefined || b === undefined) return undefined;
  if (typeof a === typeof b) return a === b;
  if (typeof a === "string") return convertedLike(a, b) === b;
  if (typeof b === "string") return convertedLike(b, a) === a;
  return false;
}

function convertedLike(text: string, other: string | number | boolean): SelectorValue {
  return typeof other === "number" ? textAsNumber(text) : textAsBoolean(text);
}

function ordered(holds: (order: number) => boolean): (a: SelectorValue, b: SelectorValue) => Truth {
  return (a, b) => (a === undefined || b === undefined ? undefined : holds(orderOf(a, b)));
}

/**
 * Less than, equal to or greater than 0; NaN, of which nothing holds, if the
 * two have no order. In JMS only numbers have one; so two texts that are both
 * numbers are taken as such, and all others by their code units.
 */
function orderOf(a: string | number | boolean, b: string | number | boolean): number {
  if (typeof a === "boolean" || typeof b === "boolean") return Number.NaN;
  const left = typeof a === "string" ? textAsNumber(a) : a;
  const right = typeof b === "string" ? textAsNumber(b) : b;
  if (left !== undefined && right !== undefined) return left < right ? -1 : left > right ? 1 : 0;
  if (typeof a === "number" || typeof b === "number") return Number.NaN;
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Arithmetic on one kind of number, a double: 7 / 2 is 3.5. What is no number
 * (a division by zero, an overflow) is unknown.
 */
export function calculate(operator: Arithmetic): (a: number, b: number) => number | undefined {
  switch (operator) {
    case "+":
      return (a, b) => known(a + b);
    case "-":
      return (a, b) => known(a - b);
    case "*":
      return (a, b) => known(a * b);
    case "/":
      return (a, b) => known(a / b);
    case "%":
      return (a, b) => known(a % b);
  }
}

function known(result: number): number | undefined {
  return Number.isFinite(result) ? result : undefined;
}

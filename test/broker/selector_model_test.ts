import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compileSelector } from "../../src/broker/selector.ts";
import { RUN_SEED, seededRandom } from "../support/seeded_random.ts";

/**
 * A second, naive evaluator: walks a tree anew for each message, with truth as
 * a number (0 false, 1 unknown, 2 true: AND is the least, OR the greatest) and
 * regular expressions for what the broker reads by hand. Random trees are
 * written out as text in random style, and both must agree.
 */

/** What has a value. */
type Value =
  | { readonly is: "header"; readonly name: string }
  | { readonly is: "text"; readonly text: string }
  | { readonly is: "number"; readonly written: string; readonly number: number }
  | { readonly is: "null" }
  | { readonly is: "priority" }
  | { readonly is: "delivery-mode" }
  | { readonly is: "minus" | "plus"; readonly of: Value }
  | { readonly is: "+" | "-" | "*" | "/" | "%"; readonly left: Value; readonly right: Value };

type Operator = "=" | "<>" | "<" | "<=" | ">" | ">=";

/** What has a truth. */
type Condition =
  | { readonly is: "compare"; readonly by: Operator; readonly left: Value; readonly right: Value }
  | {
      readonly is: "same";
      readonly by: "=" | "<>";
      readonly left: Condition;
      readonly right: Condition;
    }
  | {
      readonly is: "between";
      readonly not: boolean;
      readonly of: Value;
      readonly low: Value;
      readonly high: Value;
    }
  | {
      readonly is: "in";
      readonly not: boolean;
      readonly of: Value;
      readonly list: readonly Value[];
    }
  | {
      readonly is: "like";
      readonly not: boolean;
      readonly of: Value;
      readonly pattern: string;
      readonly escape: boolean;
    }
  | { readonly is: "null"; readonly not: boolean; readonly of: Value }
  | { readonly is: "flag"; readonly name: string }
  | { readonly is: "constant"; readonly truth: 0 | 1 | 2 }
  | { readonly is: "redelivered" }
  | { readonly is: "not"; readonly of: Condition }
  | { readonly is: "and" | "or"; readonly of: readonly Condition[] };

interface World {
  readonly headers: readonly (readonly [string, string])[];
  readonly priority: number;
  readonly persistent: boolean;
  readonly deliveryCount: number;
}

const HEADER_OF: Readonly<Record<string, string>> = {
  JMSType: "type",
  JMSCorrelationID: "correlation-id",
};

function header(world: World, name: string): string | null {
  const wanted = HEADER_OF[name] ?? name;
  return world.headers.find(([each]) => each === wanted)?.[1] ?? null;
}

const NUMBER = /^[ \t]*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[ \t]*$/;

function numberOf(text: string): number | null {
  const number = NUMBER.test(text) ? parseFloat(text.trim()) : Infinity;
  return Math.abs(number) === Infinity ? null : number;
}

function valueOf(world: World, value: Value): string | number | null {
  switch (value.is) {
    case "header":
      return header(world, value.name);
    case "text":
      return value.text;
    case "number":
      return value.number;
    case "null":
      return null;
    case "priority":
      return world.priority;
    case "delivery-mode":
      return world.persistent ? "PERSISTENT" : "NON_PERSISTENT";
    default:
      return arithmetic(world, value);
  }
}

function arithmetic(world: World, value: Value): number | null {
  const numeric = (of: Value): number => {
    const got = valueOf(world, of);
    return (typeof got === "string" ? numberOf(got) : got) ?? NaN;
  };
  const result = ((): number => {
    switch (value.is) {
      case "minus":
        return -numeric(value.of);
      case "plus":
        return numeric(value.of);
      case "+":
        return numeric(value.left) + numeric(value.right);
      case "-":
        return numeric(value.left) - numeric(value.right);
      case "*":
        return numeric(value.left) * numeric(value.right);
      case "/":
        return numeric(value.left) / numeric(value.right);
      case "%":
        return numeric(value.left) % numeric(value.right);
      default:
        return NaN;
    }
  })();
  return Number.isFinite(result) ? result : null;
}

/** Which of less, equal, greater two known values are; null if neither. */
function relation(a: string | number, b: string | number): "<" | "=" | ">" | null {
  const [x, y] = [a, b].map((each) => (typeof each === "string" ? numberOf(each) : each));
  if (x !== null && y !== null && x !== undefined && y !== undefined) {
    return x === y ? "=" : x < y ? "<" : ">";
  }
  if (typeof a === "number" || typeof b === "number") return null;
  return a === b ? "=" : a < b ? "<" : ">";
}

const truthFrom = (yes: boolean): number => (yes ? 2 : 0);

function compared(by: Operator, a: string | number | null, b: string | number | null): number {
  if (a === null || b === null) return 1;
  const bothTexts = typeof a === "string" && typeof b === "string";
  const equal = bothTexts ? a === b : relation(a, b) === "=";
  if (by === "=") return truthFrom(equal);
  if (by === "<>") return truthFrom(!equal);
  const order = relation(a, b);
  return truthFrom(order !== null && by.includes(order));
}

function truthOf(world: World, condition: Condition): number {
  const inverted = (truth: number, not: boolean): number => (not ? 2 - truth : truth);
  switch (condition.is) {
    case "compare":
      return compared(
        condition.by,
        valueOf(world, condition.left),
        valueOf(world, condition.right),
      );
    case "same": {
      const left = truthOf(world, condition.left);
      const right = truthOf(world, condition.right);
      if (left === 1 || right === 1) return 1;
      return truthFrom((left === right) === (condition.by === "="));
    }
    case "between": {
      const [of, low, high] = [condition.of, condition.low, condition.high].map((each) =>
        valueOf(world, each),
      ) as [string | number | null, string | number | null, string | number | null];
      if (condition.not) return Math.max(compared("<", of, low), compared(">", of, high));
      return Math.min(compared(">=", of, low), compared("<=", of, high));
    }
    case "in": {
      const of = valueOf(world, condition.of);
      const each = condition.list.map((item) => compared("=", of, valueOf(world, item)));
      return inverted(Math.max(...each), condition.not);
    }
    case "like": {
      const of = valueOf(world, condition.of);
      if (of === null) return 1;
      const matches = likeExpression(condition.pattern, condition.escape).test(String(of));
      return inverted(truthFrom(matches), condition.not);
    }
    case "null":
      return truthFrom((valueOf(world, condition.of) === null) !== condition.not);
    case "flag": {
      const text = header(world, condition.name);
      return text === null ? 1 : truthFrom(/^\s*true\s*$/i.test(text));
    }
    case "constant":
      return condition.truth;
    case "redelivered":
      return truthFrom(world.deliveryCount >= 2);
    case "not":
      return 2 - truthOf(world, condition.of);
    case "and":
      return Math.min(...condition.of.map((each) => truthOf(world, each)));
    case "or":
      return Math.max(...condition.of.map((each) => truthOf(world, each)));
  }
}

function likeExpression(pattern: string, escape: boolean): RegExp {
  const parts = pattern.match(escape ? /![^]|[^]/gu : /[^]/gu) ?? [];
  const source = parts.map((part) => {
    if (part === "%") return "[^]*";
    if (part === "_") return "[^]";
    const literal = escape && part.startsWith("!") ? part.slice(1) : part;
    return `\\u{${(literal.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return new RegExp(`^${source.join("")}$`, "u");
}

/** How tightly each thing binds; what is looser than its place asks for needs parentheses. */
const TIGHTNESS: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  not: 3,
  compare: 4,
  same: 4,
  between: 4,
  in: 4,
  like: 4,
  "null?": 4,
  "+": 5,
  "-": 5,
  "*": 6,
  "/": 6,
  "%": 6,
  minus: 7,
  plus: 7,
};

/** Writes a tree as words of a selector, in a style that `random` chooses. */
function writer(random: () => number): (condition: Condition) => string {
  const cased = (word: string): string =>
    [...word].map((c) => (random() < 0.5 ? c.toLowerCase() : c)).join("");
  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const named = (name: string): string =>
    name.includes("-") || (!name.startsWith("JMS") && random() < 0.3) ? `"${name}"` : name;
  const enclosed = (words: readonly string[]): readonly string[] => ["(", ...words, ")"];
  const placed = (words: readonly string[], tight: number, least: number): readonly string[] =>
    tight < least || random() < 0.1 ? enclosed(words) : words;
  const negation = (not: boolean): readonly string[] => (not ? [cased("NOT")] : []);

  const value = (of: Value, least: number): readonly string[] =>
    placed(bareValue(of), TIGHTNESS[of.is] ?? 8, least);
  const bareValue = (of: Value): readonly string[] => {
    switch (of.is) {
      case "header":
        return [named(of.name)];
      case "text":
        return [quoted(of.text)];
      case "number":
        return [of.written];
      case "null":
        return [cased("NULL")];
      case "priority":
        return ["JMSPriority"];
      case "delivery-mode":
        return ["JMSDeliveryMode"];
      case "minus":
        return ["-", ...value(of.of, 7)];
      case "plus":
        return ["+", ...value(of.of, 7)];
      default: {
        const tight = TIGHTNESS[of.is] ?? 8;
        return [...value(of.left, tight), of.is, ...value(of.right, tight + 1)];
      }
    }
  };

  const condition = (of: Condition, least: number): readonly string[] =>
    placed(bareCondition(of), TIGHTNESS[of.is === "null" ? "null?" : of.is] ?? 8, least);
  const row = (word: string, of: readonly Condition[]): readonly string[] =>
    of.flatMap((each, i) => [
      ...(i === 0 ? [] : [cased(word)]),
      ...condition(each, (TIGHTNESS[word.toLowerCase()] ?? 0) + 1),
    ]);
  const bareCondition = (of: Condition): readonly string[] => {
    switch (of.is) {
      case "compare":
        return [...value(of.left, 5), of.by, ...value(of.right, 5)];
      case "same":
        return [...condition(of.left, 5), of.by, ...condition(of.right, 5)];
      case "between":
        return [
          ...value(of.of, 5),
          ...negation(of.not),
          cased("BETWEEN"),
          ...value(of.low, 5),
          cased("AND"),
          ...value(of.high, 5),
        ];
      case "in": {
        const items = of.list.flatMap((each, i) => [...(i === 0 ? [] : [","]), ...bareValue(each)]);
        return [...value(of.of, 5), ...negation(of.not), cased("IN"), ...enclosed(items)];
      }
      case "like": {
        const escape = of.escape ? [cased("ESCAPE"), "'!'"] : [];
        const pattern = [cased("LIKE"), quoted(of.pattern), ...escape];
        return [...value(of.of, 5), ...negation(of.not), ...pattern];
      }
      case "null":
        return [...value(of.of, 5), cased("IS"), ...negation(of.not), cased("NULL")];
      case "flag":
        return [named(of.name)];
      case "constant":
        return [cased(["FALSE", "NULL", "TRUE"][of.truth] ?? "")];
      case "redelivered":
        return ["JMSRedelivered"];
      case "not":
        return [cased("NOT"), ...condition(of.of, 3)];
      case "and":
        return row("AND", of.of);
      case "or":
        return row("OR", of.of);
    }
  };

  const GAPS = [" ", "  ", "\n", "\t", " /* and */ ", " -- or\n"];
  return (of) =>
    condition(of, 1).reduce((text, word) => {
      const mayTouch = text === "" || /[(),]$/.test(text) || /^[(),]/.test(word);
      const gap = mayTouch && random() < 0.5 ? "" : GAPS[Math.floor(random() * random() * 6)];
      return text + gap + word;
    }, "");
}

const NAMES = ["a", "b", "flag", "type", "correlation-id", "JMSType", "JMSCorrelationID"];
const TEXTS = ["", "0", "1", "2", "-2", "3.5", "2.0", "1e1", " 4 ", "x", "xy", "x_y", "é", "it's"];
const MORE_TEXTS = ["true", "FALSE", "0x2", "Infinity", "NaN", "2 2", "1e999", ".", "PERSISTENT"];

const names = fc.constantFrom(...NAMES);
const texts = fc.constantFrom(...TEXTS, ...MORE_TEXTS);
const numberWords = ["0", "1", "2", "3.5", "0x2", "02", "1e1", "4L", ".5", "2.d", "1e308"] as const;
const NUMBERS = [0, 1, 2, 3.5, 2, 2, 10, 4, 0.5, 2, 1e308];

const headerValue = names.map((name): Value => ({ is: "header", name }));
const textValue = texts.map((text): Value => ({ is: "text", text }));
const numericText = fc
  .constantFrom("0", "2", "2.0", " 4 ")
  .map((text): Value => ({ is: "text", text }));
const numberValue = fc
  .nat(numberWords.length - 1)
  .map((i): Value => ({ is: "number", written: numberWords[i] ?? "", number: NUMBERS[i] ?? NaN }));
const nullValue = fc.constant<Value>({ is: "null" });

const { number: numeric } = fc.letrec<{ number: Value; operand: Value }>((tie) => ({
  number: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    numberValue,
    fc.constant<Value>({ is: "priority" }),
    fc.record({ is: fc.constantFrom("minus", "plus"), of: tie("operand") }),
    fc.record({
      is: fc.constantFrom("+", "-", "*", "/", "%"),
      left: tie("operand"),
      right: tie("operand"),
    }),
  ),
  operand: fc.oneof({ maxDepth: 3 }, headerValue, nullValue, tie("number")),
}));

const untyped = fc.oneof(headerValue, headerValue, nullValue);
const textual = fc.oneof(untyped, textValue, fc.constant<Value>({ is: "delivery-mode" }));
/** Values that may meet: never a number and a text that is none. */
const meetingValues = (count: number): fc.Arbitrary<Value[]> =>
  fc.oneof(
    fc.array(textual, { minLength: count, maxLength: count }),
    fc.array(fc.oneof(untyped, numeric, numericText), { minLength: count, maxLength: count }),
  );
const at = (values: readonly Value[], index: number): Value => values[index] ?? { is: "null" };

const listItems = (item: fc.Arbitrary<Value>): fc.Arbitrary<Value[]> =>
  fc.array(item, { minLength: 1, maxLength: 4 });
const signedNumber = fc
  .tuple(numberValue, fc.constantFrom("", "-", "- ", "+"))
  .map(([value, sign]): Value => {
    if (value.is !== "number") return value;
    const number = sign.startsWith("-") ? -value.number : value.number;
    return { is: "number", written: `${sign}${value.written}`, number };
  });

const leaves: readonly fc.Arbitrary<Condition>[] = [
  fc
    .tuple(fc.constantFrom<Operator>("=", "<>", "<", "<=", ">", ">="), meetingValues(2))
    .map(([by, values]): Condition => ({
      is: "compare",
      by,
      left: at(values, 0),
      right: at(values, 1),
    })),
  fc.tuple(fc.boolean(), meetingValues(3)).map(([not, values]): Condition => {
    return { is: "between", not, of: at(values, 0), low: at(values, 1), high: at(values, 2) };
  }),
  fc.record({
    is: fc.constant("in"),
    not: fc.boolean(),
    of: fc.oneof(untyped, fc.constant<Value>({ is: "delivery-mode" })),
    list: listItems(fc.oneof(textValue, signedNumber)),
  }),
  fc.record({
    is: fc.constant("in"),
    not: fc.boolean(),
    of: textual,
    list: listItems(textValue),
  }),
  fc.record({
    is: fc.constant("in"),
    not: fc.boolean(),
    of: numeric,
    list: listItems(fc.oneof(numericText, signedNumber)),
  }),
  fc
    .record({
      is: fc.constant("like"),
      not: fc.boolean(),
      of: textual,
      pattern: fc.string({
        unit: fc.constantFrom("x", "y", "%", "_", "!", "2", "é"),
        maxLength: 5,
      }),
      escape: fc.boolean(),
    })
    .filter(({ pattern, escape }) => !escape || !/(?<!!)(!!)*!$/.test(pattern)),
  fc.record({ is: fc.constant("null"), not: fc.boolean(), of: fc.oneof(textual, numeric) }),
  names.map((name): Condition => ({ is: "flag", name })),
  fc.constantFrom<0 | 1 | 2>(0, 1, 2).map((truth): Condition => ({ is: "constant", truth })),
  fc.constant<Condition>({ is: "redelivered" }),
];

const { condition: conditions } = fc.letrec<{ condition: Condition; few: Condition[] }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(...leaves),
    fc.record({ is: fc.constant("not"), of: tie("condition") }),
    fc.record({ is: fc.constantFrom("and", "or"), of: tie("few") }),
    fc
      .record({
        is: fc.constant("same"),
        by: fc.constantFrom("=", "<>"),
        left: tie("condition"),
        right: tie("condition"),
      })
      // A header or NULL there is a value like any other, not yet a condition.
      .filter(({ left, right }) => [left, right].every(isBoolean)),
  ),
  few: fc.array(tie("condition"), { minLength: 2, maxLength: 4 }),
}));

function isBoolean(of: Condition): boolean {
  return of.is !== "flag" && !(of.is === "constant" && of.truth === 1);
}

const worlds: fc.Arbitrary<World> = fc.record({
  headers: fc.array(fc.tuple(fc.constantFrom("a", "b", "flag", "type", "correlation-id"), texts), {
    maxLength: 8,
  }),
  priority: fc.nat(9),
  persistent: fc.boolean(),
  deliveryCount: fc.integer({ min: 1, max: 3 }),
});

describe("a selector and a naive evaluator agree", () => {
  test("on random conditions and random messages", () => {
    const seen = [0, 0, 0];
    const style = fc.nat();
    fc.assert(
      fc.property(
        conditions,
        style,
        fc.array(worlds, { minLength: 4, maxLength: 4 }),
        (...drawn) => {
          const [condition, seed, messages] = drawn;
          const text = writer(seededRandom(seed))(condition);
          const selector = compileSelector(text);
          const opposite = compileSelector(`NOT (${text}\n)`);
          for (const world of messages) {
            const of = {
              ...world,
              headers: { list: () => world.headers.flat() },
              id: "m",
              expiresAt: 0,
            };
            const truth = truthOf(world, condition);
            seen[truth] = (seen[truth] ?? 0) + 1;
            expect([text, selector.matches(of)]).toEqual([text, truth === 2]);
            expect([text, opposite.matches(of)]).toEqual([text, truth === 0]);
          }
        },
      ),
      { seed: RUN_SEED, numRuns: process.env["TEST_LONG"] === undefined ? 3_000 : 100_000 },
    );
    // Of each truth a good part, or the agreement would mean little.
    for (const count of seen) expect(count).toBeGreaterThan(1_000);
  });
});

import { describe, expect, test } from "bun:test";
import { headerList, Message } from "../../src/broker/message.ts";
import { NumberedIds } from "../../src/broker/numbered_ids.ts";
import {
  compileSelector,
  createSelectorCache,
  SELECTOR_LIMITS,
  type SelectorMessage,
} from "../../src/broker/selector.ts";
import { Fault } from "../../src/fault.ts";

type Headers = Readonly<Record<string, string>>;

function message(headers: Headers = {}, more: Partial<SelectorMessage> = {}): SelectorMessage {
  const list = Object.entries(headers).flat();
  return {
    headers: { list: () => list },
    id: "m-1",
    priority: 4,
    expiresAt: 0,
    persistent: false,
    ...more,
  };
}

/** True, false or unknown, told apart by what the condition and its negation select. */
function truthOf(condition: string, of: SelectorMessage): boolean | undefined {
  if (compileSelector(condition).matches(of)) return true;
  return compileSelector(`NOT (${condition})`).matches(of) ? false : undefined;
}

function faultOf(text: string, limits = {}): Fault {
  try {
    compileSelector(text, limits);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error(`Cannot find a mistake in ${text.slice(0, 100)}`);
}

/** Where the first line of a fault's detail says the mistake is, and what it says. */
function mistakeOf(text: string): readonly [number, string] {
  const { code, detail } = faultOf(text);
  expect(code).toBe("bad-selector");
  const [, at, problem] = /^Cannot read selector at character (\d+): (.*)\n/.exec(detail) ?? [];
  return [Number(at), problem ?? ""];
}

const U = undefined;

describe("truth", () => {
  const ORDER = { colour: "red", weight: "3000", ratio: "3.5", flag: "true", off: "false", e: "" };

  test.each<[string, boolean | undefined]>([
    // Equality of texts.
    ["colour = 'red'", true],
    ["colour = 'blue'", false],
    ["'red' = colour", true],
    ["colour = 'RED'", false],
    ["colour <> 'red'", false],
    ["colour <> 'blue'", true],
    ["colour = colour", true],
    ["colour = weight", false],
    ["e = ''", true],
    ["'it''s' = 'it''s'", true],
    ["'a' = 'b'", false],
    // Order of numbers.
    ["weight = 3000", true],
    ["weight <> 3000", false],
    ["weight > 2500", true],
    ["weight > 3000", false],
    ["weight >= 3000", true],
    ["weight < 3001", true],
    ["weight < 3000", false],
    ["weight <= 3000", true],
    ["weight <= 2999", false],
    // BETWEEN, both ends included.
    ["weight BETWEEN 3000 AND 4000", true],
    ["weight BETWEEN 2000 AND 3000", true],
    ["weight BETWEEN 3001 AND 4000", false],
    ["weight BETWEEN 4000 AND 2000", false],
    ["weight NOT BETWEEN 3001 AND 4000", true],
    ["weight NOT BETWEEN 3000 AND 4000", false],
    ["weight BETWEEN ratio AND 1000 * ratio", true],
    ["5 BETWEEN 1 AND 9", true],
    ["'b' BETWEEN 'a' AND 'c'", true],
    ["weight BETWEEN 2000 AND 4000 AND colour = 'red'", true],
    ["weight BETWEEN 2000 AND 4000 AND colour = 'blue'", false],
    // IN.
    ["colour IN ('red', 'blue')", true],
    ["colour IN ('green')", false],
    ["colour NOT IN ('green')", true],
    ["colour NOT IN ('red')", false],
    ["weight IN (1, 3000)", true],
    ["weight IN (1, 2)", false],
    ["weight NOT IN (1, 2)", true],
    ["weight IN (1, 'x', 3e3)", true],
    ["weight IN ('3000.0')", false],
    ["weight IN (-3000, +3000)", true],
    ["weight + 1 IN (3001)", true],
    ["weight + 1 IN ('3001')", true],
    // LIKE.
    ["colour LIKE 'r%'", true],
    ["colour LIKE 'r_d'", true],
    ["colour LIKE '%e'", false],
    ["colour NOT LIKE '%e'", true],
    ["colour NOT LIKE 'r%'", false],
    ["'50%' LIKE '50!%' ESCAPE '!'", true],
    ["'50x' LIKE '50!%' ESCAPE '!'", false],
    ["'50x' NOT LIKE '50!%' ESCAPE '!'", true],
    // IS NULL is never unknown.
    ["missing IS NULL", true],
    ["missing IS NOT NULL", false],
    ["colour IS NULL", false],
    ["colour IS NOT NULL", true],
    ["e IS NULL", false],
    ["NULL IS NULL", true],
    ["(missing = 1) IS NULL", true],
    ["missing + 1 IS NULL", true],
    ["colour + 1 IS NULL", true],
    // Arithmetic.
    ["weight + 1 = 3001", true],
    ["weight - 1 = 2999", true],
    ["weight * 2 = 6000", true],
    ["weight / 2 = 1500", true],
    ["7 / 2 = 3.5", true],
    ["weight % 7 = 4", true],
    ["-7 % 3 = -1", true],
    ["-weight = -3000", true],
    ["- - weight = 3000", true],
    ["+weight = 3000", true],
    ["+ -weight < 0", true],
    ["2 + 3 * 4 = 14", true],
    ["(2 + 3) * 4 = 20", true],
    ["10 - 4 - 3 = 3", true],
    ["100 / 10 / 5 = 2", true],
    ["100 / 10 * 5 = 50", true],
    ["-2 + 5 = 3", true],
    ["2 * -3 = -6", true],
    ["weight / ratio > 857", true],
    // Booleans.
    ["TRUE", true],
    ["FALSE", false],
    ["NULL", U],
    ["flag", true],
    ["off", false],
    ["colour", false],
    ["missing", U],
    ["flag = TRUE", true],
    ["TRUE = flag", true],
    ["flag <> FALSE", true],
    ["off = FALSE", true],
    ["FALSE = off", true],
    ["flag = FALSE", false],
    ["(weight > 1) = TRUE", true],
    ["(weight > 1) <> (weight > 5000)", true],
    ["(weight > 1) = flag", true],
    ["NOT flag = TRUE", false],
    // What is unknown.
    ["missing = 1", U],
    ["missing <> 1", U],
    ["missing = 'x'", U],
    ["missing = missing", U],
    ["missing > 1", U],
    ["missing BETWEEN 1 AND 2", U],
    ["missing NOT BETWEEN 1 AND 2", U],
    ["weight BETWEEN missing AND 1", false],
    ["weight BETWEEN missing AND 5000", U],
    ["weight NOT BETWEEN missing AND 1", true],
    ["missing IN (1, 'a')", U],
    ["missing NOT IN (1, 'a')", U],
    ["missing LIKE '%'", U],
    ["missing NOT LIKE '%'", U],
    ["missing + 1 = 2", U],
    ["missing = TRUE", U],
    ["-missing = 1", U],
    ["NULL = NULL", U],
    ["NULL <> 1", U],
    ["NULL LIKE 'a'", U],
    ["NULL IN ('a')", U],
    ["NULL + 1 = 1", U],
    ["weight = NULL", U],
    ["weight / 0 = 1", U],
    ["weight % 0 = 1", U],
    ["weight / 0 <> 1", U],
    ["1e308 * 10 > 1", U],
    ["colour + 1 = 2", U],
    ["-colour = 2", U],
    ["1 + e = 1", U],
  ])("%s is %p", (condition, truth) => {
    expect(truthOf(condition, message(ORDER))).toBe(truth);
  });

  const VALUES: readonly (readonly [string, boolean | undefined])[] = [
    ["(t = 1)", true],
    ["(t = 2)", false],
    ["(missing = 1)", U],
  ];
  const AND = [true, false, U, false, false, false, U, false, U];
  const OR = [true, true, true, true, false, U, true, U, U];

  const pairs = VALUES.flatMap(([left, a], i) =>
    VALUES.map(([right, b], k): [string, string, number, typeof a, typeof b] => {
      return [left, right, i * 3 + k, a, b];
    }),
  );
  test.each(pairs)("three-valued AND and OR of %s and %s", (left, right, row) => {
    const of = message({ t: "1" });
    expect(truthOf(`${left} AND ${right}`, of)).toBe(AND[row]);
    expect(truthOf(`${left} OR ${right}`, of)).toBe(OR[row]);
  });

  test.each(VALUES)("three-valued NOT of %s", (condition, truth) => {
    const negated = truth === undefined ? undefined : !truth;
    expect(truthOf(`NOT ${condition}`, message({ t: "1" }))).toBe(negated);
  });

  test("only true selects", () => {
    expect(VALUES.map(([text]) => compileSelector(text).matches(message({ t: "1" })))).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe("precedence", () => {
  test.each<[string, boolean]>([
    ["TRUE OR FALSE AND FALSE", true],
    ["(TRUE OR FALSE) AND FALSE", false],
    ["FALSE AND FALSE OR TRUE", true],
    ["NOT FALSE OR TRUE", true],
    ["NOT (FALSE OR TRUE)", false],
    ["NOT TRUE AND FALSE", false],
    ["NOT (TRUE AND FALSE)", true],
    ["NOT FALSE AND FALSE", false],
    ["NOT NOT TRUE", true],
    ["NOT a = 2", true],
    ["NOT a = 1 OR TRUE", true],
    ["NOT a IN (2)", true],
    ["NOT a NOT IN (2)", false],
    ["NOT a LIKE '2'", true],
    ["NOT a IS NULL", true],
    ["NOT a BETWEEN 2 AND 3 AND TRUE", true],
    ["a = 1 OR b = 9 AND c = 9", true],
    ["a + 1 = 2 AND b * 2 = 4", true],
    ["a + b * c = 7", true],
    ["a * b + c = 5", true],
    ["a - b - c = -4", true],
    ["-a + b = 1", true],
    ["-a * b = -2", true],
    ["a + b > c - 1", true],
    ["a BETWEEN b - 1 AND b + 1 OR FALSE", true],
  ])("%s is %p", (condition, expected) => {
    expect(truthOf(condition, message({ a: "1", b: "2", c: "3" }))).toBe(expected);
  });
});

describe("conversion of headers", () => {
  test.each<[string, string, string, boolean | undefined]>([
    // As numbers, whichever side they stand on.
    ["3000", "h > 2500", "2500 < h", true],
    ["9", "h < 10", "10 > h", true],
    ["3.5", "h > 3", "3 < h", true],
    ["3.0", "h = 3", "3 = h", true],
    ["+3", "h = 3", "3 = h", true],
    ["-3", "h = -3", "-3 = h", true],
    ["3.", "h = 3", "3 = h", true],
    [".5", "h = 0.5", "0.5 = h", true],
    ["1e3", "h = 1000", "1000 = h", true],
    ["1E-1", "h = 0.1", "0.1 = h", true],
    [" 5 ", "h = 5", "5 = h", true],
    ["007", "h = 7", "7 = h", true],
    // What is no number equals none, and has no order.
    ["heavy", "h = 5", "5 = h", false],
    ["heavy", "h <> 5", "5 <> h", true],
    ["heavy", "h > 5", "5 < h", false],
    ["heavy", "h <= 5", "5 >= h", false],
    ["", "h = 0", "0 = h", false],
    [" ", "h = 0", "0 = h", false],
    ["0x10", "h = 16", "16 = h", false],
    ["Infinity", "h > 5", "5 < h", false],
    ["1e999", "h > 5", "5 < h", false],
    ["NaN", "h <> 5", "5 <> h", true],
    ["1 2", "h = 12", "12 = h", false],
    ["1e", "h = 1", "1 = h", false],
    ["1.2.3", "h > 1", "1 < h", false],
    ["5d", "h = 5", "5 = h", false],
    ["-", "h = 0", "0 = h", false],
    // As booleans.
    ["true", "h = TRUE", "TRUE = h", true],
    ["TRUE", "h = true", "true = h", true],
    [" true", "h = TRUE", "TRUE = h", true],
    ["false", "h = FALSE", "FALSE = h", true],
    ["false", "h = TRUE", "TRUE = h", false],
    ["yes", "h = TRUE", "TRUE = h", false],
    ["yes", "h = FALSE", "FALSE = h", false],
    ["yes", "h <> TRUE", "TRUE <> h", true],
    ["1", "h = TRUE", "TRUE = h", false],
    // Texts are compared as they are, and ordered as numbers if both are some.
    ["3.0", "h = '3'", "'3' = h", false],
    ["9", "h < '10'", "'10' > h", true],
    ["2024-02-01", "h >= '2024-01-31'", "'2024-01-31' <= h", true],
    ["abc", "h < 'abd'", "'abd' > h", true],
    ["9", "h < 'a'", "'a' > h", true],
    ["10", "h > '9x'", "'9x' < h", false],
  ])("%p: %s, %s is %p", (h, condition, mirrored, truth) => {
    expect(truthOf(condition, message({ h }))).toBe(truth);
    expect(truthOf(mirrored, message({ h }))).toBe(truth);
  });

  test("a text in the selector converts as a header does", () => {
    expect(truthOf("JMSPriority = '4'", message())).toBe(true);
    expect(truthOf("(1 = 1) = 'true'", message())).toBe(true);
  });

  test("two headers that are numbers are ordered as numbers", () => {
    expect(truthOf("low < high", message({ low: "9", high: "10" }))).toBe(true);
    expect(truthOf("low < high", message({ low: "b", high: "a" }))).toBe(false);
  });

  test("NOT BETWEEN is two comparisons, both false where there is no order", () => {
    expect(truthOf("h NOT BETWEEN 1 AND 2", message({ h: "heavy" }))).toBe(false);
    expect(truthOf("NOT (h BETWEEN 1 AND 2)", message({ h: "heavy" }))).toBe(true);
  });

  test("of repeated headers the first counts", () => {
    const list = ["a", "1", "a", "2"];
    const of = message({}, { headers: { list: () => list } });
    expect([truthOf("a = 1", of), truthOf("a = 2", of)]).toEqual([true, false]);
  });

  test.each(["constructor", "__proto__", "toString", "hasOwnProperty"])(
    "a header %s is a header like any other",
    (name) => {
      expect(truthOf(`${name} IS NULL`, message())).toBe(true);
      expect(truthOf(`${name} = 'x'`, message(Object.fromEntries([[name, "x"]])))).toBe(true);
    },
  );
});

describe("words", () => {
  test.each<[string]>([
    ["a=1"],
    ["\ta\n=\r\n1\f"],
    ["a = 1 -- and nothing more"],
    ["a -- the name\n= 1"],
    ["a -- the name\r= 1"],
    ["/* before */ a /* ' \" -- */ = /**/ 1 /* after */"],
    ["a = 1 and not A is not null or not b Between 1 aNd 2"],
    ["convert_string_expressions:a = 1"],
    ["hyphenated_props:a = 1"],
    ["hyphenated_props:convert_string_expressions:convert_string_expressions: a = 1"],
    ["no_hyphenated_props:no_convert_string_expressions:a = 1"],
    [" convert_string_expressions: hyphenated_props: a = 1"],
    ["hyphenated_props:a-b = 2 AND 3-a = 2 AND a -1 = 0"],
    ["hyphenated_props:no_hyphenated_props:a -a = 0"],
    ['"a" = 1'],
    ['"a-b" = 2'],
    ['"a.b" = 3'],
    ['"say ""hi""" = 4'],
    ['"größe" = 5'],
    ['"like" = 6 AND "NULL" IS NULL'],
    ["_x = 7 AND $x1 = 8"],
    ["xpath = 9 AND XQUERY IS NULL"],
    ["(((a = 1)))"],
    ["((a)) = (1)"],
  ])("%p", (text) => {
    const headers = {
      a: "1",
      "a-b": "2",
      "a.b": "3",
      'say "hi"': "4",
      größe: "5",
      like: "6",
      _x: "7",
      $x1: "8",
      xpath: "9",
    };
    const selector = compileSelector(text);
    expect(selector.text).toBe(text);
    expect(selector.matches(message(headers))).toBe(true);
    expect(selector.matches(message())).toBe(false);
  });

  test.each(["", "  ", "-- nothing", "/* nothing */", "convert_string_expressions:"])(
    "a blank selector, %p, selects everything",
    (text) => {
      expect(compileSelector(text).matches(message())).toBe(true);
    },
  );

  test.each<[string, number]>([
    ["0", 0],
    ["42", 42],
    ["42L", 42],
    ["42l", 42],
    ["9007199254740991", 9007199254740991],
    ["010", 8],
    ["0777L", 511],
    ["00", 0],
    ["0x1F", 31],
    ["0XffL", 255],
    ["0x1d", 29],
    ["1.5", 1.5],
    ["1.", 1],
    [".25", 0.25],
    ["1e3", 1000],
    ["1E+3", 1000],
    ["25e-2", 0.25],
    [".5e1", 5],
    ["010.5", 10.5],
    ["08.5", 8.5],
    ["09e1", 90],
    ["1d", 1],
    ["010D", 10],
    ["1.5f", 1.5],
    ["1e2F", 100],
  ])("the number %s", (literal, value) => {
    expect(truthOf(`h = ${literal}`, message({ h: String(value) }))).toBe(true);
    expect(truthOf(`h > ${literal}`, message({ h: String(value) }))).toBe(false);
    expect(truthOf(`h < ${literal}`, message({ h: String(value) }))).toBe(false);
  });
});

describe("names of JMS", () => {
  const full = message(
    {
      "correlation-id": "c-1",
      type: "order",
      "reply-to": "/temp-queue/a",
      timestamp: "1700000000000",
      destination: "/queue/a",
      JMSXGroupID: "g",
      JMSXGroupSeq: "3",
    },
    { id: "m-9", priority: 7, expiresAt: 1_800_000_000_000, persistent: true, deliveryCount: 2 },
  );
  const bare = message();

  test.each<[string, boolean | undefined, boolean | undefined]>([
    ["JMSMessageID = 'm-9'", true, false],
    ["JMSPriority > 4", true, false],
    ["JMSPriority IN (4, 5)", false, true],
    ["JMSTimestamp > 1600000000000", true, U],
    ["JMSExpiration > 0", true, false],
    ["JMSDeliveryMode = 'PERSISTENT'", true, false],
    ["JMSDeliveryMode = 'NON_PERSISTENT'", false, true],
    ["JMSRedelivered", true, false],
    ["JMSRedelivered = TRUE", true, false],
    ["FALSE = JMSRedelivered", false, true],
    ["JMSXDeliveryCount = 1", false, true],
    ["JMSXDeliveryCount > 1", true, false],
    ["JMSCorrelationID = 'c-1'", true, U],
    ["JMSCorrelationID IS NULL", false, true],
    ["JMSType LIKE 'ord%'", true, U],
    ["JMSReplyTo = '/temp-queue/a'", true, U],
    ["JMSDestination = '/queue/a'", true, U],
    ["JMSXGroupID = 'g'", true, U],
    ["JMSXGroupSeq = 3", true, U],
    ["jmspriority = 7", U, U],
    ['"JMSPriority" = 7', U, U],
  ])("%s is %p, and %p where nothing is set", (condition, whereSet, whereNot) => {
    expect(truthOf(condition, full)).toBe(whereSet);
    expect(truthOf(condition, bare)).toBe(whereNot);
  });

  test("a group has two spellings, JMSXGroupID before message_group", () => {
    expect(truthOf("JMSXGroupID = 'g'", message({ message_group: "g" }))).toBe(true);
    const both = message({ message_group: "other", JMSXGroupID: "g" });
    expect(truthOf("JMSXGroupID = 'g'", both)).toBe(true);
  });

  test.each([
    ["a = 1", false],
    ["JMSPriority > 1", false],
    ['"JMSRedelivered" = 1', false],
    ["a = 1 OR NOT JMSRedelivered", true],
    ["a BETWEEN 1 AND JMSXDeliveryCount", true],
  ])("%s reads the delivery count: %p", (text, reads) => {
    expect(compileSelector(text).readsDeliveryCount).toBe(reads);
  });

  test("a message of the broker is one that a selector reads", () => {
    const of = new Message(1, new NumberedIds("m-"), {
      headers: headerList(["colour", "red"]),
      body: "",
      priority: 9,
      expiresAt: 0,
      persistent: true,
      arrivedAt: 0,
    });
    expect(truthOf("colour = 'red' AND JMSPriority = 9", of)).toBe(true);
    expect(truthOf("JMSDeliveryMode = 'PERSISTENT' AND NOT JMSRedelivered", of)).toBe(true);
  });
});

describe("where other brokers stumble", () => {
  test.each<[string, string, Headers, boolean | undefined]>([
    ["a text that is no number compares false", "weight > 2500", { weight: "x" }, false],
    ["and without an error matches as a number", "weight > 2500", { weight: "3000" }, true],
    ["an integer in the selector does not make the header one", "n > 3", { n: "3.5" }, true],
    ["TRUE may stand on the left", "TRUE = flag", { flag: "true" }, true],
    ["a header alone is a condition", "flag AND x = 1", { flag: "true", x: "1" }, true],
    ["a missing header is unknown, negated too", "NOT (a = 1)", {}, U],
    ["a hyphenated name in quotes", "\"correlation-id\" = 'x'", { "correlation-id": "x" }, true],
    ["numbers in IN", "x IN (1, 2)", { x: "2" }, true],
    ["+ adds", "a + b = 3", { a: "1", b: "2" }, true],
    ["+ does not join texts", "a + b IS NULL", { a: "x", b: "y" }, true],
    ["LIKE is no regular expression", "a LIKE '.*'", { a: "x" }, false],
  ])("%s: %s", (_what, condition, headers, truth) => {
    expect(truthOf(condition, message(headers))).toBe(truth);
  });

  test("the prefixes of a selector do not change what another one with its text means", () => {
    const cache = createSelectorCache(10);
    const texts = [
      "n > 3",
      "convert_string_expressions:n > 3",
      "no_convert_string_expressions:n > 3",
    ];
    expect(texts.map((text) => cache.compile(text).matches(message({ n: "4" })))).toEqual([
      true,
      true,
      true,
    ]);
    expect(texts.map((text) => cache.compile(text).text)).toEqual(texts);
  });
});

describe("mistakes show their place", () => {
  test.each<[string, number, string]>([
    ["a =", 4, "expected a name or a value, found the end"],
    ["a = = 1", 5, 'expected a name or a value, found "="'],
    ["a == 1", 4, 'expected a name or a value, found "="'],
    ["= 1", 1, 'expected a name or a value, found "="'],
    ["a = 1 b", 7, 'expected an operator, AND, OR or the end, found "b"'],
    ["a = 1)", 6, 'expected an operator, AND, OR or the end, found ")"'],
    ["a = b = c", 7, 'expected an operator, AND, OR or the end, found "="'],
    ["(a = 1", 7, 'expected ")", found the end'],
    ["()", 2, 'expected a name or a value, found ")"'],
    ["a = 1 AND", 10, "expected a name or a value, found the end"],
    ["AND a = 1", 1, 'expected a name or a value, found "AND"'],
    ["a = 1 OR OR b = 1", 10, 'expected a name or a value, found "OR"'],
    ["a = NOT b", 5, 'expected a name or a value, found "NOT"'],
    ["a NOT = 1", 7, 'expected BETWEEN, IN or LIKE, found "="'],
    ["a IS 1", 6, 'expected NULL or NOT NULL, found "1"'],
    ["a IS NOT TRUE", 10, 'expected NULL, found "TRUE"'],
    ["a BETWEEN 1", 12, "expected AND, found the end"],
    ["a BETWEEN 1 OR 2", 13, 'expected AND, found "OR"'],
    ["a IN 'x'", 6, 'expected "(", found "\'x\'"'],
    ["a IN ()", 7, 'expected a text or a number, found ")"'],
    ["a IN ('x',)", 11, 'expected a text or a number, found ")"'],
    ["a IN ('x' 'y')", 11, 'expected "," or ")", found "\'y\'"'],
    ["a IN (b)", 7, 'expected a text or a number, found "b"'],
    ["a IN (TRUE)", 7, 'expected a text or a number, found "TRUE"'],
    ["a IN (-'x')", 8, "expected a number, found \"'x'\""],
    ["a LIKE b", 8, 'expected a text as pattern of LIKE, found "b"'],
    ["a LIKE 5", 8, 'expected a text as pattern of LIKE, found "5"'],
    ["a LIKE 'x' ESCAPE '!!'", 19, "expected a text of one character, found \"'!!'\""],
    ["a LIKE 'x' ESCAPE ''", 19, "expected a text of one character, found \"''\""],
    ["a LIKE 'x' ESCAPE", 18, "expected a text of one character, found the end"],
    [
      "a LIKE 'x!' ESCAPE '!'",
      8,
      'expected a character after the last "!" of the pattern, found "\'x!\'"',
    ],
    ["a = 'x", 5, "expected a text that ends with ', found \"'x\""],
    ["a = 'x''", 5, "expected a text that ends with ', found \"'x''\""],
    ['"a = 1', 1, 'expected a header name that ends with ", found "\\"a = 1"'],
    ['"" = 1', 1, 'expected a header name in double quotes, found ""'],
    ["a = 1 /* x", 7, 'expected a comment that ends with */, found "/* x"'],
    ["a = 1 /*/", 7, 'expected a comment that ends with */, found "/*/"'],
    ["a = 08", 5, 'expected a number, found "08"'],
    ["a = 0x", 5, 'expected a number, found "0x"'],
    ["a = 1e", 5, 'expected a number, found "1e"'],
    ["a = 1e999", 5, 'expected a number, found "1e999"'],
    ["a = 5kg", 5, 'expected a number, found "5kg"'],
    ["a = 5LL", 5, 'expected a number, found "5LL"'],
    ["a != 1", 3, 'expected a name, a value or an operator, found "!"; not equal is <>'],
    [
      "a.b = 1",
      2,
      'expected a name, a value or an operator, found "."; a header name with other than letters, ' +
        "digits, _ and $ stands in double quotes",
    ],
    [
      "größe = 1",
      3,
      'expected a name, a value or an operator, found "ö"; a header name with other than letters, ' +
        "digits, _ and $ stands in double quotes",
    ],
    // What can never hold, whatever the message.
    ["5", 1, 'expected a condition, found "5"'],
    ["'x'", 1, "expected a condition, found \"'x'\""],
    ["a = 1 AND b + 1", 11, 'expected a condition, found "b + 1"'],
    ["NOT 5", 5, 'expected a condition, found "5"'],
    ["'x' + 1 = 2", 1, "expected a number or a header, found \"'x'\""],
    ["1 + TRUE = 2", 5, 'expected a number or a header, found "TRUE"'],
    ["-'1' = 2", 2, "expected a number or a header, found \"'1'\""],
    ["a < TRUE", 5, 'expected a number, a text or a header, found "TRUE"'],
    ["a BETWEEN FALSE AND TRUE", 11, 'expected a number, a text or a header, found "FALSE"'],
    ["JMSRedelivered IN ('x')", 1, 'expected a number, a text or a header, found "JMSRedelivered"'],
    ["JMSPriority = 'high'", 15, "expected a number, found \"'high'\""],
    ["'high' < JMSPriority", 1, "expected a number, found \"'high'\""],
    ["JMSPriority IN (1, 'high')", 20, "expected a number, found \"'high'\""],
    ["JMSPriority BETWEEN 'a' AND 5", 21, "expected a number, found \"'a'\""],
    ["JMSRedelivered = 'yes'", 18, "expected a boolean, found \"'yes'\""],
    ["JMSRedelivered = 1", 18, 'expected a boolean, found "1"'],
    ["5 = TRUE", 5, 'expected a number, found "TRUE"'],
    ["JMSPriority LIKE '4'", 1, 'expected a text or a header, found "JMSPriority"'],
    [
      "correlation-id = 'x'",
      1,
      'expected a text or a header, found "correlation-id"; a header name with a hyphen stands in ' +
        "double quotes",
    ],
    [
      "reply-to LIKE '/queue/%'",
      1,
      'expected a text or a header, found "reply-to"; a header name with a hyphen stands in ' +
        "double quotes",
    ],
    // What other brokers have.
    ["XPATH '//a'", 1, "XPATH is not supported, expected a condition on headers"],
    ["a = 1 AND xquery '/b'", 11, "XQUERY is not supported, expected a condition on headers"],
    ["REGEX('^a', b)", 1, 'functions are not supported, found "REGEX("'],
    ["a = 1 OR INLIST (b, c)", 10, 'functions are not supported, found "INLIST ("'],
    // Positions count prefixes and blanks, by characters.
    ["convert_string_expressions:a = ", 32, "expected a name or a value, found the end"],
    ["\n\na =\t)", 7, 'expected a name or a value, found ")"'],
    ["a = '😀😀' )", 10, 'expected an operator, AND, OR or the end, found ")"'],
  ])("%p at %d: %s", (text, at, problem) => {
    expect(mistakeOf(text)).toEqual([at, problem]);
  });

  test("with the text and a caret below it", () => {
    expect(faultOf("a = 1 AND AND b = 2").detail.split("\n").slice(1)).toEqual([
      "a = 1 AND AND b = 2",
      "          ^",
    ]);
    expect(faultOf("a =").detail.split("\n").slice(1)).toEqual(["a =", "   ^"]);
  });

  test("lines, tabs and writing directions in the text do not move the caret", () => {
    expect(faultOf("a\n=\t\u202e)").detail.split("\n").slice(1)).toEqual(["a =  )", "    ^"]);
  });

  test("of a long text only what is around the mistake is shown", () => {
    const long = "a = 1 OR ".repeat(100);
    const [, excerpt = "", caret = ""] = faultOf(`${long}) ${long}`).detail.split("\n");
    expect(excerpt).toMatch(/^….*OR \) a = 1.*…$/);
    expect(excerpt.length).toBeLessThan(90);
    expect(excerpt[caret.indexOf("^")]).toBe(")");
  });
});

describe("hostile selectors", () => {
  const { charactersMax, depthMax, inMax } = SELECTOR_LIMITS;
  const roomy = { charactersMax: 10_000_000 };

  test.each<[string, (depth: number) => string]>([
    ["parentheses", (n) => `${"(".repeat(n)}a = 1${")".repeat(n)}`],
    ["open parentheses", (n) => `${"(".repeat(n)}`],
    ["NOTs", (n) => `${"NOT ".repeat(n)}a = 1`],
    ["signs", (n) => `${"- ".repeat(n)}a = 1`],
    ["parentheses of a value", (n) => `a = ${"(".repeat(n)}1${")".repeat(n)}`],
    ["a mixture", (n) => `${"NOT (".repeat(n / 2)}a = 1${")".repeat(n / 2)}`],
  ])("10,000 %s are too many", (_what, write) => {
    const fault = faultOf(write(10_000), roomy);
    expect(fault.code).toBe("bad-selector");
    expect(fault.detail).toContain("expected at most 64 parentheses, signs and NOTs");
    expect(fault.detail.length).toBeLessThan(400);
  });

  test("nesting may go to its limit and not beyond, and need not be in one place", () => {
    const nested = (n: number): string => `${"(".repeat(n)}a = 1${")".repeat(n)}`;
    const deepest = nested(depthMax);
    expect(truthOf(deepest.slice(1, -1), message({ a: "1" }))).toBe(true);
    expect(compileSelector(deepest).matches(message({ a: "1" }))).toBe(true);
    expect(compileSelector(`${deepest} AND ${deepest}`).matches(message({ a: "1" }))).toBe(true);
    expect(mistakeOf(nested(depthMax + 1))[0]).toBe(depthMax + 1);
  });

  test("a text may be as long as its limit and not longer", () => {
    const longest = `a = '${"x".repeat(charactersMax - 6)}'`;
    expect(compileSelector(longest).text.length).toBe(charactersMax);
    const { code, detail } = faultOf(`${longest} `);
    expect(code).toBe("bad-selector");
    expect(detail).toBe("Cannot read selector of 8193 characters: expected at most 8192");
  });

  test("an IN may have as many values as its limit and not more", () => {
    const list = (n: number): string =>
      `a IN (${Array.from({ length: n }, (_, i) => i).join(",")})`;
    expect(truthOf(list(inMax), message({ a: String(inMax - 1) }))).toBe(true);
    const fault = faultOf(list(inMax + 1));
    expect(fault.detail).toContain("expected at most 1000 values in the list of IN");
  });

  test.each([
    ["OR", `${"b = 1 OR ".repeat(100_000)}a = 1`],
    ["AND", `a = 1${" AND c = 1".repeat(100_000)}`],
    ["+", `a${" + c - c".repeat(50_000)} = 1`],
    ["*", `a${" * c".repeat(100_000)} = 1`],
  ])("a row of 100,000 %s is as deep as one", (_what, text) => {
    expect(compileSelector(text, roomy).matches(message({ a: "1", b: "2", c: "1" }))).toBe(true);
  });

  test.each([
    ["undefined", "a = undefined"],
    ["code", "a = '${process.exit(1)}'"],
    ["a template", "a = '#{T(java.lang.Runtime)}'"],
    ["SQL", "a = '1''; DROP TABLE messages; --'"],
  ])("%s in it stays text", (_what, text) => {
    expect(compileSelector(text).matches(message({ a: "1" }))).toBe(false);
  });

  test("no sequence of characters makes anything but a selector or a bad-selector", () => {
    const bits = [
      "'",
      '"',
      "(",
      ")",
      "a",
      "1",
      ".",
      "-",
      "/*",
      "*/",
      "NOT ",
      "IN",
      "<",
      "\0",
      "\\",
    ];
    for (const one of bits) {
      for (const two of bits) {
        for (const three of bits) {
          try {
            compileSelector(one + two + three).matches(message({ a: "1" }));
          } catch (error) {
            expect(error).toBeInstanceOf(Fault);
          }
        }
      }
    }
  });
});

describe("the cache", () => {
  test("gives the same selector for the same text", () => {
    const cache = createSelectorCache(2);
    expect(cache.compile("a = 1")).toBe(cache.compile("a = 1"));
    expect(cache.compile("a = 1")).not.toBe(cache.compile("a = 1 "));
    expect(cache.size).toBe(2);
  });

  test("forgets the least recently used first", () => {
    const cache = createSelectorCache(2);
    const a = cache.compile("a = 1");
    const b = cache.compile("b = 1");
    cache.compile("a = 1");
    cache.compile("c = 1");
    expect(cache.size).toBe(2);
    expect(cache.compile("a = 1")).toBe(a);
    expect(cache.compile("b = 1")).not.toBe(b);
  });

  test("a flood of texts leaves it within its bounds", () => {
    const cache = createSelectorCache(100, { textMax: 10_000 });
    for (let i = 0; i < 1_000; i++) cache.compile(`a = ${i}`);
    expect(cache.size).toBe(100);
    for (let i = 0; i < 100; i++) cache.compile(`a = '${"x".repeat(1_000)}${i}'`);
    expect(cache.size).toBe(9);
    cache.compile(`${" ".repeat(8_000)}a = 1`);
    expect(cache.size).toBe(2);
  });

  test("a text beyond all it may keep is compiled and not kept", () => {
    const cache = createSelectorCache(10, { textMax: 10 });
    expect(cache.compile("abcdefgh = 1").matches(message({ abcdefgh: "1" }))).toBe(true);
    expect(cache.size).toBe(0);
    expect(cache.compile("a = 1").matches(message({ a: "1" }))).toBe(true);
    expect(cache.size).toBe(1);
  });

  test("mistakes are not kept, and its limits are those given", () => {
    const cache = createSelectorCache(10, { limits: { inMax: 1 } });
    expect(() => cache.compile("a IN (1, 2)")).toThrow(Fault);
    expect(() => cache.compile("a =")).toThrow(Fault);
    expect(cache.size).toBe(0);
  });
});

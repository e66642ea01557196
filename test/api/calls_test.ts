/** The table of calls: what must hold of each, whatever it is. */

import { describe, expect, test } from "bun:test";
import { readArguments } from "../../src/api/arguments.ts";
import { type CallName, CALLS } from "../../src/api/calls.ts";
import { CALL_EXAMPLES } from "../../src/api/examples.ts";

const NAMES = Object.keys(CALLS).filter((name): name is CallName => name in CALLS);

test("no two calls are at one path with one method", () => {
  // Parameters have no name in a request.
  const places = NAMES.map((name) => {
    const { method, path } = CALLS[name];
    return `${method} ${path.replace(/\{\w+\}/g, "{}")}`;
  });
  expect(new Set(places).size).toBe(NAMES.length);
});

describe.each(NAMES)("%s", (name) => {
  const { method, path, summary, params, query, body } = CALLS[name];

  test("is below /api/v1/, and its parameters are those of its path", () => {
    expect(path).toMatch(/^\/api\/v1(?:\/[a-z-]+|\/\{[a-z]+\})+$/);
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, param]) => param ?? "");
    expect(named).toEqual(Object.keys(params.shape));
  });

  test("has no two fields of one name, for it takes them as one object", () => {
    const fields = [params, query, body].flatMap(({ shape }) => Object.keys(shape));
    expect(new Set(fields).size).toBe(fields.length);
  });

  test("has a body only if it is a POST, and says in a sentence what it is for", () => {
    if (Object.keys(body.shape).length > 0) expect(method).toBe("POST");
    expect(summary).toMatch(/^[A-Z].*\.$/);
  });

  test("takes its example", () => {
    const example = new Map<string, unknown>(Object.entries(CALL_EXAMPLES[name]));
    const pick = (fields: object): [string, unknown][] =>
      [...example].filter(([field]) => Object.hasOwn(fields, field));
    const raw = {
      params: Object.fromEntries(pick(params.shape).map(([field, value]) => [field, `${value}`])),
      query: pick(query.shape).map(([field, value]) => [field, `${value}`] as const),
      body: Object.fromEntries(pick(body.shape)),
    };
    const read = readArguments(name, raw);
    expect(read).toHaveProperty("given");
    if ("given" in read) expect(read.given).toMatchObject(CALL_EXAMPLES[name]);
  });
});

/** The OpenAPI document: whole in itself, and true of a broker that runs. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { CALLS, type CallName } from "../../src/api/calls.ts";
import { type OpenApiOperation, openApiDocument } from "../../src/api/openapi.ts";
import { OPENAPI_3_1 } from "./openapi_schema.ts";
import { type ExampleHouse, openExampleHouse } from "./example_house.ts";

const document = openApiDocument({ version: "1.2.3" });
const text = JSON.stringify(document);
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(
    ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const,
  ),
);

/** A schema of the document as something that checks: references lead into the document. */
function checkerOf(schema: object): z.ZodType {
  const inPlace: unknown = JSON.parse(
    JSON.stringify({ ...schema, $defs: document.components.schemas }).replaceAll(
      '"#/components/schemas/',
      '"#/$defs/',
    ),
  );
  return z.fromJSONSchema(z.record(z.string(), z.json()).parse(inPlace));
}

describe("the document", () => {
  test("is of the form that OpenAPI 3.1 demands", () => {
    const parsed = OPENAPI_3_1.safeParse(JSON.parse(text));
    expect(parsed.error?.issues ?? []).toEqual([]);
  });

  test("refers to nothing that it lacks, and lacks no use for what it has", () => {
    const named = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref ?? ""));
    const there = Object.entries(document.components).flatMap(([kind, parts]) =>
      Object.keys(parts).map((name) => `#/components/${kind}/${name}`),
    );
    expect([...named].filter((ref) => !there.includes(ref))).toEqual([]);
    // What is said on the $system topics is in no answer.
    const unused = there.filter((ref) => !named.has(ref));
    expect(unused.filter((ref) => !/Notice$|\/Statistics$/.test(ref))).toEqual([]);
  });

  test("names every operation once", () => {
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each(operations)(
    "%s declares the parameters of its path, and each once",
    (place, operation) => {
      const { parameters, tags } = operation;
      const inPath = [...place.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
      const declared = parameters.filter((parameter) => parameter.in === "path");
      expect(declared.map(({ name }) => name)).toEqual(inPath);
      expect(declared.every(({ required }) => required)).toBe(true);
      const names = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
      expect(new Set(names).size).toBe(names.length);
      const known = document.tags.map(({ name }) => name);
      expect(tags.filter((tag) => !known.includes(tag))).toEqual([]);
    },
  );

  test("has every call of the table, and what is described by hand", () => {
    const places: string[] = operations.map(([place]) => place);
    const calls: string[] = Object.values(CALLS).map(({ method, path }) => `${method} ${path}`);
    const byHand = [
      "POST /api/v1/send",
      "GET /api/v1/events",
      "GET /healthz",
      "GET /readyz",
      "GET /metrics",
    ];
    expect(places.toSorted()).toEqual([...calls, ...byHand].toSorted());
  });

  test("says which version it is of", () => {
    expect(document.info).toMatchObject({ title: "stompbox", version: "1.2.3" });
  });

  test("tells defaults and bounds of query fields", () => {
    const { parameters = [] } = document.paths["/api/v1/queues"]?.["get"] ?? {};
    const schemas = new Map(parameters.map(({ name, schema }) => [name, schema]));
    expect(schemas.get("limit")).toEqual({
      type: "integer",
      minimum: 1,
      maximum: 1_000,
      default: 100,
    });
    expect(schemas.get("offset")).toEqual({ type: "integer", minimum: 0, default: 0 });
    expect(schemas.get("kind")).toEqual({
      type: "string",
      enum: ["queue", "dead-letters", "temporary"],
    });
    expect(parameters.filter(({ required }) => required)).toEqual([]);
  });
});

/** The request that the examples of an operation make up. */
function requestOf(place: string, operation: OpenApiOperation): Request {
  const [method = "", template = ""] = place.split(" ");
  let path = template;
  const query = new URLSearchParams();
  for (const { name, example, ...parameter } of operation.parameters) {
    if (example === undefined) continue;
    if (parameter.in === "path") path = path.replace(`{${name}}`, encodeURIComponent(`${example}`));
    else query.set(name, `${example}`);
  }
  const [[type, content] = []] = Object.entries(operation.requestBody?.content ?? {});
  const { example } = content ?? {};
  const body = typeof example === "string" ? example : JSON.stringify(example);
  return new Request(`${house.root}${path}?${query}`, {
    method,
    ...(body === undefined ? {} : { body }),
    ...(type === undefined
      ? {}
      : { headers: { "content-type": type.replace("*/*", "text/plain") } }),
  });
}

let house: ExampleHouse;

describe("the example of", () => {
  const asked = operations.filter(([, { operationId }]) => operationId !== "events");

  for (const [place, operation] of asked) {
    describe(place, () => {
      beforeAll(async () => {
        house = await openExampleHouse();
      });
      afterAll(() => house.stop());

      test("is answered as the document has it", async () => {
        for (const { schema, example } of operation.parameters) {
          if (example !== undefined)
            expect(checkerOf(schema).safeParse(example).error).toBeUndefined();
        }
        const request = requestOf(place, operation);
        const given = await request.clone().text();
        const response = await fetch(request);
        const [type = "", { schema = {} } = {}] =
          Object.entries(contentOf(operation, "200"))[0] ?? [];
        expect(response.status).toBe(200);
        expect(response.headers.get("content-type")).toStartWith(type);
        if (type !== "application/json") return;
        const answer: unknown = await response.json();
        expect(checkerOf(schema).safeParse(answer).error).toBeUndefined();
        const body = operation.requestBody?.content["application/json"]?.schema;
        if (body !== undefined)
          expect(checkerOf(body).safeParse(JSON.parse(given)).error).toBeUndefined();
        // And it says nothing that the document keeps back.
        const call = Object.entries(CALLS).find(([name]) => name === operation.operationId)?.[1];
        const known: z.ZodType = call?.answer ?? CALLS.publish.answer;
        expect(known.parse(answer)).toEqual(answer);
      });
    });
  }
});

function contentOf(operation: OpenApiOperation, status: string) {
  const response = operation.responses[status];
  return response !== undefined && "content" in response ? (response.content ?? {}) : {};
}

test("a refusal is answered as the document has it", async () => {
  const own = await openExampleHouse();
  try {
    const checker = checkerOf({ $ref: "#/components/schemas/ProblemDocument" });
    for (const path of ["queues?limit=0&sort=x", "queues/none", "nothing", "connections/99"]) {
      const response = await fetch(`${own.root}/api/v1/${path}`);
      expect(response.status).toBeGreaterThanOrEqual(400);
      const problem: unknown = await response.json();
      expect(checker.safeParse(problem).error).toBeUndefined();
    }
  } finally {
    await own.stop();
  }
});

describe("a schema of the document", () => {
  // The checks above can fail only if these do.
  const table: readonly (readonly [CallName, unknown])[] = [
    ["queue", { name: 5 }],
    ["queues", { total: 1, items: [{ name: "a" }] }],
    ["deleteQueue", { messages: -1 }],
    ["connection", {}],
  ];
  test.each(table)("of the answer to %s refuses %j", (name, value) => {
    const { path, method } = CALLS[name];
    const operation = document.paths[path]?.[method.toLowerCase()];
    const schema = operation && contentOf(operation, "200")["application/json"]?.schema;
    expect(checkerOf(schema ?? {}).safeParse(value).success).toBe(false);
  });
});

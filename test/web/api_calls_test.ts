/** The calls of the JSON API as HTTP has them: methods, fields, bodies, access. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { CALLS, type CallName } from "../../src/api/calls.ts";
import { problemDocumentSchema } from "../../src/api/call_api.ts";
import { Fault } from "../../src/fault.ts";
import { ask } from "../transport/raw_http.ts";
import { type ApiHouse, openApiHouse } from "./api_house.ts";

const NO_BODY = { "content-length": "0" };
const JSON_BODY = { "content-type": "application/json" };

let house: ApiHouse;
beforeAll(async () => {
  house = await openApiHouse({
    config: { limits: { frameBytesMax: 65_536 } },
    admin: {
      purgeQueue: () => ({ messages: 3 }),
      deleteQueue: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return { messages: 12 };
      },
      queue: ({ name }) => {
        throw new Fault("not-found", `Cannot find queue "${name}"`);
      },
      disconnect: () => {
        throw new TypeError("undefined is not a function");
      },
      moveMessages: () => Promise.reject(new Fault("queue-full", "Cannot move: full")),
    },
  });
});
afterAll(() => house.stop());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly problem: z.output<typeof problemDocumentSchema>;
}

async function answerTo(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(house.root + path, init);
  const { status, headers } = response;
  const text = await response.text();
  const parsed = problemDocumentSchema.safeParse(text === "" ? {} : JSON.parse(text));
  const problem = parsed.data ?? { type: "", title: "", status: 0, detail: "" };
  if (status >= 400 && init.method !== "HEAD") {
    expect(headers.get("content-type")).toBe("application/problem+json");
    expect([problem.type, problem.status]).toEqual(["about:blank", status]);
    expect(text).toEndWith("}\n");
  }
  return { status, headers, text, problem };
}

function post(path: string, value: unknown, headers: RequestInit["headers"] = JSON_BODY) {
  const body = typeof value === "string" ? value : JSON.stringify(value);
  return answerTo(path, { method: "POST", body, headers });
}

const WINDOW = { filter: "", order: "asc", offset: 0, limit: 100 };

/** A request, and what the broker's admin is asked by it. */
const CALLED: readonly (readonly [
  request: string,
  body: unknown,
  name: CallName,
  given: object,
])[] = [
  ["GET /api/v1/status", undefined, "status", {}],
  ["GET /api/v1/statistics", undefined, "history", {}],
  ["GET /api/v1/problems", undefined, "problems", {}],
  ["GET /api/v1/connections", undefined, "connections", { ...WINDOW, sort: "number" }],
  [
    "GET /api/v1/connections?filter=a%20b&sort=login&order=desc&offset=20&limit=1000",
    undefined,
    "connections",
    { filter: "a b", sort: "login", order: "desc", offset: 20, limit: 1_000 },
  ],
  ["GET /api/v1/connections/7", undefined, "connection", { number: 7 }],
  ["DELETE /api/v1/connections/7", undefined, "disconnect", { number: 7 }],
  [
    "GET /api/v1/subscriptions?destination=%2Ftopic%2Fa",
    undefined,
    "subscriptions",
    { ...WINDOW, sort: "connection", destination: "/topic/a" },
  ],
  ["GET /api/v1/queues", undefined, "queues", { ...WINDOW, sort: "name" }],
  [
    "GET /api/v1/queues?kind=dead-letters&filter=",
    undefined,
    "queues",
    { ...WINDOW, sort: "name", kind: "dead-letters" },
  ],
  ["GET /api/v1/queues/orders", undefined, "queue", { name: "orders" }],
  ["DELETE /api/v1/queues/orders", undefined, "deleteQueue", { name: "orders" }],
  [
    "GET /api/v1/queues/orders/messages",
    undefined,
    "browseQueue",
    { name: "orders", limit: 50, bodyBytes: 1_024 },
  ],
  [
    "GET /api/v1/queues/orders/messages?after=k1&limit=1&bodyBytes=0",
    undefined,
    "browseQueue",
    { name: "orders", after: "k1", limit: 1, bodyBytes: 0 },
  ],
  [
    "GET /api/v1/queues/orders/messages/k1",
    undefined,
    "queueMessage",
    { name: "orders", key: "k1" },
  ],
  ["POST /api/v1/queues/orders/purge", undefined, "purgeQueue", { name: "orders" }],
  [
    "GET /api/v1/queues/orders/held?offset=7",
    undefined,
    "heldMessages",
    { name: "orders", offset: 7, limit: 50, bodyBytes: 1_024 },
  ],
  ["GET /api/v1/queues/orders/held/k1", undefined, "heldMessage", { name: "orders", key: "k1" }],
  ["POST /api/v1/queues/orders/purge", {}, "purgeQueue", { name: "orders" }],
  [
    "POST /api/v1/queues/orders/purge",
    { keys: ["a", "b"] },
    "purgeQueue",
    { name: "orders", keys: ["a", "b"] },
  ],
  [
    "POST /api/v1/queues/orders/move",
    { to: "/queue/b" },
    "moveMessages",
    { name: "orders", to: "/queue/b" },
  ],
  ["POST /api/v1/queues/DLQ.a/retry", { keys: [] }, "retryMessages", { name: "DLQ.a", keys: [] }],
  ["GET /api/v1/topics", undefined, "topics", { ...WINDOW, sort: "name" }],
  ["GET /api/v1/durable-subscriptions", undefined, "durables", { ...WINDOW, sort: "name" }],
  [
    "GET /api/v1/durable-subscriptions/d1/messages",
    undefined,
    "browseDurable",
    { id: "d1", limit: 50, bodyBytes: 1_024 },
  ],
  [
    "GET /api/v1/durable-subscriptions/d1/messages/4-1?bodyBytes=10",
    undefined,
    "durableMessage",
    { id: "d1", key: "4-1", bodyBytes: 10 },
  ],
  [
    "GET /api/v1/durable-subscriptions/d1/messages/k1?bodyBytes=7",
    undefined,
    "durableMessage",
    { id: "d1", key: "k1", bodyBytes: 7 },
  ],
  ["POST /api/v1/durable-subscriptions/d1/purge", {}, "purgeDurable", { id: "d1" }],
  ["DELETE /api/v1/durable-subscriptions/d1", undefined, "deleteDurable", { id: "d1" }],
  [
    "POST /api/v1/messages",
    {
      destination: "/topic/a",
      headers: [
        ["a", "b"],
        ["a", "c"],
      ],
      body: "x",
    },
    "publish",
    {
      destination: "/topic/a",
      headers: [
        ["a", "b"],
        ["a", "c"],
      ],
      body: "x",
    },
  ],
  [
    "POST /api/v1/messages",
    { destination: "/topic/a", bodyBase64: "AAE=" },
    "publish",
    { destination: "/topic/a", headers: [], bodyBase64: "AAE=" },
  ],
  ["GET /api/v1/frames", undefined, "frames", { limit: 500 }],
  ["GET /api/v1/frames?limit=2000", undefined, "frames", { limit: 2_000 }],
  ["GET /api/v1/frames/123456789012345", undefined, "frame", { number: 123_456_789_012_345 }],
  // Names in a path may hold anything.
  ["GET /api/v1/queues/a%2Fb%2Fpurge", undefined, "queue", { name: "a/b/purge" }],
  ["GET /api/v1/queues/a%252Fb", undefined, "queue", { name: "a%2Fb" }],
  ["GET /api/v1/queues/gr%C3%BC%C3%9Fe%20%3F%23%26+", undefined, "queue", { name: "grüße ?#&+" }],
  ["GET /api/v1/queues/%F0%9F%8C%8D", undefined, "queue", { name: "🌍" }],
  ["GET /api/v1/queues/__proto__", undefined, "queue", { name: "__proto__" }],
  ["GET /api/v1/queues/%7Bname%7D", undefined, "queue", { name: "{name}" }],
];

describe("a request", () => {
  test.each(CALLED)("%s %j is the call %s with %j", async (request, body, name, given) => {
    const [method = "", path = ""] = request.split(" ");
    if (body !== undefined) await post(path, body);
    else await answerTo(path, { method });
    expect(house.asked()).toEqual([[name, given]]);
  });

  test("reaches every call of the table", () => {
    const reached = new Set<string>(CALLED.map(([, , name]) => name));
    const missing = Object.keys(CALLS).filter((name) => !reached.has(name));
    expect(missing).toEqual([]);
  });
});

describe("an answer", () => {
  test("is JSON that nobody stores and that ends its line", async () => {
    const { status, headers, text } = await answerTo("/api/v1/queues/a/purge", { method: "POST" });
    expect([status, text]).toEqual([200, '{"messages":3}\n']);
    expect(headers.get("content-type")).toStartWith("application/json");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("is waited for", async () => {
    const { text } = await answerTo("/api/v1/queues/a", { method: "DELETE" });
    expect(text).toBe('{"messages":12}\n');
  });

  test("to HEAD has the headers of GET, and nothing else", async () => {
    for (const [path, expected] of [
      ["/api/v1/queues", 200],
      ["/api/v1/status", 200],
      ["/api/v1/queues/none", 404],
    ] as const) {
      const got = await answerTo(path);
      const { status, headers, text } = await answerTo(path, { method: "HEAD" });
      expect([path, status, text]).toEqual([path, expected, ""]);
      expect(got.status).toBe(expected);
      expect(headers.get("content-type")).toBe(got.headers.get("content-type"));
    }
    house.asked();
  });

  test("says what the broker refused, with its code, status and when to try again", async () => {
    const missing = await answerTo("/api/v1/queues/none");
    expect(missing.problem).toMatchObject({
      title: "Not found",
      status: 404,
      code: "not-found",
      detail: 'Cannot find queue "none"',
    });
    const full = await post("/api/v1/queues/a/move", { to: "/queue/b" });
    expect(full.problem).toMatchObject({ status: 507, code: "queue-full" });
    expect(full.headers.get("retry-after")).toBe("5");
    house.asked();
  });

  test("does not say what failed inside the broker; the observer is told", async () => {
    const before = house.events.length;
    const { problem, text } = await answerTo("/api/v1/connections/7", { method: "DELETE" });
    expect(problem).toMatchObject({ status: 500, code: "internal-error" });
    expect(text).not.toContain("is not a function");
    expect(house.events.slice(before)).toEqual([
      expect.objectContaining({
        code: "internal-error",
        detail: "Cannot answer DELETE /api/v1/connections/{number}",
        cause: expect.any(TypeError),
      }),
    ]);
    house.asked();
  });
});

/** A request that is wrong, and each wrong field with what is said of it. */
const WRONG: readonly (readonly [
  request: string,
  body: unknown,
  errors: Readonly<Record<string, string>>,
])[] = [
  // The query.
  [
    "GET /api/v1/queues?limit=0",
    undefined,
    { "query.limit": 'Expected a whole number from 1 to 1000, got "0"' },
  ],
  ...["1001", "1e2", "-1", "", " 5", "0x10", "١", "1.5", "99999999999999999999"].map(
    (limit) =>
      [
        `GET /api/v1/queues?limit=${encodeURIComponent(limit)}`,
        undefined,
        { "query.limit": `Expected a whole number from 1 to 1000, got ${JSON.stringify(limit)}` },
      ] as const,
  ),
  [
    "GET /api/v1/queues?offset=x",
    undefined,
    { "query.offset": 'Expected a whole number from 0 on, got "x"' },
  ],
  [
    "GET /api/v1/queues?order=up",
    undefined,
    { "query.order": 'Expected one of "asc", "desc", got "up"' },
  ],
  [
    "GET /api/v1/queues?lmit=5",
    undefined,
    { "query.lmit": "Unknown, expected one of filter, sort, order, offset, limit, kind" },
  ],
  ["GET /api/v1/frames?n=5", undefined, { "query.n": "Unknown, expected limit" }],
  ["GET /api/v1/problems?a=1", undefined, { "query.a": "Unknown, expected none" }],
  ["GET /api/v1/frames?limit=1&limit=2", undefined, { "query.limit": "Given more than once" }],
  [
    `GET /api/v1/topics?filter=${"x".repeat(257)}`,
    undefined,
    {
      "query.filter": `Expected text of at most 256 characters, got "${"x".repeat(60)}…"`,
    },
  ],
  [
    "GET /api/v1/queues?__proto__=1&constructor=2&sort=size&toString=",
    undefined,
    {
      "query.sort":
        'Expected one of "name", "ready", "held", "bytes", "consumers", "oldestAt", "enqueued", got "size"',
      "query.__proto__": "Unknown, expected one of filter, sort, order, offset, limit, kind",
      "query.constructor": "Unknown, expected one of filter, sort, order, offset, limit, kind",
      "query.toString": "Unknown, expected one of filter, sort, order, offset, limit, kind",
    },
  ],
  // The path.
  [
    "GET /api/v1/connections/x",
    undefined,
    { "path.number": 'Expected a whole number from 0 on, got "x"' },
  ],
  [
    "GET /api/v1/queues/%FF",
    undefined,
    { "path.name": 'Expected percent-encoded UTF-8, got "%FF"' },
  ],
  [
    "DELETE /api/v1/queues/%",
    undefined,
    { "path.name": 'Expected percent-encoded UTF-8, got "%"' },
  ],
  // The body.
  [
    "POST /api/v1/queues/a/move",
    { keys: [] },
    { "body.to": "Missing, expected text that is not empty" },
  ],
  [
    "POST /api/v1/queues/a/move",
    { to: "", Keys: ["x"] },
    {
      "body.to": 'Expected text that is not empty, got ""',
      "body.Keys": "Unknown, expected one of to, keys",
    },
  ],
  ["POST /api/v1/queues/a/purge", null, { body: "Expected an object, got null" }],
  ["POST /api/v1/queues/a/purge", [], { body: "Expected an object, got a list of 0" }],
  ["POST /api/v1/queues/a/purge", 5, { body: "Expected an object, got 5" }],
  [
    "POST /api/v1/queues/a/purge",
    { keys: "k1" },
    { "body.keys": 'Expected a list of at most 1000, got "k1"' },
  ],
  [
    "POST /api/v1/queues/a/purge",
    { keys: ["k1", 2, { a: 1 }] },
    { "body.keys[1]": "Expected text, got 2", "body.keys[2]": "Expected text, got an object" },
  ],
  [
    "POST /api/v1/queues/a/purge",
    { keys: Array.from({ length: 10_001 }, () => "") },
    { "body.keys": "Expected at most 1000 items, got 10001" },
  ],
  [
    "POST /api/v1/queues/a/purge",
    '{"__proto__":{"keys":["k"]}}',
    { "body.__proto__": "Unknown, expected keys" },
  ],
  ["POST /api/v1/queues/a/purge", "{", { body: "Expected JSON in UTF-8 (RFC 8259)" }],
  [
    "POST /api/v1/queues/a/purge",
    "[".repeat(60_000),
    { body: "Expected JSON in UTF-8 (RFC 8259)" },
  ],
  [
    "POST /api/v1/messages",
    { destination: "/topic/a", headers: [["a"], ["a", "b", "c"], "a:b", ["a", 1]] },
    {
      "body.headers[0]": "Expected a list of 2, got a list of 1",
      "body.headers[1]": "Expected a list of 2, got a list of 3",
      "body.headers[2]": 'Expected a list of 2, got "a:b"',
      "body.headers[3][1]": "Expected text, got 1",
    },
  ],
  [
    "POST /api/v1/messages",
    { destination: "/topic/a", bodyBase64: "not base64" },
    { "body.bodyBase64": 'Expected base64, got "not base64"' },
  ],
  [
    "POST /api/v1/messages",
    { destination: "/topic/a", body: "a", bodyBase64: "YQ==" },
    { "body.bodyBase64": "Given beside body, expected one of both" },
  ],
  // All at once.
  [
    "POST /api/v1/queues/a/move?dry=1",
    { to: 1 },
    {
      "query.dry": "Unknown, expected none",
      "body.to": "Expected text that is not empty, got 1",
    },
  ],
];

describe("a wrong request names every field that is wrong, and nothing is done", () => {
  test.each(WRONG)("%s", async (request, body, errors) => {
    const [method = "", path = ""] = request.split(" ");
    const { problem } =
      body === undefined ? await answerTo(path, { method }) : await post(path, body);
    expect(problem).toMatchObject({ status: 400, code: "bad-request", title: "Bad request" });
    const told = problem.errors?.map(({ field, detail }) => [field, detail]) ?? [];
    expect(Object.fromEntries(told)).toEqual(errors);
    expect(told).toHaveLength(Object.keys(errors).length);
    const [first] = told;
    expect(problem.detail).toContain(`${first?.[0]}: ${first?.[1]}`);
    expect(house.asked()).toEqual([]);
  });

  test("the answer is bounded, however much is wrong", async () => {
    const keys = Array.from({ length: 900 }, (_, at) => at);
    const { problem } = await post("/api/v1/queues/a/purge", { keys });
    expect(problem.errors).toHaveLength(50);
    expect(problem.detail).toEndWith(" (and 49 more)");
    const long = await answerTo(`/api/v1/queues?${"x".repeat(8_000)}=1`);
    expect(long.status).toBe(400);
    expect(long.text.length).toBeLessThan(1_000);
  });

  test("a body that is no UTF-8 is no JSON", async () => {
    const { problem } = await answerTo("/api/v1/queues/a/purge", {
      method: "POST",
      headers: JSON_BODY,
      body: Uint8Array.of(0x7b, 0xff, 0x7d),
    });
    expect(problem.errors).toEqual([
      { field: "body", detail: "Expected JSON in UTF-8 (RFC 8259)" },
    ]);
  });
});

describe("a body", () => {
  const path = "/api/v1/queues/a/purge";

  test.each([
    "application/json",
    "Application/JSON",
    "application/json;charset=utf-8",
    "application/json ; charset=utf-8",
  ])("is JSON if its type is %s", async (type) => {
    expect((await post(path, {}, { "content-type": type })).status).toBe(200);
    expect(house.asked()).toHaveLength(1);
  });

  test.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonp",
    "text/json",
  ])("is refused with 415 if its type is %s", async (type) => {
    const { problem } = await post(path, {}, { "content-type": type });
    expect(problem).toMatchObject({ status: 415, code: "unsupported-media-type" });
    expect(problem.detail).toContain(
      `expected a body with content-type application/json, got "${type}"`,
    );
    expect(house.asked()).toEqual([]);
  });

  test("is refused with 415 if it has no type", async () => {
    const { status, body } = await ask({ port: house.port, method: "POST", path, body: "{}" });
    expect([status, body]).toEqual([415, expect.stringContaining("got none")]);
    expect(house.asked()).toEqual([]);
  });

  test("that is empty needs no type", async () => {
    const headers = NO_BODY;
    expect((await ask({ port: house.port, method: "POST", path, headers })).status).toBe(200);
    expect(house.asked()).toEqual([["purgeQueue", { name: "a" }]]);
  });

  test("over the limit of a frame is refused with 413", async () => {
    const { problem } = await post(path, { keys: ["x".repeat(65_536)] });
    expect(problem).toMatchObject({ status: 413, code: "frame-too-large" });
    expect(house.asked()).toEqual([]);
  });

  test("of a call that takes none is not read", async () => {
    const init = { method: "DELETE", body: "{", headers: JSON_BODY };
    expect((await answerTo("/api/v1/queues/a", init)).status).toBe(200);
    expect(house.asked()).toEqual([["deleteQueue", { name: "a" }]]);
  });
});

describe("methods", () => {
  const TABLE: readonly (readonly [path: string, allow: string])[] = [
    ["/api/v1/send", "POST"],
    ["/api/v1/events", "GET"],
    ["/api/v1/status", "GET, HEAD"],
    ["/api/v1/connections", "GET, HEAD"],
    ["/api/v1/connections/7", "DELETE, GET, HEAD"],
    ["/api/v1/queues/a", "DELETE, GET, HEAD"],
    ["/api/v1/queues/a/purge", "POST"],
    ["/api/v1/queues/a/messages/k", "GET, HEAD"],
    ["/api/v1/durable-subscriptions/d", "DELETE"],
    ["/api/v1/messages", "POST"],
  ];

  test.each(TABLE)(
    "%s answers others than %s with 405 and those that would do",
    async (path, allow) => {
      const allowed = allow.split(", ");
      for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]) {
        if (allowed.includes(method)) continue;
        const { status, headers, problem } = await answerTo(path, { method });
        expect([method, status, headers.get("allow")]).toEqual([method, 405, allow]);
        if (method !== "HEAD") {
          expect(problem).toMatchObject({
            code: "method-not-allowed",
            detail: `Expected ${allowed.join(" or ")}`,
          });
        }
      }
      expect(house.asked()).toEqual([]);
    },
  );

  test.each(TABLE)("%s tells them beforehand: %s", async (path, allow) => {
    const headers = { origin: "http://localhost:5173", "access-control-request-method": "DELETE" };
    const answer = await answerTo(path, { method: "OPTIONS", headers });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("allow")).toBe(allow);
    expect(answer.headers.get("access-control-allow-methods")).toBe(allow);
    expect(answer.headers.get("access-control-allow-origin")).toBe("http://localhost:5173");
  });

  test.each([
    "/api/",
    "/api/v1/",
    "/api/v1/queue",
    "/api/v1/queues/",
    "/api/v1/queues//purge",
    "/api/v1/queues/a/b/purge",
    "/api/v1/queues/a/purge/",
    "/api/v1/Queues",
    "/api/v2/queues",
    "/api/v1/queues/../purge",
  ])("there are none at %s", async (path) => {
    for (const method of ["GET", "POST", "DELETE", "OPTIONS"]) {
      const { status, problem } = await answerTo(path, { method });
      expect([status, problem.code]).toEqual([404, "not-found"]);
      expect(problem.detail).toContain("expected one of ");
      expect(problem.detail).toContain(", /api/v1/queues/{name}/purge");
    }
    expect(house.asked()).toEqual([]);
  });
});

describe("access", () => {
  const PROXIED = { "x-forwarded-for": "192.0.2.60" };

  /** One request for each call but the status. */
  const requests = Object.entries(CALLS)
    .filter(([name]) => name !== "status")
    .map(([, { method, path }]) => [method, path.replace(/\{\w+\}/g, "1")] as const);

  test.each(requests)("%s %s is refused through a proxy", async (method, path) => {
    const { problem } = await answerTo(path, { method, headers: PROXIED });
    expect(problem).toMatchObject({ status: 403, code: "forbidden" });
    expect(problem.detail).toContain("X-Forwarded-For, so it came through a proxy");
    expect(problem.detail).toContain("as long as there are no accounts");
    expect(house.asked()).toEqual([]);
  });

  test("the status is open through a proxy", async () => {
    const { status, text } = await answerTo("/api/v1/status?from=checker", { headers: PROXIED });
    expect([status, JSON.parse(text)]).toEqual([
      200,
      expect.objectContaining({ name: "stompbox" }),
    ]);
    expect(house.asked()).toEqual([["status", {}]]);
  });

  test("what is wrong with a request is not said where it is refused", async () => {
    const path = "/api/v1/connections/x?y=1";
    const { problem } = await answerTo(path, { headers: { via: "1.1 proxy" } });
    expect([problem.code, problem.errors]).toEqual(["forbidden", undefined]);
  });

  test("pages of other origins are refused as by all of /api/, those of this machine are not", async () => {
    const evil = await answerTo("/api/v1/queues", {
      headers: { origin: "https://evil.example.com" },
    });
    expect(evil.problem).toMatchObject({ status: 403, code: "origin-refused" });
    expect(evil.problem.detail).toContain("Origin must be a page of this machine");
    expect(house.asked()).toEqual([]);
    const origin = "http://localhost:5173";
    const page = await answerTo("/api/v1/queues", { headers: { origin } });
    expect([page.status, page.headers.get("access-control-allow-origin")]).toEqual([200, origin]);
    expect(house.asked()).toHaveLength(1);
  });

  test("a foreign name of this machine is refused with a problem document, too", async () => {
    for (const path of ["/api/v1/queues", "/api/v1/status", "/api/v1/nothing"]) {
      const { problem } = await answerTo(path, { headers: { host: "evil.example.com" } });
      expect(problem).toMatchObject({ status: 403, code: "origin-refused" });
      expect(problem.detail).toContain("Host must be localhost");
    }
    const page = await fetch(house.root, { headers: { host: "evil.example.com" } });
    expect([page.status, page.headers.get("content-type")]).toEqual([
      403,
      "text/plain; charset=utf-8",
    ]);
    expect(house.asked()).toEqual([]);
  });

  test("on a listener that others can reach every call but the status is refused", async () => {
    const open = await openApiHouse({ origins: { loopback: false } });
    try {
      for (const [method, path] of requests) {
        const response = await fetch(open.root + path, { method });
        const problem = problemDocumentSchema.parse(await response.json());
        expect([path, response.status, problem.code]).toEqual([path, 403, "forbidden"]);
        expect(problem.detail).toContain("this listener can be reached from elsewhere");
      }
      expect(open.asked()).toEqual([]);
      expect((await fetch(`${open.root}/api/v1/status`)).status).toBe(200);
      expect(open.asked()).toEqual([["status", {}]]);
    } finally {
      await open.stop();
    }
  });
});

test("calls are below the prefix of a listener", async () => {
  const below = await openApiHouse({ prefix: "/app" });
  try {
    expect((await fetch(`${below.root}/api/v1/queues`)).status).toBe(200);
    expect(below.asked()).toHaveLength(1);
    expect((await fetch(`http://127.0.0.1:${below.port}/api/v1/queues`)).status).toBe(404);
  } finally {
    await below.stop();
  }
});

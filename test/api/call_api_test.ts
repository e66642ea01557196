/** The typed client of the API, against a listener. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ApiError, apiAt } from "../../src/api/call_api.ts";
import { Fault } from "../../src/fault.ts";
import { type ApiHouse, openApiHouse } from "../web/api_house.ts";

let house: ApiHouse;
beforeAll(async () => {
  house = await openApiHouse({
    prefix: "/app",
    admin: {
      purgeQueue: () => ({ messages: 3 }),
      queue: ({ name }) => {
        throw new Fault("not-found", `Cannot find queue "${name}"`);
      },
    },
  });
});
afterAll(() => house.stop());

const api = () => apiAt(`${house.root}/`);

/** The error that a call ends in. */
async function errorOf(call: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ApiError) return error;
  throw new Error(`No ApiError but ${String(error)}`);
}

describe("a call", () => {
  test("goes below the root, with what its path, query and body take", async () => {
    const call = api();
    await call("connections", { sort: "login", order: "desc", limit: 5 });
    expect(await call("purgeQueue", { name: "a", keys: ["4-1"] })).toEqual({ messages: 3 });
    expect(house.asked()).toEqual([
      ["connections", { filter: "", sort: "login", order: "desc", offset: 0, limit: 5 }],
      ["purgeQueue", { name: "a", keys: ["4-1"] }],
    ]);
  });

  test.each([
    "a/b",
    "a%2Fb",
    "/",
    "?x=1#y",
    "a b+c",
    "grüße 🌍",
    "...",
    ".a",
    "%2e%2e",
    "a\\b",
    "\u202eabc",
    "{name}",
    "$&",
    "x".repeat(4_000),
  ])("takes names as they are: %j", async (name) => {
    await api()("purgeQueue", { name });
    expect(house.asked()).toEqual([["purgeQueue", { name }]]);
  });

  test.each([".", ".."])("rejects for a name that no URL can hold: %j", async (name) => {
    const error = await errorOf(api()("purgeQueue", { name }));
    expect(error.message).toBe(`Cannot call purgeQueue: no URL can name "${name}"`);
    expect(house.asked()).toEqual([]);
  });

  test("takes a text field as it is, whatever is in it", async () => {
    const filter = "a&b=c d+%20ü\u0000";
    await api()("queues", { filter });
    expect(house.asked()).toEqual([
      ["queues", { filter, sort: "name", order: "asc", offset: 0, limit: 100 }],
    ]);
  });
});

describe("an error", () => {
  test("of the broker has its sentence, status and code", async () => {
    const error = await errorOf(api()("queue", { name: "none" }));
    expect([error.message, error.status, error.code]).toEqual([
      'Cannot find queue "none"',
      404,
      "not-found",
    ]);
    house.asked();
  });

  test("for a wrong field names the field", async () => {
    const error = await errorOf(api()("queues", { limit: 5_000 }));
    expect([error.status, error.code]).toEqual([400, "bad-request"]);
    expect(error.message).toContain("query.limit: Expected a whole number from 1 to 1000");
  });

  test("without an answer says where there was none", async () => {
    const gone = await openApiHouse();
    await gone.stop();
    const error = await errorOf(apiAt(`${gone.root}/`)("queues", {}));
    expect([error.status, error.message]).toEqual([0, `Cannot reach ${gone.root}: no answer`]);
  });

  test.each([
    ["no JSON", new Response("<html>", { status: 502 }), "Refused with status 502", 502],
    [
      "JSON of another kind",
      Response.json({ error: "x" }, { status: 500 }),
      "Refused with status 500",
      500,
    ],
    [
      "an answer that is not what it ought to be",
      Response.json({ messages: "many" }),
      "Cannot read the answer to purgeQueue: not what this version expects",
      200,
    ],
    [
      "an answer that is no JSON",
      new Response("ok"),
      "Cannot read the answer to purgeQueue: not what this version expects",
      200,
    ],
  ] as const)("for %s is one as well", async (_what, response, message, status) => {
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => response });
    try {
      const error = await errorOf(apiAt(server.url)("purgeQueue", { name: "a" }));
      expect([error.message, error.status]).toEqual([message, status]);
    } finally {
      await server.stop(true);
    }
  });

  test("is not made of an abort", async () => {
    const abort = new AbortController();
    abort.abort();
    const call = api()("queues", {}, { signal: abort.signal });
    await expect(call).rejects.toMatchObject({ name: "AbortError" });
  });
});

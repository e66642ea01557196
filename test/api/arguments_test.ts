import { expect, test } from "bun:test";
import { readArguments } from "../../src/api/arguments.ts";

test("A list that is too long is told at once, whatever is in it", () => {
  const headers = new Array(100_000).fill([]);
  const body = { destination: "/queue/a", headers };
  expect(readArguments("publish", { params: {}, query: [], body })).toEqual({
    errors: [{ field: "body.headers", detail: "Expected at most 1000 items, got 100000" }],
  });
});

import { expect, test } from "bun:test";
import { memoryStore } from "../../src/engine/memory_store.ts";
import { storeSuite } from "./store_suite.ts";

storeSuite("memory", memoryStore);

test("the memory store answers before write returns, so that nobody waits for nothing", () => {
  let answered = false;
  memoryStore().write({ put: [] }, () => (answered = true));
  expect(answered).toBe(true);
});

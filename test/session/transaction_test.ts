import { describe, expect, test } from "bun:test";
import { Memory } from "../../src/broker/memory.ts";
import type { Operation } from "../../src/engine/operation.ts";
import { Fault } from "../../src/fault.ts";
import { Transactions } from "../../src/session/transaction.ts";
import { engineBench } from "../engine/engine_bench.ts";
import { sessionLimits } from "./session_limits.ts";

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
  return "none";
}

function open(memoryMax = 1_000_000): {
  transactions: Transactions;
  memory: Memory;
  operation: Operation;
} {
  const memory = new Memory(memoryMax);
  const limits = sessionLimits({
    transactionsMax: 2,
    transactionOperationsMax: 3,
    transactionBytesMax: 1_000,
  });
  const operation = engineBench().publish("/queue/a", "1");
  return { transactions: new Transactions(limits, memory), memory, operation };
}

describe("Transactions", () => {
  test("are known by name from BEGIN to their end", () => {
    const { transactions } = open();
    expect(codeOf(() => transactions.get("a"))).toBe("unknown-transaction");
    transactions.begin("a");
    expect(codeOf(() => transactions.begin("a"))).toBe("duplicate-transaction");
    expect(transactions.get("a").operations).toEqual([]);
    transactions.end("a");
    expect(codeOf(() => transactions.end("a"))).toBe("unknown-transaction");
    transactions.begin("a");
    expect(transactions.ids).toEqual(["a"]);
  });

  test("are only so many at a time", () => {
    const { transactions } = open();
    transactions.begin("a");
    transactions.begin("b");
    expect(codeOf(() => transactions.begin("c"))).toBe("too-many-transactions");
    transactions.end("a");
    expect(codeOf(() => transactions.begin("c"))).toBe("none");
  });

  const table: readonly (readonly [
    what: string,
    operations: number,
    bytes: number,
    code: string,
  ])[] = [
    ["one operation more", 1, 0, "none"],
    ["two operations more", 2, 0, "transaction-too-large"],
    ["as many bytes as are left", 1, 600, "none"],
    ["one byte more", 1, 601, "transaction-too-large"],
  ];
  for (const [what, operations, bytes, code] of table) {
    test(`with two operations of 400 bytes ${code === "none" ? "take" : "refuse"} ${what}`, () => {
      const { transactions, operation } = open();
      transactions.begin("a");
      const transaction = transactions.get("a");
      for (const size of [300, 100]) transactions.add(transaction, operation, size);
      expect(codeOf(() => transactions.checkRoom(transaction, operations, bytes))).toBe(code);
    });
  }

  test("count in the memory of all, and give it back however they end", () => {
    const { transactions, memory, operation } = open();
    transactions.begin("a");
    transactions.add(transactions.get("a"), operation, 300);
    expect(memory.used).toBe(300);
    transactions.end("a");
    expect(memory.used).toBe(0);
  });

  test("refuse a message for want of memory, and never what gives memory back", () => {
    const { transactions, memory } = open(1_000);
    transactions.begin("a");
    const transaction = transactions.get("a");
    memory.used = 900;
    expect(codeOf(() => transactions.checkRoom(transaction, 1, 100))).toBe("none");
    expect(codeOf(() => transactions.checkRoom(transaction, 1, 101))).toBe("memory-full");
    memory.used = 5_000;
    expect(codeOf(() => transactions.checkRoom(transaction, 1, 0))).toBe("none");
  });
});

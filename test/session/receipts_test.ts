import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Receipts } from "../../src/session/receipts.ts";
import { checkProperty } from "../protocol/check_property.ts";

function open(): { receipts: Receipts; sent: string[] } {
  const sent: string[] = [];
  return { sent, receipts: new Receipts({ sendReceipt: (id) => sent.push(id) }) };
}

describe("Receipts", () => {
  test("come in the order of their frames, whatever is settled first", () => {
    checkProperty(
      fc.property(fc.array(fc.nat(), { maxLength: 30, size: "max" }), (picks) => {
        const { receipts, sent } = open();
        const settles = picks.map((_, at) => receipts.open(`${at}`));
        const order = settles.map((settle, at) => ({ settle, at }));
        const settled = new Set<number>();
        for (const pick of picks) {
          const [next] = order.splice(pick % order.length, 1);
          next?.settle();
          if (next !== undefined) settled.add(next.at);
          let prefix = 0;
          while (settled.has(prefix)) prefix++;
          expect(sent).toEqual(picks.slice(0, prefix).map((_, at) => `${at}`));
        }
        expect(receipts.pending).toBe(0);
      }),
    );
  });

  test("a frame that asked for none holds its place all the same", () => {
    const { receipts, sent } = open();
    const first = receipts.open(undefined);
    receipts.open("2")();
    expect(sent).toEqual([]);
    first();
    expect(sent).toEqual(["2"]);
  });

  test("of the frame that failed is taken back; those before it come, then all is idle", () => {
    const { receipts, sent } = open();
    const first = receipts.open("1");
    receipts.open("2");
    receipts.withdraw();
    receipts.whenIdle(() => sent.push("idle"));
    expect(sent).toEqual([]);
    first();
    expect(sent).toEqual(["1", "idle"]);
  });

  test("are idle at once when nothing is owed, and tell so once", () => {
    const { receipts, sent } = open();
    receipts.whenIdle(() => sent.push("idle"));
    receipts.open("1")();
    expect(sent).toEqual(["idle", "1"]);
  });
});

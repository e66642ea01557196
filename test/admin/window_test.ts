import { describe, expect, test } from "bun:test";
import { cutWindow } from "../../src/admin/window.ts";
import { seededRandom } from "../support/seeded_random.ts";

const LISTED = {
  texts: (item: { name: string }) => [item.name],
  key: (item: { name: string; size: number | undefined }, sort: string) =>
    sort === "size" ? item.size : item.name,
};

describe("A window of a list", () => {
  test("is the same as sorting all of it, however long it is", async () => {
    const random = seededRandom(7);
    const items = Array.from({ length: 7_001 }, (_none, at) => ({
      name: `n${at}`,
      size: at % 10 === 0 ? undefined : Math.floor(random() * 1_000),
    }));
    for (const order of ["asc", "desc"] as const) {
      let turns = 0;
      const turn = async () => void turns++;
      const window = { filter: "", sort: "size", order, offset: 500, limit: 100 };
      const { total, items: shown } = await cutWindow(items, window, { ...LISTED, turn });
      const sign = order === "asc" ? 1 : -1;
      const sorted = items
        .map(({ size }) => size)
        .sort((a, b) => (a === undefined ? 1 : b === undefined ? -1 : sign * (a - b)));
      expect(total).toBe(7_001);
      expect(shown.map(({ size }) => size)).toEqual(sorted.slice(500, 600));
      expect(turns).toBe(3);
    }
  });

  test("counts and shows only what is kept and has the text, whatever its case", async () => {
    const items = ["Orders", "orders.eu", "other"].map((name) => ({ name, size: 1 }));
    const window = { filter: "ORD", sort: "name", order: "desc", offset: 0, limit: 1 } as const;
    const keeps = ({ name }: { name: string }) => name !== "Orders";
    const listed = { ...LISTED, keeps, turn: async () => {} };
    const found = await cutWindow(items, window, listed);
    expect(found).toEqual({ total: 1, items: [{ name: "orders.eu", size: 1 }] });
  });
});

import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { OrdinalIndex } from "../../src/session/ordinal_index.ts";
import { seededRandom } from "../support/seeded_random.ts";

interface Numbered {
  readonly ordinal: number;
}

/** In which order values go again, out of those that are there. */
const ORDERS = {
  "the oldest first": () => 0,
  "the latest first": () => 0.999,
  "at random": (random: () => number) => random(),
  "all but a few that stay for long": (random: () => number) => 0.1 + 0.9 * random(),
} as const;

test.each(Object.entries(ORDERS))(
  "It holds what a map holds, when %s go again",
  (_order, place) => {
    const random = seededRandom(11);
    const index = new OrdinalIndex<Numbered>();
    const model = new Map<number, Numbered>();
    for (let ordinal = 1; ordinal <= 6_000; ordinal++) {
      const value = { ordinal };
      index.add(value);
      model.set(ordinal, value);
      // More come than go, then more go than come.
      const leaving = ordinal % 3_000 < 1_500 ? 0.9 : 1.2;
      for (let chance = random() * 2; chance < leaving; chance += 1) {
        const all = [...model.keys()];
        const gone = all[Math.floor(place(random) * all.length)];
        if (gone === undefined) break;
        model.delete(gone);
        expect(index.get(gone)?.ordinal).toBe(gone);
        expect(index.delete(gone)).toBe(true);
        expect(index.get(gone)).toBeUndefined();
        expect(index.delete(gone)).toBe(false);
      }
      expect(index.size).toBe(model.size);
      if (ordinal % 500 !== 0) continue;
      expect([...index.values()]).toEqual([...model.values()]);
      expect([-1, 0, 0.5, ordinal + 1].map((other) => index.get(other))).toEqual(
        Array(4).fill(undefined),
      );
      for (const [each, known] of model) expect(index.get(each)).toBe(known);
    }
  },
);

test("One that stays for ever keeps no place for those that came and went after it", () => {
  const index = new OrdinalIndex<Numbered>();
  const heap = (): number => {
    Bun.gc(true);
    return heapStats().heapSize;
  };
  index.add({ ordinal: 1 });
  const before = heap();
  for (let ordinal = 2; ordinal <= 500_000; ordinal++) {
    index.add({ ordinal });
    index.delete(ordinal);
  }
  expect(heap() - before).toBeLessThan(500_000);
  expect([...index.values()]).toEqual([{ ordinal: 1 }]);
});

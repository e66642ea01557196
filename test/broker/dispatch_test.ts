import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Rota } from "../../src/broker/dispatch.ts";
import { checkProperty } from "../protocol/check_property.ts";

interface Worker {
  readonly name: string;
  credit: number;
}

function workers(...names: readonly string[]): { rota: Rota<Worker>; all: Worker[] } {
  const rota = new Rota<Worker>();
  const all = names.map((name) => ({ name, credit: Infinity }));
  for (const each of all) rota.join(each);
  return { rota, all };
}

/** Whose turn it was, so many times; a turn costs one credit. */
function turns(rota: Rota<Worker>, count: number): string {
  let order = "";
  for (let at = 0; at < count; at++) {
    const next = rota.next();
    if (next !== undefined) next.credit--;
    order += next?.name ?? "-";
  }
  return order;
}

describe("A rota", () => {
  test("takes everyone in turn", () => {
    expect(turns(workers("a", "b", "c").rota, 7)).toBe("abcabca");
  });

  test("passes over those without credit until they are resumed, then they come last", () => {
    const { rota, all } = workers("a", "b", "c");
    const [a] = all as [Worker];
    a.credit = 1;
    expect(turns(rota, 5)).toBe("abcbc");
    a.credit = 1;
    expect(turns(rota, 2)).toBe("bc");
    rota.resume(a);
    rota.resume(a);
    expect(turns(rota, 5)).toBe("bcabc");
  });

  test("does not take who is resumed without credit, or has left", () => {
    const { rota, all } = workers("a", "b");
    const [a, b] = all as [Worker, Worker];
    a.credit = 0;
    expect(turns(rota, 2)).toBe("bb");
    rota.resume(a);
    rota.leave(b);
    rota.resume(b);
    expect([turns(rota, 1), rota.size]).toEqual(["-", 1]);
    rota.leave(a);
    rota.leave(a);
    expect([turns(rota, 1), rota.size]).toEqual(["-", 0]);
  });

  test("has each consumer once, also one that leaves and joins again", () => {
    const { rota, all } = workers("a", "b");
    const [a] = all as [Worker];
    rota.leave(a);
    rota.join(a);
    expect(turns(rota, 6)).toBe("bababa");
  });

  test("keeps nobody alive who has left, though it is nobody's turn", () => {
    const rota = new Rota<{ credit: number }>();
    const stays = { credit: 1 };
    rota.join(stays);
    const gone: WeakRef<object>[] = [];
    for (let count = 0; count < 1_000; count++) {
      const guest = { credit: 1 };
      gone.push(new WeakRef(guest));
      rota.join(guest);
      rota.leave(guest);
    }
    Bun.gc(true);
    expect(gone.filter((each) => each.deref() !== undefined).length).toBeLessThan(200);
    expect([rota.size, rota.next() === stays]).toEqual([1, true]);
  });

  test("is fair: between two with credit all along, turns never differ by more than one", () => {
    const event = fc.record({
      who: fc.nat({ max: 4 }),
      credit: fc.nat({ max: 3 }),
      takes: fc.nat({ max: 5 }),
    });
    checkProperty(
      fc.property(fc.array(event, { maxLength: 60, size: "max" }), (events) => {
        const { rota, all } = workers("a", "b", "c", "d", "e", "x", "y");
        const counts = new Map<string, number>();
        for (const { who, credit, takes } of events) {
          const worker = all[who];
          if (worker !== undefined) {
            worker.credit = credit;
            rota.resume(worker);
          }
          for (let count = 0; count < takes; count++) {
            const next = rota.next();
            if (next === undefined) throw new Error("Nobody's turn though two always have credit");
            expect(next.credit).toBeGreaterThan(0);
            next.credit--;
            counts.set(next.name, (counts.get(next.name) ?? 0) + 1);
          }
        }
        expect(Math.abs((counts.get("x") ?? 0) - (counts.get("y") ?? 0))).toBeLessThanOrEqual(1);
      }),
    );
  });
});

import { expect, test } from "bun:test";
import fc from "fast-check";
import { Heap } from "../../src/broker/heap.ts";
import { RUN_SEED } from "../support/seeded_random.ts";

function numbers(): Heap<number> {
  return new Heap<number>((a, b) => a < b);
}

function drained(heap: Heap<number>): number[] {
  const taken: number[] = [];
  for (let top = heap.pop(); top !== undefined; top = heap.pop()) taken.push(top);
  return taken;
}

test("an empty heap has no top and gives nothing", () => {
  const heap = numbers();
  expect(heap.size).toBe(0);
  expect(heap.top).toBeUndefined();
  expect(heap.pop()).toBeUndefined();
  heap.push(1);
  expect(heap.pop()).toBe(1);
  expect(heap.pop()).toBeUndefined();
  expect(heap.size).toBe(0);
});

test("what is pushed comes off in order, equal elements each", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (values) => {
      const heap = numbers();
      for (const value of values) heap.push(value);
      expect(heap.size).toBe(values.length);
      expect([...heap.elements].toSorted((a, b) => a - b)).toEqual(
        values.toSorted((a, b) => a - b),
      );
      expect(drained(heap)).toEqual(values.toSorted((a, b) => a - b));
    }),
    { seed: RUN_SEED },
  );
});

test("pushes, pops and filters in any turn agree with a sorted list", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("push"), value: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ kind: fc.constant("pop"), value: fc.constant(0) }),
    fc.record({ kind: fc.constant("filter"), value: fc.integer({ min: 2, max: 5 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const heap = numbers();
      let model: number[] = [];
      for (const { kind, value } of steps) {
        if (kind === "push") {
          heap.push(value);
          model.push(value);
          model.sort((a, b) => a - b);
        } else if (kind === "pop") {
          expect(heap.pop()).toBe(model.shift());
        } else {
          heap.filter((each) => each % value !== 0);
          model = model.filter((each) => each % value !== 0);
        }
        expect(heap.top).toBe(model[0]);
        expect(heap.size).toBe(model.length);
      }
      expect(drained(heap)).toEqual(model);
    }),
    { seed: RUN_SEED },
  );
});

test("a push and a pop compare a logarithm of elements", () => {
  let compared = 0;
  const heap = new Heap<number>((a, b) => {
    compared++;
    return a < b;
  });
  const size = 1 << 14;
  for (let at = 0; at < size; at++) heap.push((at * 7_919) % size);
  compared = 0;
  heap.push(-1);
  expect(compared).toBeLessThanOrEqual(15);
  compared = 0;
  heap.pop();
  expect(compared).toBeLessThanOrEqual(2 * 15);
});

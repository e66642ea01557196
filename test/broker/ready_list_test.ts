import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Placed, ReadyList } from "../../src/broker/ready_list.ts";
import { checkProperty } from "../protocol/check_property.ts";

const operation = fc.record({
  kind: fc.constantFrom("append", "append", "put back", "take", "take", "drop"),
  priority: fc.constantFrom(0, 4, 4, 9),
  at: fc.nat(),
});

test("a ready list takes by priority, then place, also those that came back", () => {
  checkProperty(
    fc.property(fc.array(operation, { maxLength: 300, size: "max" }), (operations) => {
      const list = new ReadyList<Placed>();
      const model: Placed[] = [];
      const outside: Placed[] = [];
      let places = 0;
      const takeFromModel = (sign: 1 | -1): Placed | undefined => {
        model.sort(
          (one, other) =>
            sign * (other.message.priority - one.message.priority) || one.place - other.place,
        );
        return model.shift();
      };
      for (const { kind, priority, at } of operations) {
        if (kind === "append") {
          const entry = { place: ++places, message: { priority } };
          list.append(entry);
          model.push(entry);
        } else if (kind === "put back") {
          const [entry] = outside.length === 0 ? [] : outside.splice(at % outside.length, 1);
          if (entry === undefined) continue;
          list.putBack(entry);
          model.push(entry);
        } else {
          const taken = kind === "take" ? list.take() : list.takeOldestOfLeast();
          expect(taken).toBe(takeFromModel(kind === "take" ? 1 : -1) as Placed);
          if (taken !== undefined) outside.push(taken);
        }
        expect(list.size).toBe(model.length);
      }
    }),
  );
});

test("a long list gives back the room of what was taken, and keeps its order", () => {
  const list = new ReadyList<Placed>();
  let next = 1;
  for (let place = 1; place <= 10_000; place++) {
    list.append({ place, message: { priority: 4 } });
    if (place % 3 === 0) continue;
    expect(list.take()?.place).toBe(next++);
  }
  while (list.size > 0) expect(list.take()?.place).toBe(next++);
  expect(next).toBe(10_001);
});

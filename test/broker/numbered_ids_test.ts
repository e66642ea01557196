import { expect, test } from "bun:test";
import { NumberedIds } from "../../src/broker/numbered_ids.ts";
import { seededRandom } from "../support/seeded_random.ts";

test("An id is what the run's ids begin with and the number, in whatever order they are asked for", () => {
  const ids = new NumberedIds("run-");
  const random = seededRandom(3);
  const edges = [
    1,
    9,
    10,
    99,
    100,
    999,
    1_000,
    1_001,
    15_999,
    16_000,
    17_005,
    1_000_000,
    2 ** 53 - 1,
  ];
  const any = Array.from(
    { length: 20_000 },
    () => 1 + Math.floor(random() * 10 ** (1 + random() * 12)),
  );
  for (const number of [...edges, ...any, ...edges]) {
    const id = ids.of(number);
    expect(id).toBe(`run-${number}`);
    expect(ids.numberOf(id)).toBe(number);
  }
});

test.each([
  "",
  "run",
  "run-",
  "run-0",
  "run-01",
  "run-1x",
  "run-1.5",
  "other-1",
  "run-12345678901234567",
])('The text "%s" is no id of the run', (text) => {
  expect(new NumberedIds("run-").numberOf(text)).toBeUndefined();
});

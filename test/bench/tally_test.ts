import { describe, expect, test } from "bun:test";
import { BitTally, OrderedTally, type Tally } from "../../src/bench/tally.ts";

const KINDS: readonly (readonly [string, () => Tally])[] = [
  ["in order", () => new OrderedTally()],
  ["by a bit each", () => new BitTally()],
];

describe.each(KINDS)("counted %s", (_name, make) => {
  interface Case {
    readonly what: string;
    readonly came: readonly number[];
    readonly sent: number;
    readonly arrived: number;
    readonly doubled?: number;
    readonly foreign?: number;
    readonly missing?: readonly number[];
  }
  const table: readonly Case[] = [
    { what: "all came in order", came: [0, 1, 2, 3], sent: 4, arrived: 4 },
    { what: "all came in another order", came: [2, 0, 3, 1], sent: 4, arrived: 4 },
    { what: "one is missing in between", came: [0, 1, 3], sent: 4, arrived: 3, missing: [2] },
    { what: "the last ones are missing", came: [0, 1], sent: 4, arrived: 2, missing: [2, 3] },
    { what: "nothing came", came: [], sent: 2, arrived: 0, missing: [0, 1] },
    { what: "one came twice in a row", came: [0, 1, 1, 2], sent: 3, arrived: 3, doubled: 1 },
    { what: "one came again later", came: [0, 1, 2, 0, 0], sent: 3, arrived: 3, doubled: 2 },
    {
      what: "one came too late, and then again",
      came: [0, 2, 1, 1],
      sent: 3,
      arrived: 3,
      doubled: 1,
    },
    { what: "one was never sent", came: [0, 1, 2], sent: 2, arrived: 2, foreign: 1 },
    { what: "one has no number", came: [-1, 0, 1], sent: 2, arrived: 2, foreign: 1 },
    { what: "one is far away", came: [2 ** 30 - 1, 0], sent: 1, arrived: 1, foreign: 1 },
  ];
  test.each(table)("$what", ({ came, sent, arrived, doubled = 0, foreign = 0, missing = [] }) => {
    const tally = make();
    for (const number of came) tally.take(number, sent);
    expect({ arrived: tally.arrived, doubled: tally.doubled, foreign: tally.foreign }).toEqual({
      arrived,
      doubled,
      foreign,
    });
    expect(tally.missing(sent, 10)).toEqual([...missing]);
  });

  test("very many, of which few are missing, are named up to a limit", () => {
    const tally = make();
    const sent = 100_000;
    const lost = new Set([0, 31, 32, 63, 64, 99_998, 99_999]);
    for (let number = 0; number < sent; number++) if (!lost.has(number)) tally.take(number, sent);
    expect(tally.arrived).toBe(sent - lost.size);
    expect(tally.missing(sent, 100)).toEqual([...lost]);
    expect(tally.missing(sent, 3)).toEqual([0, 31, 32]);
  });
});

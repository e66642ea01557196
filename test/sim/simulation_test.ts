import { describe, expect, test } from "bun:test";
import type { Broker } from "../../src/stompbox.ts";
import type { Chance } from "./chance.ts";
import { type SimReport, simulate } from "./simulation.ts";

const only = process.env["SIM_SEED"];
const long = process.env["TEST_LONG"] === "1";
const SEEDS = long ? 5_000 : 200;
/** Seeds of one test, so that a failure is told while the others still run. */
const BATCH = long ? 250 : 20;

function shown(report: SimReport): string {
  return [
    `seed ${report.seed} (${report.profile}): SIM_SEED=${report.seed} bun test test/sim`,
    ...report.violations,
  ].join("\n  ");
}

function expectClean(reports: readonly SimReport[]): void {
  expect(reports.filter(({ violations }) => violations.length > 0).map(shown)).toEqual([]);
}

describe("What must never happen does not happen", () => {
  if (only !== undefined) {
    test(`with seed ${only}`, () => {
      const report = simulate({ seed: Number(only), traced: true });
      if (report.violations.length > 0)
        throw new Error([...report.steps, shown(report)].join("\n"));
    });
    return;
  }
  for (let first = 1; first <= SEEDS; first += BATCH) {
    test(`with seeds ${first} to ${first + BATCH - 1}`, () => {
      expectClean(Array.from({ length: BATCH }, (_, at) => simulate({ seed: first + at })));
    });
  }
});

test("a seed replays exactly", () => {
  for (const seed of [3, 14, 159]) {
    const [first, second] = [1, 2].map(() => simulate({ seed, traced: true }));
    expect(first?.steps.length).toBeGreaterThan(100);
    expect(second).toEqual(first);
  }
});

test("the runs meet what they are for: redelivery, dead letters, drops and refusals", () => {
  const met = new Map<string, number>();
  for (let seed = 1; seed <= 200; seed++) {
    for (const [what, count] of Object.entries(simulate({ seed }).counts)) {
      met.set(what, (met.get(what) ?? 0) + count);
    }
  }
  const few = ["redelivered", "deadLetters", "dropped", "settled", "queue-full", "malformed-header"]
    .map((what) => ({ what, count: met.get(what) ?? 0 }))
    .filter(({ count }) => count < 5);
  expect(few).toEqual([]);
});

/** A fault planted into the broker, and the complaint that must come of it. */
interface Sabotage {
  readonly fault: string;
  readonly complaint: RegExp;
  readonly plant: (broker: Broker, chance: Chance) => void;
}

const SABOTAGES: readonly Sabotage[] = [
  {
    fault: "an acknowledgement is forgotten",
    complaint: /comes again|cannot be drained|when all are gone/,
    plant: ({ context: { engine } }, chance) => {
      const apply = engine.apply.bind(engine);
      engine.apply = (source, operations, done) => {
        const forgets = operations.some((each) => each.kind === "settle") && chance.odds(0.05);
        return apply(source, forgets ? [] : operations, done);
      };
    },
  },
  {
    fault: "an acknowledged message returns to its queue",
    complaint: /comes again .*\(accepted\)|was acknowledged with a RECEIPT and had come again/,
    plant: ({ context: { engine } }, chance) => {
      const apply = engine.apply.bind(engine);
      engine.apply = (source, operations, done) =>
        apply(
          source,
          operations.map((each) =>
            each.kind === "settle" && each.verdict === "accepted" && chance.odds(0.05)
              ? { ...each, verdict: "returned" }
              : each,
          ),
          done,
        );
    },
  },
  {
    fault: "a message is lost",
    complaint: /Lost: .*never delivered|was not given/,
    plant: ({ context: { engine } }, chance) => {
      const apply = engine.apply.bind(engine);
      engine.apply = (source, operations, done) => {
        const loses = operations.length === 1 && operations[0]?.kind === "publish";
        return apply(source, loses && chance.odds(0.02) ? [] : operations, done);
      };
    },
  },
  {
    fault: "half a transaction is carried out",
    complaint: /transaction .* did .* but not/,
    plant: ({ context: { engine } }) => {
      const apply = engine.apply.bind(engine);
      engine.apply = (source, operations, done) => {
        const published = operations.filter((each) => each.kind === "publish");
        return apply(source, published.length > 2 ? operations.slice(1) : operations, done);
      };
    },
  },
  {
    fault: "two messages of a producer change places",
    complaint: /comes behind a later message of its producer/,
    plant: ({ context: { engine } }) => {
      const apply = engine.apply.bind(engine);
      engine.apply = (source, operations, done) =>
        apply(source, operations.length > 2 ? operations.toReversed() : operations, done);
    },
  },
  {
    fault: "a crashed consumer's messages are forgotten",
    complaint: /Lost: .*nobody settled it/,
    plant: ({ context: { engine } }) => {
      const apply = engine.apply.bind(engine);
      engine.apply = (source, operations, done) =>
        apply(
          source,
          operations.map((each) =>
            each.kind === "settle" && each.verdict === "returned"
              ? { ...each, verdict: "accepted" }
              : each,
          ),
          done,
        );
    },
  },
  {
    fault: "memory is not given back",
    complaint: /when all are gone memory is/,
    plant: ({ context: { engine, memory } }) => {
      const unsubscribe = engine.unsubscribe.bind(engine);
      engine.unsubscribe = (attachment) => {
        memory.used++;
        unsubscribe(attachment);
      };
    },
  },
  {
    fault: "refusals are counted twice",
    complaint: /is a dead letter after/,
    plant: ({ context: { engine } }) => {
      const apply = engine.apply.bind(engine);
      engine.apply = (source, operations, done) => {
        for (const each of operations) {
          if (each.kind === "settle" && each.verdict === "refused") each.entry.refusals++;
        }
        return apply(source, operations, done);
      };
    },
  },
];

describe("The checkers find it when", () => {
  for (const { fault, complaint, plant } of SABOTAGES) {
    test(fault, () => {
      for (let seed = 1; seed <= 60; seed++) {
        const { violations } = simulate({ seed, sabotage: plant });
        if (violations.some((each) => complaint.test(each))) return;
      }
      throw new Error(`Nothing matches ${complaint} in 60 runs`);
    });
  }
});

import { describe, expect, test } from "bun:test";
import { Message } from "../../src/broker/message.ts";
import type { Operation, Refused, Verdict } from "../../src/engine/operation.ts";
import { Subscription } from "../../src/session/subscription.ts";
import type { Broker } from "../../src/stompbox.ts";
import type { Chance } from "./chance.ts";
import { type SimReport, simulate } from "./simulation.ts";

const only = process.env["SIM_SEED"];
const long = process.env["TEST_LONG"] === "1";
const SEEDS = long ? 5_000 : 200;
/** Seeds beyond those that once came upon a mistake. */
const FOUND = [13_031, 16_277, 16_817, 20_384, 7_001_109, 8_003_856];
/** Seeds whose runs together come upon everything. */
const MEETING_SEEDS = 150;
/** Seeds of one test, so that a failure is told while the others still run. */
const BATCH = long ? 100 : 10;

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
  test("with seeds that came upon something before", () => {
    expectClean(FOUND.map((seed) => simulate({ seed })));
  });
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

/** What the runs together must come upon, or their checks prove little. */
const SUBJECTS = [
  ...["redelivered", "deadLetters", "dropped", "settled", "queue-full", "malformed-header"],
  ...["max-deliveries", "rejected", "expired", "delayed", "retained", "browsed"],
  ...["unroutable", "taken-over"],
];

test("the runs meet what they are for", () => {
  const met = new Map<string, number>();
  for (let seed = 1; seed <= MEETING_SEEDS; seed++) {
    for (const [what, count] of Object.entries(simulate({ seed }).counts)) {
      met.set(what, (met.get(what) ?? 0) + count);
    }
  }
  const few = SUBJECTS.map((what) => ({ what, count: met.get(what) ?? 0 })).filter(
    ({ count }) => count < 3,
  );
  expect(few).toEqual([]);
});

/** A fault planted into the broker, and the complaint that must come of it. */
interface Sabotage {
  readonly fault: string;
  readonly complaint: RegExp;
  readonly plant: (broker: Broker, chance: Chance) => void;
}

/** Has the engine carry out other operations than it is told. */
function withOperations(
  { context: { engine } }: Broker,
  change: (operations: readonly Operation[]) => readonly Operation[],
): void {
  const apply = engine.apply.bind(engine);
  engine.apply = (source, operations, done) => apply(source, change(operations), done);
}

/** Has the engine take refusals for something else. */
function withRefusals(broker: Broker, change: (verdict: Refused) => Verdict): void {
  withOperations(broker, (operations) =>
    operations.map((each) =>
      each.kind === "settle" && typeof each.verdict === "object"
        ? { ...each, verdict: change(each.verdict) }
        : each,
    ),
  );
}

/** Has the engine see something else of a subscriber. */
function withSubscriber(
  { context: { engine } }: Broker,
  change: (subscriber: Subscription) => Partial<Subscription>,
): void {
  const subscribe = engine.subscribe.bind(engine);
  engine.subscribe = (source, subscriber, about) => {
    if (subscriber instanceof Subscription) Object.assign(subscriber, change(subscriber));
    return subscribe(source, subscriber, about);
  };
}

/** Has messages expire so many ms later. */
function withExpiry({ context: { engine } }: Broker, laterMs: number): void {
  const createMessage = engine.createMessage.bind(engine);
  engine.createMessage = (fields) => {
    const message = createMessage(fields);
    const { expiresAt } = message;
    return expiresAt === 0 ? message : message.with({ expiresAt: expiresAt + laterMs });
  };
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
          if (each.kind !== "settle" || typeof each.verdict !== "object") continue;
          each.entry.queue.refuse(each.entry);
        }
        return apply(source, operations, done);
      };
    },
  },
  {
    fault: "a selector is not asked",
    complaint: /is delivered to .*: its selector is/,
    plant: (broker) => withSubscriber(broker, () => ({ filter: undefined })),
  },
  {
    fault: "a selector passes over what it wants",
    complaint: /has credit and .* waits for it/,
    plant: (broker) =>
      withSubscriber(broker, ({ filter }) => {
        if (filter === undefined) return {};
        const { text } = filter;
        return {
          filter: {
            text,
            matches: (message) => filter.matches(message) && !message.id.endsWith("3"),
          },
        };
      }),
  },
  {
    fault: "the prefetch in bytes is not kept",
    complaint: /has [0-9]+ bytes, prefetch/,
    plant: (broker) => withSubscriber(broker, () => ({ prefetchBytes: Infinity })),
  },
  {
    fault: "no-local is not heard",
    complaint: /it is its own and no-local/,
    plant: (broker) => withSubscriber(broker, () => ({ excludes: undefined })),
  },
  {
    fault: "what has expired is delivered",
    complaint: /it has expired [0-9]+ ms ago/,
    plant: (broker) => withExpiry(broker, 2_000),
  },
  {
    fault: "messages expire before their time",
    complaint: /as expired before its time/,
    plant: (broker) => withExpiry(broker, -50),
  },
  {
    fault: "a refused message comes back at once",
    complaint: /comes again [0-9]+ ms after its refusal, not/,
    plant: (broker) => withRefusals(broker, (refused) => ({ ...refused, delayMs: 0 })),
  },
  {
    fault: "a rejected message comes back",
    complaint: /comes again though it was rejected for good/,
    plant: (broker) => withRefusals(broker, (refused) => ({ ...refused, requeue: true })),
  },
  {
    fault: "refusals are not counted",
    complaint: /comes again from .* after [0-9]+ refusals/,
    plant: (broker) => withRefusals(broker, (refused) => (refused.requeue ? "returned" : refused)),
  },
  {
    fault: "what a lost consumer held is taken for rejected",
    complaint: /as rejected, and nobody rejected it/,
    plant: (broker) =>
      withOperations(broker, (operations) =>
        operations.map((each) =>
          each.kind === "settle" && each.verdict === "returned"
            ? { ...each, verdict: { requeue: false, delayMs: undefined } }
            : each,
        ),
      ),
  },
  {
    fault: "a part of a composite destination is left out",
    complaint: /came to .* but not to/,
    plant: (broker) =>
      withOperations(broker, (operations) =>
        operations.length === 2 && operations.every(({ kind }) => kind === "publish")
          ? operations.slice(1)
          : operations,
      ),
  },
  {
    fault: "a topic does not keep what it is to keep",
    complaint: /is retained for .* came later|was not given .* which its topic keeps/,
    plant: (broker, chance) =>
      withOperations(broker, (operations) =>
        operations.map((each) =>
          each.kind === "publish" && chance.odds(0.3) ? { ...each, retain: undefined } : each,
        ),
      ),
  },
  {
    fault: "a durable subscription goes with its subscriber",
    complaint: /Lost: .* of durable .*: never delivered/,
    plant: ({ context: { engine } }) => {
      const unsubscribe = engine.unsubscribe.bind(engine);
      engine.unsubscribe = (tie) => {
        unsubscribe(tie);
        if (tie.durable !== undefined) engine.deleteDurable(tie.durable);
      };
    },
  },
  {
    fault: "temporary destinations outlive their owner",
    complaint: /\/remote-temp-.* outlives .* by [0-9]+ ms/,
    plant: ({ context: { engine } }) => {
      engine.end = () => {};
    },
  },
  {
    fault: "replies do not come to the temporary destination",
    complaint: /Lost: .* for \/temp-queue\//,
    plant: (broker) =>
      withOperations(broker, (operations) =>
        operations.filter((each) => each.kind !== "publish" || !each.destination.remote),
      ),
  },
  {
    fault: "who browses consumes",
    complaint: /is taken out of .* for who browses it/,
    plant: ({ context: { engine } }) => {
      const subscribe = engine.subscribe.bind(engine);
      engine.subscribe = (source, subscriber, { destination, options }) =>
        subscribe(source, subscriber, { destination, options: { ...options, browse: false } });
    },
  },
  {
    fault: "who browses is not shown everything",
    complaint: /browsed and was not shown/,
    plant: ({ context: { engine } }) => {
      const subscribe = engine.subscribe.bind(engine);
      engine.subscribe = (source, subscriber, about) => {
        const tie = subscribe(source, subscriber, about);
        if (tie.browse !== undefined) tie.browse.position = { priority: 4, place: 2 };
        return tie;
      };
    },
  },
];

describe("The checkers find it when", () => {
  for (const { fault, complaint, plant } of SABOTAGES) {
    test(fault, () => {
      for (let seed = 1; seed <= 100; seed++) {
        const { violations } = simulate({ seed, sabotage: plant });
        if (violations.some((each) => complaint.test(each))) return;
      }
      throw new Error(`Nothing matches ${complaint} in 100 runs`);
    });
  }
});

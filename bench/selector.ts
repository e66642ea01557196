/**
 * Selectors: how many are compiled, looked up in the cache, and evaluated per
 * second, for selectors that match and for such that do not.
 *
 *     bun bench/selector.ts [milliseconds a figure]
 *
 * Prints one JSON object; rates are per second on one core, the best of three.
 */

import { compileSelector, createSelectorCache } from "../src/broker/selector.ts";
import { headerList, Message } from "../src/broker/message.ts";
import { NumberedIds } from "../src/broker/numbered_ids.ts";

const [budgetMs = 200] = process.argv.slice(2).map(Number);
const ROUNDS = 3;
const BATCH = 1_000;

const message = (headers: readonly string[]): Message =>
  new Message(1, new NumberedIds("bench-"), {
    headers: headerList(headers),
    body: "",
    priority: 4,
    expiresAt: 0,
    persistent: false,
    arrivedAt: 0,
  });

const MESSAGES = Array.from({ length: 64 }, (_, i) =>
  message([
    ...["destination", "/topic/orders", "content-type", "application/json"],
    ...["colour", i % 2 === 0 ? "red" : "blue", "weight", String(2_000 + i * 20)],
    ...["region", `eu-${i % 4}`, "name", `order.${i}.created.by.somebody`],
    ...["timestamp", String(1_700_000_000_000 + i)],
  ]),
);

const terms = (word: string): string =>
  Array.from({ length: 10 }, (_, i) => `region <> 'us-${i}'`).join(` ${word} `);

const SELECTORS = {
  "simple equality": "colour = 'red'",
  "a number": "weight > 2500",
  "10 terms AND": terms("AND"),
  "10 terms OR": terms("OR").replaceAll("<>", "="),
  "LIKE prefix": "name LIKE 'order.1%'",
  "LIKE within": "name LIKE '%created%somebody%'",
  "IN of 100": `region IN (${Array.from({ length: 100 }, (_, i) => `'eu-${i * 3}'`).join(", ")})`,
  "a mixture":
    "(colour = 'red' OR region LIKE 'eu-_') AND weight * 2 BETWEEN 4100 AND 5000 AND note IS NULL",
};

/** Calls of `run` per second. */
function rate(run: () => void): number {
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    let calls = 0;
    const start = performance.now();
    let elapsed = 0;
    while (elapsed < budgetMs) {
      for (let i = 0; i < BATCH; i++) run();
      calls += BATCH;
      elapsed = performance.now() - start;
    }
    best = Math.max(best, (calls / elapsed) * 1_000);
  }
  return Math.round(best);
}

let selected = 0;
const results = Object.fromEntries(
  Object.entries(SELECTORS).map(([name, text]) => {
    const selector = compileSelector(text);
    const cache = createSelectorCache(100);
    let next = 0;
    const evaluate = (): void => {
      const of = MESSAGES[next++ % MESSAGES.length];
      if (of !== undefined && selector.matches(of)) selected++;
    };
    return [
      name,
      {
        matching: MESSAGES.filter((each) => selector.matches(each)).length / MESSAGES.length,
        compiledPerSecond: rate(() => void compileSelector(text)),
        cachedPerSecond: rate(() => void cache.compile(text)),
        evaluatedPerSecond: rate(evaluate),
      },
    ];
  }),
);

/** The pattern that a backtracking LIKE does worst with: work must grow with the text alone. */
const worst = compileSelector(`text LIKE '%${"a".repeat(4_000)}b%'`);
const worstCase = Object.fromEntries(
  [1_000, 4_000, 16_000].map((length) => {
    const of = message(["text", "a".repeat(length)]);
    for (let i = 0; i < 10; i++) if (worst.matches(of)) selected++;
    const start = performance.now();
    for (let i = 0; i < 10; i++) if (worst.matches(of)) selected++;
    return [`${length} characters`, { ms: Number(((performance.now() - start) / 10).toFixed(3)) }];
  }),
);

if (selected === 0) throw new Error("Cannot measure: nothing was selected");
console.log(JSON.stringify({ budgetMs, rounds: ROUNDS, selectors: results, worstCase }, null, 2));

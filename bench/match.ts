/**
 * What it costs to find the subscribers of a topic, with few and with very
 * many subscriptions to other topics.
 *
 *     bun bench/match.ts
 */

import { TopicTree } from "../src/broker/topic_tree.ts";

const ROUNDS = 200_000;

function nanoseconds(subscriptions: number, kind: "exact" | "wildcard"): number {
  const tree = new TopicTree<number>();
  for (let i = 0; i < subscriptions; i++) {
    const pattern = kind === "exact" ? `area.${i % 1000}.device.${i}` : `area.${i % 1000}.*.${i}`;
    tree.add(pattern, i);
  }
  let found = 0;
  const look = (rounds: number): void => {
    for (let i = 0; i < rounds; i++) {
      const at = (i * 7919) % subscriptions;
      found += tree.match(`area.${at % 1000}.device.${at}`).length;
    }
  };
  look(ROUNDS / 10);
  found = 0;
  const before = Bun.nanoseconds();
  look(ROUNDS);
  const spent = Bun.nanoseconds() - before;
  if (found !== ROUNDS) throw new Error(`Found ${found} of ${ROUNDS}`);
  return Math.round(spent / ROUNDS);
}

for (const kind of ["exact", "wildcard"] as const) {
  for (const subscriptions of [10, 10_000, 1_000_000]) {
    console.log(
      JSON.stringify({ kind, subscriptions, nsPerMatch: nanoseconds(subscriptions, kind) }),
    );
  }
}

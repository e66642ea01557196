import type { QueueLimits } from "./queue.ts";
import { isWildcard, segmentsOf } from "./destination.ts";
import { TopicTree } from "./topic_tree.ts";

/** What holds for the messages of a queue. */
export interface QueuePolicy extends QueueLimits {
  /** Refusals after which a message goes to the dead letters. */
  readonly maxDeliveries: number;
  /** How long a refused message is kept back, in ms; 0 is not at all. */
  readonly redeliveryDelayMs: number;
  /** By what that grows with each further refusal; 1 keeps it. */
  readonly redeliveryMultiplier: number;
  /** What it grows to at most, in ms. */
  readonly redeliveryDelayMaxMs: number;
  /** Whether a message that expires goes to the dead letters; it is dropped otherwise. */
  readonly deadLetterExpired: boolean;
}

/** What differs for the destinations that a pattern covers. */
export interface PolicyRule extends Partial<QueuePolicy> {
  /** A path as in SUBSCRIBE: `/queue/orders.>`, `/topic/prices.*`. */
  readonly match: string;
}

/** Finds the policy of a destination by its path. */
export type PolicyOf = (path: string) => QueuePolicy;

/**
 * Policies by pattern: the defaults, and over them what each rule that covers
 * the destination says, the most specific last. A rule is more specific the
 * more literal segments it has; among equals the later one wins.
 */
export function createPolicies(defaults: QueuePolicy, rules: readonly PolicyRule[]): PolicyOf {
  const tree = new TopicTree<{ rule: PolicyRule; rank: number }>();
  rules.forEach((rule, order) => {
    const literals = segmentsOf(rule.match).filter((segment) => !isWildcard(segment)).length;
    tree.add(rule.match, { rule, rank: literals * (rules.length + 1) + order });
  });
  return (path) => {
    if (rules.length === 0) return defaults;
    const found = tree.match(path).map(({ value }) => value);
    found.sort((a, b) => a.rank - b.rank);
    return Object.assign({}, defaults, ...found.map(({ rule }) => rule));
  };
}

/** How long a message is kept back after its n-th refusal, in ms. */
export function redeliveryDelay(policy: QueuePolicy, refusals: number): number {
  const { redeliveryDelayMs, redeliveryMultiplier, redeliveryDelayMaxMs } = policy;
  if (redeliveryDelayMs === 0) return 0;
  const grown = redeliveryDelayMs * redeliveryMultiplier ** Math.max(refusals - 1, 0);
  return Math.min(grown, redeliveryDelayMaxMs);
}

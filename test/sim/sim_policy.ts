import { covers } from "./records.ts";

/** What a run's configuration says about a destination. */
export interface SimPolicy {
  readonly maxDeliveries: number;
  readonly redeliveryDelayMs: number;
  readonly redeliveryMultiplier: number;
  readonly redeliveryDelayMaxMs: number;
  readonly deadLetterExpired: boolean;
}

/** What differs for the destinations of a pattern. */
export interface SimRule extends Partial<SimPolicy> {
  readonly match: string;
}

/** The policy of a destination: the rule with most literal segments wins, of equals the later. */
export function policyFor(
  path: string,
  about: { readonly defaults: SimPolicy; readonly rules: readonly SimRule[] },
): SimPolicy {
  const literals = ({ match }: SimRule): number =>
    match.split(/[./]/).filter((segment) => segment !== "*" && segment !== ">").length;
  const covering = about.rules.filter(({ match }) => covers(match, path));
  covering.sort((one, other) => literals(one) - literals(other));
  return Object.assign({}, about.defaults, ...covering);
}

/** How long a message is kept back at least after so many refusals, in ms. */
export function backOff(policy: SimPolicy, refusals: number): number {
  let wait = policy.redeliveryDelayMs;
  for (let count = 1; count < refusals; count++) wait *= policy.redeliveryMultiplier;
  return Math.min(wait, wait === 0 ? 0 : policy.redeliveryDelayMaxMs);
}

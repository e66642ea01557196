import type { Version } from "../support/received_frame.ts";
import type { Ledger } from "./ledger.ts";
import type { SimDurable } from "./records.ts";
import type { ClientWorld, SimClient } from "./sim_client.ts";
import type { LineStyle } from "./sim_line.ts";
import type { SimPolicy, SimRule } from "./sim_policy.ts";

/** What the actors of a simulation share. */
export interface SimWorld extends ClientWorld {
  readonly ledger: Ledger;
  readonly plan: SimPlan;
  /** Everyone who is or was there. */
  readonly clients: SimClient[];
  /** Durable subscriptions that were not deleted, by key. */
  readonly durables: Map<string, SimDurable>;
  /** Set when nobody is to come back any more. */
  finishing: boolean;
}

/** What a run is about, drawn from its seed. */
export interface SimPlan {
  readonly queues: readonly [string, ...string[]];
  readonly topics: readonly [string, ...string[]];
  /** Patterns that consumers may ask for. */
  readonly patterns: readonly [string, ...string[]];
  readonly producers: number;
  readonly consumers: number;
  readonly messagesPerProducer: number;
  readonly priorities: boolean;
  /** Messages with something to select by, and consumers that do. */
  readonly selectors: boolean;
  readonly expiry: boolean;
  readonly composites: boolean;
  readonly retains: boolean;
  /** Refusals that ask for a delay, or for the dead letters at once. */
  readonly oddRefusals: boolean;
  /** How many there are of those who have a part of their own. */
  readonly durables: number;
  readonly browsers: number;
  readonly requesters: number;
  readonly chatters: number;
  readonly defaults: SimPolicy;
  readonly rules: readonly SimRule[];
  /** Characters of a large body. */
  readonly bodyMax: number;
  /** How many bodies are large, 0 to 1. */
  readonly large: number;
  readonly latencyMs: number;
  /** How often something goes wrong with clients and lines, 0 to 1. */
  readonly trouble: number;
  /** One producer sends so much at once that it does not fit into a turn. */
  readonly flood: boolean;
  readonly producersMayMeet: ReadonlySet<string>;
  readonly consumersMayMeet: ReadonlySet<string>;
}

/** How the next client of a run is connected. */
export function drawStyle(world: SimWorld): {
  style: LineStyle;
  version: Version;
  heartBeatMs: number;
} {
  const { chance, plan } = world;
  return {
    version: chance.pick(["1.0", "1.1", "1.2", "1.2"]),
    heartBeatMs: chance.pick([0, 0, 2_000]),
    style: {
      carries: chance.pick(["messages", "stream"]),
      cut: chance.pick(["whole", "random", "bytes"]),
      latencyMs: chance.integer(0, plan.latencyMs),
      kernelBytes: plan.flood ? 100_000 : chance.pick([500, 4_000, 100_000]),
      breaksInside: chance.odds(0.5),
    },
  };
}

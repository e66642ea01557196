import type { PeerName } from "../../bench/peers/peer.ts";
import type { Measurement } from "../../bench/raw_line.ts";
import type { WorkloadName } from "../../bench/workloads.ts";

/** A run of messages that has delivered so many for each second of server CPU. */
export function measured(
  [peer, round]: readonly [peer: PeerName, round: number],
  {
    deliveries,
    workload = "pairs",
    problem,
  }: {
    readonly deliveries: number;
    readonly workload?: WorkloadName;
    /** What makes it a failure. */
    readonly problem?: string;
  },
): Measurement {
  return {
    kind: "measurement",
    workload,
    peer,
    round,
    load: 0,
    command: ["pairs"],
    result: {
      ok: problem === undefined,
      problems: problem === undefined ? [] : [problem],
      figures: {
        deliveriesPerSecond: deliveries / 2,
        brokerProcess: { deliveriesPerCpuSecond: deliveries },
      },
    },
  };
}

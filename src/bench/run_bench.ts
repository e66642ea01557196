/** Runs what a spec says, whatever the workload. */

import type { BenchClient, BenchProtocol } from "./bench_client.ts";
import type { BenchEnvironment, BenchSpec, ProtocolName, Workload } from "./bench_spec.ts";
import { runConnect } from "./connect.ts";
import { openFanOut } from "./fan_out.ts";
import { runIdle } from "./idle.ts";
import { openLatency } from "./latency.ts";
import type { Load, LoadContext } from "./load.ts";
import { natsProtocol } from "./nats_protocol.ts";
import { type Outcome, withStop } from "./outcome.ts";
import { openPairs } from "./pairs.ts";
import { openQueue } from "./queue.ts";
import { openReceipts } from "./receipts.ts";
import { openRequest } from "./request.ts";
import { runLoad } from "./run_load.ts";
import { stompProtocol } from "./stomp_protocol.ts";
import { runStorm } from "./storm.ts";

const RUNS: Readonly<Record<Workload, (context: LoadContext) => Promise<Outcome>>> = {
  "fan-out": loadRun(openFanOut),
  pairs: loadRun(openPairs),
  queue: loadRun(openQueue),
  receipts: loadRun(openReceipts),
  request: loadRun(openRequest),
  latency: loadRun(openLatency),
  connect: runConnect,
  storm: runStorm,
  idle: runIdle,
};

const PROTOCOLS: Readonly<Record<ProtocolName, BenchProtocol>> = {
  stomp: stompProtocol,
  nats: natsProtocol,
};

/**
 * Runs a workload to its end, or until `stopped`, which is one of the problems
 * in its result.
 *
 * @throws ClientError where a connection fails, ProcessUsageError where the
 * broker's process cannot be looked at
 */
export async function runBench(spec: BenchSpec, environment: BenchEnvironment): Promise<Outcome> {
  const opened = new Set<BenchClient>();
  let isStopped = false;
  environment.stopped.then(() => {
    isStopped = true;
  });
  const context: LoadContext = {
    ...environment,
    spec,
    protocol: PROTOCOLS[spec.protocol],
    opened,
    isStopped: () => isStopped,
  };
  try {
    const outcome = await RUNS[spec.workload](context);
    // Of several processes it is said once, by the one that started them.
    return isStopped && environment.share === undefined ? withStop(outcome) : outcome;
  } finally {
    for (const client of opened) client.cut();
  }
}

function loadRun(open: (context: LoadContext) => Promise<Load>) {
  return async (context: LoadContext): Promise<Outcome> => runLoad(await open(context), context);
}

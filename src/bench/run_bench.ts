/** Runs what a spec says, whatever the workload. */

import type { BenchClient, BenchProtocol } from "./bench_client.ts";
import { type BenchResult, type Figures, optionsOf } from "./bench_result.ts";
import type { BenchEnvironment, BenchSpec, ProtocolName, Workload } from "./bench_spec.ts";
import { runConnect } from "./connect.ts";
import { openFanOut } from "./fan_out.ts";
import { runIdle } from "./idle.ts";
import { openLatency } from "./latency.ts";
import type { Load, LoadContext } from "./load.ts";
import { openPairs } from "./pairs.ts";
import { openQueue } from "./queue.ts";
import { openReceipts } from "./receipts.ts";
import { openRequest } from "./request.ts";
import { runLoad } from "./run_load.ts";
import { stompProtocol } from "./stomp_protocol.ts";
import { runStorm } from "./storm.ts";

interface Outcome {
  /** How the broker calls itself. */
  readonly broker: string;
  readonly figures: Figures;
  readonly problems: readonly string[];
}

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
  nats: stompProtocol,
};

/**
 * Runs a workload to its end, or until `stopped`, which is one of the problems
 * in its result.
 *
 * @throws ClientError where a connection fails, ProcessUsageError where the
 * broker's process cannot be looked at
 */
export async function runBench(
  spec: BenchSpec,
  environment: BenchEnvironment,
): Promise<BenchResult> {
  const { workload, protocol, address } = spec;
  const opened = new Set<BenchClient>();
  let isStopped = false;
  environment.stopped.then(() => {
    isStopped = true;
  });
  const context: LoadContext = {
    ...environment,
    spec,
    protocol: PROTOCOLS[protocol],
    opened,
    isStopped: () => isStopped,
  };
  try {
    const { broker, figures, problems } = await RUNS[workload](context);
    const all = isStopped ? [...problems, "Stopped before its end"] : problems;
    return {
      workload,
      url: address.url.shown,
      protocol,
      broker,
      bun: Bun.version,
      options: optionsOf(spec),
      ok: all.length === 0,
      problems: all,
      figures,
    };
  } finally {
    for (const client of opened) client.cut();
  }
}

function loadRun(open: (context: LoadContext) => Promise<Load>) {
  return async (context: LoadContext): Promise<Outcome> => {
    const load = await open(context);
    return { broker: load.clients[0]?.server ?? "", ...(await runLoad(load, context)) };
  };
}

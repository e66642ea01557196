/** Runs what a spec says, whatever the workload. */

import type { BenchEnvironment, BenchSpec } from "./bench_spec.ts";
import { type BenchResult, type Figures, optionsOf, usageFigures } from "./bench_result.ts";
import { openFanOut } from "./fan_out.ts";
import { openLatency } from "./latency.ts";
import type { Histogram } from "./histogram.ts";
import type { Load, LoadContext } from "./load.ts";
import { openPairs } from "./pairs.ts";
import { openQueue } from "./queue.ts";
import { openReceipts } from "./receipts.ts";
import { openRequest } from "./request.ts";
import { runLoad } from "./run_load.ts";
import { stompProtocol } from "./stomp_protocol.ts";

/**
 * Runs a workload to its end.
 *
 * @throws ClientError where a connection fails, ProcessUsageError where the
 * broker's process cannot be looked at
 */
export async function runBench(
  spec: BenchSpec,
  environment: BenchEnvironment,
): Promise<BenchResult> {
  const { nanoseconds, runtime } = environment;
  const protocol = stompProtocol;
  const { defer, every } = runtime;
  const context: LoadContext = { spec, protocol, nanoseconds, defer, every, opened: [] };
  const open = LOADS[spec.workload];
  if (open === undefined) throw new Error(`Cannot run ${spec.workload}`);
  environment.progress("Connecting");
  const load = await open(context);
  try {
    const { usage, messages, deliveries, problems, ...counts } = await runLoad(load, {
      spec,
      environment,
    });
    const figures: Figures = {
      seconds: usage.seconds,
      messages,
      deliveries,
      messagesPerSecond: messages / usage.seconds,
      deliveriesPerSecond: deliveries / usage.seconds,
      ...counts,
      ...Object.fromEntries(
        Object.entries(load.times ?? {}).map(([name, times]) => [name, percentiles(times)]),
      ),
      ...usageFigures(usage, { events: deliveries, unit: "deliveries" }),
    };
    return {
      workload: spec.workload,
      url: spec.address.url.shown,
      protocol: spec.protocol,
      broker: load.clients[0]?.server ?? "",
      bun: Bun.version,
      options: optionsOf(spec),
      ok: problems.length === 0,
      problems,
      figures,
    };
  } finally {
    for (const client of load.clients) client.cut();
  }
}

const LOADS: Readonly<Partial<Record<BenchSpec["workload"], (context: LoadContext) => Promise<Load>>>> = {
  "fan-out": openFanOut,
  pairs: openPairs,
  queue: openQueue,
  receipts: openReceipts,
  request: openRequest,
  latency: openLatency,
};

/** Times in nanoseconds, told in milliseconds. */
function percentiles(times: Histogram): Figures {
  const ms = (percent: number): number => times.percentile(percent) / 1e6;
  return { p50: ms(50), p90: ms(90), p99: ms(99), p999: ms(99.9), max: times.max / 1e6 };
}

/** All connections cut at once, and back again. */

import { after } from "../client/after.ts";
import type { BenchClient } from "./bench_client.ts";
import { destinationOf } from "./bench_spec.ts";
import { Histogram } from "./histogram.ts";
import { connectInTime, cut, type LoadContext, openClients } from "./load.ts";
import { startMeter } from "./meter.ts";
import type { Outcome } from "./outcome.ts";

/** How long a client waits after a try that failed, as a page would, only less patiently. */
const RETRY_MS = 100;
/** Who is not back after so many tries never will be. */
const TRIES_MAX = 100;

/**
 * Opens the connections, each with a subscription, cuts all of them, and lets
 * them come back at once, as after a restart of a proxy: a window of them at a
 * time, again and again until each is logged in and subscribed.
 */
export async function runStorm(context: LoadContext): Promise<Outcome> {
  const { spec, nanoseconds, runtime, progress, isStopped } = context;
  const { connections, window } = spec;
  const subscription = { destination: destinationOf(spec), id: "sub-0", ack: "auto" } as const;
  const failures: Error[] = [];
  const lost = (error: Error): void => {
    failures.push(error);
  };
  const prepare = (client: BenchClient): Promise<void> => client.subscribe(subscription);
  const first = await openClients(context, {
    count: connections,
    lost,
    prepare,
  });
  const broker = first[0]?.server ?? "";
  const failedBefore = failures.length;

  await context.share?.ready();
  const times = new Histogram();
  let begun = 0;
  let back = 0;
  let failedTries = 0;
  const meter = startMeter(spec, context);
  const stop = runtime.every(1000, () => {
    meter.sample();
    progress(`${back} of ${connections} are back, ${failedTries} tries failed`);
  });
  for (const client of first) cut(context, client);
  const start = nanoseconds();
  const comeBack = async (): Promise<void> => {
    for (let tries = 1; !isStopped(); tries++) {
      try {
        await connectInTime(context, { lost, prepare });
        back++;
        times.add(nanoseconds() - start);
        return;
      } catch (error) {
        failedTries++;
        if (tries === TRIES_MAX) {
          failures.push(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        await new Promise<void>((resolve) => {
          after(runtime, { ms: RETRY_MS, task: resolve });
        });
      }
    }
  };
  const one = async (): Promise<void> => {
    while (begun < connections) {
      begun++;
      await comeBack();
    }
  };
  await Promise.all(Array.from({ length: Math.min(window, connections) }, one));
  stop();
  const usage = meter.end();
  const problems = failures.slice(0, 5).map(({ message }) => message);
  if (failedBefore > 0) problems.push(`${failedBefore} connections were lost before the storm`);
  if (back < connections) {
    problems.push(`${connections - back} of ${connections} connections did not come back`);
  }
  return {
    broker,
    usage,
    counts: { logins: back, failedTries },
    times: { backAfter: times },
    problems,
  };
}

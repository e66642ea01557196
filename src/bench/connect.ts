/** Logins, some at a time. */

import { Histogram } from "./histogram.ts";
import { connectInTime, cut, type LoadContext } from "./load.ts";
import { startMeter } from "./meter.ts";
import type { Outcome } from "./outcome.ts";

/**
 * Opens so many connections, a window of them at a time; each is cut when it
 * is logged in. A login is everything from the connection to CONNECTED.
 */
export async function runConnect(context: LoadContext): Promise<Outcome> {
  const { spec, nanoseconds, runtime, progress, isStopped } = context;
  const { connections, window } = spec;
  const times = new Histogram();
  const failures: Error[] = [];
  let broker = "";
  let begun = 0;
  let done = 0;
  await context.share?.ready();
  const meter = startMeter(spec, context);
  const stop = runtime.every(1000, () => {
    meter.sample();
    progress(`${done} of ${connections} logins`);
  });
  const loginAgain = async (): Promise<void> => {
    while (begun < connections && !isStopped()) {
      begun++;
      const start = nanoseconds();
      try {
        const client = await connectInTime(context, { lost: () => undefined });
        times.add(nanoseconds() - start);
        broker = client.server;
        cut(context, client);
        done++;
      } catch (error) {
        failures.push(error instanceof Error ? error : new Error(String(error)));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(window, connections) }, loginAgain));
  stop();
  const usage = meter.end();
  return {
    broker,
    usage,
    counts: { logins: done, failed: failures.length },
    times: { login: times },
    problems: failuresOf(failures, connections),
  };
}

/** What is told of connections that did not come about. */
function failuresOf(failures: readonly Error[], tries: number): string[] {
  const [first] = failures;
  if (first === undefined) return [];
  return [`${failures.length} of ${tries} logins failed, the first: ${first.message}`];
}

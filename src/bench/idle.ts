/** Connections that do nothing but beat. */

import { destinationOf } from "./bench_spec.ts";
import { type LoadContext, openClients } from "./load.ts";
import { startMeter } from "./meter.ts";
import type { Outcome } from "./outcome.ts";
import { waitOrStop } from "./wait_or_stop.ts";

/** The beats of all connections are spread over so many moments of half an interval. */
const SLICES = 16;

/**
 * Opens the connections, each with a subscription, and holds them: every one
 * of them beats as it promised, and is heard as it was promised.
 */
export async function runIdle(context: LoadContext): Promise<Outcome> {
  const { spec, runtime, progress } = context;
  const { connections, seconds } = spec;
  const problems: string[] = [];
  const lost = ({ message }: Error): void => {
    if (problems.length < 5) problems.push(message);
  };
  let beatsHeard = 0;
  let beatsSent = 0;

  const opening = startMeter(spec, context);
  const clients = await openClients(context, {
    count: connections,
    lost,
    prepare: async (client) => {
      await client.subscribe({ destination: destinationOf(spec), id: "sub-0", ack: "auto" });
      const { receive } = client;
      client.receive = () => {
        beatsHeard++;
        receive();
      };
    },
  });
  await context.share?.ready();
  const opened = opening.end();
  const meter = startMeter(spec, context);
  const beatMs = clients[0]?.beatMs ?? 0;
  let slice = 0;
  const stopBeats =
    beatMs === 0
      ? () => undefined
      : runtime.every(beatMs / 2 / SLICES, () => {
          for (let at = slice; at < clients.length; at += SLICES) {
            clients[at]?.beat();
            beatsSent++;
          }
          slice = (slice + 1) % SLICES;
        });
  const stop = runtime.every(1000, () => {
    meter.sample();
    progress(`${connections} connections, ${beatsSent} beats sent, ${beatsHeard} heard`);
  });
  await waitOrStop(seconds, context);
  stopBeats();
  stop();
  const usage = meter.end();
  return {
    broker: clients[0]?.server ?? "",
    usage: {
      ...usage,
      broker: usage.broker && {
        ...usage.broker,
        residentBeforeKiB: opened.broker?.residentBeforeKiB ?? 0,
      },
    },
    counts: { connections, beatsSent, beatsHeard },
    times: {},
    problems,
  };
}

/** A queue between senders and consumers, in each mode of acknowledgement. */

import { destinationOf } from "./bench_spec.ts";
import { Acknowledger } from "./acknowledger.ts";
import type { BenchClient } from "./bench_client.ts";
import { Course, takeAll } from "./course.ts";
import { readSequence } from "./digits.ts";
import { batchFor, type Load, type LoadContext, openClients, subscriptionId } from "./load.ts";
import { MESSAGE } from "./scanner.ts";
import { shareWindow } from "./shared_window.ts";
import { BitTally, OrderedTally, type Tally } from "./tally.ts";

/**
 * Opens the workload. The queue never holds more than a window: when half of
 * it has come, the senders share what there is room for.
 */
export async function openQueue(context: LoadContext): Promise<Load> {
  const { spec } = context;
  const { senders, subscribers, window, ack } = spec;
  const destination = destinationOf(spec);
  const course = new Course(1);
  const { fail: lost } = course;
  const tally: Tally = senders + subscribers === 2 ? new OrderedTally() : new BitTally();

  const sendings = (await openClients(context, { count: senders, lost })).map((client) => ({
    client,
    batch: batchFor(context, { client, capacity: window, destination }),
  }));
  const pump = shareWindow(course, { sendings, window, done: () => tally.arrived });

  const consumers = await openClients(context, {
    count: subscribers,
    lost,
    prepare: (client, index) => {
      const id = subscriptionId(spec, index);
      const into = { tally, sent: 0 };
      const take = ack === "auto" ? takeAll : takeAndAcknowledge(client, { id, ack });
      client.receive = () => {
        into.sent = course.sent;
        const count = take(client, into);
        pump();
        course.came(count);
      };
      return client.subscribe({ destination, id, ack });
    },
  });
  const books = [{ receiver: "the consumers", tally, sent: () => course.sent }];
  const clients = [...sendings.map(({ client }) => client), ...consumers];
  return { course, clients, start: pump, books };
}

/** As {@link takeAll}, with an acknowledgement for each message, or for the last of a chunk. */
function takeAndAcknowledge(
  client: BenchClient,
  { id, ack }: { readonly id: string; readonly ack: "client" | "client-individual" },
): typeof takeAll {
  const acknowledger = new Acknowledger(client, id);
  const { scanner } = client;
  const cumulative = ack === "client";
  return (_client, { tally, sent }) => {
    const before = tally.arrived;
    while (scanner.next()) {
      if (scanner.bytes[scanner.start] !== MESSAGE) {
        client.control();
        continue;
      }
      tally.take(readSequence(scanner), sent);
      if (cumulative) acknowledger.clear();
      acknowledger.add();
    }
    acknowledger.flush();
    return tally.arrived - before;
  };
}

/** Senders and subscribers two by two. */

import { destinationOf } from "./bench_spec.ts";
import { Course, sendRow, takeAll } from "./course.ts";
import {
  batchFor,
  type Book,
  type Load,
  type LoadContext,
  openClients,
  subscriptionId,
} from "./load.ts";
import { OrderedTally } from "./tally.ts";

/** Opens the workload. A sender goes on when half of its window has come. */
export async function openPairs(context: LoadContext): Promise<Load> {
  const { spec } = context;
  const { pairs, window } = spec;
  const course = new Course(1);
  const { fail: lost } = course;
  const books: Book[] = [];
  const starts: (() => void)[] = [];
  const half = window >> 1;

  const senders = await openClients(context, { count: pairs, lost });
  const receivers = await openClients(context, {
    count: pairs,
    lost,
    prepare: (client, index) => {
      const sender = senders[index];
      if (sender === undefined) return undefined;
      const destination = destinationOf(spec, index);
      const batch = batchFor(context, { client: sender, capacity: window, destination });
      const tally = new OrderedTally();
      let sent = 0;
      const pump = (): void => {
        const inFlight = sent - tally.arrived;
        if (inFlight > half) return;
        const count = course.grant(window - inFlight);
        if (count === 0) return;
        const first = sent;
        sent += count;
        course.sent += count;
        sendRow({ client: sender, batch }, { first, count });
      };
      client.receive = () => {
        const count = takeAll(client, { tally, sent });
        pump();
        course.came(count);
      };
      starts.push(pump);
      books.push({ receiver: `subscriber ${index}`, tally, sent: () => sent });
      return client.subscribe({ destination, id: subscriptionId(spec, index), ack: "auto" });
    },
  });
  const start = (): void => {
    for (const pump of starts) pump();
  };
  return { course, clients: [...senders, ...receivers], start, books };
}

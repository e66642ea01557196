/** One sender, a topic, many subscribers. */

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

/** Rows of half a window that subscribers may be apart, and some more. */
const ROWS = 8;

/**
 * Opens the workload. No subscriber is more than a window behind the sender:
 * whenever the last of them has come half a window further, the sender does.
 */
export async function openFanOut(context: LoadContext): Promise<Load> {
  const { spec } = context;
  const { subscribers, window } = spec;
  const destination = destinationOf(spec);
  const course = new Course(subscribers);
  const { fail: lost } = course;
  const books: Book[] = [];
  const half = Math.max(1, window >> 1);
  /** How many subscribers have reached each of the next marks, half a window apart. */
  const reached = new Uint32Array(ROWS);
  let allowed = window;

  const [publisher] = await openClients(context, { count: 1, lost });
  if (publisher === undefined) throw new Error("Cannot fan out: no sender was opened");
  const batch = batchFor(context, { client: publisher, capacity: window, destination });
  const pump = (): void => {
    const count = course.grant(allowed - course.sent);
    if (count === 0) return;
    const first = course.sent;
    course.sent += count;
    sendRow({ client: publisher, batch }, { first, count });
  };

  const clients = await openClients(context, {
    count: subscribers,
    lost,
    prepare: (client, index) => {
      const tally = new OrderedTally();
      let mark = half;
      let row = 0;
      client.receive = () => {
        const count = takeAll(client, { tally, sent: course.sent });
        while (tally.arrived >= mark) {
          mark += half;
          const all = (reached[row] ?? 0) + 1;
          reached[row] = all === subscribers ? 0 : all;
          row = (row + 1) % ROWS;
          if (all === subscribers) allowed += half;
        }
        pump();
        course.came(count);
      };
      books.push({ receiver: `subscriber ${index}`, tally, sent: () => course.sent });
      return client.subscribe({ destination, id: subscriptionId(spec, index), ack: "auto" });
    },
  });
  return { course, clients: [publisher, ...clients], start: pump, books };
}

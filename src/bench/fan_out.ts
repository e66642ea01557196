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
  const { spec, share } = context;
  const { subscribers, window } = spec;
  const destination = destinationOf(spec);
  const course = new Course(subscribers);
  const { fail: lost } = course;
  const books: Book[] = [];
  const half = Math.max(1, window >> 1);
  /** How many subscribers have reached each of the next marks, half a window apart. */
  const reached = new Uint32Array(ROWS);
  /** Halves of a window that the last subscriber here, and the last of all, have had. */
  let halves = 0;
  let halvesOfAll = 0;

  const isFollowing = share !== undefined && share.index > 0;
  const [publisher] = await openClients(context, { count: isFollowing ? 0 : 1, lost });
  let pump = (): void => undefined;
  if (publisher !== undefined) {
    const batch = batchFor(context, { client: publisher, capacity: window, destination });
    pump = () => {
      const count = course.grant(halvesOfAll * half + window - course.sent);
      if (count === 0) return;
      const first = course.sent;
      course.sent += count;
      sendRow({ client: publisher, batch }, { first, count });
    };
  }
  if (isFollowing) {
    course.follow();
    share.onTotal = (total) => course.end(total);
  } else if (share !== undefined) {
    share.onHalves = (count) => {
      halvesOfAll = count;
      pump();
    };
  }
  const sentAtMost = (): number => (isFollowing ? halves * half + window : course.sent);
  const reach = (): void => {
    halves++;
    if (share === undefined) halvesOfAll = halves;
    else share.tellHalves(halves);
  };

  const clients = await openClients(context, {
    count: subscribers,
    lost,
    prepare: (client, index) => {
      const tally = new OrderedTally();
      let mark = half;
      let row = 0;
      client.receive = () => {
        const count = takeAll(client, { tally, sent: sentAtMost() });
        while (tally.arrived >= mark) {
          mark += half;
          const all = (reached[row] ?? 0) + 1;
          reached[row] = all === subscribers ? 0 : all;
          row = (row + 1) % ROWS;
          if (all === subscribers) reach();
        }
        pump();
        course.came(count);
      };
      books.push({ receiver: `subscriber ${index}`, tally, sent: () => course.sent });
      return client.subscribe({ destination, id: subscriptionId(spec, index), ack: "auto" });
    },
  });
  return {
    course,
    clients: publisher === undefined ? clients : [publisher, ...clients],
    start: pump,
    books,
  };
}

/** The way of a message through a topic, at a fixed rate. */

import { destinationOf } from "./bench_spec.ts";
import { Course } from "./course.ts";
import { readSequence, readTime, SEQUENCE_WIDTH } from "./digits.ts";
import { Histogram } from "./histogram.ts";
import {
  batchFor,
  type Book,
  type Load,
  type LoadContext,
  openClients,
  subscriptionId,
} from "./load.ts";
import { MESSAGE } from "./scanner.ts";
import { OrderedTally } from "./tally.ts";

/** Messages that leave in one write when the sender is late. */
const BATCH_MESSAGES = 64;
/** A message that is due in less than this is waited for without sleeping. */
const AWAKE_NS = 3e6;
const CLOCK_MS = 1;

/**
 * Opens the workload. Every message has a time at which it is due, by the rate
 * alone, and that time is stamped into it: when the broker, or this process,
 * stands still, all that should have been sent meanwhile counts as late. How
 * late it left is told, too, for that is our own doing.
 */
export async function openLatency(context: LoadContext): Promise<Load> {
  const { spec, nanoseconds, runtime } = context;
  const { subscribers, rate } = spec;
  const destination = destinationOf(spec);
  const course = new Course(subscribers);
  const { fail: lost } = course;
  const books: Book[] = [];
  const oneWay = new Histogram();
  const late = new Histogram();

  const [publisher] = await openClients(context, { count: 1, lost });
  if (publisher === undefined) throw new Error("Cannot measure latency: no sender was opened");
  const batch = batchFor(context, { client: publisher, capacity: BATCH_MESSAGES, destination });
  let startNs = 0;
  const due = (sequence: number): number => startNs + Math.floor((sequence * 1e9) / rate);
  const sendDue = (now: number): void => {
    const first = course.sent;
    const most = course.grant(batch.capacity);
    let count = 0;
    while (count < most && due(first + count) <= now) count++;
    if (count === 0) return;
    const length = batch.fill(first, count);
    for (let slot = 0; slot < count; slot++) {
      batch.stamp(slot, due(first + slot));
      late.add(now - due(first + slot));
    }
    course.sent += count;
    publisher.write(batch.bytes, length);
  };
  // A timer is exact to a millisecond at best: shortly before a message is due nobody sleeps.
  let isAwake = false;
  const turn = (): void => {
    const now = nanoseconds();
    sendDue(now);
    const isSending = !course.isOver && course.sent < course.limit;
    isAwake = isSending && due(course.sent) - now < AWAKE_NS;
    if (isAwake) runtime.defer(turn);
    if (!isSending) stopClock();
  };
  let stopClock = (): void => undefined;
  const start = (): void => {
    startNs = nanoseconds();
    stopClock = runtime.every(CLOCK_MS, () => {
      if (!isAwake) turn();
    });
    turn();
  };

  const clients = await openClients(context, {
    count: subscribers,
    lost,
    prepare: (client, index) => {
      const tally = new OrderedTally();
      const { scanner } = client;
      const place = { bytes: scanner.bytes, end: 0 };
      client.receive = () => {
        const now = nanoseconds();
        const before = tally.arrived;
        while (scanner.next()) {
          if (scanner.bytes[scanner.start] !== MESSAGE) {
            client.control();
            continue;
          }
          tally.take(readSequence(scanner), course.sent);
          place.bytes = scanner.bytes;
          place.end = scanner.end - SEQUENCE_WIDTH;
          oneWay.add(now - readTime(place));
        }
        course.came(tally.arrived - before);
      };
      books.push({ receiver: `subscriber ${index}`, tally, sent: () => course.sent });
      return client.subscribe({ destination, id: subscriptionId(spec, index), ack: "auto" });
    },
  });
  return {
    course,
    clients: [publisher, ...clients],
    start,
    books,
    times: { latency: oneWay, sentLate: late },
  };
}

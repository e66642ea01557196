/** Messages into a queue, each confirmed by a receipt. */

import type { BenchClient } from "./bench_client.ts";
import { destinationOf } from "./bench_spec.ts";
import { Course, takeAll } from "./course.ts";
import { readSequence, SEQUENCE_WIDTH } from "./digits.ts";
import { HeaderFinder } from "./header_finder.ts";
import {
  batchFor,
  type Book,
  type Load,
  type LoadContext,
  openClients,
  subscriptionId,
} from "./load.ts";
import { shareWindow } from "./shared_window.ts";
import { BitTally } from "./tally.ts";

/** First octet of RECEIPT. */
const RECEIPT = 82;

/**
 * Opens the workload. There is never more than a window of messages that lack
 * a receipt, or a consumer who has had them; without consumers nothing is
 * expected of the destination.
 */
export async function openReceipts(context: LoadContext): Promise<Load> {
  const { spec } = context;
  const { senders, subscribers, window } = spec;
  const destination = destinationOf(spec);
  const isConsumed = subscribers > 0;
  const course = new Course(isConsumed ? 2 : 1);
  const { fail: lost } = course;
  const sent = (): number => course.sent;
  const receipts = new BitTally();
  const deliveries = new BitTally();

  const publishers = await openClients(context, { count: senders, lost });
  const sendings = publishers.map((client) => ({
    client,
    batch: batchFor(context, { client, capacity: window, destination, receipt: true }),
  }));
  const done = (): number =>
    isConsumed ? Math.min(receipts.arrived, deliveries.arrived) : receipts.arrived;
  const pump = shareWindow(course, { sendings, window, done });
  for (const client of publishers) {
    const take = receiptTaker(client, receipts);
    client.receive = () => {
      const count = take(course.sent);
      pump();
      course.came(count);
    };
  }

  const consumers = await openClients(context, {
    count: subscribers,
    lost,
    prepare: (client, index) => {
      client.receive = () => {
        const count = takeAll(client, { tally: deliveries, sent: course.sent });
        pump();
        course.came(count);
      };
      return client.subscribe({ destination, id: subscriptionId(spec, index), ack: "auto" });
    },
  });
  const books: Book[] = [{ what: "receipts", receiver: "the senders", tally: receipts, sent }];
  if (isConsumed) books.push({ receiver: "the consumers", tally: deliveries, sent });
  const clients = [...publishers, ...consumers];
  return { course, clients, start: pump, books, parts: isConsumed ? 2 : 1 };
}

/** Counts the receipts that a client has received, of those numbered below `sent`; answers how many were new. */
function receiptTaker(client: BenchClient, receipts: BitTally): (sent: number) => number {
  const { scanner } = client;
  const finder = new HeaderFinder("receipt-id");
  const place = { bytes: scanner.bytes, end: 0 };
  return (sent) => {
    const before = receipts.arrived;
    while (scanner.next()) {
      const isNumbered =
        scanner.bytes[scanner.start] === RECEIPT &&
        finder.find(scanner) &&
        finder.valueEnd - finder.valueStart === SEQUENCE_WIDTH;
      if (isNumbered) {
        place.bytes = scanner.bytes;
        place.end = finder.valueEnd;
        receipts.take(readSequence(place), sent);
      } else client.control();
    }
    return receipts.arrived - before;
  };
}

/** Requests over a queue, replies to a temporary queue of each requester. */

import { repliesByItself } from "../client/spellings.ts";
import { Batch } from "./batch.ts";
import type { BenchClient } from "./bench_client.ts";
import { destinationOf } from "./bench_spec.ts";
import { Course } from "./course.ts";
import { BODY_BYTES_MIN, readSequence, readTime, SEQUENCE_WIDTH } from "./digits.ts";
import { HeaderFinder } from "./header_finder.ts";
import { Histogram } from "./histogram.ts";
import {
  batchFor,
  type Book,
  type Load,
  type LoadContext,
  openClients,
  subscriptionId,
} from "./load.ts";
import { OutBuffer } from "./out_buffer.ts";
import { StreamError } from "./pieces.ts";
import { MESSAGE } from "./scanner.ts";
import { OrderedTally } from "./tally.ts";

/** What every requester calls the queue for its replies. */
const REPLIES = "/temp-queue/bench";
/** Destinations of replies that a responder prepares itself for. */
const REPLIES_MAX = 100_000;
const utf8 = new TextDecoder();

/**
 * Opens the workload. A requester has at most a window of requests without a
 * reply; the responders send back what they are sent.
 */
export async function openRequest(context: LoadContext): Promise<Load> {
  const { spec, nanoseconds } = context;
  const { pairs, subscribers, window } = spec;
  const destination = destinationOf(spec);
  const course = new Course(1);
  const { fail: lost } = course;
  const roundTrip = new Histogram();
  const books: Book[] = [];
  const starts: (() => void)[] = [];

  const responders = await openClients(context, {
    count: subscribers,
    lost,
    prepare: (client, index) => {
      client.receive = responder(client, context);
      return client.subscribe({ destination, id: subscriptionId(spec, index), ack: "auto" });
    },
  });
  const requesters = await openClients(context, {
    count: pairs,
    lost,
    prepare: (client, index) => {
      const headers = ["reply-to", REPLIES];
      const batch = batchFor(context, { client, capacity: window, destination, headers });
      const tally = new OrderedTally();
      let sent = 0;
      const pump = (): void => {
        let count = course.grant(window - (sent - tally.arrived));
        course.sent += count;
        while (count > 0) {
          const some = Math.min(count, batch.capacity);
          const length = batch.fill(sent, some);
          const now = nanoseconds();
          for (let slot = 0; slot < some; slot++) batch.stamp(slot, now);
          sent += some;
          count -= some;
          client.write(batch.bytes, length);
        }
      };
      const { scanner } = client;
      const place = { bytes: scanner.bytes, end: 0 };
      client.receive = () => {
        const before = tally.arrived;
        const now = nanoseconds();
        while (scanner.next()) {
          if (scanner.bytes[scanner.start] !== MESSAGE) {
            client.control();
            continue;
          }
          tally.take(readSequence(scanner), sent);
          place.bytes = scanner.bytes;
          place.end = scanner.end - SEQUENCE_WIDTH;
          roundTrip.add(now - readTime(place));
        }
        const count = tally.arrived - before;
        pump();
        course.came(count);
      };
      starts.push(pump);
      books.push({ what: "replies", receiver: `requester ${index}`, tally, sent: () => sent });
      // Some brokers subscribe a client to its replies by themselves.
      if (repliesByItself(client.server)) return undefined;
      return client.subscribe({ destination: REPLIES, id: "replies", ack: "auto" });
    },
  });
  const start = (): void => {
    for (const pump of starts) pump();
  };
  return {
    course,
    clients: [...requesters, ...responders],
    start,
    books,
    times: { roundTrip },
  };
}

/** Makes what answers requests: the digits of the request go back to its `reply-to`. */
function responder(client: BenchClient, context: LoadContext): () => void {
  const finder = new HeaderFinder("reply-to");
  const replies = new Map<string, Batch>();
  const out = new OutBuffer();
  const { scanner } = client;
  return () => {
    while (scanner.next()) {
      const { bytes, start, end } = scanner;
      if (bytes[start] !== MESSAGE) {
        client.control();
        continue;
      }
      if (!finder.find(scanner)) throw new StreamError('sent a request without "reply-to"');
      const { valueStart, valueEnd } = finder;
      const replyTo = utf8.decode(bytes.subarray(valueStart, valueEnd));
      let reply = replies.get(replyTo);
      if (reply === undefined) {
        if (replies.size >= REPLIES_MAX) throw new StreamError("sent ever more values of reply-to");
        reply = batchFor(context, { client, capacity: 1, destination: client.unescape(replyTo) });
        replies.set(replyTo, reply);
      }
      reply.copyDigits(bytes.subarray(end - BODY_BYTES_MIN, end));
      out.add(reply.bytes);
    }
    out.flush(client);
  };
}

/** How far a run is, for those who send and those who receive in it. */

import type { BenchClient } from "./bench_client.ts";
import type { Batch } from "./batch.ts";
import { readSequence } from "./digits.ts";
import { MESSAGE } from "./scanner.ts";
import type { Tally } from "./tally.ts";

/** Counts what is sent and what arrives, and knows when all of it has. */
export class Course {
  /** Messages sent. */
  sent = 0;
  /** How many may be sent, in all: none before it has begun. */
  limit = 0;
  /** Whether it has begun. */
  #isOpen = false;
  /** Numbers that came, each counted once per receiver. */
  arrived = 0;
  /** Whether it has settled, well or badly. */
  isOver = false;
  /** Whether somebody else sends, who will say how many messages there were. */
  isFollowing = false;
  /** Settles once all that may be sent is sent and has come; rejects when a connection is lost. */
  readonly settled: Promise<void>;
  readonly #perMessage: number;
  readonly #settling = Promise.withResolvers<void>();

  /** `perMessage` is how often a message has to come, over all receivers. */
  constructor(perMessage: number) {
    this.#perMessage = perMessage;
    this.settled = this.#settling.promise;
    // Before anybody waits for it a failure is no unhandled one.
    this.settled.catch(() => undefined);
  }

  /** How much has to come of what was sent so far. */
  get expected(): number {
    return this.sent * this.#perMessage;
  }

  /** How many of `wanted` messages may be sent now. */
  grant(wanted: number): number {
    const left = this.limit - this.sent;
    return Math.max(0, wanted < left ? wanted : left);
  }

  /** So many numbers came for the first time. */
  came(count: number): void {
    this.arrived += count;
    if (this.sent >= this.limit) this.look();
  }

  /** Settles if all is there; to be called when the limit was changed. */
  look(): void {
    if (!this.#isOpen || this.sent < this.limit || this.arrived < this.expected) return;
    this.isOver = true;
    this.#settling.resolve();
  }

  /** Lets so many messages, in all, be sent from now on. */
  begin(limit: number): void {
    this.#isOpen = true;
    this.limit = limit;
  }

  /** Expects whatever another process sends, until {@link end} says how much that was. */
  follow(): void {
    this.isFollowing = true;
    this.begin(Number.POSITIVE_INFINITY);
    this.sent = Number.POSITIVE_INFINITY;
  }

  /** There were so many messages, and there are no more. */
  end(total: number): void {
    this.sent = total;
    this.limit = total;
    this.look();
  }

  /** Ends it: a connection is lost, or nothing comes any more. */
  readonly fail = (error: Error): void => {
    this.isOver = true;
    this.#settling.reject(error);
  };
}

/** A row of messages that one client sends. */
export interface Sending {
  readonly client: BenchClient;
  readonly batch: Batch;
}

/** Sends `count` messages, numbered from `first` on. */
export function sendRow({ client, batch }: Sending, row: { first: number; count: number }): void {
  let { first, count } = row;
  while (count > 0) {
    const some = Math.min(count, batch.capacity);
    client.write(batch.bytes, batch.fill(first, some));
    first += some;
    count -= some;
  }
}

/** Counts all messages that a client has received; answers how many of them were new. */
export function takeAll(client: BenchClient, into: { tally: Tally; sent: number }): number {
  const { scanner } = client;
  const { tally, sent } = into;
  const before = tally.arrived;
  while (scanner.next()) {
    if (scanner.bytes[scanner.start] === MESSAGE) tally.take(readSequence(scanner), sent);
    else client.control();
  }
  return tally.arrived - before;
}

/** What a workload of messages is to those who run it. */

import { after } from "../client/after.ts";
import { ConnectError } from "../client/client_error.ts";
import type { Runtime } from "../runtime.ts";
import { Batch } from "./batch.ts";
import type { BenchClient, BenchProtocol, MessageOptions } from "./bench_client.ts";
import type { BenchSpec } from "./bench_spec.ts";
import type { Course } from "./course.ts";
import type { Histogram } from "./histogram.ts";
import type { Tally } from "./tally.ts";

/** One receiver's count, and what it should be. */
export interface Book {
  /** What is counted, where that is not messages. */
  readonly what?: "receipts" | "replies";
  /** To follow the word "to", as in "subscriber 3". */
  readonly receiver: string;
  readonly tally: Tally;
  /** Numbers from 0 on that were sent to it. */
  readonly sent: () => number;
}

/** A workload that is connected and subscribed, and has sent nothing. */
export interface Load {
  readonly course: Course;
  readonly clients: readonly BenchClient[];
  /** Sends the first messages; what arrives brings the others. */
  readonly start: () => void;
  /** Every receiver's count. */
  readonly books: readonly Book[];
  /** Times in nanoseconds that the workload measures, cleared when it counts from now on. */
  readonly times?: Readonly<Record<string, Histogram>>;
}

/** What a workload is opened with. */
export interface LoadContext {
  readonly spec: BenchSpec;
  readonly protocol: BenchProtocol;
  readonly nanoseconds: () => number;
  readonly defer: Runtime["defer"];
  readonly every: Runtime["every"];
  /** Every connection that was opened, so that somebody can cut them. */
  readonly opened: BenchClient[];
}

/** Connections that are opened at the same time. */
const OPENING_AT_ONCE = 100;
/** How long the opening of so many, and their subscriptions, may take. */
const OPENING_MS = 30_000;
const BATCH_BYTES = 256 * 1024;

/**
 * Opens `count` connections; `prepare` is called for each before the next ones
 * are opened.
 *
 * @throws ClientError where one does not come about, or not in time
 */
export async function openClients(
  context: LoadContext,
  opening: {
    readonly count: number;
    readonly lost: (error: Error) => void;
    readonly prepare?: (client: BenchClient, index: number) => Promise<void> | undefined;
  },
): Promise<BenchClient[]> {
  const { count, lost, prepare } = opening;
  const { address } = context.spec;
  const clients: BenchClient[] = [];
  while (clients.length < count) {
    const first = clients.length;
    const some = Array.from({ length: Math.min(OPENING_AT_ONCE, count - first) }, async (_, at) => {
      const client = await context.protocol.connect({ address, lost });
      context.opened.push(client);
      clients[first + at] = client;
      await prepare?.(client, first + at);
    });
    await inTime(Promise.all(some), context);
  }
  return clients;
}

/** Rejects with a ConnectError when `opening` takes too long. */
async function inTime(opening: Promise<unknown>, { spec, every }: LoadContext): Promise<void> {
  const late = Promise.withResolvers<never>();
  const task = (): void => {
    const { shown } = spec.address.url;
    const reason = `no answer within ${OPENING_MS / 1000} s`;
    late.reject(new ConnectError("timeout", `Cannot connect to ${shown}: ${reason}`));
  };
  const stop = after({ every }, { ms: OPENING_MS, task });
  try {
    await Promise.race([opening, late.promise]);
  } finally {
    stop();
  }
}

/** A row of messages for that client to send, at most `capacity` at a time. */
export function batchFor(
  { spec, protocol }: LoadContext,
  row: {
    readonly client: BenchClient;
    readonly capacity: number;
  } & Pick<MessageOptions, "destination"> &
    Partial<MessageOptions>,
): Batch {
  const { client, capacity, destination, headers = [], receipt = false } = row;
  const persistent = spec.persistent ? ["persistent", "true"] : [];
  const { frame, places } = protocol.message({
    destination,
    bodyBytes: spec.bodyBytes,
    headers: [...headers, ...persistent],
    receipt,
  });
  const wrapped = client.wrap(frame);
  const fits = Math.max(1, Math.floor(BATCH_BYTES / wrapped.length));
  return new Batch({ frame: wrapped, places }, Math.min(capacity, fits));
}

/** The id of the subscription of one connection out of several. */
export function subscriptionId({ ids }: BenchSpec, index: number): string {
  return ids === "alike" ? "sub-0" : `sub-${index}`;
}

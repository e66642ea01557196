/** What a workload of messages is to those who run it. */

import { after } from "../client/after.ts";
import { ConnectError } from "../client/client_error.ts";
import { Batch } from "./batch.ts";
import type { BenchClient, BenchProtocol, MessageOptions } from "./bench_client.ts";
import type { BenchEnvironment, BenchSpec } from "./bench_spec.ts";
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
  /** How many things that come make one delivery. Default 1. */
  readonly parts?: number;
  /** Times in nanoseconds that the workload measures, cleared when it counts from now on. */
  readonly times?: Readonly<Record<string, Histogram>>;
}

/** What a workload is opened with. */
export interface LoadContext extends BenchEnvironment {
  readonly spec: BenchSpec;
  readonly protocol: BenchProtocol;
  /** Every connection that was opened and not cut, so that somebody can cut it. */
  readonly opened: Set<BenchClient>;
  /** Whether somebody wants it to end. */
  readonly isStopped: () => boolean;
}

/** Connections that are opened at the same time. */
const OPENING_AT_ONCE = 100;
/** How long a login with its subscription may take, and the end of one. */
const ANSWER_MS = 10_000;
const BATCH_BYTES = 256 * 1024;

/**
 * Opens `count` connections; `prepare` is called for each, and waited for,
 * before the next ones are opened.
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
  const clients: BenchClient[] = [];
  while (clients.length < count) {
    const first = clients.length;
    const some = Array.from({ length: Math.min(OPENING_AT_ONCE, count - first) }, async (_, at) => {
      clients[first + at] = await connectInTime(context, {
        lost,
        prepare: async (client) => prepare?.(client, first + at),
      });
    });
    await Promise.all(some);
    context.progress(`${clients.length} of ${count} connections`);
  }
  return clients;
}

/**
 * Opens one connection, and does what is to be done with it before it counts.
 *
 * @throws ClientError where that fails, or does not come about in time
 */
export async function connectInTime(
  context: LoadContext,
  opening: {
    readonly lost: (error: Error) => void;
    readonly prepare?: (client: BenchClient) => Promise<void>;
  },
): Promise<BenchClient> {
  const { lost, prepare } = opening;
  const { address } = context.spec;
  const connecting = context.protocol.connect({ address, lost });
  const opened = connecting.then(async (client) => {
    context.opened.add(client);
    await prepare?.(client);
    return client;
  });
  try {
    return await inTime(opened, context);
  } catch (error) {
    connecting.then(
      (client) => cut(context, client),
      () => undefined,
    );
    throw error;
  }
}

/** Waits for an answer of the broker; rejects with a ConnectError when that takes too long. */
export async function inTime<T>(
  answer: Promise<T>,
  { runtime, spec }: Pick<LoadContext, "runtime" | "spec">,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const task = (): void => {
    const reason = `no answer within ${ANSWER_MS / 1000} s`;
    const { shown } = spec.address.url;
    late.reject(new ConnectError("timeout", `Cannot talk to ${shown}: ${reason}`));
  };
  const stop = after(runtime, { ms: ANSWER_MS, task });
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    stop();
  }
}

/** Ends a connection at once. */
export function cut({ opened }: LoadContext, client: BenchClient): void {
  opened.delete(client);
  client.cut();
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

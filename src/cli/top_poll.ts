/** What `top` shows, asked of the broker again and again. */

import type { CallApi } from "../api/call_api.ts";
import type { CallInput } from "../api/calls.ts";
import type { ConnectionInfo, QueueInfo } from "../api/values.ts";

/** What moved in a second; undefined where it was seen but once. */
export interface Movement {
  readonly inRate: number | undefined;
  readonly outRate: number | undefined;
}

/** A queue: messages that came and that left. */
export type QueueRow = QueueInfo & Movement;

/** A connection: SEND frames that came, MESSAGE frames that went. */
export type ConnectionRow = ConnectionInfo & Movement;

/** Rows, and how many there are in all. */
export interface Rows<T> {
  readonly rows: readonly T[];
  readonly total: number;
}

/** The most that one answer may list: with more of them the top of the list that the broker sorts. */
const ROWS_MAX = 1_000;

/** By what the broker is to sort. */
export type QueueOrder = Required<Pick<CallInput<"queues">, "sort" | "order">>;

/** By what the broker is to sort. */
export type ConnectionOrder = Required<Pick<CallInput<"connections">, "sort" | "order">>;

/** Asks a broker, and remembers the answer before. */
export interface TopPoll {
  readonly queues: (order: QueueOrder) => Promise<Rows<QueueRow>>;
  readonly connections: (order: ConnectionOrder) => Promise<Rows<ConnectionRow>>;
}

/** Makes what asks a broker. `now` is the time in ms, whenever that began. */
export function createTopPoll(api: CallApi, now: () => number): TopPoll {
  const queueRates = createRates<QueueInfo>({
    key: ({ path }) => path,
    totals: ({ enqueued, dequeued }) => [enqueued, dequeued],
  });
  const connectionRates = createRates<ConnectionInfo>({
    key: ({ number }) => String(number),
    totals: ({ messagesIn, messagesOut }) => [messagesIn, messagesOut],
  });
  return {
    queues: async (order) => {
      const { items, total } = await api("queues", { ...order, limit: ROWS_MAX });
      return { rows: queueRates(items, now()), total };
    },
    connections: async (order) => {
      const { items, total } = await api("connections", { ...order, limit: ROWS_MAX });
      return { rows: connectionRates(items, now()), total };
    },
  };
}

interface Seen {
  readonly at: number;
  readonly totals: readonly [came: number, went: number];
}

function createRates<T extends object>(about: {
  readonly key: (item: T) => string;
  readonly totals: (item: T) => Seen["totals"];
}): (items: readonly T[], at: number) => readonly (T & Movement)[] {
  let before: ReadonlyMap<string, Seen> = new Map();
  return (items, at) => {
    const seen = new Map(
      items.map((item): [string, Seen] => [about.key(item), { at, totals: about.totals(item) }]),
    );
    const rows = items.map((item) => {
      const earlier = before.get(about.key(item));
      const seconds = earlier === undefined ? 0 : (at - earlier.at) / 1000;
      const [came, went] = about.totals(item);
      if (earlier === undefined || seconds <= 0) {
        return { ...item, inRate: undefined, outRate: undefined };
      }
      // A queue that was deleted and made again counts from the start.
      return {
        ...item,
        inRate: Math.max(came - earlier.totals[0], 0) / seconds,
        outRate: Math.max(went - earlier.totals[1], 0) / seconds,
      };
    });
    before = seen;
    return rows;
  };
}

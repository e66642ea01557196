import type { Queue } from "../../src/broker/queue.ts";
import type { SimClient } from "./sim_client.ts";
import type { SimSelector } from "./sim_selector.ts";

/** A transaction as its client knows it. */
export interface SimTransaction {
  readonly id: string;
  state: "open" | "committing" | "committed" | "aborted";
  /** When COMMIT was sent. */
  endedAt: number | undefined;
  readonly sends: Sent[];
  readonly settles: Delivery[];
}

/** A temporary destination: whose it is, and what its owner calls it. */
export interface SimTemporary {
  readonly owner: SimClient;
  readonly ownPath: string;
}

/** A message that a client sent: one for each part of a composite destination. */
export interface Sent {
  /** Tells it from all others: its uid, and its path where it is part of a composite. */
  readonly key: string;
  /** The header that tells what one SEND sent. */
  readonly uid: string;
  readonly producer: string;
  /** `/queue/…`, `/topic/…` or what others call a temporary destination. */
  readonly path: string;
  /** Parts of the composite destination, this one included. */
  readonly siblings: readonly Sent[];
  readonly priority: number;
  readonly body: Uint8Array;
  readonly weight: number | undefined;
  readonly colour: string | undefined;
  readonly retain: "set" | "remove" | undefined;
  /** Lives so many ms from when the broker reads it. */
  readonly ttlMs: number | undefined;
  /** When it expires, in ms since the epoch; 0 never. Known when the broker has read it. */
  expiresAt: number;
  /** Whose the temporary destination is that it goes to. */
  readonly to: SimTemporary | undefined;
  /** The temporary destination that replies are to go to. */
  readonly replyTo: SimTemporary | undefined;
  readonly transaction: SimTransaction | undefined;
  /** Its place in the order in which the producer's messages take effect. */
  effect: number;
  readonly sentAt: number;
  /** When the broker was known to have accepted it. */
  acceptedAt: number | undefined;
}

/** A durable subscription from its making to its end, whoever has it. */
export interface SimDurable {
  /** Client id and name. */
  readonly key: string;
  readonly path: string;
  readonly selector: SimSelector | undefined;
  /** Its queue, once the broker has made it. */
  queue: Queue | undefined;
  /** Since when it must miss nothing. */
  liveAt: number | undefined;
  /** When its deletion was asked for. */
  deletedAt: number | undefined;
  /** Its queue then; who asked for it before and came later makes it anew, with another. */
  deletedQueue: Queue | undefined;
}

/** A subscription as its client knows it. */
export interface SimSubscription {
  readonly id: string;
  readonly client: SimClient;
  /** More than one is a composite. */
  readonly paths: readonly string[];
  readonly ack: "auto" | "client" | "client-individual";
  readonly prefetch: number;
  /** Unacknowledged bytes of bodies, beyond which no more come. */
  readonly prefetchBytes: number;
  readonly selector: SimSelector | undefined;
  readonly noLocal: boolean;
  readonly browses: boolean;
  readonly durable: SimDurable | undefined;
  readonly askedAt: number;
  liveAt: number | undefined;
  /** When UNSUBSCRIBE was sent. */
  endedAt: number | undefined;
  /** Handed to it, and no ACK or NACK sent; without those an ABORT gave back. */
  unsettled: number;
  /** Bytes of the bodies of those. */
  unsettledBytes: number;
  /** Received and not settled by the client, in order. */
  readonly held: Delivery[];
}

/** What a client said about a delivery: accepted, or refused and how. */
export type SimVerdict = "accepted" | SimRefusal;

/** A NACK. */
export interface SimRefusal {
  readonly requeue: boolean;
  /** The delay that it asked for, in ms. */
  readonly delayMs: number | undefined;
}

/** All deliveries of one message from one queue. */
export interface History {
  readonly sent: Sent;
  readonly queue: Queue;
  readonly deliveries: Delivery[];
}

/** A message on its way to a client, and what the client did with it. */
export interface Delivery {
  readonly sent: Sent;
  readonly subscription: SimSubscription;
  /** What the queue that handed it over did with it; undefined for a topic in `auto`. */
  readonly history: History | undefined;
  /** How often the queue has handed it over, this time included. */
  readonly count: number;
  /** Deliveries of a run are numbered as they are handed over. */
  readonly number: number;
  /** Whether it is what a topic kept for later subscribers. */
  readonly retained: boolean;
  received: boolean;
  /** What the client sent about it while it held it, and when. */
  settled: SimVerdict | undefined;
  settledAt: number;
  transaction: SimTransaction | undefined;
  confirmed: boolean;
  /** Whether an ABORT gave it back, so that it counts against no prefetch. */
  returnedByAbort: boolean;
}

/** What dead letters are called. */
export const DEAD_LETTERS = "/queue/DLQ.";

/** Where dead letters of a destination lie. */
export function deadLettersOf(path: string): string {
  return DEAD_LETTERS + path.replace(/^\/[^/]*\//, "");
}

/** Whether a destination or pattern of a subscription covers the destination of a message. */
export function covers(pattern: string, path: string): boolean {
  let expression = EXPRESSIONS.get(pattern);
  if (expression === undefined) {
    const source = pattern
      .split(/([./])/)
      .map((part) => {
        if (part === "*") return "[^./]*";
        return part === ">" ? ".*" : part.replace(/[.]/g, "\\.");
      })
      .join("");
    expression = new RegExp(`^${source}$`);
    EXPRESSIONS.set(pattern, expression);
  }
  return expression.test(path);
}

const EXPRESSIONS = new Map<string, RegExp>();

/** Whether any of a subscription's destinations covers a path. */
export function coversAny(patterns: readonly string[], path: string): boolean {
  return patterns.some((pattern) => covers(pattern, path));
}

/** What is to be measured. */

import type { AckMode } from "../client/client_contract.ts";
import type { Runtime } from "../runtime.ts";
import type { BenchAddress } from "./bench_client.ts";
import type { Share } from "./share.ts";

/** What flows to whom. */
export type Workload =
  /** One sender, a topic, many subscribers. */
  | "fan-out"
  /** Senders and subscribers two by two, a topic for each pair. */
  | "pairs"
  /** A queue between senders and consumers. */
  | "queue"
  /** Messages into a queue, each confirmed by a receipt. */
  | "receipts"
  /** Requests over a queue, replies to a temporary queue. */
  | "request"
  /** The way of a message through a topic at a fixed rate. */
  | "latency"
  /** Logins, one after the other, some at a time. */
  | "connect"
  /** All connections cut at once, and back again. */
  | "storm"
  /** Connections that do nothing but beat. */
  | "idle";

/** How the load is spoken. */
export type ProtocolName = "stomp" | "nats";

/** Everything that a run is told. */
export interface BenchSpec {
  readonly workload: Workload;
  readonly address: BenchAddress;
  readonly protocol: ProtocolName;
  /** Processes of the broker, on this machine. */
  readonly pids: readonly number[];
  readonly bodyBytes: number;
  /** Messages, or connections to open, to measure; undefined to go by time. */
  readonly messages: number | undefined;
  /** How long to measure where no number says so. */
  readonly seconds: number;
  /** How long to run before it counts. */
  readonly warmUpSeconds: number;
  readonly senders: number;
  readonly subscribers: number;
  readonly pairs: number;
  readonly connections: number;
  readonly ack: AckMode;
  /** Whether the subscriptions of different connections have the same id. */
  readonly ids: "alike" | "own";
  /** Messages in flight of one sender, or of one queue; logins in flight. */
  readonly window: number;
  /** Messages a second. */
  readonly rate: number;
  readonly persistent: boolean;
  /** Names of destinations: `{}` stands for what keeps runs and pairs apart. */
  readonly destination: string;
  /** Stands for `{}`, so that nothing of an earlier run is met again. */
  readonly run: string;
}

/** What a run needs of the process around it. */
export interface BenchEnvironment {
  readonly runtime: Pick<Runtime, "every" | "defer">;
  /** Nanoseconds on a clock that never jumps. */
  readonly nanoseconds: () => number;
  /** Settles when somebody wants it to end. */
  readonly stopped: Promise<void>;
  /** Told how far it is, about once a second. */
  readonly progress: (text: string) => void;
  /** Where several processes make the load: the share of this one. */
  readonly share?: Share | undefined;
}

/** A name for the destination of a run, and of one of several in it. */
export function destinationOf({ destination, run }: BenchSpec, which?: number): string {
  const name = which === undefined ? run : `${run}.${which}`;
  return destination.replaceAll("{}", name);
}

/** What a comparison needs of a broker, or of what stands in for one. */

/** Those that are compared; `stompbox` is what the others are compared with. */
export type PeerName =
  | "stompbox"
  | "stompbox-tcp"
  | "nats"
  | "activemq"
  | "rabbitmq"
  | "stomp-broker-js"
  | "bare-publish"
  | "bare-corked"
  | "bare-own"
  | "bare-forward"
  | "bare-beats";

/** One that is compared: how it is started, and how it is treated. */
export interface Peer {
  readonly name: PeerName;
  /** How tables and charts call it. */
  readonly title: string;
  /** How long it runs each workload before the first round, so that its compiler is through. */
  readonly warmUpSeconds: number;
  /** Whether it starts so slowly that one start has to do for all workloads. */
  readonly isLasting: boolean;
  /** What is not installed, as a sentence that says how to get it; undefined if all is there. */
  readonly missing: () => string | undefined;
  /**
   * Starts it on loopback, with all its files below `folder`.
   *
   * @throws StartError if it does not listen in time
   */
  readonly start: (options: StartOptions) => Promise<RunningPeer>;
}

/** What `start` of a {@link Peer} takes. */
export interface StartOptions {
  /** An empty folder of its own. */
  readonly folder: string;
  /** What runs stompbox. */
  readonly command: readonly string[];
}

/** A peer that listens. */
export interface RunningPeer {
  /** For `--url` of the load generator. */
  readonly url: string;
  /** Further options of the load generator. */
  readonly flags: readonly string[];
  /** The processes whose CPU and memory count. */
  readonly pids: readonly number[];
  readonly version: string;
  /** How it is set up, in a few words. */
  readonly settings: string;
  /** Ends it; settles when it is gone. */
  readonly stop: () => Promise<void>;
}

/** A peer that did not start; `message` ends with what it said last. */
export class StartError extends Error {
  override readonly name = "StartError";
}

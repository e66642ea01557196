/** What the workloads ask of a protocol. */

import type { AckMode } from "../client/client_contract.ts";
import type { Trust } from "../client/client_wire.ts";
import type { BrokerUrl } from "../client/broker_url.ts";
import type { Scanner } from "./scanner.ts";

/** Which broker, and who we are to it. */
export interface BenchAddress {
  readonly url: BrokerUrl;
  readonly trust: Trust;
  readonly login?: string | undefined;
  readonly passcode?: string | undefined;
  /** The `host` header. Default: the host of the URL. */
  readonly host?: string | undefined;
  /** Interval of heart-beats offered and asked for; 0 is none. */
  readonly heartBeatMs: number;
}

/** A protocol that load can be made in. */
export interface BenchProtocol {
  /**
   * Connects and logs in.
   *
   * @throws ClientError where that fails
   */
  readonly connect: (options: ConnectBenchOptions) => Promise<BenchClient>;
  /** The bytes that send a message, as they are before the link wraps them. */
  readonly message: (options: MessageOptions) => MessageTemplate;
}

/** What `connect` of a {@link BenchProtocol} takes. */
export interface ConnectBenchOptions {
  readonly address: BenchAddress;
  /** The connection is over, after it was there. Called at most once. */
  readonly lost: (error: Error) => void;
}

/** A connection that is logged in. */
export interface BenchClient {
  /** Where the frames of what was received are. */
  readonly scanner: Scanner;
  /** How the broker calls itself; empty if it does not. */
  readonly server: string;
  /**
   * Called after a chunk was pushed to the scanner: must take all frames, and
   * give those that carry no message to `control`. To be replaced.
   */
  receive: () => void;
  /** Takes the frame at which the scanner stands, and which carries no message. */
  readonly control: () => void;
  /** A frame as it has to be written. */
  readonly wrap: (frame: string | Uint8Array) => Uint8Array;
  /** Writes the first bytes of `bytes`, which may be changed afterwards. */
  readonly write: (bytes: Uint8Array, length: number) => void;
  /** Subscribes; settles when the broker has confirmed it. */
  readonly subscribe: (options: SubscribeBenchOptions) => Promise<void>;
  /** Ends the subscriptions; settles when all that the broker had sent before has come. */
  readonly fence: () => Promise<void>;
  /** What acknowledges a message: the header that names it there and here, or undefined. */
  readonly ack: AckForm | undefined;
  /** A header's value as it was written, read. */
  readonly unescape: (value: string) => string;
  /** Sends a heart-beat. */
  readonly beat: () => void;
  /** Milliseconds between beats that the broker was promised; 0 for none. */
  readonly beatMs: number;
  /** Ends at once, without a goodbye. */
  readonly cut: () => void;
}

/** How messages are acknowledged. */
export interface AckForm {
  /** The header of MESSAGE whose value names the message. */
  readonly header: string;
  /** The ACK frame up to that value, which a blank line and NUL follow. */
  readonly head: (subscription: string) => string;
}

/** What `subscribe` of a {@link BenchClient} takes. */
export interface SubscribeBenchOptions {
  readonly destination: string;
  readonly id: string;
  readonly ack: AckMode;
}

/** What `message` of a {@link BenchProtocol} takes. */
export interface MessageOptions {
  readonly destination: string;
  /** Bytes of the body, at least BODY_BYTES_MIN. */
  readonly bodyBytes: number;
  /** Further headers, names and values in turn. */
  readonly headers: readonly string[];
  /** Ask for a receipt that is named by the sequence number. */
  readonly receipt: boolean;
}

/** A message to be patched and sent many times. */
export interface MessageTemplate {
  readonly frame: Uint8Array;
  /** The places of the sequence number: how far in front of the frame's end its digits end, the body's first. */
  readonly places: readonly [body: number, ...headers: number[]];
}

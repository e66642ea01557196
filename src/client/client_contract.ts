/** What a client is asked for, and what it answers with. */

import type { Version } from "../protocol/version.ts";
import type { Runtime } from "../runtime.ts";
import type { BrokerUrl } from "./broker_url.ts";
import type { Trust } from "./client_wire.ts";
import type { ReceivedMessage } from "./received_message.ts";

/** What `connectClient` takes. */
export interface ConnectOptions {
  readonly url: BrokerUrl;
  readonly runtime: Pick<Runtime, "every" | "defer">;
  /** Default: that of the URL, or none. */
  readonly login?: string | undefined;
  readonly passcode?: string | undefined;
  /** The `host` header. Default: the host of the URL. */
  readonly host?: string | undefined;
  readonly trust?: Trust;
  /** Versions to offer. Default: all. */
  readonly versions?: readonly Version[];
  /** Further headers of CONNECT, names and values in turn. */
  readonly headers?: readonly string[];
  /** Interval of heart-beats offered and asked for; 0 is none. Default 10 s. */
  readonly heartBeatMs?: number;
  /** How long connecting and logging in may take. Default 10 s. */
  readonly timeoutMs?: number;
  /** Called for everything that comes, heart-beats too, before it is read; must not throw. */
  readonly heard?: () => void;
}

/** One message to send. */
export interface OutgoingMessage {
  readonly destination: string;
  /** Names and values in turn, beside destination and content-length. */
  readonly headers?: readonly string[] | undefined;
  readonly body?: string | Uint8Array | undefined;
  readonly transaction?: string | undefined;
}

/** The `ack` header of SUBSCRIBE. */
export type AckMode = "auto" | "client" | "client-individual";

/** What `subscribe` of a client takes. */
export interface SubscribeOptions {
  readonly destination: string;
  /** Called for every message, one at a time; must not throw. */
  readonly receive: (message: ReceivedMessage) => void;
  /** Default `auto`. */
  readonly ack?: AckMode;
  /** Default: one that no other subscription of the connection has. */
  readonly id?: string | undefined;
  /** Further headers of SUBSCRIBE, names and values in turn. */
  readonly headers?: readonly string[];
  /**
   * Sends no SUBSCRIBE: some brokers deliver to a temporary `reply-to` by
   * themselves, under its name as the id, and refuse a SUBSCRIBE to it.
   */
  readonly implicit?: boolean;
}

/** A subscription that is there, or on its way. */
export interface ClientSubscription {
  readonly id: string;
  /** Settles when the broker has confirmed the SUBSCRIBE; rejects with a ClientError. */
  readonly confirmed: Promise<void>;
  /** Ends it. Settles when the broker has confirmed that. */
  readonly unsubscribe: (headers?: readonly string[]) => Promise<void>;
}

/** A transaction that is open. */
export interface ClientTransaction {
  readonly id: string;
  /** Settles when the broker has confirmed that all of it happened. */
  readonly commit: () => Promise<void>;
  readonly abort: () => Promise<void>;
}

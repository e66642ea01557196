import type { Runtime } from "../runtime.ts";
import type { BrokerUrl } from "./broker_url.ts";

/** The client's end of a connection, whatever carries it. */
export interface ClientWire {
  /** Sends all of it, later what the system does not take now; never drops anything. */
  send(data: string | Uint8Array): void;
  /** Bytes that the system has not taken yet. */
  readonly buffered: number;
  /** Settles once few bytes are left, and when the wire is over. */
  drained(): Promise<void>;
  /** Stops reading; what was read already is still told. */
  pause(): void;
  resume(): void;
  /** Says goodbye once everything is sent. */
  close(): void;
  /** Ends at once. */
  cut(): void;
}

/** What a {@link ClientWire} tells its owner. */
export interface WireEvents {
  data(data: string | Uint8Array): void;
  /** The wire is over. Called once. */
  closed(how: WireEnd): void;
}

/** How a wire ended. */
export interface WireEnd {
  /** Follows "the connection". */
  readonly text: string;
  /** Whether the broker said goodbye, so that everything it sent has come. */
  readonly clean: boolean;
}

/** Whom a client trusts to be the broker. */
export interface Trust {
  /** Certificates that may have signed the broker's, PEM; without it those that the system trusts. */
  readonly ca?: string | undefined;
  /** Trust any certificate. */
  readonly insecure?: boolean;
}

/** Whom to trust, in the words of what opens connections. */
export function tlsOptions({ ca, insecure = false }: Trust): {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
} {
  return { rejectUnauthorized: !insecure, ...(ca === undefined ? {} : { ca }) };
}

/** What opening a wire takes. */
export interface WireOptions {
  readonly url: BrokerUrl;
  readonly trust: Trust;
  readonly runtime: Pick<Runtime, "every" | "defer">;
}

/** A wire that is being opened. */
export interface OpeningWire {
  /** Rejects with a ConnectError. */
  readonly opened: Promise<ClientWire>;
  /** Gives up; `opened` may then never settle. */
  abandon(): void;
}

/** {@link ClientWire.drained} settles below this many bytes. */
export const LOW_WATER_BYTES = 256 * 1024;

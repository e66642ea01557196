/**
 * What the broker tells, as plain values. Observers are told, never asked:
 * they cannot fail, wait or veto. Only what a person would want told is an
 * event; numbers per message are plain counters that are read at a tick.
 */

/** The far end of a connection, as far as the transport knows it. */
export interface PeerName {
  /** `ws`, `tcp` or `http`. */
  readonly transport: string;
  /** Numeric address; empty when the transport has none. */
  readonly address: string;
  /** Port of the far end; 0 when the transport has none. */
  readonly port: number;
}

/** Something that happened and that a person would want told. */
export type BrokerEvent =
  | {
      readonly type: "connected";
      readonly connection: number;
      readonly peer: PeerName;
      readonly version: string;
      readonly login: string;
    }
  | {
      readonly type: "disconnected";
      readonly connection: number;
      readonly peer: PeerName;
      readonly reason: string;
    }
  /** A peer was told no. `cause` is private: it goes to the log, never to the peer. */
  | {
      readonly type: "refused";
      readonly connection: number;
      readonly peer: PeerName;
      readonly code: string;
      readonly detail: string;
      readonly cause?: unknown;
    }
  /** A WebSocket or HTTP request was refused for its Origin or Host. */
  | {
      readonly type: "origin-refused";
      readonly peer: PeerName;
      readonly rule: string;
      readonly seen: string;
      readonly remedy: string;
    }
  | {
      readonly type: "slow";
      readonly connection: number;
      readonly peer: PeerName;
      readonly detail: string;
    }
  | {
      readonly type: "dead-lettered";
      readonly destination: string;
      readonly messageId: string;
      readonly reason: string;
    }
  /** Worth a line in the log, once: an odd client, a missing ::1, and the like. */
  | { readonly type: "notice"; readonly text: string };

/** Takes an event. Must not throw, must not wait. */
export type Observe = (event: BrokerEvent) => void;

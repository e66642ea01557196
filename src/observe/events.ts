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
      readonly type: "subscribed" | "unsubscribed";
      readonly connection: number;
      /** Absent in STOMP 1.0 without one. */
      readonly id: string | undefined;
      /** As the client wrote it. */
      readonly destination: string;
    }
  /** A queue, or a topic name or pattern with subscribers, came into being or went. */
  | {
      readonly type: "destination-created" | "destination-deleted";
      readonly kind: "queue" | "topic";
      readonly destination: string;
    }
  | {
      readonly type: "dead-lettered";
      readonly destination: string;
      readonly messageId: string;
      readonly reason: string;
    }
  /** Another configuration holds: what differs, each in a few words. */
  | { readonly type: "config-reloaded"; readonly text: string; readonly changes: readonly string[] }
  /** Another configuration does not hold, and why, a sentence each. */
  | { readonly type: "config-refused"; readonly text: string; readonly reasons: readonly string[] }
  /** Worth a line in the log, once: an odd client, a missing ::1, and the like. */
  | { readonly type: "notice"; readonly text: string };

/** A frame as it goes over a connection, before it is decided what is shown of it. */
export interface TracedFrame {
  readonly connection: number;
  /** `in` comes from the client. */
  readonly direction: "in" | "out";
  readonly command: string;
  /** Names and values in turn, unescaped. */
  readonly headers: readonly string[];
  readonly body: string | Uint8Array;
  /** The message that a SEND became, a MESSAGE is, or an ACK or NACK settles; may be filled in later. */
  messageId: string | undefined;
}

/** Someone who looks at frames. Absent unless someone does. */
export interface FrameTap {
  /** Whether the next frame is to be traced; a no is counted as one left out. */
  wants(): boolean;
  /** Takes a frame. Must not throw, must not wait. */
  trace(frame: TracedFrame): void;
}

/** Takes an event. Must not throw, must not wait. */
export type Observe = (event: BrokerEvent) => void;

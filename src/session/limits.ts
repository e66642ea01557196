/** Bounds and policies that one client meets. Sizes in bytes, times in milliseconds. */
export interface SessionLimits {
  /** Largest frame, head and body together. */
  readonly frameBytesMax: number;
  /** Bytes a TCP peer may send before it is logged in. */
  readonly loginBytesMax: number;
  /** Headers in one frame. */
  readonly headersMax: number;
  /** Bytes of one header line, and of the command line. */
  readonly headerLineBytesMax: number;
  /** Subscriptions of one connection. */
  readonly subscriptionsMax: number;
  /** Open transactions of one connection. */
  readonly transactionsMax: number;
  /** Operations in one transaction. */
  readonly transactionOperationsMax: number;
  /** Bytes of messages in one transaction. */
  readonly transactionBytesMax: number;
  /** Operations of one connection that wait for the store; beyond, it is paused. */
  readonly pendingOperationsMax: number;
  /** Bytes of operations of one connection that wait for the store; beyond, it is paused. */
  readonly pendingBytesMax: number;
  /** Bytes waiting to be sent to one connection. */
  readonly outboxBytesMax: number;
  /** Unacknowledged messages of a subscription in a client mode that names no prefetch. */
  readonly prefetchDefault: number;
  /** Time to CONNECT. */
  readonly loginTimeoutMs: number;
  /** Least heart-beat interval granted. */
  readonly heartBeatMinMs: number;
  /** Greatest heart-beat interval granted. */
  readonly heartBeatMaxMs: number;
  /** A WebSocket peer that hears nothing from us for so long is pinged; 0 never pings. */
  readonly pingIntervalMs: number;
  /** How long a peer that was pinged because it is silent may stay so. */
  readonly pongTimeoutMs: number;
  /** How long a topic's publishers are held back by one subscriber that is behind. */
  readonly publisherPauseMs: number;
  /** How long a topic subscriber that is behind may drain nothing. */
  readonly slowConsumerGraceMs: number;
  /** What happens to a topic subscriber that stays behind. */
  readonly slowConsumer: "disconnect" | "drop-oldest" | "drop-newest";
  /** What a destination without a known prefix is. */
  readonly unprefixed: "reject" | "topic" | "queue";
}

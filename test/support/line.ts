/** The transports over which the broker is tested; `fake` has no sockets and virtual time. */
export type Transport = "fake" | "ws" | "tcp";

/** How a line ended, as the client's end sees it. */
export interface Closed {
  /** WebSocket close code; 1006 when the line was lost without a goodbye; 0 where there is none. */
  readonly code: number;
  readonly reason: string;
  /** Whether the broker said goodbye (FIN, Close) rather than cutting the line. */
  readonly clean: boolean;
}

/** What a line tells its owner. */
export interface LineEvents {
  /** A message, or over TCP a piece of the stream. */
  data(data: string | Uint8Array): void;
  /** The broker's side is over. Called once. */
  closed(how: Closed): void;
}

/** The client's end of a connection, whatever carries it. */
export interface Line {
  readonly transport: Transport;
  /** Sends one piece exactly as given: a message, or over TCP one write. */
  send(piece: string | Uint8Array): void;
  /** Sends a WebSocket frame with any first byte; only a WebSocket line has it. */
  readonly sendRaw?: (firstByte: number, payload: Uint8Array) => void;
  /** Stops reading, so that the broker's output piles up. */
  stall(): void;
  /** Reads again after `stall`. */
  flow(): void;
  /** Says goodbye: FIN, or Close 1000. */
  end(): void;
  /** Loses the connection without a goodbye. */
  cut(): void;
}

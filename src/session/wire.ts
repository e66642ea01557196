import type { PeerName } from "../observe/events.ts";

/** What goes out at once: a string is a frame whose bytes are valid UTF-8. */
export type WireFrame = string | Uint8Array;

/** The frames of a batch that all begin with `head`, each by itself; see `Wire.write`. */
export function wholeFrames(frames: readonly WireFrame[], head: string): readonly WireFrame[] {
  return head === "" ? frames : frames.map((rest) => head + rest);
}

/** The far end of a wire and how it came in. */
export interface Peer extends PeerName {
  /** Whether each write travels as messages of their own (WebSocket), so that a beat is one too. */
  readonly messages: boolean;
  /** Whether the far end answers pings below STOMP (WebSocket does, TCP does not). */
  readonly answersPings: boolean;
  /** Whether it came in where only this machine can, and through no proxy. */
  readonly local: boolean;
  /** The WebSocket sub-protocol that was agreed on; empty if none. */
  readonly subProtocol: string;
}

/**
 * What a transport gives to a connection. Every call is synchronous, takes
 * everything it is given and never throws; once the wire is closed the calls do
 * nothing.
 */
export interface Wire {
  readonly peer: Peer;
  /**
   * Sends whole frames, in order. Never drops: what the operating system does
   * not take now is kept and sent later, and counts in `buffered`. A string is
   * text, bytes are a frame that is not valid UTF-8. On WebSocket each frame
   * becomes one message. Where `head` is not empty every frame begins with it,
   * and is text: `frames` then hold what comes after it.
   */
  write(frames: readonly WireFrame[], head: string): void;
  /** Bytes taken by `write` and not yet by the operating system. */
  readonly buffered: number;
  /** Stops reading. What was read already may still arrive. */
  pause(): void;
  /** Reads again after `pause`. */
  resume(): void;
  /** Asks the far end for a sign of life, where the transport has one. */
  ping(): void;
  /**
   * Says goodbye after what was written: Close with `code` and `reason` on
   * WebSocket, FIN on TCP. Reading goes on, so that a peer which is still
   * sending does not meet a reset that would take the last frame with it.
   */
  close(code: number, reason: string): void;
  /** Cuts the connection now. What was not sent is lost. */
  destroy(): void;
}

/** What a connection gives to its transport. Calls must not overlap. */
export interface Inbound {
  /** Bytes or text that arrived. The receiver may keep the array. */
  receive(data: string | Uint8Array): void;
  /** The operating system took some or all of what was buffered. */
  drained(): void;
  /** The far end answered a ping. */
  ponged(): void;
  /** The wire is gone. Called exactly once, last. */
  closed(reason: string): void;
}

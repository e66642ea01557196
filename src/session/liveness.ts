import { type HeartBeat, NO_HEART_BEAT } from "../protocol/heart_beat.ts";
import type { SessionLimits } from "./limits.ts";

/** What is due for a peer's or our own sign of life. */
export type LivenessAction = "none" | "beat" | "ping" | "dead";

/** What to do now, and when to look again, in ms since the epoch. */
export interface LivenessVerdict {
  readonly action: LivenessAction;
  readonly next: number;
}

/** Signs of life that are known elsewhere, at the moment of the look. */
export interface Signs {
  readonly now: number;
  /** When we sent something last. */
  readonly lastSentAt: number;
  /** Whether we have stopped reading: then silence means nothing. */
  readonly paused: boolean;
}

/** A check may come so late; our own beat must not. */
const MARGIN_MS = 60;

/**
 * Heart-beats of one connection, both ways. Knows when we owe a sign of life,
 * and when a peer owed us one for too long: after twice its interval a peer is
 * dead, or, where it answers pings (a browser does, even in a background tab
 * whose timers sleep), is pinged first.
 */
export class Liveness {
  readonly #limits: SessionLimits;
  readonly #answersPings: boolean;
  #heartBeat: HeartBeat = NO_HEART_BEAT;
  #receivedAt: number;
  /** When we pinged last; 0 if something came since. */
  #pingedAt = 0;

  constructor(limits: SessionLimits, options: { answersPings: boolean; now: number }) {
    this.#limits = limits;
    this.#answersPings = options.answersPings;
    this.#receivedAt = options.now;
  }

  /** What both sides agreed on. */
  get heartBeat(): HeartBeat {
    return this.#heartBeat;
  }

  /** When anything came last, in ms since the epoch. */
  get receivedAt(): number {
    return this.#receivedAt;
  }

  /** From now on both sides keep this. */
  agree(heartBeat: HeartBeat, now: number): void {
    this.#heartBeat = heartBeat;
    this.#receivedAt = now;
  }

  /** Anything at all came from the peer. */
  received(now: number): void {
    this.#receivedAt = now;
    this.#pingedAt = 0;
  }

  /** What is due now. */
  check(signs: Signs): LivenessVerdict {
    const { now } = signs;
    if (signs.paused) this.received(now);
    const { sendMs } = this.#heartBeat;
    const beatAt = sendMs === 0 ? Infinity : signs.lastSentAt + sendMs - MARGIN_MS;
    const peer = this.#checkPeer(now);
    // One thing at a look: a beat that is due as well comes at the next.
    if (now < beatAt || peer.action !== "none") {
      return { action: peer.action, next: Math.min(beatAt, peer.next) };
    }
    return { action: "beat", next: Math.min(now + Math.max(sendMs - MARGIN_MS, 1), peer.next) };
  }

  #checkPeer(now: number): LivenessVerdict {
    const { receiveMs } = this.#heartBeat;
    const { pingIntervalMs, pongTimeoutMs } = this.#limits;
    const silentAt = receiveMs === 0 ? Infinity : this.#receivedAt + 2 * receiveMs;
    if (!this.#answersPings) {
      return now >= silentAt
        ? { action: "dead", next: Infinity }
        : { action: "none", next: silentAt };
    }
    if (now >= silentAt) {
      if (this.#pingedAt === 0 || this.#pingedAt < silentAt) return this.#ping(now, pongTimeoutMs);
      const deadAt = this.#pingedAt + pongTimeoutMs;
      return now >= deadAt ? { action: "dead", next: Infinity } : { action: "none", next: deadAt };
    }
    const idleAt =
      pingIntervalMs === 0 ? Infinity : Math.max(this.#receivedAt, this.#pingedAt) + pingIntervalMs;
    if (now >= idleAt) return this.#ping(now, Math.min(pingIntervalMs, silentAt - now));
    return { action: "none", next: Math.min(silentAt, idleAt) };
  }

  #ping(now: number, nextMs: number): LivenessVerdict {
    this.#pingedAt = now;
    return { action: "ping", next: now + nextMs };
  }
}

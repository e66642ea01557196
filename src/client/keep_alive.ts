/** Heart-beats as a client keeps them (STOMP 1.2 "Heart-beating"). */

import type { Runtime } from "../runtime.ts";

/** What both sides agreed on; milliseconds, 0 means none in that direction. */
export interface Beats {
  readonly sendMs: number;
  readonly receiveMs: number;
}

/** Each direction takes the larger of the two wishes, and none where one side has none. */
export function agreeBeats(ownMs: number, answer: string | undefined): Beats {
  const [, sends = "0", wants = "0"] = /^(\d+),(\d+)$/.exec(answer ?? "") ?? [];
  const agree = (theirs: number): number =>
    theirs === 0 || ownMs === 0 ? 0 : Math.min(Math.max(ownMs, theirs), BEAT_MS_MAX);
  return { sendMs: agree(Number(wants)), receiveMs: agree(Number(sends)) };
}

/** Timers cannot run longer than this. */
const BEAT_MS_MAX = 24 * 3_600_000;
/** Looks at each interval: a beat is due at half of it, and the peer is gone after twice it. */
const LOOKS = 4;

/** Keeps a connection alive, and notices when the peer does not. */
export interface KeepAlive {
  /** Something was received. */
  readonly heard: () => void;
  /** Something was sent. */
  readonly spoke: () => void;
  readonly stop: () => void;
}

/** What {@link keepAlive} needs. */
export interface KeepAliveOptions {
  readonly runtime: Pick<Runtime, "every">;
  readonly beat: () => void;
  /** The peer was silent for twice the time it promised to. */
  readonly silent: () => void;
  /** Whether silence proves nothing at the moment, since nobody reads. */
  readonly deaf: () => boolean;
}

/** Starts to keep the agreed beats. Looks are counted, so a clock that jumps does no harm. */
export function keepAlive(beats: Beats, options: KeepAliveOptions): KeepAlive {
  const { runtime, beat, silent, deaf } = options;
  const stops: (() => void)[] = [];
  let unspoken = 0;
  let unheard = 0;
  if (beats.sendMs > 0) {
    stops.push(
      runtime.every(beats.sendMs / LOOKS, () => {
        if (++unspoken < LOOKS / 2) return;
        unspoken = 0;
        beat();
      }),
    );
  }
  if (beats.receiveMs > 0) {
    stops.push(
      runtime.every(beats.receiveMs / LOOKS, () => {
        if (deaf()) unheard = 0;
        else if (++unheard >= 2 * LOOKS) silent();
      }),
    );
  }
  return {
    heard: () => {
      unheard = 0;
    },
    spoke: () => {
      unspoken = 0;
    },
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

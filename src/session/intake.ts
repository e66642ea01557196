import { Decoder } from "../protocol/decoder.ts";
import type { DecoderLimits, Frame, FrameHead } from "../protocol/frame.ts";
import type { HeadMemo } from "../protocol/head_memo.ts";
import type { VersionRules } from "../protocol/version.ts";

/** Where the bytes are counted. */
export interface IntakeMemory {
  used: number;
  /** Those that are nobody's message yet. */
  half: number;
  readonly max: number;
  exceededBy(bytes: number): boolean;
}

/** Half a frame of more than so many bytes is watched. */
export const HALF_FRAME_MIN = 65_536;

/**
 * What came from one client and is not carried out yet: input that waits for
 * its turn, and the frame that is half here. All of it counts in the memory
 * budget. Who sends every frame in a text of its own never needs one.
 */
export class Intake {
  /** Since when a large frame is half here, in ms since the epoch; 0 if none is. */
  halfSince = 0;
  readonly #memory: IntakeMemory;
  readonly #decoder: Decoder;
  #parked: (string | Uint8Array)[] = [];
  /** How many of those were taken, and the bytes of the others. */
  #taken = 0;
  #parkedBytes = 0;
  #accounted = 0;

  constructor(
    memory: IntakeMemory,
    about: {
      readonly rules: VersionRules;
      readonly limits: DecoderLimits;
      /** The heads of the frames before, if they are known. */
      readonly memo: HeadMemo | undefined;
    },
  ) {
    this.#memory = memory;
    this.#decoder = new Decoder(about.limits, about.memo);
    this.#decoder.rules = about.rules;
  }

  /** The head of the frame that is half here, for the receipt that a fault owes. */
  get head(): FrameHead | undefined {
    return this.#decoder.head;
  }

  /** Bytes that wait for their turn, or are half a frame. */
  get bytes(): number {
    return this.#decoder.pending + this.#parkedBytes;
  }

  /** Whether there is nothing in it. */
  get isEmpty(): boolean {
    const { pending, head } = this.#decoder;
    return this.#parked.length === 0 && pending === 0 && head === undefined;
  }

  /** From now on what comes is read so. */
  agree(rules: VersionRules, limits: DecoderLimits): void {
    this.#decoder.rules = rules;
    this.#decoder.limits = limits;
  }

  /** Takes what arrived. The array must not change afterwards. */
  push(data: string | Uint8Array): void {
    this.#parked.push(data);
    this.#parkedBytes += data.length;
  }

  /** The next whole frame, or undefined if more input is needed. @throws Fault what the decoder throws */
  next(): Frame | undefined {
    for (;;) {
      const frame = this.#decoder.next();
      if (frame !== undefined) return frame;
      const data = this.#parked[this.#taken];
      if (data === undefined) {
        this.#parked = [];
        this.#taken = 0;
        return undefined;
      }
      // Not shifted off: that moves all others, and they may be very many.
      this.#parked[this.#taken++] = "";
      this.#parkedBytes -= data.length;
      this.#decoder.push(data);
    }
  }

  /** Forgets what waits. */
  discard(): void {
    this.#parked = [];
    this.#taken = 0;
    this.#parkedBytes = 0;
  }

  /** Counts what waits for its turn, which may be a while. */
  countWaiting(): void {
    this.#count(this.bytes);
  }

  /** Counts what is held. Returns whether it is more than may be kept of what is nobody's message yet. */
  account(now: number): boolean {
    const memory = this.#memory;
    const half = this.#decoder.pending;
    if (half <= HALF_FRAME_MIN) this.halfSince = 0;
    else if (this.halfSince === 0) this.halfSince = now;
    const held = half + this.#parkedBytes;
    if (held === this.#accounted) return false;
    this.#count(held);
    // It must not keep whole messages out.
    return held > HALF_FRAME_MIN && (memory.exceededBy(0) || memory.half > memory.max / 4);
  }

  /** Its client is gone: nothing of it counts any more. */
  end(): void {
    this.discard();
    this.#count(0);
  }

  #count(held: number): void {
    this.#memory.used += held - this.#accounted;
    this.#memory.half += held - this.#accounted;
    this.#accounted = held;
  }
}

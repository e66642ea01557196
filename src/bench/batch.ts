import type { MessageTemplate } from "./bench_client.ts";
import { type DigitsPlace, writeSequence, writeTime, SEQUENCE_WIDTH } from "./digits.ts";

/** A row of equal frames that leaves in one write; only the digits in them change. */
export class Batch implements DigitsPlace {
  readonly bytes: Uint8Array;
  /** Where the digits are that are being written. */
  end = 0;
  /** Frames that it holds. */
  readonly capacity: number;
  readonly #frameBytes: number;
  readonly #places: readonly [number, ...number[]];

  /** `template` as it has to be written, and how many of it there is room for. */
  constructor({ frame, places }: MessageTemplate, capacity: number) {
    this.#frameBytes = frame.length;
    this.#places = places;
    this.capacity = capacity;
    this.bytes = new Uint8Array(capacity * frame.length);
    for (let slot = 0; slot < capacity; slot++) this.bytes.set(frame, slot * frame.length);
  }

  /** Numbers the first `count` frames from `first` on; answers how many bytes they have. */
  fill(first: number, count: number): number {
    for (let slot = 0; slot < count; slot++) {
      for (const place of this.#places) {
        this.end = (slot + 1) * this.#frameBytes - place;
        writeSequence(this, first + slot);
      }
    }
    return count * this.#frameBytes;
  }

  /** Takes the time and the number of another body over, into the first frame. */
  copyDigits(digits: Uint8Array): void {
    this.bytes.set(digits, this.#frameBytes - this.#places[0] - digits.length);
  }

  /** Writes a time into the body of one frame. */
  stamp(slot: number, ns: number): void {
    this.end = (slot + 1) * this.#frameBytes - this.#places[0] - SEQUENCE_WIDTH;
    writeTime(this, ns);
  }
}

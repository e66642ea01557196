import type { BenchClient } from "./bench_client.ts";

const ROOM_FIRST = 8 * 1024;

/** Frames of one connection that are to leave in one write. */
export class OutBuffer {
  /** What was added, up to `length`. */
  bytes: Uint8Array = new Uint8Array(ROOM_FIRST);
  length = 0;

  /** Adds a copy of `frame`. */
  add(frame: Uint8Array): void {
    const length = this.length + frame.length;
    if (length > this.bytes.length) {
      const room = new Uint8Array(2 * length);
      room.set(this.bytes.subarray(0, this.length));
      this.bytes = room;
    }
    this.bytes.set(frame, this.length);
    this.length = length;
  }

  /** Forgets what was added. */
  clear(): void {
    this.length = 0;
  }

  /** Writes what was added. */
  flush(client: BenchClient): void {
    if (this.length > 0) client.write(this.bytes, this.length);
    this.length = 0;
  }
}

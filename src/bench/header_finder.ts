import type { Scanner } from "./scanner.ts";

const LF = 10;

/**
 * Finds the value of one header in the frames of one connection, without
 * making text of them: the header is mostly where it was in the frame before.
 */
export class HeaderFinder {
  /** Where the value is in the scanner's bytes. */
  valueStart = 0;
  valueEnd = 0;
  /** The header's line up to its value, the line end before it included. */
  readonly #line: Uint8Array;
  /** Where that was, counted from the beginning of the frame. */
  #offset = 0;

  constructor(name: string) {
    this.#line = Buffer.from(`\n${name}:`);
  }

  /** Looks into the frame at which the scanner stands; whether the header is there. */
  find({ bytes, start, end }: Scanner): boolean {
    const line = this.#line;
    let at = start + this.#offset;
    if (!this.#isAt(bytes, at)) {
      at = Buffer.from(bytes.buffer, bytes.byteOffset, end).indexOf(line, start);
      if (at < 0) return false;
      this.#offset = at - start;
    }
    this.valueStart = at + line.length;
    let valueEnd = this.valueStart;
    while (valueEnd < end && bytes[valueEnd] !== LF) valueEnd++;
    this.valueEnd = valueEnd;
    return true;
  }

  #isAt(bytes: Uint8Array, at: number): boolean {
    const line = this.#line;
    for (let i = 0; i < line.length; i++) if (bytes[at + i] !== line[i]) return false;
    return true;
  }
}

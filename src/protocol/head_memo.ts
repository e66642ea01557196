import { type Frame, type HeadLimits, headerOf, type HeadSlot } from "./frame.ts";

/** The head of a frame, ready for the next frame that begins with the same text. */
interface KnownHead {
  /** Command, header lines and the blank line. */
  readonly text: string;
  readonly command: string;
  readonly headers: readonly string[];
  readonly block: string | undefined;
  readonly contentLength: string | undefined;
  /** Characters of its longest line. */
  readonly longest: number;
  readonly slot: HeadSlot;
}

/** Longer ones are not remembered. */
const LENGTH_MAX = 1024;
/** So many heads remembered in vain, and only every sixty-fourth is tried. */
const MISSES_MAX = 8;
const TRY_EVERY = 64;

/**
 * Remembers the head of the frame before. A client that sends many messages
 * mostly sends them with the same headers: then reading them again, and all
 * that follows from them, is one comparison of texts. That is half the time of
 * a small SEND (`docs/performance.md`).
 */
export class HeadMemo {
  #known: KnownHead | undefined;
  #length = 0;
  #misses = 0;
  #heads = 0;

  /**
   * A frame whose head is the one before's, or undefined. `last` is where its
   * NUL is; the caller knows that there is no other.
   */
  read(text: string, last: number, limits: HeadLimits): Frame | undefined {
    const known = this.#known;
    if (known === undefined || !text.startsWith(known.text)) return undefined;
    // They may be others than when it was read.
    const { headersMax, headerLineBytesMax } = limits;
    if (known.headers.length > 2 * headersMax || known.longest * 3 > headerLineBytesMax) {
      return undefined;
    }
    const body = text.slice(known.text.length, last);
    const { command, headers, block, contentLength, slot } = known;
    if (contentLength !== undefined && contentLength !== String(Buffer.byteLength(body))) {
      return undefined;
    }
    this.#misses = 0;
    return { command, headers, block, body, slot };
  }

  /**
   * Told of a head of so many characters that was read anew. Returns whether
   * to remember it: heads are alike if they are as long as the one before.
   */
  wants(length: number): boolean {
    const isAlike = length === this.#length && length <= LENGTH_MAX;
    this.#length = length;
    if (!isAlike) return false;
    if (this.#misses >= MISSES_MAX && ++this.#heads % TRY_EVERY !== 0) return false;
    this.#misses++;
    return true;
  }

  /** Remembers a head. Nothing of it may keep alive the text that it came in. */
  remember(text: string, head: Omit<Frame, "body">): void {
    const { command, headers, block } = head;
    const contentLength = headerOf(headers, "content-length");
    const longest = Math.max(...text.split("\n").map((line) => line.length));
    const slot = { prepared: undefined };
    this.#known = { text, command, headers, block, contentLength, longest, slot };
  }
}

import { type HeaderBlock, plainHeaders } from "../protocol/header_block.ts";
import type { HeartBeat } from "../protocol/heart_beat.ts";
import { detach } from "./detach.ts";

/** Texts kept, and how long one may be that is worth it. */
const KEPT_MAX = 1_024;
const LENGTH_MAX = 256;
/** The same for the headers of messages. */
const HEADERS_MAX = 256;
const LINES_MAX = 1_024;
const HEART_BEATS_MAX = 64;

/**
 * Has all who send the same text keep one copy of it: every browser runs the
 * same page, so the ids and destinations of their subscriptions are alike, and
 * equal heads of frames are compared by a glance. Bounded: what does not fit
 * is a copy of its own. No text keeps the frame alive that it came in.
 */
export class Interner {
  readonly #kept = new Map<string, string>();
  readonly #headers = new Map<string, HeaderBlock>();
  readonly #heartBeats = new Map<string, HeartBeat>();

  /** A copy of the text that keeps nothing else alive. */
  intern(text: string): string {
    const known = this.#kept.get(text);
    if (known !== undefined) return known;
    const copy = detach(text);
    if (text.length > LENGTH_MAX) return copy;
    keep(this.#kept, [copy, copy], KEPT_MAX);
    return copy;
  }

  /** An equal one that others have agreed on, too. */
  heartBeat(heartBeat: HeartBeat): HeartBeat {
    const { sendMs, receiveMs, header } = heartBeat;
    const key = `${sendMs},${receiveMs},${header}`;
    const known = this.#heartBeats.get(key);
    if (known !== undefined) return known;
    keep(this.#heartBeats, [key, heartBeat], HEART_BEATS_MAX);
    return heartBeat;
  }

  /**
   * Headers of lines that may be sent on as they are; `lines` keep nothing else
   * alive. Messages that come in one millisecond mostly have the same.
   */
  headersOf(lines: string): HeaderBlock {
    const known = this.#headers.get(lines);
    if (known !== undefined) return known;
    const headers = plainHeaders(lines);
    if (lines.length > LINES_MAX) return headers;
    keep(this.#headers, [lines, headers], HEADERS_MAX);
    return headers;
  }
}

/** Keeps one more, and of those before none if they are too many. */
function keep<Value>(all: Map<string, Value>, entry: readonly [string, Value], max: number): void {
  if (all.size >= max) all.clear();
  all.set(...entry);
}

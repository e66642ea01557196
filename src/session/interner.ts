import { detach } from "./detach.ts";

/** Texts kept, and how long one may be that is worth it. */
const KEPT_MAX = 1_024;
const LENGTH_MAX = 256;

/**
 * Has all who send the same text keep one copy of it: every browser runs the
 * same page, so the ids and destinations of their subscriptions are alike, and
 * equal heads of frames are compared by a glance. Bounded: what does not fit
 * is a copy of its own. No text keeps the frame alive that it came in.
 */
export class Interner {
  readonly #kept = new Map<string, string>();

  /** A copy of the text that keeps nothing else alive. */
  intern(text: string): string {
    const known = this.#kept.get(text);
    if (known !== undefined) return known;
    const copy = detach(text);
    if (text.length > LENGTH_MAX) return copy;
    if (this.#kept.size >= KEPT_MAX) this.#kept.clear();
    this.#kept.set(copy, copy);
    return copy;
  }
}

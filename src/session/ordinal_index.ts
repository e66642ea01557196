/** So many places for so few values are not worth it: the older ones move. */
const SPAN_MAX = 1_024;
const SPAN_PER_VALUE = 4;

/**
 * Values by their ordinal, which is one more for each that is added; most are
 * gone again soon.
 *
 * Not a map: each time it has to make room, a map leaves its table behind with
 * what stood in it, and a way to the next one. The collector spares what is old,
 * so all that the later tables hold lived on: a quarter of everything that a
 * client acknowledged one by one, and full collections for it.
 */
export class OrdinalIndex<Value extends object> {
  /** Those of late; the first place is that of ordinal `#from`. */
  readonly #recent: (Value | undefined)[] = [];
  #from = 1;
  /** Before this place there is none. */
  #head = 0;
  /** The few that stayed much longer than others. */
  #strays: Map<number, Value> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a value; its ordinal is one more than that of the one before, the first one's is 1. */
  add(value: Value): void {
    this.#recent.push(value);
    this.#size++;
    const span = this.#recent.length - this.#head;
    if (span > SPAN_MAX && span > SPAN_PER_VALUE * this.#size) this.#spareStrays(span >> 1);
  }

  get(ordinal: number): Value | undefined {
    const at = ordinal - this.#from;
    return at < this.#head ? this.#strays?.get(ordinal) : this.#recent[at];
  }

  /** Returns whether it was there. */
  delete(ordinal: number): boolean {
    if (this.get(ordinal) === undefined) return false;
    this.#size--;
    const at = ordinal - this.#from;
    if (at < this.#head) return this.#strays?.delete(ordinal) === true;
    this.#recent[at] = undefined;
    if (at === this.#head) this.#moveUp();
    return true;
  }

  /** In the order added. */
  *values(): Iterable<Value> {
    yield* this.#strays?.values() ?? [];
    for (const value of this.#recent) if (value !== undefined) yield value;
  }

  #moveUp(): void {
    const recent = this.#recent;
    while (this.#head < recent.length && recent[this.#head] === undefined) this.#head++;
    if (this.#head < SPAN_MAX || this.#head * 2 < recent.length) return;
    recent.splice(0, this.#head);
    this.#from += this.#head;
    this.#head = 0;
  }

  /** Keeps the values of the first `places` elsewhere. */
  #spareStrays(places: number): void {
    this.#strays ??= new Map();
    for (let end = this.#head + places; this.#head < end; this.#head++) {
      const value = this.#recent[this.#head];
      if (value === undefined) continue;
      this.#strays.set(this.#from + this.#head, value);
      this.#recent[this.#head] = undefined;
    }
    this.#moveUp();
  }
}

/** What the rota needs to know of a consumer. */
export interface Creditor {
  /** How many more messages it takes now. */
  readonly credit: number;
}

/** A consumer in the rota. */
interface Place<Consumer> {
  readonly consumer: Consumer;
  waiting: boolean;
  gone: boolean;
}

/**
 * Whose turn it is: the consumers of a queue that have credit, one after the
 * other. One without credit steps out of the line and, when resumed, joins it
 * at the end, so that a thousand consumers without credit cost nothing.
 */
export class Rota<Consumer extends Creditor> {
  readonly #places = new Map<Consumer, Place<Consumer>>();
  #line: Place<Consumer>[] = [];
  #head = 0;
  /** Places in the line whose consumer has left. */
  #gone = 0;

  /** Consumers, waiting or not. */
  get size(): number {
    return this.#places.size;
  }

  /** A consumer joins, at the end. */
  join(consumer: Consumer): void {
    const place = { consumer, waiting: true, gone: false };
    this.#places.set(consumer, place);
    this.#line.push(place);
  }

  /** A consumer leaves for good. */
  leave(consumer: Consumer): void {
    const place = this.#places.get(consumer);
    if (place === undefined) return;
    place.gone = true;
    this.#places.delete(consumer);
    if (place.waiting) this.#gone++;
    if (this.#gone > 32 && this.#gone * 2 > this.#line.length - this.#head) this.#clean();
    if (this.#places.size === 0) this.#clean();
  }

  /** A consumer may have credit again. */
  resume(consumer: Consumer): void {
    const place = this.#places.get(consumer);
    if (place === undefined || place.waiting || consumer.credit <= 0) return;
    place.waiting = true;
    this.#line.push(place);
  }

  /** The consumer whose turn it is, or undefined if none has credit. It goes to the end. */
  next(): Consumer | undefined {
    const only = this.#line.length - this.#head === 1 ? this.#line[this.#head] : undefined;
    // It would go to the end of a line in which it stands alone.
    if (only !== undefined && !only.gone && only.consumer.credit > 0) return only.consumer;
    while (this.#head < this.#line.length) {
      const place = this.#line[this.#head++] as Place<Consumer>;
      this.#compact();
      if (place.gone) {
        this.#gone--;
        continue;
      }
      if (place.consumer.credit <= 0) {
        place.waiting = false;
        continue;
      }
      this.#line.push(place);
      return place.consumer;
    }
    return undefined;
  }

  #clean(): void {
    this.#line = this.#line.slice(this.#head).filter((place) => !place.gone);
    this.#head = 0;
    this.#gone = 0;
  }

  #compact(): void {
    if (this.#head < 64 || this.#head * 2 < this.#line.length) return;
    this.#line = this.#line.slice(this.#head);
    this.#head = 0;
  }
}

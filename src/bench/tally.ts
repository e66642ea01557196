/** Counts messages exactly once: which came, which came twice, which never came. */

/** What became of the messages that were sent. */
export interface Counts {
  /** Numbers that came, each counted once. */
  readonly arrived: number;
  readonly doubled: number;
  /** What came with a number that was not sent. */
  readonly foreign: number;
}

/** What came so far. */
export interface Tally extends Counts {
  /** Takes a number, of which `sent` (from 0 on) were sent until now. */
  take(sequence: number, sent: number): void;
  /** Up to `limit` numbers below `sent` that have not come. */
  missing(sent: number, limit: number): number[];
}

/** For what comes in order, one receiver from one sender: a comparison and an addition each. */
export class OrderedTally implements Tally {
  arrived = 0;
  doubled = 0;
  foreign = 0;
  #expected = 0;
  /** Numbers below the expected one that have not come. */
  #holes: Set<number> | undefined;

  take(sequence: number, sent: number): void {
    if (sequence === this.#expected && sequence < sent) {
      this.#expected = sequence + 1;
      this.arrived++;
    } else this.#takeOutOfOrder(sequence, sent);
  }

  missing(sent: number, limit: number): number[] {
    const missing = [...(this.#holes ?? [])].slice(0, limit);
    for (let at = this.#expected; at < sent && missing.length < limit; at++) missing.push(at);
    return missing;
  }

  #takeOutOfOrder(sequence: number, sent: number): void {
    if (sequence < 0 || sequence >= sent) {
      this.foreign++;
    } else if (sequence > this.#expected) {
      this.#holes ??= new Set();
      for (let at = this.#expected; at < sequence; at++) this.#holes.add(at);
      this.#expected = sequence + 1;
      this.arrived++;
    } else if (this.#holes?.delete(sequence) === true) {
      this.arrived++;
    } else {
      this.doubled++;
    }
  }
}

const BITS = 32;
const WORDS_FIRST = 1024;

/** For what comes in any order, as to the consumers of one queue: a bit for each number. */
export class BitTally implements Tally {
  arrived = 0;
  doubled = 0;
  foreign = 0;
  #seen = new Int32Array(WORDS_FIRST);

  take(sequence: number, sent: number): void {
    if (sequence < 0 || sequence >= sent) {
      this.foreign++;
      return;
    }
    const word = sequence >>> 5;
    if (word >= this.#seen.length) this.#grow(word);
    const before = this.#seen[word] ?? 0;
    const bit = 1 << (sequence & (BITS - 1));
    if ((before & bit) !== 0) {
      this.doubled++;
      return;
    }
    this.#seen[word] = before | bit;
    this.arrived++;
  }

  missing(sent: number, limit: number): number[] {
    const missing: number[] = [];
    for (let at = 0; at < sent && missing.length < limit; at++) {
      const word = this.#seen[at >>> 5] ?? 0;
      if (word === -1) at += BITS - 1 - (at & (BITS - 1));
      else if ((word & (1 << (at & (BITS - 1)))) === 0) missing.push(at);
    }
    return missing;
  }

  #grow(word: number): void {
    const seen = new Int32Array(Math.max(word + 1, 2 * this.#seen.length));
    seen.set(this.#seen);
    this.#seen = seen;
  }
}

import { Heap } from "./heap.ts";
import type { Message } from "./message.ts";

/** What a list needs to know of an entry. */
export interface Placed {
  /** Its place: greater came later. */
  readonly place: number;
  readonly message: Pick<Message, "priority" | "size">;
  /** Whether it waits; one that does not is passed over. */
  readonly isReady: boolean;
  /** How often it came back; a copy from before that does not count. */
  readonly returns: number;
}

/** Where a look through a list has got to. */
export interface Position {
  readonly priority: number;
  readonly place: number;
}

const PRIORITIES = 10;
/** So many copies that no longer count are not worth a clean-up. */
const STALE_MIN = 1024;
/** Nor are so many bytes of their messages. */
const STALE_BYTES = 16 * 1024 * 1024;

/**
 * Waiting entries: the greatest priority first, in it the earliest place
 * first. New entries go behind all others, so a plain line serves them; those
 * that come back to an older place stand in a heap beside it. Every step costs
 * at most the logarithm of those that came back.
 *
 * An entry may stand in several lists, one for each selector that it matches.
 * Taken from one, its copies in the others no longer count; whoever takes it
 * says so to them, and they are cleaned when too many such have gathered.
 */
export class ReadyList<Entry extends Placed> {
  readonly #levels: (Level<Entry> | undefined)[] = new Array(PRIORITIES);
  /** Copies in here, those that no longer count too. */
  #stored = 0;
  #stale = 0;
  /** Bytes of messages that went since the last clean-up, and may be kept alive in here. */
  #staleBytes = 0;

  /** Adds an entry whose place is behind all others. */
  append(entry: Entry): void {
    this.#level(entry.message.priority).line.push(entry);
    this.#stored++;
  }

  /** Adds an entry that was in here before. */
  putBack(entry: Entry): void {
    this.#level(entry.message.priority).back.push({ entry, returns: entry.returns });
    this.#stored++;
  }

  /** The entry that is next, or undefined. */
  get next(): Entry | undefined {
    if (this.#stored === 0) return undefined;
    for (let priority = PRIORITIES - 1; priority >= 0; priority--) {
      const entry = this.#firstOf(priority);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  /** The earliest entry of the least priority, or undefined. */
  get last(): Entry | undefined {
    for (let priority = 0; priority < PRIORITIES; priority++) {
      const entry = this.#firstOf(priority);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  /** The entry that came first of all, whatever its priority, or undefined. */
  get oldest(): Entry | undefined {
    let oldest: Entry | undefined;
    for (let priority = 0; priority < PRIORITIES; priority++) {
      const entry = this.#firstOf(priority);
      if (oldest === undefined || (entry !== undefined && entry.place < oldest.place)) {
        oldest = entry;
      }
    }
    return oldest;
  }

  /** An entry of this list no longer waits: its copy is passed over from now on. */
  forget(entry: Entry): void {
    this.#stale++;
    this.#staleBytes += entry.message.size;
    const many = this.#stale >= STALE_MIN && this.#stale * 2 > this.#stored;
    if (many || this.#staleBytes >= STALE_BYTES) this.#clean();
  }

  /** Up to `limit` entries behind a position, in order. */
  after(position: Position | undefined, limit: number): readonly Entry[] {
    const found: Entry[] = [];
    for (let priority = position?.priority ?? PRIORITIES - 1; priority >= 0; priority--) {
      const level = this.#levels[priority];
      if (level === undefined) continue;
      const place = priority === position?.priority ? position.place : 0;
      const returned = level.back.elements
        .filter((copy) => isCurrent(copy) && copy.entry.place > place)
        .map(({ entry }) => entry);
      const fresh = level.line.after(place, limit - found.length);
      const both = [...returned, ...fresh].sort((a, b) => a.place - b.place);
      found.push(...both.slice(0, limit - found.length));
      if (found.length >= limit) break;
    }
    return found;
  }

  #level(priority: number): Level<Entry> {
    let level = this.#levels[priority];
    if (level === undefined) {
      level = { line: new Line<Entry>(), back: new Heap<Copy<Entry>>(isEarlier) };
      this.#levels[priority] = level;
    }
    return level;
  }

  /** The first entry of a priority, after those that no longer count are dropped. */
  #firstOf(priority: number): Entry | undefined {
    const level = this.#levels[priority];
    if (level === undefined) return undefined;
    const { line, back } = level;
    while (line.first !== undefined && !isFresh(line.first)) {
      line.shift();
      this.#dropped();
    }
    while (back.top !== undefined && !isCurrent(back.top)) {
      back.pop();
      this.#dropped();
    }
    const first = line.first;
    const returned = back.top?.entry;
    if (returned === undefined) return first;
    return first === undefined || returned.place < first.place ? returned : first;
  }

  #dropped(): void {
    this.#stored--;
    this.#stale--;
  }

  #clean(): void {
    this.#stored = 0;
    this.#stale = 0;
    this.#staleBytes = 0;
    for (const level of this.#levels) {
      if (level === undefined) continue;
      level.line.filter(isFresh);
      level.back.filter(isCurrent);
      this.#stored += level.line.size + level.back.size;
    }
  }
}

/** An entry that came back, as it was then. */
interface Copy<Entry> {
  readonly entry: Entry;
  readonly returns: number;
}

interface Level<Entry extends Placed> {
  readonly line: Line<Entry>;
  readonly back: Heap<Copy<Entry>>;
}

function isEarlier<Entry extends Placed>(a: Copy<Entry>, b: Copy<Entry>): boolean {
  return a.entry.place < b.entry.place;
}

function isFresh(entry: Placed): boolean {
  return entry.isReady && entry.returns === 0;
}

function isCurrent<Entry extends Placed>({ entry, returns }: Copy<Entry>): boolean {
  return entry.isReady && entry.returns === returns;
}

/** First in, first out. Room that was used is given back now and then. */
class Line<Entry extends Placed> {
  #entries: (Entry | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#entries.length - this.#head;
  }

  get first(): Entry | undefined {
    return this.#entries[this.#head];
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
  }

  shift(): void {
    this.#entries[this.#head++] = undefined;
    if (this.#head === this.#entries.length) {
      this.#entries = [];
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  filter(keep: (entry: Entry) => boolean): void {
    this.#entries = this.#entries
      .slice(this.#head)
      .filter((entry) => entry !== undefined && keep(entry));
    this.#head = 0;
  }

  /** Up to `limit` entries that wait behind a place, which rises along the line. */
  after(place: number, limit: number): readonly Entry[] {
    const entries = this.#entries;
    let from = this.#head;
    let to = entries.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      const entry = entries[middle];
      if (entry !== undefined && entry.place > place) to = middle;
      else from = middle + 1;
    }
    const found: Entry[] = [];
    for (let at = from; at < entries.length && found.length < limit; at++) {
      const entry = entries[at];
      if (entry !== undefined && isFresh(entry)) found.push(entry);
    }
    return found;
  }
}

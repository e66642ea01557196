import type { Message } from "./message.ts";

/** What the list needs to know of an entry. */
export interface Placed {
  /** Its place: greater came later. */
  readonly place: number;
  readonly message: Pick<Message, "priority">;
}

const PRIORITIES = 10;

/**
 * The waiting entries of a queue: the greatest priority first, in it the
 * earliest place first. New entries go behind all others, so a plain line
 * serves them; the few that come back to an older place stand in a heap before
 * it. Every step costs at most the logarithm of those that came back.
 */
export class ReadyList<Entry extends Placed> {
  readonly #levels: (Level<Entry> | undefined)[] = new Array(PRIORITIES);
  #size = 0;

  /** Entries that wait. */
  get size(): number {
    return this.#size;
  }

  /** Adds an entry whose place is behind all others. */
  append(entry: Entry): void {
    this.#level(entry.message.priority).line.push(entry);
    this.#size++;
  }

  /** Adds an entry that was in here before. */
  putBack(entry: Entry): void {
    pushHeap(this.#level(entry.message.priority).back, entry);
    this.#size++;
  }

  /** Takes the entry that is next. */
  take(): Entry | undefined {
    for (let priority = PRIORITIES - 1; priority >= 0; priority--) {
      const entry = this.#takeFrom(priority);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  /** Takes the earliest entry of the least priority. */
  takeOldestOfLeast(): Entry | undefined {
    for (let priority = 0; priority < PRIORITIES; priority++) {
      const entry = this.#takeFrom(priority);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  #level(priority: number): Level<Entry> {
    let level = this.#levels[priority];
    if (level === undefined) {
      level = { line: new Line<Entry>(), back: [] };
      this.#levels[priority] = level;
    }
    return level;
  }

  #takeFrom(priority: number): Entry | undefined {
    const level = this.#levels[priority];
    if (level === undefined) return undefined;
    const { line, back } = level;
    const first = line.first;
    const returned = back[0];
    if (returned !== undefined && (first === undefined || returned.place < first.place)) {
      popHeap(back);
      this.#size--;
      return returned;
    }
    if (first !== undefined) {
      line.shift();
      this.#size--;
    }
    return first;
  }
}

interface Level<Entry> {
  readonly line: Line<Entry>;
  /** A binary heap, the earliest place on top. */
  readonly back: Entry[];
}

/** First in, first out. Room that was used is given back now and then. */
class Line<Entry> {
  #entries: (Entry | undefined)[] = [];
  #head = 0;

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
}

function pushHeap<Entry extends Placed>(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const parentAt = (at - 1) >> 1;
    const parent = heap[parentAt] as Entry;
    if (parent.place <= entry.place) break;
    heap[at] = parent;
    at = parentAt;
  }
  heap[at] = entry;
}

function popHeap<Entry extends Placed>(heap: Entry[]): void {
  const entry = heap.pop();
  const size = heap.length;
  if (entry === undefined || size === 0) return;
  let at = 0;
  for (;;) {
    let childAt = 2 * at + 1;
    if (childAt >= size) break;
    const right = heap[childAt + 1];
    if (right !== undefined && right.place < (heap[childAt] as Entry).place) childAt++;
    const child = heap[childAt] as Entry;
    if (child.place >= entry.place) break;
    heap[at] = child;
    at = childAt;
  }
  heap[at] = entry;
}

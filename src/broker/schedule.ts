import { Heap } from "./heap.ts";
import type { QueueEntry } from "./queue.ts";

/** What is due for an entry. */
export interface Due {
  /** In ms since the epoch. */
  readonly at: number;
  readonly entry: QueueEntry;
  /** It expires, or it was kept back long enough. */
  readonly what: "expire" | "return";
}

const CLEAN_MIN = 1024;

/** What is due for entries of queues, by time. Entries that have gone are let go in time. */
export class Schedule {
  readonly #heap = new Heap<Due>(isBefore);
  #cleanAt = CLEAN_MIN;

  /** Things that are scheduled, some of them perhaps for entries that have gone. */
  get size(): number {
    return this.#heap.size;
  }

  /** Adds something that is due. */
  add(due: Due): void {
    this.#heap.push(due);
    if (this.#heap.size < this.#cleanAt) return;
    this.#heap.filter(({ entry }) => entry.state !== "gone");
    this.#cleanAt = Math.max(CLEAN_MIN, this.#heap.size * 2);
  }

  /** Takes the next thing that is due by now. */
  take(now: number): Due | undefined {
    const { top } = this.#heap;
    return top !== undefined && top.at <= now ? this.#heap.pop() : undefined;
  }
}

/** What is due at one time keeps the order of its queue. */
function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.entry.place < b.entry.place);
}

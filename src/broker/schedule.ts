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
const CLEAN_MIN_BYTES = 8 * 1024 * 1024;

/** What is due for entries of queues, by time. Entries that have gone are let go in time. */
export class Schedule {
  readonly #heap = new Heap<Due>(isBefore);
  #cleanAt = CLEAN_MIN;
  /** Bytes of messages that were in here after the last clean-up or came since. */
  #bytes = 0;
  #cleanAtBytes = CLEAN_MIN_BYTES;

  /** Things that are scheduled, some of them perhaps for entries that have gone. */
  get size(): number {
    return this.#heap.size;
  }

  /** Adds something that is due. */
  add(due: Due): void {
    this.#heap.push(due);
    this.#bytes += due.entry.message.size;
    if (this.#heap.size < this.#cleanAt && this.#bytes < this.#cleanAtBytes) return;
    this.#heap.filter(({ entry }) => entry.state !== "gone" && !entry.queue.cleared);
    this.#cleanAt = Math.max(CLEAN_MIN, this.#heap.size * 2);
    this.#bytes = this.#heap.elements.reduce((sum, { entry }) => sum + entry.message.size, 0);
    this.#cleanAtBytes = Math.max(CLEAN_MIN_BYTES, this.#bytes * 2);
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

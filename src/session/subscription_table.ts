import type { Subscription } from "./subscription.ts";

/**
 * The subscriptions of one session by key, in the order in which they were
 * made. Most clients have one, and a map of their own would be the largest
 * thing that an idle connection has.
 */
export class SubscriptionTable {
  #only: Subscription | undefined;
  /** From the second on all of them. */
  #all: Map<string, Subscription> | undefined;

  get size(): number {
    if (this.#all !== undefined) return this.#all.size;
    return this.#only === undefined ? 0 : 1;
  }

  get(key: string): Subscription | undefined {
    if (this.#all !== undefined) return this.#all.get(key);
    return this.#only?.key === key ? this.#only : undefined;
  }

  /** Adds one whose key no other has. */
  add(subscription: Subscription): void {
    if (this.size === 0) {
      this.#only = subscription;
      return;
    }
    if (this.#all === undefined) {
      this.#all = new Map();
      if (this.#only !== undefined) this.#all.set(this.#only.key, this.#only);
      this.#only = undefined;
    }
    this.#all.set(subscription.key, subscription);
  }

  delete(key: string): void {
    this.#all?.delete(key);
    if (this.#all?.size === 0) this.#all = undefined;
    if (this.#only?.key === key) this.#only = undefined;
  }

  clear(): void {
    this.#all = this.#only = undefined;
  }

  values(): Iterable<Subscription> {
    if (this.#all !== undefined) return this.#all.values();
    return this.#only === undefined ? [] : [this.#only];
  }
}

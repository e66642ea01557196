/**
 * A binary heap: the element that is before all others on top. Adding and
 * taking cost the logarithm of its size.
 */
export class Heap<T> {
  readonly #isBefore: (a: T, b: T) => boolean;
  #elements: T[] = [];

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  /** Elements in it. */
  get size(): number {
    return this.#elements.length;
  }

  /** The element that is before all others. */
  get top(): T | undefined {
    return this.#elements[0];
  }

  /** All elements, in no order. */
  get elements(): readonly T[] {
    return this.#elements;
  }

  /** Adds an element. */
  push(element: T): void {
    const heap = this.#elements;
    let at = heap.length;
    heap.push(element);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt] as T;
      if (!this.#isBefore(element, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = element;
  }

  /** Takes the top off. */
  pop(): T | undefined {
    const heap = this.#elements;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length > 0 && last !== undefined) this.#sink(last);
    return top;
  }

  /** Keeps only the elements for which `keep` is true. Costs its size. */
  filter(keep: (element: T) => boolean): void {
    const kept = this.#elements.filter(keep);
    this.#elements = [];
    for (const element of kept) this.push(element);
  }

  #sink(element: T): void {
    const heap = this.#elements;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= heap.length) break;
      const right = heap[childAt + 1];
      if (right !== undefined && this.#isBefore(right, heap[childAt] as T)) childAt++;
      const child = heap[childAt] as T;
      if (!this.#isBefore(child, element)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = element;
  }
}

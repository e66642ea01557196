/** A value that several parts of the page look at. */
export interface Store<T> {
  get(): T;
  /** Tells those who look, unless it is the same value. */
  set(next: T): void;
  /** Calls `listener` after each change, until the function it returns is called. */
  subscribe(listener: () => void): () => void;
}

/** Makes a store that holds `initial`. */
export function createStore<T>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener();
    },
    subscribe(listener) {
      // A wrapper, so that the same function twice is two listeners.
      const told = () => listener();
      listeners.add(told);
      return () => void listeners.delete(told);
    },
  };
}

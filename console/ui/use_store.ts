import { useLayoutEffect, useReducer } from "preact/hooks";
import type { Store } from "./store.ts";

/** The value of a store; the component is rendered again when it changes. */
export function useStore<T>(store: Store<T>): T {
  const [, renderAgain] = useReducer((count: number) => count + 1, 0);
  const shown = store.get();
  useLayoutEffect(() => {
    if (!Object.is(store.get(), shown)) renderAgain(undefined);
    return store.subscribe(() => renderAgain(undefined));
  }, [store]);
  return shown;
}

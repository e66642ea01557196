import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { ApiError } from "../../src/api/call_api.ts";
import type { RowWindow } from "../ui/virtual_window.ts";
import { asApiError } from "./api.ts";
import {
  covers,
  type KnownRows,
  type ListPart,
  type ListRange,
  rangeFor,
  rowAt,
} from "./window_rows.ts";

/** A long list, of which the part that is looked at is kept up to date. */
export interface WindowRows<T> {
  /** Items in all; undefined before the first answer. */
  readonly total: number | undefined;
  readonly at: (index: number) => T | undefined;
  /** When these rows were so, in ms since the epoch: ages are reckoned from then, as they are not asked for all the time. */
  readonly knownAt: number;
  readonly error: ApiError | undefined;
  /** Says which rows are looked at. */
  readonly show: (rows: RowWindow) => void;
  /** Asks now. */
  readonly refresh: () => void;
}

/** What {@link useWindowRows} asks, and how often. */
export interface WindowRowsOptions<T> {
  /** Differs when `fetchPart` asks for something else. */
  readonly key: string;
  readonly fetchPart: (range: ListRange, signal: AbortSignal) => Promise<ListPart<T>>;
  readonly everyMs: number;
  /** Sees each item of each answer, with the time it came. */
  readonly note?: (item: T, at: number) => void;
}

/** Asks for the window that is looked at, at once when it moves out of what is known; not while nobody sees the page. */
export function useWindowRows<T>(options: WindowRowsOptions<T>): WindowRows<T> {
  const { key, everyMs } = options;
  const [known, setKnown] = useState<KnownRows<T>>();
  const [knownAt, setKnownAt] = useState(0);
  const [error, setError] = useState<ApiError>();
  const latest = useRef(options);
  latest.current = options;
  const rows = useRef<RowWindow>({ first: 0, count: 50 });
  const knownNow = useRef<KnownRows<T> | undefined>(undefined);
  const again = useRef<() => void>(() => {});

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let aborter: AbortController | undefined;
    // A list with another filter or order begins at its beginning.
    const isOther = knownNow.current !== undefined;
    if (isOther) rows.current = { first: 0, count: rows.current.count };
    const ask = async (): Promise<void> => {
      clearTimeout(timer);
      if (document.hidden) return;
      aborter = new AbortController();
      const { signal } = aborter;
      const range = rangeFor(rows.current);
      let failed = false;
      try {
        const part = await latest.current.fetchPart(range, signal);
        if (signal.aborted) return;
        const at = performance.now();
        for (const item of part.items) latest.current.note?.(item, at);
        knownNow.current = { ...part, offset: range.offset };
        setKnown(knownNow.current);
        setKnownAt(Date.now());
        setError(undefined);
      } catch (cause) {
        if (signal.aborted) return;
        failed = true;
        setError(asApiError(cause));
      }
      aborter = undefined;
      const isBehind = knownNow.current !== undefined && !covers(knownNow.current, rows.current);
      timer = setTimeout(ask, isBehind && !failed ? 0 : everyMs);
    };
    again.current = () => {
      if (aborter === undefined) void ask();
    };
    const onVisible = (): void => {
      if (!document.hidden) again.current();
    };
    document.addEventListener("visibilitychange", onVisible);
    void ask();
    return () => {
      document.removeEventListener("visibilitychange", onVisible);
      clearTimeout(timer);
      aborter?.abort();
    };
  }, [key, everyMs]);

  const show = useCallback((shown: RowWindow) => {
    rows.current = shown;
    if (knownNow.current !== undefined && !covers(knownNow.current, shown)) again.current();
  }, []);
  const refresh = useCallback(() => again.current(), []);
  return {
    total: known?.total,
    knownAt,
    at: (index) => (known === undefined ? undefined : rowAt(known, index)),
    error,
    show,
    refresh,
  };
}

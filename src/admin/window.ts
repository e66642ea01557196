/** The part of a long list that someone looks at. */
export interface Window {
  /** Text that an item must contain, whatever its case; empty for all. */
  readonly filter: string;
  readonly sort: string;
  readonly order: "asc" | "desc";
  readonly offset: number;
  readonly limit: number;
}

/** How the items of a list are searched and sorted. */
export interface Listed<T> {
  /** Whether an item is meant at all; without it every one is. */
  readonly keeps?: (item: T) => boolean;
  /** Texts of an item that the filter is looked for in. */
  readonly texts: (item: T) => readonly string[];
  /** What an item is sorted by; undefined comes last, whichever way. */
  readonly key: (item: T, sort: string) => string | number | undefined;
  /** Resolves when others have had their turn. */
  readonly turn: () => Promise<void>;
}

interface Keyed<T> {
  readonly item: T;
  readonly key: string | number | undefined;
}

/** Items looked at in one turn. */
const CHUNK = 2_000;

/**
 * Filters and sorts a list and cuts the window out of it. A long list is gone
 * through in turns, and only what may be in the window is kept: nobody waits
 * for somebody who looks.
 */
export async function cutWindow<T>(
  items: Iterable<T>,
  window: Window,
  listed: Listed<T>,
): Promise<{ readonly total: number; readonly items: T[] }> {
  const { keeps = () => true, texts, key, turn } = listed;
  const wanted = window.filter.toLowerCase();
  const most = window.offset + window.limit;
  const compare = comparing(window.order === "asc" ? 1 : -1);
  let best: Keyed<T>[] = [];
  let fresh: Keyed<T>[] = [];
  const merge = (): void => {
    best = [...best, ...fresh].sort(compare).slice(0, most);
    fresh = [];
  };
  let total = 0;
  let looked = 0;
  for (const item of items) {
    if (++looked % CHUNK === 0) {
      merge();
      await turn();
    }
    if (!keeps(item)) continue;
    if (wanted !== "" && !texts(item).some((text) => text.toLowerCase().includes(wanted))) continue;
    total++;
    fresh.push({ item, key: key(item, window.sort) });
  }
  merge();
  return { total, items: best.slice(window.offset).map(({ item }) => item) };
}

function comparing(sign: number): (a: Keyed<unknown>, b: Keyed<unknown>) => number {
  return (a, b) => {
    if (a.key === b.key) return 0;
    if (a.key === undefined) return 1;
    if (b.key === undefined) return -1;
    return a.key < b.key ? -sign : sign;
  };
}

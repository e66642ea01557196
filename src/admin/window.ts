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
  /** Texts of an item that the filter is looked for in. */
  readonly texts: (item: T) => readonly string[];
  /** What an item is sorted by; undefined comes last, whichever way. */
  readonly key: (item: T, sort: string) => string | number | undefined;
}

/** Filters and sorts a list and cuts the window out of it. */
export function cutWindow<T>(
  items: Iterable<T>,
  window: Window,
  { texts, key }: Listed<T>,
): { readonly total: number; readonly items: readonly T[] } {
  const wanted = window.filter.toLowerCase();
  const found: { readonly item: T; readonly key: string | number | undefined }[] = [];
  for (const item of items) {
    if (wanted !== "" && !texts(item).some((text) => text.toLowerCase().includes(wanted))) continue;
    found.push({ item, key: key(item, window.sort) });
  }
  const sign = window.order === "asc" ? 1 : -1;
  found.sort((a, b) => {
    if (a.key === b.key) return 0;
    if (a.key === undefined) return 1;
    if (b.key === undefined) return -1;
    return a.key < b.key ? -sign : sign;
  });
  const shown = found.slice(window.offset, window.offset + window.limit);
  return { total: found.length, items: shown.map(({ item }) => item) };
}

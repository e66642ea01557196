/** Which rows of a long list are on the screen. */

/** A range of rows: `first` and how many. */
export interface RowWindow {
  readonly first: number;
  readonly count: number;
}

/** What {@link visibleWindow} looks at; lengths in CSS pixels. */
export interface ScrollPlace {
  readonly scrollTop: number;
  readonly height: number;
  readonly rowHeight: number;
  /** Rows in all. */
  readonly rows: number;
  /** Rows made above and below, so that scrolling finds them there. */
  readonly overscan: number;
}

/** The rows to be made for a place in the list. */
export function visibleWindow(place: ScrollPlace): RowWindow {
  const { scrollTop, height, rowHeight, rows, overscan } = place;
  const top = Math.max(0, Math.floor(scrollTop / rowHeight) - overscan);
  const first = Math.min(top, Math.max(0, rows - 1));
  const end = Math.min(rows, Math.ceil((scrollTop + height) / rowHeight) + overscan);
  return { first, count: Math.max(0, end - first) };
}

/** Where to scroll so that a row is to be seen; the same place if it is already. */
export function scrollTopFor(row: number, place: ScrollPlace): number {
  const top = row * place.rowHeight;
  if (top < place.scrollTop) return top;
  const bottom = top + place.rowHeight;
  return bottom > place.scrollTop + place.height ? bottom - place.height : place.scrollTop;
}

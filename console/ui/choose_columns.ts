/** Which columns of a table fit. */

/** How wide a column is and how soon it goes. Widths are in units of the root font size. */
export interface ColumnWidth {
  readonly width: number;
  /** Share of the width that is left over; 0 if absent. */
  readonly grow?: number;
  /** 0 is always there; of the others the highest go first when there is no room. */
  readonly rank: number;
}

/** The room there is. */
export interface ColumnRoom {
  readonly width: number;
  /** Between two columns. */
  readonly gap: number;
  /** At both ends together. */
  readonly padding: number;
}

/** The columns that fit, in their order. */
export function chooseColumns<C extends ColumnWidth>(
  columns: readonly C[],
  room: ColumnRoom,
): readonly C[] {
  const byRank = [...columns].sort((a, b) => a.rank - b.rank);
  const chosen = new Set<C>();
  let used = room.padding - room.gap;
  for (const column of byRank) {
    used += column.width + room.gap;
    if (column.rank > 0 && used > room.width) break;
    chosen.add(column);
  }
  return columns.filter((column) => chosen.has(column));
}

/** The columns as tracks of a CSS grid. */
export function gridTracks(columns: readonly ColumnWidth[]): string {
  return columns
    .map(({ width, grow = 0 }) => (grow === 0 ? `${width}rem` : `minmax(${width}rem, ${grow}fr)`))
    .join(" ");
}

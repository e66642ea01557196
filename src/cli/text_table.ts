/** Rows of text under each other, as a terminal shows them. */

/** One column of a table. */
export interface TextColumn<T> {
  readonly title: string;
  readonly cell: (row: T) => string;
  /** Numbers stand at the right. Default: left. */
  readonly right?: boolean;
}

/** How a table is laid out. */
export interface TableLayout<T> {
  readonly columns: readonly TextColumn<T>[];
  /** Columns of the terminal, which the first column gives way to; without it nothing is cut. */
  readonly width?: number | undefined;
}

/** Between two columns. */
const GAP = 2;
/** Fewer characters of the first column say nothing. */
const FIRST_MIN = 8;

/** A title and a line for each row; what the first column has no room for is cut. */
export function textTable<T>(
  rows: readonly T[],
  { columns, width }: TableLayout<T>,
): { readonly title: string; readonly lines: readonly string[] } {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const titles = columns.map(({ title }) => title);
  const widths = titles.map((title, at) =>
    [...cells.map((line) => line[at] ?? "")].reduce(
      (most, text) => Math.max(most, Bun.stringWidth(text)),
      Bun.stringWidth(title),
    ),
  );
  const [first = 0, ...others] = widths;
  if (width !== undefined) {
    const taken = others.reduce((sum, each) => sum + each + GAP, 0);
    widths[0] = Math.min(first, Math.max(width - taken, FIRST_MIN));
  }
  const line = (texts: readonly string[]): string => {
    const whole = texts
      .map((text, at) =>
        padded(text, { width: widths[at] ?? 0, right: columns[at]?.right === true }),
      )
      .join(" ".repeat(GAP))
      .trimEnd();
    return width === undefined ? whole : cutText(whole, width);
  };
  return { title: line(titles), lines: cells.map(line) };
}

const GRAPHEMES = new Intl.Segmenter();

/** The beginning of a text that has room in so many columns; a mark says that there is more. */
export function cutText(text: string, columns: number): string {
  if (Bun.stringWidth(text) <= columns) return text;
  let cut = "";
  let width = 0;
  for (const { segment } of GRAPHEMES.segment(text)) {
    width += Bun.stringWidth(segment);
    if (width > columns - 1) break;
    cut += segment;
  }
  return columns < 1 ? "" : `${cut}…`;
}

function padded(
  text: string,
  { width, right }: { readonly width: number; readonly right: boolean },
): string {
  const shown = cutText(text, width);
  const blanks = " ".repeat(Math.max(width - Bun.stringWidth(shown), 0));
  return right ? blanks + shown : shown + blanks;
}

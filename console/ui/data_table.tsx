import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { type ColumnWidth, chooseColumns, gridTracks } from "./choose_columns.ts";
import { useWidth } from "./use_width.ts";
import { VirtualList } from "./virtual_list.tsx";
import type { RowWindow } from "./virtual_window.ts";

/** A column of a {@link DataTable}. */
export interface Column<T> extends ColumnWidth {
  readonly id: string;
  readonly title: string;
  /** Whether the title is only for those who cannot see that there need not be one. */
  readonly hasHiddenTitle?: boolean;
  /** What its title says in full, where it is short. */
  readonly hint?: string;
  /** What the API calls sorting by it; absent if it cannot be sorted by. */
  readonly sort?: string;
  readonly numeric?: boolean;
  /** What it says of an item; `shown` are the ids of the columns that there is room for. */
  readonly cell: (item: T, shown: ReadonlySet<string>) => ComponentChildren;
}

/** By what a table is sorted. */
export interface Sorting {
  readonly by: string;
  readonly order: "asc" | "desc";
}

/** A long list in columns, whose head sorts it. */
export interface DataTableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  /** Items in all; undefined before that is known. */
  readonly total: number | undefined;
  readonly at: (index: number) => T | undefined;
  readonly itemKey: (item: T) => string | number;
  /** Whether an item is the one whose details are shown. */
  readonly isOpen?: (item: T) => boolean;
  readonly onOpen?: (item: T) => void;
  readonly onToggle?: (item: T) => void;
  readonly onWindow?: (rows: RowWindow) => void;
  readonly sorting?: Sorting;
  readonly onSort?: (sorting: Sorting) => void;
  readonly empty: ComponentChildren;
  readonly class?: string;
}

const ROW_PX = 38;
const ROOT_PX = 16;
/** As in the stylesheet; the padding has room for a scroll bar. */
const SPACING = { gap: 0.75, padding: 2.6 };
const SKELETON_ROWS = 6;

/** See {@link DataTableProps}. */
export function DataTable<T>(props: DataTableProps<T>): JSX.Element {
  const { columns, total, at, sorting } = props;
  const [box, width] = useWidth<HTMLDivElement>();
  const [active, setActive] = useState<number>();
  const shown = chooseColumns(columns, { width: width / ROOT_PX, ...SPACING });
  const shownIds = new Set(shown.map(({ id }) => id));
  const tracks = { gridTemplateColumns: gridTracks(shown) };

  const sortBy = (column: string): void => {
    const isSame = sorting?.by === column;
    props.onSort?.({ by: column, order: isSame && sorting.order === "asc" ? "desc" : "asc" });
  };
  const header = (
    <div class="data-row data-head" role="row" aria-rowindex={1} style={tracks}>
      {shown.map(({ id, title, hint, sort, numeric, hasHiddenTitle = false }) => {
        const sorted = sort !== undefined && sorting?.by === sort ? sorting.order : undefined;
        return (
          <div
            key={id}
            role="columnheader"
            class={numeric ? "numeric" : ""}
            title={hint}
            aria-sort={
              sorted === undefined ? undefined : sorted === "asc" ? "ascending" : "descending"
            }
          >
            {sort === undefined ? (
              <span class={hasHiddenTitle ? "visually-hidden" : ""}>{title}</span>
            ) : (
              <button type="button" class="sort" onClick={() => sortBy(sort)}>
                {title}
                <span class="sort-mark" aria-hidden="true">
                  {sorted === undefined ? "" : sorted === "asc" ? "↑" : "↓"}
                </span>
              </button>
            )}
          </div>
        );
      })}
    </div>
  );
  const row = (index: number): JSX.Element => {
    const item = at(index);
    return (
      <div class="data-row" role="presentation" style={tracks}>
        {shown.map(({ id, numeric, cell }) => (
          <div key={id} role="gridcell" class={numeric ? "cell numeric" : "cell"}>
            {item === undefined ? <span class="skeleton" /> : cell(item, shownIds)}
          </div>
        ))}
      </div>
    );
  };
  return (
    <div class={`data-table ${props.class ?? ""}`} ref={box}>
      <VirtualList
        label={props.label}
        rows={total ?? SKELETON_ROWS}
        rowHeight={ROW_PX}
        columns={shown.length}
        header={header}
        row={row}
        rowKey={(index) => {
          const item = at(index);
          return item === undefined ? `unknown ${index}` : props.itemKey(item);
        }}
        rowClass={(index) => {
          const item = at(index);
          return item !== undefined && props.isOpen?.(item) === true ? "open" : "";
        }}
        active={active}
        onActive={setActive}
        onOpen={(index) => {
          const item = at(index);
          if (item !== undefined) props.onOpen?.(item);
        }}
        onToggle={(index) => {
          const item = at(index);
          if (item !== undefined) props.onToggle?.(item);
        }}
        {...(props.onWindow === undefined ? {} : { onWindow: props.onWindow })}
        empty={props.empty}
      />
    </div>
  );
}

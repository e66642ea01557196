import type { ComponentChildren, JSX } from "preact";
import { useCallback, useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { scrollTopFor, visibleWindow, type RowWindow } from "./virtual_window.ts";

/** A list of any length of which only the visible rows exist. */
export interface VirtualListProps {
  /** What the list is, for those who cannot see it. */
  readonly label: string;
  /** Rows in all. */
  readonly rows: number;
  /** Height of every row, in CSS pixels. */
  readonly rowHeight: number;
  /** The cells of a row, each with `role="gridcell"`. */
  readonly row: (index: number) => ComponentChildren;
  /** Keeps the element of a row when others come before it. */
  readonly rowKey?: (index: number) => string | number;
  readonly rowClass?: (index: number) => string;
  /** A row of `role="columnheader"` that stays on top. */
  readonly header?: ComponentChildren;
  readonly columns?: number;
  /** The row that the keyboard is at, if any. */
  readonly active?: number | undefined;
  readonly onActive?: (index: number) => void;
  /** Enter, or a click on a row. */
  readonly onOpen?: (index: number) => void;
  /** The space bar. */
  readonly onToggle?: (index: number) => void;
  /** The rows that exist now; called when that changes. */
  readonly onWindow?: (rows: RowWindow) => void;
  /** Whether the end stays in view while rows are added. */
  readonly follow?: boolean;
  /** Whether a person is at the end of the list; called when that changes. */
  readonly onAtEnd?: (atEnd: boolean) => void;
  /** Shown in place of rows when there are none. */
  readonly empty?: ComponentChildren;
  readonly class?: string;
}

const OVERSCAN = 8;
const AT_END_PX = 4;

/** See {@link VirtualListProps}. Arrow keys, Page Up and Down, Home and End move; Enter opens. */
export function VirtualList(props: VirtualListProps): JSX.Element {
  const { label, rows, rowHeight, active, follow = false, onWindow, onAtEnd } = props;
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const header = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ scrollTop: 0, height: 600 });
  const shown = visibleWindow({ ...place, rowHeight, rows, overscan: OVERSCAN });

  const measure = useCallback(() => {
    const element = scroller.current;
    if (element === null) return;
    const height = element.clientHeight - (header.current?.offsetHeight ?? 0);
    const { scrollTop } = element;
    setPlace((old) =>
      old.scrollTop === scrollTop && old.height === height ? old : { scrollTop, height },
    );
  }, []);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [measure]);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    if (follow) element.scrollTop = element.scrollHeight;
    measure();
  }, [follow, rows, rowHeight, measure]);

  useEffect(() => onWindow?.(shown), [shown.first, shown.count, onWindow]);

  const onScroll = (): void => {
    measure();
    const element = scroller.current;
    if (element === null || onAtEnd === undefined) return;
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    onAtEnd(below <= AT_END_PX);
  };

  const moveTo = (index: number): void => {
    const element = scroller.current;
    if (element === null || rows === 0) return;
    const target = Math.max(0, Math.min(rows - 1, index));
    const top = scrollTopFor(target, { ...place, rowHeight, rows, overscan: 0 });
    if (top !== element.scrollTop) element.scrollTop = top;
    measure();
    props.onActive?.(target);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    // Buttons and fields within a row keep their keys.
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey)
      return;
    const at = active ?? -1;
    const page = Math.max(1, Math.floor(place.height / rowHeight) - 1);
    const moves: Record<string, () => void> = {
      ArrowDown: () => moveTo(at + 1),
      ArrowUp: () => moveTo(at - 1),
      PageDown: () => moveTo(at + page),
      PageUp: () => moveTo(at - page),
      Home: () => moveTo(0),
      End: () => moveTo(rows - 1),
      Enter: () => at >= 0 && at < rows && props.onOpen?.(at),
      " ": () => at >= 0 && at < rows && props.onToggle?.(at),
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    move();
  };

  const indexes = Array.from({ length: shown.count }, (_none, offset) => shown.first + offset);
  const isActiveMade =
    active !== undefined && active >= shown.first && active < shown.first + shown.count;
  return (
    <div
      ref={scroller}
      class={`virtual-list ${props.class ?? ""}`}
      role="grid"
      tabIndex={0}
      aria-label={label}
      aria-rowcount={rows + (props.header === undefined ? 0 : 1)}
      aria-colcount={props.columns}
      aria-activedescendant={isActiveMade ? `${id}-${active}` : undefined}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
    >
      {props.header !== undefined && (
        <div ref={header} class="virtual-head" role="rowgroup">
          {props.header}
        </div>
      )}
      {rows === 0 ? (
        <div class="virtual-empty" role="rowgroup">
          <div role="row">
            <div role="gridcell">{props.empty}</div>
          </div>
        </div>
      ) : (
        <div class="virtual-body" role="rowgroup" style={{ height: `${rows * rowHeight}px` }}>
          {indexes.map((index) => (
            <div
              key={props.rowKey?.(index) ?? index}
              id={`${id}-${index}`}
              class={`virtual-row ${props.rowClass?.(index) ?? ""}`}
              role="row"
              aria-rowindex={index + (props.header === undefined ? 1 : 2)}
              aria-selected={index === active}
              style={{ transform: `translateY(${index * rowHeight}px)`, height: `${rowHeight}px` }}
              onClick={(event) => {
                if (event.target instanceof Element && event.target.closest("a, button, input"))
                  return;
                props.onActive?.(index);
                props.onOpen?.(index);
              }}
            >
              {props.row(index)}
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

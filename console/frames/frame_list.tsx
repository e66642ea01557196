import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { FrameInfo } from "../../src/api/values.ts";
import { formatBytes, formatClock, plural } from "../ui/format.ts";
import { useWidth } from "../ui/use_width.ts";
import { VirtualList } from "../ui/virtual_list.tsx";
import { VisibleText } from "../ui/visible_text.tsx";
import { frameBytes, frameSummary } from "./frame_facts.ts";
import type { TimelineEntry, TimelineRow } from "./timeline.ts";

/** What {@link FrameList} shows. */
export interface FrameListProps {
  readonly rows: readonly TimelineRow[];
  /** Whether the newest stays in view. */
  readonly follow: boolean;
  readonly onAtEnd: (atEnd: boolean) => void;
  /** The frame whose details are shown, if any. */
  readonly openNumber: number | undefined;
  readonly onOpen: (entry: TimelineEntry, options: { readonly replace: boolean }) => void;
  /** Whose frames they are: those of all connections of a broker, or those of one client. */
  readonly of: "broker" | "client";
  /** Shown when there are none. */
  readonly empty: ComponentChildren;
}

/** Below this width, in CSS pixels, a frame takes two lines. */
const WIDE_PX = 620;
const ROW_PX = 30;
const NARROW_ROW_PX = 54;

/** Frames below each other, the newest last. */
export function FrameList(props: FrameListProps): JSX.Element {
  const { rows, follow, onAtEnd, openNumber, onOpen, of } = props;
  const [box, width] = useWidth<HTMLDivElement>();
  const [activeKey, setActiveKey] = useState<string>();
  const isWide = width === 0 || width >= WIDE_PX;
  const active = activeKey === undefined ? -1 : rows.findIndex(({ key }) => key === activeKey);
  const goTo = (index: number): void => {
    const row = rows[index];
    setActiveKey(row?.key);
    // Details that are open go along with the arrow keys.
    if (row?.kind === "frame" && openNumber !== undefined) onOpen(row.entry, { replace: true });
  };
  return (
    <div class={`frame-table of-${of} ${isWide ? "" : "narrow"}`} ref={box}>
      <VirtualList
        label="Frames"
        rows={rows.length}
        rowHeight={isWide ? ROW_PX : NARROW_ROW_PX}
        columns={isWide ? COLUMNS[of].length : 1}
        header={isWide ? <Head of={of} /> : undefined}
        row={(index) => <Row row={rows[index]} isWide={isWide} of={of} />}
        rowKey={(index) => rows[index]?.key ?? index}
        rowClass={(index) => rowClass(rows[index], openNumber)}
        active={active < 0 ? undefined : active}
        onActive={goTo}
        onOpen={(index) => {
          const row = rows[index];
          if (row?.kind === "frame") onOpen(row.entry, { replace: openNumber !== undefined });
        }}
        follow={follow}
        onAtEnd={onAtEnd}
        empty={props.empty}
      />
    </div>
  );
}

type Of = FrameListProps["of"];

const COLUMNS: Readonly<Record<Of, readonly string[]>> = {
  broker: ["Time", "Conn.", "Way", "Command", "What", "Size"],
  client: ["Time", "Way", "Command", "What", "Size"],
};

function Head({ of }: { readonly of: Of }): JSX.Element {
  return (
    <div class="frame-row frame-head" role="row" aria-rowindex={1}>
      {COLUMNS[of].map((title) => (
        <div
          key={title}
          role="columnheader"
          class={title === "Conn." || title === "Size" ? "numeric" : ""}
          title={title === "Conn." ? "Number of the connection" : undefined}
        >
          {title}
        </div>
      ))}
    </div>
  );
}

interface RowProps {
  readonly of: Of;
  readonly isWide: boolean;
}

function Row(props: RowProps & { readonly row: TimelineRow | undefined }): JSX.Element | null {
  const { row, isWide, of } = props;
  if (row === undefined) return null;
  if (row.kind !== "frame") {
    return (
      <div class="frame-note" role="gridcell" aria-colspan={isWide ? COLUMNS[of].length : 1}>
        {noteOf(row)}
      </div>
    );
  }
  const { frame } = row.entry;
  return isWide ? <WideFrame frame={frame} of={of} /> : <NarrowFrame frame={frame} of={of} />;
}

interface FrameProps {
  readonly frame: FrameInfo;
  readonly of: Of;
}

function WideFrame({ frame, of }: FrameProps): JSX.Element {
  return (
    <div class="frame-row" role="presentation">
      <Cell class="time">{formatClock(frame.at, { ms: true })}</Cell>
      {of === "broker" && <Cell class="numeric">{frame.connection}</Cell>}
      <Cell>
        <Way frame={frame} of={of} />
      </Cell>
      <Cell>
        <CommandName frame={frame} />
      </Cell>
      <Cell>
        <What frame={frame} />
      </Cell>
      <Cell class="numeric muted">{formatBytes(frameBytes(frame))}</Cell>
    </div>
  );
}

function NarrowFrame({ frame, of }: FrameProps): JSX.Element {
  return (
    <div class="frame-row" role="gridcell">
      <div class="frame-line">
        <span class="time">{formatClock(frame.at, { ms: true })}</span>
        <CommandName frame={frame} />
        <span class="muted">
          {of === "broker" && `${frame.connection} `}
          <Way frame={frame} of={of} />
        </span>
        <span class="numeric muted">{formatBytes(frameBytes(frame))}</span>
      </div>
      <div class="cell">
        <What frame={frame} />
      </div>
    </div>
  );
}

function Cell(props: {
  readonly class?: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div role="gridcell" class={`cell ${props.class ?? ""}`}>
      {props.children}
    </div>
  );
}

const WAYS = {
  broker: { in: "in", out: "out" },
  client: { in: "sent", out: "got" },
} as const;

function Way({ frame, of }: FrameProps): JSX.Element {
  const { direction } = frame;
  return (
    <span
      class="way"
      data-way={direction}
      title={direction === "in" ? "From the client to the broker" : "From the broker to the client"}
    >
      {WAYS[of][direction]}
    </span>
  );
}

/** The command of a frame; what went wrong stands out. */
export function CommandName({ frame }: { readonly frame: FrameInfo }): JSX.Element {
  const tone = { ERROR: "bad", NACK: "wait" }[frame.command];
  return (
    <span class="command" data-tone={tone}>
      <VisibleText text={frame.command} max={24} cut="end" />
    </span>
  );
}

function What({ frame }: { readonly frame: FrameInfo }): JSX.Element {
  const { destination, facts, preview } = frameSummary(frame);
  return (
    <>
      {destination !== undefined && (
        <span class="what-destination">
          <VisibleText text={destination} max={120} cut="end" />
        </span>
      )}
      {facts.map(([name, value]) => (
        <span key={name} class="what-fact">
          {name !== "" && (
            <span class="muted">
              <VisibleText text={name} max={40} cut="end" />{" "}
            </span>
          )}
          <VisibleText text={value} max={120} cut="end" />
        </span>
      ))}
      {preview !== undefined && (
        <span class="what-preview">
          <VisibleText text={preview} multiline cut="end" />
        </span>
      )}
    </>
  );
}

function noteOf(row: Exclude<TimelineRow, { readonly kind: "frame" }>): string {
  switch (row.kind) {
    case "gap":
      return `${plural(row.skipped, "frame")} not shown: too many a second`;
    case "restart":
      return "The broker was started again";
    case "seam":
      return "Watched from here on; before, as far as somebody else watched";
    case "dropped":
      return `${plural(row.count, "older frame")} let go to make room`;
  }
}

function rowClass(row: TimelineRow | undefined, openNumber: number | undefined): string {
  if (row === undefined) return "";
  if (row.kind !== "frame") return "note-row";
  return row.entry.frame.number === openNumber ? "open" : "";
}

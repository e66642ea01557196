import type { JSX } from "preact";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { Sample } from "../../src/api/values.ts";
import { formatClock } from "../ui/format.ts";
import { useColours, type Colours } from "../ui/use_colours.ts";
import { useWidth } from "../ui/use_width.ts";
import { chartData, type Line, type Span, summaryOf } from "./series.ts";

/** A line and the colour it is drawn in. */
export interface DrawnLine extends Line {
  readonly colour: keyof Colours;
}

/** Some lines over time. */
export interface ChartProps {
  readonly title: string;
  readonly lines: readonly DrawnLine[];
  readonly samples: readonly Sample[];
  readonly span: Span;
  readonly format: (value: number) => string;
  /** The highest value that the axis has at least. */
  readonly least: number;
  /** Distances that the marks of the axis may have; powers of ten and their halves if absent. */
  readonly steps?: number[];
}

const HEIGHT_PX = 150;
const AXIS_PX = 58;
const AXIS_FONT = "11px system-ui, sans-serif";
/** Half a time with seconds, which may stand at the very end of its axis. */
const END_PX = 28;

/**
 * See {@link ChartProps}. What it shows is also said in words below its title;
 * with the arrow keys one goes from point to point and reads its values.
 */
export function Chart(props: ChartProps): JSX.Element {
  const { title, lines, samples, span, format } = props;
  const id = useId();
  const [box, width] = useWidth<HTMLDivElement>();
  const plot = useRef<uPlot | undefined>(undefined);
  const colours = useColours();
  // A time and not a place: places move on each second.
  const [cursorAt, setCursorAt] = useState<number>();
  const byKeys = useRef(false);
  const data = useMemo(
    () => chartData(samples, lines, span),
    [samples, lines, span.from, span.to, span.points],
  );
  const last = data.times.length - 1;
  const cursor = cursorAt === undefined ? undefined : nearest(data.times, cursorAt);
  const points: uPlot.AlignedData = [
    data.times.map((at) => at / 1_000),
    ...data.values.map((values) => [...values]),
  ];
  const pointsRef = useRef(points);
  pointsRef.current = points;

  useEffect(() => {
    const element = box.current;
    if (element === null || width === 0) return;
    const made = new uPlot(
      optionsFor({ lines, colours, width, format, least: props.least, steps: props.steps }),
      pointsRef.current,
      element,
    );
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = undefined;
    };
  }, [width, colours, lines]);

  useEffect(() => {
    const made = plot.current;
    if (made === undefined) return;
    made.setData(points);
    // The mouse is where it is; where the keys are has moved with the time.
    if (byKeys.current && cursorAt !== undefined) placeCursor(made, cursorAt);
  }, [data]);

  const moveTo = (index: number): void => {
    const place = Math.max(0, Math.min(last, index));
    const at = data.times[place];
    const made = plot.current;
    if (at === undefined || made === undefined) return;
    byKeys.current = true;
    setCursorAt(at);
    placeCursor(made, at);
  };
  const onPointerMove = (event: PointerEvent): void => {
    const made = plot.current;
    if (made === undefined) return;
    const left = event.clientX - made.over.getBoundingClientRect().left;
    if (left < 0) return leave();
    byKeys.current = false;
    setCursorAt(made.posToVal(left, "x") * 1_000);
  };
  const leave = (): void => {
    byKeys.current = false;
    setCursorAt(undefined);
    plot.current?.setCursor({ left: -10, top: -10 }, false);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const from = cursor ?? last;
    const moves: Record<string, () => void> = {
      ArrowLeft: () => moveTo(from - 1),
      ArrowRight: () => moveTo(from + 1),
      PageUp: () => moveTo(from - 10),
      PageDown: () => moveTo(from + 10),
      Home: () => moveTo(0),
      End: () => moveTo(last),
      Escape: leave,
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    move();
  };

  const valueAt = (line: number): string => {
    const value = data.values[line]?.[cursor ?? lastKnown(data.values[line] ?? [])];
    return value === undefined || value === null ? "–" : format(value);
  };
  const shownAt = cursor === undefined ? undefined : data.times[cursor];
  const spoken = lines.map((line, index) => `${line.title} ${valueAt(index)}`).join(", ");
  const summary = summaryOf(data, 0);
  return (
    <section class="card chart" aria-labelledby={`${id}-title`}>
      <div class="chart-head">
        <h2 id={`${id}-title`}>{title}</h2>
        <span class="chart-when muted">{shownAt === undefined ? "now" : formatClock(shownAt)}</span>
      </div>
      <dl class="chart-values">
        {lines.map((line, index) => (
          <div key={line.title}>
            <dt>
              <span class="swatch" style={{ background: colours[line.colour] }} />
              {line.title}
            </dt>
            <dd>{valueAt(index)}</dd>
          </div>
        ))}
      </dl>
      <div
        class="chart-plot"
        ref={box}
        role="slider"
        tabIndex={0}
        aria-label={`${title} over time: arrow keys read the values`}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, last)}
        aria-valuenow={Math.max(0, cursor ?? last)}
        aria-valuetext={shownAt === undefined ? "now" : `${formatClock(shownAt)}: ${spoken}`}
        onKeyDown={onKeyDown}
        onBlur={leave}
        onPointerMove={onPointerMove}
        onPointerLeave={leave}
      />
      <p class="chart-summary muted">
        {summary === undefined
          ? "Nothing known yet."
          : `${lines[0]?.title}: highest ${format(summary.highest)} at ${formatClock(summary.highestAt)}, mean ${format(summary.mean)}`}
      </p>
    </section>
  );
}

interface Drawing {
  readonly lines: readonly DrawnLine[];
  readonly colours: Colours;
  readonly width: number;
  readonly format: (value: number) => string;
  readonly least: number;
  readonly steps: number[] | undefined;
}

function optionsFor(drawing: Drawing): uPlot.Options {
  const { lines, colours, width, format, least, steps } = drawing;
  const axis = {
    stroke: colours.quiet,
    font: AXIS_FONT,
    grid: { stroke: colours.line, width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT_PX,
    padding: [8, END_PX, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 7 },
    },
    scales: {
      x: { time: true },
      y: { range: (_plot, _min, max) => [0, Math.max(least, (max ?? 0) * 1.1)] },
    },
    axes: [
      { ...axis, size: 26, space: 70, values: (_plot, times) => times.map(clockOf(times)) },
      {
        ...axis,
        size: AXIS_PX,
        space: 34,
        values: (_plot, ticks) => ticks.map(format),
        ...(steps === undefined ? {} : { incrs: steps }),
      },
    ],
    series: [
      {},
      ...lines.map((line, index) => ({
        label: line.title,
        stroke: colours[line.colour],
        width: 1.5,
        points: { show: false },
        ...(index === 0 ? { fill: `${colours[line.colour]}1f` } : {}),
      })),
    ],
  };
}

/** Seconds only where the marks are closer than a minute. */
function clockOf(times: readonly number[]): (time: number) => string {
  const step = (times[1] ?? 0) - (times[0] ?? 0);
  return (time) => formatClock(time * 1_000).slice(0, step > 0 && step < 60 ? 8 : 5);
}

function placeCursor(plot: uPlot, at: number): void {
  plot.setCursor({ left: plot.valToPos(at / 1_000, "x"), top: -10 }, false);
}

function nearest(times: readonly number[], at: number): number {
  const [first = 0, second = first + 1] = times;
  const place = Math.round((at - first) / (second - first));
  return Math.max(0, Math.min(times.length - 1, place));
}

function lastKnown(values: readonly (number | null)[]): number {
  return values.findLastIndex((value) => value !== null);
}

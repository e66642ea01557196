import type { JSX } from "preact";
import type { Sample } from "../../src/api/values.ts";
import { usePolled } from "../broker/api.ts";
import { statistics } from "../broker/this_statistics.ts";
import { hrefTo, type RouteParams } from "../route.ts";
import { formatBytes, formatCount, formatMs, formatRate } from "../ui/format.ts";
import { LoadProblem } from "../ui/load_problem.tsx";
import { useStore } from "../ui/use_store.ts";
import { Chart, type DrawnLine } from "./chart.tsx";
import { Figures } from "./figures.tsx";
import { FirstSteps } from "./first_steps.tsx";
import { HourTable } from "./hour_table.tsx";
import { Problems } from "./problems.tsx";
import type { Span } from "./series.ts";

interface ChartPlan {
  readonly title: string;
  readonly lines: readonly DrawnLine[];
  readonly format: (value: number) => string;
  readonly least: number;
  readonly steps?: number[];
}

/** Powers of two, so that the axis has whole KiB and MiB. */
const BYTE_STEPS = Array.from({ length: 44 }, (_none, power) => 2 ** power);

const CHARTS: readonly ChartPlan[] = [
  {
    title: "Messages per second",
    lines: [
      { title: "in", colour: "in", fold: "mean", valueOf: (s: Sample) => s.messagesInRate },
      { title: "out", colour: "out", fold: "mean", valueOf: (s: Sample) => s.messagesOutRate },
    ],
    format: formatRate,
    least: 5,
  },
  {
    title: "Connections",
    lines: [
      { title: "open", colour: "accent", fold: "last", valueOf: (s: Sample) => s.connections },
      {
        title: "subscriptions",
        colour: "out",
        fold: "last",
        valueOf: (s: Sample) => s.subscriptions,
      },
    ],
    format: (value) => formatCount(value),
    least: 5,
  },
  {
    title: "Messages in queues",
    lines: [
      { title: "waiting", colour: "accent", fold: "last", valueOf: (s: Sample) => s.queueMessages },
      {
        title: "unacked",
        colour: "out",
        fold: "last",
        valueOf: (s: Sample) => s.heldMessages,
      },
    ],
    format: (value) => formatCount(value),
    least: 5,
  },
  {
    title: "Memory",
    lines: [
      { title: "messages", colour: "accent", fold: "last", valueOf: (s: Sample) => s.memoryBytes },
      { title: "process", colour: "out", fold: "last", valueOf: (s: Sample) => s.residentBytes },
    ],
    format: formatBytes,
    steps: BYTE_STEPS,
    least: 1_048_576,
  },
  {
    title: "Event-loop delay",
    lines: [
      {
        title: "longest",
        colour: "accent",
        fold: "max",
        valueOf: (s: Sample) => s.eventLoopDelayMs,
      },
    ],
    format: formatMs,
    least: 10,
  },
  {
    title: "Frames per second",
    lines: [
      { title: "received", colour: "in", fold: "mean", valueOf: (s: Sample) => s.framesInRate },
    ],
    format: formatRate,
    least: 5,
  },
];

const SPANS = [
  { id: "5", title: "5 minutes", ms: 300_000 },
  { id: "15", title: "15 minutes", ms: 900_000 },
  { id: "60", title: "1 hour", ms: 3_600_000 },
] as const;

const POINTS = 300;
const YOUNG_MS = 60_000;

/** The page at `#/overview`: how the broker is doing, and what is wrong. */
export function OverviewPage({ params }: { readonly params: RouteParams }): JSX.Element {
  const { samples, problems } = useStore(statistics.lastHour);
  const { value: status, error, refresh } = usePolled("status", {}, 5_000);
  const chosen = SPANS.find(({ id }) => id === params["minutes"]) ?? SPANS[0];
  const latest = samples.at(-1);
  const to = latest?.at ?? 0;
  // A broker that has just begun fills its first minute.
  const begin = Math.min(samples[0]?.at ?? 0, to - YOUNG_MS);
  const span: Span = { from: Math.max(begin, to - chosen.ms), to, points: POINTS };
  // What is wrong may stand above the charts, and would move them.
  const isKnown = problems !== undefined && (status !== undefined || error !== undefined);
  // Whom the broker tells nothing does not know that either.
  const isUnused =
    problems !== undefined &&
    status !== undefined &&
    status.messagesIn === 0 &&
    status.messagesWaiting === 0 &&
    status.connections <= 1;
  return (
    <>
      <div class="toolbar">
        <h1>Overview</h1>
        <nav class="choices" aria-label="How far back">
          {SPANS.map(({ id, title }) => (
            <a
              key={id}
              href={hrefTo("overview", { minutes: id })}
              aria-current={id === chosen.id ? "true" : undefined}
            >
              {title}
            </a>
          ))}
        </nav>
      </div>
      {error !== undefined && <LoadProblem error={error} onRetry={refresh} />}
      <Figures status={status} latest={latest} error={error} />
      {isUnused && <FirstSteps status={status} />}
      <div class="overview">
        <Problems problems={problems} />
        {isKnown && (
          <div class="charts">
            {CHARTS.map((chart) => (
              <Chart key={chart.title} {...chart} samples={samples} span={span} />
            ))}
          </div>
        )}
      </div>
      {isKnown && <HourTable samples={samples} />}
    </>
  );
}

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { Sample } from "../../src/api/values.ts";
import { formatBytes, formatClock, formatCount, formatMs, formatRate } from "../ui/format.ts";
import { HISTORY_MS } from "../broker/samples.ts";
import { chartData, type Line } from "./series.ts";

interface TableLine extends Line {
  readonly format: (value: number) => string;
}

const ROWS = 12;
const LINES: readonly TableLine[] = [
  {
    title: "Messages in, per s",
    fold: "mean",
    valueOf: (s) => s.messagesInRate,
    format: formatRate,
  },
  {
    title: "Messages out, per s",
    fold: "mean",
    valueOf: (s) => s.messagesOutRate,
    format: formatRate,
  },
  { title: "Connections", fold: "last", valueOf: (s) => s.connections, format: formatCount },
  { title: "Waiting", fold: "last", valueOf: (s) => s.queueMessages, format: formatCount },
  { title: "Unacknowledged", fold: "last", valueOf: (s) => s.heldMessages, format: formatCount },
  { title: "Memory of messages", fold: "last", valueOf: (s) => s.memoryBytes, format: formatBytes },
  { title: "Process", fold: "last", valueOf: (s) => s.residentBytes, format: formatBytes },
  { title: "Longest delay", fold: "max", valueOf: (s) => s.eventLoopDelayMs, format: formatMs },
];

/** The last hour in numbers, for those to whom a line says nothing. */
export function HourTable({ samples }: { readonly samples: readonly Sample[] }): JSX.Element {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details class="hour" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>The last hour as a table</summary>
      {isOpen && <Table samples={samples} />}
    </details>
  );
}

function Table({ samples }: { readonly samples: readonly Sample[] }): JSX.Element {
  const to = samples.at(-1)?.at ?? 0;
  const data = useMemo(
    () => chartData(samples, LINES, { from: to - HISTORY_MS, to, points: ROWS }),
    [samples],
  );
  const rows = data.times.map((at, index) => ({
    at,
    values: LINES.map((line, place) => ({ line, value: data.values[place]?.[index] ?? null })),
  }));
  const known = rows.filter(({ values }) => values.some(({ value }) => value !== null)).reverse();
  return (
    <div class="wide-table" tabIndex={0} role="group" aria-label="The last hour, newest first">
      <table>
        <thead>
          <tr>
            <th scope="col">Five minutes around</th>
            {LINES.map(({ title }) => (
              <th key={title} scope="col" class="numeric">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {known.map(({ at, values }) => (
            <tr key={at}>
              <th scope="row">{formatClock(at).slice(0, 5)}</th>
              {values.map(({ line, value }) => (
                <td key={line.title} class="numeric">
                  {value === null ? "–" : line.format(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

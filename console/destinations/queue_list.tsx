import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { CALLS } from "../../src/api/calls.ts";
import type { QueueInfo } from "../../src/api/values.ts";
import { callApi } from "../broker/api.ts";
import { createRates, type Rates } from "../broker/rates.ts";
import { useWindowRows } from "../broker/use_window_rows.ts";
import { type Column, DataTable } from "../ui/data_table.tsx";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDateTime,
  formatRate,
  plural,
} from "../ui/format.ts";
import { LoadProblem } from "../ui/load_problem.tsx";
import { VisibleText } from "../ui/visible_text.tsx";
import type { ListProps } from "./list_props.ts";

const EVERY_MS = 2_000;
const { sort: sortSchema, order: orderSchema } = CALLS.queues.query.shape;

/** The queues of one kind. */
export function QueueList(props: ListProps & { readonly kind: QueueInfo["kind"] }): JSX.Element {
  const { kind, filter, params, go } = props;
  const [rates] = useState(() => createRates({ minGapMs: 900, keysMax: 10_000 }));
  const sort = sortSchema.catch("name").parse(params["sort"]);
  const order = orderSchema.catch("asc").parse(params["order"]);
  const rows = useWindowRows({
    key: JSON.stringify([kind, filter, sort, order]),
    everyMs: EVERY_MS,
    fetchPart: (range, signal) =>
      callApi("queues", { kind, filter, sort, order, ...range }, { signal }),
    note: (queue, at) => rates.note(queue.path, [queue.enqueued, queue.dequeued], at),
  });
  return (
    <>
      {rows.error !== undefined && <LoadProblem error={rows.error} onRetry={rows.refresh} />}
      <DataTable
        class="fill"
        label={TITLES[kind]}
        columns={queueColumns({ rates, now: rows.knownAt })}
        total={rows.total}
        at={rows.at}
        itemKey={({ path }) => path}
        onOpen={({ name }) => go({ open: name })}
        onWindow={rows.show}
        sorting={{ by: sort, order }}
        onSort={({ by, order: next }) => go({ sort: by, order: next }, { replace: true })}
        empty={props.empty}
      />
    </>
  );
}

const TITLES: Readonly<Record<QueueInfo["kind"], string>> = {
  queue: "Queues",
  "dead-letters": "Dead letters",
  temporary: "Temporary queues",
};

function queueColumns(about: {
  readonly rates: Rates;
  readonly now: number;
}): readonly Column<QueueInfo>[] {
  const { rates, now } = about;
  const rate = (queue: QueueInfo, place: number): string => {
    const known = rates.of(queue.path)?.[place];
    return known === undefined ? "–" : formatRate(known);
  };
  return [
    {
      id: "name",
      title: "Name",
      sort: "name",
      width: 9,
      grow: 1,
      rank: 0,
      cell: ({ name }) => <VisibleText text={name} max={160} cut="end" />,
    },
    {
      id: "ready",
      title: "Waiting",
      hint: "Messages that wait for a consumer",
      sort: "ready",
      numeric: true,
      width: 5,
      rank: 0,
      cell: ({ ready }) => formatCount(ready),
    },
    {
      id: "held",
      title: "Held",
      hint: "Messages that consumers have and did not acknowledge yet",
      sort: "held",
      numeric: true,
      width: 4.5,
      rank: 3,
      cell: ({ held, delayed }) => (
        <>
          {formatCount(held)}
          {delayed > 0 && (
            <span
              class="muted"
              title={`${plural(delayed, "refused message")} kept back for a while`}
            >
              {" "}
              +{formatCount(delayed)}
            </span>
          )}
        </>
      ),
    },
    {
      id: "consumers",
      title: "Consumers",
      sort: "consumers",
      numeric: true,
      width: 6,
      rank: 2,
      cell: ({ consumers, ready }) =>
        consumers === 0 && ready > 0 ? (
          <span class="warn" title="Nobody reads what waits here">
            0
          </span>
        ) : (
          formatCount(consumers)
        ),
    },
    {
      id: "oldest",
      title: "Oldest",
      hint: "How long the oldest waiting message has been there",
      sort: "oldestAt",
      numeric: true,
      width: 5,
      rank: 1,
      cell: ({ oldestAt }) =>
        oldestAt === undefined ? (
          <span class="muted">–</span>
        ) : (
          <span title={formatDateTime(oldestAt)}>{formatAge(now - oldestAt)}</span>
        ),
    },
    {
      id: "in",
      title: "In /s",
      hint: "Messages that come, per second; sorted by all that came so far",
      sort: "enqueued",
      numeric: true,
      width: 4.5,
      rank: 4,
      cell: (queue) => rate(queue, 0),
    },
    {
      id: "out",
      title: "Out /s",
      hint: "Messages that leave, per second",
      numeric: true,
      width: 4.5,
      rank: 5,
      cell: (queue) => rate(queue, 1),
    },
    {
      id: "bytes",
      title: "Size",
      sort: "bytes",
      numeric: true,
      width: 5.5,
      rank: 6,
      cell: ({ bytes }) => formatBytes(bytes),
    },
  ];
}

import type { JSX } from "preact";
import { CALLS } from "../../src/api/calls.ts";
import type { DurableInfo } from "../../src/api/values.ts";
import { callApi } from "../broker/api.ts";
import { useWindowRows } from "../broker/use_window_rows.ts";
import { type Column, DataTable } from "../ui/data_table.tsx";
import { formatAge, formatBytes, formatCount, formatDateTime } from "../ui/format.ts";
import { LoadProblem } from "../ui/load_problem.tsx";
import { VisibleText } from "../ui/visible_text.tsx";
import type { ListProps } from "./list_props.ts";

const EVERY_MS = 2_000;
const { sort: sortSchema, order: orderSchema } = CALLS.durables.query.shape;

/** The durable subscriptions, in use or not. */
export function DurableList(props: ListProps): JSX.Element {
  const { filter, params, go } = props;
  const sort = sortSchema.catch("name").parse(params["sort"]);
  const order = orderSchema.catch("asc").parse(params["order"]);
  const rows = useWindowRows({
    key: JSON.stringify([filter, sort, order]),
    everyMs: EVERY_MS,
    fetchPart: (range, signal) =>
      callApi("durables", { filter, sort, order, ...range }, { signal }),
  });
  return (
    <>
      {rows.error !== undefined && <LoadProblem error={rows.error} onRetry={rows.refresh} />}
      <DataTable
        class="fill"
        label="Durable subscriptions"
        columns={durableColumns(rows.knownAt)}
        total={rows.total}
        at={rows.at}
        itemKey={({ id }) => id}
        onOpen={({ id, name }) => go({ open: id, name })}
        onWindow={rows.show}
        sorting={{ by: sort, order }}
        onSort={({ by, order: next }) => go({ sort: by, order: next }, { replace: true })}
        empty={props.empty}
      />
    </>
  );
}

function durableColumns(now: number): readonly Column<DurableInfo>[] {
  return [
    {
      id: "name",
      title: "Name",
      sort: "name",
      width: 8,
      grow: 1,
      rank: 0,
      cell: ({ name, clientId }) => (
        <>
          <VisibleText text={name} max={120} cut="end" />
          {clientId !== undefined && (
            <span class="muted">
              {" "}
              of <VisibleText text={clientId} max={80} cut="end" />
            </span>
          )}
        </>
      ),
    },
    {
      id: "destination",
      title: "Topic",
      sort: "destination",
      width: 8,
      grow: 1,
      rank: 2,
      cell: ({ destination }) => <VisibleText text={destination} max={160} cut="end" />,
    },
    {
      id: "connected",
      title: "Subscriber",
      width: 6,
      rank: 1,
      cell: ({ connected }) => (connected ? "connected" : <span class="tag wait">away</span>),
    },
    {
      id: "ready",
      title: "Waiting",
      sort: "ready",
      numeric: true,
      width: 5,
      rank: 0,
      cell: ({ ready }) => formatCount(ready),
    },
    {
      id: "oldest",
      title: "Oldest",
      hint: "How long the oldest waiting message has been there",
      numeric: true,
      width: 5,
      rank: 3,
      cell: ({ oldestAt }) =>
        oldestAt === undefined ? (
          <span class="muted">–</span>
        ) : (
          <span title={formatDateTime(oldestAt)}>{formatAge(now - oldestAt)}</span>
        ),
    },
    {
      id: "bytes",
      title: "Size",
      sort: "bytes",
      numeric: true,
      width: 5.5,
      rank: 4,
      cell: ({ bytes }) => formatBytes(bytes),
    },
  ];
}

import type { JSX } from "preact";
import { CALLS } from "../../src/api/calls.ts";
import type { TopicInfo } from "../../src/api/values.ts";
import { callApi } from "../broker/api.ts";
import { useWindowRows } from "../broker/use_window_rows.ts";
import { type Column, DataTable } from "../ui/data_table.tsx";
import { formatCount } from "../ui/format.ts";
import { LoadProblem } from "../ui/load_problem.tsx";
import { VisibleText } from "../ui/visible_text.tsx";
import type { ListProps } from "./list_props.ts";

const EVERY_MS = 2_000;
const { sort: sortSchema, order: orderSchema } = CALLS.topics.query.shape;

const COLUMNS: readonly Column<TopicInfo>[] = [
  {
    id: "name",
    title: "Name or pattern",
    sort: "name",
    width: 9,
    grow: 1,
    rank: 0,
    cell: ({ name, pattern }) => (
      <>
        <VisibleText text={name} max={160} cut="end" />{" "}
        {pattern && <span class="tag">pattern</span>}
      </>
    ),
  },
  {
    id: "subscribers",
    title: "Subscribers",
    sort: "subscribers",
    numeric: true,
    width: 6.5,
    rank: 0,
    cell: ({ subscribers }) => formatCount(subscribers),
  },
  {
    id: "durables",
    title: "Durable",
    hint: "Durable subscriptions among the subscribers",
    numeric: true,
    width: 5,
    rank: 1,
    cell: ({ durables }) => formatCount(durables),
  },
];

/** The topics that have subscribers. */
export function TopicList(props: ListProps): JSX.Element {
  const { filter, params, go } = props;
  const sort = sortSchema.catch("name").parse(params["sort"]);
  const order = orderSchema.catch("asc").parse(params["order"]);
  const rows = useWindowRows({
    key: JSON.stringify([filter, sort, order]),
    everyMs: EVERY_MS,
    fetchPart: (range, signal) => callApi("topics", { filter, sort, order, ...range }, { signal }),
  });
  return (
    <>
      {rows.error !== undefined && <LoadProblem error={rows.error} onRetry={rows.refresh} />}
      <DataTable
        class="fill"
        label="Topics"
        columns={COLUMNS}
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

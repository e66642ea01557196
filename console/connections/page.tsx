import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { CALLS } from "../../src/api/calls.ts";
import { callApi } from "../broker/api.ts";
import { createRates } from "../broker/rates.ts";
import { useWindowRows } from "../broker/use_window_rows.ts";
import type { RouteParams } from "../route.ts";
import { DataTable, type Sorting } from "../ui/data_table.tsx";
import { FilterField } from "../ui/filter_field.tsx";
import { formatCount } from "../ui/format.ts";
import { LoadProblem } from "../ui/load_problem.tsx";
import { navigate } from "../use_route.ts";
import { connectionColumns, totalsOf } from "./columns.tsx";
import { ConnectionPanel } from "./panel.tsx";

const EVERY_MS = 2_000;
const querySchema = CALLS.connections.query;
const sortSchema = querySchema.shape.sort;
const orderSchema = querySchema.shape.order;

/** The page at `#/connections`: who is connected, and what each of them does. */
export function ConnectionsPage({ params }: { readonly params: RouteParams }): JSX.Element {
  const [rates] = useState(() => createRates({ minGapMs: 900, keysMax: 10_000 }));
  const filter = params["q"] ?? "";
  const sort = sortSchema.catch("number").parse(params["sort"]);
  const order = orderSchema.catch("asc").parse(params["order"]);
  const open = params["open"] === undefined ? undefined : Number(params["open"]);
  const go = (changes: RouteParams, options: { readonly replace?: boolean } = {}): void =>
    navigate({ page: "connections", params: { ...params, ...changes } }, options);

  const rows = useWindowRows({
    key: JSON.stringify([filter, sort, order]),
    everyMs: EVERY_MS,
    fetchPart: (range, signal) =>
      callApi("connections", { filter, sort, order, ...range }, { signal }),
    note: (connection, at) => rates.note(connection.number, totalsOf(connection), at),
  });
  const sorting: Sorting = { by: sort, order };
  const close = (): void => go({ open: undefined });
  return (
    <>
      <div class="toolbar">
        <h1>
          Connections{" "}
          <span class="count muted">{rows.total === undefined ? "" : formatCount(rows.total)}</span>
        </h1>
        <FilterField
          label="Filter by address, login, client id"
          value={filter}
          onChange={(q) => go({ q }, { replace: true })}
        />
      </div>
      {rows.error !== undefined && <LoadProblem error={rows.error} onRetry={rows.refresh} />}
      <div class={open === undefined ? "split fill" : "split fill has-panel"}>
        <DataTable
          label="Connections"
          columns={connectionColumns({ rates, now: rows.knownAt })}
          total={rows.total}
          at={rows.at}
          itemKey={({ number }) => number}
          isOpen={({ number }) => number === open}
          onOpen={({ number }) => go({ open: String(number) })}
          onWindow={rows.show}
          sorting={sorting}
          onSort={({ by, order: next }) => go({ sort: by, order: next }, { replace: true })}
          empty={<NoConnections filter={filter} />}
        />
        {open !== undefined && Number.isSafeInteger(open) && (
          <ConnectionPanel key={open} number={open} onClose={close} onGone={rows.refresh} />
        )}
      </div>
    </>
  );
}

function NoConnections({ filter }: { readonly filter: string }): JSX.Element {
  return filter === "" ? (
    <div class="empty">
      <h2>Nobody is connected</h2>
      <p>As soon as a client connects, it shows here.</p>
    </div>
  ) : (
    <div class="empty">
      <h2>No connection matches</h2>
      <p>The filter looks at address, login and client id.</p>
    </div>
  );
}

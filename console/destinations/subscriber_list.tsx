import type { ComponentChildren, JSX } from "preact";
import type { SubscriberInfo } from "../../src/api/values.ts";
import { callApi } from "../broker/api.ts";
import { useWindowRows } from "../broker/use_window_rows.ts";
import { hrefTo } from "../route.ts";
import { type Column, DataTable } from "../ui/data_table.tsx";
import { formatCount, formatPeer } from "../ui/format.ts";
import { LoadProblem } from "../ui/load_problem.tsx";
import { VisibleText } from "../ui/visible_text.tsx";
import { navigate } from "../use_route.ts";

const EVERY_MS = 2_000;

/** Who gets what is sent to a destination, each with the way to its connection. */
export interface SubscriberListProps {
  /** A queue, a topic, or a pattern of topics. */
  readonly path: string;
  readonly label: string;
  /** Shown when there is nobody. */
  readonly empty: ComponentChildren;
}

/** See {@link SubscriberListProps}. */
export function SubscriberList({ path, label, empty }: SubscriberListProps): JSX.Element {
  const rows = useWindowRows({
    key: path,
    everyMs: EVERY_MS,
    fetchPart: (range, signal) =>
      callApi("subscriptions", { destination: path, ...range }, { signal }),
  });
  const open = ({ connection }: SubscriberInfo): void =>
    navigate({ page: "connections", params: { open: String(connection) } });
  return (
    <>
      {rows.error !== undefined && <LoadProblem error={rows.error} onRetry={rows.refresh} />}
      <DataTable
        class="fill"
        label={label}
        columns={columnsOf(path)}
        total={rows.total}
        at={rows.at}
        itemKey={({ connection, id = "", destination }) => `${connection} ${id} ${destination}`}
        onOpen={open}
        onWindow={rows.show}
        empty={empty}
      />
    </>
  );
}

function columnsOf(path: string): readonly Column<SubscriberInfo>[] {
  return [
    {
      id: "connection",
      title: "Conn.",
      hint: "Number of the connection",
      numeric: true,
      width: 4,
      rank: 0,
      cell: ({ connection }) => (
        <a tabIndex={-1} href={hrefTo("connections", { open: String(connection) })}>
          {formatCount(connection)}
        </a>
      ),
    },
    {
      id: "who",
      title: "Who",
      width: 7,
      grow: 1,
      rank: 0,
      cell: ({ login, clientId, peer }) => (
        <>
          {login !== "" && (
            <>
              <VisibleText text={login} max={80} cut="end" />{" "}
            </>
          )}
          {clientId !== undefined && clientId !== login && (
            <>
              <VisibleText text={clientId} max={80} cut="end" />{" "}
            </>
          )}
          <span class="muted">
            <VisibleText text={formatPeer(peer)} cut="end" />
          </span>
        </>
      ),
    },
    {
      id: "subscription",
      title: "Subscription",
      hint: "Its id, and what it subscribed to where that is not just this",
      width: 8,
      grow: 1,
      rank: 2,
      cell: ({ id, destination, durable, browses }) => (
        <>
          {id !== undefined && <VisibleText text={id} max={80} cut="end" />}{" "}
          {destination !== path && (
            <span class="muted">
              <VisibleText text={destination} max={120} cut="end" />
            </span>
          )}{" "}
          {durable && <span class="tag">durable</span>}
          {browses && (
            <span class="tag" title="It is shown messages without consuming them">
              browses
            </span>
          )}
        </>
      ),
    },
    {
      id: "selector",
      title: "Selector",
      width: 8,
      grow: 1,
      rank: 4,
      cell: ({ selector }) =>
        selector === undefined ? (
          <span class="muted">–</span>
        ) : (
          <code>
            <VisibleText text={selector} max={160} cut="end" />
          </code>
        ),
    },
    {
      id: "ack",
      title: "Ack",
      hint: "How it acknowledges",
      width: 8,
      rank: 3,
      cell: ({ ack }) => ack,
    },
    {
      id: "unacknowledged",
      title: "Unacked",
      hint: "Messages that it has and did not acknowledge, and how many it may have",
      numeric: true,
      width: 7,
      rank: 1,
      cell: ({ unacknowledged, prefetch }) =>
        prefetch === undefined
          ? formatCount(unacknowledged)
          : `${formatCount(unacknowledged)} of ${formatCount(prefetch)}`,
    },
  ];
}

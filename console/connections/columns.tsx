import type { ConnectionInfo } from "../../src/api/values.ts";
import type { Rates } from "../broker/rates.ts";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDateTime,
  formatPeer,
  formatRate,
} from "../ui/format.ts";
import { VisibleText } from "../ui/visible_text.tsx";
import type { Column } from "../ui/data_table.tsx";

/** What rates are kept of, for each connection. */
export const totalsOf = (connection: ConnectionInfo): readonly number[] => [
  connection.messagesIn,
  connection.messagesOut,
];

/** The columns of the list of connections; `now` is in ms since the epoch. */
export function connectionColumns(about: {
  readonly rates: Rates;
  readonly now: number;
}): readonly Column<ConnectionInfo>[] {
  const { rates, now } = about;
  const rate = (connection: ConnectionInfo, place: number): string => {
    const known = rates.of(connection.number)?.[place];
    return known === undefined ? "–" : formatRate(known);
  };
  return [
    {
      id: "number",
      title: "No.",
      sort: "number",
      numeric: true,
      width: 4.5,
      rank: 0,
      cell: ({ number }) => formatCount(number),
    },
    {
      id: "address",
      title: "From",
      sort: "address",
      width: 9,
      grow: 1.6,
      rank: 0,
      cell: ({ peer, login, state, paused }, shown) => (
        <>
          <span class="tag">{peer.transport}</span>{" "}
          {!shown.has("login") && login !== "" && (
            <>
              <VisibleText text={login} cut="end" max={80} />{" "}
            </>
          )}
          <VisibleText text={formatPeer(peer)} cut="end" />
          {state !== "connected" && <span class="tag wait">{state}</span>}
          {paused && (
            <span class="tag wait" title="It sends faster than it may: not read for a moment">
              paused
            </span>
          )}
        </>
      ),
    },
    {
      id: "login",
      title: "Login",
      sort: "login",
      width: 6,
      grow: 1,
      rank: 3,
      cell: ({ login, clientId }) => (
        <>
          <VisibleText text={login} cut="end" max={80} />
          {clientId !== undefined && clientId !== login && (
            <span class="muted">
              {" "}
              <VisibleText text={clientId} cut="end" max={80} />
            </span>
          )}
        </>
      ),
    },
    {
      id: "version",
      title: "STOMP",
      sort: "version",
      width: 4.5,
      rank: 9,
      cell: ({ version }) => (version === "" ? "–" : version),
    },
    {
      id: "subscriptions",
      title: "Subs",
      hint: "Subscriptions",
      sort: "subscriptions",
      numeric: true,
      width: 4.5,
      rank: 4,
      cell: ({ subscriptions }) => formatCount(subscriptions),
    },
    {
      id: "unacknowledged",
      title: "Unacked",
      hint: "Messages that it has and did not acknowledge yet",
      sort: "unacknowledged",
      numeric: true,
      width: 5.5,
      rank: 6,
      cell: ({ unacknowledged }) => formatCount(unacknowledged),
    },
    {
      id: "outbox",
      title: "Outbox",
      hint: "Bytes that wait for it to read",
      sort: "outboxBytes",
      numeric: true,
      width: 5.5,
      rank: 7,
      cell: ({ outboxBytes }) => formatBytes(outboxBytes),
    },
    {
      id: "in",
      title: "In /s",
      hint: "Messages that it sends, per second; sorted by all it sent so far",
      sort: "messagesIn",
      numeric: true,
      width: 4.5,
      rank: 2,
      cell: (connection) => rate(connection, 0),
    },
    {
      id: "out",
      title: "Out /s",
      hint: "Messages that it gets, per second; sorted by all it got so far",
      sort: "messagesOut",
      numeric: true,
      width: 4.5,
      rank: 1,
      cell: (connection) => rate(connection, 1),
    },
    {
      id: "seen",
      title: "Seen",
      hint: "How long ago anything came from it",
      sort: "lastReceivedAt",
      numeric: true,
      width: 5,
      rank: 5,
      cell: ({ lastReceivedAt }) => (
        <span title={formatDateTime(lastReceivedAt)}>{formatAge(now - lastReceivedAt)}</span>
      ),
    },
  ];
}

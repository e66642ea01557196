import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ConnectionDetail, SubscriptionInfo } from "../../src/api/values.ts";
import { asApiError, callApi, usePolled } from "../broker/api.ts";
import { createRates } from "../broker/rates.ts";
import { hrefTo } from "../route.ts";
import { confirm } from "../ui/confirm_dialog.tsx";
import { type Fact, Facts } from "../ui/facts.tsx";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDateTime,
  formatDuration,
  formatPeer,
  formatRate,
  plural,
} from "../ui/format.ts";
import { LoadProblem } from "../ui/load_problem.tsx";
import { Panel } from "../ui/panel.tsx";
import { showToast } from "../ui/toasts.tsx";
import { useNow } from "../ui/use_now.ts";
import { VisibleText } from "../ui/visible_text.tsx";
import { totalsOf } from "./columns.tsx";
import { heartBeatSentence } from "./heart_beat_sentence.ts";

const EVERY_MS = 1_000;
const SUBSCRIPTIONS_SHOWN = 100;

/** All that is known of one connection, and a way to end it. */
export function ConnectionPanel(props: {
  readonly number: number;
  readonly onClose: () => void;
  /** Called when it was ended from here. */
  readonly onGone: () => void;
}): JSX.Element {
  const { number, onClose, onGone } = props;
  const [rates] = useState(() => createRates({ minGapMs: 900, keysMax: 1 }));
  const { value, at, error, refresh } = usePolled("connection", { number }, EVERY_MS);
  const now = useNow(1_000);
  const isGone = error?.status === 404;
  if (value !== undefined) rates.note(number, totalsOf(value), at);

  const disconnect = async (connection: ConnectionDetail): Promise<void> => {
    const yes = await confirm({
      title: `Disconnect connection ${number}?`,
      detail: <DisconnectDetail connection={connection} />,
      action: "Disconnect",
    });
    if (!yes) return;
    try {
      await callApi("disconnect", { number });
      showToast(`Connection ${number} is disconnected`);
      onGone();
      refresh();
    } catch (cause) {
      showToast(asApiError(cause).message, "bad");
    }
  };

  return (
    <Panel title={`Connection ${number}`} onClose={onClose}>
      {isGone && (
        <p class="notice" role="status">
          {value === undefined
            ? "There is no such connection: it is closed, or never was."
            : "Closed. What follows is how it was."}
        </p>
      )}
      {error !== undefined && !isGone && <LoadProblem error={error} onRetry={refresh} />}
      {value !== undefined && (
        <>
          <div class="panel-actions">
            <a class="button small" href={hrefTo("frames", { connection: String(number) })}>
              Show its frames
            </a>
            <button
              type="button"
              class="small danger"
              disabled={isGone}
              onClick={() => void disconnect(value)}
            >
              Disconnect…
            </button>
          </div>
          <Facts facts={factsOf(value, { now, rates: rates.of(number) })} />
          <h3>{plural(value.subscriptions, "subscription")}</h3>
          <Subscriptions list={value.subscriptionList} total={value.subscriptions} />
        </>
      )}
    </Panel>
  );
}

function DisconnectDetail({ connection }: { readonly connection: ConnectionDetail }): JSX.Element {
  const { login, peer, unacknowledged, subscriptions } = connection;
  return (
    <>
      <p>
        {login === "" ? "The client" : <VisibleText text={login} cut="end" max={80} />} at{" "}
        <VisibleText text={formatPeer(peer)} cut="end" max={80} /> is told goodbye and loses its{" "}
        {plural(subscriptions, "subscription")}.
      </p>
      <p>
        {unacknowledged > 0 &&
          `${plural(unacknowledged, "message")} that it did not acknowledge return to their queues. `}
        Most clients connect again by themselves.
      </p>
    </>
  );
}

function factsOf(
  connection: ConnectionDetail,
  { now, rates }: { readonly now: number; readonly rates: readonly number[] | undefined },
): readonly Fact[] {
  const { peer, login, clientId, version, subProtocol, state } = connection;
  const rate = (place: number, total: number): string => {
    const known = rates?.[place];
    return `${known === undefined ? "–" : formatRate(known)} /s, ${formatCount(total)} in all`;
  };
  const ago = (at: number): string => `${formatAge(now - at)} ago`;
  return [
    {
      title: "State",
      value: connection.paused ? `${state}, not read for a moment` : state,
    },
    {
      title: "From",
      value: (
        <>
          <VisibleText text={formatPeer(peer)} /> over {peer.transport}
        </>
      ),
    },
    { title: "Login", value: login === "" ? "none" : <VisibleText text={login} /> },
    {
      title: "Client id",
      value: clientId === undefined ? "none" : <VisibleText text={clientId} />,
    },
    {
      title: "STOMP version",
      value: version === "" ? "not logged in yet" : <VisibleText text={version} />,
    },
    {
      title: "Sub-protocol",
      value: subProtocol === "" ? "none" : <VisibleText text={subProtocol} />,
    },
    {
      title: "Connected",
      value: (
        <span title={formatDateTime(connection.connectedAt)}>
          for {formatDuration(now - connection.connectedAt)}
        </span>
      ),
    },
    {
      title: "Heart-beats",
      value: heartBeatSentence(connection.heartBeatAsked, connection.heartBeatGranted),
    },
    { title: "Last received", value: ago(connection.lastReceivedAt) },
    { title: "Last sent", value: ago(connection.lastSentAt) },
    { title: "Messages in", value: rate(0, connection.messagesIn) },
    { title: "Messages out", value: rate(1, connection.messagesOut) },
    { title: "Frames in", value: formatCount(connection.framesIn) },
    { title: "Unacknowledged", value: formatCount(connection.unacknowledged) },
    { title: "Open transactions", value: formatCount(connection.transactions) },
    {
      title: "Outbox",
      hint: "What waits for the client to read",
      value: formatBytes(connection.outboxBytes),
    },
  ];
}

function Subscriptions(props: {
  readonly list: readonly SubscriptionInfo[];
  readonly total: number;
}): JSX.Element {
  const { list, total } = props;
  const [max, setMax] = useState(SUBSCRIPTIONS_SHOWN);
  const rest = Math.min(total, list.length) - max;
  if (list.length === 0) return <p class="muted">It has subscribed to nothing.</p>;
  return (
    <>
      <ul class="subscriptions">
        {list.slice(0, max).map((subscription, index) => (
          <li key={subscription.id ?? index}>
            <b>
              <VisibleText text={subscription.destination} />
            </b>
            <span class="muted">
              {subscription.id !== undefined && (
                <>
                  id <VisibleText text={subscription.id} max={80} />,{" "}
                </>
              )}
              {detailsOf(subscription).join(", ")}
            </span>
            {subscription.selector !== undefined && (
              <code>
                <VisibleText text={subscription.selector} />
              </code>
            )}
          </li>
        ))}
      </ul>
      {rest > 0 && (
        <button type="button" class="link" onClick={() => setMax(max + 500)}>
          {plural(rest, "more subscription")}
        </button>
      )}
    </>
  );
}

function detailsOf(subscription: SubscriptionInfo): string[] {
  const { ack, prefetch, durable, browses, unacknowledged } = subscription;
  return [
    `ack ${ack}`,
    ...(prefetch === undefined ? [] : [`prefetch ${formatCount(prefetch)}`]),
    ...(durable ? ["durable"] : []),
    ...(browses ? ["only looks"] : []),
    ...(ack === "auto" ? [] : [`${formatCount(unacknowledged)} unacknowledged`]),
  ];
}

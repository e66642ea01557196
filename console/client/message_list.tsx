import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { FrameInfo } from "../../src/api/values.ts";
import { headerOf, previewOf } from "../frames/frame_facts.ts";
import { formatBytes, formatClock, plural } from "../ui/format.ts";
import { useWidth } from "../ui/use_width.ts";
import { VirtualList } from "../ui/virtual_list.tsx";
import { VisibleText } from "../ui/visible_text.tsx";
import type { ClientSession } from "./client_session.ts";
import type { ClientState, ReceivedMessage, Verdict } from "./client_state.ts";
import { TransactionChoice } from "./transaction_choice.tsx";

/** Below this width, in CSS pixels, a message takes two lines. */
const WIDE_PX = 620;
const ROW_PX = 40;
const NARROW_ROW_PX = 64;

/** The messages that came, the newest last, with what can be said about each. */
export function MessageList(props: {
  readonly session: ClientSession;
  readonly state: ClientState;
  /** The frame whose details are shown, if any. */
  readonly shown: FrameInfo | undefined;
  readonly onShow: (frame: FrameInfo) => void;
}): JSX.Element {
  const { session, state, shown, onShow } = props;
  const { messages, transactions, dropped } = state;
  const [box, width] = useWidth<HTMLDivElement>();
  const [follows, setFollows] = useState(true);
  const [active, setActive] = useState<number>();
  const [chosen, setChosen] = useState("");
  const isWide = width === 0 || width >= WIDE_PX;
  const transaction = transactions.some((each) => each.id === chosen) ? chosen : undefined;
  const settle = (message: ReceivedMessage, command: "ACK" | "NACK"): void =>
    session.settle(message, { command, transaction });
  return (
    <div class="client-messages" ref={box}>
      {(transactions.length > 0 || messages.length > 0) && (
        <div class="client-messages-bar">
          {transactions.length > 0 && (
            <TransactionChoice
              label="Acknowledge in"
              transactions={transactions}
              chosen={transaction ?? ""}
              onChoose={setChosen}
            />
          )}
          {dropped > 0 && (
            <span class="muted">{plural(dropped, "older message")} let go to make room</span>
          )}
          <button type="button" class="small" onClick={() => session.clearMessages()}>
            Clear
          </button>
        </div>
      )}
      <VirtualList
        label="Messages"
        rows={messages.length}
        rowHeight={isWide ? ROW_PX : NARROW_ROW_PX}
        columns={1}
        row={(index) => {
          const message = messages[index];
          return message === undefined ? null : <Row message={message} onSettle={settle} />;
        }}
        rowKey={(index) => messages[index]?.frame.number ?? index}
        rowClass={(index) =>
          shown !== undefined && messages[index]?.frame.number === shown.number ? "open" : ""
        }
        active={active}
        onActive={setActive}
        onOpen={(index) => {
          const message = messages[index];
          if (message !== undefined) onShow(message.frame);
        }}
        follow={follows && shown === undefined}
        onAtEnd={setFollows}
        empty={<NoMessages state={state} />}
      />
    </div>
  );
}

function Row(props: {
  readonly message: ReceivedMessage;
  readonly onSettle: (message: ReceivedMessage, command: "ACK" | "NACK") => void;
}): JSX.Element {
  const { message, onSettle } = props;
  const { frame, subscription, verdict, ackId } = message;
  const preview = previewOf(frame);
  return (
    <div class="client-message" role="gridcell">
      <span class="time">{formatClock(frame.at, { ms: true })}</span>
      <span class="client-message-what">
        <VisibleText text={headerOf(frame, "destination") ?? ""} max={120} cut="end" />{" "}
        <span class="muted">
          <VisibleText text={subscription} max={40} cut="end" />
        </span>{" "}
        <span class="what-preview">
          {preview === "" ? (
            formatBytes(frame.bodyBytes)
          ) : (
            <VisibleText text={preview} multiline cut="end" />
          )}
        </span>
      </span>
      <span class="client-message-acts">
        {verdict !== undefined && <VerdictTag verdict={verdict} />}
        {verdict === undefined && ackId !== undefined && (
          <>
            <button type="button" class="small" onClick={() => onSettle(message, "ACK")}>
              Ack
            </button>
            <button type="button" class="small" onClick={() => onSettle(message, "NACK")}>
              Nack
            </button>
          </>
        )}
      </span>
    </div>
  );
}

function VerdictTag({ verdict }: { readonly verdict: Verdict }): JSX.Element {
  const { kind, transaction } = verdict;
  const tone = transaction === undefined ? (kind === "acknowledged" ? "good" : "bad") : "wait";
  return (
    <span class={`tag ${tone}`}>
      {kind}
      {transaction !== undefined && ` in ${transaction}`}
    </span>
  );
}

function NoMessages({ state }: { readonly state: ClientState }): JSX.Element {
  const { phase, subscriptions } = state;
  const next =
    phase !== "on"
      ? "Connect, subscribe to a destination, and what is sent there shows here."
      : subscriptions.length === 0
        ? "Subscribe to a destination, and what is sent there shows here."
        : "Nothing came yet. Send something to a destination that is subscribed to.";
  return (
    <div class="empty">
      <h2>No messages</h2>
      <p>{next}</p>
    </div>
  );
}

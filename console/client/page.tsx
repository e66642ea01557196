import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { FrameInfo } from "../../src/api/values.ts";
import { FrameDetail } from "../frames/frame_detail.tsx";
import { FrameList } from "../frames/frame_list.tsx";
import { timelineRows } from "../frames/timeline.ts";
import type { RouteParams } from "../route.ts";
import { formatCount } from "../ui/format.ts";
import { Panel } from "../ui/panel.tsx";
import { Tabs } from "../ui/tabs.tsx";
import { useStore } from "../ui/use_store.ts";
import type { ClientState } from "./client_state.ts";
import { ConnectionCard } from "./connection_card.tsx";
import { changeDraft, drafts } from "./drafts.ts";
import { unfold } from "./form_card.tsx";
import { MessageList } from "./message_list.tsx";
import { ProblemView } from "./problem_view.tsx";
import { ReceiptList } from "./receipt_list.tsx";
import { SendForm } from "./send_form.tsx";
import { SubscribeForm } from "./subscribe_form.tsx";
import { clientSession } from "./this_client.ts";
import { TransactionList } from "./transaction_list.tsx";

type TabId = "messages" | "frames" | "receipts";

/** The page at `#/client`: a STOMP client, to try things out with this broker or any other. */
export function ClientPage({ params }: { readonly params: RouteParams }): JSX.Element {
  const state = useStore(clientSession.state);
  const [tab, setTab] = useState<TabId>("messages");
  const [shown, setShown] = useState<FrameInfo>();
  const forms = useStore(drafts);
  const isOn = state.phase === "on";
  // What a link came with is filled in, and nothing more.
  const { url, destination } = params;
  useEffect(() => {
    if (url !== undefined) changeDraft("settings", { url });
    if (destination === undefined) return;
    changeDraft("subscribe", { destination });
    changeDraft("send", { destination });
    unfold("subscribe");
    unfold("send");
  }, [url, destination]);
  return (
    <>
      <div class="toolbar">
        <h1>Client</h1>
      </div>
      {state.problem !== undefined && <ProblemView problem={state.problem} />}
      <div class="client">
        <div class="client-forms">
          <ConnectionCard session={clientSession} state={state} settings={forms.settings} />
          <SubscribeForm
            session={clientSession}
            subscriptions={state.subscriptions}
            isOn={isOn}
            draft={forms.subscribe}
          />
          <SendForm
            session={clientSession}
            transactions={state.transactions}
            isOn={isOn}
            draft={forms.send}
          />
          <TransactionList session={clientSession} transactions={state.transactions} isOn={isOn} />
        </div>
        <div class={shown === undefined ? "client-lists" : "client-lists has-panel"}>
          <Tabs label="What came" tabs={tabsOf(state)} chosen={tab} onChoose={setTab}>
            {tab === "messages" && (
              <MessageList session={clientSession} state={state} shown={shown} onShow={setShown} />
            )}
            {tab === "frames" && <FrameLog state={state} shown={shown} onShow={setShown} />}
            {tab === "receipts" && <ReceiptList receipts={state.receipts} />}
          </Tabs>
          {shown !== undefined && (
            <Panel title={shown.command} onClose={() => setShown(undefined)}>
              <FrameDetail frame={shown} />
            </Panel>
          )}
        </div>
      </div>
    </>
  );
}

function tabsOf({ messages, log, receipts }: ClientState) {
  const title = (word: string, count: number): JSX.Element => (
    <>
      {word} <span class="count muted">{formatCount(count)}</span>
    </>
  );
  return [
    { id: "messages", title: title("Messages", messages.length) },
    { id: "frames", title: title("Frames", log.entries.length) },
    { id: "receipts", title: title("Receipts", receipts.length) },
  ] as const;
}

function FrameLog(props: {
  readonly state: ClientState;
  readonly shown: FrameInfo | undefined;
  readonly onShow: (frame: FrameInfo) => void;
}): JSX.Element {
  const { state, shown, onShow } = props;
  const [follows, setFollows] = useState(true);
  return (
    <FrameList
      of="client"
      rows={timelineRows(state.log, () => true)}
      follow={follows && shown === undefined}
      onAtEnd={setFollows}
      openNumber={shown?.number}
      onOpen={({ frame }) => onShow(frame)}
      empty={
        <div class="empty">
          <h2>No frames yet</h2>
          <p>What this client and its broker say to each other shows here, both ways.</p>
        </div>
      }
    />
  );
}

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { HeldMessageInfo } from "../../src/api/values.ts";
import { callApi, usePolled } from "../broker/api.ts";
import { hrefTo } from "../route.ts";
import { type Column, DataTable } from "../ui/data_table.tsx";
import { formatCount } from "../ui/format.ts";
import { LoadProblem } from "../ui/load_problem.tsx";
import { useNow } from "../ui/use_now.ts";
import { VisibleText } from "../ui/visible_text.tsx";
import { ageColumn, SIZE_COLUMN } from "./message_columns.tsx";
import { MessagePanel } from "./message_panel.tsx";
import { MessagePreview } from "./message_preview.tsx";
import type { MessageSource } from "./message_source.ts";

const EVERY_MS = 2_000;
const SHOWN_MAX = 200;
const PREVIEW_BYTES = 200;

/** The messages that consumers of a queue have and did not acknowledge, and who has each of them. */
export interface HeldListProps {
  /** Of the queue. */
  readonly name: string;
  /** Key of the message that is open. */
  readonly openKey: string | undefined;
  readonly onOpen: (key: string | undefined) => void;
}

/** See {@link HeldListProps}. */
export function HeldList({ name, openKey, onOpen }: HeldListProps): JSX.Element {
  const asked = { name, limit: SHOWN_MAX, bodyBytes: PREVIEW_BYTES };
  const { value, error, refresh } = usePolled("heldMessages", asked, EVERY_MS);
  const now = useNow(1_000);
  const source = useMemo(() => heldSource(name), [name]);
  const list = value?.messages;
  const open = list?.find(({ key }) => key === openKey);
  return (
    <>
      {error !== undefined && <LoadProblem error={error} onRetry={refresh} />}
      <div class={openKey === undefined ? "split fill" : "split fill has-panel"}>
        <div class="message-list">
          <DataTable
            label="Held messages, oldest first"
            columns={columnsAt(now)}
            total={list?.length}
            at={(index) => list?.[index]}
            itemKey={({ key }) => key}
            isOpen={({ key }) => key === openKey}
            onOpen={({ key }) => onOpen(key)}
            empty={
              <div class="empty">
                <h2>No consumer holds a message</h2>
                <p>What a consumer was given shows here until it acknowledges or refuses it.</p>
              </div>
            }
          />
          {value !== undefined && value.total > value.messages.length && (
            <p class="message-more muted">
              The first {formatCount(value.messages.length)} of {formatCount(value.total)}.
            </p>
          )}
        </div>
        {openKey !== undefined && (
          <MessagePanel
            key={openKey}
            source={source}
            messageKey={openKey}
            holder={open === undefined ? "nobody any more" : <Holder message={open} />}
            onClose={() => onOpen(undefined)}
          />
        )}
      </div>
    </>
  );
}

function heldSource(name: string): Pick<MessageSource, "id" | "one"> {
  return {
    id: `held ${name}`,
    one: (key, { bodyBytes, signal } = {}) =>
      callApi("heldMessage", { name, key, bodyBytes }, signal === undefined ? {} : { signal }),
  };
}

function Holder(props: {
  readonly message: HeldMessageInfo;
  /** Within a row the keyboard goes to the row. */
  readonly isInRow?: boolean;
}): JSX.Element {
  const { connection, login, subscription } = props.message;
  return (
    <>
      <a
        {...(props.isInRow === true ? { tabIndex: -1 } : {})}
        href={hrefTo("connections", { open: String(connection) })}
      >
        connection {formatCount(connection)}
      </a>
      {login !== "" && (
        <>
          , <VisibleText text={login} max={80} cut="end" />
        </>
      )}
      {subscription !== undefined && (
        <span class="muted">
          , <VisibleText text={subscription} max={80} cut="end" />
        </span>
      )}
    </>
  );
}

function columnsAt(now: number): readonly Column<HeldMessageInfo>[] {
  return [
    {
      id: "body",
      title: "Message",
      width: 8,
      grow: 2,
      rank: 0,
      cell: (message) => <MessagePreview message={message} />,
    },
    {
      id: "holder",
      title: "Held by",
      width: 8,
      grow: 1,
      rank: 0,
      cell: (message) => <Holder message={message} isInRow />,
    },
    {
      id: "deliveries",
      title: "Tried",
      hint: "How often it was delivered, this time included",
      numeric: true,
      width: 3.25,
      rank: 2,
      cell: ({ deliveries }) => formatCount(deliveries),
    },
    SIZE_COLUMN,
    ageColumn(now),
  ];
}

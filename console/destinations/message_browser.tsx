import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { MessageInfo } from "../../src/api/values.ts";
import { asApiError } from "../broker/api.ts";
import { confirm } from "../ui/confirm_dialog.tsx";
import { type Column, DataTable } from "../ui/data_table.tsx";
import { formatCount, plural } from "../ui/format.ts";
import { LoadProblem } from "../ui/load_problem.tsx";
import { showToast } from "../ui/toasts.tsx";
import { useNow } from "../ui/use_now.ts";
import { VisibleText } from "../ui/visible_text.tsx";
import { ageColumn, SIZE_COLUMN } from "./message_columns.tsx";
import { MessagePanel } from "./message_panel.tsx";
import { MessagePreview } from "./message_preview.tsx";
import { headerOf, type MessageSource, triesOf } from "./message_source.ts";
import { MoveDialog } from "./move_dialog.tsx";
import { useMessages } from "./use_messages.ts";

/** The messages that wait in one place, to be looked at without consuming them, and dealt with. */
export interface MessageBrowserProps {
  readonly source: MessageSource;
  /** Messages that wait there, as far as is known. */
  readonly waiting: number;
  /** Key of the message that is open. */
  readonly openKey: string | undefined;
  readonly onOpen: (key: string | undefined) => void;
  /** Called when something was changed from here. */
  readonly onChanged: () => void;
}

/** What a change is about: some messages, or all that wait (`undefined`). */
type Keys = readonly string[] | undefined;

/** See {@link MessageBrowserProps}. */
export function MessageBrowser(props: MessageBrowserProps): JSX.Element {
  const { source, waiting, openKey, onOpen, onChanged } = props;
  const messages = useMessages(source);
  const { list } = messages;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [moving, setMoving] = useState<{ readonly keys: Keys }>();
  const now = useNow(1_000);
  const there = new Set(list?.map(({ key }) => key));
  // What was consumed meanwhile is not chosen any more.
  const chosenKeys = [...chosen].filter((key) => there.has(key));

  const toggle = (key: string): void => {
    const next = new Set(chosenKeys);
    if (!next.delete(key)) next.add(key);
    setChosen(next);
  };
  const toggleAll = (): void => {
    setChosen(new Set(chosenKeys.length === there.size ? [] : there));
  };
  const what = (keys: Keys): string =>
    keys === undefined && waiting > 1
      ? `all ${plural(waiting, "message")}`
      : plural(keys?.length ?? waiting, "message");

  const done = (keys: Keys, text: string): void => {
    showToast(text);
    if (keys === undefined || (openKey !== undefined && keys.includes(openKey))) onOpen(undefined);
    setChosen(new Set());
    messages.refresh();
    onChanged();
  };
  const attempt = async (change: () => Promise<void>): Promise<void> => {
    try {
      await change();
    } catch (cause) {
      showToast(asApiError(cause).message, "bad");
      messages.refresh();
    }
  };
  const remove = async (keys: Keys): Promise<void> => {
    const yes = await confirm({
      title: `Delete ${what(keys)}?`,
      detail: (
        <p>
          {keys === undefined
            ? "Every message that waits in "
            : `${plural(keys.length, "message")} of `}
          <VisibleText text={source.path} max={120} cut="end" />{" "}
          {keys === undefined || keys.length === 1 ? "is" : "are"} gone for good. What a consumer
          holds stays.
        </p>
      ),
      action: keys === undefined ? "Delete all" : `Delete ${plural(keys.length, "message")}`,
    });
    if (!yes) return;
    await attempt(async () => {
      const count = await source.purge(keys);
      done(keys, `Deleted ${plural(count, "message")}`);
    });
  };
  const retry = (keys: Keys): Promise<void> =>
    attempt(async () => {
      const count = await source.retry?.(keys);
      done(keys, `Sent ${plural(count ?? 0, "message")} back`);
    });
  const move = async (to: string, keys: Keys): Promise<void> => {
    const count = await source.move?.(to, keys);
    done(keys, `Moved ${plural(count ?? 0, "message")}`);
  };

  const keys: Keys = chosenKeys.length === 0 ? undefined : chosenKeys;
  const many = keys === undefined ? "all" : formatCount(keys.length);
  const canAct = keys !== undefined || waiting > 0;
  const columns = messageColumns({
    now,
    isDead: source.retry !== undefined,
    isChosen: (key) => chosen.has(key),
    toggle,
  });
  return (
    <>
      <div class="toolbar message-bar list-only">
        <label class="check">
          <input
            type="checkbox"
            checked={there.size > 0 && chosenKeys.length === there.size}
            disabled={there.size === 0}
            onChange={toggleAll}
          />
          {keys === undefined
            ? `Choose all ${formatCount(there.size)} shown`
            : `${formatCount(keys.length)} chosen`}
        </label>
        <span class="message-actions">
          {source.retry !== undefined && (
            <button
              type="button"
              class="small primary"
              disabled={!canAct}
              onClick={() => void retry(keys)}
            >
              Retry {many}
            </button>
          )}
          {source.move !== undefined && (
            <button
              type="button"
              class="small"
              disabled={!canAct}
              onClick={() => setMoving({ keys })}
            >
              Move {many}…
            </button>
          )}
          <button
            type="button"
            class="small danger"
            disabled={!canAct}
            onClick={() => void remove(keys)}
          >
            Delete {many}…
          </button>
        </span>
      </div>
      {messages.error !== undefined && (
        <LoadProblem error={messages.error} onRetry={messages.refresh} />
      )}
      <div class={openKey === undefined ? "split fill" : "split fill has-panel"}>
        <div class="message-list">
          <DataTable
            label="Messages, next to be delivered first"
            columns={columns}
            total={list?.length}
            at={(index) => list?.[index]}
            itemKey={({ key }) => key}
            isOpen={({ key }) => key === openKey}
            onOpen={({ key }) => onOpen(key)}
            onToggle={({ key }) => toggle(key)}
            empty={
              <div class="empty">
                <h2>No message waits here</h2>
                <p>
                  Those that come and are not consumed at once will. What consumers have without
                  having acknowledged it is held, not waiting.
                </p>
              </div>
            }
          />
          {list !== undefined && messages.more && (
            <p class="message-more muted">
              The first {formatCount(list.length)} of {formatCount(Math.max(waiting, list.length))}.{" "}
              <button type="button" class="link" onClick={messages.loadMore}>
                Show more
              </button>{" "}
              <button type="button" class="link" onClick={messages.refresh}>
                Refresh
              </button>
            </p>
          )}
        </div>
        {openKey !== undefined && (
          <MessagePanel
            key={openKey}
            source={source}
            messageKey={openKey}
            onClose={() => onOpen(undefined)}
            {...(source.retry === undefined ? {} : { onRetry: () => void retry([openKey]) })}
            {...(source.move === undefined ? {} : { onMove: () => setMoving({ keys: [openKey] }) })}
            onDelete={() => void remove([openKey])}
          />
        )}
      </div>
      {moving !== undefined && (
        <MoveDialog
          what={what(moving.keys)}
          path={source.path}
          move={(to) => move(to, moving.keys)}
          onClose={() => setMoving(undefined)}
        />
      )}
    </>
  );
}

interface ColumnsOptions {
  /** ms since the epoch. */
  readonly now: number;
  readonly isDead: boolean;
  readonly isChosen: (key: string) => boolean;
  readonly toggle: (key: string) => void;
}

function messageColumns(options: ColumnsOptions): readonly Column<MessageInfo>[] {
  const { now, isDead, isChosen, toggle } = options;
  return [
    {
      id: "chosen",
      title: "Chosen",
      hasHiddenTitle: true,
      width: 1.25,
      rank: 0,
      cell: ({ key, id }) => (
        <input
          type="checkbox"
          class="row-check"
          tabIndex={-1}
          aria-label={`Choose message ${id}`}
          checked={isChosen(key)}
          onChange={() => toggle(key)}
        />
      ),
    },
    {
      id: "body",
      title: "Message",
      width: 8,
      grow: 3,
      rank: 0,
      cell: (message) => <MessagePreview message={message} />,
    },
    ...(isDead
      ? [
          {
            id: "reason",
            title: "Why it is here",
            width: 7,
            grow: 1,
            rank: 2,
            cell: (message: MessageInfo) => (
              <VisibleText
                text={headerOf(message, "dead-letter-reason") ?? "–"}
                max={80}
                cut="end"
              />
            ),
          },
          {
            id: "origin",
            title: "Came from",
            width: 7,
            grow: 1,
            rank: 5,
            cell: (message: MessageInfo) => (
              <VisibleText
                text={headerOf(message, "original-destination") ?? "–"}
                max={80}
                cut="end"
              />
            ),
          },
        ]
      : [
          {
            id: "priority",
            title: "Prio",
            hint: "Priority: higher ones are delivered first",
            numeric: true,
            width: 3,
            rank: 4,
            cell: ({ priority }: MessageInfo) => String(priority),
          },
        ]),
    {
      id: "deliveries",
      title: "Tried",
      hint: isDead
        ? "How often it was delivered before it became a dead letter"
        : "How often it was delivered before",
      numeric: true,
      width: 3.25,
      rank: isDead ? 4 : 5,
      cell: (message) => formatCount(triesOf(message)),
    },
    SIZE_COLUMN,
    ageColumn(now),
  ];
}

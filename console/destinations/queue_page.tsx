import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { QueueInfo } from "../../src/api/values.ts";
import { asApiError, callApi, usePolled } from "../broker/api.ts";
import { createRates } from "../broker/rates.ts";
import { hrefTo, type RouteParams } from "../route.ts";
import { confirm } from "../ui/confirm_dialog.tsx";
import { formatAge, formatBytes, formatCount, formatRate, plural } from "../ui/format.ts";
import { LinkTabs } from "../ui/link_tabs.tsx";
import { LoadProblem } from "../ui/load_problem.tsx";
import { showToast } from "../ui/toasts.tsx";
import { useNow } from "../ui/use_now.ts";
import { VisibleText } from "../ui/visible_text.tsx";
import { navigate } from "../use_route.ts";
import { type Figure, FigureStrip } from "./figure_strip.tsx";
import { HeldList } from "./held_list.tsx";
import { MessageBrowser } from "./message_browser.tsx";
import { queueSource } from "./message_source.ts";
import { PublishDialog } from "./publish_dialog.tsx";
import { SubscriberList } from "./subscriber_list.tsx";

const EVERY_MS = 1_500;

/** One queue: its figures, its messages, and what can be done to it. */
export function QueuePage(props: {
  readonly name: string;
  readonly params: RouteParams;
}): JSX.Element {
  const { name, params } = props;
  const [rates] = useState(() => createRates({ minGapMs: 900, keysMax: 1 }));
  const [isPublishing, setIsPublishing] = useState(false);
  const { value: queue, at, error, refresh } = usePolled("queue", { name }, EVERY_MS);
  const now = useNow(1_000);
  if (queue !== undefined) rates.note(0, [queue.enqueued, queue.dequeued], at);
  const isGone = error?.status === 404;
  const isDead = queue?.kind === "dead-letters";
  const source = useMemo(
    () => queueSource({ name, path: queue?.path ?? `/queue/${name}`, isDead }),
    [name, queue?.path, isDead],
  );
  const view = VIEWS.find(({ id }) => id === params["view"])?.id ?? "waiting";
  const back = hrefTo("destinations", {
    ...params,
    ...{ open: undefined, message: undefined, view: undefined },
  });
  const open = (key: string | undefined): void =>
    navigate({ page: "destinations", params: { ...params, message: key } });

  const remove = async (found: QueueInfo): Promise<void> => {
    if (found.consumers > 0) {
      const who = plural(found.consumers, "consumer has it", "consumers have it");
      return showToast(`Cannot delete the queue: ${who}, to be disconnected first`, "bad");
    }
    const messages = found.ready + found.held + found.delayed;
    const yes = await confirm({
      title: "Delete this queue?",
      detail: (
        <p>
          <VisibleText text={found.path} max={120} cut="end" /> goes, and{" "}
          {messages === 0 ? "no message" : plural(messages, "message")} with it. It comes back empty
          with the next message that is sent to it.
        </p>
      ),
      action: messages === 0 ? "Delete the queue" : `Delete it and ${plural(messages, "message")}`,
    });
    if (!yes) return;
    try {
      await callApi("deleteQueue", { name });
      showToast("The queue is deleted");
      location.hash = back;
    } catch (cause) {
      showToast(asApiError(cause).message, "bad");
    }
  };

  return (
    <>
      <div class="toolbar">
        <div class="thing">
          <a class="back" href={back} aria-label="Back to the list">
            ‹
          </a>
          <h1>
            <VisibleText text={queue?.path ?? `/queue/${name}`} max={160} />
          </h1>
        </div>
        <span class="message-actions">
          <button type="button" class="small" onClick={() => setIsPublishing(true)}>
            Publish…
          </button>
          <a
            class="button small"
            href={hrefTo("frames", { destination: queue?.path ?? `/queue/${name}` })}
          >
            Frames
          </a>
          <button
            type="button"
            class="small danger"
            disabled={queue === undefined || isGone}
            onClick={() => queue !== undefined && void remove(queue)}
          >
            Delete queue…
          </button>
        </span>
      </div>
      {error !== undefined && !isGone && <LoadProblem error={error} onRetry={refresh} />}
      {isGone ? (
        <div class="empty fill">
          <h2>There is no such queue</h2>
          <p>
            A queue is there while it has messages or consumers, and gone when it has neither.
            Publish a message and it is back.
          </p>
        </div>
      ) : (
        <>
          <FigureStrip figures={figuresOf(queue, { now, rates: rates.of(0) })} />
          <ViewBar view={view} params={params} queue={queue} />
          {view === "waiting" && (
            <MessageBrowser
              source={source}
              waiting={queue?.ready ?? 0}
              openKey={params["message"]}
              onOpen={open}
              onChanged={refresh}
            />
          )}
          {view === "held" && <HeldList name={name} openKey={params["message"]} onOpen={open} />}
          {view === "consumers" && (
            <SubscriberList
              path={queue?.path ?? `/queue/${name}`}
              label="Consumers"
              empty={
                <div class="empty">
                  <h2>Nobody consumes from this queue</h2>
                  <p>What is sent to it waits until somebody subscribes.</p>
                </div>
              }
            />
          )}
        </>
      )}
      {isPublishing && (
        <PublishDialog
          destination={queue?.path ?? `/queue/${name}`}
          onClose={() => setIsPublishing(false)}
          onPublished={refresh}
        />
      )}
    </>
  );
}

/** What of a queue is looked at. */
const VIEWS = [
  { id: "waiting", title: "Waiting", countOf: ({ ready }: QueueInfo) => ready },
  { id: "held", title: "Held", countOf: ({ held }: QueueInfo) => held },
  { id: "consumers", title: "Consumers", countOf: ({ consumers }: QueueInfo) => consumers },
] as const;

function ViewBar(props: {
  readonly view: (typeof VIEWS)[number]["id"];
  readonly params: RouteParams;
  readonly queue: QueueInfo | undefined;
}): JSX.Element {
  const { view, params, queue } = props;
  return (
    <LinkTabs
      class="list-only"
      label="Of this queue"
      chosen={view}
      tabs={VIEWS.map(({ id, title, countOf }) => ({
        id,
        href: hrefTo("destinations", {
          ...params,
          ...{ message: undefined, view: id === "waiting" ? undefined : id },
        }),
        title,
        count: queue && countOf(queue),
      }))}
    />
  );
}

function figuresOf(
  queue: QueueInfo | undefined,
  about: { readonly now: number; readonly rates: readonly number[] | undefined },
): readonly Figure[] {
  const { now, rates } = about;
  const rate = (place: number): string | undefined => {
    const known = rates?.[place];
    return known === undefined ? undefined : `${formatRate(known)} /s`;
  };
  return [
    {
      title: "Waiting",
      value: queue && formatCount(queue.ready),
      note: queue && `of ${formatCount(queue.messagesMax)}`,
    },
    {
      title: "Held",
      value: queue && formatCount(queue.held),
      note:
        queue && queue.delayed > 0 ? `${formatCount(queue.delayed)} kept back` : "unacknowledged",
    },
    { title: "Consumers", value: queue && formatCount(queue.consumers) },
    {
      title: "Oldest",
      value: queue && (queue.oldestAt === undefined ? "–" : formatAge(now - queue.oldestAt)),
      note: "waiting",
    },
    { title: "In", value: rate(0), note: queue && `${formatCount(queue.enqueued)} in all` },
    { title: "Out", value: rate(1), note: queue && `${formatCount(queue.dequeued)} in all` },
    {
      title: "Size",
      value: queue && formatBytes(queue.bytes),
      note: queue && `of ${formatBytes(queue.bytesMax)}`,
    },
  ];
}

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { DurableInfo } from "../../src/api/values.ts";
import { asApiError, callApi, usePolled } from "../broker/api.ts";
import { hrefTo, type RouteParams } from "../route.ts";
import { confirm } from "../ui/confirm_dialog.tsx";
import { formatAge, formatBytes, formatCount, plural } from "../ui/format.ts";
import { LoadProblem } from "../ui/load_problem.tsx";
import { showToast } from "../ui/toasts.tsx";
import { useNow } from "../ui/use_now.ts";
import { VisibleText } from "../ui/visible_text.tsx";
import { navigate } from "../use_route.ts";
import { type Figure, FigureStrip } from "./figure_strip.tsx";
import { MessageBrowser } from "./message_browser.tsx";
import { durableSource } from "./message_source.ts";

const EVERY_MS = 2_000;

/** One durable subscription: its figures and the messages that wait for it. */
export function DurablePage(props: {
  readonly id: string;
  readonly params: RouteParams;
}): JSX.Element {
  const { id, params } = props;
  // There is no call for one of them; by its name the list is short.
  const filter = params["name"] ?? "";
  const { value, error, refresh } = usePolled("durables", { filter, limit: 1_000 }, EVERY_MS);
  const durable = value?.items.find((item) => item.id === id);
  const now = useNow(1_000);
  const isGone = value !== undefined && durable === undefined;
  const path = durable?.destination ?? "";
  const source = useMemo(() => durableSource(id, path), [id, path]);
  const back = hrefTo("destinations", { tab: "durables" });

  const remove = async (found: DurableInfo): Promise<void> => {
    if (found.connected) {
      const text =
        "Cannot delete the subscription: its subscriber is connected, disconnect it first";
      return showToast(text, "bad");
    }
    const messages = found.ready + found.held;
    const yes = await confirm({
      title: "Delete this durable subscription?",
      detail: (
        <p>
          <VisibleText text={found.name} max={120} cut="end" /> goes with{" "}
          {plural(messages, "message")} that wait for it. When its subscriber comes back, it begins
          anew.
        </p>
      ),
      action: `Delete it and ${plural(messages, "message")}`,
    });
    if (!yes) return;
    try {
      await callApi("deleteDurable", { id });
      showToast("The durable subscription is deleted");
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
            <VisibleText
              text={durable?.name ?? params["name"] ?? "Durable subscription"}
              max={160}
            />
          </h1>
        </div>
        <button
          type="button"
          class="small danger"
          disabled={durable === undefined}
          onClick={() => durable !== undefined && void remove(durable)}
        >
          Delete subscription…
        </button>
      </div>
      {error !== undefined && <LoadProblem error={error} onRetry={refresh} />}
      {isGone ? (
        <div class="empty fill">
          <h2>There is no such durable subscription</h2>
          <p>It was deleted, or its subscriber gave it up.</p>
        </div>
      ) : (
        <>
          <p class="thing-about muted">{durable === undefined ? "…" : <About {...durable} />}</p>
          <FigureStrip figures={figuresOf(durable, now)} />
          <MessageBrowser
            source={source}
            waiting={durable?.ready ?? 0}
            openKey={params["message"]}
            onOpen={(key) =>
              navigate({ page: "destinations", params: { ...params, message: key } })
            }
            onChanged={refresh}
          />
        </>
      )}
    </>
  );
}

function About({ destination, clientId, selector }: DurableInfo): JSX.Element {
  return (
    <>
      Of <VisibleText text={destination} max={160} />
      {clientId !== undefined && (
        <>
          , by client id <VisibleText text={clientId} max={80} />
        </>
      )}
      {selector !== undefined && (
        <>
          , where{" "}
          <code>
            <VisibleText text={selector} />
          </code>
        </>
      )}
    </>
  );
}

function figuresOf(durable: DurableInfo | undefined, now: number): readonly Figure[] {
  return [
    { title: "Waiting", value: durable && formatCount(durable.ready) },
    { title: "Held", value: durable && formatCount(durable.held), note: "unacknowledged" },
    { title: "Subscriber", value: durable && (durable.connected ? "connected" : "away") },
    {
      title: "Oldest",
      value: durable && (durable.oldestAt === undefined ? "–" : formatAge(now - durable.oldestAt)),
      note: "waiting",
    },
    { title: "Size", value: durable && formatBytes(durable.bytes) },
  ];
}

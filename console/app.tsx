import type { ComponentType, JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { LiveState } from "./broker/live.ts";
import { live } from "./broker/this_live.ts";
import { pagesRoot } from "./broker/this_broker.ts";
import { statistics } from "./broker/this_statistics.ts";
import { ClientPage } from "./client/page.tsx";
import { Closed } from "./closed.tsx";
import { ConnectionsPage } from "./connections/page.tsx";
import { DestinationsPage } from "./destinations/page.tsx";
import { FramesPage } from "./frames/page.tsx";
import { OverviewPage } from "./overview/page.tsx";
import { hrefTo, type PageName, PAGES, type RouteParams } from "./route.ts";
import { ConfirmDialog } from "./ui/confirm_dialog.tsx";
import { Toasts } from "./ui/toasts.tsx";
import { useStore } from "./ui/use_store.ts";
import { VisibleText } from "./ui/visible_text.tsx";
import { useRoute } from "./use_route.ts";
import { useStatisticsFeed } from "./broker/use_statistics.ts";

interface Page {
  readonly title: string;
  readonly component: ComponentType<{ readonly params: RouteParams }>;
  /** Whether it shows what the broker tells its own machine alone. */
  readonly asksBroker: boolean;
}

const PAGE_OF: Readonly<Record<PageName, Page>> = {
  overview: { title: "Overview", component: OverviewPage, asksBroker: true },
  frames: { title: "Frames", component: FramesPage, asksBroker: true },
  connections: { title: "Connections", component: ConnectionsPage, asksBroker: true },
  destinations: { title: "Destinations", component: DestinationsPage, asksBroker: true },
  client: { title: "Client", component: ClientPage, asksBroker: false },
};

/** The whole console: what stays on every page, and the page that the hash names. */
export function App(): JSX.Element {
  const { page, params } = useRoute();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const nav = useRef<HTMLElement>(null);
  const { title, component: Shown } = PAGE_OF[page];
  const refusal = useStore(statistics.refusal);
  useStatisticsFeed();

  useLayoutEffect(() => {
    // Where it is narrow the navigation scrolls.
    nav.current
      ?.querySelector("[aria-current]")
      ?.scrollIntoView({ block: "nearest", inline: "nearest" });
    document.title = `${title} · Console · stompbox`;
    // Whoever went to another page by keyboard goes on from its beginning.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [page]);

  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header class="site console-bar">
        <a class="brand" href={pagesRoot.href}>
          <img src={new URL("icon.svg", pagesRoot).href} alt="" />
          stompbox
        </a>
        <nav aria-label="Console" ref={nav}>
          <ul>
            {PAGES.map((name) => (
              <li key={name}>
                <a href={hrefTo(name)} aria-current={name === page ? "page" : undefined}>
                  {PAGE_OF[name].title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <LivePill />
      </header>
      <main class="console" ref={main} tabIndex={-1}>
        {refusal === undefined && <Refusal />}
        {refusal === undefined || !PAGE_OF[page].asksBroker ? (
          <Shown key={page} params={params} />
        ) : (
          <Closed title={title} refusal={refusal} />
        )}
      </main>
      <ConfirmDialog />
      <Toasts />
    </>
  );
}

/** Why the broker does not speak to this page, if it has said not to try again. */
function Refusal(): JSX.Element | null {
  const state = useStore(live.state);
  if (state.kind !== "refused") return null;
  return (
    <p class="load-problem" role="alert">
      <span>
        What happens now does not show, the broker refused to tell:{" "}
        <VisibleText text={state.reason} multiline />
      </span>
      <button type="button" class="small" onClick={() => location.reload()}>
        Try again
      </button>
    </p>
  );
}

const LIVE: Readonly<Record<LiveState["kind"], { readonly text: string; readonly tone: string }>> =
  {
    idle: { text: "Paused", tone: "quiet" },
    connecting: { text: "Connecting", tone: "wait" },
    connected: { text: "Live", tone: "good" },
    waiting: { text: "Reconnecting", tone: "bad" },
    refused: { text: "Refused", tone: "bad" },
  };

function LivePill(): JSX.Element {
  const state = useStore(live.state);
  const refusal = useStore(statistics.refusal);
  const { text, tone } = LIVE[refusal === undefined ? state.kind : "refused"];
  const reason = refusal ?? ("reason" in state && state.reason !== "" ? state.reason : undefined);
  return (
    <span class="pill live-pill" data-tone={tone} role="status" title={reason}>
      {text}
    </span>
  );
}

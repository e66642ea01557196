import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { usePolled } from "../broker/api.ts";
import { statistics } from "../broker/this_statistics.ts";
import { hrefTo, type RouteParams } from "../route.ts";
import { FilterField } from "../ui/filter_field.tsx";
import { LinkTabs } from "../ui/link_tabs.tsx";
import { useStore } from "../ui/use_store.ts";
import { navigate } from "../use_route.ts";
import { DurableList } from "./durable_list.tsx";
import { DurablePage } from "./durable_page.tsx";
import type { ListProps } from "./list_props.ts";
import { PublishDialog } from "./publish_dialog.tsx";
import { QueueList } from "./queue_list.tsx";
import { QueuePage } from "./queue_page.tsx";
import { TopicList } from "./topic_list.tsx";
import { TopicPage } from "./topic_page.tsx";

const TABS = [
  { id: "queues", title: "Queues" },
  { id: "topics", title: "Topics" },
  { id: "durables", title: "Durable" },
  { id: "dead-letters", title: "Dead letters" },
  { id: "temporary", title: "Temporary" },
] as const;

type TabId = (typeof TABS)[number]["id"];

const EMPTY: Readonly<Record<TabId, { readonly title: string; readonly text: string }>> = {
  queues: {
    title: "No queue yet",
    text: "A queue is made by the first message sent to it or the first consumer that subscribes: publish one to /queue/NAME and it shows here.",
  },
  topics: {
    title: "Nobody has subscribed to a topic",
    text: "Topics are there while somebody listens: subscribe to /topic/NAME and it shows here.",
  },
  durables: {
    title: "No durable subscription",
    text: "A client that subscribes to a topic with the header durable:true and an id of its own gets what it missed when it comes back. Such subscriptions show here.",
  },
  "dead-letters": {
    title: "No dead letter",
    text: "Messages that were refused too often, or for good, or that expired, would wait here to be looked at and sent again. There are none.",
  },
  temporary: {
    title: "No temporary queue",
    text: "Clients make them to get answers: they belong to the connection that names /temp-queue/NAME and go with it.",
  },
};

/** The page at `#/destinations`: where messages go, and where they wait. */
export function DestinationsPage({ params }: { readonly params: RouteParams }): JSX.Element {
  const { open } = params;
  const tab = TABS.find(({ id }) => id === params["tab"])?.id ?? "queues";
  if (open !== undefined && tab === "durables") {
    return <DurablePage key={open} id={open} params={params} />;
  }
  if (open !== undefined && tab === "topics") {
    return <TopicPage key={open} name={open} params={params} />;
  }
  if (open !== undefined) {
    return <QueuePage key={open} name={open} params={params} />;
  }
  return <Lists tab={tab} params={params} />;
}

function Lists({
  tab,
  params,
}: {
  readonly tab: TabId;
  readonly params: RouteParams;
}): JSX.Element {
  const [isPublishing, setPublishing] = useState(false);
  const filter = params["q"] ?? "";
  const go: ListProps["go"] = (changes, options) =>
    navigate({ page: "destinations", params: { ...params, ...changes } }, options);
  const list: ListProps = { filter, params, go, empty: <Empty tab={tab} filter={filter} /> };
  return (
    <>
      <div class="toolbar">
        <h1>Destinations</h1>
        <FilterField
          label="Filter by name"
          value={filter}
          onChange={(q) => go({ q }, { replace: true })}
        />
        <button type="button" onClick={() => setPublishing(true)}>
          Publish…
        </button>
      </div>
      <TabBar tab={tab} filter={filter} />
      <List key={tab} tab={tab} list={list} />
      {isPublishing && (
        <PublishDialog destination="" onClose={() => setPublishing(false)} onPublished={() => {}} />
      )}
    </>
  );
}

function List(props: { readonly tab: TabId; readonly list: ListProps }): JSX.Element {
  const { tab, list } = props;
  switch (tab) {
    case "queues":
      return <QueueList {...list} kind="queue" />;
    case "dead-letters":
      return <QueueList {...list} kind="dead-letters" />;
    case "temporary":
      return <QueueList {...list} kind="temporary" />;
    case "durables":
      return <DurableList {...list} />;
    case "topics":
      return <TopicList {...list} />;
  }
}

const COUNT = { limit: 1 } as const;
const EVERY_MS = 5_000;

function TabBar({ tab, filter }: { readonly tab: TabId; readonly filter: string }): JSX.Element {
  const counts: Readonly<Record<TabId, number | undefined>> = {
    queues: usePolled("queues", { kind: "queue", ...COUNT }, EVERY_MS).value?.total,
    topics: usePolled("topics", COUNT, EVERY_MS).value?.total,
    durables: usePolled("durables", COUNT, EVERY_MS).value?.total,
    // Not how many queues of them there are: nobody asks that.
    "dead-letters": useStore(statistics.lastHour).samples.at(-1)?.deadLettersNow,
    temporary: usePolled("queues", { kind: "temporary", ...COUNT }, EVERY_MS).value?.total,
  };
  return (
    <LinkTabs
      label="Kinds of destination"
      chosen={tab}
      tabs={TABS.map(({ id, title }) => ({
        id,
        href: hrefTo("destinations", { tab: id, q: filter }),
        title,
        count: counts[id],
        isBad: id === "dead-letters",
      }))}
    />
  );
}

function Empty({ tab, filter }: { readonly tab: TabId; readonly filter: string }): JSX.Element {
  const { title, text } =
    filter === ""
      ? EMPTY[tab]
      : { title: "Nothing matches", text: "The filter looks for its text anywhere in the name." };
  return (
    <div class="empty">
      <h2>{title}</h2>
      <p>{text}</p>
    </div>
  );
}

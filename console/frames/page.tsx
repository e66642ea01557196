import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { RouteParams } from "../route.ts";
import { formatCount, plural } from "../ui/format.ts";
import { useStore } from "../ui/use_store.ts";
import { navigate } from "../use_route.ts";
import { FilterBar } from "./filter_bar.tsx";
import { frameMatcher, parseFrameQuery, withValue } from "./frame_query.ts";
import { FrameList } from "./frame_list.tsx";
import { FramePanel } from "./frame_panel.tsx";
import { NoFrames } from "./no_frames.tsx";
import { feed } from "./this_feed.ts";
import { countAfter, type Timeline, type TimelineEntry, timelineRows } from "./timeline.ts";
import type { WantedFrame } from "./use_wanted_frame.ts";
import { useWatch } from "./use_watch.ts";

/** Why the list stands still: by the button, or because somebody is looking at what was before. */
interface Frozen {
  readonly by: "pause" | "reading";
  readonly timeline: Timeline;
}

/** What other pages link with, for which the filter has a word; `like` is a destination with `*` for anything. */
const SHORTCUTS = ["connection", "direction", "command", "destination", "like", "message"] as const;

/** The page at `#/frames`: every frame of every connection, as it goes by. */
export function FramesPage({ params }: { readonly params: RouteParams }): JSX.Element {
  useWatch(feed);
  const latest = useStore(feed.timeline);
  const [frozen, setFrozen] = useState<Frozen>();
  const [isAtEnd, setAtEnd] = useState(true);
  const filter = params["q"] ?? "";
  const query = useMemo(() => parseFrameQuery(filter), [filter]);
  const matches = useMemo(() => frameMatcher(query), [query]);
  const shown = frozen?.timeline ?? latest;
  const rows = useMemo(() => timelineRows(shown, matches), [shown, matches]);
  const frameCount = useMemo(() => rows.filter(({ kind }) => kind === "frame").length, [rows]);
  const newCount =
    frozen === undefined ? 0 : countAfter(latest, frozen.timeline.entries.at(-1), matches);
  const wanted = wantedFrame(params);

  const go = useCallback(
    (changes: RouteParams, options: { readonly replace?: boolean } = {}): void =>
      navigate({ page: "frames", params: { ...params, ...changes } }, options),
    [params],
  );
  const onFilter = useCallback((q: string): void => go({ q }), [go]);
  useEffect(() => {
    const given = SHORTCUTS.filter((key) => params[key] !== undefined);
    if (given.length === 0) return;
    const value = (key: string): string =>
      key === "destination" ? `=${params[key]}` : (params[key] ?? "");
    const q = given.reduce(
      (text, key) =>
        withValue(text, { key: key === "like" ? "destination" : key, value: value(key) }),
      filter,
    );
    const without = Object.fromEntries(given.map((key) => [key, undefined]));
    go({ ...without, q }, { replace: true });
  }, [params]);

  const freeze = (by: Frozen["by"]): void => setFrozen({ by, timeline: shown });
  const follow = useCallback((): void => {
    setFrozen(undefined);
    setAtEnd(true);
  }, []);
  const onAtEnd = useCallback(
    (atEnd: boolean): void => {
      setAtEnd(atEnd);
      setFrozen((old) => {
        if (old?.by === "pause") return old;
        return atEnd ? undefined : (old ?? { by: "reading", timeline: feed.timeline.get() });
      });
    },
    [setFrozen],
  );
  const open = (entry: TimelineEntry, options: { readonly replace?: boolean } = {}): void => {
    // Otherwise it would run away from under the eyes.
    if (frozen === undefined) freeze("reading");
    const { number, at } = entry.frame;
    go({ frame: String(number), at: String(at), follow: undefined }, options);
  };
  const close = (): void => {
    go({ frame: undefined, at: undefined, follow: undefined });
    if (isAtEnd && frozen?.by === "reading") follow();
  };
  const isPaused = frozen?.by === "pause";
  return (
    <>
      <div class={`toolbar frames-toolbar ${wanted === undefined ? "" : "has-panel"}`}>
        <h1>
          Frames <span class="count muted">{formatCount(frameCount)}</span>
        </h1>
        <button
          type="button"
          class="small"
          aria-pressed={isPaused}
          onClick={() => (isPaused ? follow() : freeze("pause"))}
        >
          {isPaused ? "Resume" : "Pause"}
          {isPaused && newCount > 0 && (
            <span class="count"> · {plural(newCount, "new", "new")}</span>
          )}
        </button>
        <button
          type="button"
          class="small"
          disabled={latest.entries.length === 0}
          onClick={() => {
            feed.clear();
            follow();
          }}
        >
          Clear
        </button>
      </div>
      <FilterBar
        isBesidePanel={wanted !== undefined}
        filter={filter}
        query={query}
        onFilter={(q) => go({ q }, { replace: true })}
      />
      <div class={wanted === undefined ? "split fill" : "split fill has-panel"}>
        <div class="frames-list">
          <FrameList
            rows={rows}
            follow={frozen === undefined}
            onAtEnd={onAtEnd}
            openNumber={wanted?.number}
            onOpen={open}
            of="broker"
            empty={
              <NoFrames
                isFiltered={query.terms.length > 0}
                kept={shown.entries.length}
                onShowAll={() => go({ q: undefined })}
              />
            }
          />
          {frozen?.by === "reading" && newCount > 0 && (
            <button type="button" class="small primary frames-newest" onClick={follow}>
              ↓ {plural(newCount, "new frame")}
            </button>
          )}
        </div>
        {wanted !== undefined && (
          <FramePanel
            wanted={wanted}
            isFollowing={params["follow"] === "1"}
            onFollow={(isOn) => go({ follow: isOn ? "1" : undefined })}
            onShow={({ number, at }) => go({ frame: String(number), at: String(at) })}
            onFilter={onFilter}
            onClose={close}
          />
        )}
      </div>
    </>
  );
}

function wantedFrame({ frame, at }: RouteParams): WantedFrame | undefined {
  if (frame === undefined || !/^\d{1,15}$/.test(frame)) return undefined;
  return { number: Number(frame), at: at === undefined ? undefined : Number(at) };
}

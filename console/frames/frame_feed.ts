/** Brings frames from the broker to the page, for as long as somebody looks. */

import type { FrameInfo, SystemNotice } from "../../src/api/values.ts";
import type { callApi } from "../broker/api.ts";
import type { Live } from "../broker/live.ts";
import { createStore, type Store } from "../ui/store.ts";
import { addFrames, addSeam, EMPTY_TIMELINE, type Timeline } from "./timeline.ts";

/** What there is to look at. */
export interface FrameFeed {
  readonly timeline: Store<Timeline>;
  /** The latest dead letters, oldest first. */
  readonly deadLetters: Store<readonly SystemNotice<"dead-letter">[]>;
  /** Whether the frames from before have come, or will not. */
  readonly isLoaded: Store<boolean>;
  /** Begins to watch; the broker pays for it until the function that it returns is called. */
  watch(): () => void;
  /** Gets the latest frames that the broker keeps, to find what the page has not seen. */
  refresh(): Promise<void>;
  /** Forgets the frames that there are. */
  clear(): void;
}

/** What {@link createFrameFeed} needs. */
export interface FrameFeedOptions {
  readonly live: Pick<Live, "subscribe" | "state">;
  readonly callApi: typeof callApi;
}

/** Frames are shown in batches, since nobody reads faster. */
const BATCH_MS = 100;
const HISTORY_FRAMES = 2_000;
const DEAD_LETTERS_MAX = 500;

/** Makes a feed that watches nothing yet. */
export function createFrameFeed({ live, callApi }: FrameFeedOptions): FrameFeed {
  const timeline = createStore(EMPTY_TIMELINE);
  const deadLetters = createStore<readonly SystemNotice<"dead-letter">[]>([]);
  const isLoaded = createStore(false);
  let batch: FrameInfo[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Frames up to this number were cleared away. */
  let clearedUpTo: FrameInfo | undefined;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const frames = batch;
    batch = [];
    timeline.set(addFrames(timeline.get(), frames));
  };
  const isWanted = ({ number, at }: FrameInfo): boolean =>
    clearedUpTo === undefined || number > clearedUpTo.number || at > clearedUpTo.at;

  const refresh = async (): Promise<void> => {
    try {
      const { frames } = await callApi("frames", { limit: HISTORY_FRAMES });
      flush();
      timeline.set(addFrames(timeline.get(), frames.filter(isWanted)));
    } catch {
      // What is live is shown all the same, and the shell says when the broker is away.
    }
    isLoaded.set(true);
  };

  return {
    timeline,
    deadLetters,
    isLoaded,
    refresh,
    watch() {
      let isOver = false;
      let stops: readonly (() => void)[] = [];
      let wasConnected = live.state.get().kind === "connected";
      const begin = async (): Promise<void> => {
        await refresh();
        if (isOver) return;
        timeline.set(addSeam(timeline.get()));
        stops = [
          // First, so that it is not the first frame seen.
          live.subscribe("dead-letter", (notice) =>
            deadLetters.set([...deadLetters.get(), notice].slice(-DEAD_LETTERS_MAX)),
          ),
          live.subscribe("frames", (frame) => {
            batch.push(frame);
            timer ??= setTimeout(flush, BATCH_MS);
          }),
          // What went by while the connection was lost, as far as somebody else watched.
          live.state.subscribe(() => {
            const isConnected = live.state.get().kind === "connected";
            if (isConnected && !wasConnected) void refresh();
            if (!isConnected && wasConnected) {
              flush();
              timeline.set(addSeam(timeline.get()));
            }
            wasConnected = isConnected;
          }),
        ];
      };
      void begin();
      return () => {
        isOver = true;
        for (const stop of stops) stop();
        flush();
      };
    },
    clear() {
      flush();
      clearedUpTo = timeline.get().entries.at(-1)?.frame ?? clearedUpTo;
      timeline.set(EMPTY_TIMELINE);
      deadLetters.set([]);
    },
  };
}

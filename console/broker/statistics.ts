/** How the broker has been doing over the last hour: asked once, then told each second. */

import type { Problem, Sample } from "../../src/api/values.ts";
import type { CallApi } from "../../src/api/call_api.ts";
import { createStore, type Store } from "../ui/store.ts";
import type { Live } from "./live.ts";
import { mergeSamples } from "./samples.ts";

/** What is known of the last hour. */
export interface LastHour {
  /** Oldest first; empty before the first answer. */
  readonly samples: readonly Sample[];
  /** What is wrong now; undefined before the first answer. */
  readonly problems: readonly Problem[] | undefined;
}

/** Keeps {@link LastHour} up to date while it runs. */
export interface StatisticsFeed {
  readonly lastHour: Store<LastHour>;
  /** Begins; what it returns ends it. What is known stays. */
  start(): () => void;
}

/** Makes a feed that has not begun. */
export function createStatisticsFeed(from: {
  readonly callApi: CallApi;
  readonly live: Live;
}): StatisticsFeed {
  const { callApi, live } = from;
  const lastHour = createStore<LastHour>({ samples: [], problems: undefined });
  const add = (samples: readonly Sample[], problems: readonly Problem[] | undefined): void => {
    const known = lastHour.get();
    lastHour.set({
      samples: mergeSamples(known.samples, samples),
      problems: problems ?? known.problems,
    });
  };
  return {
    lastHour,
    start() {
      const aborter = new AbortController();
      const { signal } = aborter;
      /** What was not told while there was no connection. */
      const catchUp = async (): Promise<void> => {
        const [history, now] = await Promise.all([
          callApi("history", {}, { signal }).catch(() => undefined),
          callApi("problems", {}, { signal }).catch(() => undefined),
        ]);
        if (signal.aborted) return;
        add(history?.samples ?? [], now?.problems);
      };
      const onState = (): void => {
        if (live.state.get().kind === "connected") void catchUp();
      };
      const endState = live.state.subscribe(onState);
      const endLive = live.subscribe("statistics", ({ sample, problems }) =>
        add([sample], problems),
      );
      void catchUp();
      return () => {
        aborter.abort();
        endState();
        endLive();
      };
    },
  };
}

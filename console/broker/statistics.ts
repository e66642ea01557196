/** How the broker has been doing over the last hour: asked once, then told each second. */

import type { Problem, Sample } from "../../src/api/values.ts";
import { ApiError, type CallApi } from "../../src/api/call_api.ts";
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
  /** Why the broker is closed to this page, in its own words; then nothing more is asked until the feed is started anew. */
  readonly refusal: Store<string | undefined>;
  /** Begins; what it returns ends it. What is known stays. */
  start(): () => void;
}

/** What is for the machine of the broker alone is refused to others with this status, and with no other meaning. */
const FORBIDDEN = 403;

/** Makes a feed that has not begun. */
export function createStatisticsFeed(from: {
  readonly callApi: CallApi;
  readonly live: Live;
}): StatisticsFeed {
  const { callApi, live } = from;
  const lastHour = createStore<LastHour>({ samples: [], problems: undefined });
  const refusal = createStore<string | undefined>(undefined);
  const add = (samples: readonly Sample[], problems: readonly Problem[] | undefined): void => {
    const known = lastHour.get();
    lastHour.set({
      samples: mergeSamples(known.samples, samples),
      problems: problems ?? known.problems,
    });
  };
  return {
    lastHour,
    refusal,
    start() {
      const aborter = new AbortController();
      const { signal } = aborter;
      const end = (): void => {
        aborter.abort();
        endState();
        endLive();
      };
      /** What was not told while there was no connection. */
      const catchUp = async (): Promise<void> => {
        try {
          const [history, now] = await Promise.all([
            callApi("history", {}, { signal }),
            callApi("problems", {}, { signal }),
          ]);
          if (signal.aborted) return;
          refusal.set(undefined);
          add(history.samples, now.problems);
        } catch (error) {
          if (signal.aborted || !(error instanceof ApiError) || error.status !== FORBIDDEN) return;
          end();
          refusal.set(error.message);
        }
      };
      const onState = (): void => {
        if (live.state.get().kind === "connected") void catchUp();
      };
      const endState = live.state.subscribe(onState);
      const endLive = live.subscribe("statistics", ({ sample, problems }) =>
        add([sample], problems),
      );
      void catchUp();
      return end;
    },
  };
}

import { useEffect, useState } from "preact/hooks";
import type { ApiError } from "../../src/api/call_api.ts";
import type { FrameInfo } from "../../src/api/values.ts";
import { asApiError, callApi } from "../broker/api.ts";
import { useStore } from "../ui/use_store.ts";
import { feed } from "./this_feed.ts";
import { findFrame } from "./timeline.ts";

/** A frame as an address names it. */
export interface WantedFrame {
  readonly number: number;
  /** Tells frames of the same number, of a broker that was started again, apart. */
  readonly at: number | undefined;
}

/** What became of looking for a frame. */
export type FoundFrame =
  | { readonly kind: "found"; readonly frame: FrameInfo }
  | { readonly kind: "looking" }
  | { readonly kind: "gone" }
  | { readonly kind: "failed"; readonly error: ApiError; readonly retry: () => void };

const LOOKING: FoundFrame = { kind: "looking" };

/** Finds a frame: among those of the page, or else among those that the broker keeps. */
export function useWantedFrame(wanted: WantedFrame): FoundFrame {
  const { number, at } = wanted;
  const key = `${number} ${at}`;
  const timeline = useStore(feed.timeline);
  const isLoaded = useStore(feed.isLoaded);
  // Once found it stays, also when it has to go from the list.
  const [kept, setKept] = useState<{ readonly key: string; readonly found: FoundFrame }>();
  const known = kept?.key === key && kept.found.kind === "found" ? kept.found.frame : undefined;
  const here = known ?? findFrame(timeline, { number, at })?.frame;
  const isHere = here !== undefined;
  const [round, setRound] = useState(0);

  useEffect(() => {
    if (here !== undefined) setKept({ key, found: { kind: "found", frame: here } });
  }, [key, isHere]);

  useEffect(() => {
    if (isHere || !isLoaded) return;
    const aborter = new AbortController();
    const { signal } = aborter;
    const ask = async (): Promise<void> => {
      try {
        const frame = await callApi("frame", { number }, { signal });
        const isSame = at === undefined || frame.at === at;
        setKept({ key, found: isSame ? { kind: "found", frame } : { kind: "gone" } });
      } catch (cause) {
        if (signal.aborted) return;
        const error = asApiError(cause);
        const retry = (): void => setRound(round + 1);
        setKept({
          key,
          found: error.status === 404 ? { kind: "gone" } : { kind: "failed", error, retry },
        });
      }
    };
    void ask();
    return () => aborter.abort();
  }, [key, isHere, isLoaded, round]);

  if (here !== undefined) return { kind: "found", frame: here };
  return kept?.key === key ? kept.found : LOOKING;
}

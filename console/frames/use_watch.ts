import { useEffect } from "preact/hooks";
import type { FrameFeed } from "./frame_feed.ts";

/** A window that nobody sees costs the broker nothing after this long. */
const HIDDEN_MS = 60_000;

/** Watches for as long as the component is there and somebody may see it. */
export function useWatch(feed: FrameFeed): void {
  useEffect(() => {
    let stop: (() => void) | undefined = feed.watch();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onVisibility = (): void => {
      clearTimeout(timer);
      if (document.hidden) {
        timer = setTimeout(() => {
          stop?.();
          stop = undefined;
        }, HIDDEN_MS);
      } else {
        stop ??= feed.watch();
      }
    };
    document.addEventListener("visibilitychange", onVisibility);
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      clearTimeout(timer);
      stop?.();
    };
  }, [feed]);
}

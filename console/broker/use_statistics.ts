import { useEffect } from "preact/hooks";
import { statistics } from "./this_statistics.ts";

const HIDDEN_MS = 60_000;

/** Has the broker tell how it does, for as long as the page is seen; a page that was hidden for a minute is told nothing. */
export function useStatisticsFeed(): void {
  useEffect(() => {
    let end: (() => void) | undefined = statistics.start();
    let hiding: ReturnType<typeof setTimeout> | undefined;
    const onVisibility = (): void => {
      clearTimeout(hiding);
      if (!document.hidden) {
        end ??= statistics.start();
        return;
      }
      hiding = setTimeout(() => {
        end?.();
        end = undefined;
      }, HIDDEN_MS);
    };
    document.addEventListener("visibilitychange", onVisibility);
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      clearTimeout(hiding);
      end?.();
    };
  }, []);
}

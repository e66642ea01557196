import type { JSX } from "preact";
import { pagesRoot } from "../broker/this_broker.ts";
import { hrefTo } from "../route.ts";
import { formatCount } from "../ui/format.ts";

/** What to do when no frame is to be seen. */
export function NoFrames(props: {
  readonly isFiltered: boolean;
  /** Frames there are, whether they match or not. */
  readonly kept: number;
  readonly onShowAll: () => void;
}): JSX.Element {
  const { isFiltered, kept, onShowAll } = props;
  if (isFiltered && kept > 0) {
    return (
      <div class="empty">
        <h2>No frame matches</h2>
        <p>None of the {formatCount(kept)} frames that are here does.</p>
        <button type="button" onClick={onShowAll}>
          Show all
        </button>
      </div>
    );
  }
  return (
    <div class="empty">
      <h2>No frames yet</h2>
      <p>
        Every frame of every connection shows here as it goes by. Send something with the{" "}
        <a href={hrefTo("client")}>client</a>, say something in the{" "}
        <a href={new URL("chat/", pagesRoot).href} target="_blank" rel="noreferrer">
          chat
        </a>
        , or run <code>stompbox pub /queue/hello Hello</code>.
      </p>
    </div>
  );
}

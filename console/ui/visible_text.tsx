import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { cutText, visibleRuns } from "./visible_runs.ts";

/** What {@link VisibleText} shows, and how. */
export interface VisibleTextProps {
  /** May be anything that anybody sent. */
  readonly text: string;
  /** Whether lines and tabs are kept, as in a body. */
  readonly multiline?: boolean;
  /** How much is shown at first, in characters. Default 300. */
  readonly max?: number;
  /** `more` offers the rest by a button, `end` does not: where another place shows all of it. */
  readonly cut?: "more" | "end";
}

/**
 * Text that somebody else wrote: shown as text, with what cannot be seen made
 * visible, what deceives marked, isolated from the direction of its
 * surroundings, and cut when it is long.
 */
export function VisibleText(props: VisibleTextProps): JSX.Element {
  const { text, multiline = false, max = 300, cut = "more" } = props;
  const [shownMax, setShownMax] = useState(max);
  const shown = cutText(text, shownMax);
  const rest = text.length - shown.length;
  return (
    <bdi class={multiline ? "visible-text lines" : "visible-text"}>
      {visibleRuns(shown, { multiline }).map((run, index) =>
        run.kind === "plain" ? (
          run.text
        ) : (
          <span key={index} class={`run-${run.kind}`} title={run.title}>
            {run.text}
          </span>
        ),
      )}
      {rest > 0 && cut === "end" && "…"}
      {rest > 0 && cut === "more" && (
        <>
          …{" "}
          <button
            type="button"
            class="link"
            onClick={() => setShownMax(shownMax + Math.max(max * 10, 4_096))}
          >
            {rest.toLocaleString("en")} more characters
          </button>
        </>
      )}
    </bdi>
  );
}

import type { JSX } from "preact";
import type { ApiError } from "../../src/api/call_api.ts";
import { VisibleText } from "./visible_text.tsx";

/** Says that what is shown could not be brought up to date, and why. */
export function LoadProblem(props: {
  readonly error: ApiError;
  readonly onRetry: () => void;
}): JSX.Element {
  return (
    <p class="load-problem" role="alert">
      <span>
        <VisibleText text={props.error.message} multiline />
      </span>
      <button type="button" class="small" onClick={props.onRetry}>
        Try again
      </button>
    </p>
  );
}

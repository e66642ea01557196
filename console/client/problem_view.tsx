import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { EXPLANATIONS, type Explanation } from "../../src/cli/explanations.ts";
import { headerOf } from "../frames/frame_facts.ts";
import { bodyTextOf } from "../ui/body_content.ts";
import { HeadersView } from "../ui/headers_view.tsx";
import { VisibleText } from "../ui/visible_text.tsx";
import type { ClientProblem } from "./client_state.ts";

/** What went wrong, whole: what the broker said, what that means and what to do. */
export function ProblemView({ problem }: { readonly problem: ClientProblem }): JSX.Element {
  const place = useRef<HTMLElement>(null);
  // It is at the top of the page, and what caused it may have been far below.
  useEffect(() => place.current?.scrollIntoView({ block: "nearest" }), [problem]);
  if (problem.kind === "lost") {
    return (
      <section class="client-problem" role="alert" ref={place}>
        <h2>
          <VisibleText text={problem.sentence} />
        </h2>
        <p>
          <VisibleText text={problem.advice} />
        </p>
      </section>
    );
  }
  const { frame } = problem;
  const code = headerOf(frame, "code");
  const explanation = explanationOf(code);
  const detail = bodyTextOf(frame)?.trim() ?? "";
  return (
    <section class="client-problem" role="alert" ref={place}>
      <h2>
        <VisibleText text={headerOf(frame, "message") ?? "ERROR"} />{" "}
        {code !== undefined && (
          <span class="tag bad">
            <VisibleText text={code} max={60} cut="end" />
          </span>
        )}
      </h2>
      {detail !== "" && (
        <p class="client-detail">
          <VisibleText text={detail} multiline max={2_000} />
        </p>
      )}
      {explanation !== undefined && (
        <dl>
          <dt>Why</dt>
          <dd>{explanation.cause}</dd>
          <dt>What to do</dt>
          <dd>{explanation.cure}</dd>
        </dl>
      )}
      <p class="muted">{retryOf(headerOf(frame, "retry"), headerOf(frame, "retry-after"))}</p>
      <details>
        <summary>The headers of the ERROR frame</summary>
        <HeadersView headers={frame.headers} />
      </details>
    </section>
  );
}

function explanationOf(code: string | undefined): Explanation | undefined {
  if (code === undefined) return undefined;
  return new Map<string, Explanation>(Object.entries(EXPLANATIONS)).get(code);
}

/** Whether it is worth trying again, as the broker has it. */
function retryOf(retry: string | undefined, after: string | undefined): string {
  if (retry === "false") return "The same again would fail again. The connection is closed.";
  if (after !== undefined && /^\d+$/.test(after)) {
    return `It is worth another try in ${Math.ceil(Number(after) / 1_000)} s. The connection is closed.`;
  }
  return "An ERROR ends the connection.";
}

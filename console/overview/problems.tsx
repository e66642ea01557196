import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Problem } from "../../src/api/values.ts";
import { hrefTo } from "../route.ts";
import { VisibleText } from "../ui/visible_text.tsx";

const SHOWN_FIRST = 4;

/** What is wrong right now, in a sentence each, with the way to the thing. */
export function Problems(props: {
  readonly problems: readonly Problem[] | undefined;
}): JSX.Element {
  const { problems } = props;
  const [isWhole, setIsWhole] = useState(false);
  const rest = (problems?.length ?? 0) - SHOWN_FIRST;
  return (
    <section class="problems" aria-labelledby="problems-title" data-count={problems?.length}>
      <h2 id="problems-title">What is wrong right now</h2>
      {problems === undefined ? (
        <p class="muted">Asking…</p>
      ) : problems.length === 0 ? (
        <p class="all-well">Nothing that the broker can see.</p>
      ) : (
        <ul>
          {problems.slice(0, isWhole ? undefined : SHOWN_FIRST).map((problem) => (
            <ProblemLine
              key={`${problem.code} ${problem.queue} ${problem.connection}`}
              {...problem}
            />
          ))}
        </ul>
      )}
      {rest > 0 && (
        <button
          type="button"
          class="small"
          aria-expanded={isWhole}
          onClick={() => setIsWhole(!isWhole)}
        >
          {isWhole ? "Show fewer" : `Show ${rest} more`}
        </button>
      )}
    </section>
  );
}

function ProblemLine({ sentence, code, queue, connection }: Problem): JSX.Element {
  const links = [
    queue === undefined
      ? undefined
      : {
          href: hrefTo("destinations", {
            ...(code === "dead-letters" ? { tab: "dead-letters" } : {}),
            open: queue,
          }),
          text: "Open the queue",
        },
    connection === undefined
      ? undefined
      : {
          href: hrefTo("connections", { open: String(connection) }),
          text: `Open connection ${connection}`,
        },
  ].filter((link) => link !== undefined);
  return (
    <li>
      <span class="problem-mark" aria-hidden="true">
        !
      </span>
      <span class="problem-sentence">
        <VisibleText text={sentence} multiline />
      </span>
      <span class="problem-links">
        {links.map(({ href, text }) => (
          <a key={href} href={href}>
            {text}
          </a>
        ))}
      </span>
    </li>
  );
}

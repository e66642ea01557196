import type { JSX } from "preact";
import { hrefTo } from "./route.ts";
import { CopyBlock } from "./ui/copy_block.tsx";
import { VisibleText } from "./ui/visible_text.tsx";

/** A port for the console alone, in what is shown to be tried. */
const PORT = 61_615;

/** In place of a page that the broker refuses to fill: why, and how to look at it all the same. */
export function Closed(props: {
  readonly title: string;
  /** The broker's own sentence. */
  readonly refusal: string;
}): JSX.Element {
  const { title, refusal } = props;
  return (
    <>
      <div class="toolbar">
        <h1>{title}</h1>
        <button type="button" onClick={() => location.reload()}>
          Try again
        </button>
      </div>
      <section class="card closed" aria-labelledby="closed-title">
        <h2 id="closed-title">The broker does not show itself here</h2>
        <p class="closed-refusal" role="alert">
          <VisibleText text={refusal} multiline />
        </p>
        <p>
          As long as there are no accounts, this console is open only on the broker's own machine:
          to a loopback listener, by a name of that machine, with no proxy in between. It shows
          bodies, and it can delete queues and disconnect clients. The{" "}
          <a href={hrefTo("client")}>client</a> works here too.
        </p>
        <p>
          To look at the broker from another machine, open{" "}
          <code>http://localhost:{PORT}/console/</code> there, once the broker has a loopback
          listener beside the other and a port is forwarded to that:
        </p>
        <div class="snippets">
          <CopyBlock
            title="On the broker's machine"
            text={`stompbox --listen ws://0.0.0.0:61614 --allow-anonymous \\\n  --listen ws://localhost:${PORT}`}
          />
          <CopyBlock
            title="On yours"
            text={`ssh -L ${PORT}:localhost:${PORT} ${location.hostname}`}
          />
        </div>
      </section>
    </>
  );
}

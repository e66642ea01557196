import type { JSX } from "preact";
import type { Status } from "../../src/api/values.ts";
import { brokerRoot, brokerUrl, pagesRoot } from "../broker/this_broker.ts";
import { hrefTo } from "../route.ts";
import { CopyBlock } from "../ui/copy_block.tsx";

/** What to do with a broker that nobody has used yet. */
export function FirstSteps({ status }: { readonly status: Status }): JSX.Element {
  const tcp = status.listeners.find(({ scheme }) => scheme === "tcp");
  return (
    <section class="card first-steps" aria-labelledby="first-title">
      <h2 id="first-title">Nobody has connected yet</h2>
      <p>
        Connect a STOMP client to <code>{brokerUrl}</code>
        {tcp !== undefined && (
          <>
            {" "}
            or <code>{tcp.url}</code>
          </>
        )}
        , and everything it does shows here as it happens. No client at hand? Open the{" "}
        <a href={new URL("chat/", pagesRoot).href}>chat</a> in another window, use the{" "}
        <a href={hrefTo("client")}>client</a> of this console, or try one of these:
      </p>
      <div class="snippets">
        <CopyBlock
          title="From a terminal"
          text={`curl -H "content-type: text/plain" -d "Hello" \\\n  "${brokerRoot.href}api/v1/send?destination=/queue/hello"`}
        />
        <CopyBlock
          title="From a page"
          text={`const { Client } = await import("${pagesRoot.href}vendor/stompjs-7/index.js");
const client = new Client({ brokerURL: "${brokerUrl}" });
client.onConnect = () => {
  client.subscribe("/topic/hello", ({ body }) => console.log(body));
  client.publish({ destination: "/topic/hello", body: "Hello" });
};
client.activate();`}
        />
      </div>
    </section>
  );
}

import type { JSX } from "preact";
import type { ApiError } from "../../src/api/call_api.ts";
import type { Sample, Status } from "../../src/api/values.ts";
import { hrefTo } from "../route.ts";
import { formatBytes, formatCount, formatDuration, formatRate } from "../ui/format.ts";

/** The broker in a few numbers. */
export function Figures(props: {
  readonly status: Status | undefined;
  readonly latest: Sample | undefined;
  readonly error: ApiError | undefined;
}): JSX.Element {
  const { status, latest, error } = props;
  const figures: readonly (readonly [string, string | undefined, string?])[] = [
    ["Messages in", latest && `${formatRate(latest.messagesInRate)} /s`],
    ["Messages out", latest && `${formatRate(latest.messagesOutRate)} /s`],
    ["Connections", latest && formatCount(latest.connections), hrefTo("connections")],
    ["Waiting", latest && formatCount(latest.queueMessages), hrefTo("destinations")],
    ["Unacked", latest && formatCount(latest.heldMessages)],
    [
      "Dead letters",
      latest && formatCount(latest.deadLettersNow),
      hrefTo("destinations", { tab: "dead-letters" }),
    ],
    ["Message bytes", latest && formatBytes(latest.memoryBytes)],
    ["Running for", status && formatDuration(status.uptimeMs)],
    ["Version", status?.version],
  ];
  return (
    <dl class="figures" data-stale={error !== undefined}>
      {figures.map(([title, value, href]) => (
        <div key={title}>
          <dt>{href === undefined ? title : <a href={href}>{title}</a>}</dt>
          <dd>{value ?? "–"}</dd>
        </div>
      ))}
    </dl>
  );
}

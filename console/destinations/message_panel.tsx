import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ApiError } from "../../src/api/call_api.ts";
import type { MessageInfo } from "../../src/api/values.ts";
import { asApiError } from "../broker/api.ts";
import { hrefTo } from "../route.ts";
import { BodyView } from "../ui/body_view.tsx";
import { type Fact, Facts } from "../ui/facts.tsx";
import { formatAge, formatDateTime, plural } from "../ui/format.ts";
import { HeadersView } from "../ui/headers_view.tsx";
import { Panel } from "../ui/panel.tsx";
import { useNow } from "../ui/use_now.ts";
import { VisibleText } from "../ui/visible_text.tsx";
import { headerOf, type MessageSource, triesOf } from "./message_source.ts";

const BODY_BYTES = 65_536;

/** One message: what it says, and what can be done with it. */
export interface MessagePanelProps {
  readonly source: Pick<MessageSource, "id" | "one">;
  /** Where it is, if it does not wait. */
  readonly holder?: ComponentChildren;
  readonly messageKey: string;
  readonly onClose: () => void;
  readonly onRetry?: () => void;
  readonly onMove?: () => void;
  readonly onDelete?: () => void;
}

/** See {@link MessagePanelProps}. */
export function MessagePanel(props: MessagePanelProps): JSX.Element {
  const { source, messageKey, holder, onRetry, onMove, onDelete } = props;
  const [message, setMessage] = useState<MessageInfo>();
  const [error, setError] = useState<ApiError>();
  const now = useNow(1_000);

  useEffect(() => {
    const aborter = new AbortController();
    const { signal } = aborter;
    void source.one(messageKey, { bodyBytes: BODY_BYTES, signal }).then(
      (found) => {
        if (signal.aborted) return;
        setMessage(found);
        setError(undefined);
      },
      (cause) => {
        if (!signal.aborted) setError(asApiError(cause));
      },
    );
    return () => aborter.abort();
  }, [source.id, messageKey]);

  const showWhole = async (): Promise<void> => {
    try {
      setMessage(await source.one(messageKey));
    } catch (cause) {
      setError(asApiError(cause));
    }
  };
  return (
    <Panel title="Message" onClose={props.onClose}>
      {error !== undefined && (
        <p class="notice" role="status">
          <VisibleText text={error.message} multiline />
        </p>
      )}
      {message !== undefined && (
        <>
          <div class="panel-actions">
            {onRetry !== undefined && (
              <button type="button" class="small primary" onClick={onRetry}>
                Retry
              </button>
            )}
            {onMove !== undefined && (
              <button type="button" class="small" onClick={onMove}>
                Move…
              </button>
            )}
            <a class="button small" href={hrefTo("frames", { message: message.id })}>
              Its frames
            </a>
            {onDelete !== undefined && (
              <button type="button" class="small danger" onClick={onDelete}>
                Delete…
              </button>
            )}
          </div>
          <Facts facts={factsOf(message, { now, holder })} />
          <h3>Body</h3>
          <BodyView
            key={message.key}
            {...(message.body === undefined ? {} : { body: message.body })}
            {...(message.bodyBase64 === undefined ? {} : { bodyBase64: message.bodyBase64 })}
            bodyBytes={message.bodyBytes}
            truncated={message.truncated}
            contentType={headerOf(message, "content-type")}
            onWhole={() => void showWhole()}
          />
          <h3>Headers</h3>
          <HeadersView headers={message.headers} />
        </>
      )}
    </Panel>
  );
}

function factsOf(
  message: MessageInfo,
  { now, holder }: { readonly now: number; readonly holder: ComponentChildren },
): readonly Fact[] {
  const reason = headerOf(message, "dead-letter-reason");
  const origin = headerOf(message, "original-destination");
  const { id, arrivedAt, expiresAt, priority, persistent, deliveries, refusals } = message;
  return [
    { title: "Message id", value: <VisibleText text={id} /> },
    ...(holder === undefined ? [] : [{ title: "Held by", value: holder }]),
    ...(reason === undefined
      ? []
      : [{ title: "Became a dead letter", value: <VisibleText text={reason} /> }]),
    ...(origin === undefined ? [] : [{ title: "Came from", value: <VisibleText text={origin} /> }]),
    {
      title: "Arrived",
      value: `${formatAge(now - arrivedAt)} ago, ${formatDateTime(arrivedAt)}`,
    },
    { title: "Expires", value: expiresAt === 0 ? "never" : formatDateTime(expiresAt) },
    { title: "Priority", value: String(priority) },
    { title: "Persistent", value: persistent ? "yes" : "no" },
    reason === undefined
      ? {
          title: holder === undefined ? "Delivered before" : "Delivered",
          value: `${plural(deliveries, "time")}, refused ${plural(refusals, "time")}`,
        }
      : {
          title: "Delivered before",
          value:
            `${plural(triesOf(message), "time")} where it came from` +
            (deliveries === 0 ? "" : `, ${plural(deliveries, "time")} here`),
        },
  ];
}

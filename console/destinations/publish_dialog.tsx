import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { asApiError, callApi } from "../broker/api.ts";
import { Dialog } from "../ui/dialog.tsx";
import { VisibleText } from "../ui/visible_text.tsx";
import { bodyToPublish, type PublishBody, PublishBodyField } from "./publish_body.tsx";
import { publishHeaders } from "./publish_headers.ts";

/** A form that publishes messages until it is closed. */
export interface PublishDialogProps {
  /** What the field for the destination begins with. */
  readonly destination: string;
  readonly onClose: () => void;
  /** Called after each message. */
  readonly onPublished: () => void;
}

type Outcome =
  | { readonly kind: "published"; readonly messageId: string; readonly count: number }
  | { readonly kind: "failed"; readonly text: string };

const CONTENT_TYPES = ["text/plain", "application/json", "application/xml", "text/csv"];

/** See {@link PublishDialogProps}. */
export function PublishDialog(props: PublishDialogProps): JSX.Element {
  const id = useId();
  const [destination, setDestination] = useState(props.destination);
  const [contentType, setContentType] = useState("text/plain");
  const [headerLines, setHeaderLines] = useState("");
  const [body, setBody] = useState<PublishBody>({ kind: "text", text: "" });
  const [isSending, setIsSending] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();

  const publish = async (): Promise<void> => {
    if (isSending) return;
    const { headers, mistakes } = publishHeaders(headerLines, contentType.trim());
    const [mistake] = mistakes;
    if (mistake !== undefined) return setOutcome({ kind: "failed", text: mistake });
    setIsSending(true);
    try {
      const { messageId } = await callApi("publish", {
        destination: destination.trim(),
        headers,
        ...bodyToPublish(body),
      });
      const count = outcome?.kind === "published" ? outcome.count + 1 : 1;
      setOutcome({ kind: "published", messageId, count });
      props.onPublished();
    } catch (cause) {
      setOutcome({ kind: "failed", text: asApiError(cause).message });
    }
    setIsSending(false);
  };

  return (
    <Dialog title="Publish a message" wide onClose={props.onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void publish();
        }}
      >
        <div class="field">
          <label for={`${id}-destination`}>Destination</label>
          <input
            id={`${id}-destination`}
            type="text"
            required
            autofocus={props.destination === ""}
            autocomplete="off"
            spellcheck={false}
            placeholder="/queue/orders"
            value={destination}
            onInput={(event) => setDestination(event.currentTarget.value)}
          />
        </div>
        <div class="field">
          <label for={`${id}-type`}>Content type</label>
          <input
            id={`${id}-type`}
            type="text"
            list={`${id}-types`}
            autocomplete="off"
            spellcheck={false}
            value={contentType}
            onInput={(event) => setContentType(event.currentTarget.value)}
          />
          <datalist id={`${id}-types`}>
            {CONTENT_TYPES.map((type) => (
              <option key={type} value={type} />
            ))}
          </datalist>
        </div>
        <div class="field">
          <label for={`${id}-headers`}>Headers</label>
          <textarea
            id={`${id}-headers`}
            rows={3}
            spellcheck={false}
            placeholder={"One a line, such as\npriority: 7\npersistent: true"}
            value={headerLines}
            onInput={(event) => setHeaderLines(event.currentTarget.value)}
          />
        </div>
        <PublishBodyField
          value={body}
          isJson={/\bjson\b/i.test(contentType)}
          autofocus={props.destination !== ""}
          onChange={(next) => {
            setBody(next);
            if (next.kind === "text") return;
            setOutcome(undefined);
            setContentType(next.type || "application/octet-stream");
          }}
          onProblem={(text) => setOutcome({ kind: "failed", text })}
        />
        <div class="form-outcome" role="status">
          {outcome?.kind === "published" && (
            <p class="form-good">
              Published{outcome.count > 1 && ` ${outcome.count} messages`}, message-id{" "}
              <VisibleText text={outcome.messageId} />
            </p>
          )}
          {outcome?.kind === "failed" && (
            <p class="problem">
              <VisibleText text={outcome.text} />
            </p>
          )}
        </div>
        <div class="dialog-buttons">
          <button type="button" onClick={props.onClose}>
            Close
          </button>
          <button type="submit" class="primary" aria-disabled={isSending}>
            Publish
          </button>
        </div>
      </form>
    </Dialog>
  );
}

import type { JSX } from "preact";
import type { MessageInfo } from "../../src/api/values.ts";
import { VisibleText } from "../ui/visible_text.tsx";
import { headerOf } from "./message_source.ts";

/** The beginning of a body on one line. */
export function MessagePreview({ message }: { readonly message: MessageInfo }): JSX.Element {
  const { body, bodyBytes } = message;
  if (bodyBytes === 0) return <span class="muted">no body</span>;
  if (body === undefined) {
    const type = headerOf(message, "content-type");
    return (
      <span class="muted">
        bytes
        {type !== undefined && (
          <>
            , <VisibleText text={type} max={60} cut="end" />
          </>
        )}
      </span>
    );
  }
  return <VisibleText text={body.replace(/\s+/g, " ").trim()} multiline max={160} cut="end" />;
}

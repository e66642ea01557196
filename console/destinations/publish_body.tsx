import type { JSX } from "preact";
import { useId, useRef } from "preact/hooks";
import { base64Of, type BodyContent, bodyTextOf } from "../ui/body_content.ts";
import { formatBytes } from "../ui/format.ts";
import { VisibleText } from "../ui/visible_text.tsx";
import { jsonProblem } from "./json_problem.ts";

/** What is to be published: what was typed, or a file. */
export type PublishBody =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "file";
      readonly name: string;
      /** Its media type as the browser has it; empty if it has none. */
      readonly type: string;
      readonly bytes: Uint8Array;
    };

/** No broker takes more, and it need not be read to know that. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** The body as the API takes it: as text wherever it is one. */
export function bodyToPublish(body: PublishBody): BodyContent {
  if (body.kind === "text") return { body: body.text };
  const bodyBase64 = base64Of(body.bytes);
  const text = bodyTextOf({ bodyBase64 });
  return text === undefined ? { bodyBase64 } : { body: text };
}

/** The field for a body. */
export interface PublishBodyFieldProps {
  readonly value: PublishBody;
  /** Whether what is typed ought to be JSON. */
  readonly isJson: boolean;
  readonly autofocus: boolean;
  readonly onChange: (body: PublishBody) => void;
  /** Told why a file was not taken. */
  readonly onProblem: (text: string) => void;
}

/** See {@link PublishBodyFieldProps}. */
export function PublishBodyField(props: PublishBodyFieldProps): JSX.Element {
  const { value, isJson, onChange, onProblem } = props;
  const id = useId();
  const picker = useRef<HTMLInputElement>(null);
  const notJson =
    isJson && value.kind === "text" && value.text !== "" ? jsonProblem(value.text) : undefined;
  const take = async (file: File): Promise<void> => {
    if (file.size > FILE_BYTES_MAX) {
      return onProblem(
        `Cannot take the file "${file.name}": ${formatBytes(file.size)}, expected at most ${formatBytes(FILE_BYTES_MAX)}`,
      );
    }
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      onChange({ kind: "file", name: file.name, type: file.type, bytes });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      onProblem(`Cannot read the file "${file.name}": ${why}`);
    }
  };
  return (
    <div class="field">
      <label for={`${id}-body`}>Body</label>
      {value.kind === "text" ? (
        <textarea
          id={`${id}-body`}
          rows={8}
          spellcheck={false}
          autofocus={props.autofocus}
          value={value.text}
          aria-describedby={`${id}-hint`}
          onInput={(event) => onChange({ kind: "text", text: event.currentTarget.value })}
        />
      ) : (
        <output id={`${id}-body`} class="publish-file">
          <VisibleText text={value.name} max={120} cut="end" />
          <span class="muted">{formatBytes(value.bytes.length)}</span>
        </output>
      )}
      <p class="form-hint muted" id={`${id}-hint`}>
        <input
          ref={picker}
          type="file"
          hidden
          aria-label="File to publish"
          onChange={(event) => {
            const [file] = event.currentTarget.files ?? [];
            if (file !== undefined) void take(file);
            // The same file may be taken again.
            event.currentTarget.value = "";
          }}
        />
        <button type="button" class="link" onClick={() => picker.current?.click()}>
          Take a file…
        </button>{" "}
        {value.kind === "file" && (
          <button type="button" class="link" onClick={() => onChange({ kind: "text", text: "" })}>
            Type it instead
          </button>
        )}
        {notJson !== undefined && (
          <>
            Not JSON yet: <VisibleText text={notJson} />
          </>
        )}
      </p>
    </div>
  );
}

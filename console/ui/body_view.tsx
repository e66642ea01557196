import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import {
  type BodyContent,
  type BodyForm,
  bodyBytesOf,
  bodyTextOf,
  looksBinary,
  looksLikeJson,
} from "./body_content.ts";
import { formatBytes, formatCount } from "./format.ts";
import { hexDump } from "./hex_dump.ts";
import { type JsonNode, readJson } from "./json_document.ts";
import { JsonTree } from "./json_tree.tsx";
import { Tabs } from "./tabs.tsx";
import { VisibleText } from "./visible_text.tsx";

/** What {@link BodyView} shows. */
export interface BodyViewProps extends BodyContent {
  /** Bytes of the whole body. */
  readonly bodyBytes: number;
  /** Whether only the beginning is there. */
  readonly truncated: boolean;
  readonly contentType?: string | undefined;
  /** Asks for the whole body; without it there is no more to be had. */
  readonly onWhole?: () => void;
}

const TITLES: Readonly<Record<BodyForm, string>> = { json: "JSON", text: "Text", hex: "Bytes" };
const TEXT_CHARACTERS = 65_536;
const HEX_BYTES = 4_096;
const HEX_BYTES_MORE = 16_384;

/** A body as JSON that folds, as text, or as bytes: as far as it is each of them. */
export function BodyView(props: BodyViewProps): JSX.Element {
  const { body, bodyBase64, bodyBytes, truncated, contentType, onWhole } = props;
  const { text, json, forms } = useMemo(
    () => formsOf({ body, bodyBase64 }, { truncated, contentType }),
    [body, bodyBase64, truncated, contentType],
  );
  const [asked, setAsked] = useState<BodyForm>();
  if (bodyBytes === 0) return <p class="muted">No body</p>;
  const form = asked !== undefined && forms.includes(asked) ? asked : (forms[0] ?? "hex");
  // In the same order always, whichever is best.
  const tabs = (["json", "text", "hex"] as const)
    .filter((id) => forms.includes(id))
    .map((id) => ({ id, title: TITLES[id] }));
  return (
    <div class="body-view">
      <Tabs label="Body" tabs={tabs} chosen={form} onChoose={setAsked}>
        {form === "json" && json !== undefined && <JsonTree node={json} />}
        {form === "text" && text !== undefined && (
          <div class="body-text" tabIndex={0} role="region" aria-label="Body as text">
            <VisibleText text={text} multiline max={TEXT_CHARACTERS} />
          </div>
        )}
        {form === "hex" && <HexView body={body} bodyBase64={bodyBase64} />}
      </Tabs>
      <p class="body-facts muted">
        {formatBytes(bodyBytes)}
        {bodyBytes >= 1_024 && ` (${formatCount(bodyBytes)} bytes)`}
        {contentType !== undefined && (
          <>
            {" · "}
            <VisibleText text={contentType} max={80} cut="end" />
          </>
        )}
        {truncated && " · only the beginning is here"}
        {truncated && onWhole !== undefined && (
          <>
            {" "}
            <button type="button" class="link" onClick={onWhole}>
              Show the whole body
            </button>
          </>
        )}
      </p>
    </div>
  );
}

function HexView(content: BodyContent): JSX.Element {
  const [shown, setShown] = useState(HEX_BYTES);
  const bytes = useMemo(() => bodyBytesOf(content), [content.body, content.bodyBase64]);
  const rest = bytes.length - shown;
  return (
    <>
      <pre class="body-hex" tabIndex={0} aria-label="Body as bytes">
        {hexDump(bytes.subarray(0, shown))}
      </pre>
      {rest > 0 && (
        <button type="button" class="link" onClick={() => setShown(shown + HEX_BYTES_MORE)}>
          {formatCount(rest)} more bytes
        </button>
      )}
    </>
  );
}

interface Forms {
  readonly text: string | undefined;
  readonly json: JsonNode | undefined;
  /** The best first. */
  readonly forms: readonly BodyForm[];
}

/** What a body can be shown as. */
function formsOf(
  content: BodyContent,
  about: { readonly truncated: boolean; readonly contentType: string | undefined },
): Forms {
  const text = bodyTextOf(content);
  if (text === undefined) return { text, json: undefined, forms: ["hex"] };
  const mayBeJson = /\bjson\b/i.test(about.contentType ?? "") || looksLikeJson(text);
  const json = mayBeJson && !about.truncated ? readJson(text) : undefined;
  if (json !== undefined) return { text, json, forms: ["json", "text", "hex"] };
  return { text, json, forms: looksBinary(text) ? ["hex", "text"] : ["text", "hex"] };
}

import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { showToast } from "./toasts.tsx";

/** A text to be taken elsewhere, with a button that copies it. */
export function CopyBlock(props: { readonly title: string; readonly text: string }): JSX.Element {
  const { title, text } = props;
  const id = useId();
  return (
    <div class="copy-block">
      <div class="row">
        <h3 id={id}>{title}</h3>
        <button type="button" class="small" onClick={() => void copyText(text)}>
          Copy
        </button>
      </div>
      <pre tabIndex={0} role="group" aria-labelledby={id}>
        <code>{text}</code>
      </pre>
    </div>
  );
}

/** Puts a text on the clipboard, and says so. */
export async function copyText(text: string, what = "Copied"): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    showToast(what);
  } catch {
    showToast("Cannot copy: the browser does not let this page use the clipboard", "bad");
  }
}

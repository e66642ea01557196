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
  const isCopied = (await writeClipboard(text)) || copySelected(text);
  if (isCopied) showToast(what);
  else {
    showToast(
      "Cannot copy: the browser does not let this page use the clipboard, select the text and copy it by keyboard",
      "bad",
    );
  }
}

async function writeClipboard(text: string): Promise<boolean> {
  try {
    // Only where the browser trusts the way that the page came: on this machine, or by HTTPS.
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The old way, which works over plain HTTP too. */
function copySelected(text: string): boolean {
  const before = document.activeElement;
  const area = document.createElement("textarea");
  area.className = "copy-source";
  area.readOnly = true;
  area.value = text;
  // What is behind an open dialog cannot have the focus.
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
    if (before instanceof HTMLElement) before.focus();
  }
}

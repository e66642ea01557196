import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { createStore } from "./store.ts";
import { useStore } from "./use_store.ts";
import { VisibleText } from "./visible_text.tsx";

/** A short message about what was just done. */
export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: "good" | "bad";
}

const SHOWN_MS = 6_000;
const TOASTS_MAX = 4;

const toasts = createStore<readonly Toast[]>([]);

/** Shows a text for a while, and has it read out; what went wrong stays until it is closed. */
export function showToast(text: string, tone: Toast["tone"] = "good"): void {
  const id = (toasts.get().at(-1)?.id ?? 0) + 1;
  toasts.set([...toasts.get(), { id, text, tone }].slice(-TOASTS_MAX));
}

function closeToast(id: number): void {
  toasts.set(toasts.get().filter((toast) => toast.id !== id));
}

/** Where the messages appear; once in a page. */
export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {useStore(toasts).map((toast) => (
        <ToastLine key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function ToastLine({ toast }: { readonly toast: Toast }): JSX.Element {
  useEffect(() => {
    if (toast.tone === "bad") return;
    const timer = setTimeout(() => closeToast(toast.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [toast.id]);
  return (
    <div class="toast" data-tone={toast.tone}>
      <span>
        <VisibleText text={toast.text} multiline cut="end" />
      </span>
      <button type="button" class="icon" aria-label="Close" onClick={() => closeToast(toast.id)}>
        ×
      </button>
    </div>
  );
}

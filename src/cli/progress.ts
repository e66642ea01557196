import type { Terminal } from "./terminal.ts";
import { cutText } from "./text_table.ts";

const FIRST_MS = 1000;
const EVERY_MS = 250;

/**
 * Shows on a terminal how far something is that takes longer than a second;
 * elsewhere nothing. The returned function takes the line away again,
 * which must be done before anything else is written there.
 */
export function showProgress({ err, runtime }: Terminal, text: () => string): () => void {
  if (!err.isTerminal) return () => undefined;
  const start = runtime.now();
  let shown = false;
  const stop = runtime.every(EVERY_MS, () => {
    if (runtime.now() - start < FIRST_MS) return;
    shown = true;
    // What goes on in a second row would stay there.
    err.write(`\r\x1b[K${cutText(text(), err.size().columns - 1)}`);
  });
  return () => {
    stop();
    if (shown) err.write("\r\x1b[K");
    shown = false;
  };
}

/**
 * Shows on a terminal that `promise` is waited for, once that has taken a
 * second, and no longer than until `over` settles; settles as `promise` does.
 */
export async function showWaiting<T>(
  terminal: Terminal,
  {
    what,
    promise,
    over,
  }: { readonly what: string; readonly promise: Promise<T>; readonly over?: Promise<unknown> },
): Promise<T> {
  const { runtime } = terminal;
  const start = runtime.now();
  const seconds = (): number => Math.floor((runtime.now() - start) / 1000);
  const hide = showProgress(terminal, () => `${what}, ${seconds()} s`);
  void over?.then(hide);
  try {
    return await promise;
  } finally {
    hide();
  }
}

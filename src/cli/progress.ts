import type { Terminal } from "./terminal.ts";

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
    err.write(`\r\x1b[K${text()}`);
  });
  return () => {
    stop();
    if (shown) err.write("\r\x1b[K");
    shown = false;
  };
}

/**
 * Resolves when `isSo` holds, looking again whenever the event loop has gone
 * round; for what no event tells. Throws after `waitMs`.
 */
export async function until(what: string, isSo: () => boolean, waitMs = 5_000): Promise<void> {
  const deadline = performance.now() + waitMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`Not within ${waitMs} ms: ${what}`);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

import type { Runtime } from "../runtime.ts";

/** Runs `task` once, `ms` from now, unless the returned function is called before. */
export function after(
  runtime: Pick<Runtime, "every">,
  { ms, task }: { readonly ms: number; readonly task: () => void },
): () => void {
  const stop = runtime.every(ms, () => {
    stop();
    task();
  });
  return stop;
}

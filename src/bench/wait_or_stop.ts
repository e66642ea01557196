import type { BenchEnvironment } from "./bench_spec.ts";

/** Waits so many seconds, or until somebody wants it to end, or `early` settles. */
export async function waitOrStop(
  seconds: number,
  { runtime, stopped, early }: BenchEnvironment & { readonly early?: Promise<void> },
): Promise<void> {
  const over = Promise.withResolvers<void>();
  const stop = runtime.every(seconds * 1000, over.resolve);
  try {
    await Promise.race([over.promise, stopped, ...(early === undefined ? [] : [early])]);
  } finally {
    stop();
  }
}

import { after } from "../client/after.ts";
import type { Runtime } from "../runtime.ts";

/** What `promise` comes to, or undefined if that takes longer than `ms`. */
export async function inTime<T>(
  promise: Promise<T>,
  { runtime, ms }: { readonly runtime: Pick<Runtime, "every">; readonly ms: number },
): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const forget = after(runtime, { ms, task: () => late.resolve(undefined) });
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    forget();
  }
}

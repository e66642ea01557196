import type { Runtime } from "../runtime.ts";

/** Resolves when others have had their turn: what goes through a long list asks for it in between. */
export function nextTurn(runtime: Pick<Runtime, "defer">): Promise<void> {
  return new Promise((resolve) => runtime.defer(resolve));
}

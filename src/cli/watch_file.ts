/** Tells when a file has changed. */

import { stat } from "node:fs/promises";
import type { Runtime } from "../runtime.ts";

/** How often the file is looked at. */
const LOOK_MS = 100;
/** Looks in a row that must agree before a change counts: whoever writes may not be done. */
const REST_LOOKS = 2;
/** The same when the file is gone, since most that go come back at once. */
const GONE_LOOKS = 10;
const GONE = "";

/** What {@link watchFile} needs. */
export interface FileWatchOptions {
  readonly every: Runtime["every"];
  /** Called for what the file is at first, and then whenever it has become something else. */
  readonly changed: () => void;
}

/**
 * Watches one file until the returned function is called. It is looked at
 * rather than listened to: that holds on every file system, whether the file is
 * written to, replaced by another of its name, gone for a moment, or reached by
 * links of which any may be changed, as Kubernetes does with its volumes.
 */
export function watchFile(path: string, { every, changed }: FileWatchOptions): () => void {
  let known: string | undefined;
  let seen: string | undefined;
  let looks = 0;
  let looking = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    const mark = await markOf(path);
    looking = false;
    looks = mark === seen ? looks + 1 : 1;
    seen = mark;
    if (mark === known || looks < (mark === GONE ? GONE_LOOKS : REST_LOOKS)) return;
    known = mark;
    changed();
  };
  return every(LOOK_MS, look);
}

/** What distinguishes a file, and a state of it, from all others; {@link GONE} if it is not there. */
async function markOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
  } catch {
    return GONE;
  }
}

/** The file that tells other programs which ports the broker got. */

import { rename, rm, writeFile } from "node:fs/promises";
import type { ListenerAddress } from "../stompbox.ts";

/**
 * The text of a ports file: `http` and `stomp` are the first port of each kind
 * (null when there is none), `listeners` has them all.
 */
export function portsText(addresses: readonly ListenerAddress[]): string {
  const first = (scheme: ListenerAddress["scheme"]): number | null =>
    addresses.find((address) => address.scheme === scheme)?.port ?? null;
  const listeners = addresses.map(({ scheme, host, port, path, url }) => ({
    scheme,
    host,
    port,
    path,
    url,
  }));
  return `${JSON.stringify({ http: first("ws"), stomp: first("tcp"), listeners })}\n`;
}

/**
 * Writes a ports file so that a reader sees either nothing or all of it.
 * Rejects with what the file system says.
 */
export async function writePortsFile(
  path: string,
  { addresses, pid }: { readonly addresses: readonly ListenerAddress[]; readonly pid: number },
): Promise<void> {
  const unfinished = `${path}.${pid}.tmp`;
  try {
    await writeFile(unfinished, portsText(addresses));
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Why a ports file could not be written, without the name of the unfinished one. */
export function portsFileFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? error.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") return "there is no such folder";
  if (code === "EACCES" || code === "EPERM") return "writing there is not permitted";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EROFS") return "the disk is read-only";
  if (code === "ENOSPC") return "the disk is full";
  return error.message;
}

/** Removes a ports file; one that is already gone is no failure. */
export async function removePortsFile(path: string): Promise<void> {
  await rm(path, { force: true });
}

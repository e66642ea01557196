/** How files of the user's own folder are answered. */

import type { Stats } from "node:fs";
import { type PutReloadScript, RELOAD_PAGE_BYTES_MAX, type ReloadScript } from "./reload_script.ts";

/** A file of the user's folder. */
export interface OwnFile {
  readonly path: string;
  readonly stats: Stats;
}

function etagOf({ size, mtimeMs }: Stats): string {
  return `${size.toString(36)}-${Math.round(mtimeMs * 1_000).toString(36)}`;
}

/** Answers with the file as it is. */
export function answerFile(request: Request, { path, stats }: OwnFile): Response {
  const etag = `"${etagOf(stats)}"`;
  const lastModified = new Date(stats.mtimeMs).toUTCString();
  const headers = new Headers({
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
    "accept-ranges": "bytes",
    "last-modified": lastModified,
    etag,
  });
  if (isUnchanged(request, etag, lastModified)) return new Response(null, { status: 304, headers });
  const file = Bun.file(path);
  headers.set("content-type", file.type);
  if (request.method === "HEAD") {
    headers.set("content-length", String(stats.size));
    return new Response(null, { headers });
  }
  const condition = request.headers.get("if-range");
  // Bun cuts a file to the range asked for, but does not look at If-Range; a stream it leaves whole.
  if (condition !== null && condition !== etag && condition !== lastModified) {
    return new Response(file.stream(), { headers });
  }
  return new Response(file, { headers });
}

/** Whether a file is asked for as a page, and is one; browsers say so where they trust the origin. */
export function takesScript(request: Request, { path, stats }: OwnFile): boolean {
  if (!Bun.file(path).type.startsWith("text/html") || stats.size > RELOAD_PAGE_BYTES_MAX) {
    return false;
  }
  const wanted = request.headers.get("sec-fetch-dest");
  return wanted === null || /^(?:document|i?frame|embed|object)$/.test(wanted);
}

/** Answers with the page and the script in it. */
export async function answerWithScript(
  request: Request,
  file: OwnFile,
  { script, put }: { readonly script: ReloadScript; readonly put: PutReloadScript },
): Promise<Response> {
  // Not by date: the script tells what the whole folder was, and so must the tag.
  const etag = `"${etagOf(file.stats)}-${script.build}"`;
  const headers = new Headers({
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
    vary: "Sec-Fetch-Dest",
    etag,
  });
  if (isUnchanged(request, etag)) return new Response(null, { status: 304, headers });
  const source = Bun.file(file.path);
  const html = await source
    .bytes()
    .then((bytes) => put(bytes, script))
    .catch(() => undefined);
  if (html === undefined) return answerFile(request, file);
  headers.set("content-type", source.type);
  headers.set("content-length", String(html.byteLength));
  return new Response(request.method === "HEAD" ? null : html, { headers });
}

/**
 * Whether whoever asks has it already (RFC 9110 section 13.1): If-None-Match,
 * and If-Modified-Since only in its absence.
 */
export function isUnchanged(request: Request, etag: string, lastModified?: string): boolean {
  const none = request.headers.get("if-none-match");
  if (none !== null) {
    return (
      none.trim() === "*" || none.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag)
    );
  }
  const since = request.headers.get("if-modified-since");
  if (since === null || lastModified === undefined) return false;
  return Date.parse(lastModified) <= Date.parse(since);
}

/**
 * The files a browser gets: the pages inside the executable and, if asked for,
 * a folder of the user's own. Knows nothing of STOMP.
 */

import { constants, readdirSync, type Stats } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { quote } from "../fault.ts";
import {
  answerFile,
  answerWithScript,
  isUnchanged,
  type OwnFile,
  takesScript,
} from "./own_file.ts";
import {
  createReloadScriptPlacer,
  RELOAD_SCRIPT,
  type ReloadScript,
  scriptElement,
} from "./reload_script.ts";
import type { Reloads } from "./reloads.ts";

/** What {@link loadPages} needs to know. */
export interface PagesOptions {
  /** A folder served at `/`; its files win over the embedded ones. */
  readonly staticDir?: string;
  /**
   * Whether a navigation to a path without file extension that the folder does
   * not have is answered with the folder's own index.html. It then wins over
   * the embedded pages at `/` too, which remain below `/_stompbox/`.
   */
  readonly singlePage: boolean;
  /** Given, the folder's pages get a script that reloads them when it says so. */
  readonly reloads?: Pick<Reloads, "build">;
}

/** Answers whatever is not an API call or an upgrade. */
export interface Pages {
  /**
   * `path` is the path of the request as it came, percent-encoded, without any
   * prefix that the listener has. Never throws for what a client sends: what
   * does not exist or must not be seen is a 404 that lists the pages there are.
   */
  respond(request: Request, path: string): Response | Promise<Response>;
}

interface Asset {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

interface Page {
  /** Path without leading slash: empty, or `chat/`. */
  readonly path: string;
  readonly title: string;
}

interface Embedded {
  readonly assets: ReadonlyMap<string, Asset>;
  readonly pages: readonly Page[];
}

type Found =
  | { readonly kind: "asset"; readonly asset: Asset }
  | ({ readonly kind: "file" } & OwnFile)
  | { readonly kind: "moved"; readonly location: string };

/** The folder name under which the embedded files are always reachable. */
export const OURS = "_stompbox";

/** What pages may load and reach. */
function policy(connectSrc: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src ${connectSrc}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

const OUR_HEADERS = {
  "content-security-policy": policy("'self'"),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
} as const;

/**
 * Checks the folder, if there is one. The embedded pages are read when the
 * first request comes, so that a broker listens the sooner.
 *
 * @throws Error when the folder does not exist or is not a folder.
 */
export async function loadPages(options: PagesOptions): Promise<Pages> {
  const { staticDir, singlePage, reloads } = options;
  if (staticDir !== undefined) await checkFolder(staticDir);
  const loading: { embedded?: Promise<Embedded> } = {};
  const put = createReloadScriptPlacer();
  const find = async (
    request: Request,
    { segments, embedded }: { readonly segments: readonly string[]; readonly embedded: Embedded },
  ): Promise<Found | undefined> => {
    const [first, ...rest] = segments;
    if (first === OURS) {
      return rest.length === 0 ? { kind: "moved", location: `./${OURS}/` } : ours(embedded, rest);
    }
    if (staticDir === undefined) return ours(embedded, segments);
    const own = await ownFile(staticDir, segments);
    if (own !== undefined) return own;
    if (singlePage && isNavigation(request) && !segments.at(-1)?.includes(".")) {
      const index = await ownFile(staticDir, [""]);
      if (index !== undefined) return index;
    }
    const found = ours(embedded, segments);
    // Among somebody else's files our page would pick up their style.css.
    return found?.kind === "asset" && (isPage(segments) || segments.at(-1)?.endsWith(".html"))
      ? { kind: "moved", location: `${upToRoot(segments.length)}${OURS}/${segments.join("/")}` }
      : found;
  };

  return {
    async respond(request, path) {
      const embedded = await (loading.embedded ??= loadEmbedded());
      const segments = segmentsOf(path);
      const { pathname } = new URL(request.url);
      const found =
        path === "/" && !pathname.endsWith("/")
          ? withSlash(pathname.split("/")) // A listener's prefix, without the slash that links need
          : segments && (await find(request, { segments, embedded }));
      if (found === undefined) {
        const shadowed = staticDir !== undefined;
        // Who has opened a page too early gets it once it is there.
        const script =
          shadowed && reloads !== undefined ? scriptFor(path, reloads.build) : undefined;
        return missing(request, { path, pages: embedded.pages, shadowed, script });
      }
      if (request.method !== "GET" && request.method !== "HEAD") {
        return text(request, `Method ${quote(request.method)} is not allowed on a page\n`, {
          status: 405,
          headers: { allow: "GET, HEAD" },
        });
      }
      if (found.kind === "asset") return answerAsset(request, found.asset);
      if (found.kind === "file" && reloads !== undefined && takesScript(request, found)) {
        return answerWithScript(request, found, { script: scriptFor(path, reloads.build), put });
      }
      if (found.kind === "file") return answerFile(request, found);
      const location = found.location + new URL(request.url).search;
      return new Response(null, { status: 302, headers: { ...OUR_HEADERS, location } });
    },
  };
}

async function checkFolder(folder: string): Promise<void> {
  const stats = await stat(folder).catch(() => undefined);
  if (stats === undefined) throw new Error(`Cannot serve folder ${quote(folder)}: not found`);
  if (!stats.isDirectory()) {
    throw new Error(`Cannot serve folder ${quote(folder)}: not a folder`);
  }
}

async function loadEmbedded(): Promise<Embedded> {
  const root = join(import.meta.dir, Bun.isStandaloneExecutable ? "static" : "../../static");
  const assets = new Map<string, Asset>();
  const pages: Page[] = [];
  for (const name of readdirSync(root, { recursive: true, encoding: "utf8" }).sort()) {
    const file = Bun.file(join(root, name));
    if (!(await file.exists())) continue; // A folder
    const key = name.replaceAll("\\", "/");
    const bytes = await file.bytes();
    const hash = new Bun.CryptoHasher("sha256").update(bytes).digest("base64url");
    assets.set(key, {
      bytes,
      headers: {
        ...OUR_HEADERS,
        // Its client talks to whichever broker it is told to.
        ...(key.startsWith("console/")
          ? { "content-security-policy": policy("'self' ws: wss:") }
          : {}),
        // A page from a development server may import the client library from here.
        ...(key.startsWith("vendor/") ? { "access-control-allow-origin": "*" } : {}),
        "content-type": Bun.file(key).type,
        etag: `"${hash.slice(0, 22)}"`,
      },
    });
    if (/(^|\/)index\.html$/.test(key)) {
      const path = key.slice(0, -"index.html".length);
      const title = /<title>([^<]*)<\/title>/.exec(new TextDecoder().decode(bytes))?.[1];
      pages.push({ path, title: title?.replace(/ · stompbox$/, "") ?? path });
    }
  }
  pages.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { assets, pages };
}

/**
 * The decoded segments of a path, the last one empty when it ends with a slash;
 * undefined when a segment could mean anything but a plain name below the root:
 * dot files, `..`, empty ones, encoded separators, control characters.
 */
function segmentsOf(path: string): string[] | undefined {
  if (!path.startsWith("/")) return undefined;
  const segments: string[] = [];
  const raw = path.slice(1).split("/");
  for (const [index, part] of raw.entries()) {
    let segment: string;
    try {
      segment = decodeURIComponent(part);
    } catch {
      return undefined;
    }
    if (segment === "" && index < raw.length - 1) return undefined;
    if (segment.startsWith(".") || /[/\\\u0000-\u001f\u007f]/.test(segment)) return undefined;
    // On Windows a colon leads to another drive or to an alternate data stream.
    if (process.platform === "win32" && segment.includes(":")) return undefined;
    segments.push(segment);
  }
  return segments;
}

function ours(embedded: Embedded, segments: readonly string[]): Found | undefined {
  const key = segments.join("/");
  const asset = embedded.assets.get(isPage(segments) ? `${key}index.html` : key);
  if (asset !== undefined) return { kind: "asset", asset };
  return embedded.assets.has(`${key}/index.html`) ? withSlash(segments) : undefined;
}

async function ownFile(folder: string, segments: readonly string[]): Promise<Found | undefined> {
  try {
    const path = await realInside(folder, segments);
    if (path === undefined) return undefined;
    const stats = await stat(path);
    if (stats.isDirectory()) {
      const index = await ownFile(folder, [
        ...segments.filter((name) => name !== ""),
        "index.html",
      ]);
      return index === undefined || isPage(segments) ? index : withSlash(segments);
    }
    // A FIFO or a device would keep the answer waiting for ever.
    if (isPage(segments) || !stats.isFile()) return undefined;
    await access(path, constants.R_OK);
    return { kind: "file", path, stats };
  } catch {
    return undefined;
  }
}

/** The real path, links resolved, or undefined when that is outside the folder or hidden. */
async function realInside(
  folder: string,
  segments: readonly string[],
): Promise<string | undefined> {
  // Resolved anew each time: a deployment may swap the folder under a link.
  const root = await realpath(folder);
  const path = await realpath(join(root, ...segments));
  const inner = relative(root, path);
  if (isAbsolute(inner) || inner.split(sep).some((name) => name.startsWith("."))) return undefined;
  return path;
}

/** Whether the path ends with a slash, and so means the index of a folder. */
function isPage(segments: readonly string[]): boolean {
  return segments.at(-1) === "";
}

/** Relative, so that it holds behind a proxy with a prefix; `./` so that no name is read as a scheme. */
function withSlash(segments: readonly string[]): Found {
  return { kind: "moved", location: `./${encodeURIComponent(segments.at(-1) ?? "")}/` };
}

/** What precedes `path` in the address that was asked for. */
function prefixOf(request: Request, path: string): string {
  const whole = new URL(request.url).pathname;
  return whole.endsWith(path) ? whole.slice(0, whole.length - path.length) : "";
}

function upToRoot(depth: number): string {
  return `./${"../".repeat(Math.max(0, depth - 1))}`;
}

/** The script for whoever asked for `path`, below whatever prefix the listener has. */
function scriptFor(path: string, build: string): ReloadScript {
  const address = `${upToRoot(path.split("/").length - 1)}${OURS}/${RELOAD_SCRIPT}`;
  return { address, build };
}

/** Whether a person's browser asks for a document, or whether there is one, not a script for data. */
function isNavigation(request: Request): boolean {
  if (request.method === "HEAD") return acceptsHtml(request);
  if (request.method !== "GET") return false;
  const mode = request.headers.get("sec-fetch-mode");
  return mode === null ? acceptsHtml(request) : mode === "navigate";
}

function acceptsHtml(request: Request): boolean {
  return /\btext\/html\b/i.test(request.headers.get("accept") ?? "");
}

function answerAsset(request: Request, asset: Asset): Response {
  const headers = new Headers(asset.headers);
  if (isUnchanged(request, asset.headers["etag"] ?? "")) {
    headers.delete("content-type");
    return new Response(null, { status: 304, headers });
  }
  if (request.method === "HEAD") {
    headers.set("content-length", String(asset.bytes.byteLength));
    return new Response(null, { headers });
  }
  return new Response(asset.bytes, { headers });
}

function text(
  request: Request,
  body: string,
  options: { status: number; type?: string; headers?: Record<string, string> },
): Response {
  const headers = {
    ...OUR_HEADERS,
    ...options.headers,
    vary: "Accept",
    "content-type": options.type ?? "text/plain;charset=utf-8",
    "content-length": String(Buffer.byteLength(body)),
  };
  return new Response(request.method === "HEAD" ? null : body, { status: options.status, headers });
}

function missing(
  request: Request,
  options: {
    path: string;
    pages: readonly Page[];
    shadowed: boolean;
    script: ReloadScript | undefined;
  },
): Response {
  const { path, pages, shadowed, script } = options;
  const base = shadowed ? `${OURS}/` : "";
  const prefix = prefixOf(request, path);
  if (!acceptsHtml(request)) {
    const list = pages.map((page) => `  ${prefix}/${base}${page.path}  ${page.title}\n`).join("");
    return text(request, `There is no page ${quote(path)}. There are:\n${list}`, { status: 404 });
  }
  const root = upToRoot(path.split("/").length - 1);
  const items = pages
    .map((page) => {
      const link = escapeHtml(base + page.path);
      const shown = `<code>${escapeHtml(prefix)}/${link}</code>`;
      return `<li><a href="${root}${link}">${shown}</a> <span class="muted">${page.title}</span></li>`;
    })
    .join("\n        ");
  const body = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Not found · stompbox</title>
    <link rel="icon" href="${root}${OURS}/icon.svg">
    <link rel="stylesheet" href="${root}${OURS}/style.css">${script === undefined ? "" : `\n    ${scriptElement(script)}`}
  </head>
  <body>
    <main class="narrow">
      <h1>No such page</h1>
      <p>There is no page <code>${escapeHtml(quote(path))}</code> here. There are:</p>
      <ul class="pages">
        ${items}
      </ul>
    </main>
  </body>
</html>
`;
  return text(request, body, { status: 404, type: "text/html;charset=utf-8" });
}

function escapeHtml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Puts the script that reloads a page into a page of the user's own. */

/** Where the script and the stream that it listens to are, below the folder name of what is ours. */
export const RELOAD_SCRIPT = "reload.js";
export const RELOAD_STREAM = "reload";

/** Larger pages are served as they are. */
export const RELOAD_PAGE_BYTES_MAX = 1024 ** 2;

/** What is put into a page. */
export interface ReloadScript {
  /** The script's address relative to the page's. */
  readonly address: string;
  /** What the page was made from, see `Reloads.build`. */
  readonly build: string;
}

/**
 * The page with the script in it, every other byte as it was; undefined for a
 * page that is not written in a superset of ASCII.
 */
export type PutReloadScript = (
  html: Uint8Array<ArrayBuffer>,
  script: ReloadScript,
) => Uint8Array<ArrayBuffer> | undefined;

/** Pages whose place for the script is remembered. */
const PLACES_MAX = 64;

/**
 * Makes the function that puts scripts into pages. Reading a page is slow, and
 * nothing else goes on meanwhile, so each is read once, however often it is
 * asked for, as long as it stays as it is.
 */
export function createReloadScriptPlacer(): PutReloadScript {
  const places = new Map<string, number>();
  return (html, script) => {
    if (isUtf16(html)) return undefined;
    const page = `${html.length} ${Bun.hash(html)}`;
    const place = places.get(page) ?? placeIn(html);
    places.delete(page);
    places.set(page, place);
    for (const oldest of places.keys()) {
      if (places.size <= PLACES_MAX) break;
      places.delete(oldest);
    }
    return withText(html, { place, text: scriptElement(script) });
  };
}

/** The element that is put into a page. */
export function scriptElement({ address, build }: ReloadScript): string {
  return `<script type="module" src="${address}?build=${build}"></script>`;
}

/** A comment stands for the script while the page is read. */
const MARK = Buffer.from("<!--stompbox-->");

/**
 * Where the script goes: before the end of the body, or at the end where there
 * is none. A `base` gives all addresses behind it another meaning, perhaps that
 * of another origin, so there it goes before that.
 */
function placeIn(html: Uint8Array<ArrayBuffer>): number {
  let placed = false;
  let hasBody = false;
  /** Elements around what is read in which a `base` has no effect, and a script neither. */
  let inert = 0;
  const put = (at: { before: (content: string, options: { html: boolean }) => unknown }): void => {
    if (placed) return;
    placed = true;
    at.before(MARK.toString("latin1"), { html: true });
  };
  const marked = new HTMLRewriter()
    .on("template, noscript", {
      element: (element) => {
        if (element.selfClosing || placed) return;
        inert++;
        element.onEndTag(() => void inert--);
      },
    })
    .on("base[href]", {
      element: (base) => {
        if (inert === 0) put(base);
      },
    })
    .on("body", {
      element: (body) => {
        if (hasBody) return;
        hasBody = true;
        body.onEndTag(put);
      },
    })
    .transform(html);
  return placed ? placeOfMark(html, new Uint8Array(marked)) : html.length;
}

/** The page may hold the comment as well: the one that is put in is where the two begin to differ. */
function placeOfMark(html: Uint8Array, marked: Uint8Array): number {
  let same = 0;
  while (same < html.length && html[same] === marked[same]) same++;
  return Buffer.from(marked.buffer, marked.byteOffset, marked.length).lastIndexOf(MARK, same);
}

function withText(
  html: Uint8Array,
  { place, text }: { readonly place: number; readonly text: string },
): Uint8Array<ArrayBuffer> {
  const inserted = new TextEncoder().encode(text);
  const whole = new Uint8Array(html.length + inserted.length);
  whole.set(html.subarray(0, place));
  whole.set(inserted, place);
  whole.set(html.subarray(place), place + inserted.length);
  return whole;
}

/** By its byte order mark, without which browsers do not take a page for UTF-16 either. */
function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

/** Puts the script that reloads a page into a page of the user's own. */

/** Where the script and the stream that it listens to are, below the folder name of what is ours. */
export const RELOAD_SCRIPT = "reload.js";
export const RELOAD_STREAM = "reload";

/** Larger pages are served as they are. */
export const RELOAD_PAGE_BYTES_MAX = 4 * 1024 * 1024;

/** What {@link withReloadScript} puts into a page. */
export interface ReloadScript {
  /** The script's address relative to the page's. */
  readonly relative: string;
  /** The same from the root of the origin, for pages whose `base` makes relative addresses mean something else. */
  readonly absolute: string;
  /** What the page was made from, see `Reloads.build`. */
  readonly build: string;
}

/**
 * The page with the script before the end of its body, or at the end where
 * there is none, every other byte as it was; undefined for a page that is not
 * written in a superset of ASCII.
 */
export function withReloadScript(
  html: Uint8Array<ArrayBuffer>,
  script: ReloadScript,
): Uint8Array<ArrayBuffer> | undefined {
  if (isUtf16(html)) return undefined;
  let address = script.relative;
  let placed = false;
  const element = (): string =>
    `<script type="module" src="${address}?build=${script.build}"></script>`;
  const rewriter = new HTMLRewriter()
    .on("base[href]", {
      element: () => {
        address = script.absolute;
      },
    })
    .on("body", {
      element: (body) =>
        body.onEndTag((end) => {
          if (!placed) end.before(element(), { html: true });
          placed = true;
        }),
    })
    .onDocument({
      end: (end) => {
        if (!placed) end.append(element(), { html: true });
      },
    });
  return new Uint8Array(rewriter.transform(html));
}

/** By its byte order mark, without which browsers do not take a page for UTF-16 either. */
function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

/** Where the broker is, seen from whichever place the console is served from. */

/**
 * The root of the broker's HTTP side for a console at `page`, with a slash at
 * its end: the folder above the console's, or above that of the embedded files.
 */
export function rootOf(page: string): URL {
  return new URL(new URL("../", page).href.replace(/\/_stompbox\/$/, "/"));
}

/** The WebSocket of the broker at `root`. */
export function socketUrlOf(root: URL): string {
  return root.href.replace(/^http/, "ws");
}

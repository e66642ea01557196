/** Addresses within the console: the hash holds everything that somebody may want to link to. */

/** The pages there are, in the order of the navigation. */
export const PAGES = ["overview", "frames", "connections", "destinations", "client"] as const;

/** One of the pages. */
export type PageName = (typeof PAGES)[number];

/** Names and values after the question mark; a name without value is not there. */
export type RouteParams = Readonly<Record<string, string | undefined>>;

/** Where in the console one is. */
export interface Route {
  readonly page: PageName;
  readonly params: RouteParams;
}

/** Reads a hash such as `#/frames?connection=3`; what is unknown leads to the overview. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const page = PAGES.find((name) => name === path) ?? "overview";
  return { page, params: Object.fromEntries(new URLSearchParams(query)) };
}

/** The hash of a page with those params; empty ones are left out. */
export function hrefTo(page: PageName, params: RouteParams = {}): string {
  const given = Object.entries(params).flatMap(([name, value]): [string, string][] =>
    value === undefined || value === "" ? [] : [[name, value]],
  );
  const query = new URLSearchParams(given).toString();
  return `#/${page}${query === "" ? "" : `?${query}`}`;
}

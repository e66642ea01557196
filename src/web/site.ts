/** The pages that are served now, and news of the folder that they come from. */

import type { Observe } from "../observe/events.ts";
import type { Runtime } from "../runtime.ts";
import { loadPages, type Pages, type PagesOptions } from "./pages.ts";
import { Reloads } from "./reloads.ts";
import { watchFolder } from "./watch_folder.ts";

/** What {@link openSite} serves. */
export type SiteOptions = Omit<PagesOptions, "reloads">;

/** What it needs besides. */
export interface SiteParts {
  readonly runtime: Pick<Runtime, "every" | "id">;
  readonly observe: Observe;
  /** Whether pages of the folder reload when it changes. */
  readonly watch: boolean;
}

/** Pages that can be exchanged for others while they are served. */
export interface Site extends Pages {
  /** Those who listen for changes; undefined unless the folder is watched. */
  readonly reloads: Reloads | undefined;
  /**
   * Makes ready to serve something else. The returned function puts it in
   * force, and cannot fail.
   *
   * @throws Error when the folder does not exist or is not a folder
   */
  prepare(options: SiteOptions): Promise<() => void>;
  /** Tells nobody anything any more, and watches nothing. Pages are still answered. */
  end(): void;
}

/** @throws Error when the folder does not exist or is not a folder */
export async function openSite(options: SiteOptions, parts: SiteParts): Promise<Site> {
  const { runtime, observe } = parts;
  const reloads = parts.watch ? new Reloads(runtime.id()) : undefined;
  const served: { pages: Pages | undefined; stopWatching: () => void; ended: boolean } = {
    pages: undefined,
    stopWatching: () => {},
    ended: false,
  };
  const site: Site = {
    reloads,
    respond: (request, path) =>
      served.pages?.respond(request, path) ?? new Response(null, { status: 503 }),
    prepare: async (wanted) => {
      const { staticDir } = wanted;
      const pages = await loadPages(reloads === undefined ? wanted : { ...wanted, reloads });
      const stopWatching =
        reloads === undefined || staticDir === undefined
          ? () => {}
          : await watchFolder(staticDir, {
              every: runtime.every,
              observe,
              changed: (paths) => reloads.changed(paths),
            });
      return () => {
        served.stopWatching();
        served.stopWatching = stopWatching;
        if (served.ended) stopWatching();
        if (served.pages !== undefined) reloads?.changed(undefined);
        served.pages = pages;
      };
    },
    end: () => {
      served.ended = true;
      served.stopWatching();
      reloads?.end();
    },
  };
  const serve = await site.prepare(options);
  serve();
  return site;
}

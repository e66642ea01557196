import { useLayoutEffect, useState } from "preact/hooks";
import { hrefTo, type PageName, parseRoute, type Route, type RouteParams } from "./route.ts";

/** Where the hash says one is, as it changes. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  // Before any effect of the page, which may go elsewhere at once.
  useLayoutEffect(() => {
    const read = (): void => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  return route;
}

/** Goes to a page; `replace` for what the back button should not stop at, such as each letter of a filter. */
export function navigate(
  to: { readonly page: PageName; readonly params?: RouteParams },
  { replace = false }: { readonly replace?: boolean } = {},
): void {
  const href = hrefTo(to.page, to.params);
  if (href === location.hash) return;
  if (replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  dispatchEvent(new Event("hashchange"));
}

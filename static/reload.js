// Reloads the page when files of the static folder change; part of pages only with --watch.

const here = new URL(import.meta.url);
const root = new URL("..", here);
const stream = new URL("reload", here).href;
const AGAIN_MS = 1_000;
const AGAIN_MAX_MS = 60_000;
/** What the last reload was for: a cache in between may give us the old page once more. */
const TRIED = `stompbox reload ${root.pathname}`;

/** What this page was made from. */
let build = here.searchParams.get("build") ?? "";
/** What was told last. */
let latest;
let againMs = AGAIN_MS;

// Pages of one browser share a stream: HTTP/1.1 leaves six connections for all of them.
const others = new BroadcastChannel(stream);
others.addEventListener("message", ({ data }) => {
  if (data !== "?") take(data);
  else if (latest !== undefined) others.postMessage(latest);
});
others.postMessage("?");
keepListening();

async function keepListening() {
  for (;;) {
    await (navigator.locks?.request(stream, listen).catch(listen) ?? listen());
    // Whoever may not listen makes room for one that may, and does not fill the console with it.
    await new Promise((resolve) => setTimeout(resolve, againMs));
    againMs = Math.min(2 * againMs, AGAIN_MAX_MS);
  }
}

/** Listens until the stream ends for good; when it is only lost the browser tries again by itself. */
function listen() {
  const events = new EventSource(stream);
  events.addEventListener("message", ({ data }) => {
    const news = JSON.parse(data);
    againMs = AGAIN_MS;
    others.postMessage(news);
    take(news);
  });
  return new Promise((resolve) => {
    events.addEventListener("error", () => {
      if (events.readyState === EventSource.CLOSED) resolve();
    });
  });
}

async function take(news) {
  if (latest !== undefined && isOlder(news.build, latest.build)) return;
  latest = news;
  if (news.build === build || isOlder(news.build, build)) return;
  if (news.styles !== undefined && news.from === build && swap(news)) {
    build = news.build;
    return;
  }
  if (remembered() === news.build || !(await isThere()) || news !== latest) return;
  remember(news.build);
  location.reload();
}

/**
 * Whether there is a page to load. Whoever makes all pages anew removes them first; the old one
 * stays until the new one is there, which is a change that is told as well.
 */
async function isThere() {
  try {
    const headers = { accept: "text/html" };
    const asked = { method: "HEAD", headers, redirect: "manual", cache: "no-store" };
    const { status, type } = await fetch(location.href, asked);
    return status !== 404 && type !== "opaqueredirect";
  } catch {
    // The page's policy may forbid to ask.
    return true;
  }
}

/** Whether a build comes before another of the same run of the broker; those of two runs have no order. */
function isOlder(one, other) {
  const [oneRun, oneNumber] = partsOf(one);
  const [otherRun, otherNumber] = partsOf(other);
  return oneRun === otherRun && oneNumber < otherNumber;
}

function partsOf(name) {
  const at = name.lastIndexOf("-");
  return [name.slice(0, at), Number(name.slice(at + 1))];
}

/** Replaces the style sheets that changed; false if the page got one of them by another way. */
function swap({ styles, build: changed }) {
  const links = [...document.querySelectorAll("link[rel~=stylesheet][href]")];
  const found = styles.map((path) => {
    const wanted = new URL(path.split("/").map(encodeURIComponent).join("/"), root);
    return links.filter(({ href }) => {
      const { origin, pathname } = new URL(href);
      return origin === wanted.origin && pathname === wanted.pathname;
    });
  });
  if (found.some((each) => each.length === 0)) return false;
  for (const old of found.flat()) {
    const href = new URL(old.href);
    href.searchParams.set("build", changed);
    const next = old.cloneNode();
    next.href = href.href;
    // The old one stays until the new one is here, so that nothing flickers.
    next.addEventListener("load", () => old.remove());
    next.addEventListener("error", () => next.remove());
    old.after(next);
  }
  return true;
}

/** Storage may be forbidden; then nothing is remembered. */
function remembered() {
  try {
    return sessionStorage.getItem(TRIED);
  } catch {
    return null;
  }
}

function remember(tried) {
  try {
    sessionStorage.setItem(TRIED, tried);
  } catch {
    // Then a stale cache makes us reload once more.
  }
}

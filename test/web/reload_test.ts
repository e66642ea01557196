/** Pages that reload: the script in them, and the stream that it listens to. */
import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type ConfigOverrides, defaultConfig } from "../../src/config.ts";
import { type Runtime, systemRuntime } from "../../src/runtime.ts";
import { startStompbox, type Stompbox } from "../../src/stompbox.ts";
import { RELOAD_PAGE_BYTES_MAX } from "../../src/web/reload_script.ts";
import { RELOAD_STREAMS_MAX, Reloads } from "../../src/web/reloads.ts";
import { until } from "../support/until.ts";

const folder = { path: "" };
const brokers = new Set<Stompbox>();
beforeEach(() => {
  folder.path = mkdtempSync(join(tmpdir(), "stompbox-reload-"));
  mkdirSync(join(folder.path, "a", "b"), { recursive: true });
});
afterEach(async () => {
  for (const broker of brokers) await broker.stop();
  brokers.clear();
  rmSync(folder.path, { recursive: true });
});

function put(path: string, content: string | Uint8Array): void {
  writeFileSync(join(folder.path, path), content);
}

/** Serves the folder; answers what is before every path. */
async function serve(overrides: ConfigOverrides = {}, prefix = ""): Promise<string> {
  const config = defaultConfig({
    listen: [`ws://127.0.0.1:0${prefix}`],
    static: folder.path,
    watch: true,
    ...overrides,
  });
  const broker = await startStompbox(config, { version: "test" });
  brokers.add(broker);
  return `http://127.0.0.1:${broker.addresses[0]?.port}${prefix}`;
}

async function textOf(url: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(url, { headers });
  return response.text();
}

/** The page without the script, and the script's address without its query. */
function apart(page: string): { readonly rest: string; readonly script: string | undefined } {
  const element = /<script type="module" src="([^"?]*)\?build=[A-Za-z0-9_-]+"><\/script>/;
  return { rest: page.replace(element, "|"), script: element.exec(page)?.[1] };
}

describe("a page of the folder", () => {
  const places: readonly (readonly [string, string, string])[] = [
    ["before the end of the body", "<body><p>1</p></body>", "<body><p>1</p>|</body>"],
    ["whatever its case", "<BODY>1</BODY>", "<BODY>1|</BODY>"],
    ["at the end where the body has no end", "<body><p>1", "<body><p>1|"],
    ["at the end where there is no body", "<p>1</p>\n", "<p>1</p>\n|"],
    ["not in a comment", "<body>1<!-- </body> --></body>", "<body>1<!-- </body> -->|</body>"],
    [
      "not in a script",
      "<body><script>'</body>'</script></body>",
      "<body><script>'</body>'</script>|</body>",
    ],
    ["in an empty one", "", "|"],
    [
      "once, where there are several bodies",
      "<body>1<body>2</body></body>",
      "<body>1<body>2</body>|</body>",
    ],
    [
      "before a base, which gives addresses another meaning",
      '<head><base target=a><base href="/b/"><base href="/c/"></head><body></body>',
      '<head><base target=a>|<base href="/b/"><base href="/c/"></head><body></body>',
    ],
    [
      "not before a base that has no effect",
      "<template><base href=a></template><body><noscript><base href=b></noscript></body>",
      "<template><base href=a></template><body><noscript><base href=b></noscript>|</body>",
    ],
    [
      "also where the page holds what stands for it while it is read",
      "<!--stompbox--><body><!--stompbox--><!--stompbox--></body><!--stompbox-->",
      "<!--stompbox--><body><!--stompbox--><!--stompbox-->|</body><!--stompbox-->",
    ],
  ];
  test.each(places)("gets the script %s", async (_where, html, expected) => {
    put("p.html", html);
    const page = await textOf(`${await serve()}/p.html`);
    expect(apart(page)).toEqual({ rest: expected, script: "./_stompbox/reload.js" });
  });

  const addresses: readonly (readonly [string, string, string])[] = [
    ["/", "index.html", "./_stompbox/reload.js"],
    ["/p.html", "p.html", "./_stompbox/reload.js"],
    ["/a/", "a/index.html", "./../_stompbox/reload.js"],
    ["/a/b/p.html", "a/b/p.html", "./../../_stompbox/reload.js"],
  ];
  describe.each(["", "/app", "/app/two"])("below the prefix %p", (prefix) => {
    test.each(addresses)("%s has a script that is there", async (path, file, address) => {
      put(file, "<body></body>");
      const url = `${await serve({}, prefix)}${path}`;
      const page = await textOf(url);
      expect(apart(page).script).toBe(address);
      const script = await fetch(new URL(address, url));
      expect(script.status).toBe(200);
      expect(script.headers.get("content-type")).toContain("javascript");
      expect(await script.text()).toContain("EventSource");
    });

    // What the script's address means there is tried out in test/browser/reload_test.ts.
    test("a page with a base of its own has one before that", async () => {
      put("a/p.html", '<head><base href="https://evil.example/"></head><body></body>');
      const page = await textOf(`${await serve({}, prefix)}/a/p.html`);
      expect(apart(page)).toEqual({
        rest: '<head>|<base href="https://evil.example/"></head><body></body>',
        script: "./../_stompbox/reload.js",
      });
    });

    test("a navigation that --single-page answers has one as well", async () => {
      put("index.html", "<body></body>");
      const url = `${await serve({ singlePage: true }, prefix)}/some/route/x`;
      const page = await textOf(url, { accept: "text/html" });
      expect(apart(page).script).toBe("./../../_stompbox/reload.js");
    });
  });

  test("keeps every other byte, whatever its encoding", async () => {
    const [head, tail] = [Buffer.from("<body>\xe9\xff\x80", "latin1"), Buffer.from("</body>")];
    put("p.html", Buffer.concat([head, tail]));
    const page = Buffer.from(await (await fetch(`${await serve()}/p.html`)).arrayBuffer());
    expect(page.subarray(0, head.length).equals(head)).toBe(true);
    expect(page.subarray(-tail.length).equals(tail)).toBe(true);
  });

  const untouched: readonly (readonly [string, string, string | Uint8Array])[] = [
    ["in UTF-16", "p.html", Buffer.from("\ufeff<body></body>", "utf16le")],
    ["that is very large", "p.html", `<body>${"x".repeat(RELOAD_PAGE_BYTES_MAX)}</body>`],
    ["that is no page but a script", "p.js", "'<body></body>'"],
    ["that is no page but a picture", "p.svg", "<svg><body></body></svg>"],
    ["that is no page but a text", "p.txt", "<body></body>"],
  ];
  test.each(untouched)("%s is served as it is", async (_what, path, content) => {
    put(path, content);
    const served = Buffer.from(await (await fetch(`${await serve()}/${path}`)).arrayBuffer());
    expect(served.equals(Buffer.from(content))).toBe(true);
  });

  test("is read once for all who ask for it, and again when it has changed", async () => {
    const transform = spyOn(HTMLRewriter.prototype, "transform");
    try {
      put("index.html", `<body>${"<div>".repeat(100_000)}</body>`);
      const root = await serve({ singlePage: true });
      const paths = Array.from({ length: 20 }, (_, at) => `/a${"/b".repeat(at)}?${at}`);
      const headers = { accept: "text/html" };
      const pages = await Promise.all(paths.map((path) => textOf(`${root}${path}`, headers)));
      expect(new Set(pages.map((page) => apart(page).rest)).size).toBe(1);
      expect(new Set(pages.map((page) => apart(page).script)).size).toBe(20);
      expect(transform).toHaveBeenCalledTimes(1);
      put("index.html", "<body>2</body>");
      expect(apart(await textOf(root)).rest).toBe("<body>2|</body>");
      expect(transform).toHaveBeenCalledTimes(2);
    } finally {
      transform.mockRestore();
    }
  });

  const wanted: readonly (readonly [string, boolean])[] = [
    ["document", true],
    ["iframe", true],
    ["frame", true],
    ["embed", true],
    ["object", true],
    ["empty", false],
    ["script", false],
    ["image", false],
  ];
  test.each(wanted)("that is fetched as %s gets the script: %p", async (dest, gets) => {
    put("p.html", "<body></body>");
    const page = await textOf(`${await serve()}/p.html`, { "sec-fetch-dest": dest });
    expect(apart(page).script !== undefined).toBe(gets);
  });

  test("says how long it is, also when only asked for its head", async () => {
    put("p.html", "<body>é</body>");
    const url = `${await serve()}/p.html`;
    const [whole, head] = [await fetch(url), await fetch(url, { method: "HEAD" })];
    const { byteLength } = await whole.arrayBuffer();
    expect(whole.headers.get("content-length")).toBe(String(byteLength));
    expect(head.headers.get("content-length")).toBe(String(byteLength));
    expect(await head.text()).toBe("");
    expect(head.headers.get("etag")).toBe(whole.headers.get("etag") ?? "");
  });

  test("is served whole where a part of it is asked for", async () => {
    put("p.html", "<body>1</body>");
    const response = await fetch(`${await serve()}/p.html`, { headers: { range: "bytes=0-2" } });
    expect(response.status).toBe(200);
    expect(apart(await response.text()).rest).toBe("<body>1|</body>");
  });

  test("need not be sent again until something has changed, be it another file", async () => {
    put("p.html", "<body>1</body>");
    const root = await serve();
    const events = await listen(root);
    await events.next();
    const first = await fetch(`${root}/p.html`);
    await first.text();
    const tag = first.headers.get("etag") ?? "";
    const again = () => fetch(`${root}/p.html`, { headers: { "if-none-match": tag } });
    expect((await again()).status).toBe(304);
    put("other.js", "1");
    await events.next();
    const changed = await again();
    expect(changed.status).toBe(200);
    await changed.text();
    // A date cannot tell the two apart, so none is given, and none counts.
    expect(first.headers.get("last-modified")).toBeNull();
    const since = { "if-modified-since": new Date(Date.now() + 10_000).toUTCString() };
    expect((await fetch(`${root}/p.html`, { headers: since })).status).toBe(200);
  });

  test("that comes between a change and the news of it is not taken for new", async () => {
    put("p.html", "<body>1</body>");
    utimesSync(join(folder.path, "p.html"), 1_000, 1_000);
    const root = await serve();
    const events = await listen(root);
    const { build } = await events.next();
    expect(await textOf(`${root}/p.html`)).toContain(`build=${build}"`);
    put("p.html", "<body>2</body>");
    const { build: next, from } = await events.next();
    expect(from).toBe(build);
    expect(await textOf(`${root}/p.html`)).toContain(`build=${next}"`);
  });
});

describe("without --watch", () => {
  test("a page is served as it is, and nobody can listen", async () => {
    put("index.html", "<body></body>");
    const root = await serve({ watch: false });
    expect(await textOf(`${root}/`)).toBe("<body></body>");
    const stream = await fetch(`${root}/_stompbox/reload`);
    expect(stream.status).toBe(404);
    await stream.text();
  });

  test.each([
    [false, 1],
    [true, 2],
  ])("nobody looks at the folder: with it %p, timers %d", async (watch, timers) => {
    let running = 0;
    const every: Runtime["every"] = (periodMs, task) => {
      running++;
      const stop = systemRuntime.every(periodMs, task);
      return () => {
        running--;
        stop();
      };
    };
    const config = defaultConfig({ listen: ["ws://127.0.0.1:0"], static: folder.path, watch });
    const runtime = { ...systemRuntime, every };
    const broker = await startStompbox(config, { version: "test", runtime });
    expect(running).toBe(timers);
    await broker.stop();
    expect(running).toBe(0);
  });
});

describe("with --watch", () => {
  test("in the place of a page that is not there yet one waits for it", async () => {
    const path = "/no/such/page";
    const headers = { accept: "text/html" };
    const text = await textOf(`${await serve()}${path}`, headers);
    expect(text).toContain('<script type="module" src="./../../_stompbox/reload.js?build=');
    expect(await textOf(`${await serve({ watch: false })}${path}`, headers)).not.toContain(
      "reload",
    );
  });

  test.each(["/", "/chat/", "/_stompbox/", "/_stompbox/chat/"])(
    "our own %s has no such script",
    async (path) => {
      const root = await serve();
      expect(await textOf(`${root}${path}`, { accept: "text/html" })).not.toContain("reload.js");
    },
  );

  test("and no folder, pages are as ever", async () => {
    const { static: _static, ...config } = defaultConfig({ listen: ["ws://127.0.0.1:0"] });
    const broker = await startStompbox({ ...config, watch: true }, { version: "test" });
    brokers.add(broker);
    const page = await textOf(`http://127.0.0.1:${broker.addresses[0]?.port}/`);
    expect(page).not.toContain("reload.js");
  });
});

const newsSchema = z.strictObject({
  build: z.string().regex(/^[A-Za-z0-9_-]+$/),
  from: z.string().optional(),
  styles: z.array(z.string()).optional(),
});

/** A page that listens. */
async function listen(root: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${root}/_stompbox/reload`, { headers });
  const reader = response.body?.getReader();
  let text = "";
  const decoder = new TextDecoder();
  /** The next that it is told; rejects when the stream ends instead. */
  const next = async () => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const data = /^data: (.*)$/m.exec(block)?.[1] ?? "";
        return newsSchema.parse(JSON.parse(data));
      }
      const piece = await reader?.read();
      if (piece?.value === undefined) throw new Error("The stream ended");
      text += decoder.decode(piece.value, { stream: true });
    }
  };
  return { response, next, leave: () => reader?.cancel() };
}

describe("the stream of news", () => {
  test("begins with the build that pages come with", async () => {
    put("index.html", "<body></body>");
    const root = await serve();
    const { response, next } = await listen(root);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const { build } = await next();
    expect(await textOf(`${root}/`)).toContain(`?build=${build}"`);
  });

  const kinds: readonly (readonly [string, readonly string[], readonly string[] | undefined])[] = [
    ["a page", ["index.html"], undefined],
    ["a style sheet", ["style.css"], ["style.css"]],
    ["two style sheets", ["style.css", "a/b.css"], ["a/b.css", "style.css"]],
    ["a style sheet and a script", ["style.css", "a/b.js"], undefined],
  ];
  test.each(kinds)("tells of %s", async (_what, paths, styles) => {
    const root = await serve();
    const { next } = await listen(root);
    const { build } = await next();
    for (const path of paths) put(path, "1");
    const news = await next();
    expect(news.from).toBe(build);
    expect(news.build).not.toBe(build);
    expect(news.styles?.toSorted()).toEqual(styles === undefined ? undefined : [...styles]);
  });

  test("tells each of many that listen", async () => {
    const root = await serve();
    const pages = await Promise.all(Array.from({ length: 20 }, () => listen(root)));
    for (const { next } of pages) await next();
    put("index.html", "1");
    const builds = await Promise.all(pages.map(async ({ next }) => (await next()).build));
    expect(new Set(builds).size).toBe(1);
  });

  test("tells when another configuration serves another folder", async () => {
    const root = await serve();
    const { next } = await listen(root);
    await next();
    mkdirSync(join(folder.path, "other"));
    put("other/index.html", "<body>other</body>");
    // That the folder has something new in it is news as well.
    await next();
    const config = defaultConfig({
      listen: ["ws://127.0.0.1:0"],
      static: join(folder.path, "other"),
      watch: true,
    });
    for (const broker of brokers) await broker.reload(config);
    await next();
    expect(await textOf(`${root}/`)).toContain("<body>other");
    put("other/index.html", "<body>changed</body>");
    await next();
    expect(await textOf(`${root}/`)).toContain("<body>changed");
  });

  test("ends when the broker stops", async () => {
    const root = await serve();
    const { next } = await listen(root);
    await next();
    for (const broker of brokers) await broker.stop();
    await expect(next()).rejects.toThrow("The stream ended");
  });

  test.each(["POST", "PUT", "DELETE"])("is not there for %s", async (method) => {
    const response = await fetch(`${await serve()}/_stompbox/reload`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET");
    await response.text();
  });

  const foreign: readonly Record<string, string>[] = [
    { origin: "https://a.example" },
    { "sec-fetch-site": "cross-site" },
  ];
  test.each(foreign)("is not there for pages from elsewhere: %p", async (headers) => {
    const response = await fetch(`${await serve()}/_stompbox/reload`, { headers });
    expect(response.status).toBe(403);
    await response.text();
  });

  test("names another build in every run", async () => {
    const [one, two] = [await listen(await serve()), await listen(await serve())];
    expect((await one.next()).build).not.toBe((await two.next()).build);
  });
});

describe("those who listen", () => {
  const ask = (reloads: Reloads) => reloads.respond(new Request("http://localhost/"));

  test("are so many at most: the longest there gives way, and others stay", async () => {
    const reloads = new Reloads("run");
    const readers = Array.from({ length: RELOAD_STREAMS_MAX + 1 }, () =>
      ask(reloads).body?.getReader(),
    );
    expect(reloads.size).toBe(RELOAD_STREAMS_MAX);
    const [first, second] = readers;
    const ended = async (reader: typeof first): Promise<boolean> =>
      (await reader?.read())?.done === true;
    // What it had been told before, then the end.
    while (!(await ended(first)));
    reloads.changed(undefined);
    await second?.read();
    expect(await ended(second)).toBe(false);
  });

  test("are let go when they do not read", () => {
    const reloads = new Reloads("run");
    const response = ask(reloads);
    const styles = Array.from({ length: 64 }, (_, at) => `${at}${"x".repeat(200)}.css`);
    for (let count = 0; count < 20; count++) reloads.changed(styles);
    expect(reloads.size).toBe(0);
    expect(response.body).not.toBeNull();
  });

  test("are forgotten when they leave", async () => {
    const reloads = new Reloads("run");
    await ask(reloads).body?.cancel();
    expect(reloads.size).toBe(0);
    reloads.changed(undefined);
  });

  test("and come when the broker stops are turned away", async () => {
    const reloads = new Reloads("run");
    reloads.end();
    expect(ask(reloads).status).toBe(503);
  });

  test("over HTTP are forgotten when they leave", async () => {
    const reloads = new Reloads("run");
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => ask(reloads) });
    try {
      const controller = new AbortController();
      const response = await fetch(server.url, { signal: controller.signal });
      await response.body?.getReader().read();
      expect(reloads.size).toBe(1);
      controller.abort();
      await until("the page is forgotten", () => reloads.size === 0);
    } finally {
      await server.stop(true);
    }
  });

  test("are told of many style sheets as of anything", async () => {
    const reloads = new Reloads("run");
    reloads.changed(Array.from({ length: 65 }, (_, at) => `${at}.css`));
    const reader = ask(reloads).body?.getReader();
    await reader?.read();
    const told = new TextDecoder().decode((await reader?.read())?.value);
    expect(told).toBe('data: {"build":"run-1","from":"run-0"}\n\n');
  });
});

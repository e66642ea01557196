/** Pages of a folder that is being worked on, in a browser. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type ConfigOverrides, defaultConfig } from "../../src/config.ts";
import { startStompbox, type Stompbox } from "../../src/stompbox.ts";
import { browserMissing, launchBrowser } from "./browser.ts";

const TIMEOUT_MS = 60_000;

if (browserMissing !== undefined) console.warn(`Browser tests skipped: ${browserMissing}`);

describe.skipIf(browserMissing !== undefined)("a page of the folder in Chromium", () => {
  const now: { browser?: Browser; context?: BrowserContext; broker?: Stompbox; folder: string } = {
    folder: "",
  };
  const problems: string[] = [];

  beforeAll(async () => {
    now.browser = await launchBrowser();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await now.browser?.close();
  }, TIMEOUT_MS);
  beforeEach(async () => {
    now.folder = mkdtempSync(join(tmpdir(), "stompbox-reload-"));
    now.context = await now.browser?.newContext();
    problems.length = 0;
  });
  afterEach(async () => {
    await now.context?.close();
    await now.broker?.stop();
    rmSync(now.folder, { recursive: true });
  });

  const put = (path: string, content: string): void => {
    mkdirSync(join(now.folder, path, ".."), { recursive: true });
    writeFileSync(join(now.folder, path), content);
  };
  const portOf = (): number => now.broker?.addresses[0]?.port ?? 0;
  /** Serves the folder; answers the root of what is served. */
  const serve = async (overrides: ConfigOverrides = {}, at = "localhost:0"): Promise<string> => {
    const config = defaultConfig({
      listen: [`ws://${at}`],
      static: now.folder,
      watch: true,
      ...overrides,
    });
    now.broker = await startStompbox(config, { version: "test" });
    return `http://localhost:${portOf()}${now.broker.addresses[0]?.path}`;
  };
  /** Opens a page. What changes before it listens it hears of all the same. */
  const open = async (url: string): Promise<Page> => {
    if (now.context === undefined) throw new Error("There is no browser");
    const page = await now.context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(url);
    return page;
  };
  const shows = (page: Page, text: string): Promise<void> =>
    page.getByText(text, { exact: true }).waitFor();
  const isTheSame = (page: Page): Promise<boolean> =>
    page.evaluate("globalThis.mark === true").then((same) => same === true);
  const mark = (page: Page): Promise<unknown> => page.evaluate("globalThis.mark = true");
  const html = (text: string, head = ""): string =>
    `<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,">${head}</head><body><p>${text}</p></body></html>`;

  test(
    "with a base elsewhere reloads all the same, by our script",
    async () => {
      const asked: string[] = [];
      const elsewhere = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: (request) => {
          asked.push(new URL(request.url).pathname);
          return new Response("globalThis.foreign = true", {
            headers: { "content-type": "text/javascript", "access-control-allow-origin": "*" },
          });
        },
      });
      try {
        const base = `<base href="http://127.0.0.1:${elsewhere.port}/b/">`;
        put("a/index.html", html("one", base));
        const page = await open(`${await serve()}a/`);
        await shows(page, "one");
        put("a/index.html", html("two", base));
        await shows(page, "two");
        expect(await page.evaluate("document.baseURI")).toBe(`${elsewhere.url}b/`);
        expect(asked).toEqual([]);
        expect(problems).toEqual([]);
      } finally {
        await elsewhere.stop(true);
      }
    },
    TIMEOUT_MS,
  );

  test(
    "reloads when it has changed, and again",
    async () => {
      put("index.html", html("one"));
      const page = await open(await serve());
      await shows(page, "one");
      put("index.html", html("two"));
      await shows(page, "two");
      put("index.html", html("three"));
      await shows(page, "three");
      expect(problems).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test.each(["localhost:0", "localhost:0/app/two"])(
    "reloads when a script that it loads has changed, also further down [%s]",
    async (at) => {
      put("a/b/index.html", html("page", '<script type="module" src="../../x.js"></script>'));
      put(
        "x.js",
        'document.body.append(Object.assign(document.createElement("b"), { textContent: "one" }))',
      );
      const page = await open(`${await serve({}, at)}a/b/`);
      await shows(page, "one");
      put(
        "x.js",
        'document.body.append(Object.assign(document.createElement("b"), { textContent: "two" }))',
      );
      await shows(page, "two");
      expect(problems).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "that --single-page answers for reloads at its own address",
    async () => {
      put("index.html", html("one"));
      const root = await serve({ singlePage: true });
      const page = await open(`${root}some/route/x`);
      await shows(page, "one");
      put("index.html", html("two"));
      await shows(page, "two");
      expect(page.url()).toBe(`${root}some/route/x`);
      expect(problems).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test.each([
    ["", {}],
    ["a/", {}],
    ["some/route", { singlePage: true }],
  ] as const)(
    "stays while it is gone, and reloads when it is back [/%s]",
    async (path, options) => {
      const file = path === "a/" ? "a/index.html" : "index.html";
      put(file, html("one"));
      const page = await open(`${await serve(options)}${path}`);
      await shows(page, "one");
      await mark(page);
      const asked = page.waitForResponse((answer) => answer.request().method() === "HEAD");
      rmSync(join(now.folder, file));
      await asked;
      put(file, html("two"));
      await shows(page, "two");
      expect(await isTheSame(page)).toBe(false);
      expect(page.url()).toEndWith(`${portOf()}/${path}`);
    },
    TIMEOUT_MS,
  );

  test(
    "that is not there yet comes once it is",
    async () => {
      const page = await open(`${await serve()}a/new.html`);
      await page.getByRole("heading", { name: "No such page" }).waitFor();
      put("a/new.html", html("one"));
      await shows(page, "one");
      put("a/new.html", html("two"));
      await shows(page, "two");
    },
    TIMEOUT_MS,
  );

  test(
    "takes new style sheets without being loaded again",
    async () => {
      put("my styles.css", "p { color: rgb(1, 1, 1) }");
      put("index.html", html("page", '<link rel="stylesheet" href="my%20styles.css">'));
      const page = await open(await serve());
      const hasColor = (color: string) =>
        page.waitForFunction(`getComputedStyle(document.querySelector("p")).color === "${color}"`);
      await hasColor("rgb(1, 1, 1)");
      await mark(page);
      for (const shade of [2, 3]) {
        put("my styles.css", `p { color: rgb(${shade}, ${shade}, ${shade}) }`);
        await hasColor(`rgb(${shade}, ${shade}, ${shade})`);
        await page.waitForFunction(
          'document.querySelectorAll("link[rel=stylesheet]").length === 1',
        );
      }
      expect(await isTheSame(page)).toBe(true);
      put("index.html", html("changed"));
      await shows(page, "changed");
      expect(await isTheSame(page)).toBe(false);
      expect(problems).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "is loaded again for a style sheet that came in by another way",
    async () => {
      put("base.css", "p { color: rgb(1, 1, 1) }");
      put("style.css", '@import "base.css";');
      put("index.html", html("page", '<link rel="stylesheet" href="style.css">'));
      const page = await open(await serve());
      await shows(page, "page");
      await mark(page);
      put("base.css", "p { color: rgb(2, 2, 2) }");
      await page.waitForFunction(
        'getComputedStyle(document.querySelector("p")).color === "rgb(2, 2, 2)"',
      );
      expect(await isTheSame(page)).toBe(false);
    },
    TIMEOUT_MS,
  );

  test(
    "shares one stream with all others of its browser, more than there are connections",
    async () => {
      put("index.html", html("one"));
      const root = await serve();
      const pages: Page[] = [];
      for (let count = 0; count < 8; count++) pages.push(await open(root));
      put("index.html", html("two"));
      await Promise.all(pages.map((page) => shows(page, "two")));
      // Another listens in the place of one that goes.
      await pages.shift()?.close();
      put("index.html", html("three"));
      await Promise.all(pages.map((page) => shows(page, "three")));
      expect(problems).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "reloads once the broker is back after a restart",
    async () => {
      put("index.html", html("one"));
      const root = await serve();
      const page = await open(root);
      await shows(page, "one");
      await mark(page);
      const port = portOf();
      await now.broker?.stop();
      put("index.html", html("two"));
      await serve({}, `localhost:${port}`);
      await shows(page, "two");
      put("index.html", html("three"));
      await shows(page, "three");
    },
    TIMEOUT_MS,
  );

  const policies: readonly (readonly [string, string, boolean])[] = [
    ["allows it", "script-src 'self'; connect-src 'self'", true],
    ["forbids the script", "script-src 'none'", false],
    // Others of the browser tell it.
    ["forbids the stream", "connect-src 'none'", true],
  ];
  test.each(policies)(
    "whose policy %s works",
    async (_what, policy, reloads) => {
      put(
        "index.html",
        html("one", `<meta http-equiv="content-security-policy" content="${policy}">`),
      );
      put("other.html", html("other"));
      const root = await serve();
      const [page, other] = [await open(root), await open(`${root}other.html`)];
      await shows(page, "one");
      await mark(page);
      put("other.html", html("changed"));
      await shows(other, "changed");
      if (reloads) await page.waitForFunction("globalThis.mark !== true");
      await shows(page, "one");
      // What a policy forbids the browser tells; that is all.
      expect(problems.filter((text) => !/Content Security Policy/.test(text))).toEqual([]);
      expect(problems.length > 0).toBe(policy.includes("none"));
    },
    TIMEOUT_MS,
  );
});

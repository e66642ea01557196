import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { browserMissing, launchBrowser, openPage, type WatchedPage } from "./browser.ts";
import { type ConsoleBroker, startConsoleBroker } from "./console_broker.ts";

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
const PAGES = ["", "chat/", "demos/", "hello/", "classic/", "no/such/page"];
const TIMEOUT_MS = 60_000;

if (browserMissing !== undefined) console.warn(`Browser tests skipped: ${browserMissing}`);

describe.skipIf(browserMissing !== undefined)("pages in Chromium", () => {
  let browser: Browser;
  let broker: ConsoleBroker;
  let root: string;
  let opened: WatchedPage[] = [];

  const open = async (path: string, options: BrowserContextOptions = {}): Promise<Page> => {
    const watched = await openPage(browser, new URL(path, root).href, options);
    opened.push(watched);
    return watched.page;
  };
  const openChat = async (room: string, nick: string, options: BrowserContextOptions = {}) => {
    const page = await open(`chat/#${room}`, options);
    await connected(page);
    await page.getByLabel("Nickname").fill(nick);
    return page;
  };

  beforeAll(async () => {
    [browser, broker] = await Promise.all([launchBrowser(), startConsoleBroker()]);
    root = broker.root;
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    await broker?.stop();
  }, TIMEOUT_MS);
  afterEach(async () => {
    await Promise.all(opened.map((watched) => watched.close()));
    opened = [];
  });

  /** Nothing failed in any page of the test, and nothing but the broker was asked. */
  const expectClean = (allowed = /^$/) => {
    for (const { problems, origins } of opened) {
      expect(problems.filter((problem) => !allowed.test(problem))).toEqual([]);
      expect([...origins]).toEqual([new URL(root).origin]);
    }
  };

  test(
    "two windows chat in one room and not in another",
    async () => {
      const [ann, bob, eve] = await Promise.all([
        openChat("tea", "Ann"),
        openChat("tea", "Bob"),
        openChat("coffee", "Eve"),
      ]);
      await say(ann, "Hello <b>Bob</b> ☕");
      await heard(bob, "Hello <b>Bob</b> ☕");
      await say(bob, "Hello Ann");
      await heard(ann, "Hello Ann");
      expect(await bob.locator(".message b").allTextContents()).toEqual(["Ann", "Bob"]);
      expect(await bob.locator(".message[data-mine]").count()).toBe(1);
      await say(eve, "Anybody?");
      await heard(eve, "Anybody?");
      expect(await eve.locator(".message").count()).toBe(1);
      await eve.getByLabel("Room").fill("tea");
      await eve.getByLabel("Room").press("Enter");
      await say(eve, "Here I am");
      await heard(ann, "Here I am");
      expect(eve.url()).toEndWith("#tea");
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "a second window is in the room of the first, by a name of its own",
    async () => {
      const ann = await openChat("more", "Ann");
      const opening = ann.context().waitForEvent("page");
      await ann.getByRole("link", { name: "A second window" }).click();
      const second = await opening;
      await connected(second);
      expect(second.url()).toBe(ann.url());
      await say(ann, "Hello");
      await heard(second, "Hello");
      expect(await second.locator(".message[data-mine]").count()).toBe(0);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "the frames pane shows both ways, hides and clears",
    async () => {
      const page = await openChat("frames", "Ann");
      await say(page, "seen");
      await heard(page, "seen");
      const frames = page.locator("#frames");
      const commands = await frames.locator("pre b").allTextContents();
      expect(commands).toEqual(["CONNECT", "CONNECTED", "SUBSCRIBE", "SEND", "MESSAGE"]);
      expect(await frames.innerText()).toContain('"text": "seen"');
      await page.getByLabel("Show").uncheck();
      expect(await frames.isVisible()).toBe(false);
      await page.getByLabel("Show").check();
      await page.getByRole("button", { name: "Clear" }).click();
      expect(await frames.locator("li").count()).toBe(0);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "what a program posts over HTTP shows in the chat",
    async () => {
      const page = await openChat("curl", "Ann");
      const response = await fetch(`${root}api/v1/send?destination=/topic/chat.curl`, {
        method: "POST",
        headers: { "content-type": "text/plain" },
        body: "Hello from curl",
      });
      expect(response.ok).toBe(true);
      await heard(page, "Hello from curl");
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "both windows and the home page recover when the broker comes back",
    async () => {
      const [ann, bob] = await Promise.all([openChat("back", "Ann"), openChat("back", "Bob")]);
      const home = await open("");
      await home.locator("#state", { hasText: "Running" }).waitFor();
      const port = broker.httpPort;
      await broker.stop();
      for (const page of [ann, bob]) {
        await page.locator("#state", { hasText: /lost|Connecting/ }).waitFor();
        await page.getByText(/next try in \d+ s/).waitFor();
        expect(await page.getByRole("button", { name: "Send" }).isDisabled()).toBe(true);
      }
      await home.locator("#state", { hasText: "Not reachable" }).waitFor();
      broker = await startConsoleBroker({ port });
      await Promise.all([connected(ann), connected(bob)]);
      await home.locator("#state", { hasText: "Running" }).waitFor();
      await say(ann, "Back again");
      await heard(bob, "Back again");
      expectClean(/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/);
    },
    TIMEOUT_MS,
  );

  test(
    "disconnects and connects at the press of a button",
    async () => {
      const page = await openChat("button", "Ann");
      await page.getByRole("button", { name: "Disconnect" }).click();
      await page.locator("#state", { hasText: "Disconnected" }).waitFor();
      await page.getByRole("button", { name: "Connect", exact: true }).click();
      await connected(page);
      // Again before the end of the first connection has been acknowledged.
      await page.evaluate(`document.querySelector("#toggle").click();
        document.querySelector("#toggle").click();`);
      await connected(page);
      await say(page, "still here");
      await heard(page, "still here");
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "stops when the broker says not to try again",
    async () => {
      const page = await open("chat/#stop");
      await connected(page);
      let attempts = 0;
      // The page offers no way to send a wrong frame, so the test takes the place of the broker.
      await page.routeWebSocket(/.*/, (socket) => {
        attempts += 1;
        socket.onMessage(() => {
          socket.send("ERROR\nmessage:Forbidden\ncode:forbidden\nretry:false\n\n\0");
          void socket.close({ code: 1008 });
        });
      });
      await page.clock.install();
      await page.reload();
      await page.locator("#state", { hasText: "Stopped by the broker" }).waitFor();
      await page.getByText("The broker refused: Forbidden").waitFor();
      expect(await page.getByRole("button", { name: "Connect", exact: true }).isVisible()).toBe(
        true,
      );
      expect(await page.getByRole("button", { name: "Try now" }).isVisible()).toBe(false);
      await page.clock.fastForward(120_000);
      expect(attempts).toBe(1);
    },
    TIMEOUT_MS,
  );

  test(
    "a room or nickname that is not allowed is said and not used",
    async () => {
      const page = await openChat("valid", "Ann");
      await page.getByLabel("Room").fill("a/b");
      await page.getByLabel("Room").press("Enter");
      await page.getByRole("alert").filter({ hasText: "letters, digits" }).waitFor();
      expect(page.url()).toEndWith("#valid");
      await page.getByLabel("Room").fill("valid");
      await page.getByLabel("Nickname").fill(" ");
      await page.getByLabel("Nickname").press("Enter");
      await page.getByRole("alert").filter({ hasText: "nickname" }).waitFor();
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "hello speaks with hand-written frames and shows its source",
    async () => {
      const page = await open("hello/");
      await connected(page);
      const chat = await openChat("lobby", "Ann");
      await page.getByLabel("Text").fill("Grüße ☕");
      await page.getByRole("button", { name: "Send" }).click();
      await heard(chat, "Grüße ☕");
      await page.locator("#log", { hasText: "MESSAGE" }).waitFor();
      await page.locator("code", { hasText: "new WebSocket(" }).waitFor();
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "classic sends, and a transaction arrives whole or not at all",
    async () => {
      const page = await open("classic/");
      await connected(page);
      const chat = await openChat("lobby", "Ann");
      await page.getByLabel("Message", { exact: true }).fill("from 2013");
      await page.getByRole("button", { name: "Send", exact: true }).click();
      await heard(chat, "from 2013");
      await page.getByRole("button", { name: "Send both, then abort" }).click();
      await page.getByLabel("Second").fill("three");
      await page.getByRole("button", { name: "Send both", exact: true }).click();
      await heard(chat, "three");
      const texts = await chat.locator(".message").allInnerTexts();
      expect(texts.map((text) => text.split("\n").at(-1))).toEqual(["from 2013", "one", "three"]);
      await page.locator("code", { hasText: "Stomp.client(" }).waitFor();
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "home shows this broker and its own addresses in the snippets",
    async () => {
      const page = await open("");
      await page.locator("#state", { hasText: "Running" }).waitFor();
      expect(await page.locator("#listeners").innerText()).toContain(`:${broker.httpPort}/`);
      const snippets = (await page.locator(".snippet pre").allTextContents()).join("\n");
      expect(snippets).toContain(root.replace("http", "ws"));
      expect(snippets).toContain(`${root}api/v1/send?destination=`);
      expect(snippets).not.toMatch(/6161[34]/);
      await page.getByRole("button", { name: "Copy: Go" }).click();
      await page.getByRole("status").filter({ hasText: "Copied: Go" }).waitFor();
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "the browser snippets work when pasted",
    async () => {
      const chat = await openChat("lobby", "Ann");
      const page = await open("");
      await page.locator("#state", { hasText: "Running" }).waitFor();
      for (const [id, text] of [
        ["snippet-browser", "Hello from a browser"],
        ["snippet-bare", "Hello without a library"],
      ] as const) {
        const code = await page.locator(`pre[aria-labelledby=${id}]`).textContent();
        await page.evaluate(`(async () => { ${code} })()`);
        await heard(chat, text);
      }
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "a page from another local port connects, with the client library from here",
    async () => {
      const script = `
        import { Client } from "${root}vendor/stompjs-7/index.js";
        const client = new Client({ brokerURL: "${root.replace("http", "ws")}" });
        client.onConnect = () => {
          client.subscribe("/topic/cross", ({ body }) => { document.title = body; });
          client.publish({ destination: "/topic/cross", body: "crossed" });
        };
        client.activate();`;
      const server = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        development: false,
        fetch: () =>
          new Response(
            `<!doctype html><link rel="icon" href="data:,"><script type="module">${script}</script>`,
            {
              headers: { "content-type": "text/html" },
            },
          ),
      });
      try {
        const page = await open(server.url.href);
        await page.waitForFunction(`document.title === "crossed"`);
        expect(opened[0]?.problems).toEqual([]);
      } finally {
        await server.stop(true);
      }
    },
    TIMEOUT_MS,
  );

  test(
    "everything also works below /_stompbox",
    async () => {
      const page = await open("_stompbox/");
      await page.locator("#state", { hasText: "Running" }).waitFor();
      await page.locator("main").getByRole("link", { name: "Chat", exact: true }).click();
      expect(new URL(page.url()).pathname).toBe("/_stompbox/chat/");
      await connected(page);
      for (const name of ["Hello", "Classic"]) {
        await page.getByRole("navigation").getByRole("link", { name }).click();
        await connected(page);
      }
      await page.getByRole("link", { name: "stompbox" }).click();
      expect(new URL(page.url()).pathname).toBe("/_stompbox/");
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "everything also works below the prefix of a listener",
    async () => {
      const other = await startConsoleBroker({ prefix: "/box" });
      try {
        const page = await open(other.root);
        await page.locator("#state", { hasText: "Running" }).waitFor();
        for (const name of ["Chat", "Hello", "Classic"]) {
          await page.getByRole("navigation").getByRole("link", { name }).click();
          await connected(page);
        }
        await page.getByRole("link", { name: "stompbox" }).click();
        expect(new URL(page.url()).pathname).toBe("/box/");
        expect(opened[0]?.problems).toEqual([]);
      } finally {
        await other.stop();
      }
    },
    TIMEOUT_MS,
  );

  test.each(PAGES)(
    "/%s fits phone and desk, light and dark",
    async (path) => {
      const grounds = new Set<string>();
      const page = await open(path, PHONE);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        for (const width of [320, 360, 1280]) {
          await page.setViewportSize({ width, height: 740 });
          const over = await page.evaluate<number>(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth",
          );
          expect(over, `${width} px`).toBeLessThanOrEqual(0);
          const ground = "getComputedStyle(document.body).backgroundColor";
          grounds.add(await page.evaluate<string>(ground));
        }
      }
      expect(grounds.size).toBe(2);
      expectClean(/404 \(Not Found\)/);
    },
    TIMEOUT_MS,
  );

  test(
    "a missing page lists the home page by a name of its own",
    async () => {
      const response = await fetch(`${root}no/such/page`, { headers: { accept: "text/plain" } });
      expect(await response.text()).toMatch(/^ +\S*\/ +Home$/m);
    },
    TIMEOUT_MS,
  );

  test(
    "the home page shows every figure on one line, every row full and every snippet whole",
    async () => {
      const page = await open("");
      await page.locator("#state", { hasText: "Running" }).waitFor();
      for (const width of [320, 600, 800, 1200, 1600]) {
        await page.setViewportSize({ width, height: 740 });
        // The widest that the running time gets; it is written anew only every two seconds.
        const found = await page.evaluate<{
          rows: number[];
          broken: string[];
          cut: string[];
        }>(`(() => {
          const all = (selector) => [...document.querySelectorAll(selector)];
          document.querySelector("[data-stat=uptimeMs]").textContent = "59 min 59 s";
          const heights = all(".stats dd").map((dd) => dd.getBoundingClientRect().height);
          const rows = new Map();
          for (const { offsetTop } of all(".stats > div")) {
            rows.set(offsetTop, (rows.get(offsetTop) ?? 0) + 1);
          }
          return {
            rows: [...rows.values()],
            broken: all(".stats dd").filter((dd) =>
              dd.scrollWidth > dd.clientWidth || dd.offsetHeight > Math.min(...heights) * 1.5,
            ).map((dd) => dd.textContent),
            cut: all(".snippet pre").filter((pre) => pre.scrollWidth > pre.clientWidth)
              .map((pre) => pre.textContent),
          };
        })()`);
        expect(new Set(found.rows).size, `${width} px`).toBe(1);
        expect(found, `${width} px`).toMatchObject({ broken: [], cut: [] });
      }
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "the chat works with the keyboard alone",
    async () => {
      const page = await open("chat/#keys");
      await connected(page);
      const seen: string[] = [];
      for (let steps = 0; steps < 40; steps += 1) {
        await page.keyboard.press("Tab");
        const [id, outlined] = await page.evaluate<[string, boolean]>(
          `[document.activeElement.id || document.activeElement.textContent,
            getComputedStyle(document.activeElement).outlineStyle !== "none"]`,
        );
        expect(outlined, id).toBe(true);
        seen.push(id);
        if (id === "text") break;
      }
      expect(seen[0]).toContain("Skip");
      expect(seen).toEqual(expect.arrayContaining(["nick", "room", "toggle", "messages", "text"]));
      await page.keyboard.type("typed");
      await page.keyboard.press("Enter");
      await heard(page, "typed");
      expectClean();
    },
    TIMEOUT_MS,
  );
});

async function connected(page: Page): Promise<void> {
  await page.locator("#state", { hasText: "Connected" }).waitFor();
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

async function heard(page: Page, text: string): Promise<void> {
  await page.locator(".message", { hasText: text }).waitFor();
}

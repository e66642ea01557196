/** What anybody may send, in the pages that show it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { browserMissing, launchBrowser, openPage, type WatchedPage } from "./browser.ts";
import { type ConsoleBroker, startConsoleBroker } from "./console_broker.ts";

const TIMEOUT_MS = 60_000;
const PHONE = { viewport: { width: 320, height: 640 } };
/** Nearly the most that a frame may have. */
const HUGE = 4 * 1024 * 1024 - 10_000;

/** What somebody may say, and how it shows. Demos show the first 16 characters of some. */
const TEXTS = [
  ["<img src=x onerror=alert(1)>", "<img src=x onerr"],
  ["a\u202egnp.exe", "a\\u{202e}gnp.exe"],
  ["b\u2067c\u200f\u200e", "b\\u{2067}c\\u{200f}\\u{200e}"],
  ["d\u001b[31m\u009b2J\u0007", "d\\u{1b}[31m\\u{9b}2J\\u{7}"],
  ["e\u200bf\u00ad\ufeff", "e\\u{200b}f\\u{ad}\\u{feff}"],
  ["שלום 👩\u200d🚀 pаypal", "שלום 👩\u200d🚀 pаypa"],
] as const;

describe.skipIf(browserMissing !== undefined)("hostile text in the pages", () => {
  const now: { browser?: Browser; broker?: ConsoleBroker } = {};
  let opened: WatchedPage[] = [];

  beforeAll(async () => {
    [now.browser, now.broker] = await Promise.all([launchBrowser(), startConsoleBroker()]);
  }, TIMEOUT_MS);
  afterEach(async () => {
    await Promise.all(opened.map((watched) => watched.close()));
    opened = [];
  });
  afterAll(async () => {
    await now.browser?.close();
    await now.broker?.stop();
  }, TIMEOUT_MS);

  const open = async (path: string): Promise<Page> => {
    if (now.browser === undefined || now.broker === undefined) throw new Error("Nothing started");
    const watched = await openPage(now.browser, `${now.broker.root}${path}`, PHONE);
    opened.push(watched);
    watched.page.on("dialog", () => {
      throw new Error("Something of what was only to be shown ran");
    });
    await watched.page.locator("#state", { hasText: "Connected" }).waitFor();
    return watched.page;
  };
  const post = async (destination: string, body: string, type = "text/plain"): Promise<void> => {
    const url = `${now.broker?.root}api/v1/send?destination=${encodeURIComponent(destination)}`;
    const headers = { "content-type": type };
    expect((await fetch(url, { method: "POST", headers, body })).ok).toBe(true);
  };
  /** Nothing ran or failed, nothing is wider than a phone. */
  const expectCalm = async (page: Page): Promise<void> => {
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(320);
    expect(opened.flatMap(({ problems }) => problems)).toEqual([]);
  };

  test.each([
    ["chat/", "#messages"],
    ["chat/", "#frames"],
    ["classic/", "#messages"],
    ["classic/", "#log"],
    ["hello/", "#log"],
  ])(
    "%s shows it as text in %s, and nothing that cannot be seen",
    async (path, place) => {
      const page = await open(path);
      const shown = page.locator(place);
      for (const [text, visible] of TEXTS) {
        await post("/topic/chat.lobby", text);
        await shown.filter({ hasText: visible }).waitFor({ state: "attached" });
        await post("/topic/chat.lobby", JSON.stringify({ nick: text, text }));
      }
      await post("/topic/chat.lobby", "the end");
      await shown.filter({ hasText: "the end" }).waitFor({ state: "attached" });
      expect(await shown.textContent()).not.toMatch(/(?![\n\u200d])[\p{Cc}\p{Cf}]/u);
      await expectCalm(page);
    },
    TIMEOUT_MS,
  );

  test.each([
    ["a long word", "text/plain", "x".repeat(HUGE)],
    ["line ends", "text/plain", "\n".repeat(HUGE)],
    ["JSON", "application/json", JSON.stringify({ nick: "x", text: "ab ".repeat(HUGE / 3) })],
    [
      "deep JSON",
      "application/json",
      `${"[".repeat(1_000)}${"1,".repeat(1e6)}1${"]".repeat(1_000)}`,
    ],
  ])(
    "4 MiB of %s are cut where they are shown",
    async (_what, type, body) => {
      for (const path of ["chat/", "classic/", "hello/"]) {
        const page = await open(path);
        await post("/topic/chat.lobby", body, type);
        await post("/topic/chat.lobby", "the end");
        await page.locator("main", { hasText: "the end" }).waitFor({ state: "attached" });
        const length = Number(
          await page.evaluate(`document.querySelector("main").textContent.length`),
        );
        expect(length).toBeLessThan(30_000);
        await expectCalm(page);
      }
    },
    TIMEOUT_MS,
  );

  test(
    "demos show it as text, and nothing that cannot be seen",
    async () => {
      const queue = await open("demos/work-queue/");
      for (const worker of await queue.getByRole("checkbox", { name: /^Worker/ }).all()) {
        await worker.uncheck();
      }
      const accounts = await open("demos/transactions/");
      const notes = await open("demos/reconnect/");
      for (const [text] of TEXTS) {
        const news = { id: text, kind: "good", label: text, state: "working", worker: text };
        await post("/topic/demo.jobs", JSON.stringify(news));
        await post("/queue/DLQ.demo.jobs", text);
        await post("/topic/demo.notes", text);
        const account = "/queue/demo.account.Alice,/topic/demo.account.Alice";
        await post(account, JSON.stringify({ amount: 1e15, text }));
      }
      // Dead letters are looked at when a job is refused.
      await post("/topic/demo.jobs", JSON.stringify({ id: "x", kind: "good", state: "refused" }));
      for (const [page, places] of [
        [queue, ["#elsewhere", "#dead"]],
        [accounts, ["#Alice-entries"]],
        [notes, ["#received"]],
      ] as const) {
        for (const place of places) {
          const shown = page.locator(place);
          for (const [, visible] of TEXTS) await shown.filter({ hasText: visible }).waitFor();
          expect(await shown.textContent()).not.toMatch(/(?!\u200d)[\p{Cc}\p{Cf}]/u);
        }
        await expectCalm(page);
      }
      const requests = await open("demos/request-reply/");
      await requests.getByLabel("An answer takes").fill("0");
      for (const [text] of TEXTS) {
        await requests.getByLabel("Request", { exact: true }).fill(text);
        await requests.getByRole("button", { name: "Ask", exact: true }).click();
      }
      await requests.locator("[data-count=answered]", { hasText: `${TEXTS.length}` }).waitFor();
      const replies = await requests.locator("#requests").textContent();
      expect(replies).toContain("A\\u{202e}GNP.EXE");
      expect(replies).not.toMatch(/(?!\u200d)[\p{Cc}\p{Cf}]/u);
      await expectCalm(requests);
    },
    TIMEOUT_MS,
  );
});

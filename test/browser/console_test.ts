import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { axeViolations } from "./axe.ts";
import { browserMissing, launchBrowser, openPage } from "./browser.ts";
import { type ConsoleBrokerOptions, startConsoleBroker } from "./console_broker.ts";
import {
  type ConsoleSession,
  publish,
  SIZES,
  startConsoleSession,
  TIMEOUT_MS,
} from "./console_session.ts";

if (browserMissing !== undefined) console.warn(`Browser tests skipped: ${browserMissing}`);

const isLive = (page: Page) => page.locator(".live-pill", { hasText: "Live" }).waitFor();
const heading = (page: Page, name: string) =>
  page.getByRole("heading", { level: 1, name }).waitFor();

describe.skipIf(browserMissing !== undefined)("the console", () => {
  let session: ConsoleSession;
  beforeAll(async () => {
    session = await startConsoleSession();
  }, TIMEOUT_MS);
  afterEach(() => session.reset());
  afterAll(() => session.close(), TIMEOUT_MS);

  const expectClean = (allowed = /^$/) => {
    expect(session.problems().filter((problem) => !allowed.test(problem))).toEqual([]);
    expect(session.origins()).toEqual([new URL(session.broker.root).origin]);
  };

  test(
    "tells a newcomer how to connect, and stops when somebody has",
    async () => {
      const page = await session.open("");
      await heading(page, "Overview");
      await isLive(page);
      const steps = page.getByRole("heading", { name: "Nobody has connected yet" });
      await steps.waitFor();
      await page.locator("pre", { hasText: `${session.broker.root}api/v1/send` }).waitFor();
      const snippet = await page.locator(".copy-block pre").nth(1).textContent();
      await page.evaluate(`(async () => { ${snippet} })()`);
      await steps.waitFor({ state: "hidden" });
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "goes from page to page by links, the back button and the keyboard",
    async () => {
      const page = await session.open("");
      await heading(page, "Overview");
      for (const name of ["Frames", "Connections", "Destinations", "Client", "Overview"]) {
        await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name }).click();
        await heading(page, name);
        expect(await page.title()).toBe(`${name} · Console · stompbox`);
        expect(await page.locator("nav [aria-current=page]").textContent()).toBe(name);
      }
      await page.goBack();
      await heading(page, "Client");
      await page.reload();
      await heading(page, "Client");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      expect(await page.evaluate("document.activeElement.tagName")).toBe("MAIN");
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "shows rates, says what is wrong, and leads to the thing",
    async () => {
      const client = await session.connect();
      client.subscribe("/queue/refused", (message) => message.nack({ requeue: "false" }), {
        ack: "client-individual",
      });
      await publish(client, { destination: "/queue/refused", body: "no" });
      const page = await session.open("");
      const problem = page.locator(".problems li", { hasText: "DLQ.refused" });
      await problem.getByRole("link", { name: "Open the queue" }).click();
      await heading(page, "/queue/DLQ.refused");
      await page.getByRole("button", { name: "Retry all" }).waitFor();
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "its charts are read with the arrow keys, and as a table",
    async () => {
      const page = await session.open("");
      await isLive(page);
      const chart = page.getByRole("slider", { name: "Messages per second over time" });
      expect(await chart.getAttribute("aria-valuetext")).toBe("now");
      await page.locator(".chart-summary", { hasText: "highest" }).first().waitFor();
      await chart.focus();
      await page.keyboard.press("End");
      const spoken = (await chart.getAttribute("aria-valuetext")) ?? "";
      expect(spoken).toMatch(/^\d\d:\d\d:\d\d: in \S+, out \S+$/);
      await page.keyboard.press("ArrowLeft");
      expect(await chart.getAttribute("aria-valuetext")).not.toBe(spoken);
      await page.keyboard.press("Escape");
      expect(await chart.getAttribute("aria-valuetext")).toBe("now");
      await page.getByText("The last hour as a table").click();
      await page.getByRole("columnheader", { name: "Longest delay" }).waitFor();
      expect(await page.locator(".hour tbody tr").count()).toBeGreaterThan(0);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "asks nothing of the broker any more when it is closed",
    async () => {
      const page = await session.open("");
      await isLive(page);
      const consoles = async () => {
        const { items } = await session.broker.call("connections", { filter: "console" });
        return items.length;
      };
      expect(await consoles()).toBe(1);
      await page.close();
      while ((await consoles()) > 0);
    },
    TIMEOUT_MS,
  );

  test.each(SIZES)(
    "%s: nothing moves while a page fills",
    async (_size, options) => {
      const client = await session.connect({ login: "ann" });
      for (let n = 0; n < 30; n += 1) await publish(client, { destination: `/queue/still.${n}` });
      for (const [hash, ready] of [
        ["#/overview", ".chart canvas"],
        ["#/connections", ".virtual-row .cell:has-text('ann')"],
        ["#/destinations", ".virtual-row:has-text('still')"],
        ["#/destinations?open=still.1", ".virtual-row:has-text('no body')"],
        ["#/destinations?open=still.1&message=4-1", ".panel .facts"],
      ] as const) {
        const page = await session.open(hash, options);
        await page.locator(ready).first().waitFor();
        await isLive(page);
        // As Chromium counts it, which calls a tenth good; a problem that is told takes some room.
        const moved = await page.evaluate<number>(`new Promise((resolve) => {
          let sum = 0;
          new PerformanceObserver((list) => {
            for (const { value } of list.getEntries()) sum += value;
          }).observe({ type: "layout-shift", buffered: true });
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
        })`);
        expect(moved, hash).toBeLessThan(0.05);
      }
      expectClean();
    },
    TIMEOUT_MS,
  );

  test.each(
    SIZES.flatMap(([size, options]) =>
      (["light", "dark"] as const).map((colorScheme) => [size, colorScheme, options] as const),
    ),
  )(
    "%s, %s: fits, and axe finds nothing",
    async (_size, colorScheme, options) => {
      const client = await session.connect({ login: "ann" });
      client.subscribe("/topic/a", () => {});
      client.subscribe("/topic/b", () => {}, { durable: "true", id: "d", "client-id": "ann" });
      await publish(client, { destination: "/queue/orders", body: '{"a":1}' });
      const { items } = await session.broker.call("connections", { filter: "ann" });
      const { messages } = await session.broker.call("browseQueue", { name: "orders" });
      const page = await session.open("", { ...options, colorScheme });
      for (const [hash, ready] of [
        ["#/overview", ".chart canvas"],
        ["#/connections", ".virtual-row"],
        [`#/connections?open=${items[0]?.number}`, ".panel .facts"],
        ["#/destinations", ".virtual-row"],
        ["#/destinations?tab=topics", ".virtual-row"],
        ["#/destinations?tab=temporary", ".empty"],
        ["#/destinations?open=orders", ".virtual-row"],
        [`#/destinations?open=orders&message=${messages[0]?.key}`, ".panel .body-view"],
        ["#/destinations?open=none", ".empty"],
      ] as const) {
        await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
        await page.locator(ready).first().waitFor();
        const over = await page.evaluate<number>(
          "document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
        expect(over, hash).toBeLessThanOrEqual(0);
        expect(await axeViolations(page), hash).toEqual([]);
      }
      await page.evaluate(`location.hash = "#/destinations"`);
      await page.getByRole("button", { name: "Publish…" }).click();
      await page.getByRole("dialog").waitFor();
      expect(await axeViolations(page), "dialog").toEqual([]);
      expectClean(/404 \(Not Found\)/);
    },
    TIMEOUT_MS,
  );
});

describe.skipIf(browserMissing !== undefined)("the console finds its broker", () => {
  const folder = mkdtempSync(join(tmpdir(), "stompbox-own-"));
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>Mine</title>");
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const places: readonly (readonly [string, ConsoleBrokerOptions, string])[] = [
    ["below the prefix of a listener", { prefix: "/box" }, "console/"],
    ["beside a folder of the user's own", { staticDir: folder }, "_stompbox/console/"],
    ["at an address without a slash", {}, "console"],
  ];
  test.each(places)(
    "%s",
    async (_place, options, path) => {
      const [browser, broker] = await Promise.all([launchBrowser(), startConsoleBroker(options)]);
      try {
        const { page, problems, origins } = await openPage(browser, broker.root + path);
        await isLive(page);
        await page.getByRole("link", { name: "Connections", exact: true }).first().click();
        await page.locator(".virtual-row", { hasText: "console" }).waitFor();
        await page.getByRole("link", { name: "stompbox" }).click();
        await page.locator("#state", { hasText: "Running" }).waitFor();
        expect(problems).toEqual([]);
        expect([...origins]).toEqual([new URL(broker.root).origin]);
      } finally {
        await browser.close();
        await broker.stop();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "again when it comes back",
    async () => {
      const [browser, first] = await Promise.all([launchBrowser(), startConsoleBroker()]);
      const { page } = await openPage(browser, `${first.root}console/#/connections`);
      await isLive(page);
      await first.stop();
      await page.locator(".live-pill", { hasText: "Reconnecting" }).waitFor();
      await page.getByRole("alert").filter({ hasText: "no answer" }).waitFor();
      const second = await startConsoleBroker({ port: first.httpPort });
      try {
        await isLive(page);
        await page.getByRole("alert").waitFor({ state: "hidden" });
        await page.locator(".virtual-row", { hasText: "console" }).waitFor();
      } finally {
        await browser.close();
        await second.stop();
      }
    },
    TIMEOUT_MS,
  );
});

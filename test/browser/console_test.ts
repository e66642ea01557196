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
    "tells the same in figures and charts, and what is held apart from what waits",
    async () => {
      const client = await session.connect();
      client.subscribe("/queue/figures", () => {}, {
        ack: "client-individual",
        "prefetch-count": "2",
      });
      for (let n = 0; n < 5; n += 1) await publish(client, { destination: "/queue/figures" });
      const page = await session.open("");
      const shown = () =>
        page.evaluate<Record<string, string>>(`Object.fromEntries(
          [...document.querySelectorAll(".figures > div, .chart-values > div")]
            .map((div) => [div.firstChild.textContent, div.lastChild.textContent]))`);
      await page.locator(".chart", { hasText: /unacked\s*2/ }).waitFor();
      // What is polled now and then would be behind the chart for seconds.
      await session.connect();
      await page.locator(".chart", { hasText: /open\s*3/ }).waitFor();
      const { Connections, open, Waiting, Unacked, waiting, unacked } = await shown();
      expect(Connections).toBe(open);
      expect(Unacked).toBe("2");
      expect(unacked).toBe("2");
      expect(Waiting).toBe(waiting);
      expect(Number(waiting)).toBeGreaterThanOrEqual(3);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test.each(SIZES)(
    "%s: a time at the very end of its axis is not cut",
    async (_size, options) => {
      const page = await session.open("", options);
      await page.locator(".chart canvas").first().waitFor();
      const rooms = await page.evaluate<{ room: number; need: number }[]>(`
        [...document.querySelectorAll(".chart-plot")].map((plot) => {
          const canvas = plot.querySelector("canvas");
          const context = canvas.getContext("2d");
          context.font = "11px system-ui, sans-serif";
          const right = (element) => element.getBoundingClientRect().right;
          return {
            room: right(plot) - right(plot.querySelector(".u-over")),
            need: context.measureText("00:00:00").width / 2,
          };
        })`);
      expect(rooms).toHaveLength(6);
      for (const { room, need } of rooms) expect(room).toBeGreaterThanOrEqual(need);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "copies without the browser's clipboard too, as over plain HTTP",
    async () => {
      const page = await session.open("");
      await page.evaluate(`Object.defineProperty(navigator, "clipboard", { value: undefined })`);
      await page.evaluate(`location.hash = "#/frames"`);
      const client = await session.connect();
      const row = page.locator(".virtual-row", { hasText: "SEND" }).first();
      await isLive(page);
      while (!(await row.isVisible())) {
        await publish(client, { destination: "/topic/copied", body: "x" });
      }
      await row.click();
      const copy = page.getByRole("button", { name: "Copy link" });
      await copy.click();
      await page.getByText("Copied: link").waitFor();
      expect(await copy.evaluate((button) => button.matches(":focus"))).toBe(true);
      expect(await page.locator(".copy-source").count()).toBe(0);
      await page.getByRole("searchbox").first().focus();
      await page.keyboard.press("Control+V");
      expect(await page.getByRole("searchbox").first().inputValue()).toContain("#/frames?frame=");
      expectClean();
    },
    TIMEOUT_MS,
  );

  test.each(SIZES)(
    "%s: where the broker does not let it in, it says why and what to do, and asks no more",
    async (_size, options) => {
      const page = await session.open("", {
        ...options,
        extraHTTPHeaders: { "X-Forwarded-For": "203.0.113.7" },
      });
      const closed = page.getByRole("region", { name: "The broker does not show itself here" });
      await closed.getByText("the request has X-Forwarded-For").waitFor();
      await closed.getByText("open only on the broker's own machine").waitFor();
      await page.locator(".live-pill", { hasText: "Refused" }).waitFor();
      expect(await page.getByText("Nobody has connected yet").count()).toBe(0);
      expect(await axeViolations(page)).toEqual([]);
      const over = await page.evaluate<number>(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      );
      expect(over).toBeLessThanOrEqual(0);
      // The connection for what happens goes too, a while after nobody listens.
      const consoles = async () => {
        const { items } = await session.broker.call("connections", { filter: "console" });
        return items.length;
      };
      while ((await consoles()) > 0);
      const asked: string[] = [];
      page.on("request", (request) => {
        if (request.url().includes("/api/")) asked.push(request.url());
      });
      page.on("websocket", (socket) => asked.push(socket.url()));
      for (const name of ["Frames", "Connections", "Destinations", "Overview"]) {
        await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name }).click();
        await heading(page, name);
        await closed.waitFor();
      }
      expect(asked).toEqual([]);
      await page.getByRole("link", { name: "client", exact: true }).click();
      await page.getByRole("button", { name: "Connect", exact: true }).click();
      await page.getByText("Connected", { exact: true }).waitFor();
      expectClean(/403 \(Forbidden\)/);
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
      client.subscribe("/queue/work", () => {}, { ack: "client" });
      await publish(client, { destination: "/queue/work", body: "job" });
      const { messages: held } = await session.broker.call("heldMessages", { name: "work" });
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
        ["#/destinations?open=work&view=held", ".virtual-row"],
        [`#/destinations?open=work&view=held&message=${held[0]?.key}`, ".panel .body-view"],
        ["#/destinations?open=work&view=consumers", ".virtual-row"],
        ["#/destinations?tab=topics&open=a", ".virtual-row"],
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

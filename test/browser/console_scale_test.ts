import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { browserMissing } from "./browser.ts";
import {
  type ConsoleSession,
  publish,
  startConsoleSession,
  TIMEOUT_MS,
} from "./console_session.ts";

const QUEUES = 2_000;
const CONNECTIONS = 300;

describe.skipIf(browserMissing !== undefined)("long lists in the console", () => {
  let session: ConsoleSession;
  beforeAll(async () => {
    session = await startConsoleSession();
    const client = await session.connect();
    const names = Array.from({ length: QUEUES }, (_none, n) => `q.${String(n).padStart(4, "0")}`);
    await Promise.all(names.map((name) => publish(client, { destination: `/queue/${name}` })));
    await session.reset();
  }, TIMEOUT_MS);
  afterEach(() => session.reset());
  afterAll(() => session.close(), TIMEOUT_MS);

  test(
    "make only the rows that are seen, and ask only for those",
    async () => {
      const page = await session.open("");
      const asked: URL[] = [];
      page.on("request", (request) => {
        const url = new URL(request.url());
        if (url.pathname === "/api/v1/queues") asked.push(url);
      });
      await page.evaluate(`location.hash = "#/destinations"`);
      const rows = page.locator(".virtual-row");
      await rows.filter({ hasText: "q.0000" }).waitFor();
      expect(await rows.count()).toBeLessThan(60);
      const grid = page.getByRole("grid", { name: "Queues" });
      expect(await grid.getAttribute("aria-rowcount")).toBe(String(QUEUES + 1));
      await grid.focus();
      await page.keyboard.press("End");
      await rows.filter({ hasText: "q.1999" }).waitFor();
      expect(await rows.count()).toBeLessThan(60);
      await page.keyboard.press("PageUp");
      await rows.filter({ hasText: "q.1980" }).waitFor();
      await page.keyboard.press("Home");
      await rows.filter({ hasText: "q.0000" }).waitFor();
      await page.getByRole("searchbox").fill("q.1234");
      await rows.filter({ hasText: "q.0000" }).waitFor({ state: "detached" });
      expect(await rows.count()).toBe(1);
      for (const url of asked) {
        expect(Number(url.searchParams.get("limit"))).toBeLessThanOrEqual(150);
      }
      expect(session.problems()).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "keep their place while others come and go",
    async () => {
      const logins = Array.from({ length: CONNECTIONS }, (_none, n) => `user-${n}`);
      await Promise.all(logins.map((login) => session.connect({ login })));
      const page = await session.open("#/connections?sort=login");
      const rows = page.locator(".virtual-row");
      await rows.filter({ hasText: "user-0" }).first().waitFor();
      await page.getByRole("grid").focus();
      await page.keyboard.press("End");
      await rows.filter({ hasText: "user-99" }).waitFor();
      const place = "document.querySelector('.virtual-list').scrollTop";
      const before = await page.evaluate<number>(place);
      const client = await session.connect({ login: "aaron" });
      await page.locator("h1", { hasText: String(CONNECTIONS + 2) }).waitFor();
      expect(await page.evaluate<number>(place)).toBe(before);
      await client.deactivate();
      expect(session.problems()).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

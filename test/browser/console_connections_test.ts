import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { browserMissing } from "./browser.ts";
import {
  type ConsoleSession,
  publish,
  startConsoleSession,
  TIMEOUT_MS,
} from "./console_session.ts";

const rows = (page: Page) => page.locator(".virtual-row");
const fact = (page: Page, title: string) =>
  page
    .locator(".facts > div")
    .filter({ has: page.getByText(title, { exact: true }) })
    .locator("dd");

describe.skipIf(browserMissing !== undefined)("connections in the console", () => {
  let session: ConsoleSession;
  beforeAll(async () => {
    session = await startConsoleSession();
  }, TIMEOUT_MS);
  afterEach(() => session.reset());
  afterAll(() => session.close(), TIMEOUT_MS);

  const expectClean = (allowed = /^$/) =>
    expect(session.problems().filter((problem) => !allowed.test(problem))).toEqual([]);

  test(
    "are listed, filtered and sorted, and the address says how",
    async () => {
      for (const login of ["ann", "bob", "cid"]) await session.connect({ login });
      const page = await session.open("#/connections");
      await rows(page).filter({ hasText: "bob" }).waitFor();
      await page.getByRole("searchbox").fill("b");
      await rows(page).filter({ hasText: "ann" }).waitFor({ state: "detached" });
      expect(await rows(page).count()).toBe(1);
      expect(page.url()).toEndWith("#/connections?q=b");
      await page.getByRole("searchbox").fill("nobody at all");
      await page.getByText("No connection matches").waitFor();
      await page.getByRole("searchbox").fill("");
      const login = page.getByRole("columnheader", { name: "Login" });
      await login.getByRole("button").click();
      await login.getByRole("button").click();
      expect(await login.getAttribute("aria-sort")).toBe("descending");
      await page.locator(".virtual-row:first-child", { hasText: "console" }).waitFor();
      expect(page.url()).toContain("sort=login");
      expect(page.url()).toContain("order=desc");
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "show who it is, what was agreed and what waits",
    async () => {
      const client = await session.connect({ login: "ann", "client-id": "ann-1" });
      client.subscribe("/queue/work", () => {}, {
        ack: "client-individual",
        selector: "weight > 5",
        "prefetch-count": "3",
        id: "mine",
      });
      for (let weight = 6; weight < 10; weight += 1) {
        await publish(client, { destination: "/queue/work", headers: { weight: String(weight) } });
      }
      const page = await session.open("#/connections");
      await rows(page).filter({ hasText: "ann-1" }).click();
      await page.getByRole("heading", { name: /^Connection \d+$/ }).waitFor();
      await page.locator(".facts", { hasText: "from it every 10 s, to it every 10 s" }).waitFor();
      for (const [title, value] of [
        ["State", "connected"],
        ["Login", "ann"],
        ["Client id", "ann-1"],
        ["STOMP version", "1.2"],
        ["Sub-protocol", "v12.stomp"],
        ["Unacknowledged", "3"],
      ] as const) {
        expect(await fact(page, title).textContent(), title).toBe(value);
      }
      const subscription = page.locator(".subscriptions li");
      const text = await subscription.innerText();
      expect(text).toContain("/queue/work");
      expect(text).toContain("ack client-individual, prefetch 3, 3 unacknowledged");
      expect(text).toContain("weight > 5");
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "can be opened and closed with the keyboard alone",
    async () => {
      await session.connect({ login: "keys" });
      const page = await session.open("#/connections?q=keys");
      await rows(page).filter({ hasText: "keys" }).waitFor();
      const grid = page.getByRole("grid", { name: "Connections" });
      await grid.focus();
      await page.keyboard.press("ArrowDown");
      const active = (await grid.getAttribute("aria-activedescendant")) ?? "";
      expect(await page.locator(`[id="${active}"]`).textContent()).toContain("keys");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: /^Connection \d+$/ }).waitFor();
      await page.keyboard.press("Escape");
      await page.locator(".panel").waitFor({ state: "detached" });
      const focused = "document.activeElement.getAttribute('aria-label')";
      expect(await page.evaluate<string>(focused)).toBe("Connections");
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "are ended only after a question, whose first answer is no",
    async () => {
      const client = await session.connect({ login: "doomed" });
      const refused = Promise.withResolvers<Record<string, string>>();
      client.onStompError = ({ headers }) => refused.resolve(headers);
      const page = await session.open("#/connections?q=doomed");
      await rows(page).filter({ hasText: "doomed" }).click();
      const end = page.getByRole("button", { name: "Disconnect…" });
      await end.click();
      const dialog = page.getByRole("dialog", { name: /^Disconnect connection \d+\?$/ });
      await dialog.waitFor();
      expect(await page.evaluate("document.activeElement.textContent")).toBe("Cancel");
      await page.keyboard.press("Enter");
      await dialog.waitFor({ state: "detached" });
      expect(client.connected).toBe(true);
      await end.click();
      await dialog.getByRole("button", { name: "Disconnect", exact: true }).click();
      expect(await refused.promise).toMatchObject({ code: "disconnected" });
      await page.getByText("Closed. What follows is how it was.").waitFor();
      await page.getByText("No connection matches").waitFor();
      expectClean(/404 \(Not Found\)/);
    },
    TIMEOUT_MS,
  );

  test(
    "how long ago something came is as old as the list, not older",
    async () => {
      await session.connect({ login: "busy" });
      const page = await session.open("#/overview");
      await page.clock.install();
      await page.evaluate(`location.hash = "#/connections"`);
      const cells = page.locator(".virtual-row", { hasText: "busy" }).getByRole("gridcell");
      await cells.last().waitFor();
      // From now on no answer comes, and the clock goes on.
      await page.route("**/api/v1/connections?*", () => {});
      const seen = await cells.last().innerText();
      await page.clock.runFor(10_000);
      expect(await cells.last().innerText()).toBe(seen);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "show what they send and get, per second",
    async () => {
      const client = await session.connect({ login: "busy" });
      client.subscribe("/topic/busy", () => {});
      const page = await session.open("#/connections?q=busy");
      const row = rows(page).filter({ hasText: "busy" });
      await row.waitFor();
      let sending = true;
      const sent = (async () => {
        while (sending) await publish(client, { destination: "/topic/busy" });
      })();
      // Number, subscriptions, unacknowledged, bytes that wait, then what comes in.
      const inward = row.locator(".cell.numeric").nth(4);
      await inward.filter({ hasText: /[1-9]/ }).waitFor();
      sending = false;
      await sent;
      expectClean();
    },
    TIMEOUT_MS,
  );
});

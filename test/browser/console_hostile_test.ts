import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { axeViolations } from "./axe.ts";
import { browserMissing } from "./browser.ts";
import {
  type ConsoleSession,
  publish,
  SIZES,
  startConsoleSession,
  TIMEOUT_MS,
} from "./console_session.ts";

/** What somebody may call a queue, and how it shows. */
const NAMES = [
  ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
  ['"><script>alert(2)</script>', '"><script>alert(2)</script>'],
  ["javascript:alert(3)", "javascript:alert(3)"],
  ["invoice\u202efdp.exe", "invoice\\u202efdp.exe"],
  ["two\u2067sides\u2069", "two\\u2067sides\\u2069"],
  ["in\u200bvisible", "in\\u200bvisible"],
  ["pаypal", "pаypal"],
  ["100%/..%2f?#&=+", "100%/..%2f?#&=+"],
  ["שלום", "שלום"],
  [" ends ", "\\x20ends\\x20"],
  [`long.${"x".repeat(900)}`, `long.${"x".repeat(100)}`],
] as const;

const MARKUP =
  "<style>*{display:none}</style><img src=x onerror=alert(4)><a href=javascript:alert(5)>";
/** Nearly the most that a frame may have. */
const HUGE = 4 * 1024 * 1024 - 10_000;

describe.skipIf(browserMissing !== undefined)("hostile text in the console", () => {
  let session: ConsoleSession;
  beforeAll(async () => {
    session = await startConsoleSession();
    const client = await session.connect();
    for (const [name] of NAMES) {
      await publish(client, {
        destination: `/queue/${name}`,
        body: MARKUP,
        headers: { "x-evil": MARKUP, [MARKUP.slice(0, 20)]: "\u202eevil" },
      });
    }
    await publish(client, { destination: "/queue/huge", body: "<b>".repeat(HUGE / 3) });
    await publish(client, {
      destination: "/queue/huge",
      binaryBody: Uint8Array.from({ length: 100_000 }, (_none, index) => index * 7),
      headers: { "content-type": "image/<script>" },
    });
    await session.reset();
  }, TIMEOUT_MS);
  afterEach(() => session.reset());
  afterAll(() => session.close(), TIMEOUT_MS);

  const open = async (hash: string, options = {}): Promise<Page> => {
    const page = await session.open(hash, options);
    page.on("dialog", () => {
      throw new Error("Something of what was only to be shown ran");
    });
    return page;
  };
  /** Nothing ran, nothing was loaded, and nothing became an element. */
  const expectHarmless = async (page: Page) => {
    const made = "document.querySelectorAll('main :is(img, script, style, iframe, b)').length";
    expect(await page.evaluate<number>(made)).toBe(0);
    expect(session.problems()).toEqual([]);
    expect(session.origins()).toEqual([new URL(session.broker.root).origin]);
  };

  test.each(NAMES)(
    "%j names a queue: in the list, on its page, in every question",
    async (name, shown) => {
      const page = await open("#/destinations");
      await page.getByRole("searchbox").fill(name.slice(0, 200));
      const row = page.locator(".virtual-row", { hasText: shown });
      await row.waitFor();
      // The list has done moving.
      await page.locator('[aria-rowcount="2"]').waitFor();
      await row.click();
      await page.getByRole("heading", { level: 1 }).filter({ hasText: shown }).waitFor();
      expect(new URL(page.url()).pathname).toBe("/console/");
      await page.locator(".virtual-row", { hasText: "<style>" }).click();
      const panel = page.getByRole("region", { name: "Message" });
      await panel.getByRole("cell", { name: MARKUP }).waitFor();
      await panel.locator(".body-view", { hasText: MARKUP }).waitFor();
      await panel.getByRole("cell", { name: "\\u202eevil" }).waitFor();
      await panel.getByRole("button", { name: "Delete…" }).click();
      await page
        .getByRole("dialog")
        .filter({ hasText: shown.slice(0, 60) })
        .waitFor();
      expect(await axeViolations(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await page.reload();
      await page.getByRole("heading", { level: 1 }).filter({ hasText: shown }).waitFor();
      await expectHarmless(page);
    },
    TIMEOUT_MS,
  );

  test(
    "a letter that is not what it looks like is marked, and says what it is",
    async () => {
      const page = await open("#/destinations?q=p%D0%B0ypal");
      const mark = page.locator(".run-mark");
      expect(await mark.textContent()).toBe("а");
      expect(await mark.getAttribute("title")).toBe("U+0430 Cyrillic letter, looks like Latin “a”");
    },
    TIMEOUT_MS,
  );

  test(
    "a body of nearly 4 MiB is shown a little at a time, bytes as bytes",
    async () => {
      const page = await open("#/destinations?open=huge");
      const panel = page.getByRole("region", { name: "Message" });
      const size = () => page.evaluate<number>("document.body.textContent.length");
      await page.locator(".virtual-row", { hasText: "<b><b>" }).click();
      await panel.getByText("only the beginning is here").waitFor();
      expect(await size()).toBeLessThan(100_000);
      await panel.getByRole("button", { name: "Show the whole body" }).click();
      await panel.getByText("only the beginning is here").waitFor({ state: "detached" });
      expect(await size()).toBeLessThan(200_000);
      await page.locator(".virtual-row", { hasText: "bytes" }).click();
      await panel.getByText("00000000").waitFor();
      await panel.getByText("image/<script>").first().waitFor();
      expect(await size()).toBeLessThan(200_000);
      await expectHarmless(page);
    },
    TIMEOUT_MS,
  );

  test.each(SIZES)(
    "%s: the longest names and logins do not widen the page",
    async (_size, options) => {
      await session.connect({ login: `\u202e<b>${"wide".repeat(500)}`, "client-id": MARKUP });
      const page = await open("#/connections?q=wide", options);
      const tooWide = () =>
        page.evaluate<number>(
          "document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
      await page.locator(".virtual-row", { hasText: "wide" }).click();
      await page.locator(".panel .facts", { hasText: "\\u202e<b>wide" }).waitFor();
      expect(await tooWide()).toBeLessThanOrEqual(0);
      await page.getByRole("button", { name: "Disconnect…" }).click();
      await page.getByRole("dialog").waitFor();
      expect(await tooWide()).toBeLessThanOrEqual(0);
      await page.keyboard.press("Escape");
      await page.evaluate(`location.hash = "#/destinations?open=long.${"x".repeat(900)}"`);
      await page.getByRole("heading", { level: 1, name: "long.x" }).waitFor();
      expect(await tooWide()).toBeLessThanOrEqual(0);
      await expectHarmless(page);
    },
    TIMEOUT_MS,
  );

  test.each(SIZES)(
    "%s: who subscribed, by what, and what is held are text as well",
    async (size, options) => {
      const name = `${size}${"narrow".repeat(90)}<img src=x onerror=alert(6)`;
      const login = `\u202e<b>${"wide".repeat(500)}`;
      const client = await session.connect({ login, "client-id": MARKUP });
      const headers = {
        ...{ id: `<img src=x>${"i".repeat(900)}`, ack: "client" },
        selector: `a = '${MARKUP}'`,
      };
      client.subscribe(`/topic/${name}`, () => {}, headers);
      client.subscribe(`/queue/${name}`, () => {}, { id: headers.id.slice(1), ack: "client" });
      await publish(client, { destination: `/queue/${name}`, body: MARKUP });
      const encoded = encodeURIComponent(name);
      const page = await open(`#/destinations?tab=topics&open=${encoded}`, options);
      const narrow = async (what: string) => {
        const over = await page.evaluate<number>(
          "document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
        expect(over, what).toBeLessThanOrEqual(0);
        expect(await axeViolations(page), what).toEqual([]);
        await expectHarmless(page);
      };
      const row = page.locator(".virtual-row", { hasText: "\\u202e<b>wide" });
      await row.waitFor();
      await narrow("a topic");
      for (const view of ["consumers", "held"]) {
        await page.evaluate(
          `location.hash = "#/destinations?view=${view}&open=" + ${JSON.stringify(encoded)}`,
        );
        await row.waitFor();
        await narrow(view);
      }
      await row.click();
      await page.locator(".panel .body-view", { hasText: "<style>" }).waitFor();
      await page.locator(".panel .facts", { hasText: "\\u202e<b>wide" }).waitFor();
      await narrow("a held message");
      await page.evaluate(`location.hash = "#/destinations"`);
      await page.getByRole("button", { name: "Publish…" }).click();
      const file = { name: `<img src=x>${"f".repeat(900)}`, mimeType: "text/<b>" };
      await page.getByLabel("File to publish").setInputFiles({ ...file, buffer: Buffer.from("x") });
      await page.locator(".publish-file", { hasText: "<img src=x>" }).waitFor();
      await narrow("a file");
    },
    TIMEOUT_MS,
  );
});

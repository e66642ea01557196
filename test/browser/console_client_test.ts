import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { axeViolations } from "./axe.ts";
import { browserMissing } from "./browser.ts";
import { startConsoleBroker } from "./console_broker.ts";
import {
  type ConsoleSession,
  publish,
  SIZES,
  startConsoleSession,
  TIMEOUT_MS,
} from "./console_session.ts";

const card = (page: Page, name: string) => page.getByRole("region", { name, exact: true });
const rows = (page: Page) => page.locator(".virtual-row");
/** Where it is narrow, most forms are folded at first. */
const unfoldAll = async (page: Page): Promise<void> => {
  const folded = page.locator(".client-card > details:not([open]) > summary");
  while ((await folded.count()) > 0) await folded.first().click();
};
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

describe.skipIf(browserMissing !== undefined)("the client in the console", () => {
  let session: ConsoleSession;
  beforeAll(async () => {
    session = await startConsoleSession();
  }, TIMEOUT_MS);
  afterEach(() => session.reset());
  afterAll(() => session.close(), TIMEOUT_MS);

  const expectClean = (allowed = /^$/) =>
    expect(session.problems().filter((problem) => !allowed.test(problem))).toEqual([]);

  const openClient = async (options = {}): Promise<Page> => {
    const page = await session.open("#/client", options);
    await button(page, "Connect").click();
    await card(page, "Connection").getByText("Connected", { exact: true }).waitFor();
    return page;
  };
  const subscribe = async (page: Page, destination: string, ack = "auto"): Promise<void> => {
    const form = card(page, "Subscribe");
    await form.getByLabel("Destination").fill(destination);
    await form.getByLabel("Acknowledgement").selectOption(ack);
    await button(page, "Subscribe").click();
    await form.getByRole("list").getByText(destination).waitFor();
  };
  const send = async (page: Page, destination: string, body: string): Promise<void> => {
    const form = card(page, "Send");
    await form.getByLabel("Destination").fill(destination);
    await form.getByLabel("Body").fill(body);
    await button(page, "Send").click();
  };

  test(
    "connects, subscribes to several destinations, sends and shows what comes",
    async () => {
      const page = await openClient();
      expect(await card(page, "Connection").innerText()).toContain("STOMP 1.2 · stompbox/");
      await subscribe(page, "/topic/tea");
      await subscribe(page, "/topic/coffee");
      await send(page, "/topic/tea", "Assam");
      await rows(page).filter({ hasText: "/topic/tea" }).filter({ hasText: "Assam" }).waitFor();
      const ann = await session.connect();
      await publish(ann, { destination: "/topic/coffee", body: "Mokka", headers: { x: "1" } });
      await rows(page).filter({ hasText: "Mokka" }).click();
      await page.locator(".panel .headers", { hasText: "x" }).waitFor();
      await page.locator(".panel .body-text", { hasText: "Mokka" }).waitFor();
      await card(page, "Subscribe").getByRole("listitem").getByText("1 received").first().waitFor();
      await button(page, "Unsubscribe").first().click();
      await card(page, "Subscribe").getByText("/topic/tea").waitFor({ state: "detached" });
      expect(await card(page, "Subscribe").getByRole("listitem").count()).toBe(1);
      await button(page, "Disconnect").click();
      await card(page, "Connection").getByText("Not connected").waitFor();
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "sends headers, JSON and bodies as they are, and waits for receipts",
    async () => {
      const page = await openClient();
      const ann = await session.connect();
      const arrived = Promise.withResolvers<{ headers: Record<string, string>; body: string }>();
      ann.subscribe("/queue/sent", ({ headers, body }) => arrived.resolve({ headers, body }));
      const form = card(page, "Send");
      await form.getByText("More").click();
      await form.getByLabel("Headers, name:value").fill("priority:9\nnote: a:b ");
      await form.getByLabel("JSON").check();
      await form.getByLabel("With receipt").check();
      await send(page, "/queue/sent", "{broken");
      await form.getByText("Cannot send this as JSON").waitFor();
      await send(page, "/queue/sent", '{"tea":"Grüße"}');
      const { headers, body } = await arrived.promise;
      expect(body).toBe('{"tea":"Grüße"}');
      expect(headers).toMatchObject({
        priority: "9",
        note: "a:b",
        "content-type": "application/json",
      });
      await page.getByRole("tab", { name: /Receipts/ }).click();
      await page.getByRole("list", { name: "Receipts" }).getByText("came after").waitFor();
      await form.getByLabel("Headers, name:value").fill("no colon");
      await button(page, "Send").click();
      await form.getByText('Cannot send the header "no colon": expected name:value').waitFor();
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "acknowledges and refuses, one by one",
    async () => {
      const page = await openClient();
      await subscribe(page, "/queue/acks", "client-individual");
      for (const body of ["one", "two"]) await send(page, "/queue/acks", body);
      const row = (text: string) => rows(page).filter({ hasText: text });
      await row("two").getByRole("button", { name: "Ack", exact: true }).click();
      await row("two").getByText("acknowledged").waitFor();
      await row("one").getByRole("button", { name: "Nack" }).click();
      await row("one").getByText("refused").waitFor();
      // It comes again, to be acknowledged.
      await row("one").getByRole("button", { name: "Ack", exact: true }).click();
      await row("one").getByText("acknowledged").waitFor();
      const { call } = session.broker;
      const deadline = performance.now() + 5_000;
      const waiting = async () => {
        const { held, ready } = await call("queue", { name: "acks" });
        return held + ready;
      };
      while ((await waiting()) > 0 && performance.now() < deadline);
      expect(await waiting()).toBe(0);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "in ack mode client, with one message acknowledges those before it",
    async () => {
      const page = await openClient();
      await subscribe(page, "/queue/cumulative", "client");
      for (const body of ["one", "two", "three"]) await send(page, "/queue/cumulative", body);
      await rows(page).filter({ hasText: "three" }).waitFor();
      await rows(page)
        .filter({ hasText: "two" })
        .getByRole("button", { name: "Ack", exact: true })
        .click();
      await rows(page).filter({ hasText: "one" }).getByText("acknowledged").waitFor();
      expect(await button(page, "Ack").count()).toBe(1);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "keeps what is in a transaction until it commits, and takes it back when it aborts",
    async () => {
      const page = await openClient();
      await subscribe(page, "/queue/work", "client-individual");
      await subscribe(page, "/topic/done");
      await send(page, "/queue/work", "job");
      const job = rows(page).filter({ hasText: "job" });
      await job.waitFor();
      await button(page, "Begin").click();
      const inside = card(page, "Transactions").getByRole("list");
      await card(page, "Send").getByLabel("Send in").selectOption("tx-1");
      await page.getByLabel("Acknowledge in").selectOption("tx-1");
      await send(page, "/topic/done", "done");
      await job.getByRole("button", { name: "Ack", exact: true }).click();
      await job.getByText("acknowledged in tx-1").waitFor();
      expect(await inside.getByRole("listitem").allInnerTexts()).toEqual([
        "SEND /topic/done",
        expect.stringMatching(/^ACK \S+$/),
      ]);
      await button(page, "Abort").click();
      await job.getByRole("button", { name: "Ack", exact: true }).waitFor();
      expect(await rows(page).count()).toBe(1);
      await button(page, "Begin").click();
      await card(page, "Send").getByLabel("Send in").selectOption("tx-2");
      await send(page, "/topic/done", "really done");
      await inside.getByText("SEND /topic/done").waitFor();
      await button(page, "Commit").click();
      await rows(page).filter({ hasText: "really done" }).waitFor();
      expect(await rows(page).filter({ hasText: /done/ }).count()).toBe(1);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "shows an ERROR whole: code, detail, and what to do",
    async () => {
      const page = await openClient();
      await send(page, "/nowhere/<b>x</b>", "x");
      const problem = page.locator(".client-problem");
      await problem.getByText("Bad destination").first().waitFor();
      await problem.getByText("bad-destination", { exact: true }).first().waitFor();
      const text = await problem.innerText();
      expect(text).toContain("/nowhere/<b>x</b>");
      expect(text).toContain("What to do");
      expect(text).toContain("The same again would fail again");
      await problem.getByText("The headers of the ERROR frame").click();
      await problem.locator(".headers", { hasText: "retry" }).waitFor();
      await card(page, "Connection").getByText("Not connected").waitFor();
      expect(await button(page, "Send").isDisabled()).toBe(true);
      await page.getByRole("tab", { name: /Frames/ }).click();
      await rows(page).filter({ hasText: "bad-destination" }).waitFor();
      await button(page, "Connect").click();
      await card(page, "Connection").getByText("Connected", { exact: true }).waitFor();
      expect(await problem.count()).toBe(0);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "connects to another broker, in another version",
    async () => {
      const other = await startConsoleBroker();
      try {
        const page = await session.open("#/client");
        const form = card(page, "Connection");
        await form.getByLabel("URL").fill(other.url);
        await form.getByLabel("Login").fill("guest");
        await form.getByText("More").click();
        await form.getByLabel("STOMP versions offered").selectOption("1.1");
        await form.getByLabel("Beats wanted every, ms").fill("0");
        await button(page, "Connect").click();
        await form.getByText("STOMP 1.1").waitFor();
        const { items } = await other.call("connections", {});
        expect(items).toMatchObject([{ login: "guest", version: "1.1" }]);
        await subscribe(page, "/queue/old", "client");
        await send(page, "/queue/old", "by subscription and message-id");
        await button(page, "Ack").click();
        await rows(page).getByText("acknowledged").waitFor();
        await button(page, "Disconnect").click();
        await form.getByText("Not connected").waitFor();
        expectClean();
      } finally {
        await other.stop();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "says why it cannot connect, and how that may be mended",
    async () => {
      const gone = await startConsoleBroker();
      await gone.stop();
      const page = await session.open("#/client");
      const form = card(page, "Connection");
      await form.getByLabel("URL").fill("localhost:61613");
      await button(page, "Connect").click();
      await form.getByText("a page can only use WebSockets").waitFor();
      await form.getByLabel("URL").fill(gone.url);
      await button(page, "Connect").click();
      await page.getByText(`Cannot connect to ${gone.url}: nothing answers there`).waitFor();
      await page.getByText(`--allow-origin ${new URL(session.broker.root).origin}`).waitFor();
      await form.getByText("Not connected").waitFor();
      expectClean(/WebSocket connection to .* failed/);
    },
    TIMEOUT_MS,
  );

  test(
    "notices that the broker went, and goes on with the next",
    async () => {
      const other = await startConsoleBroker();
      const page = await session.open(`#/client?url=${encodeURIComponent(other.url)}`);
      await button(page, "Connect").click();
      await card(page, "Connection").getByText("Connected", { exact: true }).waitFor();
      await subscribe(page, "/queue/gone", "client");
      await send(page, "/queue/gone", "unacknowledged");
      await button(page, "Ack").waitFor();
      await other.stop();
      await page.getByText("Shutting down").first().waitFor();
      expect(await button(page, "Ack").count()).toBe(0);
      expect(await rows(page).filter({ hasText: "unacknowledged" }).count()).toBe(1);
      await card(page, "Connection").getByLabel("URL").fill(session.broker.url);
      await button(page, "Connect").click();
      await card(page, "Connection").getByText("Connected", { exact: true }).waitFor();
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "keeps the passcode to itself",
    async () => {
      const page = await session.open("#/client");
      const form = card(page, "Connection");
      await form.getByLabel("Login").fill("ann");
      await form.getByLabel("Passcode").fill("hunter2");
      await button(page, "Connect").click();
      await form.getByText("Connected", { exact: true }).waitFor();
      await page.getByRole("tab", { name: /Frames/ }).click();
      await rows(page)
        .filter({ has: page.getByText("CONNECT", { exact: true }) })
        .click();
      await page.locator(".panel").getByText("passcode").waitFor();
      const places = `[document.documentElement.outerHTML, location.href,
        JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie].join()`;
      expect(await page.evaluate<string>(places)).not.toContain("hunter2");
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "goes on while one looks at other pages of the console",
    async () => {
      const page = await openClient();
      await subscribe(page, "/topic/away");
      await page.getByRole("link", { name: "Connections" }).click();
      await page.getByRole("heading", { name: /^Connections/ }).waitFor();
      const ann = await session.connect();
      await publish(ann, { destination: "/topic/away", body: "meanwhile" });
      await page.getByRole("link", { name: "Client" }).click();
      await rows(page).filter({ hasText: "meanwhile" }).waitFor();
      await card(page, "Connection").getByText("Connected", { exact: true }).waitFor();
      const form = card(page, "Subscribe");
      expect(await form.getByLabel("Destination").inputValue()).toBe("/topic/away");
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "shows bytes, markup and large bodies without harm",
    async () => {
      const page = await openClient();
      await subscribe(page, "/topic/odd");
      const ann = await session.connect();
      const markup = "<img src=x onerror=alert(1)>\u202e";
      await publish(ann, {
        destination: "/topic/odd",
        body: markup,
        headers: { [markup]: markup },
      });
      await publish(ann, { destination: "/topic/odd", binaryBody: Uint8Array.of(0xff, 0, 7) });
      await publish(ann, { destination: "/topic/odd", body: `large ${"x".repeat(3_900_000)}` });
      await rows(page).filter({ hasText: "3 B" }).click();
      await page.locator(".panel").getByText("00000000  ff 00 07").waitFor();
      await rows(page).filter({ hasText: "large" }).click();
      await page.locator(".panel").getByText("3.7 MiB").waitFor();
      await page
        .locator(".panel")
        .getByRole("button", { name: /more characters$/ })
        .waitFor();
      await rows(page).filter({ hasText: "onerror" }).click();
      await page.locator(".panel .run-escape").first().waitFor();
      expect(await page.locator("main img").count()).toBe(0);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "where it is narrow, forms are folded so that messages are near, and stay as one leaves them",
    async () => {
      const page = await openClient({ viewport: { width: 320, height: 640 } });
      const summary = (name: string) => card(page, name).locator("summary").first();
      const field = card(page, "Subscribe").getByLabel("Destination");
      expect(await field.isVisible()).toBe(false);
      const tabs = await page.getByRole("tab", { name: /Messages/ }).boundingBox();
      expect(tabs?.y).toBeLessThan(640);
      await summary("Subscribe").focus();
      await page.keyboard.press("Enter");
      await field.fill("/topic/near");
      await button(page, "Subscribe").click();
      await summary("Subscribe").getByText("1 subscription").waitFor();
      await summary("Subscribe").click();
      await field.waitFor({ state: "hidden" });
      await summary("Send").click();
      await page.evaluate(`location.hash = "#/overview"`);
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      await page.evaluate(`location.hash = "#/client?destination=/topic/link"`);
      await page.getByRole("heading", { level: 1, name: "Client" }).waitFor();
      // Who follows a link to here wants to see what it filled in.
      await field.waitFor();
      expect(await field.inputValue()).toBe("/topic/link");
      expect(await card(page, "Send").getByLabel("Body").isVisible()).toBe(true);
      expect(await button(page, "Begin").isVisible()).toBe(false);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test.each(SIZES)(
    "on a %s needs no sideways scrolling, and axe finds nothing wrong",
    async (name, options) => {
      const page = await session.open("#/client", options);
      const check = async (what: string) => {
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          expect(await axeViolations(page), `${what}, ${colorScheme}`).toEqual([]);
        }
        const over = await page.evaluate<number>(
          "document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
        expect(over, what).toBeLessThanOrEqual(0);
      };
      await button(page, "Connect").waitFor();
      await unfoldAll(page);
      for (const more of await page.getByText("More", { exact: true }).all()) await more.click();
      await check("not connected");
      await button(page, "Connect").click();
      await card(page, "Connection").getByText("Connected", { exact: true }).waitFor();
      await subscribe(page, `/queue/axe.${name}`, "client-individual");
      await button(page, "Begin").click();
      await card(page, "Send").getByLabel("With receipt").check();
      await send(page, `/queue/axe.${name}`, `{"a":"${"word ".repeat(100)}"}`);
      await send(page, `/queue/axe.${name}`, "two");
      await rows(page).filter({ hasText: "two" }).waitFor();
      await page.getByLabel("Acknowledge in").selectOption("tx-1");
      await button(page, "Ack").first().click();
      await rows(page).getByText("acknowledged in tx-1").waitFor();
      await check("messages");
      await rows(page).filter({ hasText: "two" }).click();
      await check("details");
      await page.getByRole("tab", { name: /Receipts/ }).click();
      await check("receipts");
      await page.getByRole("tab", { name: /Frames/ }).click();
      await check("frames");
      await send(page, "/nowhere", "x");
      await page.locator(".client-problem").waitFor();
      await check("error");
      expectClean();
    },
    TIMEOUT_MS,
  );
});

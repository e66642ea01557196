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
const row = (page: Page, text: string) => rows(page).filter({ hasText: text });
const title = (page: Page, name: string) =>
  page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const answer = (page: Page, name: string) =>
  page.getByRole("dialog").getByRole("button", { name, exact: true }).click();

describe.skipIf(browserMissing !== undefined)("destinations in the console", () => {
  let session: ConsoleSession;
  beforeAll(async () => {
    session = await startConsoleSession();
  }, TIMEOUT_MS);
  afterEach(() => session.reset());
  afterAll(() => session.close(), TIMEOUT_MS);

  const expectClean = (allowed = /^$/) =>
    expect(session.problems().filter((problem) => !allowed.test(problem))).toEqual([]);
  const fill = async (name: string, bodies: readonly string[]): Promise<void> => {
    const client = await session.connect();
    for (const body of bodies) await publish(client, { destination: `/queue/${name}`, body });
  };
  /** Bodies that wait in a queue. */
  const waiting = async (name: string) => {
    const { messages } = await session.broker.call("browseQueue", { name });
    return messages.map(({ body }) => body);
  };
  const openQueue = async (name: string): Promise<Page> => {
    const page = await session.open(`#/destinations?open=${encodeURIComponent(name)}`);
    await title(page, `/queue/${name}`);
    return page;
  };

  test(
    "a message is published by the form, read without being consumed, and deleted",
    async () => {
      const page = await session.open("#/destinations");
      await button(page, "Publish…").click();
      await page.getByLabel("Destination", { exact: true }).fill("/queue/forms");
      await page.getByLabel("Content type").fill("application/json");
      await page.getByLabel("Headers").fill("priority: 7\nx-colour: red");
      await page.getByLabel("Body").fill('{"order": 17');
      await page.getByText("Not JSON yet").waitFor();
      await page.getByLabel("Body").fill('{"order": 17}');
      await answer(page, "Publish");
      await page.getByText(/^Published, message-id \S+$/).waitFor();
      await answer(page, "Close");
      await row(page, "forms").click();
      await title(page, "/queue/forms");
      await row(page, '{"order": 17}').click();
      const panel = page.getByRole("region", { name: "Message" });
      await panel.getByRole("cell", { name: "red" }).waitFor();
      await panel.getByText('"order"').waitFor();
      expect(await waiting("forms")).toEqual(['{"order": 17}']);
      await panel.getByRole("button", { name: "Delete…" }).click();
      expect(await page.getByRole("dialog").innerText()).toContain("/queue/forms");
      await answer(page, "Cancel");
      expect(await waiting("forms")).toHaveLength(1);
      await panel.getByRole("button", { name: "Delete…" }).click();
      await answer(page, "Delete 1 message");
      await page.getByText("Deleted 1 message").waitFor();
      await page.getByText(/^(No message waits here|There is no such queue)$/).waitFor();
      expectClean(/404 \(Not Found\)/);
    },
    TIMEOUT_MS,
  );

  test(
    "a form says what is wrong with it, and what the broker refused",
    async () => {
      const page = await session.open("#/destinations");
      await button(page, "Publish…").click();
      await page.getByLabel("Destination", { exact: true }).fill("/nowhere/at-all");
      await page.getByLabel("Headers").fill("destination: /queue/a");
      await answer(page, "Publish");
      await page.getByText('Cannot send the header "destination"').waitFor();
      await page.getByLabel("Headers").fill("");
      await answer(page, "Publish");
      await page.locator(".form .problem", { hasText: "/nowhere/at-all" }).waitFor();
      expectClean(/400 \(Bad Request\)/);
    },
    TIMEOUT_MS,
  );

  test(
    "a file is published byte by byte, and as text where it is one",
    async () => {
      const page = await openQueue("files");
      await button(page, "Publish…").click();
      const pick = async (file: { name: string; mimeType: string; buffer: Buffer }) => {
        const [chooser] = await Promise.all([
          page.waitForEvent("filechooser"),
          page.getByRole("button", { name: "Take a file…" }).click(),
        ]);
        await chooser.setFiles(file);
        await page.getByText(file.name).waitFor();
        await answer(page, "Publish");
      };
      const bytes = Buffer.from([0, 255, 254, 10, 13, 128]);
      await pick({ name: "picture.bin", mimeType: "", buffer: bytes });
      await page.getByText(/^Published, message-id \S+$/).waitFor();
      const json = '{"grüße":1}';
      await pick({ name: "a.json", mimeType: "application/json", buffer: Buffer.from(json) });
      await page.getByText(/^Published, message-id \S+$/).waitFor();
      await page.getByRole("button", { name: "Type it instead" }).click();
      await page.getByLabel("Body").fill("typed");
      await answer(page, "Publish");
      await page.getByText(/^Published 2 messages, message-id \S+$/).waitFor();
      const { messages } = await session.broker.call("browseQueue", { name: "files" });
      const types = messages.map(({ headers }) => Object.fromEntries(headers)["content-type"]);
      expect(messages.map(({ body, bodyBase64 }) => body ?? bodyBase64)).toEqual([
        ...[bytes.toString("base64"), json, "typed"],
      ]);
      expect(types).toEqual(["application/octet-stream", "application/json", "application/json"]);
      expectClean(/404 \(Not Found\)/);
    },
    TIMEOUT_MS,
  );

  test(
    "some messages, chosen, are moved",
    async () => {
      await fill("from", ["one", "two", "three"]);
      const page = await openQueue("from");
      for (const text of ["one", "three"]) await row(page, text).getByRole("checkbox").check();
      await button(page, "Move 2…").click();
      await page.getByLabel("To", { exact: true }).fill("/queue/from");
      await answer(page, "Move");
      await page.getByRole("dialog").getByText("it is there already").waitFor();
      await page.getByLabel("To", { exact: true }).fill("/queue/to");
      await answer(page, "Move");
      await page.getByText("Moved 2 messages").waitFor();
      await row(page, "one").waitFor({ state: "detached" });
      expect([await waiting("from"), await waiting("to")]).toEqual([["two"], ["one", "three"]]);
      expectClean(/400 \(Bad Request\)/);
    },
    TIMEOUT_MS,
  );

  test(
    "the space bar chooses, and all that waits is purged after a question that counts it",
    async () => {
      await fill(
        "full",
        Array.from({ length: 5 }, (_none, n) => `message ${n}`),
      );
      const page = await openQueue("full");
      await row(page, "message 4").waitFor();
      await page.getByRole("grid").focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Space");
      await page.getByText("1 chosen").waitFor();
      await page.keyboard.press("Space");
      await button(page, "Delete all…").click();
      await page.getByRole("heading", { name: "Delete all 5 messages?" }).waitFor();
      await answer(page, "Delete all");
      await page.getByText("Deleted 5 messages").waitFor();
      await page.getByText(/^(No message waits here|There is no such queue)$/).waitFor();
      expectClean(/404 \(Not Found\)/);
    },
    TIMEOUT_MS,
  );

  test(
    "dead letters are sent back: one, some, all",
    async () => {
      const client = await session.connect();
      const refuser = client.subscribe("/queue/work", (m) => m.nack({ requeue: "false" }), {
        ack: "client-individual",
      });
      const bodies = ["one", "two", "three", "four", "five"];
      for (const body of bodies) await publish(client, { destination: "/queue/work", body });
      const page = await session.open("#/destinations?tab=dead-letters");
      await page.getByRole("link", { name: "Dead letters 5", exact: true }).waitFor();
      await row(page, "DLQ.work").click();
      await row(page, "five").waitFor();
      const cells = await row(page, "five").getByRole("gridcell").allInnerTexts();
      expect(cells.slice(1, 5)).toEqual(["five", "rejected", "/queue/work", "1"]);
      refuser.unsubscribe();
      await publish(client, { destination: "/topic/after-it" });
      await row(page, "three").click();
      const panel = page.getByRole("region", { name: "Message" });
      await panel.locator(".facts", { hasText: "Became a dead letter" }).waitFor();
      await panel.locator(".facts", { hasText: "/queue/work" }).waitFor();
      await panel.locator(".facts", { hasText: "1 time where it came from" }).waitFor();
      expect(await panel.getByText("refused 0 times").count()).toBe(0);
      await panel.getByRole("button", { name: "Retry", exact: true }).click();
      await page.getByText("Sent 1 message back").waitFor();
      for (const text of ["one", "two"]) await row(page, text).getByRole("checkbox").check();
      await button(page, "Retry 2").click();
      await page.getByText("Sent 2 messages back").first().waitFor();
      await button(page, "Retry all").click();
      await page.getByText("Sent 2 messages back").nth(1).waitFor();
      expect(await waiting("work")).toEqual(["three", "one", "two", "four", "five"]);
      await page.getByRole("link", { name: "Back to the list" }).click();
      await page.getByRole("link", { name: "Dead letters 0", exact: true }).waitFor();
      expectClean(/404 \(Not Found\)/);
    },
    TIMEOUT_MS,
  );

  test(
    "a queue goes after a question, but not while it has consumers",
    async () => {
      await fill("going", ["x"]);
      const client = await session.connect();
      const consumer = client.subscribe("/queue/going", () => {}, { ack: "client-individual" });
      const page = await openQueue("going");
      await page.locator(".figures div", { hasText: "Consumers" }).getByText("1").waitFor();
      await button(page, "Delete queue…").click();
      await page.getByText("1 consumer has it").waitFor();
      consumer.unsubscribe();
      await page
        .locator(".figures div", { hasText: "Consumers" })
        .getByText("0", { exact: true })
        .waitFor();
      await button(page, "Delete queue…").click();
      await answer(page, "Delete it and 1 message");
      await page.getByText("The queue is deleted").waitFor();
      await title(page, "Destinations");
      const { items } = await session.broker.call("queues", { filter: "going" });
      expect(items).toEqual([]);
      expectClean(/404 \(Not Found\)/);
    },
    TIMEOUT_MS,
  );

  test(
    "what waits for a durable subscriber is looked at, purged, and the subscription deleted",
    async () => {
      const subscriber = await session.connect({ "client-id": "ann" });
      subscriber.subscribe("/topic/news", () => {}, { durable: "true", id: "daily" });
      await publish(subscriber, { destination: "/topic/ready" });
      await subscriber.deactivate();
      const client = await session.connect();
      for (const body of ["mon", "tue"])
        await publish(client, { destination: "/topic/news", body });
      const page = await session.open("#/destinations?tab=durables");
      await row(page, "daily").click();
      await title(page, "daily");
      await page.getByText("by client id ann").waitFor();
      await row(page, "tue").click();
      await page.getByRole("region", { name: "Message" }).getByText("tue").first().waitFor();
      await page.getByRole("region", { name: "Message" }).getByLabel("Close").click();
      await row(page, "mon").getByRole("checkbox").check();
      await button(page, "Delete 1…").click();
      await answer(page, "Delete 1 message");
      await row(page, "mon").waitFor({ state: "detached" });
      await row(page, "tue").waitFor();
      await button(page, "Delete subscription…").click();
      await answer(page, "Delete it and 1 message");
      await page.getByText("The durable subscription is deleted").waitFor();
      expect((await session.broker.call("durables", {})).total).toBe(0);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "more messages than a page are shown on demand",
    async () => {
      const client = await session.connect();
      const bodies = Array.from({ length: 230 }, (_none, n) => `number ${n}.`);
      await Promise.all(
        bodies.map((body) => publish(client, { destination: "/queue/long", body })),
      );
      const page = await openQueue("long");
      await page.getByText("The first 100 of 230").waitFor();
      await button(page, "Show more").click();
      await page.getByText("The first 200 of 230").waitFor();
      await button(page, "Show more").click();
      await page.getByText(/^The first/).waitFor({ state: "detached" });
      await page.getByRole("grid").focus();
      await page.keyboard.press("End");
      await row(page, "number 229.").waitFor();
      await page.getByText("Choose all 230 shown").click();
      await button(page, "Delete 230…").click();
      await answer(page, "Delete 230 messages");
      await page.getByText("Deleted 230 messages").waitFor();
      expectClean(/404 \(Not Found\)/);
    },
    TIMEOUT_MS,
  );

  test(
    "what is kept back after a refusal is told apart from what consumers hold, in the list as on the page",
    async () => {
      await fill("slowly", ["x"]);
      const page = await session.open("#/connections");
      await page.route(/\/api\/v1\/queues(?:\?|\/slowly$)/, async (route) => {
        const answered = await route.fetch();
        const text = await answered.text();
        const body = text.replaceAll('"held":0,"delayed":0', '"held":3,"delayed":2');
        await route.fulfill({ response: answered, body });
      });
      await page.evaluate(`location.hash = "#/destinations?q=slowly"`);
      const cells = row(page, "slowly").getByRole("gridcell");
      await cells.nth(2).filter({ hasText: "3" }).waitFor();
      expect((await cells.nth(2).innerText()).replace(/\s+/g, " ").trim()).toBe("3 +2");
      await row(page, "slowly").click();
      const held = page.locator(".figures > div", { hasText: "Held" });
      await held.getByText("2 kept back").waitFor();
      expect(await held.locator("dd").first().innerText()).toBe("3");
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "what consumers hold is looked at, with who has it, and who consumes is listed",
    async () => {
      const client = await session.connect({ login: "slowpoke" });
      client.subscribe("/queue/desk", () => {}, {
        ...{ id: "tray", ack: "client-individual", "prefetch-count": "2" },
      });
      await fill("desk", ["one", '{"two":2}', "three"]);
      const page = await openQueue("desk");
      await row(page, "three").waitFor();
      expect(await rows(page).count()).toBe(1);
      await page.getByRole("link", { name: "Held 2", exact: true }).click();
      await row(page, "one").getByText("slowpoke").waitFor();
      expect(await rows(page).count()).toBe(2);
      await row(page, "two").click();
      const panel = page.getByRole("region", { name: "Message" });
      await panel.getByText('"two"').waitFor();
      await panel.locator(".facts", { hasText: "Held by" }).getByText("slowpoke").waitFor();
      expect(await panel.getByRole("button", { name: /Delete|Move/ }).count()).toBe(0);
      const link = panel.getByRole("link", { name: /^connection \d+$/ });
      expect(
        await link.evaluate<number, { readonly tabIndex: number }>((each) => each.tabIndex),
      ).toBe(0);
      await page.reload();
      await panel.getByText('"two"').waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("link", { name: "Consumers 1", exact: true }).click();
      await row(page, "slowpoke").getByText("2 of 2").waitFor();
      await row(page, "slowpoke").getByText("tray").waitFor();
      expectClean();
    },
    TIMEOUT_MS,
  );

  test.each([
    ["a kind of destination", "#/destinations?tab=durables", "Durable"],
    ["another kind", "#/destinations?tab=temporary", "Temporary"],
    ["a view of a queue", "#/destinations?open=narrow&view=consumers", "Consumers"],
  ])(
    "on a phone the chosen one is in sight: %s",
    async (_what, hash, name) => {
      await fill("narrow", ["x"]);
      const page = await session.open(hash, { viewport: { width: 320, height: 640 } });
      const link = page.locator(".tab-list").getByRole("link", { name });
      // Its number, which makes it wider, comes later.
      await page.locator(".tab-list:not(:has(.count:text-is('–')))").waitFor();
      const { x, width } = (await link.boundingBox()) ?? { x: NaN, width: NaN };
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(320);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "a topic shows who listens to it and by what, and the form publishes there",
    async () => {
      const client = await session.connect({ login: "alice" });
      const heard = Promise.withResolvers<string>();
      client.subscribe("/topic/prices.eur", ({ body }) => heard.resolve(body), { id: "mine" });
      const other = await session.connect({ login: "bob" });
      other.subscribe("/topic/prices.*", () => {}, { id: "wide", selector: "region = 'north'" });
      await publish(client, { destination: "/topic/settled" });
      await publish(other, { destination: "/topic/settled" });
      const page = await session.open("#/destinations?tab=topics&q=prices");
      await row(page, "prices.*").getByText("pattern").waitFor();
      await row(page, "prices.eur").click();
      await title(page, "/topic/prices.eur");
      await row(page, "alice").getByText("mine").waitFor();
      await row(page, "bob").getByText("/topic/prices.*").waitFor();
      await row(page, "bob").getByText("region = 'north'").waitFor();
      expect(await rows(page).count()).toBe(2);
      await button(page, "Publish…").click();
      expect(await page.getByLabel("Destination", { exact: true }).inputValue()).toBe(
        "/topic/prices.eur",
      );
      await page.getByLabel("Body").fill("1.08");
      await answer(page, "Publish");
      expect(await heard.promise).toBe("1.08");
      await answer(page, "Close");
      await row(page, "bob").click();
      await page
        .getByRole("region", { name: /^Connection \d+$/ })
        .getByText("bob")
        .waitFor();
      await page.goBack();
      await title(page, "/topic/prices.eur");
      await page.getByRole("link", { name: "Back to the list" }).click();
      await row(page, "prices.*").click();
      await title(page, "/topic/prices.*");
      await row(page, "bob").waitFor();
      expect(await rows(page).count()).toBe(1);
      expect(await button(page, "Publish…").count()).toBe(0);
      await page.getByRole("link", { name: "Frames" }).last().click();
      await page.getByRole("heading", { level: 1, name: "Frames" }).waitFor();
      expect(await page.getByLabel(/^Filter: /).inputValue()).toBe("dest:/topic/prices.*");
      expectClean();
    },
    TIMEOUT_MS,
  );
});

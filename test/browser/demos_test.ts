import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { browserMissing, launchBrowser, openPage, type WatchedPage } from "./browser.ts";
import { type ConsoleBroker, startConsoleBroker } from "./console_broker.ts";

const DEMOS = ["work-queue", "request-reply", "dashboard", "transactions", "reconnect"];
const PHONE = { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true };
const DESK = { viewport: { width: 1280, height: 800 } };
const TIMEOUT_MS = 60_000;
const HOSTILE = `<img src=x onerror="document.title='taken'">`;

describe.skipIf(browserMissing !== undefined)("demos in Chromium", () => {
  let browser: Browser;
  let broker: ConsoleBroker;
  let root: string;
  let opened: WatchedPage[] = [];

  const openAt = async (url: string, options: BrowserContextOptions = {}): Promise<Page> => {
    const watched = await openPage(browser, url, options);
    opened.push(watched);
    await connected(watched.page);
    return watched.page;
  };
  const open = (demo: string, options?: BrowserContextOptions) =>
    openAt(`${root}demos/${demo}/`, options);

  // Each test has a broker of its own: what one demo leaves in a queue the next would find.
  beforeAll(async () => {
    browser = await launchBrowser();
  }, TIMEOUT_MS);
  afterAll(() => browser?.close(), TIMEOUT_MS);

  const withBroker = (name: string, run: () => Promise<void>) =>
    test(
      name,
      async () => {
        broker = await startConsoleBroker();
        root = broker.root;
        await run();
        expectClean();
      },
      TIMEOUT_MS,
    );
  afterEach(async () => {
    await Promise.all(opened.map((watched) => watched.close()));
    opened = [];
    await broker?.stop();
  }, TIMEOUT_MS);

  /** Nothing failed in any page of the test, and nothing but the broker was asked. */
  const expectClean = (allowed = /^$/) => {
    for (const { problems, origins } of opened) {
      expect(problems.filter((problem) => !allowed.test(problem))).toEqual([]);
      expect([...origins]).toEqual([new URL(root).origin]);
    }
  };
  const post = async (destination: string, body: string, headers: Record<string, string> = {}) => {
    const url = `${root}api/v1/send?destination=${destination}`;
    expect((await fetch(url, { method: "POST", headers, body })).ok).toBe(true);
  };

  describe("work queue", () => {
    const openQuick = async (seconds = "0.1") => {
      const page = await open("work-queue");
      await page.evaluate(`document.querySelector("#seconds").max = "60"`);
      await page.getByLabel("A job takes").fill(seconds);
      return page;
    };
    const add = async (
      page: Page,
      count: number,
      fails: { once?: number; always?: number } = {},
    ) => {
      await page.getByLabel("Jobs", { exact: true }).fill(String(count));
      await page.getByLabel("Fail once").fill(String(fails.once ?? 0));
      await page.getByLabel("Fail always").fill(String(fails.always ?? 0));
      await page.getByRole("button", { name: "Add" }).click();
    };
    const workers = (page: Page) => page.getByRole("checkbox", { name: /^Worker/ });

    withBroker(
      "jobs are done, done again, or end as dead letters that a retry brings back",
      async () => {
        const page = await openQuick();
        await add(page, 6, { once: 1, always: 1 });
        await shows(page.locator("#done-count"), "5");
        await shows(page.locator("#dead-count"), "1");
        await shows(page.locator("#done [data-kind=shaky] small"), "×2");
        await shows(page.locator("#dead .job small"), "×6");
        await shows(page.locator("#dead .muted"), "max-deliveries");
        // Another window knows only what it finds in the broker.
        const other = await openQuick();
        await shows(other.locator("#dead-count"), "1");
        await shows(other.locator("#done-count"), "0");
        await other.getByLabel("Bug fixed").check();
        await page.getByLabel("Bug fixed").check();
        await other.getByRole("button", { name: "Retry job" }).click();
        await shows(page.locator("#done-count"), "6");
        for (const each of [page, other]) await shows(each.locator("#dead-count"), "0");
      },
    );

    withBroker("two windows share the work", async () => {
      const [page, other] = [await openQuick(), await openQuick()];
      for (const worker of await workers(page).all()) await worker.uncheck();
      await add(page, 8);
      for (const each of [page, other]) await shows(each.locator("#done-count"), "8");
    });

    withBroker("what a worker or a window leaves undone goes to another", async () => {
      const [page, other] = [await openQuick("60"), await openQuick("60")];
      for (const worker of await workers(page).all()) await worker.uncheck();
      for (const worker of (await workers(other).all()).slice(1)) await worker.uncheck();
      await add(page, 1);
      await shows(page.locator("#elsewhere-count"), "1");
      await workers(other).first().uncheck();
      await shows(page.locator("#waiting-count"), "1");
      await workers(other).last().check();
      await shows(other.locator(".place .job small"), "×2");
      await shows(page.locator("#elsewhere-count"), "1");
      await other.close();
      await page.getByLabel("A job takes").fill("0.1");
      await workers(page).first().check();
      await shows(page.locator("#done .job small"), "×3");
    });

    withBroker("any program may add a job, and none can bring its own markup", async () => {
      const page = await openQuick();
      for (const body of [HOSTILE, "null", `{"id":{},"kind":"__proto__"}`, `[]`, `{"id":"a b"}`]) {
        await post("/queue/demo.jobs", body);
        await post("/topic/demo.jobs", body);
      }
      const odd = { toString: 1 };
      const news = {
        id: "odd",
        kind: "good",
        state: "done",
        label: odd,
        attempt: odd,
        worker: odd,
      };
      await post("/topic/demo.jobs", JSON.stringify(news));
      await shows(page.locator("#done-count"), "6");
      await page.locator("#done", { hasText: "<img src=x" }).waitFor();
      expect(await page.locator("#done img").count()).toBe(0);
      expect(await page.title()).not.toBe("taken");
    });
  });

  describe("request and reply", () => {
    const ask = (page: Page, name = "Ask") =>
      page.getByRole("button", { name, exact: true }).click();
    const counted = (page: Page, name: string) => page.locator(`[data-count=${name}]`);

    withBroker("several requests are outstanding, and each gets its own answer", async () => {
      const page = await open("request-reply");
      await page.evaluate("Math.random = () => 0.5"); // Each answer takes just as long as it says.
      await page.getByLabel("An answer takes").fill("2");
      await ask(page, "Ask five");
      await shows(counted(page, "outstanding"), "5");
      await shows(counted(page, "answered"), "5");
      for (const item of await page.locator("#requests li").all()) {
        const asked = (await item.locator("b").textContent()) ?? "";
        expect(await item.locator(".outcome").textContent()).toStartWith(asked.toUpperCase());
      }
    });

    withBroker("without a responder a request times out, another window's will do", async () => {
      const page = await open("request-reply");
      await page.getByLabel("Answers").uncheck();
      await ask(page);
      await shows(page.locator("#requests .outcome"), "No answer in time");
      // That request is not kept: who comes now would have to answer it first.
      await page.getByLabel("An answer takes").fill("0");
      await page.getByLabel("Answers").check();
      await ask(page);
      await shows(counted(page, "answered"), "1");
      await shows(counted(page, "given"), "1");
      await page.getByLabel("Answers").uncheck();
      const other = await open("request-reply");
      await page.getByLabel("Request", { exact: true }).fill(HOSTILE);
      await ask(page);
      await shows(counted(page, "answered"), "2");
      await shows(counted(other, "given"), "1");
      await page.locator("#requests", { hasText: HOSTILE.toUpperCase() }).waitFor();
      expect(await page.locator("#requests img").count()).toBe(0);
    });

    withBroker("an answer that comes too late is counted and shown to nobody", async () => {
      const page = await open("request-reply");
      await page.evaluate("Math.random = () => 0.9");
      await page.getByLabel("An answer takes").fill("2.5");
      await ask(page);
      await shows(counted(page, "late"), "1");
      await shows(counted(page, "unanswered"), "1");
      await shows(counted(page, "answered"), "0");
    });

    withBroker("a request with a wrong return address does the responder no harm", async () => {
      const page = await open("request-reply");
      await page.getByLabel("An answer takes").fill("0");
      for (const replyTo of ["nonsense", "/topic/*", "/queue/a,/queue/b", "/queue/demo.requests"]) {
        await post("/queue/demo.requests", "hello", { "x-stomp-reply-to": replyTo });
      }
      await ask(page);
      await shows(counted(page, "answered"), "1");
      await shows(counted(page, "given"), "1");
    });
  });

  describe("live dashboard", () => {
    const rate = (page: Page) => page.locator("#rate");
    // 1,000 a second are sent; how many get through depends on what else the machine does.
    const HUNDREDS = /^([3-9]\d\d|\d,\d{3})$/;

    withBroker("draws what comes, and pauses", async () => {
      const page = await open("dashboard");
      await shows(rate(page), HUNDREDS);
      const drawn = await page.evaluate<number[]>(`Array.from(
        document.querySelectorAll("canvas"),
        (canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
          .data.filter((value) => value > 0).length)`);
      expect(drawn.length).toBe(8);
      expect(Math.min(...drawn)).toBeGreaterThan(0);
      expect(await page.locator("#median").textContent()).toMatch(/^\d+\.\d ms$/);
      await page.getByRole("button", { name: "Pause" }).click();
      await shows(rate(page), "0");
      await shows(page.locator("#frames"), "0");
      await page.getByRole("button", { name: "Go on" }).click();
      await shows(rate(page), HUNDREDS);
      await page.getByLabel("From this window").uncheck();
      await shows(rate(page), "0");
    });

    withBroker("a second window only watches, and strangers' messages do not hurt", async () => {
      const page = await open("dashboard");
      await page.getByRole("slider").fill("100");
      const [watching] = await Promise.all([
        page.context().waitForEvent("page"),
        page.getByRole("link", { name: "second window" }).click(),
      ]);
      await connected(watching);
      expect(await watching.getByLabel("From this window").isChecked()).toBe(false);
      await shows(rate(watching), /^[1-9]\d+$/);
      for (const body of ["null", HOSTILE, `{"load":"high"}`, `{"load":1e999,"at":{}}`]) {
        await post("/topic/demo.load.oak", body);
        await post("/topic/demo.load.stranger", body);
      }
      await page.getByLabel("From this window").uncheck();
      await shows(rate(watching), "0");
    });
  });

  describe("transactions", () => {
    const balances = async (page: Page, [alice, bob]: readonly [string, string]) => {
      await shows(page.locator("#Alice-balance"), alice);
      await shows(page.locator("#Bob-balance"), bob);
    };
    const choose = async (page: Page, inTransaction: boolean, halfWay: string) => {
      await page.getByLabel("In a transaction").setChecked(inTransaction);
      await page.getByLabel(halfWay).check();
    };

    // The last column: after a further transfer of 1, which was sent later and so shows that
    // nothing of the first is still on its way.
    const CASES = [
      [true, "Nothing happens", "Committed", ["89", "111"]],
      [true, "The program fails", "Aborted", ["99", "101"]],
      [true, "The connection is lost", "lost before COMMIT", ["99", "101"]],
      [false, "Nothing happens", "one after the other", ["89", "111"]],
      [false, "The program fails", "The first entry stands", ["89", "101"]],
      [false, "The connection is lost", "The first entry stands", ["89", "101"]],
    ] as const;
    for (const [inTransaction, halfWay, result, after] of CASES) {
      const how = inTransaction ? "in a transaction" : "without a transaction";
      withBroker(`${how}, ${halfWay.toLowerCase()}: ${after.join(" and ")}`, async () => {
        const [page, other] = [await open("transactions"), await open("transactions")];
        const pay = page.getByRole("button", { name: "Alice pays Bob" });
        await balances(page, ["100", "100"]);
        await choose(page, inTransaction, halfWay);
        await pay.click();
        await shows(page.locator("#result"), result);
        await connected(page);
        await choose(page, true, "Nothing happens");
        await page.getByLabel("Amount").fill("1");
        await pay.click();
        for (const each of [page, other]) {
          await balances(each, after);
          const sum = Number(after[0]) + Number(after[1]);
          await shows(each.locator("#together"), `Together ${sum}:`);
        }
      });
    }

    withBroker("shows the frames of a transfer, and starts over", async () => {
      const page = await open("transactions");
      await page.getByLabel("The program fails").check();
      await page.getByRole("button", { name: "Bob pays Alice" }).click();
      const commands = page.locator("#frames pre b");
      expect(await commands.allTextContents()).toEqual(["BEGIN", "SEND", "ABORT"]);
      await page.getByLabel("Nothing happens").check();
      await page.getByRole("button", { name: "Bob pays Alice" }).click();
      expect(await commands.allTextContents()).toEqual(["BEGIN", "SEND", "SEND", "COMMIT"]);
      await post("/queue/demo.account.Bob", "not an entry");
      await post("/queue/demo.account.Bob,/topic/demo.account.Bob", `{"amount":-1,"text":"<b>"}`);
      await balances(page, ["110", "89"]);
      await page.locator("#Bob-entries", { hasText: "<b>" }).waitFor();
      await page.getByRole("button", { name: "Start over" }).click();
      await balances(page, ["100", "100"]);
      // They are gone from the broker, not only from this page.
      await balances(await open("transactions"), ["100", "100"]);
    });
  });

  describe("reconnecting", () => {
    const SOME = /^([2-9]|\d\d+)$/;
    const way = (page: Page, name: string) => page.locator(`[data-way=${name}]`);
    const ticksArrive = (page: Page, count: RegExp) =>
      shows(way(page, "topic").locator("[data-all]"), count);
    const plugIn = async (page: Page) => {
      await page.getByRole("button", { name: "Plug in" }).click();
      // The attempt may come by itself before the button is reached.
      await page.evaluate(`document.querySelector("#retry").click()`);
      await connected(page);
    };

    withBroker("a topic misses what a durable subscription and a queue bring later", async () => {
      const page = await open("reconnect");
      await ticksArrive(page, SOME);
      await page.getByRole("button", { name: "Pull the plug" }).click();
      await shows(page.locator("#state"), "Connection lost");
      await shows(page.locator("#countdown"), /Next attempt in \d+ s/);
      await page.locator("#log", { hasText: "Attempt 2 failed: no network" }).waitFor();
      await way(page, "queue").locator("[data-absent]", { hasText: SOME }).waitFor();
      await plugIn(page);
      await page.locator("#log", { hasText: /Connected at attempt \d+, all/ }).waitFor();
      for (const kept of ["durable", "queue"]) {
        await shows(way(page, kept).locator("[data-absent]"), "0");
        await way(page, kept).locator("[data-late]", { hasText: SOME }).waitFor();
      }
      await shows(way(page, "topic").locator("[data-late]"), "0");
      expect(
        Number(await way(page, "topic").locator("[data-absent]").textContent()),
      ).toBeGreaterThan(1);
      await ticksArrive(page, /^([5-9]|\d\d+)$/);
    });

    withBroker(
      "notes are kept while offline, and one that is sent twice is shown once",
      async () => {
        const [page, other] = [await open("reconnect"), await open("reconnect")];
        const received = other.locator("#received li");
        const note = page.getByRole("textbox", { name: "Note" });
        const sending = page.locator("#sending small");
        await page.getByRole("button", { name: "Pull the plug" }).click();
        await note.fill(HOSTILE);
        await page.getByRole("button", { name: "Send", exact: true }).click();
        await shows(sending.first(), "kept here");
        expect(await received.count()).toBe(0);
        await plugIn(page);
        await shows(sending.first(), "confirmed");
        await shows(received.first(), HOSTILE);

        await note.fill("receipt lost");
        await page.getByRole("button", { name: "Send, then unplug" }).click();
        await shows(received.first(), "receipt lost");
        await shows(sending.first(), "sent");
        await plugIn(page);
        await shows(sending.first(), "confirmed");
        for (const each of [page, other]) {
          await shows(each.locator("#doubles"), "1");
          expect(await each.locator("#received li").allTextContents()).toEqual([
            "receipt lost",
            HOSTILE,
          ]);
        }
      },
    );
  });

  for (const demo of DEMOS) {
    withBroker(`${demo} fits phone and desk, stays in place, and shows its source`, async () => {
      for (const options of [PHONE, DESK]) {
        const page = await open(demo, options);
        await page.evaluate(`globalThis.shifted = [];
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifted.push(entry.value);
          }).observe({ type: "layout-shift", buffered: true });`);
        for (const place of await page.locator("[data-source]").all()) {
          await shows(place, /\n(export )?(async )?(function|const)/);
        }
        if (demo === "work-queue") {
          await page.getByRole("button", { name: "Add" }).click();
          await shows(page.locator("#done-count"), /^[1-9]/);
        }
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          const over =
            "document.documentElement.scrollWidth - document.documentElement.clientWidth";
          expect(await page.evaluate<number>(over)).toBeLessThanOrEqual(0);
        }
        const shifted = await page.evaluate<number>("shifted.reduce((sum, each) => sum + each, 0)");
        expect(shifted).toBeLessThan(0.05);
        await page.context().close();
      }
    });

    withBroker(`${demo} is reached and left with the keyboard alone`, async () => {
      const page = await open(demo);
      const seen = new Set<string>();
      const controls = await page.locator("main :is(button, input):enabled:visible").count();
      for (let steps = 0; steps < 80; steps += 1) {
        await page.keyboard.press("Tab");
        const [tag, outlined] = await page.evaluate<[string, boolean]>(
          `[document.activeElement.localName + " " + (document.activeElement.id ||
              document.activeElement.textContent + document.activeElement.parentNode.textContent),
            getComputedStyle(document.activeElement).outlineStyle !== "none"]`,
        );
        if (tag.startsWith("body")) break;
        expect(outlined, tag).toBe(true);
        if (/^(button|input)/.test(tag)) seen.add(tag);
      }
      // Of radio buttons the Tab key reaches the chosen one.
      expect(seen.size).toBeGreaterThanOrEqual(controls - (demo === "transactions" ? 2 : 0));
    });
  }

  test(
    "all of them come back when the broker does",
    async () => {
      broker = await startConsoleBroker();
      root = broker.root;
      const pages = await Promise.all(DEMOS.map((demo) => open(demo)));
      await broker.stop();
      for (const page of pages) await shows(page.locator("#state"), /lost|Connecting/);
      broker = await startConsoleBroker({ port: broker.httpPort });
      for (const page of pages) await connected(page);
      const [queue, requests] = pages;
      await queue?.getByRole("button", { name: "Add" }).click();
      if (queue) await shows(queue.locator("#done-count"), /^[1-9]/);
      await requests?.getByRole("button", { name: "Ask", exact: true }).click();
      if (requests) await shows(requests.locator("[data-count=answered]"), "1");
      expectClean(/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/);
    },
    TIMEOUT_MS,
  );

  withBroker("the list of demos leads to each, below /_stompbox and any prefix too", async () => {
    const prefixed = await startConsoleBroker({ prefix: "/box" });
    try {
      for (const base of [root, `${root}_stompbox/`, prefixed.root]) {
        const watched = await openPage(browser, base);
        opened.push(watched);
        for (const title of [
          "Work queue",
          "Request and reply",
          "Live dashboard",
          "Transactions",
          "Reconnecting",
        ]) {
          await watched.page.getByRole("navigation").getByRole("link", { name: "Demos" }).click();
          await watched.page.locator("main").getByRole("link", { name: title }).click();
          await connected(watched.page);
          expect(watched.page.url()).toStartWith(`${base}demos/`);
          expect(await watched.page.title()).toBe(`${title} · stompbox`);
        }
        expect(watched.problems).toEqual([]);
        expect([...watched.origins]).toEqual([new URL(base).origin]);
      }
    } finally {
      await Promise.all(opened.map((watched) => watched.close()));
      opened = [];
      await prefixed.stop();
    }
  });
});

async function connected(page: Page): Promise<void> {
  await shows(page.locator("#state"), "Connected");
}

async function shows(place: Locator, text: string | RegExp): Promise<void> {
  const exact = typeof text === "string" && /^\d+$/.test(text) ? new RegExp(`^${text}$`) : text;
  await place.filter({ hasText: exact }).waitFor({ state: "attached" });
}

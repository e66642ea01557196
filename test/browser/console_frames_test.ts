import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Client } from "@stomp/stompjs";
import type { Page } from "playwright-core";
import { axeViolations } from "./axe.ts";
import { browserMissing, launchBrowser, openPage } from "./browser.ts";
import { type ConsoleBroker, startConsoleBroker } from "./console_broker.ts";
import {
  type ConsoleSession,
  publish,
  SIZES,
  startConsoleSession,
  TIMEOUT_MS,
} from "./console_session.ts";

const rows = (page: Page) => page.locator(".virtual-row");
/** Without what stands between them, such as gaps. */
const frames = (page: Page) => rows(page).filter({ has: page.locator(".command") });
const panel = (page: Page) => page.locator(".panel");
/** The first row of that command with all of these texts. */
const rowOf = (page: Page, command: string, ...texts: string[]) =>
  texts
    .reduce(
      (found, hasText) => found.filter({ hasText }),
      rows(page).filter({ has: page.locator(".command").getByText(command, { exact: true }) }),
    )
    .first();
const CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };

/** How many connections watch the frames of a broker, as it has it. */
async function watchersOf({ call }: ConsoleBroker): Promise<number> {
  const { items } = await call("connections", { limit: 1_000 });
  const details = await Promise.all(
    items.map(({ number }) => call("connection", { number }).catch(() => undefined)),
  );
  const lists = details.flatMap((detail) => detail?.subscriptionList ?? []);
  return lists.filter(({ destination }) => destination === "/topic/$system/frames").length;
}

/** Asks until it is so: the broker tells nobody who looks. */
async function untilWatchedBy(broker: ConsoleBroker, count: number): Promise<void> {
  const deadline = performance.now() + 30_000;
  while ((await watchersOf(broker)) !== count) {
    if (performance.now() > deadline) throw new Error(`Not within 30 s: ${count} watchers`);
  }
}

describe.skipIf(browserMissing !== undefined)("frames in the console", () => {
  let session: ConsoleSession;
  /** Pages of the test that watch. */
  let watching = 0;
  beforeAll(async () => {
    session = await startConsoleSession();
  }, TIMEOUT_MS);
  afterEach(async () => {
    await session.reset();
    watching = 0;
    await untilWatched();
  });
  afterAll(() => session.close(), TIMEOUT_MS);

  const expectClean = (allowed = /^$/) =>
    expect(session.problems().filter((problem) => !allowed.test(problem))).toEqual([]);

  const untilWatched = (): Promise<void> => untilWatchedBy(session.broker, watching);
  const openFrames = async (hash = "#/frames", options = {}): Promise<Page> => {
    const page = await session.open(hash, options);
    watching += 1;
    await untilWatched();
    return page;
  };
  /** Subscribes, and resolves when that is so. */
  const subscribe = (
    client: Client,
    destination: string,
    options: {
      readonly headers?: Record<string, string>;
      readonly onMessage?: Parameters<Client["subscribe"]>[1];
    } = {},
  ): Promise<void> =>
    new Promise((resolve) => {
      const receipt = crypto.randomUUID();
      client.watchForReceipt(receipt, () => resolve());
      client.subscribe(destination, options.onMessage ?? (() => {}), {
        ...options.headers,
        receipt,
      });
    });
  const received = (client: Client, destination: string) => {
    const arrived = Promise.withResolvers<{ headers: Record<string, string>; body: string }>();
    const ready = subscribe(client, destination, {
      onMessage: ({ headers, body }) => arrived.resolve({ headers, body }),
    });
    return ready.then(() => ({ message: arrived.promise }));
  };

  test(
    "show what real clients say and are told, both ways",
    async () => {
      const page = await openFrames();
      const ann = await session.connect({ login: "ann", passcode: "hunter2" });
      await subscribe(ann, "/topic/tea", { headers: { id: "t" } });
      await publish(ann, { destination: "/topic/tea", body: "Assam", headers: { grams: "100" } });
      await rowOf(page, "RECEIPT").waitFor();
      await rowOf(page, "MESSAGE", "/topic/tea", "subscription t", "Assam").waitFor();
      const send = rowOf(page, "SEND", "/topic/tea");
      expect(await send.locator("[data-way=in]").count()).toBe(1);
      expect(await rowOf(page, "MESSAGE").locator("[data-way=out]").count()).toBe(1);
      await rowOf(page, "CONNECT", "login ann").click();
      await panel(page).getByText("passcode").waitFor();
      expect(await page.locator("body").innerText()).not.toContain("hunter2");
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "unfold JSON, and show the same body as text and as bytes",
    async () => {
      const page = await openFrames();
      const ann = await session.connect();
      const body = '{"order":12345678901234567890,"items":[{"tea":"Assam"}],"none":{}}';
      const headers = { "content-type": "application/json" };
      await publish(ann, { destination: "/queue/json", body, headers });
      await rowOf(page, "SEND", "/queue/json").click();
      const tree = panel(page).locator(".json-tree");
      await tree.getByText("12345678901234567890").waitFor();
      await tree.getByText("Assam").waitFor();
      await tree.getByRole("button", { name: "items, 1 item" }).click();
      expect(await tree.getByText("Assam").count()).toBe(0);
      await tree.getByRole("button", { name: "Unfold all" }).click();
      await tree.getByText("Assam").waitFor();
      await panel(page).getByRole("tab", { name: "Text" }).click();
      expect(await panel(page).locator(".body-text").innerText()).toBe(body);
      await panel(page).getByRole("tab", { name: "Text" }).press("ArrowRight");
      await panel(page).getByText("00000000  7b 22 6f 72 64 65 72 22").waitFor();
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "are filtered by words and buttons, and the address says how",
    async () => {
      const page = await openFrames();
      const ann = await session.connect({ login: "ann" });
      for (const name of ["a", "b"]) {
        await publish(ann, { destination: `/queue/filter.${name}`, body: `is ${name}` });
      }
      await rowOf(page, "SEND", "/queue/filter.b").waitFor();
      const filter = page.getByRole("searchbox");
      await filter.fill("dest:/queue/filter.*");
      await rowOf(page, "RECEIPT").waitFor({ state: "detached" });
      expect(await frames(page).count()).toBe(2);
      expect(page.url()).toContain("#/frames?q=dest%3A%2Fqueue%2Ffilter.*");
      await filter.fill('"is b"');
      await rowOf(page, "SEND", "/queue/filter.a").waitFor({ state: "detached" });
      expect(await frames(page).count()).toBe(1);
      await page.getByRole("button", { name: "ACK", exact: true }).click();
      await page.getByText("No frame matches").waitFor();
      expect(await filter.inputValue()).toBe('"is b" command:ACK');
      await page.getByRole("button", { name: "Show all" }).click();
      await rowOf(page, "SEND", "/queue/filter.a").waitFor();
      await filter.fill("command:SENT direction:up");
      await page.getByText('Cannot filter by command "SENT"').waitFor();
      await page.getByText('Cannot filter by direction "up"').waitFor();
      await page.getByRole("button", { name: "Words" }).click();
      await page.getByText("header:x=1 with that value").waitFor();
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "of one connection are what a link from elsewhere asks for",
    async () => {
      const ann = await session.connect({ login: "linked" });
      const { items } = await session.broker.call("connections", { filter: "linked" });
      const page = await openFrames(`#/frames?connection=${items[0]?.number}`);
      expect(await page.getByRole("searchbox").inputValue()).toBe(`connection:${items[0]?.number}`);
      const other = await session.connect();
      await publish(other, { destination: "/queue/link", body: "other" });
      await publish(ann, { destination: "/queue/link", body: "linked" });
      await rowOf(page, "SEND", "linked").waitFor();
      expect(await rowOf(page, "SEND", "other").count()).toBe(0);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "stand still while they are paused, and what came meanwhile is counted",
    async () => {
      const page = await openFrames("#/frames?q=command:SEND");
      const ann = await session.connect();
      await publish(ann, { destination: "/queue/pause", body: "before" });
      await rowOf(page, "SEND", "before").waitFor();
      await page.getByRole("button", { name: "Pause" }).click();
      for (const body of ["one", "two"]) await publish(ann, { destination: "/queue/pause", body });
      const resume = page.getByRole("button", { name: "Resume · 2 new" });
      await resume.waitFor();
      expect(await rowOf(page, "SEND", "two").count()).toBe(0);
      await resume.click();
      await rowOf(page, "SEND", "two").waitFor();
      await page.getByRole("button", { name: "Clear" }).click();
      await rowOf(page, "SEND", "before").waitFor({ state: "detached" });
      await publish(ann, { destination: "/queue/pause", body: "after" });
      await rowOf(page, "SEND", "after").waitFor();
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "stay in place for whoever scrolled up, until they want the newest",
    async () => {
      const page = await openFrames("#/frames?q=command:SEND");
      const ann = await session.connect();
      for (let n = 0; n < 60; n += 1) {
        await publish(ann, { destination: "/queue/scroll", body: `frame ${n}.` });
      }
      await rowOf(page, "SEND", "frame 59.").waitFor();
      await page.getByRole("grid").hover();
      await page.mouse.wheel(0, -100_000);
      await rowOf(page, "SEND", "frame 0.").waitFor();
      await publish(ann, { destination: "/queue/scroll", body: "the newest" });
      const newest = page.getByRole("button", { name: "1 new frame" });
      await newest.waitFor();
      expect(await rowOf(page, "SEND", "frame 0.").isVisible()).toBe(true);
      await newest.click();
      await rowOf(page, "SEND", "the newest").waitFor();
      await newest.waitFor({ state: "detached" });
      await publish(ann, { destination: "/queue/scroll", body: "followed" });
      await rowOf(page, "SEND", "followed").waitFor();
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "of one message are a way: sent, delivered, acknowledged, refused, dead",
    async () => {
      const page = await openFrames();
      const [ann, bob] = await Promise.all([session.connect(), session.connect()]);
      const headers = { ack: "client-individual" };
      await subscribe(bob, "/queue/good", { headers, onMessage: (message) => message.ack() });
      await subscribe(bob, "/queue/bad", {
        headers,
        onMessage: (message) => message.nack({ requeue: "false" }),
      });
      await publish(ann, { destination: "/queue/good", body: "good" });
      await publish(ann, { destination: "/queue/bad", body: "bad" });
      // Opening one makes the list stand still.
      await rowOf(page, "NACK").waitFor();
      const steps = panel(page).locator(".journey li");
      await rowOf(page, "SEND", "/queue/good").click();
      await panel(page).getByRole("button", { name: "Follow" }).click();
      await steps.filter({ hasText: "Acknowledged by" }).waitFor();
      expect((await steps.allInnerTexts()).map((text) => text.replace(/\s+/g, " "))).toEqual([
        expect.stringMatching(/^[\d:.]+ Sent by connection \d+ ?\/queue\/good$/),
        expect.stringMatching(/^\+.* ms Delivered to connection \d+ ?\/queue\/good$/),
        expect.stringMatching(/^\+.* ms Receipt to connection \d+$/),
        expect.stringMatching(/^\+.* ms Acknowledged by connection \d+$/),
      ]);
      await steps
        .filter({ hasText: "Acknowledged by" })
        .getByRole("button", { name: /^connection/ })
        .click();
      await panel(page).getByRole("heading", { name: /^ACK/ }).waitFor();
      expect(await steps.count()).toBe(4);
      await rowOf(page, "SEND", "/queue/bad").click();
      await panel(page).getByRole("button", { name: "Follow" }).click();
      await steps.filter({ hasText: "Moved to the dead letters" }).waitFor();
      expect(await steps.filter({ hasText: "/queue/DLQ.bad" }).innerText()).toContain("rejected");
      await page.goBack();
      await page.goBack();
      await steps.filter({ hasText: "/queue/good" }).first().waitFor();
      await panel(page).getByRole("heading", { name: /^SEND/ }).waitFor();
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "have addresses of their own, for as long as the broker keeps them",
    async () => {
      const page = await openFrames("#/frames", CLIPBOARD);
      const ann = await session.connect();
      await publish(ann, { destination: "/queue/permalink", body: "look at this" });
      await rowOf(page, "SEND", "/queue/permalink").click();
      await panel(page).getByRole("button", { name: "Copy link" }).click();
      await page.getByText("Copied: link").waitFor();
      const link = await page.evaluate<string>("navigator.clipboard.readText()");
      const other = await openFrames(new URL(link).hash);
      await panel(other).getByText("look at this").waitFor();
      // Another broker at the same address has frames with the same numbers.
      const later = new URL(link).hash.replace(/at=\d+/, "at=1");
      const elsewhen = await openFrames(later);
      await panel(elsewhen).getByText("This frame is gone").waitFor();
      const never = await openFrames("#/frames?frame=999999999");
      await panel(never).getByText("This frame is gone").waitFor();
      expectClean(/404 \(Not Found\)/);
    },
    TIMEOUT_MS,
  );

  test(
    "copied as JavaScript send the same again when pasted",
    async () => {
      const page = await openFrames("#/frames", CLIPBOARD);
      const [ann, bob] = await Promise.all([session.connect(), session.connect()]);
      const body = 'it\'s "quoted" </script>\n${x} \u202e☕';
      const headers = { x: "a:b\nc", "content-type": "text/plain" };
      await publish(ann, { destination: "/queue/copy js", body, headers });
      await rowOf(page, "SEND", "/queue/copy js").click();
      await panel(page).getByRole("button", { name: "Copy JavaScript" }).click();
      await page.getByText("Copied: JavaScript").waitFor();
      const script = await page.evaluate<string>("navigator.clipboard.readText()");
      const first = await received(bob, "/queue/copy js");
      await first.message;
      const second = await received(ann, "/topic/none").then(() => received(ann, "/queue/copy js"));
      bob.unsubscribe("sub-0");
      await page.evaluate(`(async () => { ${script} })()`);
      const copy = await second.message;
      expect(copy.body).toBe(body);
      expect(copy.headers).toMatchObject(headers);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "copied as a command send the same again when a shell runs it",
    async () => {
      const page = await openFrames("#/frames", CLIPBOARD);
      const ann = await session.connect();
      const body = 'it\'s `whoami` $(whoami) "$HOME"\n\u001b[31m!!\t☕';
      const headers = { note: "it's; rm -rf $HOME" };
      await publish(ann, { destination: "/queue/copy sh", body, headers });
      await rowOf(page, "SEND", "/queue/copy sh").click();
      await panel(page).getByRole("button", { name: "Copy command" }).click();
      await page.getByText("Copied: command").waitFor();
      const command = await page.evaluate<string>("navigator.clipboard.readText()");
      const bob = await session.connect();
      await (
        await received(bob, "/queue/copy sh")
      ).message;
      bob.unsubscribe("sub-0");
      const copied = await received(ann, "/queue/copy sh");
      const program = process.env["EXECUTABLE_UNDER_TEST"];
      const words = program === undefined ? [process.execPath, MAIN] : [program];
      const stompbox = `stompbox() { ${words.map((word) => `'${word}'`).join(" ")} "$@"; }\n`;
      const shell = Bun.spawn(["sh", "-c", stompbox + command], {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      expect([await shell.exited, await new Response(shell.stderr).text()]).toEqual([0, ""]);
      const copy = await copied.message;
      expect(copy.body).toBe(body);
      expect(copy.headers).toMatchObject(headers);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "are sent again at the press of a button, and copied as they were",
    async () => {
      const page = await openFrames("#/frames", CLIPBOARD);
      const ann = await session.connect();
      await publish(ann, { destination: "/topic/again", body: "again", headers: { x: "1" } });
      await rowOf(page, "SEND", "/topic/again").click();
      await panel(page).getByRole("button", { name: "Copy frame" }).click();
      await page.getByText("Copied: frame").waitFor();
      const copied = await page.evaluate<string>("navigator.clipboard.readText()");
      expect(copied).toMatch(/^SEND\n.*destination:\/topic\/again\n.*\n\nagain\^@\n$/s);
      const download = page.waitForEvent("download");
      await panel(page).getByRole("button", { name: "Save as file" }).click();
      const file = await (await download).path();
      expect(await Bun.file(file).text()).toBe(copied.replace("^@\n", "\0"));
      const second = await received(ann, "/topic/again");
      await panel(page).getByRole("button", { name: "Send again" }).click();
      const message = await second.message;
      expect(message).toMatchObject({ body: "again", headers: { x: "1" } });
      expect(message.headers["receipt"]).toBeUndefined();
      await page.getByText(`Sent again, as message ${message.headers["message-id"]}`).waitFor();
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "of a message that came over HTTP are followed from there on, and that is said",
    async () => {
      const page = await openFrames();
      const ann = await session.connect();
      ann.subscribe("/queue/by-http", () => {});
      await publish(ann, { destination: "/topic/settled" });
      const said = panel(page).getByText("the message came over HTTP");
      await session.broker.call("publish", { destination: "/queue/by-http", body: "one" });
      await rowOf(page, "MESSAGE", "/queue/by-http").click();
      await panel(page).getByRole("button", { name: "Follow" }).click();
      await panel(page).getByText("Delivered to 1 connection.").waitFor();
      await said.waitFor();
      await publish(ann, { destination: "/queue/by-stomp", body: "two" });
      await page.getByRole("button", { name: /new frame/ }).click();
      await rowOf(page, "SEND", "/queue/by-stomp").click();
      await panel(page).getByRole("button", { name: "Follow", pressed: false }).click();
      await panel(page).locator(".journey-what", { hasText: "Sent by" }).waitFor();
      expect(await said.count()).toBe(0);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "that mean harm are shown as the text they are",
    async () => {
      const page = await openFrames();
      const ann = await session.connect();
      const markup = "<img src=x onerror=alert(1)>";
      await publish(ann, {
        destination: `/queue/${markup}`,
        headers: { "a\u202eb": "p\u0430ypal\u0007", [markup]: markup },
        body: `${markup}<script>alert(1)</script>\u202egpj.exe`,
      });
      await rowOf(page, "SEND", markup).click();
      await panel(page).getByText("\\u202e").first().waitFor();
      await panel(page).getByText("\\x07").waitFor();
      const marked = panel(page).locator(".run-mark");
      expect(await marked.getAttribute("title")).toContain("Cyrillic");
      expect(await page.locator("main img, main script").count()).toBe(0);
      const large = `${"x".repeat(4_000_000)}${markup}`;
      await publish(ann, { destination: "/queue/large", body: large });
      await publish(ann, {
        destination: "/queue/bytes",
        binaryBody: Uint8Array.of(0xff, 0x00, 0x1b, 0x41),
      });
      await page.getByRole("button", { name: /new frame/ }).click();
      await rowOf(page, "SEND", "/queue/bytes").click();
      await panel(page).getByText("00000000  ff 00 1b 41").waitFor();
      await rowOf(page, "SEND", "/queue/large").click();
      await panel(page).getByText("only the beginning is here").waitFor();
      expect(await panel(page).getByRole("button", { name: "Send again" }).isDisabled()).toBe(true);
      const heads = { headers: { fits: "x".repeat(4_096), long: "x".repeat(4_097) } };
      await publish(ann, { destination: "/queue/heads", ...heads });
      await page.getByRole("button", { name: /new frame/ }).click();
      await rowOf(page, "SEND", "/queue/heads").click();
      const cut = panel(page).getByRole("row").filter({ hasText: "Only the beginning is here." });
      await cut.filter({ hasText: "long" }).waitFor();
      expect(await cut.count()).toBe(1);
      const length = await page.evaluate<number>("document.body.textContent.length");
      expect(length).toBeLessThan(200_000);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "that come too fast are left out, and their number is shown",
    async () => {
      const page = await openFrames("#/frames?q=/topic/flood");
      const ann = await session.connect();
      for (let n = 0; n < 4_000; n += 1) ann.publish({ destination: "/topic/flood", body: `${n}` });
      const gap = rows(page).filter({ hasText: /^[\d,]+ frames not shown: too many a second$/ });
      // The gap shows with the next frame that the broker has room for.
      const deadline = performance.now() + 20_000;
      while ((await gap.count()) === 0 && performance.now() < deadline) {
        await publish(ann, { destination: "/topic/flood", body: "later" });
        // Many more would push it out of the rows that are there.
        await gap
          .first()
          .waitFor({ timeout: 1_000 })
          .catch(() => undefined);
      }
      expect(await gap.count()).toBeGreaterThan(0);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "are watched only while somebody looks",
    async () => {
      const page = await openFrames();
      await page.clock.install();
      const untilWatching = (count: number) => {
        watching = count;
        return untilWatched();
      };
      await page.getByRole("link", { name: "Connections" }).click();
      await untilWatching(0);
      await page.getByRole("link", { name: "Frames" }).click();
      await untilWatching(1);
      const hide = (hidden: boolean) =>
        page.evaluate(`Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));`);
      await hide(true);
      await page.clock.fastForward(50_000);
      expect(await watchersOf(session.broker)).toBe(1);
      await page.clock.fastForward(15_000);
      await untilWatching(0);
      await hide(false);
      await untilWatching(1);
      expectClean();
    },
    TIMEOUT_MS,
  );

  test(
    "of a broker that was started again come behind those of its former life",
    async () => {
      const browser = await launchBrowser();
      let broker = await startConsoleBroker();
      const { httpPort: port } = broker;
      const watched = await openPage(browser, new URL("console/#/frames", broker.root).href);
      try {
        const { page } = watched;
        // Frames are what clients say and are told, so one comes and goes.
        const connectOnce = async () => {
          const socket = new WebSocket(broker.url);
          await new Promise((resolve) => (socket.onopen = resolve));
          socket.send(`CONNECT\naccept-version:1.2\nlogin:${crypto.randomUUID()}\n\n\0`);
          await new Promise((resolve) => (socket.onmessage = resolve));
          socket.close();
        };
        await untilWatchedBy(broker, 1);
        await connectOnce();
        await rowOf(page, "CONNECTED").waitFor();
        await broker.stop();
        await page.getByText("Reconnecting").waitFor();
        broker = await startConsoleBroker({ port });
        await untilWatchedBy(broker, 1);
        await connectOnce();
        await rows(page).filter({ hasText: "The broker was started again" }).waitFor();
      } finally {
        await browser.close();
        await broker.stop();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "can be gone through with the keyboard alone",
    async () => {
      const page = await openFrames("#/frames?q=command:SEND");
      await rows(page).first().waitFor();
      await page.getByRole("button", { name: "Clear" }).click();
      const ann = await session.connect();
      for (const body of ["first", "second"]) {
        await publish(ann, { destination: "/queue/keys", body });
      }
      await rowOf(page, "SEND", "second").waitFor();
      const grid = page.getByRole("grid", { name: "Frames" });
      await grid.focus();
      await page.keyboard.press("Home");
      await page.keyboard.press("Enter");
      await panel(page).getByText("first").waitFor();
      await page.keyboard.press("Escape");
      await panel(page).waitFor({ state: "detached" });
      expect(await page.evaluate("document.activeElement.ariaLabel")).toBe("Frames");
      expectClean();
    },
    TIMEOUT_MS,
  );

  test.each(SIZES)(
    "on a %s need no sideways scrolling, and axe finds nothing wrong",
    async (_name, options) => {
      const page = await openFrames("#/frames", options);
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
      await rows(page).first().waitFor();
      await page.getByRole("button", { name: "Clear" }).click();
      await page.getByText("No frames yet").waitFor();
      await check("nothing");
      const [ann, bob] = await Promise.all([session.connect(), session.connect()]);
      await subscribe(bob, "/queue/axe", {
        headers: { ack: "client-individual" },
        onMessage: (message) => message.nack({ requeue: "false" }),
      });
      const body = `{"deep":[{"a":1}],"long":"${"word ".repeat(200)}"}`;
      await publish(ann, { destination: `/queue/axe`, body, headers: { x: "y".repeat(500) } });
      await rowOf(page, "SEND", "/queue/axe").waitFor();
      await page.getByRole("button", { name: "Words" }).click();
      await check("list");
      await rowOf(page, "SEND", "/queue/axe").click();
      await panel(page).getByRole("button", { name: "Follow" }).click();
      await panel(page).getByText("Moved to the dead letters").waitFor();
      await check("details");
      await panel(page).getByRole("tab", { name: "Bytes" }).click();
      await check("bytes");
      expectClean();
    },
    TIMEOUT_MS,
  );
});

const MAIN = join(import.meta.dir, "../../src/main.ts");

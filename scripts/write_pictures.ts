/**
 * Takes the pictures of the console in docs/images: runs the broker from
 * source, has a small shop keep it busy for a while, and looks at it with
 * Chromium. Run it when the console looks different: `npm run pictures`.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { z } from "zod";
import { apiAt, type CallApi } from "../src/api/call_api.ts";
import type { FrameInfo } from "../src/api/values.ts";
import { launchBrowser } from "../test/browser/browser.ts";
import { openShop } from "./shop.ts";

const MAIN = join(import.meta.dir, "../src/main.ts");
const FOLDER = join(import.meta.dir, "../docs/images");
/** Long enough for charts to be full, and for a consumer that does nothing to be noticed. */
const BUSY_MS = 90_000;
/** Within that time what moves has come to rest, and rates are known. */
const SETTLE_MS = 4_500;
const WATCH_EVERY_MS = 2_000;
const WIDTH = 1280;
/** What a picture may take, in bytes. */
const BYTES_MAX = 250 * 1024;

const startSchema = z.object({ urls: z.array(z.string()).min(1) });

/** A broker that runs from source. It must be stopped. */
interface RunningBroker {
  /** The address of its pages, with a slash at the end. */
  readonly root: string;
  stop(): Promise<void>;
}

async function startBroker(): Promise<RunningBroker> {
  const argv = [
    ...["--listen", "ws://localhost:0", "--listen", "tcp://localhost:0"],
    ...["--destination", "/queue/orders max-deliveries=2 redelivery-delay=1s"],
    ...["--log", "error"],
  ];
  const child = Bun.spawn([process.execPath, "run", MAIN, ...argv], {
    env: { PATH: process.env["PATH"] ?? "" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await child.stdout.getReader().read();
  const [line = ""] = new TextDecoder().decode(value).split("\n");
  const [root = ""] = startSchema.parse(JSON.parse(line)).urls;
  return {
    root,
    stop: async () => {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

/** Orders as they were sent, by their message. */
type Orders = Map<string, FrameInfo>;

/** Looks at frames for a while, since none of them is kept for long. */
async function watchOrders(call: CallApi, forMs: number): Promise<Orders> {
  const orders: Orders = new Map();
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    const { frames } = await call("frames", { limit: 2_000 });
    for (const frame of frames) {
      const { command, messageId } = frame;
      if (command === "SEND" && messageId !== undefined) orders.set(messageId, frame);
    }
    await Bun.sleep(WATCH_EVERY_MS);
  }
  return orders;
}

/** The latest order that became a dead letter. */
async function lostOrder(call: CallApi, orders: Orders) {
  const { messages } = await call("browseQueue", { name: "DLQ.orders", limit: 100 });
  const letter = messages.findLast(({ id }) => orders.has(id));
  const sent = letter === undefined ? undefined : orders.get(letter.id);
  if (letter === undefined || sent === undefined) {
    throw new Error("Cannot show the way of a dead letter: none was seen");
  }
  return { letter, sent };
}

/** `height` is how much of a page there is to see, in CSS pixels. */
async function takePicture(
  page: Page,
  { name, height }: { readonly name: string; readonly height: number },
): Promise<void> {
  await page.setViewportSize({ width: WIDTH, height });
  await Bun.sleep(SETTLE_MS);
  const picture = await page.screenshot({ type: "png" });
  if (picture.length > BYTES_MAX) {
    throw new Error(`Cannot keep ${name}: ${picture.length} bytes, expected at most ${BYTES_MAX}`);
  }
  await Bun.write(join(FOLDER, name), picture);
  console.log(`${name}  ${picture.length} bytes`);
}

const broker = await startBroker();
const browser = await launchBrowser();
try {
  mkdirSync(FOLDER, { recursive: true });
  const call = apiAt(broker.root);
  const context = await browser.newContext({
    viewport: { width: WIDTH, height: 800 },
    colorScheme: "light",
    reducedMotion: "reduce",
  });
  const open = async (hash: string): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(`${broker.root}console/${hash}`);
    return page;
  };
  // Charts are the finer, and frames are kept, while somebody looks at them.
  const overview = await open("#/overview");
  const frames = await open("#/frames");
  const shop = await openShop(broker.root.replace(/^http/, "ws"));
  const orders = await watchOrders(call, BUSY_MS);

  await takePicture(overview, { name: "console-light.png", height: 750 });
  await overview.emulateMedia({ colorScheme: "dark" });
  await takePicture(overview, { name: "console-dark.png", height: 750 });

  const { letter, sent } = await lostOrder(call, orders);
  const go = (page: Page, path: string, params: Readonly<Record<string, string>>) =>
    page.goto(`${broker.root}console/#/${path}?${new URLSearchParams(params).toString()}`);
  await go(frames, "frames", {
    q: "-dest:/topic/prices.*",
    frame: String(sent.number),
    at: String(sent.at),
    follow: "1",
  });
  await takePicture(frames, { name: "console-frames.png", height: 850 });
  await frames.close();

  await go(overview, "destinations", { sort: "ready", order: "desc" });
  await overview.emulateMedia({ colorScheme: "light" });
  await takePicture(overview, { name: "console-destinations.png", height: 580 });
  const dead = { tab: "dead-letters", open: "DLQ.orders", message: letter.key };
  await go(overview, "destinations", dead);
  await takePicture(overview, { name: "console-dead-letters.png", height: 880 });
  await go(overview, "connections", { open: "8" });
  await takePicture(overview, { name: "console-connections.png", height: 850 });
  await shop.close();
} finally {
  await browser.close();
  await broker.stop();
}

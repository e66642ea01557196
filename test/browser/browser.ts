/** Chromium for tests: where it is, how it is started, and what may not happen in a page. */

import { existsSync } from "node:fs";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

const EXECUTABLE = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Why there is no browser to test with; undefined when there is one, or when there must be. */
export const browserMissing: string | undefined =
  existsSync(EXECUTABLE) || process.env["CI"] === "true"
    ? undefined
    : `no Chromium at ${EXECUTABLE}, set CHROMIUM to its path`;

/**
 * Starts Chromium without a window.
 *
 * @throws Error when there is none, which under CI=true fails the test that asks.
 */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page, and what went wrong in it so far. */
export interface WatchedPage {
  readonly page: Page;
  /** Console errors, uncaught exceptions, policy violations. */
  readonly problems: readonly string[];
  /** Every origin that was asked for anything, ws as http. */
  readonly origins: ReadonlySet<string>;
  close(): Promise<void>;
}

/** Opens `url` in a context of its own and watches it from the first byte. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  const problems: string[] = [];
  const origins = new Set<string>();
  const note = (address: string) => {
    if (!address.startsWith("data:")) origins.add(new URL(address.replace(/^ws/, "http")).origin);
  };
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  page.on("request", (request) => note(request.url()));
  page.on("websocket", (socket) => note(socket.url()));
  // A violation that the console does not tell as an error is still one.
  await page.addInitScript(
    `addEventListener("securitypolicyviolation", (event) =>
       console.error("policy: " + event.violatedDirective + " " + event.blockedURI));`,
  );
  await page.goto(url);
  return { page, problems, origins, close: () => context.close() };
}

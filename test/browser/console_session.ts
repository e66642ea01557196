/** Pages of the console under test, and clients of the broker that it looks at. */

import { Client } from "@stomp/stompjs";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchBrowser, openPage, type WatchedPage } from "./browser.ts";
import { type ConsoleBroker, startConsoleBroker } from "./console_broker.ts";

/** A browser, a broker, and what a test opened of both. */
export interface ConsoleSession {
  readonly broker: ConsoleBroker;
  /** Opens the console at a hash such as `#/connections`. */
  open(hash: string, options?: BrowserContextOptions): Promise<Page>;
  /** A connected client of the broker, without reconnecting. */
  connect(headers?: Readonly<Record<string, string>>): Promise<Client>;
  /** What went wrong in any page since the test began. */
  problems(): string[];
  /** Every origin that any page asked for anything. */
  origins(): string[];
  /** Closes what the test opened. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** A phone, and a desk. */
export const SIZES = [
  ["phone", { viewport: { width: 320, height: 640 } }],
  ["desk", { viewport: { width: 1280, height: 800 } }],
] as const;

/** Longest that a test of the console may take, in ms. */
export const TIMEOUT_MS = 60_000;

/** Starts a browser and a broker; both must be closed. */
export async function startConsoleSession(): Promise<ConsoleSession> {
  const [browser, broker]: [Browser, ConsoleBroker] = await Promise.all([
    launchBrowser(),
    startConsoleBroker(),
  ]);
  let opened: WatchedPage[] = [];
  let clients: Client[] = [];
  return {
    broker,
    async open(hash, options = {}) {
      const url = new URL(`console/${hash}`, broker.root).href;
      const watched = await openPage(browser, url, options);
      opened.push(watched);
      return watched.page;
    },
    async connect(headers = {}) {
      const client = new Client({
        brokerURL: broker.url,
        connectHeaders: { ...headers },
        reconnectDelay: 0,
      });
      clients.push(client);
      await new Promise<void>((resolve) => {
        client.onConnect = () => resolve();
        client.activate();
      });
      return client;
    },
    problems: () => opened.flatMap(({ problems }) => problems),
    origins: () => [...new Set(opened.flatMap(({ origins }) => [...origins]))],
    async reset() {
      await Promise.all(opened.map((watched) => watched.close()));
      await Promise.all(clients.map((client) => client.deactivate({ force: true })));
      opened = [];
      clients = [];
    },
    async close() {
      await browser.close();
      await broker.stop();
    },
  };
}

/** Publishes, and resolves when the broker has it. */
export function publish(
  client: Client,
  message: {
    readonly destination: string;
    readonly body?: string;
    readonly binaryBody?: Uint8Array;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const receipt = crypto.randomUUID();
  return new Promise((resolve) => {
    client.watchForReceipt(receipt, () => resolve());
    const { destination, body, binaryBody, headers } = message;
    client.publish({
      destination,
      headers: { ...headers, receipt },
      ...(binaryBody === undefined ? { body: body ?? "" } : { binaryBody }),
    });
  });
}

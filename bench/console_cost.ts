/**
 * What it costs a busy broker that someone has the console open: server CPU
 * per delivery at a fixed rate of 100,000 deliveries a second (1,000 messages
 * a second to 100 subscribers over WebSocket), with no console, with its
 * overview, with its frames, and closed again, in turn in one run, in a real
 * browser. Medians of several rounds, as ratios to the broker without.
 *
 *     bun bench/console_cost.ts [rounds] [seconds]
 */

import { join } from "node:path";
import { readProcessUsage } from "../src/bench/process_usage.ts";
import { launchBrowser, openPage } from "../test/browser/browser.ts";
import { median } from "./ratios.ts";

const [rounds = 5, seconds = 5] = process.argv.slice(2).map(Number);
const SUBSCRIBERS = 100;
const PER_SECOND = 1_000;
const EVERY_MS = 10;
const BODY = "x".repeat(100);

/** What is open while the broker is measured; `again` is `none` after all others. */
const MODES = { none: undefined, overview: "#/overview", frames: "#/frames", again: undefined };

async function connect(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error(`Cannot connect to ${url}`));
  });
  await answered(socket, "CONNECT\naccept-version:1.2\nhost:bench\n\n\0");
  return socket;
}

function answered(socket: WebSocket, frame: string): Promise<unknown> {
  return new Promise((resolve) => {
    socket.onmessage = resolve;
    socket.send(frame);
  });
}

const child = Bun.spawn(
  [process.execPath, "src/main.ts", "--listen", "ws://localhost:0", "--log", "error"],
  { cwd: join(import.meta.dir, ".."), stdout: "pipe", stderr: "inherit" },
);
const { value } = await child.stdout.getReader().read();
const { urls } = JSON.parse(new TextDecoder().decode(value)) as { urls: string[] };
const url = urls.find((each) => each.startsWith("ws:")) ?? "";
const page = urls.find((each) => each.startsWith("http:")) ?? "";

const cpuSeconds = (): number => readProcessUsage([child.pid]).cpuSeconds;

const received = { count: 0 };
const publisher = await connect(url);
for (let i = 0; i < SUBSCRIBERS; i++) {
  const socket = await connect(url);
  await answered(socket, "SUBSCRIBE\nid:sub-0\ndestination:/topic/bench\nreceipt:r\n\n\0");
  socket.onmessage = () => {
    received.count++;
  };
}
const frame = `SEND\ndestination:/topic/bench\ncontent-type:text/plain\n\n${BODY}\0`;
const state = { sent: 0, startedAt: performance.now() };
const timer = setInterval(() => {
  const due = ((performance.now() - state.startedAt) * PER_SECOND) / 1000;
  for (; state.sent < due; state.sent++) publisher.send(frame);
}, EVERY_MS);

const browser = await launchBrowser();

/** Server CPU in ns a delivery, over some seconds. */
async function measure(mode: keyof typeof MODES): Promise<number> {
  const hash = MODES[mode];
  const opened = hash === undefined ? undefined : await openPage(browser, `${page}console/${hash}`);
  // What opening costs once is not what is asked here.
  await Bun.sleep(2_000);
  const before = { cpu: cpuSeconds(), count: received.count };
  await Bun.sleep(seconds * 1000);
  const cpu = cpuSeconds() - before.cpu;
  const deliveries = received.count - before.count;
  await opened?.close();
  const ns = (cpu * 1e9) / deliveries;
  const rate = Math.round(deliveries / seconds);
  console.error(`${mode}: ${rate} deliveries/s, ${Math.round(ns)} ns of CPU each`);
  return ns;
}

const names = ["none", "overview", "frames", "again"] as const;
const results = new Map(names.map((name) => [name, [] as number[]]));
for (let round = 0; round < rounds; round++) {
  for (const name of names) results.get(name)?.push(await measure(name));
}
clearInterval(timer);
await browser.close();
child.kill();
const medians = names.map((name) => [name, median(results.get(name) ?? [])] as const);
const base = medians[0]?.[1] ?? Number.NaN;
console.log(
  JSON.stringify({
    ...{ subscribers: SUBSCRIBERS, messagesPerSecond: PER_SECOND, rounds, seconds },
    ...{ nsPerDelivery: Object.fromEntries(medians.map(([name, ns]) => [name, Math.round(ns)])) },
    ratioToNone: Object.fromEntries(medians.map(([name, ns]) => [name, +(ns / base).toFixed(3)])),
  }),
);
process.exit(0);

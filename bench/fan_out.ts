/**
 * One topic, one publisher, many subscribers, over WebSocket: messages
 * delivered per second, by the wall and by the server's CPU, of stompbox and
 * of a bare `Bun.serve` that moves the same bytes, in turn in one run.
 *
 *     bun bench/fan_out.ts [subscribers] [messages] [rounds]
 *
 * A window of unanswered messages keeps either server busy and neither
 * flooded: the publisher goes on when the last subscriber has what was sent.
 * Every delivery is counted; a lost or doubled one ends the run with exit 1.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";

const [subscribers = 100, messages = 20_000, rounds = 5] = process.argv.slice(2).map(Number);
const BODY = "x".repeat(100);
const WINDOW = 256;
const TICKS_PER_SECOND = 100;

interface Result {
  readonly wall: number;
  readonly cpu: number;
}

const COMMANDS = {
  stompbox: ["src/main.ts", "--listen", "ws://127.0.0.1:0", "--log", "error"],
  bare: ["bench/bare_server.ts", "236"],
} as const;

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function open(url: string): Promise<WebSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  const socket = new WebSocket(url);
  socket.onopen = () => resolve(socket);
  socket.onerror = () => reject(new Error(`Cannot connect to ${url}`));
  return promise;
}

function login(socket: WebSocket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.onmessage = () => resolve();
  socket.send("CONNECT\naccept-version:1.2\nhost:bench\n\n\0");
  return promise;
}

function receipt(socket: WebSocket, frame: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.onmessage = () => resolve();
  socket.send(frame);
  return promise;
}

async function measure(kind: keyof typeof COMMANDS): Promise<Result> {
  const child = Bun.spawn([process.execPath, ...COMMANDS[kind]], {
    cwd: join(import.meta.dir, ".."),
    stdout: "pipe",
    stderr: "ignore",
  });
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const { urls } = JSON.parse(new TextDecoder().decode(value)) as { urls: string[] };
  const url = urls.find((each) => each.startsWith("ws:")) ?? "";
  const stomp = kind === "stompbox";

  const publisher = await open(url);
  if (stomp) await login(publisher);
  const sockets: WebSocket[] = [];
  for (let i = 0; i < subscribers; i++) {
    const socket = await open(url);
    if (stomp) {
      await login(socket);
      await receipt(socket, "SUBSCRIBE\nid:sub-0\ndestination:/topic/bench\nreceipt:r\n\n\0");
    }
    sockets.push(socket);
  }

  const frame = `SEND\ndestination:/topic/bench\ncontent-type:text/plain\ncontent-length:100\n\n${BODY}\0`;
  const done = Promise.withResolvers<void>();
  const counts = new Int32Array(subscribers);
  let sent = 0;
  let finished = 0;
  const sendWindow = () => {
    for (let i = 0; i < WINDOW && sent < messages; i++, sent++) publisher.send(frame);
  };
  let reached = 0;
  sockets.forEach((socket, i) => {
    socket.onmessage = () => {
      const count = (counts[i] ?? 0) + 1;
      counts[i] = count;
      if (count % (WINDOW / 2) === 0 && ++reached % subscribers === 0) {
        for (let k = 0; k < WINDOW / 2 && sent < messages; k++, sent++) publisher.send(frame);
      }
      if (count === messages && ++finished === subscribers) done.resolve();
    };
  });
  const cpuBefore = cpuSeconds(child.pid);
  const before = performance.now();
  sendWindow();
  await done.promise;
  const wall = (performance.now() - before) / 1000;
  const cpu = cpuSeconds(child.pid) - cpuBefore;
  if (counts.some((count) => count !== messages)) {
    console.error("Messages were lost or doubled");
    process.exit(1);
  }
  for (const socket of [publisher, ...sockets]) socket.close();
  child.kill();
  await child.exited;
  const deliveries = subscribers * messages;
  return { wall: deliveries / wall, cpu: deliveries / cpu };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

const results = { stompbox: [] as Result[], bare: [] as Result[] };
for (let round = 0; round < rounds; round++) {
  for (const kind of ["stompbox", "bare"] as const) {
    const result = await measure(kind);
    results[kind].push(result);
    console.error(`${kind}: ${Math.round(result.wall)}/s, ${Math.round(result.cpu)}/s of CPU`);
  }
}
const summary = Object.fromEntries(
  Object.entries(results).map(([kind, each]) => [
    kind,
    {
      deliveriesPerSecond: Math.round(median(each.map(({ wall }) => wall))),
      deliveriesPerCpuSecond: Math.round(median(each.map(({ cpu }) => cpu))),
    },
  ]),
);
console.log(JSON.stringify({ subscribers, messages, rounds, bodyBytes: 100, ...summary }));

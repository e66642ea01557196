/**
 * What an idle connection costs: resident memory of a stompbox before and
 * after so many clients have connected over WebSocket, subscribed to a topic
 * and agreed on heart-beats.
 *
 *     bun bench/idle_connections.ts [connections]
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";

const [connections = 5_000] = process.argv.slice(2).map(Number);

function residentKiB(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]);
}

function connect(url: string): Promise<WebSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  const socket = new WebSocket(url);
  socket.onerror = () => reject(new Error(`Cannot connect to ${url}`));
  socket.onopen = () =>
    socket.send("CONNECT\naccept-version:1.2\nhost:bench\nheart-beat:60000,60000\n\n\0");
  socket.onmessage = ({ data }) => {
    if (String(data).startsWith("RECEIPT")) resolve(socket);
    else socket.send("SUBSCRIBE\nid:sub-0\ndestination:/topic/bench\nreceipt:r\n\n\0");
  };
  return promise;
}

const child = Bun.spawn(
  [process.execPath, "src/main.ts", "--listen", "ws://127.0.0.1:0", "--log", "error"],
  { cwd: join(import.meta.dir, ".."), stdout: "pipe", stderr: "inherit" },
);
const { value } = await child.stdout.getReader().read();
const { urls } = JSON.parse(new TextDecoder().decode(value)) as { urls: string[] };
const url = urls.find((each) => each.startsWith("ws:")) ?? "";
const before = residentKiB(child.pid);
const startedAt = performance.now();
const sockets: WebSocket[] = [];
while (sockets.length < connections) {
  const batch = Array.from({ length: Math.min(100, connections - sockets.length) }, () =>
    connect(url),
  );
  sockets.push(...(await Promise.all(batch)));
}
const seconds = (performance.now() - startedAt) / 1000;
const after = residentKiB(child.pid);
console.log(
  JSON.stringify({
    connections,
    beforeKiB: before,
    afterKiB: after,
    kibPerConnection: Number(((after - before) / connections).toFixed(2)),
    loginsPerSecond: Math.round(connections / seconds),
  }),
);
child.kill();
process.exit(0);

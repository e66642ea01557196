/** The one file that people download, as a stranger runs it. */

import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { Client } from "@stomp/stompjs";
import { z } from "zod";
import { compile } from "../../scripts/build.ts";
import { openByteStream } from "../support/tcp_line.ts";
import { until } from "../support/until.ts";
import { openRawWebSocket } from "../transport/raw_http.ts";

const ROOT = dirname(dirname(import.meta.dir));
const ANY_PORTS = ["--listen", "ws://localhost:0", "--listen", "tcp://localhost:0"];
const CONNECT = "CONNECT\naccept-version:1.2\nhost:localhost\n\n\0";
const RECONNECT_MS = 50;

const portsSchema = z.strictObject({
  http: z.int().positive(),
  stomp: z.int().positive(),
  listeners: z
    .array(
      z.strictObject({
        scheme: z.enum(["ws", "tcp"]),
        host: z.string(),
        port: z.int().positive(),
        path: z.string(),
        url: z.string(),
      }),
    )
    .length(2),
});

setDefaultTimeout(30_000);

const place = { bin: "", program: "", folder: "" };
const children = new Set<Bun.Subprocess>();

beforeAll(async () => {
  place.bin = mkdtempSync(join(tmpdir(), "stompbox-bin-"));
  place.program = join(place.bin, process.platform === "win32" ? "stompbox.exe" : "stompbox");
  await compile(relative(ROOT, place.program));
}, 120_000);
afterAll(() => rmSync(place.bin, { recursive: true, force: true }));
beforeEach(() => {
  place.folder = mkdtempSync(join(tmpdir(), "stompbox-empty-"));
});
afterEach(async () => {
  for (const child of children) {
    child.kill("SIGKILL");
    await child.exited;
  }
  children.clear();
  rmSync(place.folder, { recursive: true, force: true });
});

function spawn(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = Bun.spawn([place.program, ...argv], {
    cwd: place.folder,
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  children.add(child);
  return child;
}

async function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(argv, env);
  const [code, out, err] = await Promise.all([
    child.exited,
    child.stdout.text(),
    child.stderr.text(),
  ]);
  return { code, out, err };
}

/** The first line that it prints, or all of it if it ends before. */
async function firstLine(child: ReturnType<typeof spawn>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n")) break;
  }
  return text;
}

/** Starts it and waits until it listens. */
async function start(argv: readonly string[] = ANY_PORTS) {
  const child = spawn([...argv, "--ports-file", "ports.json"]);
  expect(JSON.parse(await firstLine(child))).toMatchObject({ name: "stompbox", pid: child.pid });
  const text = readFileSync(join(place.folder, "ports.json"), "utf8");
  return { child, ports: portsSchema.parse(JSON.parse(text)) };
}

async function openStomp(port: number) {
  let text = "";
  const connected = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<boolean>();
  const stream = await openByteStream(
    { host: "127.0.0.1", port },
    {
      data: (bytes) => {
        text += Buffer.from(bytes).toString();
        if (text.startsWith("CONNECTED\n") && text.includes("\0")) connected.resolve();
      },
      ended: ended.resolve,
    },
  );
  stream.write(Buffer.from(CONNECT));
  await connected.promise;
  return { stream, ended: ended.promise, text: () => text };
}

test("it starts in an empty folder, and leaves nothing there", async () => {
  const child = spawn(ANY_PORTS);
  const line = await firstLine(child);
  const { urls } = z.looseObject({ urls: z.array(z.string()).min(2) }).parse(JSON.parse(line));
  const page = urls.find((url) => url.startsWith("http://")) ?? "";
  expect((await fetch(page)).status).toBe(200);
  expect(readdirSync(place.folder)).toEqual([]);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  expect(readdirSync(place.folder)).toEqual([]);
});

test("it has all pages inside, byte for byte, with their policy", async () => {
  const { ports } = await start();
  const files = new Bun.Glob("**/*").scanSync({ cwd: join(ROOT, "static") });
  let count = 0;
  for (const file of files) {
    const path = file.replace(/(^|\/)index\.html$/, "$1");
    const response = await fetch(`http://127.0.0.1:${ports.http}/${path}`);
    expect([file, response.status]).toEqual([file, 200]);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    if (file.endsWith(".html")) {
      expect(response.headers.get("content-security-policy")).toContain("default-src");
    }
    const expected = readFileSync(join(ROOT, "static", file));
    expect([file, Buffer.from(await response.arrayBuffer()).equals(expected)]).toEqual([
      file,
      true,
    ]);
    count++;
  }
  expect(count).toBeGreaterThan(10);
});

test("two clients chat through it, one over WebSocket and one over TCP", async () => {
  const { ports } = await start();
  const tcp = await openStomp(ports.stomp);
  tcp.stream.write(Buffer.from("SUBSCRIBE\nid:1\ndestination:/topic/chat\nreceipt:live\n\n\0"));
  await until("the subscription is live", () => tcp.text().includes("receipt-id:live"));
  const received = Promise.withResolvers<string>();
  const client = new Client({
    brokerURL: `ws://localhost:${ports.http}/`,
    onConnect: () => {
      client.subscribe("/topic/chat", ({ body }) => received.resolve(body));
      client.publish({ destination: "/topic/chat", body: "hello, 世界" });
    },
  });
  client.activate();
  expect(await received.promise).toBe("hello, 世界");
  await until("the other hears it", () => tcp.text().endsWith("\n\nhello, 世界\0"));
  await client.deactivate();
  tcp.stream.cut();
});

test("it ignores what lies in the folder: .env, bunfig.toml, package.json", async () => {
  const hostile = "STOMPBOX_LOG=loud\nSTOMPBOX_LISTEN=ws://0.0.0.0:1\n";
  for (const name of [".env", ".env.local", ".env.production", ".env.development"]) {
    writeFileSync(join(place.folder, name), hostile);
  }
  writeFileSync(join(place.folder, "trap.ts"), 'await Bun.write("trapped", "");');
  writeFileSync(join(place.folder, "bunfig.toml"), 'preload = ["./trap.ts"]\n');
  writeFileSync(join(place.folder, "package.json"), "{ not JSON at all");
  writeFileSync(join(place.folder, "tsconfig.json"), '{ "compilerOptions": { "paths": 7 } }');
  const before = readdirSync(place.folder).sort();
  const { child, ports } = await start();
  expect((await fetch(`http://127.0.0.1:${ports.http}/healthz`)).status).toBe(200);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  expect(readdirSync(place.folder).sort()).toEqual(before);
  const { out } = await run(["check"]);
  expect(out).not.toContain("loud");
  expect(out).not.toContain("0.0.0.0");
});

test("the ports file takes the place of an old one all at once, and everything in it is true", async () => {
  const path = join(place.folder, "ports.json");
  writeFileSync(path, "of a broker that is gone");
  // Who has the old one open still reads all of that.
  const old = openSync(path, "r");
  const { ports: whole } = await start();
  const kept = readFileSync(old, "utf8");
  closeSync(old);
  expect(kept).toBe("of a broker that is gone");
  expect(readdirSync(place.folder)).toEqual(["ports.json"]);
  expect((await fetch(`http://127.0.0.1:${whole.http}/readyz`)).status).toBe(200);
  (await openStomp(whole.stomp)).stream.cut();
  expect(whole.listeners.map(({ url }) => url)).toEqual([
    `ws://localhost:${whole.http}/`,
    `tcp://localhost:${whole.stomp}`,
  ]);
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "on %s it tells its clients, takes the ports file away, and exits with 0",
  async (signal) => {
    const { child, ports } = await start();
    const socket = await openRawWebSocket({ port: ports.http });
    socket.text(CONNECT);
    expect(await socket.nextText()).toStartWith("CONNECTED\n");
    const tcp = await openStomp(ports.stomp);
    child.kill(signal);
    expect(await socket.nextText()).toContain("\ncode:shutting-down\n");
    expect(await socket.closeCode()).toBe(1001);
    expect(await tcp.ended).toBe(true);
    expect(tcp.text()).toContain("\ncode:shutting-down\n");
    socket.cut();
    tcp.stream.end();
    expect(await child.exited).toBe(0);
    expect(readdirSync(place.folder)).toEqual([]);
  },
);

test("on a second SIGTERM it does not wait for anybody", async () => {
  const { child, ports } = await start();
  // A client that hears the goodbye and does not go.
  const tcp = await openStomp(ports.stomp);
  child.kill("SIGTERM");
  await tcp.ended;
  // Two signals within a moment are one wish, so it takes some.
  const more = setInterval(() => child.kill("SIGTERM"), 50);
  const code = await child.exited;
  clearInterval(more);
  expect(code).toBe(1);
  expect(await child.stderr.text()).toContain("Stopped at once by a second signal");
  tcp.stream.cut();
});

test("it lists every mistake at once, wherever it stands, and exits with 2", async () => {
  writeFileSync(
    join(place.folder, "stompbox.toml"),
    'loging = "info"\n[limits]\nframe-bytes-max = "4 elephants"\nheaders-max = 3\n',
  );
  const { code, out, err } = await run(
    ["--config", "stompbox.toml", "--listen", "ws://0.0.0.0:1", "--max-deliveries", "0"],
    { STOMPBOX_QUEUE_OVERFLOW: "explode", STOMPBOX_ALOW_ORIGIN: "https://example.com" },
  );
  expect({ code, out }).toEqual({ code: 2, out: "" });
  for (const part of [
    "loging",
    "4 elephants",
    "headers-max",
    "--max-deliveries",
    "explode",
    "STOMPBOX_ALLOW_ORIGIN",
    "stompbox.toml",
  ]) {
    expect(err).toContain(part);
  }
  expect(err).not.toContain("    at ");
});

test("it refuses an address that is not loopback, and says which option allows it", async () => {
  const { code, err } = await run(["--listen", "ws://0.0.0.0:0"]);
  expect(code).toBe(2);
  expect(err).toContain("--allow-anonymous");
});

test("alone it listens on its two ports; a second one says who has them and what to do", async () => {
  const child = spawn([]);
  const line = await firstLine(child);
  if (line === "") {
    // Somebody else has a port: then this one is the second.
    expect(await child.exited).toBe(1);
    expect(await child.stderr.text()).toContain("the port is in use");
    return;
  }
  expect((await fetch("http://localhost:61614/")).status).toBe(200);
  (await openStomp(61613)).stream.cut();
  const second = await run([]);
  expect({ code: second.code, out: second.out }).toEqual({ code: 1, out: "" });
  expect(second.err).toContain("61614");
  expect(second.err).toContain("the port is in use");
  expect(second.err).toContain("--listen ws://localhost:0");
  expect(second.err.trimEnd().split("\n")).toHaveLength(1);
  expect((await fetch("http://localhost:61614/healthz")).status).toBe(200);
});

test("killed outright, its clients notice and connect to the next one by themselves", async () => {
  const first = await start();
  const { http, stomp } = first.ports;
  const tcp = await openStomp(stomp);
  const connected = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const lost = Promise.withResolvers<number>();
  const received = Promise.withResolvers<string>();
  let connections = 0;
  const client = new Client({
    brokerURL: `ws://localhost:${http}/`,
    reconnectDelay: RECONNECT_MS,
    onConnect: () => {
      client.subscribe("/topic/news", ({ body }) => received.resolve(body));
      connected[connections++]?.resolve();
    },
    onWebSocketClose: (event: CloseEvent) => lost.resolve(event.code),
  });
  client.activate();
  await connected[0]?.promise;
  first.child.kill("SIGKILL");
  await first.child.exited;
  expect(await lost.promise).toBe(1006);
  await tcp.ended;
  tcp.stream.cut();
  // The ports file of the dead one is still there, and is replaced.
  expect(existsSync(join(place.folder, "ports.json"))).toBe(true);
  const argv = ["--listen", `ws://localhost:${http}`, "--listen", `tcp://localhost:${stomp}`];
  await start(argv);
  await connected[1]?.promise;
  const sender = await openStomp(stomp);
  sender.stream.write(Buffer.from("SEND\ndestination:/topic/news\n\nback again\0"));
  expect(await received.promise).toBe("back again");
  sender.stream.cut();
  await client.deactivate();
});

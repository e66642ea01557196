/** What an HTTP listener says of itself, and how it goes. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { defaultConfig, type ConfigOverrides } from "../../src/config.ts";
import { systemRuntime } from "../../src/runtime.ts";
import { startStompbox } from "../../src/stompbox.ts";
import { openBroker, type TestBroker } from "../support/brokers.ts";
import type { RawPeer } from "../support/peer.ts";
import { disconnect, send, settle, subscribe } from "../support/steps.ts";
import { openByteStream } from "../support/tcp_line.ts";
import { ask, openRawWebSocket } from "../transport/raw_http.ts";
import { connectHeaders } from "../transport_matrix.ts";
import { openEvents } from "./event_source.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await openBroker("tcp", { limits: { queueMessagesMax: 5 } });
});
afterAll(() => broker.stop());

function origin(): string {
  return `http://127.0.0.1:${broker.addresses.find(({ scheme }) => scheme === "ws")?.port}`;
}

async function connect(): Promise<RawPeer> {
  const peer = await broker.open();
  peer.frame("CONNECT", connectHeaders("1.2"));
  await peer.expect("CONNECTED");
  return peer;
}

/** Samples of the text format of Prometheus by name and labels; throws at whatever is not of it. */
function parseMetrics(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  const helped = new Set<string>();
  expect(text).toEndWith("\n");
  for (const line of text.slice(0, -1).split("\n")) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) \S.*$/.exec(line);
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge)$/.exec(line);
    const sample =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.exec(
        line,
      );
    if (help?.[1] !== undefined) {
      if (helped.has(help[1])) throw new Error(`Told twice: ${line}`);
      helped.add(help[1]);
    } else if (type?.[1] !== undefined) {
      if (types.has(type[1])) throw new Error(`Typed twice: ${line}`);
      types.set(type[1], type[2] ?? "");
    } else if (sample?.[1] !== undefined) {
      const [, name, labels = "", value] = sample;
      const key = `${name}${labels}`;
      if (types.get(name) === undefined) throw new Error(`No type before: ${line}`);
      if (samples.has(key)) throw new Error(`Twice: ${line}`);
      if ((types.get(name) === "counter") !== name.endsWith("_total")) {
        throw new Error(`A counter ends in _total, a gauge does not: ${line}`);
      }
      samples.set(key, Number(value));
    } else {
      throw new Error(`Not of the format: ${line}`);
    }
  }
  expect([...types.keys()].filter((name) => !helped.has(name))).toEqual([]);
  return samples;
}

async function metrics(): Promise<Map<string, number>> {
  return parseMetrics(await (await fetch(`${origin()}/metrics`)).text());
}

/** What has changed since `before`, of these names. */
async function change(
  before: ReadonlyMap<string, number>,
  ...names: readonly string[]
): Promise<number[]> {
  const now = await metrics();
  return names.map((name) => (now.get(name) ?? 0) - (before.get(name) ?? 0));
}

describe("health", () => {
  test.each([
    ["/healthz", "ok\n"],
    ["/readyz", "ready\n"],
  ])("%s says %p", async (path, text) => {
    const response = await fetch(origin() + path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await response.text()).toBe(text);
  });
});

describe("a request of HTTP/1.0 without a Host", () => {
  async function askOld(path: string): Promise<string> {
    let text = "";
    const ended = Promise.withResolvers<void>();
    const port = broker.addresses.find(({ scheme }) => scheme === "ws")?.port ?? 0;
    const stream = await openByteStream(
      { host: "127.0.0.1", port },
      {
        data: (bytes) => {
          text += Buffer.from(bytes).toString();
        },
        ended: () => ended.resolve(),
      },
    );
    stream.write(Buffer.from(`GET ${path} HTTP/1.0\r\n\r\n`));
    await ended.promise;
    stream.end();
    return text;
  }

  test.each(["/healthz", "/readyz", "/metrics", "/healthz?from=checker"])(
    "may ask for %s",
    async (path) => {
      expect(await askOld(path)).toMatch(/^HTTP\/1\.[01] 200 /);
    },
  );

  test.each(["/", "/api/v1/status", "/api/v1/events?destination=/queue/a", "//healthz", "/ws"])(
    "may not ask for %s",
    async (path) => {
      expect(await askOld(path)).toMatch(/^HTTP\/1\.[01] 400 [^]*Bad Host/);
    },
  );
});

describe("/metrics", () => {
  test("is the text format of Prometheus, every line of it", async () => {
    const response = await fetch(`${origin()}/metrics`);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const samples = parseMetrics(await response.text());
    expect(samples.size).toBeGreaterThan(10);
    for (const name of samples.keys()) expect(name).toStartWith("stompbox_");
  });

  test("counts connections, subscriptions, frames and deliveries", async () => {
    const before = await metrics();
    const peer = await connect();
    await subscribe(peer, "/topic/metrics");
    await send(peer, "/topic/metrics", "a", "b");
    const names = [
      "stompbox_connections",
      "stompbox_subscriptions",
      "stompbox_topics",
      "stompbox_messages_published_total",
      "stompbox_deliveries_total",
      "stompbox_frames_received_total",
      "stompbox_frames_sent_total",
    ];
    // Received: CONNECT, SUBSCRIBE, two SENDs. Sent beside messages: CONNECTED, three RECEIPTs.
    expect(await change(before, ...names)).toEqual([1, 1, 1, 2, 2, 4, 4]);
    await disconnect(peer);
    // The broker has said goodbye; the connection counts until this side has, too.
    peer.line.cut();
    let after = await change(before, ...names);
    for (let tries = 0; tries < 1000 && after[0] !== 0; tries++) {
      after = await change(before, ...names);
    }
    expect(after).toEqual([0, 0, 0, 2, 2, 5, 5]);
  });

  test("counts what waits in queues and what is held", async () => {
    const before = await metrics();
    const peer = await connect();
    await send(peer, "/queue/metrics", "a", "b", "c");
    const names = [
      "stompbox_queues",
      "stompbox_queue_messages_ready",
      "stompbox_queue_messages_held",
    ];
    expect(await change(before, ...names)).toEqual([1, 3, 0]);
    await subscribe(peer, "/queue/metrics", { ack: "client", "prefetch-count": "2" });
    await peer.expect("MESSAGE");
    const second = await peer.expect("MESSAGE");
    expect(await change(before, ...names)).toEqual([1, 1, 2]);
    await settle(peer, "ACK", second);
    const third = await peer.expect("MESSAGE");
    await settle(peer, "ACK", third);
    await peer.done("UNSUBSCRIBE", { id: "s" });
    expect(await change(before, ...names)).toEqual([0, 0, 0]);
    await disconnect(peer);
  });

  test("counts refusals by code, over STOMP and over HTTP", async () => {
    const before = await metrics();
    const peer = await connect();
    peer.frame("BOGUS");
    await peer.refused("unknown-command");
    await fetch(`${origin()}/api/v1/send`, { method: "POST", body: "x" });
    await fetch(`${origin()}/api/v1/status`, { headers: { origin: "https://evil.example.com" } });
    expect(
      await change(
        before,
        'stompbox_refusals_total{code="unknown-command"}',
        'stompbox_refusals_total{code="missing-header"}',
        'stompbox_refusals_total{code="origin-refused"}',
      ),
    ).toEqual([1, 1, 1]);
  });

  test("counts bytes that wait to be sent", async () => {
    const [reader, writer] = [await connect(), await connect()];
    await subscribe(reader, "/topic/bytes");
    reader.line.stall();
    let waiting = 0;
    // The system takes some megabytes before anything waits.
    for (let count = 0; count < 100 && waiting === 0; count++) {
      await send(writer, "/topic/bytes", "x".repeat(200_000));
      const now = await metrics();
      waiting = now.get("stompbox_outbox_bytes") ?? 0;
      expect(now.get("stompbox_memory_bytes") ?? 0).toBeGreaterThanOrEqual(waiting);
    }
    expect(waiting).toBeGreaterThan(0);
    reader.line.cut();
    for (let tries = 0; tries < 1000 && waiting > 0; tries++) {
      waiting = (await metrics()).get("stompbox_outbox_bytes") ?? 0;
    }
    expect(waiting).toBe(0);
    await disconnect(writer);
  });
});

describe("/api/v1/status", () => {
  test("tells the live state as JSON that nobody stores", async () => {
    const peer = await connect();
    await subscribe(peer, "/topic/status");
    const response = await fetch(`${origin()}/api/v1/status`);
    expect(response.headers.get("content-type")).toStartWith("application/json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const seen: unknown = await response.json();
    expect(seen).toMatchObject({
      name: "stompbox",
      version: "test",
      storage: "memory",
      login: "anyone",
      connections: expect.any(Number),
      subscriptions: 1,
      topics: 1,
      listeners: broker.addresses.map(({ url }) => expect.objectContaining({ url })),
    });
    const { uptimeMs } = z.looseObject({ uptimeMs: z.number() }).parse(seen);
    expect(uptimeMs).toBeGreaterThanOrEqual(0);
    await disconnect(peer);
  });

  test("counts a stream of events as a connection with a subscription, and ends its line", async () => {
    const before = await metrics();
    const stream = await openEvents(`${origin()}/api/v1/events?destination=/topic/status`);
    const names = ["stompbox_connections", "stompbox_subscriptions"];
    expect(await change(before, ...names)).toEqual([1, 1]);
    const text = await (await fetch(`${origin()}/api/v1/status`)).text();
    expect(JSON.parse(text)).toMatchObject({ subscriptions: 1 });
    expect(text).toEndWith("}\n");
    const ended = stream.end();
    stream.leave();
    await ended;
    let after = await change(before, ...names);
    for (let tries = 0; tries < 1000 && after[0] !== 0; tries++) {
      after = await change(before, ...names);
    }
    expect(after).toEqual([0, 0]);
  });

  test("refuses POST with 405", async () => {
    const response = await fetch(`${origin()}/api/v1/status`, { method: "POST" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

describe("what is not there", () => {
  test.each(["/api/v1/nothing", "/api/", "/api/v2/send", "/api/v1/send/"])(
    "%s is a 404 that lists the calls there are",
    async (path) => {
      const response = await fetch(origin() + path, { method: "POST", body: "x" });
      expect(response.status).toBe(404);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      const { detail } = z.looseObject({ detail: z.string() }).parse(await response.json());
      for (const call of ["/api/v1/send", "/api/v1/events", "/api/v1/status"]) {
        expect(detail).toContain(call);
      }
    },
  );

  test("a page is a 404 that lists the pages there are", async () => {
    const response = await fetch(`${origin()}/missing/`);
    expect(response.status).toBe(404);
    const text = await response.text();
    for (const page of ["/chat/", "/hello/", "/classic/"]) expect(text).toContain(page);
  });
});

test("a body that does not come on is given up, with a problem document", async () => {
  const clock = { aheadMs: 0 };
  const runtime = { ...systemRuntime, now: () => systemRuntime.now() + clock.aheadMs };
  const config = defaultConfig({ listen: ["ws://localhost:0"] });
  const house = await startStompbox(config, { version: "test", runtime });
  try {
    const port = house.addresses[0]?.port ?? 0;
    let text = "";
    const ended = Promise.withResolvers<boolean>();
    const stream = await openByteStream(
      { host: "127.0.0.1", port },
      {
        data: (bytes) => {
          text += Buffer.from(bytes).toString();
        },
        ended: ended.resolve,
      },
    );
    const head = `POST /api/v1/send?destination=/topic/x HTTP/1.1\r\nHost: localhost:${port}\r\n`;
    stream.write(Buffer.from(`${head}Content-Length: 500\r\n\r\nhe`));
    const memoryBytes = async (): Promise<number> => {
      const status: unknown = await (await fetch(`http://127.0.0.1:${port}/api/v1/status`)).json();
      return z.looseObject({ memoryBytes: z.int() }).parse(status).memoryBytes;
    };
    for (let tries = 0; tries < 1000 && (await memoryBytes()) !== 2; tries++);
    expect(await memoryBytes()).toBe(2);
    clock.aheadMs = 11_000;
    expect(await ended.promise).toBe(true);
    expect(text).toMatch(/^HTTP\/1\.1 408 [^]*"code":"frame-timeout"/);
    expect(await memoryBytes()).toBe(0);
    stream.end();
  } finally {
    await house.stop();
  }
});

describe("a broker that stops", () => {
  const STOP_MS = 300;

  async function start(overrides: ConfigOverrides = {}) {
    const config = defaultConfig({
      listen: ["ws://localhost:0", "tcp://localhost:0"],
      ...overrides,
      limits: { stopTimeoutMs: STOP_MS, ...overrides.limits },
    });
    const started = await startStompbox(config, { version: "test" });
    const portOf = (wanted: string): number =>
      started.addresses.find(({ scheme }) => scheme === wanted)?.port ?? 0;
    return { stop: () => started.stop(), ws: portOf("ws"), tcp: portOf("tcp") };
  }

  const CONNECT = "CONNECT\naccept-version:1.2\nhost:localhost\n\n\0";

  async function openTcp(port: number) {
    let text = "";
    const answered = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<boolean>();
    const stream = await openByteStream(
      { host: "127.0.0.1", port },
      {
        data: (bytes) => {
          text += Buffer.from(bytes).toString();
          if (text.includes("\0")) answered.resolve();
        },
        ended: ended.resolve,
      },
    );
    stream.write(Buffer.from(CONNECT));
    await answered.promise;
    return { stream, ended: ended.promise, text: () => text };
  }

  test("tells WebSocket clients, and closes with 1001", async () => {
    const house = await start();
    const socket = await openRawWebSocket({ port: house.ws });
    socket.text(CONNECT);
    expect(await socket.nextText()).toStartWith("CONNECTED");
    const stopped = house.stop();
    const error = await socket.nextText();
    expect(error).toStartWith("ERROR\n");
    expect(error).toContain("\ncode:shutting-down\n");
    expect(error).toContain("\nretry-after:2000\n");
    expect(await socket.closeCode()).toBe(1001);
    socket.cut();
    await stopped;
  });

  test("tells TCP clients, and ends with a FIN", async () => {
    const house = await start();
    const { stream, ended, text } = await openTcp(house.tcp);
    const stopped = house.stop();
    expect(await ended).toBe(true);
    expect(text()).toContain("\ncode:shutting-down\n");
    stream.end();
    await stopped;
  });

  test("tells those that have not logged in", async () => {
    const house = await start();
    const socket = await openRawWebSocket({ port: house.ws });
    const stopped = house.stop();
    expect(await socket.nextText()).toContain("\ncode:shutting-down\n");
    expect(await socket.closeCode()).toBe(1001);
    socket.cut();
    await stopped;
  });

  test("ends streams of events in order", async () => {
    const house = await start();
    const stream = await openEvents(
      `http://127.0.0.1:${house.ws}/api/v1/events?destination=/topic/x`,
    );
    const ended = stream.end();
    await house.stop();
    expect(await ended).toBe("done");
  });

  test("delivers what it accepted before it goes", async () => {
    const house = await start();
    const { stream, ended, text } = await openTcp(house.tcp);
    stream.write(Buffer.from("SUBSCRIBE\nid:s\ndestination:/topic/last\n\n\0"));
    const bodies = Array.from({ length: 200 }, (_, at) => `message ${at}`);
    for (const body of bodies) {
      stream.write(Buffer.from(`SEND\ndestination:/topic/last\nreceipt:r\n\n${body}\0`));
    }
    const stopped = house.stop();
    await ended;
    stream.end();
    await stopped;
    // Whatever has its receipt has been delivered; the goodbye comes last.
    const frames = text().split("\0");
    const count = (command: string): number =>
      frames.filter((frame) => frame.trimStart().startsWith(`${command}\n`)).length;
    expect(count("MESSAGE")).toBe(count("RECEIPT"));
    expect(frames.at(-2)?.trimStart()).toStartWith("ERROR\n");
  });

  for (const transport of ["ws", "tcp", "events"] as const) {
    test(`does not wait for a client that never reads (${transport})`, async () => {
      const house = await start();
      const began = Promise.withResolvers<void>();
      const port = transport === "tcp" ? house.tcp : house.ws;
      const subscribeText = "SUBSCRIBE\nid:s\ndestination:/topic/mute\n\n\0";
      let cut = (): void => {};
      if (transport === "ws") {
        const socket = await openRawWebSocket({ port });
        socket.text(CONNECT + subscribeText);
        await socket.nextText();
        socket.stall();
        ({ cut } = socket);
      } else {
        const lazy = await openByteStream(
          { host: "127.0.0.1", port },
          { data: () => began.resolve(), ended: () => {} },
        );
        const get = `GET /api/v1/events?destination=/topic/mute HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`;
        lazy.write(Buffer.from(transport === "tcp" ? CONNECT + subscribeText : get));
        await began.promise;
        lazy.stall();
        ({ cut } = lazy);
      }
      const url = `http://127.0.0.1:${house.ws}/api/v1/send?destination=/topic/mute`;
      for (let count = 0; count < 3; count++) {
        await fetch(url, { method: "POST", body: "x".repeat(2_000_000) });
      }
      const from = performance.now();
      await house.stop();
      expect(performance.now() - from).toBeLessThan(STOP_MS + 1_000);
      cut();
    });
  }

  test("does not wait for an HTTP client that sends no more", async () => {
    const house = await start();
    const half = await openByteStream(
      { host: "127.0.0.1", port: house.ws },
      { data: () => {}, ended: () => {} },
    );
    half.write(
      Buffer.from(
        `POST /api/v1/send?destination=/topic/x HTTP/1.1\r\nHost: localhost:${house.ws}\r\nContent-Length: 5\r\n\r\nhe`,
      ),
    );
    await fetch(`http://127.0.0.1:${house.ws}/healthz`);
    const from = performance.now();
    await house.stop();
    expect(performance.now() - from).toBeLessThan(STOP_MS + 1_000);
    half.cut();
  });

  test("takes nobody in any more", async () => {
    const house = await start();
    await house.stop();
    for (const port of [house.ws, house.tcp]) {
      const attempt = openByteStream(
        { host: "127.0.0.1", port },
        { data: () => {}, ended: () => {} },
      );
      expect(
        await attempt.then(
          () => "let in",
          () => "refused",
        ),
      ).toBe("refused");
    }
  });

  test("stops once, however often it is told", async () => {
    const house = await start();
    const both = [house.stop(), house.stop()];
    expect(both[0]).toBe(both[1]);
    await Promise.all(both);
    await house.stop();
  });

  test("is done at once when nobody is there", async () => {
    const house = await start({ limits: { stopTimeoutMs: 60_000 } });
    // A connection that is only kept alive is nobody.
    expect((await ask({ port: house.ws, path: "/healthz" })).status).toBe(200);
    await (await fetch(`http://127.0.0.1:${house.ws}/healthz`)).text();
    await house.stop();
  });
});

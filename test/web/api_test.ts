/** HTTP on the same destinations: sending, and events from the server. */

import { afterAll, afterEach, beforeAll, describe, expect, spyOn, test } from "bun:test";
import { z } from "zod";
import { openBroker, type TestBroker } from "../support/brokers.ts";
import type { RawPeer } from "../support/peer.ts";
import { subscribe } from "../support/steps.ts";
import { connectHeaders } from "../transport_matrix.ts";
import { openByteStream } from "../support/tcp_line.ts";
import { until } from "../support/until.ts";
import { type EventStream, openEvents } from "./event_source.ts";

const ALLOWED = "https://app.example.com";
const sentSchema = z.strictObject({ messageId: z.string().min(1) });
const problemSchema = z.strictObject({
  type: z.literal("about:blank"),
  title: z.string().min(1),
  status: z.int(),
  code: z.string().optional(),
  detail: z.string().min(1),
});
const statusSchema = z.looseObject({
  subscriptions: z.int(),
  connections: z.int(),
  memoryBytes: z.int(),
});

let broker: TestBroker;
beforeAll(async () => {
  broker = await openBroker("tcp", {
    allowOrigin: [ALLOWED],
    limits: {
      frameBytesMax: 65_536,
      headersMax: 20,
      queueMessagesMax: 3,
      outboxBytesMax: 262_144,
      slowConsumerGraceMs: 200,
      publisherPauseMs: 20,
    },
  });
});
afterAll(() => broker.stop());

const peers: RawPeer[] = [];
const streams: EventStream[] = [];
afterEach(() => {
  for (const peer of peers.splice(0)) peer.line.cut();
  for (const stream of streams.splice(0)) stream.leave();
});

let names = 0;
const fresh = (kind: "topic" | "queue"): string => `/${kind}/api.${++names}`;

function url(path: string, query: Readonly<Record<string, string>> = {}): string {
  const port = broker.addresses.find(({ scheme }) => scheme === "ws")?.port;
  return `http://127.0.0.1:${port}${path}?${new URLSearchParams(query).toString()}`;
}

function send(destination: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url("/api/v1/send", { destination }), { method: "POST", ...init });
}

async function sent(destination: string, body: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const response = await send(destination, { body });
  expect(response.status).toBe(200);
  return sentSchema.parse(await response.json()).messageId;
}

async function problemOf(response: Response): Promise<z.output<typeof problemSchema>> {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const problem = problemSchema.parse(await response.json());
  expect(problem.status).toBe(response.status);
  return problem;
}

async function subscriber(destination: string): Promise<RawPeer> {
  const peer = await broker.open();
  peers.push(peer);
  peer.frame("CONNECT", connectHeaders("1.2"));
  await peer.expect("CONNECTED");
  await subscribe(peer, destination);
  return peer;
}

async function events(destination: string, query: Record<string, string> = {}) {
  const stream = await openEvents(url("/api/v1/events", { destination, ...query }));
  streams.push(stream);
  return stream;
}

async function status(): Promise<z.output<typeof statusSchema>> {
  return statusSchema.parse(await (await fetch(url("/api/v1/status"))).json());
}

/** Asks for the status until it is so; each look is a round trip. */
async function statusUntil(
  isSo: (seen: z.output<typeof statusSchema>) => boolean,
): Promise<z.output<typeof statusSchema>> {
  for (let tries = 0; tries < 1000; tries++) {
    const seen = await status();
    if (isSo(seen)) return seen;
  }
  throw new Error(`The status stays ${JSON.stringify(await status())}`);
}

describe("POST /api/v1/send", () => {
  test("delivers body, content type and headers, and answers with the message id", async () => {
    const destination = fresh("topic");
    const peer = await subscriber(destination);
    const response = await send(destination, {
      body: '{"n":1}',
      headers: {
        "content-type": "application/json",
        "x-stomp-color": "red: dark",
        "X-Stomp-Correlation-Id": "c-1",
        "x-other": "stays out",
      },
    });
    expect(response.status).toBe(200);
    const { messageId } = sentSchema.parse(await response.json());
    const message = await peer.expect(
      "MESSAGE",
      {
        "message-id": messageId,
        destination,
        "content-type": "application/json",
        "content-length": "7",
        color: "red: dark",
        "correlation-id": "c-1",
        "x-other": undefined,
        other: undefined,
      },
      '{"n":1}',
    );
    expect(message.headers.map(([name]) => name)).not.toContain("user-agent");
  });

  const bodies: readonly (readonly [string, Uint8Array<ArrayBuffer>])[] = [
    ["an empty one", new Uint8Array(0)],
    ["text of many scripts", new Uint8Array(Buffer.from("grüße, 世界 🌍"))],
    ["a byte-order mark", Uint8Array.of(0xef, 0xbb, 0xbf, 0x41)],
    ["NULs and line ends", Uint8Array.of(0, 10, 0, 13, 10, 0)],
    ["bytes that are no UTF-8", Uint8Array.of(0xff, 0xfe, 0, 0x80)],
    ["one of just the largest size", new Uint8Array(65_536).fill(0x78)],
  ];
  for (const [name, body] of bodies) {
    test(`keeps the body: ${name}`, async () => {
      const destination = fresh("topic");
      const peer = await subscriber(destination);
      await sent(destination, body);
      const message = await peer.expect("MESSAGE", { "content-length": `${body.length}` });
      expect(Buffer.from(message.body).equals(Buffer.from(body))).toBe(true);
    });
  }

  test("reaches queues and waits there for a consumer", async () => {
    const destination = fresh("queue");
    await sent(destination, "a");
    await sent(destination, "b");
    const peer = await subscriber(destination);
    await peer.expect("MESSAGE", {}, "a");
    await peer.expect("MESSAGE", {}, "b");
  });

  test("strips what only the broker may say, and what it carries out itself", async () => {
    const destination = fresh("topic");
    const peer = await subscriber(destination);
    const forged = {
      "message-id": "forged",
      subscription: "forged",
      ack: "forged",
      redelivered: "true",
      "delivery-count": "99",
      "content-length": "1",
      destination: "/topic/elsewhere",
      "original-destination": "/queue/x",
      "dead-letter-reason": "rejected",
      "user-id": "root",
      receipt: "r",
      transaction: "t",
    };
    const headers = Object.entries(forged).map(([name, value]) => [`x-stomp-${name}`, value]);
    const response = await send(destination, { body: "x", headers: Object.fromEntries(headers) });
    expect(response.status).toBe(200);
    const { messageId } = sentSchema.parse(await response.json());
    const message = await peer.expect("MESSAGE", {
      "message-id": messageId,
      subscription: "s",
      destination,
      "content-length": "1",
    });
    const text = message.lines.join("\n");
    expect(text).not.toContain("forged");
    for (const name of [
      "ack",
      "redelivered",
      "delivery-count",
      "original-destination",
      "dead-letter-reason",
      "user-id",
      "receipt",
      "transaction",
    ]) {
      expect([name, message.get(name)]).toEqual([name, undefined]);
    }
    expect(message.lines.filter((line) => line.startsWith("destination:"))).toHaveLength(1);
  });

  test("cannot be made to forge a header line", async () => {
    const destination = fresh("topic");
    const peer = await subscriber(destination);
    const response = await send(destination, {
      body: "x",
      headers: { "x-stomp-a": "b\\nc:d", "x-stomp-e": "f:g" },
    });
    expect(response.status).toBe(200);
    await peer.expect("MESSAGE", { a: "b\\nc:d", e: "f:g", c: undefined });
  });

  const refusals: readonly (readonly [string, () => Promise<Response>, number, string])[] = [
    [
      "no destination",
      () => fetch(url("/api/v1/send"), { method: "POST", body: "x" }),
      400,
      "missing-header",
    ],
    ["an empty destination", () => send("", { body: "x" }), 400, "missing-header"],
    ["an unknown prefix", () => send("news", { body: "x" }), 400, "bad-destination"],
    ["a wildcard", () => send("/topic/a.*", { body: "x" }), 400, "bad-destination"],
    [
      "a body that is too large",
      () => send("/topic/x", { body: "x".repeat(65_537) }),
      413,
      "frame-too-large",
    ],
    [
      "too many headers",
      () =>
        send("/topic/x", {
          body: "x",
          headers: Object.fromEntries(
            Array.from({ length: 20 }, (_, at) => [`x-stomp-h${at}`, "v"]),
          ),
        }),
      431,
      "too-many-headers",
    ],
    [
      "a bad priority",
      () => send("/topic/x", { body: "x", headers: { "x-stomp-priority": "high" } }),
      400,
      "bad-header",
    ],
  ];
  for (const [name, attempt, expected, code] of refusals) {
    test(`refuses ${name} with ${expected}`, async () => {
      const response = await attempt();
      expect(response.status).toBe(expected);
      expect((await problemOf(response)).code).toBe(code);
    });
  }

  test("refuses a body far beyond the limit, and goes on", async () => {
    const response = await send("/topic/x", { body: "x".repeat(10 * 1024 * 1024) });
    expect(response.status).toBe(413);
    await response.text();
    await sent("/topic/x", "still here");
  });

  test("refuses a body of unknown length that turns out too large", async () => {
    const piece = new TextEncoder().encode("x".repeat(10_000));
    let pieces = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (++pieces > 10) controller.close();
        else controller.enqueue(piece);
      },
    });
    const response = await send("/topic/x", { body });
    expect(response.status).toBe(413);
  });

  test("answers a full queue with 507, a problem document and when to retry", async () => {
    const destination = fresh("queue");
    for (const body of ["1", "2", "3"]) await sent(destination, body);
    const response = await send(destination, { body: "4" });
    expect(response.status).toBe(507);
    expect(response.headers.get("retry-after")).toBe("5");
    const problem = await problemOf(response);
    expect(problem.code).toBe("queue-full");
    expect(problem.detail).toContain(destination);
  });

  test("answers JSON that ends its line", async () => {
    const response = await send(fresh("topic"), { body: "x" });
    expect(response.headers.get("content-type")).toStartWith("application/json");
    expect(await response.text()).toMatch(/^\{"messageId":"[^"\n]+"\}\n$/);
  });

  test("counts a body while it comes, and lets go of it when the client does", async () => {
    const before = (await statusUntil(({ connections }) => connections === 0)).memoryBytes;
    const half = await openHalfBody();
    await statusUntil(({ memoryBytes }) => memoryBytes === before + 1_000);
    half.cut();
    await statusUntil(({ memoryBytes }) => memoryBytes === before);
  });

  for (const method of ["GET", "PUT", "DELETE", "PATCH"]) {
    test(`refuses ${method} with 405 and the method that would do`, async () => {
      const response = await send("/topic/x", { method });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("POST");
    });
  }
});

/** Sends 1,000 of 2,000 bytes of a body. */
function openHalfBody() {
  const port = broker.addresses.find(({ scheme }) => scheme === "ws")?.port ?? 0;
  return openByteStream({ host: "127.0.0.1", port }, { data: () => {}, ended: () => {} }).then(
    (stream) => {
      const head = `POST /api/v1/send?destination=/topic/half HTTP/1.1\r\nHost: localhost:${port}\r\n`;
      stream.write(Buffer.from(`${head}Content-Length: 2000\r\n\r\n${"x".repeat(1_000)}`));
      return stream;
    },
  );
}

describe("pages of other origins", () => {
  test("that are foreign are refused, and nothing is sent", async () => {
    const destination = fresh("topic");
    const peer = await subscriber(destination);
    const response = await send(destination, {
      body: "x",
      headers: { origin: "https://evil.example.com" },
    });
    expect(response.status).toBe(403);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    await peer.silent();
  });

  for (const origin of [ALLOWED, "http://localhost:5173"]) {
    test(`that are welcome may send and read the answer: ${origin}`, async () => {
      const response = await send(fresh("topic"), { body: "x", headers: { origin } });
      expect(response.status).toBe(200);
      expect(response.headers.get("access-control-allow-origin")).toBe(origin);
      expect(response.headers.get("vary")).toContain("Origin");
      expect(response.headers.get("access-control-allow-credentials")).toBeNull();
    });

    test(`that are welcome may read a refusal: ${origin}`, async () => {
      const response = await send("nowhere", { body: "x", headers: { origin } });
      expect(response.status).toBe(400);
      expect(response.headers.get("access-control-allow-origin")).toBe(origin);
    });

    test(`that are welcome may ask beforehand: ${origin}`, async () => {
      const response = await send(fresh("topic"), {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "content-type,x-stomp-color",
        },
      });
      expect(response.status).toBe(204);
      expect(response.headers.get("access-control-allow-origin")).toBe(origin);
      expect(response.headers.get("access-control-allow-methods")).toContain("POST");
      const allowed = response.headers.get("access-control-allow-headers") ?? "";
      expect(allowed.split(/, */)).toContain("content-type");
      expect(allowed.split(/, */)).toContain("*");
    });
  }

  test("that are foreign are refused beforehand as well", async () => {
    const response = await send(fresh("topic"), {
      method: "OPTIONS",
      headers: { origin: "null", "access-control-request-method": "POST" },
    });
    expect(response.status).toBe(403);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("may not embed a stream, which would take messages off a queue", async () => {
    const destination = fresh("queue");
    await sent(destination, "kept");
    const address = url("/api/v1/events", { destination });
    const embedded = await fetch(address, {
      headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    });
    expect([embedded.status, await embedded.text()]).toEqual([
      403,
      expect.stringContaining("no Origin"),
    ]);
    const peer = await subscriber(destination);
    await peer.expect("MESSAGE", { redelivered: undefined }, "kept");
  });

  test("of another port of this machine may listen: EventSource names its origin", async () => {
    const stream = await openEvents(url("/api/v1/events", { destination: fresh("topic") }), {
      headers: { origin: "http://localhost:5173", "sec-fetch-site": "same-site" },
    });
    streams.push(stream);
    expect(stream.response.status).toBe(200);
  });

  test("may not listen either, unless they are welcome", async () => {
    const address = url("/api/v1/events", { destination: fresh("topic") });
    const foreign = await fetch(address, { headers: { origin: "https://evil.example.com" } });
    expect(foreign.status).toBe(403);
    const welcome = await openEvents(address, { headers: { origin: ALLOWED } });
    streams.push(welcome);
    expect(welcome.response.headers.get("access-control-allow-origin")).toBe(ALLOWED);
  });
});

describe("GET /api/v1/events", () => {
  test("is a stream that nobody may store or transform", async () => {
    const { response } = await events(fresh("topic"));
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  const texts = [
    ["a line", "hello"],
    ["nothing", ""],
    ["other scripts", "grüße, 世界 🌍"],
    ["a leading blank", "  indented"],
    ["what looks like a field", "event: x\nid: y\n:comment"],
    ["line feeds", "a\nb\n\nc\n"],
    ["CR LF", "a\r\nb\r\n", "a\nb\n"],
    ["lone CR", "a\rb\r\rc", "a\nb\n\nc"],
    ["all line ends mixed", "a\r\nb\rc\nd\n\re", "a\nb\nc\nd\n\ne"],
    ["a NUL", "a\0b"],
  ] as const;
  for (const [name, body, seen = body] of texts) {
    test(`tells text: ${name}`, async () => {
      const destination = fresh("topic");
      const stream = await events(destination);
      const id = await sent(destination, body);
      expect(await stream.next()).toEqual({ type: "message", data: seen, id });
    });
  }

  test("tells bytes that are no text as base64", async () => {
    const destination = fresh("topic");
    const stream = await events(destination);
    const id = await sent(destination, Uint8Array.of(0xff, 0, 0x0a));
    expect(await stream.next()).toEqual({ type: "base64", data: "/wAK", id });
  });

  test("tells texts of very many lines to all who read", async () => {
    const destination = fresh("topic");
    const readers = await Promise.all(Array.from({ length: 3 }, () => events(destination)));
    const body = "\n".repeat(65_536);
    const many = "x" + "\r".repeat(65_000);
    const id = await sent(destination, body);
    await sent(destination, many);
    for (const reader of readers) {
      expect(await reader.next()).toEqual({ type: "message", data: body, id });
      expect((await reader.next()).data).toBe(many.replaceAll("\r", "\n"));
    }
  });

  test("tells everything as JSON when asked for an envelope", async () => {
    const destination = fresh("topic");
    const stream = await events(destination, { envelope: "json" });
    const peer = await subscriber(fresh("topic"));
    peer.frame("SEND", { destination, "content-type": "text/plain", mine: "a:b" }, "x\r\ny");
    const first = await stream.next();
    expect(JSON.parse(first.data)).toEqual({
      id: first.id,
      destination,
      headers: expect.objectContaining({ "content-type": "text/plain", mine: "a:b" }),
      body: "x\r\ny",
    });
    await sent(destination, Uint8Array.of(0xff));
    const { data } = await stream.next();
    expect(JSON.parse(data)).toMatchObject({ destination, bodyBase64: "/w==" });
  });

  test("tells them in order, and only those of its destination", async () => {
    const [destination, other] = [fresh("topic"), fresh("topic")];
    const stream = await events(destination);
    for (let at = 0; at < 20; at++) await sent(at % 2 === 0 ? destination : other, `${at}`);
    const seen: string[] = [];
    while (seen.length < 10) seen.push((await stream.next()).data);
    expect(seen).toEqual(["0", "2", "4", "6", "8", "10", "12", "14", "16", "18"]);
  });

  test("takes wildcards of topics", async () => {
    const name = fresh("topic");
    const stream = await events(`${name}.*`);
    await sent(`${name}.a`, "a");
    await sent(`${name}.b`, "b");
    expect([(await stream.next()).data, (await stream.next()).data]).toEqual(["a", "b"]);
  });

  test("consumes a queue, sharing it with others", async () => {
    const destination = fresh("queue");
    for (const body of ["1", "2", "3"]) await sent(destination, body);
    const stream = await events(destination);
    const seen = [await stream.next(), await stream.next(), await stream.next()];
    expect(seen.map(({ data }) => data)).toEqual(["1", "2", "3"]);
    const peer = await subscriber(destination);
    await sent(destination, "4");
    await sent(destination, "5");
    const message = await peer.expect("MESSAGE");
    const event = await stream.next();
    expect([message.text, event.data].sort()).toEqual(["4", "5"]);
  });

  test("ends its subscription when the client leaves", async () => {
    const before = await statusUntil(({ connections }) => connections === 0);
    const stream = await events(fresh("topic"));
    const during = await status();
    expect(during.connections).toBe(before.connections + 1);
    expect(during.subscriptions).toBe(before.subscriptions + 1);
    stream.leave();
    const after = await statusUntil(({ connections }) => connections === before.connections);
    expect(after.subscriptions).toBe(before.subscriptions);
  });

  test("gives a queue's messages to others when the client has left", async () => {
    const destination = fresh("queue");
    const stream = await events(destination);
    stream.leave();
    await statusUntil(({ connections }) => connections === 0);
    await sent(destination, "kept");
    const peer = await subscriber(destination);
    await peer.expect("MESSAGE", {}, "kept");
  });

  test("drops a reader that does not read, and others notice nothing", async () => {
    const destination = fresh("topic");
    const good = await subscriber(destination);
    const before = (await statusUntil(({ connections }) => connections === 1)).memoryBytes;
    const port = broker.addresses.find(({ scheme }) => scheme === "ws")?.port ?? 0;
    const began = Promise.withResolvers<void>();
    const lazy = await openByteStream(
      { host: "127.0.0.1", port },
      { data: () => began.resolve(), ended: () => {} },
    );
    const query = new URLSearchParams({ destination }).toString();
    lazy.write(
      Buffer.from(`GET /api/v1/events?${query} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`),
    );
    await began.promise;
    lazy.stall();
    const seen = broker.events.length;
    const isSlow = () => broker.events.slice(seen).some(({ type }) => type === "slow");
    const body = "x".repeat(60_000);
    // Up to 18 MB: what the system's buffers and the budget hold is far below.
    for (let count = 0; count < 300 && !isSlow(); count++) {
      await sent(destination, body);
      await good.expect("MESSAGE", {}, body);
      expect((await status()).memoryBytes).toBeLessThan(2_000_000);
    }
    await until("the reader is told slow", isSlow);
    await statusUntil(
      ({ connections, memoryBytes }) => connections === 1 && memoryBytes === before,
    );
    await good.silent();
    lazy.cut();
  });

  test("stays open in silence for longer than the server lets other connections", async () => {
    const serve = Bun.serve;
    const shortened = spyOn(Bun, "serve").mockImplementation(((
      options: Parameters<typeof serve>[0],
    ) => serve({ ...options, idleTimeout: 1 } as typeof options)) as typeof serve);
    const impatient = await openBroker("tcp").finally(() => shortened.mockRestore());
    try {
      const port = impatient.addresses.find(({ scheme }) => scheme === "ws")?.port ?? 0;
      const stream = await openEvents(
        `http://127.0.0.1:${port}/api/v1/events?destination=/topic/silence`,
      );
      streams.push(stream);
      const gaveUp = Promise.withResolvers<void>();
      const idle = await openByteStream(
        { host: "127.0.0.1", port },
        { data: () => {}, ended: () => gaveUp.resolve() },
      );
      idle.write(Buffer.from(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`));
      await gaveUp.promise;
      idle.end();
      await fetch(`http://127.0.0.1:${port}/api/v1/send?destination=/topic/silence`, {
        method: "POST",
        body: "after all",
      });
      expect((await stream.next()).data).toBe("after all");
    } finally {
      await impatient.stop();
    }
  }, 20_000);

  const refusals = [
    ["no destination", {}, 400, "missing-header"],
    ["an unknown prefix", { destination: "news" }, 400, "bad-destination"],
    ["a partial wildcard", { destination: "/topic/a*" }, 400, "partial-wildcard"],
    ["an unknown envelope", { destination: "/topic/a", envelope: "xml" }, 400, "bad-header"],
  ] as const;
  for (const [name, query, expected, code] of refusals) {
    test(`refuses ${name} with ${expected}, and holds nothing`, async () => {
      const { connections } = await statusUntil((seen) => seen.connections === 0);
      const response = await fetch(url("/api/v1/events", query));
      expect(response.status).toBe(expected);
      expect((await problemOf(response)).code).toBe(code);
      expect((await status()).connections).toBe(connections);
    });
  }

  test("refuses POST with 405", async () => {
    const response = await fetch(url("/api/v1/events", { destination: "/topic/x" }), {
      method: "POST",
    });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET");
  });
});

import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { parseBrokerUrl } from "../../src/client/broker_url.ts";
import type { ConnectOptions } from "../../src/client/client_contract.ts";
import {
  BrokerError,
  ClientError,
  ConnectError,
  ConnectionLost,
} from "../../src/client/client_error.ts";
import { connectClient, type StompClient } from "../../src/client/stomp_client.ts";
import type { Frame } from "../../src/protocol/frame.ts";
import { systemRuntime } from "../../src/runtime.ts";
import { manualRuntime } from "../support/manual_runtime.ts";
import { until } from "../support/until.ts";
import { startRealBroker } from "../transport/real_broker.ts";
import { type ScriptedPeer, startScriptedBroker } from "./scripted_broker.ts";
import { makeCertificate, NO_TLS_FRONT, startTlsFront } from "./tls_front.ts";

// Side by side with others on a machine of few cores.
setDefaultTimeout(20_000);

const stops: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function connect(url: string, options: Partial<ConnectOptions> = {}): Promise<StompClient> {
  return connectClient({ url: parseBrokerUrl(url), runtime: systemRuntime, ...options });
}

async function failure(connecting: Promise<StompClient>): Promise<ClientError> {
  const outcome: unknown = await connecting.catch((error: unknown) => error);
  if (outcome instanceof ClientError) return outcome;
  throw new Error("It did not fail as a client does", { cause: outcome });
}

/** A broker that does as it is told; what it says of itself is CONNECTED with these lines. */
function scripted(
  answers: Readonly<Record<string, string | ((peer: ScriptedPeer, frame: Frame) => void)>>,
) {
  const broker = startScriptedBroker((frame, peer) => {
    const answer = answers[frame.command];
    if (typeof answer === "string") peer.write(answer);
    else answer?.(peer, frame);
  });
  stops.push(broker.stop);
  return broker;
}

const CONNECTED = "CONNECTED\nversion:1.2\n\n^@";

describe("where nobody listens", () => {
  test.each(["ws", "tcp", "wss", "ssl"])("a client over %s says so", async (carrier) => {
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    const { port } = listener;
    listener.stop(true);
    const error = await failure(connect(`${carrier}://127.0.0.1:${port}`));
    expect(error).toMatchObject({ name: "ConnectError", failure: "refused" });
    expect(error.message).toBe(
      `Cannot connect to ${carrier}://127.0.0.1:${port}: nothing listens on port ${port} there; is the broker running?`,
    );
  });

  test.each(["ws", "tcp"])(
    "or no such name is known, a client over %s says so",
    async (carrier) => {
      const error = await failure(connect(`${carrier}://nobody.invalid:1`));
      expect(error).toMatchObject({ failure: "unknown-host" });
      expect(error.message).toEndWith('no address is known for "nobody.invalid"');
    },
  );
});

describe("where somebody else listens", () => {
  const statuses = [
    [404, "the path may be wrong"],
    [200, "the path may be wrong"],
    [403, "does not let you in"],
    [401, "does not let you in"],
    [400, "try tcp://"],
    [503, "is in trouble"],
  ] as const;
  test.each(statuses)("an upgrade that is answered by %p is told", async (status, hint) => {
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      development: false,
      fetch: () => new Response("no", { status }),
    });
    stops.push(() => server.stop(true));
    const error = await failure(connect(`ws://127.0.0.1:${server.port}/x`));
    expect(error).toMatchObject({ failure: "upgrade", status });
    expect(error.message).toContain(
      `/x: it answers the WebSocket upgrade with HTTP status ${status}, expected 101`,
    );
    expect(error.message).toContain(hint);
  });

  const strangers = [
    [
      "HTTP",
      "HTTP/1.1 400 Bad Request\r\n\r\n\0",
      'Cannot read command "HTTP/1.1 400 Bad Request"',
    ],
    ["mail", "220 mail.example ESMTP\r\n250 ok\r\n\r\n\0", "Cannot read header line"],
    ["a frame that is none of a broker's", "SEND\n\nhello\0", 'Cannot read command "SEND"'],
    ["noise", "\u0001\u0002\n\0", "NUL in its head"],
  ] as const;
  test.each(strangers)("%s is told from STOMP", async (_what, answer, sentence) => {
    const broker = scripted({
      CONNECT: (peer) => {
        peer.write(answer);
        peer.end();
      },
    });
    const error = await failure(connect(broker.url));
    expect(error).toMatchObject({ failure: "no-stomp" });
    expect(error.message).toContain("what answers there does not speak STOMP");
    expect(error.message).toContain(sentence);
  });

  test("a port of the broker for the other carrier is told with the cure", async () => {
    const broker = await startRealBroker();
    stops.push(broker.stop);
    const table = [
      [`ws://127.0.0.1:${broker.tcp}`, "try tcp://"],
      [`tcp://127.0.0.1:${broker.ws}`, "for a port that speaks HTTP try ws://"],
      [`wss://127.0.0.1:${broker.ws}`, `port ${broker.ws} does not speak TLS; try ws://`],
      [`ssl://127.0.0.1:${broker.tcp}`, `port ${broker.tcp} does not speak TLS; try tcp://`],
    ] as const;
    for (const [url, sentence] of table) {
      expect((await failure(connect(url))).message).toContain(sentence);
    }
  });
});

describe(`trust${NO_TLS_FRONT === undefined ? "" : ` (skipped: ${NO_TLS_FRONT})`}`, () => {
  const run = NO_TLS_FRONT === undefined ? test : test.skip;
  const start = async (carrier: "wss" | "ssl", name = "localhost") => {
    const broker = await startRealBroker();
    const front = startTlsFront(carrier === "wss" ? broker.ws : broker.tcp, makeCertificate(name));
    stops.push(front.stop, broker.stop);
    return { url: `${carrier}://localhost:${front.port}`, ca: front.certificate };
  };

  run("is named as the cure where a client over ws does without it", async () => {
    const { url } = await start("wss");
    const error = await failure(connect(url.replace("wss:", "ws:")));
    expect(error).toMatchObject({ failure: "upgrade" });
    expect(error.message).toContain("for TLS try wss://");
  });

  for (const carrier of ["wss", "ssl"] as const) {
    run(`over ${carrier} is refused to a certificate that nobody known signed`, async () => {
      const { url } = await start(carrier);
      const error = await failure(connect(url));
      expect(error).toMatchObject({ failure: "tls" });
      expect(error.message).toContain(
        "name the signer's by --ca FILE, or do without by --insecure",
      );
    });

    run(`over ${carrier} is given to one that is named`, async () => {
      const { url, ca } = await start(carrier);
      const client = await connect(url, { trust: { ca } });
      await client.disconnect();
    });

    run(`over ${carrier} is given to any on demand`, async () => {
      const { url } = await start(carrier);
      const client = await connect(url, { trust: { insecure: true } });
      await client.disconnect();
    });

    run(`over ${carrier} is refused to one for another name`, async () => {
      const { url, ca } = await start(carrier, "other.example");
      const error = await failure(connect(url, { trust: { ca } }));
      expect(error).toMatchObject({ failure: "tls" });
      expect(error.message).toContain('its certificate is for another name than "localhost"');
    });
  }
});

describe("a login", () => {
  test("that is refused tells what the broker said", async () => {
    const broker = scripted({
      CONNECT: (peer) => {
        peer.write("ERROR\nmessage:Access refused for user 'ann'\ncontent-length:6\n\nwhy\0so^@");
        peer.end();
      },
    });
    const error = await failure(connect(broker.url, { login: "ann", passcode: "wrong" }));
    expect(error).toBeInstanceOf(BrokerError);
    expect(error).toMatchObject({
      message: "Access refused for user 'ann': why\0so",
      code: undefined,
    });
  });

  test.each([
    [
      "once, where body and header say the same",
      "ERROR\nmessage:a = (\n\njms.InvalidSelectorException: a = (\n^@",
      "jms.InvalidSelectorException: a = (",
    ],
    [
      "without the places in the code of the broker",
      "ERROR\nmessage:Bad id: x\n\norg.ProtocolException: Bad id: x\r\n\tat org.Converter.onSend(Converter.java:340)\r\n\tat java.base/java.lang.Thread.run(Thread.java:840)\nCaused by: org.Other: why\n\t... 7 more\n^@",
      "org.ProtocolException: Bad id: x\nCaused by: org.Other: why",
    ],
    ["by the header alone, where there is no body", "ERROR\nmessage:Bad id\n\n^@", "Bad id"],
    [
      "by the body alone, where there is no header",
      "ERROR\n\nBad id\n at last^@",
      "Bad id\n at last",
    ],
  ])("that is refused is told %s", async (_how, answer, message) => {
    const broker = scripted({
      CONNECT: (peer) => {
        peer.write(answer);
        peer.end();
      },
    });
    expect((await failure(connect(broker.url))).message).toBe(message);
  });

  test("that is answered by the end says so", async () => {
    const broker = scripted({ CONNECT: (peer) => peer.end() });
    const error = await failure(connect(broker.url));
    expect(error).toMatchObject({ failure: "no-stomp" });
    expect(error.message).toContain("was closed by the broker before CONNECTED came");
  });

  test("that is never answered is given up", async () => {
    const runtime = manualRuntime(1);
    const broker = scripted({});
    const connecting = failure(connect(broker.url, { runtime, timeoutMs: 3_000 }));
    // The frame leaves in a deferred turn.
    await until("CONNECT has come", () => {
      runtime.pump();
      return broker.frames.length > 0;
    });
    runtime.advance(2_999);
    expect(await Promise.race([connecting, Promise.resolve("still waiting")])).toBe(
      "still waiting",
    );
    runtime.advance(1);
    const error = await connecting;
    expect(error).toMatchObject({ failure: "timeout" });
    expect(error.message).toEndWith("no answer within 3 s");
  });

  test("says who it is in the words of every version, unescaped", async () => {
    const broker = scripted({ CONNECT: CONNECTED });
    const client = await connect(broker.url, {
      login: "a:b\\c",
      passcode: "p\nq",
      host: "vhost",
      headers: ["client-id", "me"],
    });
    expect(broker.frames[0]?.headers).toEqual([
      ...["accept-version", "1.0,1.1,1.2", "host", "vhost", "login", "a:b\\c", "passcode", "p q"],
      ...["heart-beat", "10000,10000", "client-id", "me"],
    ]);
    client.cut();
  });

  test("to a broker that names no version is one of STOMP 1.0", async () => {
    const broker = scripted({ CONNECT: "CONNECTED\nsession:1\n\n^@" });
    const client = await connect(broker.url);
    expect(client.version).toBe("1.0");
    client.cut();
  });
});

describe("a connection that is lost", () => {
  const open = async () => {
    const peers: ScriptedPeer[] = [];
    const broker = scripted({
      CONNECT: (peer) => {
        peers.push(peer);
        peer.write(CONNECTED);
      },
    });
    const client = await connect(broker.url);
    const [peer] = peers;
    if (peer === undefined) throw new Error("No peer");
    return { client, peer, shown: parseBrokerUrl(broker.url).shown };
  };

  const ends = [
    ["is closed", (peer: ScriptedPeer) => peer.end(), "it was closed by the broker"],
    [
      "speaks no STOMP any more",
      (peer: ScriptedPeer) => peer.write("HELLO\n\n^@"),
      "sent what is not STOMP",
    ],
  ] as const;
  test.each(ends)("since it %s is told to everybody who waits", async (_what, end, sentence) => {
    const { client, peer, shown } = await open();
    const waiting = [
      client.sendConfirmed({ destination: "/queue/a" }),
      client.subscribe({ destination: "/queue/a", receive: () => {} }).confirmed,
      client.begin().commit(),
    ];
    end(peer);
    for (const each of waiting) {
      const error: unknown = await each.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConnectionLost);
      expect(String(error)).toContain(`Lost the connection to ${shown}: `);
      expect(String(error)).toContain(sentence);
    }
    expect(await client.closed).toBeInstanceOf(ConnectionLost);
    expect(await client.disconnect()).toBe(false);
  });

  test("by a WebSocket close tells its code and reason", async () => {
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      development: false,
      fetch: (request, upgrading) =>
        upgrading.upgrade(request, { headers: { "Sec-WebSocket-Protocol": "v12.stomp" } })
          ? undefined
          : new Response("no", { status: 400 }),
      websocket: {
        message: (socket, message) => {
          if (String(message).startsWith("CONNECT")) socket.send("CONNECTED\nversion:1.2\n\n\0");
          else socket.close(1008, "that was wrong");
        },
      },
    });
    stops.push(() => server.stop(true));
    const client = await connect(`ws://127.0.0.1:${server.port}`);
    client.send({ destination: "/queue/a" });
    const reason = await client.closed;
    expect(reason?.message).toEndWith(
      'it was closed by the broker with code 1008, "that was wrong"',
    );
  });

  test("by the client itself is no failure after DISCONNECT", async () => {
    const broker = scripted({ CONNECT: CONNECTED, DISCONNECT: (peer) => peer.end() });
    const client = await connect(broker.url);
    // Some brokers close in place of a receipt.
    expect(await client.disconnect()).toBe(true);
    expect(await client.closed).toBeUndefined();
  });
});

describe("a goodbye", () => {
  test("that is not answered is given up after a time", async () => {
    const runtime = manualRuntime(1);
    const broker = scripted({ CONNECT: CONNECTED });
    const connecting = connect(broker.url, { runtime });
    await until("CONNECT has come", () => {
      runtime.pump();
      return broker.frames.length > 0;
    });
    const client = await connecting;
    const goodbye = client.disconnect();
    runtime.advance(5_000);
    expect(await goodbye).toBe(false);
    expect(await client.closed).toBeUndefined();
  });

  test("that is answered by ERROR is a failure", async () => {
    const broker = scripted({
      CONNECT: CONNECTED,
      DISCONNECT: "ERROR\nmessage:Queue full\ncode:queue-full\n\n^@",
    });
    const client = await connect(broker.url);
    expect(await client.disconnect()).toBe(false);
    expect(await client.closed).toMatchObject({ code: "queue-full" });
  });
});

test("bytes that are no text in a text message are told with the cure", async () => {
  const server = createServer();
  server.on("upgrade", (request, socket) => {
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    const head =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    socket.write(
      `${head}Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: v12.stomp\r\n\r\n`,
    );
    const connected = "CONNECTED\nversion:1.2\n\n\0";
    socket.once("data", () => {
      socket.write(Buffer.concat([Uint8Array.of(0x81, connected.length), Buffer.from(connected)]));
      // A text message, which RabbitMQ makes of every body.
      socket.write(Uint8Array.of(0x81, 2, 0xff, 0xfe));
    });
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  stops.push(() => void server.close());
  const client = await connect(`ws://127.0.0.1:${port}`);
  const reason = await client.closed;
  expect(reason).toBeInstanceOf(ConnectionLost);
  expect(reason?.message).toContain("bytes that are no text in a text message");
  expect(reason?.message).toContain("or use tcp://");
});

test("messages without a subscription header go where their destination says", async () => {
  const broker = scripted({
    CONNECT: "CONNECTED\n\n^@",
    SUBSCRIBE: (peer, frame) => {
      if (!frame.headers.includes("/queue/b")) return;
      peer.write("MESSAGE\ndestination:/queue/a\nmessage-id:1\n\nto a^@");
      peer.write("MESSAGE\ndestination:/queue/b\nmessage-id:2\n\nto b^@");
      peer.write("MESSAGE\ndestination:/queue/nobody\nmessage-id:3\n\nto nobody^@");
      peer.write("MESSAGE\ndestination:/queue/b\nmessage-id:4\n\nlast^@");
    },
  });
  const client = await connect(broker.url);
  const got: string[] = [];
  const last = Promise.withResolvers<void>();
  for (const destination of ["/queue/a", "/queue/b"]) {
    client.subscribe({
      destination,
      receive: ({ body }) => {
        got.push(`${destination}: ${String(body)}`);
        if (body === "last") last.resolve();
      },
    });
  }
  await last.promise;
  expect(got).toEqual(["/queue/a: to a", "/queue/b: to b", "/queue/b: last"]);
  client.cut();
});

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { parseBrokerUrl } from "../../src/client/broker_url.ts";
import type { ConnectOptions, SubscribeOptions } from "../../src/client/client_contract.ts";
import { BrokerError, MisuseError } from "../../src/client/client_error.ts";
import { messageHeader, type ReceivedMessage } from "../../src/client/received_message.ts";
import { connectClient, type StompClient } from "../../src/client/stomp_client.ts";
import { systemRuntime } from "../../src/runtime.ts";
import { type RealBroker, startRealBroker } from "../transport/real_broker.ts";
import { makeCertificate, NO_TLS_FRONT, startTlsFront, type TlsFront } from "./tls_front.ts";

// Side by side with others on a machine of few cores.
setDefaultTimeout(20_000);

const CARRIERS = ["ws", "tcp", "wss", "ssl"] as const;
type Carrier = (typeof CARRIERS)[number];

const world: { broker?: RealBroker; fronts: Map<string, TlsFront> } = { fronts: new Map() };

beforeAll(async () => {
  const broker = await startRealBroker();
  world.broker = broker;
  if (NO_TLS_FRONT !== undefined) return;
  const certificate = makeCertificate("localhost");
  world.fronts.set("wss", startTlsFront(broker.ws, certificate));
  world.fronts.set("ssl", startTlsFront(broker.tcp, certificate));
});
afterAll(async () => {
  for (const front of world.fronts.values()) front.stop();
  await world.broker?.stop();
});

function urlOf(carrier: Carrier): string {
  const { broker } = world;
  const port = carrier === "ws" ? broker?.ws : carrier === "tcp" ? broker?.tcp : undefined;
  return `${carrier}://localhost:${port ?? world.fronts.get(carrier)?.port}`;
}

function connect(carrier: Carrier, options: Partial<ConnectOptions> = {}): Promise<StompClient> {
  const certificate = world.fronts.get(carrier)?.certificate;
  return connectClient({
    url: parseBrokerUrl(urlOf(carrier)),
    runtime: systemRuntime,
    trust: certificate === undefined ? {} : { ca: certificate },
    ...options,
  });
}

/** Messages of a subscription, to be taken one by one. */
function inbox(client: StompClient, options: Omit<SubscribeOptions, "receive">) {
  const messages: ReceivedMessage[] = [];
  const waiting: ((message: ReceivedMessage) => void)[] = [];
  const subscription = client.subscribe({
    ...options,
    receive: (message) => {
      const taker = waiting.shift();
      if (taker === undefined) messages.push(message);
      else taker(message);
    },
  });
  const next = (): Promise<ReceivedMessage> => {
    const message = messages.shift();
    return message === undefined
      ? new Promise((resolve) => waiting.push(resolve))
      : Promise.resolve(message);
  };
  return { ...subscription, next, messages };
}

let names = 0;
const fresh = (): string => `/queue/client-${++names}`;

describe.each(CARRIERS)("over %s a client", (carrier) => {
  const needsTls = carrier === "wss" || carrier === "ssl";
  const reason = needsTls && NO_TLS_FRONT !== undefined ? `, skipped: ${NO_TLS_FRONT}` : "";
  const run = reason === "" ? test : test.skip;

  run(`sends and receives text, bytes and nothing${reason}`, async () => {
    const client = await connect(carrier);
    const destination = fresh();
    const { next, confirmed } = inbox(client, { destination });
    await confirmed;
    const bodies = [
      "two teas",
      "déjà\0vu",
      "",
      Uint8Array.of(0, 255, 10, 0),
      "x".repeat(1_000_000),
    ];
    for (const body of bodies) client.send({ destination, body });
    for (const body of bodies) expect((await next()).body).toEqual(body);
    await client.disconnect();
    expect(await client.closed).toBeUndefined();
  });

  run(`carries headers with every character${reason}`, async () => {
    const client = await connect(carrier);
    const destination = fresh();
    const { next } = inbox(client, { destination });
    const headers = [
      "a:b",
      "c:d",
      "line",
      "one\ntwo",
      "back",
      "a\\b",
      "ret",
      "a\rb",
      "ümlaut",
      "ß",
    ];
    client.send({ destination, headers, body: "x" });
    const message = await next();
    for (let at = 0; at < headers.length; at += 2) {
      expect(messageHeader(message, headers[at] ?? "")).toBe(headers[at + 1] ?? "");
    }
    expect(message.destination).toBe(destination);
    await client.disconnect();
  });

  run(`gets a receipt for what is accepted${reason}`, async () => {
    const client = await connect(carrier);
    const destination = fresh();
    await client.sendConfirmed({ destination, body: "kept" });
    const other = await connect(carrier);
    expect((await inbox(other, { destination }).next()).body).toBe("kept");
    await Promise.all([client.disconnect(), other.disconnect()]);
  });

  run(`says goodbye only when the broker has everything${reason}`, async () => {
    const client = await connect(carrier);
    const destination = fresh();
    for (let count = 0; count < 2000; count++) client.send({ destination, body: "x".repeat(1000) });
    expect(await client.disconnect()).toBe(true);
    const other = await connect(carrier);
    const { next } = inbox(other, { destination });
    for (let count = 0; count < 2000; count++) await next();
    await other.disconnect();
  });

  run(`is told by an ERROR what was wrong${reason}`, async () => {
    const client = await connect(carrier);
    const failure = client.sendConfirmed({ destination: "nowhere", body: "x" });
    const error = await failure.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BrokerError);
    expect(error).toMatchObject({ code: "bad-destination" });
    expect(String(error)).toContain('Cannot use destination "nowhere"');
    expect(await client.closed).toBe(error instanceof BrokerError ? error : undefined);
    expect(() => client.send({ destination: "/queue/a" })).toThrow(MisuseError);
    expect(await client.disconnect()).toBe(false);
  });
});

describe.each(["1.0", "1.1", "1.2"] as const)("in STOMP %s a client", (version) => {
  test("agrees on the version", async () => {
    const client = await connect("tcp", { versions: [version] });
    expect(client.version).toBe(version);
    expect(client.server).toStartWith("stompbox/");
    await client.disconnect();
  });

  test("offers all versions and takes the highest that is common", async () => {
    const client = await connect("ws", { versions: ["1.0", version] });
    expect(client.version).toBe(version);
    await client.disconnect();
  });

  test("acknowledges, so that nothing comes again", async () => {
    const client = await connect("tcp", { versions: [version] });
    const destination = fresh();
    const { next, unsubscribe } = inbox(client, { destination, ack: "client" });
    for (const body of ["one", "two", "three"]) client.send({ destination, body });
    await next();
    client.ack(await next());
    await next();
    await unsubscribe();
    const again = await inbox(client, { destination }).next();
    expect(again.body).toBe("three");
    expect(messageHeader(again, "redelivered")).toBe("true");
    await client.disconnect();
  });

  test(version === "1.0" ? "cannot refuse" : "refuses, so that it comes again", async () => {
    const client = await connect("tcp", { versions: [version] });
    const destination = fresh();
    const { next } = inbox(client, { destination, ack: "client" });
    client.send({ destination, body: "one" });
    const first = await next();
    if (version === "1.0") {
      expect(() => client.nack(first)).toThrow("STOMP 1.0, which has no NACK");
    } else {
      client.nack(first);
      expect(messageHeader(await next(), "redelivered")).toBe("true");
    }
    await client.disconnect();
  });

  test("keeps two subscriptions apart", async () => {
    const client = await connect("tcp", { versions: [version] });
    const [left, right] = [fresh(), fresh()];
    const lefts = inbox(client, { destination: left });
    const rights = inbox(client, { destination: right });
    client.send({ destination: right, body: "right" });
    client.send({ destination: left, body: "left" });
    expect((await lefts.next()).body).toBe("left");
    expect((await rights.next()).body).toBe("right");
    await lefts.unsubscribe();
    client.send({ destination: right, body: "right" });
    await rights.next();
    expect(lefts.messages).toEqual([]);
    await client.disconnect();
  });

  test("commits all of a transaction, and aborts all of one", async () => {
    const client = await connect("tcp", { versions: [version] });
    const destination = fresh();
    const { next, messages } = inbox(client, { destination });
    const aborted = client.begin();
    client.send({ destination, body: "never", transaction: aborted.id });
    await aborted.abort();
    const committed = client.begin();
    for (const body of ["one", "two"]) {
      client.send({ destination, body, transaction: committed.id });
    }
    await client.sendConfirmed({ destination, body: "before" });
    await committed.commit();
    const bodies = [await next(), await next(), await next()].map(({ body }) => body);
    expect(bodies).toEqual(["before", "one", "two"]);
    expect(messages).toEqual([]);
    await client.disconnect();
  });
});

test("an acknowledgement in a transaction that is aborted did not happen", async () => {
  const client = await connect("tcp");
  const destination = fresh();
  const { next, unsubscribe } = inbox(client, { destination, ack: "client-individual" });
  client.send({ destination, body: "one" });
  const transaction = client.begin();
  client.ack(await next(), { transaction: transaction.id });
  await transaction.abort();
  await unsubscribe();
  expect((await inbox(client, { destination }).next()).body).toBe("one");
  await client.disconnect();
});

test("what a paused client is sent waits, and comes when it reads on", async () => {
  for (const carrier of ["ws", "tcp"] as const) {
    const client = await connect(carrier);
    const sender = await connect("tcp");
    const destination = fresh();
    const { next, confirmed, messages } = inbox(client, { destination, ack: "auto" });
    await confirmed;
    client.pause();
    for (let count = 0; count < 10; count++) {
      await sender.sendConfirmed({ destination, body: String(count) });
    }
    expect(messages).toEqual([]);
    client.resume();
    for (let count = 0; count < 10; count++) expect((await next()).body).toBe(String(count));
    await Promise.all([client.disconnect(), sender.disconnect()]);
  }
});

test("login and passcode of the URL are those of CONNECT, unless others are given", async () => {
  const url = parseBrokerUrl(urlOf("tcp").replace("//", "//ann:secret@"));
  const logins = (): unknown[] =>
    (world.broker?.events ?? []).flatMap((event) =>
      event.type === "connected" ? event.login : [],
    );
  for (const [login, expected] of [
    [undefined, "ann"],
    ["bo", "bo"],
  ] as const) {
    const client = await connect("tcp", { url, login });
    expect(logins().at(-1)).toBe(expected);
    await client.disconnect();
  }
});

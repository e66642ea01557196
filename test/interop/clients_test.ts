/** Client libraries as they come from their registries, one suite for all. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { defaultConfig } from "../../src/config.ts";
import type { BrokerEvent } from "../../src/observe/events.ts";
import { startStompbox, type Stompbox } from "../../src/stompbox.ts";
import { until } from "../support/until.ts";
import type {
  Ability,
  AckMode,
  BrokerPorts,
  ClientKind,
  ClientMessage,
  InteropClient,
  InteropOptions,
  InteropVersion,
} from "./interop_client.ts";
import { stompit } from "./stompit.ts";
import { stompjs2 } from "./stompjs_2.ts";
import { rxStomp, stompjs7, stompjs7Binary } from "./stompjs_7.ts";
import { stompPy, stopPython } from "./stomp_py.ts";
import { webstompBinary, webstompClient } from "./webstomp.ts";

const KINDS: readonly ClientKind[] = [
  stompjs7,
  stompjs7Binary,
  rxStomp,
  stompjs2,
  webstompClient,
  webstompBinary,
  stompit,
  stompPy,
];

const house: { broker: Stompbox | undefined; ports: BrokerPorts; events: BrokerEvent[] } = {
  broker: undefined,
  ports: { ws: 0, tcp: 0 },
  events: [],
};

beforeAll(async () => {
  const config = defaultConfig({ listen: ["ws://localhost:0", "tcp://localhost:0"] });
  const broker = await startStompbox(config, {
    version: "9.9.9",
    observe: (event) => house.events.push(event),
  });
  const portOf = (scheme: "ws" | "tcp"): number =>
    broker.addresses.find((address) => address.scheme === scheme)?.port ?? 0;
  house.broker = broker;
  house.ports = { ws: portOf("ws"), tcp: portOf("tcp") };
});
afterAll(async () => {
  await house.broker?.stop();
  await stopPython();
});

/** Messages of one subscription, in the order they came. */
class Inbox {
  readonly #waiting: ClientMessage[] = [];
  readonly #wanted: ((message: ClientMessage) => void)[] = [];

  put(message: ClientMessage): void {
    const wanted = this.#wanted.shift();
    if (wanted === undefined) this.#waiting.push(message);
    else wanted(message);
  }

  next(): Promise<ClientMessage> {
    const message = this.#waiting.shift();
    if (message !== undefined) return Promise.resolve(message);
    const { promise, resolve } = Promise.withResolvers<ClientMessage>();
    this.#wanted.push(resolve);
    return promise;
  }

  /** The bodies of the next messages, which are acknowledged. */
  async bodies(count: number): Promise<string[]> {
    const bodies: string[] = [];
    while (bodies.length < count) {
      const message = await this.next();
      message.ack();
      bodies.push(message.body);
    }
    return bodies;
  }
}

/** The `disconnected` and `refused` events from that place in the list on. */
function endings(from: number): string[] {
  return house.events.slice(from).flatMap((event) => {
    if (event.type === "disconnected") return [event.reason];
    return event.type === "refused" ? [`refused: ${event.code}`] : [];
  });
}

for (const kind of KINDS) {
  for (const version of kind.missing === undefined ? kind.versions : []) {
    describe(`${kind.name}, STOMP ${version}`, () => defineRows(kind, version));
  }
  if (kind.missing !== undefined) test.skip(`${kind.name}: ${kind.missing}`, () => {});
}

function defineRows(kind: ClientKind, version: InteropVersion): void {
  const clients: InteropClient[] = [];
  let names = 0;
  const connect = async (options: Partial<InteropOptions> = {}): Promise<InteropClient> => {
    const client = await kind.connect(house.ports, { version, ...options });
    clients.push(client);
    return client;
  };
  const fresh = (type: "queue" | "topic"): string =>
    `/${type}/${kind.name.replace(/[^a-z0-9]/gi, "")}.${version.replace(".", "")}.${++names}`;
  const subscribe = async (
    client: InteropClient,
    destination: string,
    ack: AckMode = "auto",
  ): Promise<Inbox> => {
    const inbox = new Inbox();
    client.subscribe(destination, { ack, onMessage: (message) => inbox.put(message) });
    await client.settled();
    return inbox;
  };
  const row = (name: string, needs: readonly Ability[], run: () => Promise<void>): void => {
    const lacks = kind.lacks(version);
    const lacking = needs.find((each) => lacks[each] !== undefined);
    if (lacking === undefined) test(name, run);
    else test.skip(`${name}: ${lacks[lacking]}`, () => {});
  };
  afterEach(() => {
    for (const client of clients.splice(0)) client.cut();
  });

  row("connects and knows with whom it speaks what", [], async () => {
    const client = await connect();
    expect(client).toMatchObject({ version, server: "stompbox/9.9.9" });
  });

  row("sends to a topic and receives, headers and text unchanged", [], async () => {
    const destination = fresh("topic");
    const [sender, receiver] = [await connect(), await connect()];
    const inbox = await subscribe(receiver, destination);
    const body = "tschüß, 世界 🌍\nsecond line\r\nthird: with a colon\ttab";
    sender.send(destination, body, {
      headers: { "content-type": "text/plain", "x-mine": "a value" },
    });
    const message = await inbox.next();
    expect(message.body).toBe(body);
    expect(message.headers).toMatchObject({
      destination,
      "content-type": "text/plain",
      "x-mine": "a value",
      "content-length": String(Buffer.byteLength(body)),
    });
  });

  row("receives an empty body as such", [], async () => {
    const destination = fresh("topic");
    const client = await connect();
    const inbox = await subscribe(client, destination);
    client.send(destination, "");
    client.send(destination, "then");
    expect((await inbox.next()).body).toBe("");
    expect((await inbox.next()).body).toBe("then");
  });

  row("receives a thousand messages in order", [], async () => {
    const destination = fresh("queue");
    const client = await connect();
    const inbox = await subscribe(client, destination);
    const bodies = Array.from({ length: 1000 }, (_, at) => `${at}`);
    for (const body of bodies) client.send(destination, body);
    const received: string[] = [];
    while (received.length < bodies.length) received.push((await inbox.next()).body);
    expect(received).toEqual(bodies);
  });

  row("acknowledges one message, and another consumer gets the others again", [], async () => {
    const destination = fresh("queue");
    const first = await connect();
    const inbox = await subscribe(first, destination, "client-individual");
    for (const body of ["a", "b", "c"]) first.send(destination, body);
    await inbox.next();
    (await inbox.next()).ack();
    await inbox.next();
    await first.settled();
    first.cut();
    const second = await connect();
    const again = await subscribe(second, destination, "client-individual");
    const back = [await again.next(), await again.next()];
    expect(back.map(({ body }) => body)).toEqual(["a", "c"]);
    expect(back.map(({ headers }) => headers["redelivered"])).toEqual(["true", "true"]);
    for (const message of back) message.ack();
    second.send(destination, "d");
    expect(await again.bodies(1)).toEqual(["d"]);
  });

  row("acknowledges cumulatively in the client mode", [], async () => {
    const destination = fresh("queue");
    const first = await connect();
    const inbox = await subscribe(first, destination, "client");
    for (const body of ["a", "b", "c"]) first.send(destination, body);
    await inbox.next();
    (await inbox.next()).ack();
    await inbox.next();
    await first.settled();
    first.cut();
    const again = await subscribe(await connect(), destination, "client-individual");
    expect(await again.bodies(1)).toEqual(["c"]);
  });

  row("refuses a message, which comes again", ["nack"], async () => {
    const destination = fresh("queue");
    const client = await connect();
    const inbox = await subscribe(client, destination, "client-individual");
    client.send(destination, "again");
    (await inbox.next()).nack();
    const message = await inbox.next();
    expect(message.body).toBe("again");
    expect(message.headers).toMatchObject({ redelivered: "true", "delivery-count": "2" });
    message.ack();
    client.send(destination, "next");
    expect(await inbox.bodies(1)).toEqual(["next"]);
  });

  row("commits: what it sent comes then, what it acknowledged is gone", [], async () => {
    const [source, target] = [fresh("queue"), fresh("queue")];
    const client = await connect();
    const inbox = await subscribe(client, source, "client-individual");
    const results = await subscribe(client, target, "client-individual");
    client.send(source, "work");
    const work = await inbox.next();
    client.begin("tx");
    client.send(target, "result 1", { transaction: "tx" });
    client.send(target, "result 2", { transaction: "tx" });
    work.ack("tx");
    client.send(target, "before");
    expect(await results.bodies(1)).toEqual(["before"]);
    client.commit("tx");
    expect(await results.bodies(2)).toEqual(["result 1", "result 2"]);
    await client.settled();
    client.cut();
    const again = await connect();
    const left = await subscribe(again, source, "client-individual");
    again.send(source, "more work");
    expect(await left.bodies(1)).toEqual(["more work"]);
  });

  row("aborts: what it sent never comes, what it acknowledged comes again", [], async () => {
    const [source, target] = [fresh("queue"), fresh("queue")];
    const client = await connect();
    const inbox = await subscribe(client, source, "client-individual");
    const results = await subscribe(client, target, "client-individual");
    client.send(source, "work");
    const work = await inbox.next();
    client.begin("tx");
    client.send(target, "never", { transaction: "tx" });
    work.ack("tx");
    client.abort("tx");
    client.send(target, "after");
    expect(await results.bodies(1)).toEqual(["after"]);
    await client.settled();
    client.cut();
    const left = await subscribe(await connect(), source, "client-individual");
    expect(await left.bodies(1)).toEqual(["work"]);
  });

  row("sends and receives a body of 1 MiB", [], async () => {
    const destination = fresh("topic");
    const client = await connect();
    const inbox = await subscribe(client, destination);
    const line = "The quick brown fox jumps over the lazy dog, 0123456789 times..\n";
    const body = line.repeat(1024 * 1024).slice(0, 1024 * 1024);
    client.send(destination, body);
    const message = await inbox.next();
    expect(message.body.length).toBe(body.length);
    expect(message.body === body).toBe(true);
  });

  row("sends and receives bytes that are no text", ["binary body"], async () => {
    const destination = fresh("topic");
    const client = await connect();
    const inbox = await subscribe(client, destination);
    const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => (at * 7) & 0xff);
    client.send(destination, bytes, { headers: { "content-type": "application/octet-stream" } });
    client.send(destination, Uint8Array.of(0, 0, 10, 13, 0));
    const [first, second] = [await inbox.next(), await inbox.next()];
    expect(first.bytes?.length).toBe(bytes.length);
    expect(Buffer.from(bytes).equals(first.bytes ?? new Uint8Array(0))).toBe(true);
    expect([...(second.bytes ?? [])]).toEqual([0, 0, 10, 13, 0]);
  });

  row("says goodbye, and the broker is not surprised", [], async () => {
    const client = await connect();
    await client.settled();
    const from = house.events.length;
    await client.disconnect();
    await until("the broker notes the end", () => endings(from).length > 0);
    const reason = kind.transport === "ws" ? "WebSocket closed with 1000" : "";
    expect(endings(from)[0]).toStartWith(reason);
    expect(endings(from)[0]).not.toStartWith("refused");
  });

  row("gets the receipt of its goodbye", ["disconnect receipt"], async () => {
    const client = await connect();
    // It resolves at the receipt, and never without.
    await client.disconnect();
  });
}

// All at once, because each takes its time.
describe("heart-beats", () => {
  const kinds = KINDS.filter(({ missing }) => missing === undefined).flatMap((kind) =>
    kind.versions.filter((version) => version !== "1.0").map((version) => ({ kind, version })),
  );
  const clients = new Map<(typeof kinds)[number], InteropClient>();
  beforeAll(async () => {
    for (const each of kinds) {
      const { kind, version } = each;
      clients.set(each, await kind.connect(house.ports, { version, heartBeatMs: 200 }));
    }
  });
  afterAll(() => {
    for (const client of clients.values()) client.cut();
  });

  for (const each of kinds) {
    test(`of ${each.kind.name}, STOMP ${each.version}, go both ways and neither side gives up`, async () => {
      const client = clients.get(each);
      // Six intervals: either side would have given up after two.
      await client?.beats.bothWays(6);
      await client?.settled();
      expect(client).toBeDefined();
    });
  }
});

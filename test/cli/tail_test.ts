/** `stompbox tail` against a real broker. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type FrameInfo, frameSchema } from "../../src/api/values.ts";
import type { StompClient } from "../../src/client/stomp_client.ts";
import { startScriptedBroker } from "../client/scripted_broker.ts";
import { until } from "../support/until.ts";
import {
  type BrokerCli,
  type RunningCommand,
  type RunOptions,
  startBrokerCli,
} from "./broker_cli.ts";

const world: { cli?: BrokerCli } = {};
beforeAll(async () => {
  world.cli = await startBrokerCli();
});
afterAll(async () => {
  await world.cli?.stop();
});

function cli(): BrokerCli {
  if (world.cli === undefined) throw new Error("No broker");
  return world.cli;
}

/** Starts `stompbox tail` and waits until frames are shown. */
async function watch(
  argv: readonly string[] = [],
  options: RunOptions = {},
): Promise<RunningCommand> {
  const running = cli().start(["tail", ...argv], { carrier: "ws", isTerminal: true, ...options });
  await running.tells("Ctrl-C ends");
  return running;
}

/** Ends it, and answers what it showed. */
async function shownBy(running: RunningCommand): Promise<string> {
  running.signal();
  expect(await running.done).toBe(0);
  return running.written.out;
}

/** The frames in lines of JSON. */
function framesIn(out: string): FrameInfo[] {
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => frameSchema.parse(JSON.parse(line)));
}

async function withClient(work: (client: StompClient) => Promise<unknown>): Promise<void> {
  const client = await cli().client();
  await work(client);
  await client.disconnect();
}

let names = 0;
const fresh = (): string => `/queue/tail-${++names}`;

describe.each(["ws", "tcp"] as const)("over %s tail shows", (carrier) => {
  test("frames both ways, what matters of them, and the beginning of bodies", async () => {
    const running = await watch([], { carrier, size: { columns: 200, rows: 24 } });
    const destination = fresh();
    await withClient(async (client) => {
      const came = Promise.withResolvers<void>();
      client.subscribe({
        destination,
        id: "mine",
        ack: "client-individual",
        receive: (message) => {
          client.ack(message);
          came.resolve();
        },
      });
      await client.sendConfirmed({ destination, body: "two teas" });
      await came.promise;
    });
    await running.shows("DISCONNECT");
    const out = await shownBy(running);
    const time = String.raw`^\d\d:\d\d:\d\d\.\d{3} #(\d+)`;
    const number = new RegExp(
      `${time} → SUBSCRIBE +${destination} id:mine ack:client-individual`,
      "m",
    ).exec(out)?.[1];
    expect(number).toBeDefined();
    for (const line of [
      `→ CONNECT +.*accept-version:1\\.0,1\\.1,1\\.2`,
      `← CONNECTED +version:1\\.2 .*server:stompbox/test`,
      `→ SEND +${destination} receipt:\\S+ 8 B "two teas"`,
      `← MESSAGE +${destination} subscription:mine message-id:\\S+ ack:\\S+ 8 B "two teas"`,
      `→ ACK +id:\\S+`,
      `← RECEIPT +receipt-id:\\S+`,
    ]) {
      expect(out).toMatch(new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{3} #${number} ${line}`, "m"));
    }
  });
});

describe("only those asked for are shown:", () => {
  /** The frames that go over a connection of its own while `argv` choose. */
  async function chosen(argv: readonly string[]): Promise<string[]> {
    const running = await watch(["--json", ...argv]);
    await withClient(async (client) => {
      client.subscribe({ destination: "/topic/tail.a", id: "a", receive: () => undefined });
      await client.sendConfirmed({ destination: "/topic/tail.a", body: "one" });
      await client.sendConfirmed({ destination: "/topic/tail.b", body: "two" });
    });
    // The goodbye of `tail` is answered behind all that it was to be shown.
    const frames = framesIn(await shownBy(running));
    return frames.map(({ direction, command, body }) =>
      `${direction} ${command} ${body ?? ""}`.trim(),
    );
  }

  const table = [
    [
      ["--command", "send"],
      ["in SEND one", "in SEND two"],
    ],
    [["--command", "MESSAGE"], ["out MESSAGE one"]],
    [
      ["--command", "MESSAGE", "--command", "SUBSCRIBE", "--destination", "/topic/tail.*"],
      ["in SUBSCRIBE", "out MESSAGE one"],
    ],
    [
      ["--destination", "/topic/tail.a"],
      ["in SUBSCRIBE", "in SEND one", "out MESSAGE one"],
    ],
    [["--destination", "/topic/tail.b", "--destination", "/topic/none"], ["in SEND two"]],
    [["--destination", "/topic/>", "--direction", "out"], ["out MESSAGE one"]],
    [["--connection", "999999"], []],
  ] as const;
  test.each(table)("%p", async (argv, expected) => {
    expect(await chosen(argv)).toEqual([...expected]);
  });

  test("those of one connection", async () => {
    const numbers = await watch(["--json", "--command", "CONNECTED"]);
    const client = await cli().client();
    await numbers.shows("CONNECTED");
    const [connected] = framesIn(await shownBy(numbers));
    const running = await watch(["--json", "--connection", String(connected?.connection)]);
    await withClient((other) => other.sendConfirmed({ destination: "/topic/tail.x" }));
    await client.sendConfirmed({ destination: "/topic/tail.x", body: "mine" });
    await running.shows("RECEIPT");
    const frames = framesIn(await shownBy(running));
    expect(frames.map(({ command, body }) => `${command} ${body ?? ""}`.trim())).toEqual([
      "SEND mine",
      "RECEIPT",
    ]);
    await client.disconnect();
  });
});

describe("earlier frames", () => {
  test("come first, once each, in order", async () => {
    const earlier = await watch(["--json"]);
    for (const body of ["one", "two", "three"]) {
      await withClient((client) => client.sendConfirmed({ destination: "/topic/tail.last", body }));
    }
    const running = await watch(["--json", "--command", "SEND", "--last", "2"]);
    await running.shows("three");
    await withClient((client) =>
      client.sendConfirmed({ destination: "/topic/tail.last", body: "four" }),
    );
    await running.shows("four");
    const bodies = framesIn(await shownBy(running)).map(({ body }) => body);
    expect(bodies).toEqual(["two", "three", "four"]);
    await shownBy(earlier);
  });

  test("are not to be had over TCP", async () => {
    const { code, err } = await cli().run(["tail", "-n", "3"], { carrier: "tcp" });
    expect(code).toBe(2);
    expect(err).toContain("Cannot use --last with tcp://localhost:");
  });
});

test("whole bodies are shown on lines of their own, and drive no terminal", async () => {
  const running = await watch(["--bodies", "--command", "SEND"]);
  const body = "one\n\x1b[31mtwo\u202e\n";
  await withClient((client) => client.sendConfirmed({ destination: "/topic/tail.body", body }));
  await running.shows("two");
  const out = await shownBy(running);
  expect(out).toEndWith("\n    one\n    \\x1b[31mtwo\\u202e\n");
});

test("on a terminal each frame has one line of it", async () => {
  const running = await watch([], { size: { columns: 60, rows: 24 } });
  await withClient((client) =>
    client.sendConfirmed({ destination: `/topic/${"long".repeat(40)}`, body: "ü".repeat(300) }),
  );
  await running.shows("DISCONNECT");
  const lines = (await shownBy(running)).trimEnd().split("\n");
  expect(lines.filter((line) => Bun.stringWidth(line) > 60)).toEqual([]);
  expect(lines.some((line) => line.includes("SEND") && line.endsWith("…"))).toBe(true);
});

test("nobody reads: the broker leaves frames out, and says how many", async () => {
  const reader = { isThere: false };
  const running = await watch(["--json"], { stuck: () => !reader.isThere });
  await withClient(async (client) => {
    for (let sent = 0; sent < 3_000; sent++) client.send({ destination: "/topic/tail.many" });
    await client.drained();
    reader.isThere = true;
    // The fake looks at its reader when something is written.
    running.err.write("");
    await until("what was left out is told", () => {
      // It is told with the next frame that is not.
      client.send({ destination: "/topic/tail.more" });
      return /"skipped":[1-9]/.test(running.written.out);
    });
  });
  await shownBy(running);
});

test("the reader goes away, as head does", async () => {
  const running = await watch();
  running.leave();
  expect(await running.done).toBe(0);
});

describe("where frames cannot be watched it says so:", () => {
  test("a broker of another kind", async () => {
    const broker = startScriptedBroker(({ command, headers }, peer) => {
      if (command === "CONNECT") peer.write("CONNECTED\nversion:1.2\nserver:ActiveMQ/5.17.2\n\n^@");
      if (command === "DISCONNECT") peer.write(`RECEIPT\nreceipt-id:${headers[1] ?? ""}\n\n^@`);
    });
    try {
      const { code, err } = await cli().run(["tail", "--url", broker.url]);
      expect({ code, err }).toEqual({
        code: 1,
        err: `stompbox: Cannot tail ${broker.url}: ActiveMQ/5.17.2 answers there, and only stompbox tells of its frames\n`,
      });
    } finally {
      broker.stop();
    }
  });

  test("a broker that refuses", async () => {
    const broker = startScriptedBroker(({ command }, peer) => {
      if (command === "CONNECT") peer.write("CONNECTED\nversion:1.2\nserver:stompbox/9\n\n^@");
      if (command === "SUBSCRIBE") {
        peer.write("ERROR\nmessage:Not permitted\ncode:forbidden\n\nonly for this machine^@");
        peer.end();
      }
    });
    try {
      const { code, err } = await cli().run(["tail", "--url", broker.url]);
      expect(code).toBe(1);
      expect(err).toContain("stompbox: The broker refused: Not permitted: only for this machine\n");
    } finally {
      broker.stop();
    }
  });

  test("a broker of a version that speaks otherwise", async () => {
    const broker = startScriptedBroker(({ command, headers }, peer) => {
      const header = (name: string): string => headers[headers.indexOf(name) + 1] ?? "";
      if (command === "CONNECT") peer.write("CONNECTED\nversion:1.2\nserver:stompbox/9\n\n^@");
      if (command === "SUBSCRIBE") {
        const id = header("id");
        peer.write(`RECEIPT\nreceipt-id:${header("receipt")}\n\n^@`);
        peer.write(`MESSAGE\nsubscription:${id}\nmessage-id:1\ndestination:/topic/x\n\n{"no":1}^@`);
      }
      if (command === "DISCONNECT") peer.write(`RECEIPT\nreceipt-id:${header("receipt")}\n\n^@`);
    });
    try {
      const { code, err } = await cli().run(["tail", "--url", broker.url]);
      expect({ code, err }).toEqual({
        code: 1,
        err: "stompbox: Cannot read a frame: not what this version of stompbox expects\n",
      });
    } finally {
      broker.stop();
    }
  });
});

describe("used wrongly", () => {
  const table = [
    [["--command", "SED"], 'Unknown command "SED": did you mean SEND?'],
    [["--connection", "four"], 'Cannot use "four" as a connection: expected its number'],
    [["--direction", "up"], 'Cannot use "up" as --direction: expected in | out'],
    [["--json", "--bodies"], "Cannot use --bodies with --json"],
    [["--last", "0"], 'Cannot use "0" as --last: expected a whole number from 1 to 2000'],
  ] as const;
  test.each(table)("tail %p exits with 2 and says so", async (argv, sentence) => {
    const { code, out, err } = await cli().run(["tail", ...argv]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(sentence);
  });
});

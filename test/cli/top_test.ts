/** `stompbox top` against a real broker: what it asks, keys, and how it gives the terminal back. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { sampleSchema } from "../../src/api/values.ts";
import { until } from "../support/until.ts";
import { type BrokerCli, type RunningCommand, startBrokerCli } from "./broker_cli.ts";

const world: { cli?: BrokerCli } = {};
beforeAll(async () => {
  world.cli = await startBrokerCli();
  const client = await world.cli.client();
  await client.sendConfirmed({ destination: "/queue/seen-by-top", body: "two teas" });
});
afterAll(async () => {
  await world.cli?.stop();
});

function cli(): BrokerCli {
  if (world.cli === undefined) throw new Error("No broker");
  return world.cli;
}

const GIVEN_BACK = "\x1b[?25h\x1b[?1049l";

/** Starts `stompbox top` on a terminal, and waits for its first picture. */
async function watch(argv: readonly string[] = []): Promise<RunningCommand> {
  const running = cli().start(["top", ...argv], {
    ...{ carrier: "ws", isTerminal: true, size: { columns: 100, rows: 20 } },
  });
  await running.shows("CONSUMERS");
  return running;
}

/** The lines of the last picture. */
function pictureOf({ written }: RunningCommand): string[] {
  const last = written.out.slice(written.out.lastIndexOf("\x1b[H"));
  return last.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").split("\r\n");
}

describe.concurrent("off a terminal", () => {
  test("prints one table and ends", async () => {
    const { code, out, err } = await cli().run(["top"], { carrier: "ws" });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toStartWith("stompbox test at ws://localhost:");
    expect(out).toMatch(/\nNAME +IN\/S +OUT\/S +READY +HELD +CONSUMERS +OLDEST +BYTES\n/);
    // Two looks were taken, so what moved is known.
    expect(out).toMatch(/\nseen-by-top +0 +0 +1 +0 +0 +\d+ s +\d+ B\n/);
    expect(out).not.toContain("\x1b");
  });

  test("prints the connections, itself among them", async () => {
    const { out } = await cli().run(["top", "--view", "connections"], { carrier: "ws" });
    expect(out).toMatch(/\n#\d+ ws \S+ 1\.2 +0 +\d/);
  });

  test("prints everything as JSON", async () => {
    const { code, out } = await cli().run(["top", "--json"], { carrier: "ws" });
    expect(code).toBe(0);
    const [line = "", ...rest] = out.split("\n");
    expect(rest).toEqual([""]);
    const told = z
      .object({
        ...{ version: z.literal("test"), url: z.string(), uptimeMs: z.number() },
        ...{ sample: sampleSchema, problems: z.array(z.object({ sentence: z.string() })) },
        queues: z.array(z.object({ name: z.string(), ready: z.number(), inRate: z.number() })),
        // One that came between the two looks has no rate yet.
        connections: z.array(z.object({ number: z.number(), outRate: z.number().optional() })),
      })
      .parse(JSON.parse(line));
    expect(told.queues).toContainEqual({ name: "seen-by-top", ready: 1, inRate: 0 });
    expect(told.sample.queueMessages).toBe(1);
  });

  test("is the same on a terminal that cannot be drawn on", async () => {
    const { code, out } = await cli().run(["top"], {
      ...{ carrier: "ws", isTerminal: true, env: { TERM: "dumb" } },
    });
    expect(code).toBe(0);
    expect(out).toContain("seen-by-top");
    expect(out).not.toContain("\x1b");
  });

  test("--once is the same on a terminal", async () => {
    const { code, out } = await cli().run(["top", "--once"], { carrier: "ws", isTerminal: true });
    expect(code).toBe(0);
    expect(out).toContain("seen-by-top");
    expect(out).not.toContain("\x1b");
  });
});

describe.concurrent("on a terminal", () => {
  const endings: readonly (readonly [string, (running: RunningCommand) => void])[] = [
    ["q", ({ type }) => type("q")],
    ["Ctrl-C as a key", ({ type }) => type("\x03")],
    ["a signal", ({ signal }) => signal()],
    ["a reader that is gone", ({ leave }) => leave()],
  ];
  test.each(endings)("%s ends it, and the terminal is as before", async (_name, end) => {
    const running = await watch();
    expect(running.isRaw()).toBe(true);
    end(running);
    expect(await running.done).toBe(0);
    expect(running.written.out).toEndWith(GIVEN_BACK);
    expect(running.isRaw()).toBe(false);
    expect(running.listening()).toBe(0);
    expect(running.written.err).toBe("");
  });

  test("keys change what is shown, without waiting for the broker", async () => {
    const running = await watch();
    const press = (key: string, text: string): Promise<void> => {
      running.type(key);
      return until(`${JSON.stringify(key)} shows ${text}`, () =>
        pictureOf(running).join("\n").includes(text),
      );
    };
    expect(pictureOf(running).join("\n")).toContain("by activity ▼");
    await press("s", "by name ▼");
    await press("\x1b[C", "by messages in ▼");
    await press("\x1b[D", "by name ▼");
    await press("\x1b[A", "by name ▲");
    await press("\x1b[B", "by name ▼");
    await press("\x1b[D\x1b[D", "by bytes ▼");
    await press("\t", "[2 connections]");
    await press("\t", "[1 queues]");
    await press("2", "[2 connections]");
    await press("1", "[1 queues]");
    await press("p", "PAUSED");
    await press("p", "q quit");
    running.type("q");
    expect(await running.done).toBe(0);
  });

  test("a picture is drawn anew each second, and when the window changes", async () => {
    const running = await watch();
    const pictures = (): number => running.written.out.split("\x1b[?2026h").length - 1;
    const before = pictures();
    await until("another picture", () => pictures() > before);
    running.resize({ columns: 40, rows: 8 });
    const lines = pictureOf(running);
    expect(lines.length).toBeLessThanOrEqual(8);
    expect(lines.filter((line) => Bun.stringWidth(line) > 40)).toEqual([]);
    running.type("q");
    await running.done;
  });

  test("while it is paused nothing moves", async () => {
    const running = await watch();
    running.type("p");
    await until("it is paused", () => pictureOf(running).join("").includes("PAUSED"));
    const time = (): string => pictureOf(running)[0] ?? "";
    const before = time();
    const ticks = await cli().listen("/topic/$system/statistics");
    await ticks();
    await ticks();
    running.type("1");
    expect(time()).toBe(before);
    running.type("p");
    await until("it goes on", () => time() !== before);
    running.type("q");
    await running.done;
  });
});

test("a broker that is gone is told of where it can be read", async () => {
  const other = await startBrokerCli();
  const running = other.start(["top"], { carrier: "ws", isTerminal: true });
  await running.shows("stompbox test at");
  await other.stop();
  expect(await running.done).toBe(1);
  expect(running.written.out).toEndWith(GIVEN_BACK);
  expect(running.written.err).toMatch(/^stompbox: (?:Lost the connection|The broker refused)/);
});

describe("where a broker cannot be watched it says so:", () => {
  test("over TCP", async () => {
    const { code, err } = await cli().run(["top"], { carrier: "tcp" });
    expect(code).toBe(2);
    expect(err).toContain("Cannot watch a broker over tcp://localhost:");
  });

  test("a broker of another kind", async () => {
    const page = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request, server) => (server.upgrade(request) ? undefined : new Response("hi")),
      websocket: {
        message: (socket, data) => {
          const text = String(data);
          if (text.startsWith("CONNECT"))
            socket.send("CONNECTED\nversion:1.2\nserver:Other/1\n\n\0");
          else if (text.startsWith("DISCONNECT")) socket.close(1000);
        },
      },
    });
    try {
      const url = `ws://127.0.0.1:${page.port}`;
      const { code, err } = await cli().run(["top", "--url", url]);
      expect({ code, err }).toEqual({
        code: 1,
        err: `stompbox: Cannot watch ${url}: Other/1 answers there, and only stompbox tells how it is doing\n`,
      });
    } finally {
      await page.stop(true);
    }
  });

  test("a view beside JSON", async () => {
    const { code, err } = await cli().run(["top", "--json", "--view", "queues"], { carrier: "ws" });
    expect(code).toBe(2);
    expect(err).toContain("Cannot use --view with --json");
  });
});

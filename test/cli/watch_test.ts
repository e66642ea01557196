/** The real process, its configuration file and its folder, as they change. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { parseArguments } from "../../src/cli/parse_arguments.ts";
import { serve as serveInProcess } from "../../src/cli/serve.ts";
import { fakeTerminal } from "./fake_terminal.ts";
import { openPeer, type RawPeer } from "../support/peer.ts";
import { RUN_SEED } from "../support/seeded_random.ts";
import { receive, settle, subscribe } from "../support/steps.ts";
import { openTcpLine } from "../support/tcp_line.ts";
import { until } from "../support/until.ts";
import { openWsLine } from "../support/ws_line.ts";

const MAIN = join(import.meta.dir, "..", "..", "src", "main.ts");
const ANY_PORTS = ["--listen", "ws://127.0.0.1:0", "--listen", "tcp://127.0.0.1:0"];
const TIMEOUT_MS = 30_000;

const folder = { path: "" };
const stops = new Set<() => Promise<void>>();
beforeEach(() => {
  folder.path = mkdtempSync(join(tmpdir(), "stompbox-watch-"));
});
afterEach(async () => {
  for (const stop of stops) await stop();
  stops.clear();
  rmSync(folder.path, { recursive: true });
});

const at = (...names: readonly string[]): string => join(folder.path, ...names);
const put = (name: string, text: string): void => writeFileSync(at(name), text);

const lineSchema = z.object({ event: z.string() }).catchall(z.unknown());
const startSchema = z.object({ urls: z.array(z.string()) });
const newsSchema = z.object({
  build: z.string(),
  from: z.string().optional(),
  styles: z.array(z.string()).optional(),
});
const portsSchema = z.object({ http: z.int(), stomp: z.int() });
type Line = z.output<typeof lineSchema>;

/** What the process says, line by line. */
function linesOf(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  const next = async (): Promise<string> => {
    for (;;) {
      const end = text.indexOf("\n");
      if (end >= 0) {
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        return line;
      }
      const { done, value } = await reader.read();
      if (done) throw new Error(`It says no more, and at last ${JSON.stringify(text)}`);
      text += decoder.decode(value, { stream: true });
    }
  };
  return { next };
}

/** The next that a page is told which listens. */
function newsOf({ body }: Response): () => Promise<z.output<typeof newsSchema>> {
  const lines = linesOf(body ?? new ReadableStream());
  return async () => {
    for (;;) {
      const line = await lines.next();
      if (line.startsWith("data: ")) return newsSchema.parse(JSON.parse(line.slice(6)));
    }
  };
}

/** Runs `stompbox serve` in the folder until the test is over. */
function serve(...argv: readonly string[]) {
  return run(argv, {});
}

async function run(argv: readonly string[], env: Readonly<Record<string, string>>) {
  const child = Bun.spawn([process.execPath, MAIN, "serve", ...ANY_PORTS, ...argv], {
    cwd: folder.path,
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  stops.add(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
  const [out, err] = [linesOf(child.stdout), linesOf(child.stderr)];
  const addresses = startSchema.parse(JSON.parse(await out.next()));
  const portOf = (scheme: string): number =>
    Number(
      addresses.urls.map((url) => new URL(url)).find(({ protocol }) => protocol === `${scheme}:`)
        ?.port,
    );
  /** The next line of the log about such an event. */
  const logged = async (...events: readonly string[]): Promise<Line> => {
    for (;;) {
      const line = lineSchema.parse(JSON.parse(await err.next()));
      if (events.includes(line.event)) return line;
    }
  };
  return {
    child,
    http: portOf("http"),
    tcp: portOf("tcp"),
    /** What the log says of the next reload. */
    reload: async () => {
      const { event, text } = await logged("config-reloaded", "config-refused");
      return { applied: event === "config-reloaded", text: String(text) };
    },
    logged,
  };
}

async function connect(transport: "ws" | "tcp", port: number): Promise<RawPeer> {
  const where = { host: "127.0.0.1", port };
  const peer = await openPeer(
    async (events) => {
      if (transport === "tcp") return { line: await openTcpLine(where, events) };
      const answer = await openWsLine({ ...where, path: "/" }, events);
      if ("status" in answer) throw new Error(`Refused with ${answer.status}`);
      return answer;
    },
    { cut: "whole", seed: RUN_SEED },
  );
  stops.add(async () => peer.line.cut());
  peer.frame("CONNECT", { "accept-version": "1.2", host: "localhost" });
  await peer.expect("CONNECTED");
  return peer;
}

const APPLIED = "Configuration reloaded: unprefixed queue (was reject)";
const CHANGED = 'unprefixed = "queue"\n';

describe("the configuration file with --watch", () => {
  const writes: readonly (readonly [string, () => void])[] = [
    ["is written to", () => put("a.toml", CHANGED)],
    [
      "is replaced by another of its name",
      () => {
        put("a.toml.new", CHANGED);
        renameSync(at("a.toml.new"), at("a.toml"));
      },
    ],
    [
      "is renamed away and written anew, as vim does",
      () => {
        renameSync(at("a.toml"), at("a.toml~"));
        put("a.toml", CHANGED);
        unlinkSync(at("a.toml~"));
      },
    ],
  ];
  test.each(writes)(
    "that %s holds",
    async (_how, write) => {
      put("a.toml", "");
      const broker = await serve("--watch", "--config", "a.toml");
      const peer = await connect("ws", broker.http);
      write();
      expect(await broker.reload()).toEqual({ applied: true, text: APPLIED });
      await peer.done("SEND", { destination: "news" }, "1");
    },
    TIMEOUT_MS,
  );

  test.skipIf(process.platform === "win32")(
    "that is a link whose target is swapped, as Kubernetes does with its volumes, holds",
    async () => {
      for (const [version, text] of [
        ["..1", ""],
        ["..2", CHANGED],
      ] as const) {
        mkdirSync(at(version));
        writeFileSync(at(version, "a.toml"), text);
      }
      symlinkSync("..1", at("..data"));
      symlinkSync(join("..data", "a.toml"), at("a.toml"));
      const broker = await serve("--watch", "--config", "a.toml");
      symlinkSync("..2", at("..data_tmp"));
      renameSync(at("..data_tmp"), at("..data"));
      rmSync(at("..1"), { recursive: true });
      expect(await broker.reload()).toEqual({ applied: true, text: APPLIED });
    },
    TIMEOUT_MS,
  );

  test(
    "that is wrong is refused as a whole with every reason, and the next that is right holds",
    async () => {
      put("a.toml", "");
      const broker = await serve("--watch", "--config", "a.toml");
      const peer = await connect("ws", broker.http);
      put("a.toml", `${CHANGED}log = "loud"\nfoo = 1\n[limits]\nframe-bytes-max = "1MiB"\n`);
      const refused = await broker.reload();
      expect(refused.applied).toBe(false);
      expect(refused.text).toStartWith("Configuration not reloaded, the old one stays: ");
      expect(refused.text).toContain('Cannot use "loud" as log in a.toml');
      expect(refused.text).toContain('Unknown key "foo" in a.toml');
      // Neither what was right beside it holds.
      await peer.done("SEND", { destination: "/topic/a" }, "x".repeat(2 * 1024 * 1024));
      put("a.toml", `${CHANGED}ports-file = "p.json"\n`);
      const restart = await broker.reload();
      expect(restart.text).toBe(
        'Configuration not reloaded, the old one stays: Cannot change ports-file to "p.json": it needs a restart, and is none until then',
      );
      peer.frame("SEND", { destination: "news" });
      await peer.take("ERROR", { code: "bad-destination" });
      put("a.toml", CHANGED);
      expect(await broker.reload()).toEqual({ applied: true, text: APPLIED });
    },
    TIMEOUT_MS,
  );

  test(
    "that goes is missed, and holds again when it is back",
    async () => {
      put("a.toml", CHANGED);
      const broker = await serve("--watch", "--config", "a.toml");
      rmSync(at("a.toml"));
      expect(await broker.reload()).toEqual({
        applied: false,
        text: 'Configuration not reloaded, the old one stays: Cannot read "a.toml": there is no such file',
      });
      put("a.toml", 'unprefixed = "topic"');
      const text = "Configuration reloaded: unprefixed topic (was queue)";
      expect(await broker.reload()).toEqual({ applied: true, text });
    },
    TIMEOUT_MS,
  );

  const odd: readonly (readonly [string, string, () => void])[] = [
    [
      "a pipe",
      "it is a pipe, expected a regular file",
      () => expect(Bun.spawnSync(["mkfifo", at("a.toml")]).exitCode).toBe(0),
    ],
    [
      "a device without an end",
      "it is a device, expected a regular file",
      () => symlinkSync("/dev/zero", at("a.toml")),
    ],
    ["a folder", "it is a folder, expected a regular file", () => mkdirSync(at("a.toml"))],
    [
      "a huge file",
      "it has more than 1 MiB, the most there may be",
      () => {
        put("a.toml", "");
        truncateSync(at("a.toml"), 1024 ** 3);
      },
    ],
  ];
  describe.skipIf(process.platform === "win32").each(odd)("that is %s", (_what, reason, make) => {
    test(
      "instead is refused, holds nothing up, and the next that is right holds",
      async () => {
        put("a.toml", "");
        const broker = await serve("--watch", "--config", "a.toml");
        rmSync(at("a.toml"));
        make();
        const text = `Configuration not reloaded, the old one stays: Cannot read "a.toml": ${reason}`;
        expect(await broker.reload()).toEqual({ applied: false, text });
        broker.child.kill("SIGHUP");
        expect(await broker.reload()).toEqual({ applied: false, text });
        expect((await fetch(`http://127.0.0.1:${broker.http}/healthz`)).status).toBe(200);
        rmSync(at("a.toml"), { recursive: true });
        put("a.toml", CHANGED);
        expect(await broker.reload()).toEqual({ applied: true, text: APPLIED });
      },
      TIMEOUT_MS,
    );

    test(
      "is refused at the start",
      async () => {
        make();
        const child = Bun.spawn([process.execPath, MAIN, "serve", "--config", "a.toml"], {
          cwd: folder.path,
          env: { PATH: process.env["PATH"] ?? "" },
          stdin: "ignore",
          stdout: "ignore",
          stderr: "pipe",
        });
        stops.add(async () => {
          child.kill("SIGKILL");
          await child.exited;
        });
        expect(await child.exited).toBe(2);
        expect(await child.stderr.text()).toContain(`Cannot read "a.toml": ${reason}`);
      },
      TIMEOUT_MS,
    );
  });

  test(
    "named by a variable is watched as well",
    async () => {
      put("a.toml", "");
      const broker = await run([], { STOMPBOX_CONFIG: "a.toml", STOMPBOX_WATCH: "yes" });
      put("a.toml", 'log = "debug"');
      const { text } = await broker.reload();
      expect(text).toBe("Configuration reloaded: log debug (was info)");
    },
    TIMEOUT_MS,
  );

  test(
    "that changes ten times costs no connection and no message",
    async () => {
      put("a.toml", "");
      const broker = await serve("--watch", "--config", "a.toml");
      const [sender, subscriber, consumer] = [
        await connect("ws", broker.http),
        await connect("ws", broker.http),
        await connect("tcp", broker.tcp),
      ];
      await subscribe(subscriber, "/topic/t");
      await subscribe(consumer, "/queue/q", { ack: "client-individual", "prefetch-count": "3" });
      const expected: string[] = [];
      for (let round = 0; round < 10; round++) {
        put(
          "a.toml",
          `max-deliveries = ${round + 7}\n[limits]\nframe-bytes-max = ${(round + 5) * 100_000}\n`,
        );
        const reloaded = broker.reload();
        const isOver = { yet: false };
        void reloaded.then(() => (isOver.yet = true));
        // As many as come until it has happened.
        do {
          const body = `${expected.length}`;
          expected.push(body);
          sender.frame("SEND", { destination: "/topic/t" }, body);
          await sender.done("SEND", { destination: "/queue/q" }, body);
        } while (!isOver.yet);
        expect((await reloaded).applied).toBe(true);
      }
      await receive(subscriber, ...expected);
      for (const body of expected) {
        await settle(consumer, "ACK", await consumer.expect("MESSAGE", {}, body));
      }
      for (const peer of [sender, subscriber, consumer]) await peer.silent();
    },
    TIMEOUT_MS,
  );
});

describe("what is looked at", () => {
  /** How often the command looks at something, in ms, besides what the broker does. */
  async function periodsWith(...argv: readonly string[]): Promise<readonly number[]> {
    const terminal = fakeTerminal({ files: { "a.toml": "" }, folders: ["."] });
    const periods: number[] = [];
    const runtime = {
      now: () => 0,
      every: (periodMs: number) => {
        periods.push(periodMs);
        return () => void periods.splice(periods.indexOf(periodMs), 1);
      },
    };
    const start = async () => ({
      addresses: [],
      reload: async () => [],
      stop: async () => {},
    });
    const given = parseArguments(argv);
    const done = serveInProcess({ terminal, given }, { start, runtime });
    await terminal.shows("stompbox");
    const seen = [...periods];
    terminal.signal();
    expect(await done).toBe(0);
    expect([periods.length, terminal.listening()]).toEqual([0, 0]);
    return seen;
  }
  const LOG_TICK_MS = 1000;

  test("is the configuration file with --watch", async () => {
    const periods = await periodsWith("--watch", "--config=a.toml");
    expect(periods).toHaveLength(2);
    expect(periods).toContain(LOG_TICK_MS);
    // Looked at twice before a change counts, which then holds within 500 ms.
    expect(Math.min(...periods)).toBeLessThanOrEqual(150);
  });

  test.each([[["--config=a.toml"]], [["--watch"]], [["--watch", "--static=."]], [[]]])(
    "is no configuration file with %p",
    async (argv) => {
      expect(await periodsWith(...argv)).toEqual([LOG_TICK_MS]);
    },
  );
});

describe("the static folder with --watch", () => {
  test(
    "another one that the configuration file names is served, watched, and told",
    async () => {
      for (const name of ["one", "two"]) {
        mkdirSync(at(name));
        put(join(name, "index.html"), `<p>${name}</p>`);
      }
      put("a.toml", 'static = "one"');
      const broker = await serve("--watch", "--config", "a.toml");
      const root = `http://127.0.0.1:${broker.http}`;
      const told = newsOf(await fetch(`${root}/_stompbox/reload`));
      await told();
      put("one/index.html", "<p>one, changed</p>");
      await told();
      expect(await (await fetch(root)).text()).toContain("<p>one, changed</p>");
      put("a.toml", 'static = "two"');
      expect((await broker.reload()).text).toBe("Configuration reloaded: static two (was one)");
      await told();
      expect(await (await fetch(root)).text()).toContain("<p>two</p>");
      put("two/index.html", "<p>two, changed</p>");
      await told();
      expect(await (await fetch(root)).text()).toContain("<p>two, changed</p>");
    },
    TIMEOUT_MS,
  );

  test(
    "that the log is written into tells of files, not of the log",
    async () => {
      mkdirSync(at("site"));
      put("site/index.html", "<p>1</p>");
      const argv = [MAIN, "serve", ...ANY_PORTS, "--watch", "--static=site", "--log=debug"];
      const child = Bun.spawn([process.execPath, ...argv], {
        cwd: folder.path,
        env: { PATH: process.env["PATH"] ?? "" },
        stdin: "ignore",
        stdout: "pipe",
        stderr: Bun.file(at("site", "log.txt")),
      });
      stops.add(async () => {
        child.kill("SIGKILL");
        await child.exited;
      });
      const { urls } = startSchema.parse(JSON.parse(await linesOf(child.stdout).next()));
      const root = urls.find((url) => url.startsWith("http")) ?? "";
      const news = newsOf(await fetch(`${root}_stompbox/reload`));
      const { build } = await news();
      const peer = await connect("ws", Number(new URL(root).port));
      await until("that is logged", () =>
        readFileSync(at("site", "log.txt"), "utf8").includes('"connected"'),
      );
      put("site/a.css", "1");
      // Had the log counted, it would be news before this or a part of it.
      expect(await news()).toMatchObject({ from: build, styles: ["a.css"] });
      await peer.silent();
    },
    TIMEOUT_MS,
  );

  test(
    "and nothing to watch is told",
    async () => {
      const broker = await serve("--watch");
      for (;;) {
        const { text } = await broker.logged("notice");
        if (text === "Nothing to watch: --watch needs --config, --static, or both") break;
      }
    },
    TIMEOUT_MS,
  );
});

describe.skipIf(process.platform === "win32")("SIGHUP", () => {
  test(
    "has the configuration read again without --watch",
    async () => {
      put("a.toml", "");
      const broker = await serve("--config", "a.toml");
      put("a.toml", CHANGED);
      broker.child.kill("SIGHUP");
      expect(await broker.reload()).toEqual({ applied: true, text: APPLIED });
      broker.child.kill("SIGHUP");
      const text = "Configuration reloaded: nothing differs";
      expect(await broker.reload()).toEqual({ applied: true, text });
      put("a.toml", "[[[");
      broker.child.kill("SIGHUP");
      expect((await broker.reload()).applied).toBe(false);
    },
    TIMEOUT_MS,
  );

  test(
    "without a configuration file does no harm",
    async () => {
      const broker = await serve();
      broker.child.kill("SIGHUP");
      const text = "Configuration reloaded: nothing differs";
      expect(await broker.reload()).toEqual({ applied: true, text });
      broker.child.kill("SIGTERM");
      expect(await broker.child.exited).toBe(0);
    },
    TIMEOUT_MS,
  );

  /** Runs the broker on a terminal; settles with it once it shows `wanted`. */
  async function onTerminal(wanted: string) {
    const decoder = new TextDecoder();
    let text = "";
    let wake = (): void => {};
    const child = Bun.spawn([process.execPath, MAIN, ...ANY_PORTS, "--ports-file", "ports.json"], {
      cwd: folder.path,
      env: { PATH: process.env["PATH"] ?? "", TERM: "xterm", NO_COLOR: "1" },
      terminal: {
        cols: 200,
        rows: 24,
        data: (_terminal, bytes) => {
          text += decoder.decode(bytes, { stream: true });
          wake();
        },
      },
    });
    stops.add(async () => {
      child.kill("SIGKILL");
      await child.exited;
    });
    const shows = async (sentence: string): Promise<void> => {
      while (!text.includes(sentence)) await new Promise<void>((resolve) => (wake = resolve));
    };
    await shows(wanted);
    return { child, shows };
  }

  test(
    "on a terminal that is there reloads",
    async () => {
      const { child, shows } = await onTerminal("in two windows");
      child.kill("SIGHUP");
      await shows("Configuration reloaded: nothing differs");
      const ports = portsSchema.parse(JSON.parse(readFileSync(at("ports.json"), "utf8")));
      expect((await fetch(`http://127.0.0.1:${ports.http}/healthz`)).status).toBe(200);
    },
    TIMEOUT_MS,
  );

  test(
    "because the terminal was closed stops the broker in order",
    async () => {
      const { child } = await onTerminal("in two windows");
      child.terminal?.close();
      expect(await child.exited).toBe(0);
      expect(await Bun.file(at("ports.json")).exists()).toBe(false);
    },
    TIMEOUT_MS,
  );
});

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArguments } from "../../src/cli/parse_arguments.ts";
import { serve, type ServeParts } from "../../src/cli/serve.ts";
import { VERSION } from "../../src/cli/version.ts";
import type { Config } from "../../src/config.ts";
import type { Observe } from "../../src/observe/events.ts";
import { ListenError, type Stompbox } from "../../src/stompbox.ts";
import { fakeTerminal } from "./fake_terminal.ts";

const folder = { path: "" };
beforeEach(() => {
  folder.path = mkdtempSync(join(tmpdir(), "stompbox-serve-"));
});
afterEach(() => {
  rmSync(folder.path, { recursive: true });
});

const addresses = [
  { scheme: "ws", host: "localhost", port: 8080, path: "/", url: "ws://localhost:8080/" },
  { scheme: "tcp", host: "localhost", port: 8081, path: "", url: "tcp://localhost:8081" },
] as const;

/** Serves by a broker that only pretends, on a clock that stands until told. */
function pretend(
  options: {
    readonly argv?: readonly string[];
    readonly isTerminal?: boolean;
    readonly start?: () => Promise<Stompbox>;
    readonly stop?: () => Promise<void>;
    readonly files?: Readonly<Record<string, string>>;
    readonly stuck?: () => boolean;
    readonly folders?: readonly string[];
  } = {},
) {
  const { files = {}, stuck = () => false, folders = [folder.path] } = options;
  const isTerminal = options.isTerminal ?? false;
  const terminal = fakeTerminal({ isTerminal, files, stuck, folders });
  const ticks = new Set<() => void>();
  const observed = Promise.withResolvers<Observe>();
  const started = Promise.withResolvers<Config>();
  const stopping = Promise.withResolvers<void>();
  const clock = { now: 0 };
  const parts: ServeParts = {
    runtime: {
      now: () => clock.now,
      every: (_periodMs, task) => {
        ticks.add(task);
        return () => ticks.delete(task);
      },
    },
    start: async (config, { observe }) => {
      if (observe !== undefined) observed.resolve(observe);
      started.resolve(config);
      if (options.start !== undefined) return options.start();
      observe?.({ type: "notice", text: "pretending" });
      return {
        addresses,
        reload: async () => [],
        stop: () => {
          stopping.resolve();
          return options.stop?.() ?? Promise.resolve();
        },
      };
    },
  };
  const given = parseArguments(options.argv ?? []);
  const done = serve({ terminal, given }, parts);
  return {
    terminal,
    clock,
    done,
    ticks,
    started: started.promise,
    stopping: stopping.promise,
    observed: observed.promise,
  };
}

describe("starting", () => {
  test("says one JSON line when nobody looks", async () => {
    const { terminal, done } = pretend();
    terminal.signal();
    expect(await done).toBe(0);
    expect(terminal.written.out.trimEnd().split("\n")).toHaveLength(1);
    expect(JSON.parse(terminal.written.out)).toMatchObject({
      name: "stompbox",
      version: VERSION,
      pid: 4711,
      login: "anyone on this machine",
    });
  });

  test("shows the banner on a terminal", async () => {
    const { terminal, done } = pretend({ isTerminal: true });
    terminal.signal();
    await done;
    expect(terminal.written.out).toContain("page       http://localhost:8080/");
    expect(terminal.written.out.trimEnd().split("\n").length).toBeLessThanOrEqual(10);
  });

  const logs = [
    [[], true],
    [["--quiet"], false],
    [["--log=warn"], false],
    [["--quiet", "--log=debug"], true],
  ] as const;
  test.each(logs)("logs notices with %p: %p", async (argv, logged) => {
    const { terminal, done } = pretend({ argv });
    terminal.signal();
    await done;
    expect(terminal.written.err.includes("pretending")).toBe(logged);
    expect(terminal.written.out === "").toBe(argv.some((word) => word === "--quiet"));
  });

  test("passes the configuration on", async () => {
    const { terminal, started, done } = pretend({ argv: ["--limits.headers-max=9"] });
    terminal.signal();
    await done;
    expect((await started).limits.headersMax).toBe(9);
  });

  test("starts nothing when the configuration is wrong", async () => {
    const { terminal, done } = pretend({ argv: ["--log=loud"] });
    expect(await done).toBe(2);
    expect(terminal.written.out).toBe("");
    expect(terminal.written.err).not.toContain("pretending");
  });

  const failures = [
    ["ws://localhost:61614", "in-use", "lsof -i :61614"],
    ["ws://localhost:61614", "in-use", "--listen ws://localhost:0"],
    ["tcp://localhost:80", "denied", "choose a port from 1024 on"],
    ["tcp://10.9.8.7:1", "unavailable", "this machine has no such address"],
  ] as const;
  test.each(failures)("where %s is %s says what to do: %s", async (address, reason, remedy) => {
    const error = new ListenError(address, reason, undefined);
    const { terminal, done } = pretend({ start: () => Promise.reject(error) });
    expect(await done).toBe(1);
    expect(terminal.written.err).toStartWith(`stompbox: Cannot listen on ${address}: `);
    expect(terminal.written.err).toContain(remedy);
    expect(terminal.listening()).toBe(0);
  });

  test("that fails otherwise says why", async () => {
    const { terminal, done } = pretend({ start: () => Promise.reject(new Error("out of luck")) });
    expect(await done).toBe(1);
    expect(terminal.written).toEqual({ out: "", err: "stompbox: Cannot start: out of luck\n" });
  });
});

describe("the log", () => {
  const refused = {
    type: "refused",
    connection: 1,
    peer: { transport: "tcp", address: "127.0.0.1", port: 1 },
    code: "login-timeout",
    detail: "Cannot wait",
  } as const;

  test("sums a flood up at the next tick", async () => {
    const { terminal, clock, done, observed, ticks } = pretend();
    const observe = await observed;
    for (let n = 0; n < 64; n++) observe(refused);
    clock.now += 1000;
    for (const tick of ticks) tick();
    expect(terminal.written.err).toContain('"event":"summed-up","of":"refused"');
    expect(terminal.written.err).toContain('"count":54');
    terminal.signal();
    await done;
    expect(ticks.size).toBe(0);
  });

  test("sums a flood up when the broker stops", async () => {
    const { terminal, done, observed } = pretend();
    const observe = await observed;
    for (let n = 0; n < 11; n++) observe(refused);
    terminal.signal();
    await done;
    expect(terminal.written.err).toContain('"event":"summed-up"');
  });

  test("does not pile up when nobody reads it", async () => {
    const reader = { stuck: true };
    const { terminal, done, observed } = pretend({ stuck: () => reader.stuck });
    const observe = await observed;
    for (let n = 0; n < 50; n++) observe({ type: "notice", text: "unread" });
    expect(terminal.written.err).toBe("");
    reader.stuck = false;
    terminal.signal();
    await done;
    expect(terminal.written.err).toContain('"event":"lines-lost","count":51');
  });
});

describe("the limit of open files", () => {
  const limits = (soft: string): Readonly<Record<string, string>> => ({
    "/proc/self/limits": `Limit                     Soft Limit           Hard Limit           Units
Max processes             10                   10                   processes
Max open files            ${soft.padEnd(21)}1048576              files
`,
  });
  const table = [
    ["128", 20_000, 64],
    ["1024", 20_000, 960],
    ["4096", 20_000, 3891],
    ["10", 20_000, 5],
    ["1", 20_000, 1],
    ["4096", 3891, 3891],
    ["4096", 3892, 3891],
    ["1048576", 20_000, 20_000],
    ["unlimited", 20_000, 20_000],
  ] as const;
  test.each(table)("of %s makes of %d connections %d", async (soft, wanted, allowed) => {
    const argv = [`--limits.connections-max=${wanted}`];
    const { terminal, done, started } = pretend({ argv, files: limits(soft) });
    terminal.signal();
    await done;
    expect((await started).limits.connectionsMax).toBe(allowed);
    const notice = `Lowered limits.connections-max from ${wanted} to ${allowed}: this process may open ${soft} files`;
    expect(terminal.written.err.includes(notice)).toBe(wanted !== allowed);
    expect(terminal.written.err.includes("Lowered")).toBe(wanted !== allowed);
  });

  test("changes nothing where it cannot be read", async () => {
    const { terminal, done, started } = pretend();
    terminal.signal();
    await done;
    expect((await started).limits.connectionsMax).toBe(20_000);
    expect(terminal.written.err).not.toContain("Lowered");
  });
});

describe("stopping", () => {
  test("waits for the broker and leaves no listener behind", async () => {
    const last = Promise.withResolvers<void>();
    const { terminal, done, stopping } = pretend({ stop: () => last.promise });
    terminal.signal();
    await stopping;
    last.resolve();
    expect(await done).toBe(0);
    expect(terminal.listening()).toBe(0);
  });

  test("happens at once on a second signal", async () => {
    const { terminal, clock, done, stopping } = pretend({ stop: () => new Promise(() => {}) });
    terminal.signal();
    await stopping;
    clock.now += 1000;
    terminal.signal();
    expect(await done).toBe(1);
    expect(terminal.written.err).toContain("Stopped at once by a second signal");
  });

  test("takes one signal that arrives twice for one", async () => {
    const last = Promise.withResolvers<void>();
    const { terminal, clock, done, stopping } = pretend({ stop: () => last.promise });
    terminal.signal();
    await stopping;
    clock.now += 5;
    terminal.signal();
    last.resolve();
    expect(await done).toBe(0);
  });

  test("does not hang when asked while it still starts", async () => {
    const { terminal, clock, started, done } = pretend({ start: () => new Promise(() => {}) });
    await started;
    terminal.signal();
    clock.now += 1000;
    terminal.signal();
    expect(await done).toBe(1);
  });

  test("that fails exits with 1", async () => {
    const { terminal, done } = pretend({ stop: () => Promise.reject(new Error("stuck")) });
    terminal.signal();
    expect(await done).toBe(1);
    expect(terminal.written.err).toContain("Cannot stop in order: stuck");
  });
});

describe("the ports file", () => {
  test("is there before the broker is announced, whole, and gone after the stop", async () => {
    const path = join(folder.path, "ports.json");
    const { terminal, done, stopping } = pretend({
      argv: ["--ports-file", path],
      stop: async () => {
        seen.push(readFileSync(path, "utf8"), readdirSync(folder.path).join());
      },
    });
    const seen: string[] = [];
    terminal.signal();
    await stopping;
    expect(await done).toBe(0);
    const [text = "", names] = seen;
    expect(JSON.parse(text)).toEqual({ http: 8080, stomp: 8081, listeners: addresses });
    expect(names).toBe("ports.json");
    expect(existsSync(path)).toBe(false);
  });

  test("that cannot be written stops the broker", async () => {
    const path = join(folder.path, "missing", "ports.json");
    const folders = [dirname(path)];
    const { terminal, done, stopping } = pretend({ argv: ["--ports-file", path], folders });
    expect(await done).toBe(1);
    await stopping;
    expect(terminal.written.err).toContain(
      `Cannot write the ports file ${JSON.stringify(path)}: there is no such folder\n`,
    );
    expect(terminal.written.out).toBe("");
  });

  test("for a folder that is not there is a mistake before anything listens", async () => {
    const path = join(folder.path, "missing", "ports.json");
    const { terminal, done } = pretend({ argv: ["--ports-file", path] });
    expect(await done).toBe(2);
    expect(terminal.written.err).toContain(`there is no folder ${JSON.stringify(dirname(path))}`);
    expect(terminal.written.err).not.toContain("pretending");
  });
});

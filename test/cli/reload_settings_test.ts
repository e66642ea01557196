import { describe, expect, test } from "bun:test";
import { fitToOpenFiles } from "../../src/cli/open_files.ts";
import { parseArguments } from "../../src/cli/parse_arguments.ts";
import { createReload, logLevelOf, type ReloadReason } from "../../src/cli/reload_settings.ts";
import { loadSettings } from "../../src/cli/settings.ts";
import { changesBetween, type Config } from "../../src/config.ts";
import type { BrokerEvent } from "../../src/observe/events.ts";
import { createLog } from "../../src/observe/log.ts";
import { ReloadError, type Stompbox } from "../../src/stompbox.ts";
import { fakeTerminal } from "./fake_terminal.ts";

const NOW = Date.UTC(2020, 0, 1);

/** A configuration file that was read, and a broker that takes any other in its place. */
function reloading(
  before: string,
  options: {
    readonly argv?: readonly string[];
    readonly openFiles?: number;
    readonly reload?: (config: Config) => ReturnType<Stompbox["reload"]>;
  } = {},
) {
  const files: Record<string, string> = { "a.toml": before };
  if (options.openFiles !== undefined) {
    files["/proc/self/limits"] = `Max open files            ${options.openFiles}   9999   files\n`;
  }
  const terminal = fakeTerminal({ files });
  const given = parseArguments(["--config", "a.toml", ...(options.argv ?? [])]);
  const loaded = loadSettings(given, terminal);
  if ("mistakes" in loaded) throw new Error(loaded.mistakes.join("; "));
  const started = fitToOpenFiles(loaded.settings.config, terminal);
  const state = { config: started.config };
  const lines: string[] = [];
  const log = createLog({
    level: logLevelOf(started.config),
    format: "human",
    write: (line) => lines.push(line.slice("00:00:00.000 ".length)),
    now: () => NOW,
  });
  const take = async (config: Config) => {
    const changes = changesBetween(state.config, config);
    state.config = config;
    return changes;
  };
  const stompbox = { reload: options.reload ?? take };
  const reload = createReload({ terminal, given, stompbox, log, started });
  return {
    lines,
    log,
    reload,
    state,
    /** Writes the file and has it read; answers what the log says of that. */
    write: async (text: string, reason: ReloadReason = "changed"): Promise<readonly string[]> => {
      files["a.toml"] = text;
      await reload(reason);
      return lines.splice(0);
    },
  };
}

describe("a configuration that is read again", () => {
  const told: readonly (readonly [string, string, string])[] = [
    ['log = "debug"', "", "log info (was debug)"],
    ["", 'unprefixed = "queue"', "unprefixed queue (was reject)"],
    [
      "",
      'allow-origin = ["https://a.example", "https://b.example"]',
      "allow-origin https://a.example, https://b.example (was none)",
    ],
    ["", "[limits]\nframe-bytes-max = 1048576", "limits.frame-bytes-max 1MiB (was 4MiB)"],
    ["", '[limits]\nlogin-timeout-ms = "90s"', "limits.login-timeout-ms 90s (was 10s)"],
    ["", "strict-origin = true", "strict-origin true (was false)"],
    ["", 'static = "."', "static . (was none)"],
    [
      "",
      '[[destinations]]\nmatch = "/queue/a"\nmax-deliveries = 2',
      "destinations changed, now 1 rule",
    ],
    [
      '[[destinations]]\nmatch = "/queue/a"\nmax-deliveries = 2',
      "",
      "destinations changed, now 0 rules",
    ],
    [
      "",
      "quiet = false\nmax-deliveries = 3\nstrict-origin = true",
      "strict-origin true (was false), max-deliveries 3 (was 6)",
    ],
  ];
  test.each(told)("from %p to %p is told", async (before, after, what) => {
    const { write } = reloading(before);
    expect(await write(after)).toEqual([`info  Configuration reloaded: ${what}`]);
  });

  test("is read under the flags, which win as before", async () => {
    const { write, state } = reloading("max-deliveries = 2", { argv: ["--max-deliveries=9"] });
    expect(await write("max-deliveries = 3")).toEqual([]);
    expect(state.config.maxDeliveries).toBe(9);
  });

  test("and does not differ is told to whoever asked, and to nobody else", async () => {
    const { write } = reloading("");
    expect(await write("# a remark")).toEqual([]);
    expect(await write("# a remark", "asked")).toEqual([
      "info  Configuration reloaded: nothing differs",
    ]);
  });

  test("and is wrong is told with what needs a restart, but for what is wrong itself", async () => {
    const { write } = reloading('listen = ["tcp://localhost:1"]');
    const refusal = "error Configuration not reloaded, the old one stays: ";
    expect(await write('log = "loud"\nlisten = ["tcp://localhost:2"]')).toEqual([
      `${refusal}Cannot use "loud" as log in a.toml: expected debug | info | warn | error; ` +
        'Cannot change listen to ["tcp://localhost:2"]: it needs a restart, and is ["tcp://localhost:1"] until then',
    ]);
    for (const text of ['log = "loud"', "[", 'lissten = ["tcp://localhost:2"]', "listen = [1]"]) {
      const [line] = await write(text);
      expect(line).toStartWith(refusal);
      expect(line).not.toContain("restart");
    }
  });

  test("and is wrong is refused with every reason", async () => {
    const { write, state } = reloading("max-deliveries = 2");
    const before = state.config;
    const [line, ...others] = await write('log = "loud"\nmax-deliveries = 0\n[limits]\nframes = 1');
    expect(others).toEqual([]);
    expect(line).toStartWith("error Configuration not reloaded, the old one stays: ");
    expect(line).toContain('Cannot use "loud" as log in a.toml');
    expect(line).toContain("Cannot use 0 as max-deliveries in a.toml");
    expect(line).toContain('Unknown key "limits.frames" in a.toml');
    expect(state.config).toBe(before);
    expect(await write("max-deliveries = 3")).toEqual([
      "info  Configuration reloaded: max-deliveries 3 (was 2)",
    ]);
  });

  test.each(["error", "warn"])("and is wrong is told at --log %s too", async (level) => {
    const { write } = reloading(`log = "${level}"`);
    expect(await write("[[[")).toEqual([
      expect.stringContaining("Configuration not reloaded, the old one stays: Cannot read"),
    ]);
  });

  test("and the broker refuses is told with its reasons", async () => {
    const reasons = ["Cannot change this", "Cannot change that"];
    const { write } = reloading("", { reload: () => Promise.reject(new ReloadError(reasons)) });
    expect(await write("quiet = true")).toEqual([
      `error Configuration not reloaded, the old one stays: ${reasons.join("; ")}`,
    ]);
  });

  test("and fails otherwise is told, and does not keep the next from being read", async () => {
    let fails = true;
    const { write } = reloading("", {
      reload: () => (fails ? Promise.reject(new Error("out of luck")) : Promise.resolve([])),
    });
    expect(await write("quiet = true")).toEqual([
      "error Configuration not reloaded, the old one stays: out of luck",
    ]);
    fails = false;
    expect(await write("", "asked")).toEqual(["info  Configuration reloaded: nothing differs"]);
  });
});

describe("the level of the log", () => {
  const notice: BrokerEvent = { type: "notice", text: "seen" };
  const levels: readonly (readonly [string, string, boolean])[] = [
    ["", 'log = "warn"', false],
    ['log = "error"', 'log = "info"', true],
    ['log = "error"', 'log = "debug"', true],
    ["", "quiet = true", false],
    ["quiet = true", "", true],
    ["quiet = true", 'quiet = true\nlog = "debug"', true],
  ];
  test.each(levels)("from %p to %p changes at once", async (before, after, isLogged) => {
    const { write, log, lines } = reloading(before);
    log.observe(notice);
    expect(lines.splice(0)).toHaveLength(isLogged ? 0 : 1);
    // Where either of the two levels lets it, the change itself is told.
    expect(await write(after)).toEqual([expect.stringContaining("Configuration reloaded: ")]);
    log.observe(notice);
    expect(lines).toHaveLength(isLogged ? 1 : 0);
  });

  test("between two that tell no reloads changes silently", async () => {
    const { write } = reloading('log = "error"');
    expect(await write('log = "warn"')).toEqual([]);
  });
});

describe("what the limit of open files lowers", () => {
  const lowered = (wanted: number): string =>
    `info  Lowered limits.connections-max from ${wanted} to 960: this process may open 1024 files (ulimit -n), and every connection is one`;

  test("is told again only when it has become something else", async () => {
    const { write } = reloading("", { openFiles: 1024 });
    expect(await write("max-deliveries = 3")).toEqual([
      "info  Configuration reloaded: max-deliveries 3 (was 6)",
    ]);
    expect(await write("max-deliveries = 3\n[limits]\nconnections-max = 5000")).toEqual([
      lowered(5_000),
    ]);
    expect(await write("max-deliveries = 3\n[limits]\nconnections-max = 500")).toEqual([
      "info  Configuration reloaded: limits.connections-max 500 (was 960)",
    ]);
  });
});

test("what is asked for while a reload is on its way comes after it, once", async () => {
  const waiting: (() => void)[] = [];
  const { reload, lines } = reloading("", {
    reload: () => new Promise((resolve) => waiting.push(() => resolve([]))),
  });
  const all = [reload("changed"), reload("asked"), reload("changed"), reload("changed")];
  expect(waiting).toHaveLength(1);
  waiting[0]?.();
  await Promise.resolve();
  while (waiting.length < 2) await Promise.resolve();
  waiting[1]?.();
  await Promise.all(all);
  expect(waiting).toHaveLength(2);
  expect(lines).toEqual(["info  Configuration reloaded: nothing differs"]);
});

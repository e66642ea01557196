/** The life of a broker: from the configuration to the signal that ends it. */

import { type Config, listenersOf } from "../config.ts";
import { createLog } from "../observe/log.ts";
import { type Runtime, systemRuntime } from "../runtime.ts";
import { ListenError, startStompbox, type Stompbox } from "../stompbox.ts";
import { bannerLines, type StartFacts, startLine } from "./banner.ts";
import {
  type CommandContext,
  EXIT,
  type ExitCode,
  reportFailure,
  reportMistakes,
} from "./command.ts";
import { fitToOpenFiles } from "./open_files.ts";
import { portsFileFailure, removePortsFile, writePortsFile } from "./ports_file.ts";
import { createReload, logLevelOf } from "./reload_settings.ts";
import { loadSettings } from "./settings.ts";
import { watchSignals } from "./stop_signals.ts";
import { VERSION } from "./version.ts";
import { watchFile } from "./watch_file.ts";

/** What {@link serve} builds on; tests give it others. */
export interface ServeParts {
  readonly start?: typeof startStompbox;
  readonly runtime?: Pick<Runtime, "now" | "every">;
}

/** Characters of the log that may wait for whoever reads it. */
const LOG_BACKLOG_MAX = 1024 ** 2;
const LOG_TICK_MS = 1000;

/**
 * Runs the broker until the first SIGINT or SIGTERM, then stops it gracefully;
 * a second signal does not wait for that. SIGHUP has it read its configuration
 * again; with `--watch` it does so by itself when the file has changed.
 */
export async function serve(
  { terminal, given }: Pick<CommandContext, "terminal" | "given">,
  { start = startStompbox, runtime = systemRuntime }: ServeParts = {},
): Promise<ExitCode> {
  const result = loadSettings(given, terminal);
  if ("mistakes" in result) return reportMistakes(terminal, result.mistakes);
  const { configFile } = result.settings;
  const started = fitToOpenFiles(result.settings.config, terminal);
  const { config, notice } = started;

  const log = createLog({
    level: logLevelOf(config),
    format: terminal.err.isTerminal ? "human" : "json",
    color: terminal.err.color,
    write: (line) => terminal.err.write(`${line}\n`),
    hasRoom: () => terminal.err.backlog() < LOG_BACKLOG_MAX,
    now: runtime.now,
  });
  const fail = (sentence: string): ExitCode => reportFailure(terminal, sentence);
  const signals = watchSignals(terminal, runtime);
  // While the broker starts there is nothing to reload yet: what is asked for then comes after.
  const reloading = { isDue: false, reload: (): void => void (reloading.isDue = true) };
  const forgetReload = terminal.onReloadSignal(() => reloading.reload());

  const live = async (): Promise<ExitCode> => {
    let stompbox: Stompbox;
    try {
      stompbox = await start(config, { version: VERSION, observe: log.observe });
    } catch (error) {
      return fail(startFailure(error));
    }
    const { addresses } = stompbox;
    const { portsFile } = config;
    const reload = createReload({ terminal, given, stompbox, log, started });
    reloading.reload = () => void reload("asked");
    const stopWatching =
      config.watch && configFile !== undefined
        ? watchFile(configFile, { every: runtime.every, changed: () => void reload("changed") })
        : () => {};
    let code: ExitCode = EXIT.ok;
    try {
      if (portsFile !== undefined)
        await writePortsFile(portsFile, { addresses, pid: terminal.pid });
      if (!config.quiet) announce(terminal, factsOf(config, { addresses, pid: terminal.pid }));
      if (notice !== undefined) log.observe({ type: "notice", text: notice });
      if (config.watch && configFile === undefined && config.static === undefined) {
        const text = "Nothing to watch: --watch needs --config, --static, or both";
        log.observe({ type: "notice", text });
      }
      if (reloading.isDue) reloading.reload();
      await signals.first;
    } catch (error) {
      code = fail(
        `Cannot write the ports file ${JSON.stringify(portsFile)}: ${portsFileFailure(error)}`,
      );
    }
    stopWatching();
    reloading.reload = () => {};
    try {
      await stompbox.stop();
      if (portsFile !== undefined) await removePortsFile(portsFile);
    } catch (error) {
      code = fail(`Cannot stop in order: ${messageOf(error)}`);
    }
    return code;
  };
  const atOnce = signals.second.then((): ExitCode => fail("Stopped at once by a second signal"));
  const stopTicks = runtime.every(LOG_TICK_MS, log.tick);
  try {
    return await Promise.race([live(), atOnce]);
  } finally {
    stopTicks();
    log.flush();
    signals.forget();
    forgetReload();
  }
}

function announce({ out }: CommandContext["terminal"], facts: StartFacts): void {
  const lines = out.isTerminal ? ["", ...bannerLines(facts, out), ""] : [startLine(facts)];
  out.write(`${lines.join("\n")}\n`);
}

function factsOf(
  config: Config,
  { addresses, pid }: Pick<StartFacts, "addresses" | "pid">,
): StartFacts {
  const loopback = listenersOf(config).every((listener) => listener.loopback);
  return { version: VERSION, pid, addresses, storage: "memory", loopback };
}

const REMEDIES: Readonly<Record<ListenError["reason"], (port: string) => string>> = {
  "in-use": (port) =>
    `the port is in use, perhaps by another stompbox (lsof -i :${port} shows by whom); stop that, or choose another with --listen, such as --listen ws://localhost:0 --listen tcp://localhost:0`,
  denied: () => "that is not permitted; choose a port from 1024 on with --listen",
  unavailable: () => "this machine has no such address; choose another with --listen",
};

function startFailure(error: unknown): string {
  if (!(error instanceof ListenError)) return `Cannot start: ${messageOf(error)}`;
  const port = /:(\d+)(?:\/|$)/.exec(error.address)?.[1] ?? "";
  return `Cannot listen on ${error.address}: ${REMEDIES[error.reason](port)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

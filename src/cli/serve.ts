/** `stompbox serve`, and `stompbox` alone. */

import { type Config, listenersOf } from "../config.ts";
import { createLog } from "../observe/log.ts";
import { type Runtime, systemRuntime } from "../runtime.ts";
import { ListenError, startStompbox, type Stompbox } from "../stompbox.ts";
import { bannerLines, type StartFacts, startLine } from "./banner.ts";
import {
  type Command,
  type CommandContext,
  EXIT,
  type ExitCode,
  reportMistakes,
} from "./command.ts";
import { fitToOpenFiles } from "./open_files.ts";
import { portsFileFailure, removePortsFile, writePortsFile } from "./ports_file.ts";
import { loadSettings } from "./settings.ts";
import { VERSION } from "./version.ts";

/** Runs the broker until it is told to stop. */
export const serveCommand: Command = {
  name: "serve",
  summary: "run the broker (the default)",
  run: (context) => serve(context),
};

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
 * a second signal does not wait for that.
 */
export async function serve(
  { terminal, given }: CommandContext,
  { start = startStompbox, runtime = systemRuntime }: ServeParts = {},
): Promise<ExitCode> {
  const result = loadSettings(given, terminal);
  if ("mistakes" in result) return reportMistakes(terminal, result.mistakes);
  const { config, notice } = fitToOpenFiles(result.settings.config, terminal);

  const log = createLog({
    level: config.quiet && config.log === "info" ? "warn" : config.log,
    format: terminal.err.isTerminal ? "human" : "json",
    color: terminal.err.color,
    write: (line) => terminal.err.write(`${line}\n`),
    hasRoom: () => terminal.err.backlog() < LOG_BACKLOG_MAX,
    now: runtime.now,
  });
  const fail = (sentence: string): ExitCode => {
    terminal.err.write(`stompbox: ${sentence}\n`);
    return EXIT.failed;
  };
  const signals = watchSignals(terminal, runtime);

  const live = async (): Promise<ExitCode> => {
    let stompbox: Stompbox;
    try {
      stompbox = await start(config, { version: VERSION, observe: log.observe });
    } catch (error) {
      return fail(startFailure(error));
    }
    const { addresses } = stompbox;
    const { portsFile } = config;
    let code: ExitCode = EXIT.ok;
    try {
      if (portsFile !== undefined)
        await writePortsFile(portsFile, { addresses, pid: terminal.pid });
      if (!config.quiet) announce(terminal, factsOf(config, { addresses, pid: terminal.pid }));
      if (notice !== undefined) log.observe({ type: "notice", text: notice });
      await signals.first;
    } catch (error) {
      code = fail(
        `Cannot write the ports file ${JSON.stringify(portsFile)}: ${portsFileFailure(error)}`,
      );
    }
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
  }
}

/**
 * A terminal sends Ctrl-C to every process of the foreground, and npm passes
 * it on once more: two signals within this time are one wish.
 */
const SAME_SIGNAL_MS = 200;

function watchSignals(terminal: CommandContext["terminal"], runtime: Pick<Runtime, "now">) {
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  let firstAt: number | undefined;
  const forget = terminal.onStopSignal(() => {
    const now = runtime.now();
    if (firstAt === undefined) {
      firstAt = now;
      first.resolve();
    } else if (Math.abs(now - firstAt) >= SAME_SIGNAL_MS) {
      second.resolve();
    }
  });
  return { first: first.promise, second: second.promise, forget };
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

/** How `stompbox bench` makes its load from several processes: it starts itself again. */

import { join } from "node:path";
import type { BenchEnvironment } from "../bench/bench_spec.ts";
import type { Outcome } from "../bench/outcome.ts";
import { runShares, type ShareProcess } from "../bench/run_shares.ts";
import { createShare, type Share } from "../bench/share.ts";
import {
  type FromShare,
  linesOf,
  readToShare,
  type ShareOf,
  shareSchema,
} from "../bench/share_messages.ts";
import type { CommandContext } from "./command.ts";
import type { CommandOption } from "./command_option.ts";
import type { Terminal } from "./terminal.ts";

/** Names the share that a process has of a run; nobody but `bench` sets it. */
const VARIABLE = "STOMPBOX_BENCH_SHARE";
/** Other users see command lines, so this one goes by its variable. */
const SECRET = { name: "passcode", variable: "STOMPBOX_PASSCODE" };

/** The share that this process has, where another one has started it for that. */
export function shareOf({ env }: Terminal): ShareOf | undefined {
  const text = env[VARIABLE];
  return text === undefined ? undefined : shareSchema.parse(JSON.parse(text));
}

/** Makes the share of this process, which hears of the others by its standard input. */
export function openShare(terminal: Terminal, share: ShareOf): Share {
  const opened = createShare(share, (message) => tellStarter(terminal, message));
  const listen = async (): Promise<void> => {
    for await (const line of linesOf(terminal.input.chunks())) opened.take(readToShare(line));
    // Who started this process is gone.
    opened.take({ type: "stop" });
  };
  void listen();
  return opened;
}

/** Tells the process that started this one, which listens to its standard output. */
export function tellStarter({ out }: Terminal, message: FromShare): void {
  out.write(`${JSON.stringify(message)}\n`);
}

/**
 * Runs the same command in so many processes at once.
 *
 * @throws ShareFailed if one of them fails
 */
export function startShares(
  context: CommandContext,
  run: {
    readonly options: readonly CommandOption[];
    readonly count: number;
    readonly name: string;
    readonly environment: BenchEnvironment;
  },
): Promise<Outcome> {
  const { count, name, environment } = run;
  const command = Bun.isStandaloneExecutable
    ? [process.execPath]
    : [process.execPath, "run", join(import.meta.dir, "../main.ts")];
  const words = [...command, "bench", ...wordsOf(context, run.options)];
  const secret = context.given.values.get(SECRET.name);
  return runShares(
    (index): ShareProcess => {
      const share: ShareOf = { index, count, run: name };
      const child = Bun.spawn(words, {
        env: {
          ...context.terminal.env,
          ...(typeof secret === "string" ? { [SECRET.variable]: secret } : {}),
          [VARIABLE]: JSON.stringify(share),
        },
        stdin: "pipe",
        stdout: "pipe",
        stderr: "pipe",
      });
      const error = child.stderr.text();
      return {
        lines: child.stdout,
        tell: (line) => {
          child.stdin.write(line);
          child.stdin.flush();
        },
        kill: () => child.kill("SIGKILL"),
        ended: child.exited.then(async (code) => ({ code, error: await error })),
      };
    },
    { count, environment },
  );
}

/** The words of this command line, but for those that only the first process needs. */
function wordsOf({ given }: CommandContext, options: readonly CommandOption[]): string[] {
  const flags = options
    .filter(({ name }) => name !== SECRET.name)
    .flatMap(({ name, flag }) => {
      const value = given.values.get(name);
      if (value === undefined) return [];
      if (typeof value === "boolean") return value ? [flag] : [`--no-${flag.slice(2)}`];
      return [value].flat().map((each) => `${flag}=${each}`);
    });
  return [...flags, "--", ...given.operands];
}

/** The command line: a broker, or another command. */

import { type ExitCode, reportFailure } from "./command.ts";
import { reasonOf } from "./file_failure.ts";
import { parseArguments } from "./parse_arguments.ts";
import { serve } from "./serve.ts";
import type { Terminal } from "./terminal.ts";

/** Runs what the words after the program's name ask for, and answers the exit code. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const given = parseArguments(argv);
  const { command, operands, mistakes, help, version } = given;
  const isServe = (command === undefined || command === "serve") && operands.length === 0;
  // A broker starts without all that the other commands need.
  if (isServe && mistakes.length === 0 && !help && !version) return serve({ terminal, given });
  const { runCommand } = await import("./run_command.ts");
  return written(terminal, await runCommand(argv, terminal));
}

/** The exit code of a command: it has failed when what it said could not be written. */
async function written({ out, err }: Terminal, code: ExitCode): Promise<ExitCode> {
  await out.drained();
  const failure = out.failure();
  if (failure === undefined) return code;
  return reportFailure({ err }, `Cannot write to standard output: ${reasonOf(failure)}`);
}

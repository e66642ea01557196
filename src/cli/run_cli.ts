/** The command line: which command is meant. */

import { EXIT, type ExitCode, reportFailure, reportMistakes } from "./command.ts";
import { commandHelpText } from "./command_help.ts";
import { helpText } from "./help.ts";
import { reasonOf } from "./file_failure.ts";
import { didYouMean } from "./nearest.ts";
import { parseArguments } from "./parse_arguments.ts";
import { serveCommand } from "./serve.ts";
import type { Terminal } from "./terminal.ts";
import { versionCommand } from "./version.ts";

/** Runs what the words after the program's name ask for, and answers the exit code. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const own = [serveCommand];
  const given = parseArguments(argv, own);
  const { command, mistakes, help, version } = given;
  const isServe = command === undefined || command === serveCommand.name;
  // A broker starts without all that the other commands need.
  if (isServe && mistakes.length === 0 && !help && !version) {
    return serveCommand.run({ terminal, given, commands: own });
  }
  return written(terminal, await runAny(argv, terminal));
}

/** The exit code of a command: it has failed when what it said could not be written. */
async function written({ out, err }: Terminal, code: ExitCode): Promise<ExitCode> {
  await out.drained();
  const failure = out.failure();
  if (failure === undefined) return code;
  return reportFailure({ err }, `Cannot write to standard output: ${reasonOf(failure)}`);
}

async function runAny(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { COMMANDS } = await import("./commands.ts");
  const given = parseArguments(argv, COMMANDS);
  const context = { terminal, given, commands: COMMANDS };
  const named = COMMANDS.find(({ name }) => name === given.command);
  if (given.help) {
    terminal.out.write(named === undefined ? helpText(COMMANDS) : commandHelpText(named));
    return EXIT.ok;
  }
  if (given.version) {
    return versionCommand.run({ ...context, given: parseArguments([versionCommand.name]) });
  }

  const command = given.command === undefined ? serveCommand : named;
  if (command === undefined) {
    const names = COMMANDS.map(({ name }) => name);
    const word = given.command ?? "";
    const hint = didYouMean(word, names, { otherwise: `expected one of ${names.join(", ")}` });
    return reportMistakes(terminal, [
      `Unknown command ${JSON.stringify(word)}: ${hint}`,
      ...given.mistakes,
    ]);
  }
  return command.run(context);
}

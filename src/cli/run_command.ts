/** Every command, and what is said where none is meant. A broker starts without all that. */

import { EXIT, type ExitCode, reportMistakes } from "./command.ts";
import { commandHelpText } from "./command_help.ts";
import { COMMANDS } from "./commands.ts";
import { helpText } from "./help.ts";
import { didYouMean } from "./nearest.ts";
import { parseArguments } from "./parse_arguments.ts";
import { serveCommand } from "./serve_command.ts";
import type { Terminal } from "./terminal.ts";
import { versionCommand } from "./version_command.ts";

/** Runs the command that the words name, or tells that there is none; answers the exit code. */
export async function runCommand(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
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

/** The command line: the table of commands, and which of them is meant. */

import { checkCommand } from "./check.ts";
import { type Command, type ExitCode, reportMistakes } from "./command.ts";
import { helpCommand } from "./help.ts";
import { didYouMean } from "./nearest.ts";
import { parseArguments } from "./parse_arguments.ts";
import { serveCommand } from "./serve.ts";
import type { Terminal } from "./terminal.ts";
import { versionCommand } from "./version.ts";

/** Every command, in the order of the help; the first is the default. */
export const COMMANDS: readonly Command[] = [
  serveCommand,
  checkCommand,
  helpCommand,
  versionCommand,
];

/** Runs what the words after the program's name ask for, and answers the exit code. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const given = parseArguments(argv);
  const context = { terminal, given, commands: COMMANDS };
  if (given.help) return helpCommand.run(context);
  if (given.version) return versionCommand.run(context);

  const names = COMMANDS.map(({ name }) => name);
  const command = COMMANDS.find(({ name }) => name === (given.command ?? serveCommand.name));
  if (command === undefined) {
    const word = given.command ?? "";
    const hint = didYouMean(word, names, { otherwise: `expected one of ${names.join(", ")}` });
    return reportMistakes(terminal, [
      `Unknown command ${JSON.stringify(word)}: ${hint}`,
      ...given.mistakes,
    ]);
  }
  const strange = given.operands.filter((word) => !(command.operands ?? []).includes(word));
  if (strange.length > 0) {
    const mistakes = strange.map((word) => {
      const otherwise = `stompbox ${command.name} takes no such word, see stompbox help`;
      return `Unexpected ${JSON.stringify(word)}: ${didYouMean(word, command.operands ?? [], { otherwise })}`;
    });
    return reportMistakes(terminal, [...mistakes, ...given.mistakes]);
  }
  return command.run(context);
}

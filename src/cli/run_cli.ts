/** The command line: the table of commands, and which of them is meant. */

import { benchCommand } from "./bench.ts";
import { checkCommand } from "./check.ts";
import { type Command, type ExitCode, EXIT, reportMistakes } from "./command.ts";
import { commandHelpText } from "./command_help.ts";
import { completionCommand } from "./completion.ts";
import { doctorCommand } from "./doctor.ts";
import { explainCommand } from "./explain.ts";
import { helpCommand, helpText } from "./help.ts";
import { didYouMean } from "./nearest.ts";
import { openApiCommand } from "./openapi.ts";
import { parseArguments } from "./parse_arguments.ts";
import { pubCommand } from "./pub.ts";
import { queueCommand } from "./queue.ts";
import { replyCommand } from "./reply.ts";
import { requestCommand } from "./request.ts";
import { serveCommand } from "./serve.ts";
import { subCommand } from "./sub.ts";
import { tailCommand } from "./tail.ts";
import type { Terminal } from "./terminal.ts";
import { topCommand } from "./top.ts";
import { versionCommand } from "./version.ts";

/** Every command, in the order of the help; the first is the default. */
export const COMMANDS: readonly Command[] = [
  serveCommand,
  checkCommand,
  pubCommand,
  subCommand,
  requestCommand,
  replyCommand,
  queueCommand,
  tailCommand,
  topCommand,
  benchCommand,
  doctorCommand,
  explainCommand,
  completionCommand,
  openApiCommand,
  helpCommand,
  versionCommand,
];

/** Runs what the words after the program's name ask for, and answers the exit code. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const given = parseArguments(argv, COMMANDS);
  const context = { terminal, given, commands: COMMANDS };
  const named = COMMANDS.find(({ name }) => name === given.command);
  if (given.help) {
    const text = named === undefined ? helpText(COMMANDS) : commandHelpText(named);
    terminal.out.write(text);
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

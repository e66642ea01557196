/** What a command of stompbox is. */

import type { Arguments } from "./parse_arguments.ts";
import type { Terminal } from "./terminal.ts";

/** Exit codes: done; failed while running; used or configured wrongly. */
export const EXIT = { ok: 0, failed: 1, misuse: 2 } as const;

/** One of the values of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What a command is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly given: Arguments;
  /** Every command there is, for those that list them. */
  readonly commands: readonly Command[];
}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** What for, in a few words. */
  readonly summary: string;
  /** Operands that it takes after its name. */
  readonly operands?: readonly string[];
  readonly run: (context: CommandContext) => ExitCode | Promise<ExitCode>;
}

/** Tells a person about mistakes, all at once, and answers the exit code for them. */
export function reportMistakes(terminal: Terminal, mistakes: readonly string[]): ExitCode {
  const [red, plain] = terminal.err.color ? ["\x1b[31m", "\x1b[0m"] : ["", ""];
  const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
  const lines = mistakes.map((mistake) => `  ${mistake}\n`).join("");
  terminal.err.write(`${red}stompbox: ${count}${plain}\n${lines}`);
  return EXIT.misuse;
}

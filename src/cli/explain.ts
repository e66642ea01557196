/** `stompbox explain`. */

import { type FaultCode, REFUSALS } from "../fault.ts";
import { defineCommand, EXIT, NONE, reportMistakes } from "./command.ts";
import { optionalOperand } from "./command_option.ts";
import { EXPLANATIONS } from "./explanations.ts";
import { didYouMean } from "./nearest.ts";
import { wrapText } from "./wrap_text.ts";

/** Every code, in the order of the table. */
export const CODES: readonly FaultCode[] = Object.keys(REFUSALS).filter(explains);

/** Says what a code of an ERROR frame means and what to do about it; without one, lists them all. */
export const explainCommand = defineCommand({
  name: "explain",
  summary: "say what the code of an error means, and the cure",
  group: "help",
  operands: {
    code: optionalOperand({
      placeholder: "CODE",
      description: "a code, or the header line or the ERROR frame that has it",
      completion: CODES,
    }),
  },
  options: NONE,
  shared: NONE,
  examples: [
    { line: "stompbox explain queue-full", about: "cause and cure of one code" },
    { line: "stompbox explain code:queue-full", about: "as the header of an ERROR frame has it" },
    { line: "stompbox explain", about: "every code" },
  ],
  run: ({ terminal }, { operands: { code: words } }) => {
    if (words === undefined) {
      terminal.out.write(listText());
      return EXIT.ok;
    }
    const code = codeIn(words);
    if (!explains(code)) {
      const hint = didYouMean(code, CODES, { otherwise: "see stompbox explain for all of them" });
      return reportMistakes(terminal, [
        `Unknown code ${JSON.stringify(code.slice(0, 80))}: ${hint}`,
      ]);
    }
    terminal.out.write(explanationText(code));
    return EXIT.ok;
  },
});

/** The code in what was pasted: the word itself, its header line, or a frame that has the line. */
function codeIn(words: string): string {
  const line = /(?:^|\n)\s*code\s*:\s*([^\s]+)/i.exec(words);
  return (line?.[1] ?? words).trim().toLowerCase();
}

/** Whether `stompbox explain` knows that code. */
export function explains(code: string): code is FaultCode {
  return Object.hasOwn(REFUSALS, code);
}

function listText(): string {
  const width = Math.max(...CODES.map((code) => code.length)) + 2;
  return CODES.map((code) => `${code.padEnd(width)}${REFUSALS[code].message}\n`).join("");
}

function explanationText(code: FaultCode): string {
  const { message, status, close, retry } = REFUSALS[code];
  const { cause, cure } = EXPLANATIONS[code];
  return `${[
    `${code}: ${message}`,
    "",
    ...wrapText(cause, 78),
    "",
    ...wrapText(`Cure: ${cure}`, 78),
    "",
    retryText(retry),
    `HTTP status ${status}, WebSocket close code ${close}.`,
  ].join("\n")}\n`;
}

function retryText(retry: boolean | number): string {
  if (retry === false) return "The same attempt will fail again.";
  return retry === true
    ? "The same attempt may succeed later."
    : `The same attempt may succeed after ${retry / 1000} s.`;
}

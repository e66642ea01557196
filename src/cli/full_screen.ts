/** The whole of a terminal, drawn over and over, and given back as it was. */

import type { Input, Terminal } from "./terminal.ts";

/** A screen that is taken. */
export interface FullScreen {
  /** Shows lines that are short enough in place of what is there, without a flicker. */
  readonly draw: (lines: readonly string[]) => void;
  /** Gives the terminal back. More than once does no harm. */
  readonly close: () => void;
}

/** The other screen that terminals have, empty and without a cursor; and back. */
const TAKE = "\x1b[?1049h\x1b[?25l\x1b[2J";
const GIVE_BACK = "\x1b[?25h\x1b[?1049l";
/** What stands between is shown at once, by terminals that know how to. */
const BEGIN = "\x1b[?2026h\x1b[H";
const END = "\x1b[J\x1b[?2026l";
const TO_LINE_END = "\x1b[K";

/** Takes the screen, and keys as they are pressed. */
export function takeScreen({ out, input, setRawKeys, atExit }: Terminal): FullScreen {
  let isOpen = true;
  const forget = atExit(GIVE_BACK);
  if (input.isTerminal) setRawKeys(true);
  out.write(TAKE);
  return {
    draw: (lines) => {
      // A picture that nobody has seen yet is in no need of another.
      if (!isOpen || out.backlog() > 0) return;
      const { rows } = out.size();
      const shown = lines.slice(0, rows).map((line) => line + TO_LINE_END);
      out.write(BEGIN + shown.join("\r\n") + END);
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      out.write(GIVE_BACK);
      if (input.isTerminal) setRawKeys(false);
      forget();
    },
  };
}

/** A key: its character, or one of these. */
export type Key = "up" | "down" | "left" | "right" | "tab" | "ctrl-c" | (string & {});

const NAMED: ReadonlyMap<string, Key> = new Map([
  ["A", "up"],
  ["B", "down"],
  ["C", "right"],
  ["D", "left"],
  ["\t", "tab"],
  ["\x03", "ctrl-c"],
]);
const PRESSED = /\x1b(?:\[|O)([A-D])|\x1b\[[0-?]*[ -/]*[@-~]|\x1b.?|([^\x1b])/gsu;

/** The keys in what a terminal sent; what is none of {@link Key} is left out. */
export function keysIn(text: string): Key[] {
  return [...text.matchAll(PRESSED)].flatMap(([, arrow, character]) => {
    const pressed = arrow ?? character;
    if (pressed === undefined) return [];
    // A letter that is typed is none of those that end an arrow's sequence.
    if (arrow === undefined && /[A-D]/.test(pressed)) return [pressed.toLowerCase()];
    return [NAMED.get(pressed) ?? pressed.toLowerCase()];
  });
}

/** Calls `press` for every key until the input ends. */
export async function watchKeys(input: Input, press: (key: Key) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of input.chunks()) {
    for (const key of keysIn(decoder.decode(chunk, { stream: true }))) press(key);
  }
}

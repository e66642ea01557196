import { escapeName, escapeValue } from "./escape.ts";
import { VERSION_RULES, type Version } from "./version.ts";

/**
 * The headers that a message keeps, in either of two forms: the sender's own
 * lines where every version's client reads them alike (the common case, and
 * by far the cheapest to send on), or a list that is written out per version.
 */
export interface HeaderBlock {
  /**
   * What stands between the line before them and the body, where it suits every
   * version: LF, their lines and the blank line; undefined where there is only the list.
   */
  readonly between: string | undefined;
  /** Characters of them, about. */
  readonly size: number;
  /** Names and values in turn, unescaped, in order. */
  list(): readonly string[];
}

/** Headers from lines, each ended by LF, that need no escape in any version; see `Frame.block`. */
export function plainHeaders(lines: string): HeaderBlock {
  return new PlainHeaders(lines);
}

class PlainHeaders implements HeaderBlock {
  readonly between: string;
  #list: readonly string[] | undefined;

  constructor(lines: string) {
    // Joined, it is one text; added up it would be a tree of pieces in every frame.
    this.between = ["", lines, ""].join("\n");
  }

  get size(): number {
    return this.between.length - 2;
  }

  list(): readonly string[] {
    this.#list ??= splitLines(this.between);
    return this.#list;
  }
}

/** Writes names and values in turn as header lines, escaped as the version has it. */
export function writeHeaders(headers: readonly string[], version: Version): string {
  const rules = VERSION_RULES[version];
  let lines = "";
  for (let i = 0; i < headers.length; i += 2) {
    const name = escapeName(headers[i] ?? "", rules);
    lines += `${name}:${escapeValue(headers[i + 1] ?? "", rules)}\n`;
  }
  return lines;
}

function splitLines(lines: string): readonly string[] {
  const list: string[] = [];
  for (const line of lines.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) list.push(line.slice(0, colon), line.slice(colon + 1));
  }
  return list;
}

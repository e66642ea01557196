import { escapeName, escapeValue } from "./escape.ts";
import { isPlainValue } from "./frame.ts";
import { VERSION_RULES, type Version } from "./version.ts";
import { wholeCopy } from "./whole_copy.ts";

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
  /** The same with other values for some, by name; undefined if they cannot be lines then. */
  with(values: Readonly<Record<string, string | undefined>>): HeaderBlock | undefined;
}

/** Headers from lines, each ended by LF, that need no escape in any version; see `Frame.block`. */
export function plainHeaders(lines: string): HeaderBlock {
  // Joined, it is one text; added up it would be a tree of pieces in every frame.
  return new PlainHeaders(["", lines, ""].join("\n"));
}

class PlainHeaders implements HeaderBlock {
  readonly between: string;
  #list: readonly string[] | undefined;

  constructor(between: string) {
    this.between = between;
  }

  get size(): number {
    return this.between.length - 2;
  }

  list(): readonly string[] {
    this.#list ??= splitLines(this.between);
    return this.#list;
  }

  with(values: Readonly<Record<string, string | undefined>>): HeaderBlock | undefined {
    let { between } = this;
    for (const name in values) {
      const value = values[name];
      if (value === undefined) continue;
      if (!isPlainValue(value) || NEEDS_ESCAPE.test(value)) return undefined;
      between = withValue(between, name, value);
    }
    return new PlainHeaders(wholeCopy(between));
  }
}

const NEEDS_ESCAPE = /[\\\r\n]/;

/** Header lines behind a LF, with another value wherever that header stands. */
function withValue(lines: string, name: string, value: string): string {
  const begin = `\n${name}:`;
  let changed = lines;
  for (let at = changed.indexOf(begin); at >= 0; at = changed.indexOf(begin, at + 1)) {
    const from = at + begin.length;
    changed = changed.slice(0, from) + value + changed.slice(changed.indexOf("\n", from));
  }
  return changed;
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

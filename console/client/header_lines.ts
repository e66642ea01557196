/** Headers as somebody types them. */
export interface HeaderLines {
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** A sentence for each line that cannot be sent. */
  readonly mistakes: readonly string[];
}

/** Reads lines of `name:value`; empty ones do not count. */
export function readHeaderLines(text: string): HeaderLines {
  const headers: (readonly [string, string])[] = [];
  const mistakes: string[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim();
    if (colon < 0 || name === "") {
      mistakes.push(`Cannot send the header ${quoted(line)}: expected name:value`);
    } else if (headers.some(([each]) => each === name)) {
      mistakes.push(`Cannot send the header ${quoted(name)} twice: only the first would count`);
    } else {
      headers.push([name, line.slice(colon + 1).trim()]);
    }
  }
  return { headers, mistakes };
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

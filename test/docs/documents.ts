import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A fenced block of a document. */
export interface DocumentBlock {
  /** File and line where it begins. */
  readonly where: string;
  readonly language: string;
  /** What follows the language on the line that opens it. */
  readonly options: readonly string[];
  readonly text: string;
}

const FOLDER = join(import.meta.dir, "../../docs");

/** The documents by file name, in order. */
export function documentTexts(): ReadonlyMap<string, string> {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".md"));
  return new Map(names.sort().map((name) => [name, readFileSync(join(FOLDER, name), "utf8")]));
}

/** The fenced blocks of all documents, in order. */
export function documentBlocks(): DocumentBlock[] {
  return [...documentTexts()].flatMap(([name, text]) => blocksIn(name, text));
}

function blocksIn(name: string, text: string): DocumentBlock[] {
  return [...text.matchAll(/^```([^\n]+)\n([^]*?)^```$/gm)].map((match) => {
    const [language = "", ...options] = shellWords(match[1] ?? "");
    const line = text.slice(0, match.index).split("\n").length;
    return { where: `docs/${name}:${line}`, language, options, text: match[2] ?? "" };
  });
}

/** The words of a command line; single quotes hold words together. */
export function shellWords(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ""));
}

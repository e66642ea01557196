import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A fenced block of a document. */
export interface DocumentBlock {
  /** The document, relative to the project. */
  readonly document: string;
  /** File and line where it begins. */
  readonly where: string;
  readonly language: string;
  /** What follows the language on the line that opens it. */
  readonly options: readonly string[];
  readonly text: string;
}

/** The folder of the project, where documents are named from. */
export const PROJECT = join(import.meta.dir, "../..");

/** The documents by their path in the project: README.md and what is in docs/, in order. */
export function documentTexts(): ReadonlyMap<string, string> {
  const names = readdirSync(join(PROJECT, "docs")).filter((name) => name.endsWith(".md"));
  const paths = ["README.md", ...names.sort().map((name) => `docs/${name}`)];
  return new Map(paths.map((path) => [path, readFileSync(join(PROJECT, path), "utf8")]));
}

/** The fenced blocks of all documents, in order. */
export function documentBlocks(): DocumentBlock[] {
  return [...documentTexts()].flatMap(([document, text]) => blocksIn(document, text));
}

const BLOCK = /^```([^\n]+)\n([^]*?)^```$/gm;

function blocksIn(document: string, text: string): DocumentBlock[] {
  return [...text.matchAll(BLOCK)].map((match) => {
    const [language = "", ...options] = shellWords(match[1] ?? "");
    const line = text.slice(0, match.index).split("\n").length;
    return { document, where: `${document}:${line}`, language, options, text: match[2] ?? "" };
  });
}

/** A document without its fenced blocks: what is prose, tables, links. */
export function proseOf(text: string): string {
  return text.replace(BLOCK, "");
}

/** What a document has between backquotes, fenced blocks left out. */
export function codeSpans(text: string): string[] {
  return [...proseOf(text).matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
}

/** The command lines of a block: without comments, each on one line. */
export function commandLines(block: DocumentBlock): string[] {
  return block.text
    .replaceAll("\\\n", "")
    .split("\n")
    .map((line) => line.replace(/(?:^|\s+)# .*$/, "").trim())
    .filter((line) => line !== "");
}

/** The words of a command line; single quotes hold words together. */
export function shellWords(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ""));
}

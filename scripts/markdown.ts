/** Says at the head of a document that it is generated. */
export const GENERATED =
  "<!-- Written by `npm run docs`. Change the table in the code, not this file. -->";

/** A document of blocks with an empty line between them. */
export function document(blocks: readonly string[]): string {
  return `${blocks.join("\n\n")}\n`;
}

/** Lines in a fence. */
export function fenced(language: string, lines: readonly string[]): string {
  return [`\`\`\`${language}`, ...lines, "```"].join("\n");
}

/** A table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Text as code. */
export function code(text: string): string {
  return `\`${text}\``;
}

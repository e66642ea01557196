import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { writtenDocuments } from "../../scripts/write_docs.ts";
import { OPTIONS, RULE_OPTIONS } from "../../src/config.ts";
import { DESTINATION_PREFIXES, DIALECT_HEADERS } from "../../src/session/dialect.ts";

const documents = writtenDocuments().map(
  (document) => [basename(document.path), document] as const,
);

test.each(documents)("docs/%s is what npm run docs writes", (_name, { path, text }) => {
  expect(readFileSync(path, "utf8")).toBe(text);
});

const cell = (text: string): string => text.replaceAll("|", "\\|");

test("docs/headers.md has every header and every prefix", () => {
  const text = documents.find(([name]) => name === "headers.md")?.[1].text ?? "";
  for (const frame of new Set(DIALECT_HEADERS.map((row) => row.frame))) {
    const [, section = ""] = text.split(`\n## ${frame}\n`);
    const [own = ""] = section.split("\n## ");
    for (const { spelling, note, fallback, example } of DIALECT_HEADERS.filter(
      (row) => row.frame === frame,
    )) {
      expect(own).toContain(`| \`${spelling}\` |`);
      for (const part of [note, fallback, example]) expect(own).toContain(cell(part));
    }
  }
  for (const { from, to } of DESTINATION_PREFIXES)
    expect(text).toContain(`| \`${from}\` | \`${to}\` |`);
});

test("docs/configuration.md has every option", () => {
  const text = documents.find(([name]) => name === "configuration.md")?.[1].text ?? "";
  for (const { flag, variable, description } of OPTIONS) {
    expect(text).toContain(`| \`${flag}\`<br>\`${variable}\` | ${description} |`);
  }
  for (const { key } of RULE_OPTIONS) expect(text).toContain(`| \`${key}\` |`);
});

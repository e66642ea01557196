import { expect, test } from "bun:test";
import { documentTexts } from "./documents.ts";

const documents = documentTexts();

/** What a heading is linked by. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-");
}

const links = [...documents].flatMap(([name, text]) =>
  [...text.matchAll(/\]\(([a-z_]*\.?m?d?)(?:#([a-z0-9-]+))?\)/g)].map(
    ([link, file, anchor]) => [name, link, file === "" ? name : (file ?? name), anchor] as const,
  ),
);

test.each(links)("docs/%s: %s leads somewhere", (_name, _link, file, anchor) => {
  const text = documents.get(file) ?? "";
  expect(text).not.toBe("");
  const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1] ?? ""));
  if (anchor !== undefined) expect(anchors).toContain(anchor);
});

test("there are links between the documents", () => {
  expect(links.length).toBeGreaterThan(3);
});

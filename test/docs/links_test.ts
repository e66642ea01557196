/** Every link of the documentation leads somewhere, and nothing is without a link to it. */

import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { documentTexts, PROJECT, proseOf } from "./documents.ts";

const read = (path: string): string => readFileSync(join(PROJECT, path), "utf8");
const documents = new Map([
  ...documentTexts(),
  ...["ARCHITECTURE.md", "CHANGELOG.md"].map((path) => [path, read(path)] as const),
]);

/** What a heading is linked by. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^a-z0-9 _-]/g, "")
    .replaceAll(" ", "-");
}

function anchorsIn(text: string): string[] {
  return [...proseOf(text).matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1] ?? ""));
}

/** Links of Markdown, addresses in angle brackets, and those of HTML. */
const LINK = /\]\(\s*([^)\s]+)\s*\)|<(https?:[^>\s]+)>|\b(?:href|src|srcset)="([^"]+)"/g;

interface Link {
  readonly document: string;
  readonly target: string;
}

const links: readonly Link[] = [...documents].flatMap(([document, text]) =>
  [...proseOf(text).matchAll(LINK)].map((match) => ({
    document,
    target: match[1] ?? match[2] ?? match[3] ?? "",
  })),
);
const isWeb = ({ target }: Link): boolean => /^[a-z]+:/.test(target);
const isImage = ({ target }: Link): boolean => /\.(?:png|svg|jpe?g|webp)$/.test(target);
const rows = (some: readonly Link[]) =>
  some.map((link) => [link.document, link.target, link] as const);
/** Where a relative link leads, seen from the project, and to which heading. */
function placeOf({ document, target }: Link): readonly [path: string, anchor: string | undefined] {
  const [file = "", anchor] = target.split("#");
  return [file === "" ? document : join(dirname(document), file), anchor];
}

test.each(rows(links.filter((link) => !isWeb(link) && !isImage(link))))(
  "%s: %s leads somewhere",
  (_document, _target, link) => {
    const [path, anchor] = placeOf(link);
    const text = documents.get(path);
    if (text === undefined) {
      // Files of the project that are no documentation have no headings to lead to.
      expect([path, existsSync(join(PROJECT, path)), anchor]).toEqual([path, true, undefined]);
    } else if (anchor !== undefined) expect(anchorsIn(text)).toContain(anchor);
  },
);

test.each(rows(links.filter(isWeb)))("%s: %s is an address", (_document, target) => {
  const { protocol, hostname } = new URL(target);
  // What is served on localhost is tried elsewhere.
  expect(hostname === "localhost" || protocol === "https:").toBe(true);
});

const IMAGES = "docs/images";
const IMAGE_BYTES_MAX = 250 * 1024;
const images = readdirSync(join(PROJECT, IMAGES)).map((name) => `${IMAGES}/${name}`);

test.each(images.map((path) => [path]))("%s is shown, and small", (path) => {
  expect(links.filter(isImage).map((link) => placeOf(link)[0])).toContain(path);
  expect(statSync(join(PROJECT, path)).size).toBeLessThanOrEqual(IMAGE_BYTES_MAX);
});

test("every picture that is shown is there", () => {
  const shown = links.filter(isImage).map((link) => placeOf(link)[0]);
  expect(shown.length).toBeGreaterThan(3);
  const there = (path: string) => images.includes(path) || existsSync(join(PROJECT, path));
  expect(shown.filter((path) => !there(path))).toEqual([]);
});

test("every picture says in words what is on it", () => {
  for (const [document, text] of documents) {
    const bare = [...text.matchAll(/!\[\s*\]\(|<img\b(?![^>]*\balt="[^"]+")[^>]*>/g)];
    expect([document, bare.map(([image]) => image)]).toEqual([document, []]);
  }
});

test("README.md has a link to every document", () => {
  const linked = links
    .filter((link) => link.document === "README.md" && !isWeb(link))
    .map((link) => placeOf(link)[0]);
  const missing = [...documents.keys()].filter((path) => path !== "README.md");
  expect(missing.filter((path) => !linked.includes(path))).toEqual([]);
});

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** Holds the sources of the console to what keeps it safe and its parts apart. */

const CONSOLE = join(import.meta.dir, "../../console");

const files = [...new Bun.Glob("**/*.{ts,tsx}").scanSync(CONSOLE)].sort().map((path) => {
  const text = readFileSync(join(CONSOLE, path), "utf8");
  const code = text.replace(/\/\*[^]*?\*\//g, "").replace(/(^|[\s;{}(,])\/\/.*$/gm, "$1");
  const imports = [...code.matchAll(/\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"/gm)].map(
    (match) => match[1] ?? match[2] ?? "",
  );
  return { path, code, imports };
});

function linesWith(pattern: RegExp): string[] {
  return files.flatMap(({ path, code }) =>
    code
      .split("\n")
      .filter((line) => pattern.test(line))
      .map((line) => `${path}: ${line.trim()}`),
  );
}

test.each([
  [
    "puts no text into the page as markup",
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc/,
  ],
  ["makes no code of text", /\beval\b|new Function|javascript:/],
  ["writes no style attribute, which the policy would block", /setAttribute\(\s*"style"/],
  ["leaves no trace in the browser's console", /^\s*(?:void )?console\./],
  ["has no unchecked types", /: any\b|\bas any\b|<any>|as unknown as|@ts-ignore|@ts-nocheck/],
  ["has no top-level let", /^(?:export )?let /],
] as const)("%s", (_what, pattern) => {
  expect(linesWith(pattern)).toEqual([]);
});

/** Texts and nothing else: what each code of an ERROR means. */
const EXPLANATIONS = "src/cli/explanations.ts";

test("takes of the broker only what the API is made of, and the words for its refusals", () => {
  const outside = files.flatMap(({ path, imports }) =>
    imports
      .filter((name) => name.startsWith("."))
      .map((name) => normalize(join("console", dirname(path), name)))
      .filter((target) => !target.startsWith("console/") && !target.startsWith("src/api/"))
      .filter((target) => target !== EXPLANATIONS)
      .map((target) => `${path} -> ${target}`),
  );
  expect(outside).toEqual([]);
});

test("takes only the packages whose licences are with it", () => {
  const packages = files.flatMap(({ imports }) => imports.filter((name) => !name.startsWith(".")));
  expect([...new Set(packages)].sort()).toEqual([
    "@stomp/stompjs",
    "preact",
    "preact/hooks",
    "uplot",
    "zod",
  ]);
});

test("what all pages share knows none of them", () => {
  const wrong = files.flatMap(({ path, imports }) =>
    /^(?:ui|broker)\//.test(path)
      ? imports
          .map((name) => normalize(join(dirname(path), name)))
          .filter((target) => /^(?:overview|frames|connections|destinations|client)\//.test(target))
          .map((target) => `${path} -> ${target}`)
      : [],
  );
  expect(wrong).toEqual([]);
});

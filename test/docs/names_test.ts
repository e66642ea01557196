/** Whatever the documentation names exists: commands, options, scripts, files, pages, calls. */

import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseFrameQuery } from "../../console/frames/frame_query.ts";
import { PAGES } from "../../console/route.ts";
import manifest from "../../package.json" with { type: "json" };
import { openApiDocument } from "../../src/api/openapi.ts";
import { HELP_TOPIC_NAMES } from "../../src/cli/help_topics.ts";
import { portsText } from "../../src/cli/ports_file.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { OPTIONS } from "../../src/config.ts";
import { configSchema } from "../../src/config/config_schema.ts";
import { startRealBroker } from "../transport/real_broker.ts";
import {
  codeSpans,
  commandLines,
  documentBlocks,
  documentTexts,
  PROJECT,
  proseOf,
} from "./documents.ts";

const documents = documentTexts();
const blocks = documentBlocks();

/** What is to be read as a command or a name: code in prose, and the lines of shell blocks. */
const spans = [...documents].flatMap(([document, text]) =>
  [
    ...codeSpans(text),
    ...blocks
      .filter((block) => block.document === document && block.language === "sh")
      .flatMap(commandLines),
  ].map((span) => ({ document, span })),
);

/** Each thing that a pattern finds, once a document, by the first group. */
function named(pattern: RegExp): (readonly [name: string, document: string])[] {
  const found = spans.flatMap(({ document, span }) =>
    [...span.matchAll(pattern)].map((match) => `${match[1] ?? ""} ${document}`),
  );
  return [...new Set(found)].sort().map((both) => {
    const space = both.lastIndexOf(" ");
    return [both.slice(0, space), both.slice(space + 1)] as const;
  });
}

describe("commands", () => {
  const names = COMMANDS.map(({ name }) => name);
  test.each(named(/(?:^|\s)(?:\.\/dist\/)?stompbox ([a-z]+)/g))("%s is one (%s)", (name) => {
    expect(names).toContain(name);
  });

  test.each(named(/\bstompbox help ([a-z]+)/g))("help %s is answered (%s)", (topic) => {
    expect([...HELP_TOPIC_NAMES, ...names]).toContain(topic);
  });
});

describe("scripts", () => {
  const scripts = Object.keys(manifest.scripts);
  test.each(named(/\bnpm run ([a-z:]+)/g))("npm run %s is one (%s)", (name) => {
    expect(scripts).toContain(name);
  });

  test.each(named(/\bnpm (start|test)\b/g))("npm %s is one (%s)", (name) => {
    expect(scripts).toContain(name);
  });
});

describe("options", () => {
  const flags = new Set([
    ...["--help", "--version", "--config"],
    ...OPTIONS.map(({ flag }) => flag),
    ...COMMANDS.flatMap(({ options, shared }) => [...options, ...shared].map(({ flag }) => flag)),
  ]);
  // `--name value` and `--no-NAME` stand for others.
  const inGeneral = ["--name", "--no-"];
  const given = named(/(?:^|\s)(--[a-z][a-z0-9.-]*)/g);
  test.each(given.filter(([flag]) => !inGeneral.includes(flag)))("%s is one (%s)", (flag) => {
    expect([flag, flag.replace(/^--no-/, "--")].some((name) => flags.has(name))).toBe(true);
  });

  const variables = new Set([
    "STOMPBOX_CONFIG",
    ...OPTIONS.map(({ variable }) => variable),
    ...COMMANDS.flatMap(({ options, shared }) =>
      [...options, ...shared].flatMap(({ variable }) => variable ?? []),
    ),
  ]);
  test.each(named(/\b(STOMPBOX_[A-Z_]+)/g))("%s is one (%s)", (variable) => {
    expect(variables.has(variable)).toBe(true);
  });
});

describe("files of the project", () => {
  test.each(named(/(?:^|\s)((?:src|bench|docs|scripts|static|test)\/[\w./-]+\.\w+)/g))(
    "%s is there (%s)",
    (path) => {
      expect(existsSync(join(PROJECT, path))).toBe(true);
    },
  );
});

/** Paths of the embedded pages, such as `/chat/`. */
const pages = readdirSync(join(PROJECT, "static"), { recursive: true, encoding: "utf8" })
  .map((name) => `/${name.replaceAll("\\", "/")}`)
  .filter((path) => path.endsWith("/index.html"))
  .map((path) => path.slice(0, -"index.html".length));

/** What a path may be that is none of ours: destinations, here and elsewhere. */
const DESTINATION =
  /^\/(?:(?:remote-)?temp-(?:queue|topic)|queue|topic|exchange|amq|app|user|dsub)\//;

describe("paths", () => {
  const { paths } = openApiDocument({ version: "" });
  const known = new Set([
    ...["/", "/_stompbox/", "/_stompbox/console/"],
    ...pages,
    ...Object.keys(paths),
    ...configSchema.parse({}).webSocketPaths,
  ]);
  const isKnown = (path: string): boolean =>
    known.has(path) ||
    [...known].some((each) => path.endsWith("/") && each.startsWith(path)) ||
    existsSync(join(PROJECT, "static", path));
  const mentioned = named(/^(?:(?:GET|POST|DELETE) )?(\/[A-Za-z0-9/_{}.-]*)(?:\?.*)?$/g).filter(
    ([path, document]) => !DESTINATION.test(path) && !document.includes("migrating"),
  );
  test.each(mentioned)("%s is one (%s)", (path) => {
    expect(isKnown(path)).toBe(true);
  });

  test("docs/pages.md has every page", () => {
    const listed = codeSpans(documents.get("docs/pages.md") ?? "");
    expect(pages.filter((path) => !listed.includes(path))).toEqual([]);
  });

  const addresses = [...documents].flatMap(([document, text]) =>
    [...text.matchAll(/http:\/\/localhost:61614(\/[^\s'"`<>)|]*)/g)].map(
      (match) => [match[1] ?? "/", document] as const,
    ),
  );
  // What shows something, and nothing of one queue, connection or the like; docs/api.md has tests for that.
  const shown = addresses.filter(
    ([path, document]) => document !== "docs/api.md" && !path.includes("send"),
  );
  test.each(shown)("http://localhost:61614%s is answered (%s)", async (path) => {
    const broker = await startRealBroker();
    try {
      const ended = new AbortController();
      const response = await fetch(`http://localhost:${broker.ws}${path}`, {
        signal: ended.signal,
      });
      expect(response.status).toBe(200);
      ended.abort();
    } finally {
      await broker.stop();
    }
  });
});

describe("docs/console.md", () => {
  test("has a section for each page of the console", () => {
    const text = documents.get("docs/console.md") ?? "";
    const sections = [...text.matchAll(/^## (.+)$/gm)].map((match) => match[1]?.toLowerCase());
    expect(sections).toEqual(expect.arrayContaining([...PAGES]));
  });

  const [, frames = ""] = (documents.get("docs/console.md") ?? "").split("\n## Frames\n");
  const [, table = ""] = /\n\| word \|[^\n]*\n([^]*?)\n\n/.exec(frames) ?? [];
  const words = [...table.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1] ?? "");

  test("has words of the filter, and they are understood", () => {
    expect(words.length).toBeGreaterThan(5);
    for (const word of words) {
      expect([word, parseFrameQuery(word).mistakes]).toEqual([word, []]);
    }
  });
});

test("docs/operations.md shows a ports file as it is", () => {
  const shown = blocks.find(
    ({ document, language }) => document === "docs/operations.md" && language === "json",
  );
  const written = portsText([
    { scheme: "ws", host: "localhost", port: 61614, path: "/", url: "ws://localhost:61614/" },
    { scheme: "tcp", host: "localhost", port: 61613, path: "", url: "tcp://localhost:61613" },
  ]);
  expect(JSON.parse(shown?.text ?? "")).toEqual(JSON.parse(written));
});

test("the test command of README.md stays where others look for it", () => {
  expect(proseOf(documents.get("README.md") ?? "")).not.toContain("npm test");
  const lines = blocks.filter(({ document }) => document === "README.md").flatMap(commandLines);
  expect(lines.slice(0, 2)).toEqual(["npm install && npm start", "npm install && npm test"]);
});

/** Everything in the documentation that can be pasted works when it is. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { browserMissing, launchBrowser } from "../browser/browser.ts";
import { commandLines, type DocumentBlock, documentBlocks } from "./documents.ts";
import {
  chatInTwoWindows,
  openSnippetHouse,
  pasteIntoPage,
  printsOf,
  runBroker,
  runLines,
  SNIPPET_TIMEOUT_MS,
  type SnippetHouse,
  startEndless,
  waitForPrint,
} from "./snippet.ts";

/** These have tests of their own, by the tables that they are made from. */
const GENERATED = ["docs/api.md", "docs/command_line.md", "docs/configuration.md"];
/** Changes the machine, or the project: what it names is looked up instead. */
const NOT_HERE = /^(?:npm|git|ssh|kill) /;

const blocks = documentBlocks().filter(({ document }) => !GENERATED.includes(document));
const has = ({ options }: DocumentBlock, option: string): boolean => options.includes(option);
const rows = (some: readonly DocumentBlock[]) => some.map((block) => [block.where, block] as const);

const shellBlocks = blocks
  .filter(({ language }) => language === "sh")
  .filter((block) => !commandLines(block).every((line) => NOT_HERE.test(line)));
const scripts = blocks.filter(({ language }) => ["js", "ts", "html"].includes(language));

async function inHouse(use: (house: SnippetHouse) => Promise<void>, page?: string): Promise<void> {
  const house = await openSnippetHouse(page);
  try {
    await use(house);
  } finally {
    await house.close();
  }
}

const hasShell = Bun.which("sh") !== null && Bun.which("curl") !== null;

describe.skipIf(!hasShell && process.env["CI"] !== "true")("pasted into a shell", () => {
  const brokers = shellBlocks.filter((block) => has(block, "serve"));
  const lines = brokers.flatMap((block) =>
    commandLines(block).map((line) => [line, block.where] as const),
  );
  test.each(lines)(
    "%s listens, and stops in order (%s)",
    (line) => inHouse((house) => runBroker(house, line)),
    SNIPPET_TIMEOUT_MS,
  );

  const endless = shellBlocks.filter((block) => has(block, "endless"));
  const nextOf = (block: DocumentBlock): DocumentBlock | undefined =>
    shellBlocks[shellBlocks.indexOf(block) + 1];
  test.each(rows(endless))(
    "%s goes on beside the next",
    (_where, block) =>
      inHouse(async (house) => {
        const beside = await startEndless(house, block);
        const next = nextOf(block);
        if (next !== undefined) await runLines(house, next);
        await waitForPrint(beside, block);
      }),
    SNIPPET_TIMEOUT_MS,
  );

  const alone = shellBlocks.filter(
    (block) =>
      !brokers.includes(block) &&
      !endless.includes(block) &&
      !endless.some((each) => nextOf(each) === block),
  );
  test.each(rows(alone))(
    "%s works",
    (_where, block) => inHouse((house) => runLines(house, block)),
    SNIPPET_TIMEOUT_MS,
  );
});

describe.skipIf(browserMissing !== undefined)("in a browser", () => {
  const open: { browser?: Browser } = {};
  beforeAll(async () => {
    open.browser = await launchBrowser();
  }, SNIPPET_TIMEOUT_MS);
  afterAll(() => open.browser?.close(), SNIPPET_TIMEOUT_MS);
  const theBrowser = (): Browser => {
    if (open.browser === undefined) throw new Error("There is no browser");
    return open.browser;
  };

  const pasted = Map.groupBy(
    scripts.filter((block) => has(block, "page")),
    ({ document }) => document,
  );
  test.each([...pasted])(
    "what %s has for the developer tools of a page works",
    (_document, parts) =>
      inHouse((house) => pasteIntoPage({ browser: theBrowser(), house }, parts)),
    SNIPPET_TIMEOUT_MS,
  );

  test(
    "what README.md has goes out by say()",
    () => {
      const parts = pasted.get("README.md") ?? [];
      const text = 'say("hello");';
      const said = { ...parts[0], document: "README.md", where: "say()", language: "js", text };
      const last: DocumentBlock = { ...said, options: ["page", "prints=hello"] };
      return inHouse((house) => pasteIntoPage({ browser: theBrowser(), house }, [...parts, last]));
    },
    SNIPPET_TIMEOUT_MS,
  );

  test.each(rows(scripts.filter(({ language }) => language === "html")))(
    "the page of %s chats",
    (_where, { text }) => inHouse((house) => chatInTwoWindows(theBrowser(), house), text),
    SNIPPET_TIMEOUT_MS,
  );
});

describe("as a program", () => {
  const programs = scripts.filter((block) => has(block, "program"));
  const runProgram = (block: DocumentBlock, runner: string): Promise<void> =>
    inHouse(async (house) => {
      const name = block.language === "ts" ? "snippet.ts" : "snippet.mjs";
      const running = house.program(block.text, { runner, name });
      await waitForPrint(running, block);
    });

  test.each(rows(programs))(
    "%s works in Bun",
    (_where, block) => runProgram(block, process.execPath),
    SNIPPET_TIMEOUT_MS,
  );

  const node = Bun.which("node");
  const version = node === null ? "" : Bun.spawnSync([node, "--version"]).stdout.toString();
  // Older ones have no WebSocket.
  const isNew = Number(/^v(\d+)/.exec(version)?.[1] ?? 0) >= 22;
  test.skipIf(!isNew).each(rows(programs.filter(({ language }) => language === "js")))(
    "%s works in Node 22 or newer",
    (_where, block) => runProgram(block, node ?? ""),
    SNIPPET_TIMEOUT_MS,
  );
});

test("no script is without somebody who runs it, and what runs says what it prints", () => {
  const ways = ["page", "program"];
  const idle = scripts.filter(
    (block) => block.language !== "html" && !ways.some((way) => has(block, way)),
  );
  expect(idle.map(({ where }) => where)).toEqual([]);
  const silent = scripts.filter((block) => has(block, "program") && printsOf(block) === undefined);
  expect(silent.map(({ where }) => where)).toEqual([]);
});

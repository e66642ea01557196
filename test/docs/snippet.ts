/**
 * Runs what the documentation says can be pasted: into a shell, into the
 * developer tools of a page, into a file.
 *
 * What stands behind the language of a block says how. `page` is pasted into a
 * page; the blocks of one document go into one page, in order. `program` is a
 * file of its own. `serve` is for lines that run a broker; `endless` for a
 * command that goes on beside the next block, and ends with it.
 * `prints=TEXT` says what is to be seen.
 */

import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { startRealBroker } from "../transport/real_broker.ts";
import { until } from "../support/until.ts";
import { commandLines, type DocumentBlock, PROJECT } from "./documents.ts";

/** Longest that one of these may take, in ms. */
export const SNIPPET_TIMEOUT_MS = 60_000;
const PATIENCE_MS = 30_000;
const MAIN = join(PROJECT, "src", "main.ts");
/** Where the documentation has a broker. */
const DOCUMENTED_PLACE = "localhost:61614";

/** What a block is to print; undefined if it does not say. */
export function printsOf({ options }: DocumentBlock): string | undefined {
  return options.find((option) => option.startsWith("prints="))?.slice("prints=".length);
}

/** A folder, a broker and a `stompbox` in the path, all to themselves. */
export interface SnippetHouse {
  readonly folder: string;
  /** `http://localhost:PORT/` */
  readonly root: string;
  /** A text of the documentation as it is for this broker. */
  readonly here: (text: string) => string;
  /** How often anybody has subscribed so far. */
  readonly subscriptions: () => number;
  /** Starts a line of shell. */
  readonly shell: (line: string) => Running;
  /** Starts a file that holds this, by whichever program. */
  readonly program: (source: string, options: ProgramOptions) => Running;
  close(): Promise<void>;
}

/** How a program is run. */
export interface ProgramOptions {
  readonly runner: string;
  /** Name of its file. */
  readonly name: string;
}

/** A process, and what it has printed so far. */
export interface Running {
  readonly printed: () => string;
  readonly exited: Promise<number>;
  readonly isOver: () => boolean;
  readonly kill: (signal: NodeJS.Signals) => void;
}

/** Opens a house; its pages are those of `staticDir` if it is given. It must be closed. */
export async function openSnippetHouse(page?: string): Promise<SnippetHouse> {
  const folder = mkdtempSync(join(tmpdir(), "stompbox-snippet-"));
  const site = join(folder, "site");
  if (page !== undefined) await Bun.write(join(site, "index.html"), page);
  const broker = await startRealBroker(page === undefined ? {} : { static: site });
  const place = `localhost:${broker.ws}`;
  const bin = join(folder, "bin");
  const command = join(bin, "stompbox");
  await Bun.write(command, `#!/bin/sh\nexec '${process.execPath}' run '${MAIN}' "$@"\n`);
  chmodSync(command, 0o755);
  // As after npm install, and beside a copy of the project.
  symlinkSync(join(PROJECT, "node_modules"), join(folder, "node_modules"));
  symlinkSync(PROJECT, join(folder, "stompbox"));
  const started = new Set<Running>();
  const start = (argv: readonly string[]): Running => {
    const running = run(argv, {
      cwd: folder,
      env: {
        PATH: `${bin}:${process.env["PATH"] ?? ""}`,
        STOMPBOX_URL: `ws://${place}`,
      },
    });
    started.add(running);
    return running;
  };
  const here = (text: string): string => text.replaceAll(DOCUMENTED_PLACE, place);
  return {
    folder,
    root: `http://${place}/`,
    here,
    subscriptions: () => broker.events.filter(({ type }) => type === "subscribed").length,
    shell: (line) => start(["sh", "-c", here(line)]),
    program: (source, { runner, name }) => {
      const file = join(folder, name);
      writeFileSync(file, here(source));
      return start([runner, file]);
    },
    close: async () => {
      for (const running of started) running.kill("SIGKILL");
      await Promise.all([...started].map(({ exited }) => exited));
      await broker.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

function run(
  argv: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Running {
  const child = Bun.spawn([...argv], {
    ...options,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const seen = { text: "", isOver: false };
  const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const part of stream) seen.text += decoder.decode(part, { stream: true });
  };
  const exited = Promise.all([read(child.stdout), read(child.stderr), child.exited]).then(
    ([, , code]) => {
      seen.isOver = true;
      return code;
    },
  );
  return {
    printed: () => seen.text,
    exited,
    isOver: () => seen.isOver,
    kill: (signal) => child.kill(signal),
  };
}

/** Waits until it has printed what its block says. */
export async function waitForPrint(running: Running, block: DocumentBlock): Promise<void> {
  const wanted = printsOf(block) ?? "";
  await until(
    `${block.where} prints ${wanted}`,
    () => running.printed().includes(wanted) || running.isOver(),
    PATIENCE_MS,
  );
  if (running.printed().includes(wanted)) return;
  throw new Error(`${block.where} does not print ${wanted}:\n${running.printed()}`);
}

/** Runs the lines of a block one by one; each must end well. */
export async function runLines(house: SnippetHouse, block: DocumentBlock): Promise<void> {
  const printed: string[] = [];
  for (const line of commandLines(block)) {
    const running = house.shell(line);
    const code = await running.exited;
    printed.push(running.printed());
    if (code !== 0) throw new Error(`${line} exited with ${code}: ${running.printed()}`);
  }
  const wanted = printsOf(block) ?? "";
  if (!printed.join("").includes(wanted)) {
    throw new Error(`${block.where} does not print ${wanted}:\n${printed.join("")}`);
  }
}

/** Starts the one line of an `endless` block, and waits until it is under way. */
export async function startEndless(house: SnippetHouse, block: DocumentBlock): Promise<Running> {
  const [line = ""] = commandLines(block);
  const before = house.subscriptions();
  // Without exec it would be the shell that is ended.
  const running = house.shell(`exec ${line}`);
  await until(
    `${line} is under way`,
    () => house.subscriptions() > before || running.printed() !== "" || running.isOver(),
    PATIENCE_MS,
  );
  return running;
}

/** Runs a line that starts a broker until it listens, then stops it. */
export async function runBroker(house: SnippetHouse, line: string): Promise<void> {
  // Ports are for one program at a time, and tests are for this machine alone.
  const ported = line.replace(
    /(--listen (?:ws|tcp):\/\/)(?:localhost|0\.0\.0\.0):\d+/g,
    "$1localhost:0",
  );
  const somewhere = " --listen ws://localhost:0 --listen tcp://localhost:0";
  const running = house.shell(`exec ${ported}${ported.includes("--listen ") ? "" : somewhere}`);
  await until(
    `${line} listens`,
    () => /"urls":/.test(running.printed()) || running.isOver(),
    PATIENCE_MS,
  );
  running.kill("SIGTERM");
  const code = await running.exited;
  if (code !== 0) throw new Error(`${line} exited with ${code}: ${running.printed()}`);
}

/**
 * Pastes blocks into the developer tools of a page that a development server
 * on another port serves.
 */
export async function pasteIntoPage(
  { browser, house }: { readonly browser: Browser; readonly house: SnippetHouse },
  blocks: readonly DocumentBlock[],
): Promise<void> {
  using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    fetch: () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
  });
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(error.message));
    await page.goto(`http://localhost:${server.port}/`);
    for (const block of blocks) {
      await paste(page, { house, block });
      const wanted = printsOf(block) ?? "";
      await until(
        `${block.where} prints ${wanted}`,
        () => wanted === "" || said.includes(wanted),
        PATIENCE_MS,
      );
    }
  } finally {
    await context.close();
  }
}

/** As the developer tools do it: what is declared stays for the next, and await works. */
async function paste(
  page: Page,
  { house, block }: { readonly house: SnippetHouse; readonly block: DocumentBlock },
): Promise<void> {
  const before = house.subscriptions();
  const listens = block.text.includes("EventSource(");
  const listening = listens ? page.waitForResponse(/\/events\?/) : undefined;
  const tools = await page.context().newCDPSession(page);
  const { exceptionDetails } = await tools.send("Runtime.evaluate", {
    expression: house.here(block.text),
    replMode: true,
    awaitPromise: true,
  });
  if (exceptionDetails !== undefined) {
    const { text, exception } = exceptionDetails;
    throw new Error(`${block.where} fails: ${exception?.description ?? text}`);
  }
  await listening;
  // Whoever pastes by hand is slower than that.
  const subscribes = block.text.includes(".subscribe(");
  await until(
    `${block.where} subscribes`,
    () => !subscribes || house.subscriptions() > before,
    PATIENCE_MS,
  );
}

/** Opens a page that chats in two windows; what one says must show in the other. */
export async function chatInTwoWindows(browser: Browser, house: SnippetHouse): Promise<void> {
  const contexts = await Promise.all([browser.newContext(), browser.newContext()]);
  try {
    const [first, second] = await Promise.all(
      contexts.map(async (context) => {
        const page = await context.newPage();
        await page.goto(house.root);
        return page;
      }),
    );
    await until("both pages subscribe", () => house.subscriptions() === 2, PATIENCE_MS);
    await first?.getByPlaceholder("Say something").fill("<b>hello</b>");
    await first?.keyboard.press("Enter");
    await second?.getByText("<b>hello</b>").waitFor();
    await first?.getByText("<b>hello</b>").waitFor();
  } finally {
    await Promise.all(contexts.map((context) => context.close()));
  }
}

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Example } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { defaultConfig } from "../../src/config.ts";
import { startStompbox, type Stompbox } from "../../src/stompbox.ts";

/**
 * Every example of every command, pasted into a shell: a broker runs in this
 * process, and STOMPBOX_URL stands for the default port.
 */

const MAIN = join(import.meta.dir, "..", "..", "src", "main.ts");
const TIMEOUT_MS = 30_000;

const folder = { path: "", bin: "" };
beforeAll(() => {
  folder.bin = mkdtempSync(join(tmpdir(), "stompbox-bin-"));
  const file = join(folder.bin, "stompbox");
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' run '${MAIN}' "$@"\n`);
  chmodSync(file, 0o755);
});
afterAll(() => {
  rmSync(folder.bin, { recursive: true });
});

interface World {
  broker?: Stompbox;
  /** Subscriptions so far, and who waits for more. */
  subscriptions: number;
  waiting: { readonly count: number; readonly resolve: () => void }[];
}
const world: World = { subscriptions: 0, waiting: [] };

beforeEach(async () => {
  folder.path = mkdtempSync(join(tmpdir(), "stompbox-example-"));
  world.subscriptions = 0;
  world.waiting = [];
  const config = defaultConfig({ listen: ["ws://localhost:0"] });
  world.broker = await startStompbox(config, {
    version: "test",
    observe: ({ type }) => {
      if (type !== "subscribed") return;
      world.subscriptions++;
      for (const { count, resolve } of world.waiting) if (world.subscriptions >= count) resolve();
    },
  });
});
afterEach(async () => {
  await world.broker?.stop();
  rmSync(folder.path, { recursive: true });
});

function shell(line: string) {
  return Bun.spawn(["bash", "--norc", "--noprofile", "-c", line], {
    cwd: folder.path,
    env: {
      PATH: `${folder.bin}:${process.env.PATH ?? ""}`,
      STOMPBOX_URL: world.broker?.addresses[0]?.url ?? "",
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function finish(child: ReturnType<typeof shell>) {
  const [code, out, err] = await Promise.all([
    child.exited,
    child.stdout.text(),
    child.stderr.text(),
  ]);
  return { code, out, err };
}

/** Ports are for one program at a time, and tests run side by side. */
function onAnyPort(line: string): string {
  return line.replace(/(--listen (?:ws|tcp):\/\/localhost):\d+/g, "$1:0");
}

/** Settles when there were so many subscriptions. */
function subscribed(count: number): Promise<void> {
  if (world.subscriptions >= count) return Promise.resolve();
  return new Promise((resolve) => {
    world.waiting.push({ count, resolve });
  });
}

async function tryExample(example: Example): Promise<void> {
  const beside: ReturnType<typeof shell>[] = [];
  try {
    for (const need of example.needs ?? []) {
      if (need.endsWith(" &")) {
        // The shell gives way to the command, so that a signal reaches it.
        const child = shell(`exec ${need.slice(0, -2)}`);
        beside.push(child);
        await subscribed(beside.length);
      } else {
        await finish(shell(need));
      }
    }
    const line = onAnyPort(example.line);
    if (example.endless !== true) {
      const { code, err } = await finish(shell(line));
      if (code !== 0) throw new Error(`${line} exited with ${code}: ${err}`);
      return;
    }
    const more = subscribed(world.subscriptions + 1);
    const child = shell(`exec ${line}`);
    beside.push(child);
    await (line.includes(" serve ") ? child.stdout.getReader().read() : more);
    child.kill("SIGINT");
    const [code, err] = await Promise.all([child.exited, child.stderr.text()]);
    if (code !== 0) throw new Error(`${line} exited with ${code}: ${err}`);
  } finally {
    for (const child of beside) child.kill("SIGKILL");
    await Promise.all(beside.map(({ exited }) => exited));
  }
}

const examples = COMMANDS.flatMap(({ examples }) =>
  examples.map((example) => [example.line, example] as const),
);

describe.skipIf(Bun.which("bash") === null)("pasted into a shell", () => {
  test.each(examples)(
    "%s works",
    async (_line, example) => {
      await tryExample(example);
    },
    TIMEOUT_MS,
  );
});

test("every command has an example", () => {
  expect(COMMANDS.filter(({ examples }) => examples.length === 0)).toEqual([]);
});

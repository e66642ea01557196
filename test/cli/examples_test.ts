import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Example } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/run_cli.ts";
import { type RealBroker, startRealBroker } from "../transport/real_broker.ts";

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

const world: { broker?: RealBroker } = {};
beforeEach(async () => {
  folder.path = mkdtempSync(join(tmpdir(), "stompbox-example-"));
  world.broker = await startRealBroker();
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
      STOMPBOX_URL: `ws://localhost:${world.broker?.ws}`,
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

/** Settles when a command that goes on by itself does its work. */
async function atWork(child: ReturnType<typeof shell>, { line }: Example): Promise<void> {
  if (!line.includes(" serve ")) return connected(1);
  await child.stdout.getReader().read();
}

/** Settles when so many clients have subscribed. */
async function connected(count: number): Promise<void> {
  const subscriptions = (): number =>
    (world.broker?.events ?? []).filter(({ type }) => type === "subscribed").length;
  while (subscriptions() < count) await Bun.sleep(5);
}

async function tryExample(example: Example): Promise<void> {
  const beside: ReturnType<typeof shell>[] = [];
  try {
    for (const need of example.needs ?? []) {
      if (need.endsWith(" &")) {
        // The shell gives way to the command, so that a signal reaches it.
        const child = shell(`exec ${need.slice(0, -2)}`);
        beside.push(child);
        await connected(beside.length);
      } else {
        await finish(shell(need));
      }
    }
    const line = onAnyPort(example.line);
    if (example.endless !== true) {
      const { code, err } = await finish(shell(line));
      expect({ line, code, err }).toEqual({ line, code: 0, err: "" });
      return;
    }
    const child = shell(`exec ${line}`);
    beside.push(child);
    await atWork(child, example);
    child.kill("SIGINT");
    const [code, err] = await Promise.all([child.exited, child.stderr.text()]);
    expect({ line, code }).toEqual({ line, code: 0 });
    if (!line.includes(" serve ")) expect(err).toBe("");
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

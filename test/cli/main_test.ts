import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { optionsText } from "../../src/cli/help.ts";

const MAIN = join(import.meta.dir, "..", "..", "src", "main.ts");
const ANY_PORTS = ["--listen", "ws://127.0.0.1:0", "--listen", "tcp://127.0.0.1:0"];
const portsSchema = z.object({ http: z.int().positive(), stomp: z.int().positive() });

const folder = { path: "" };
const children = new Set<{ kill: (signal: "SIGKILL") => void }>();
beforeEach(() => {
  folder.path = mkdtempSync(join(tmpdir(), "stompbox-main-"));
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  rmSync(folder.path, { recursive: true, force: true });
});

function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env.PATH ?? "", ...more };
}

function spawn(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = Bun.spawn([process.execPath, "run", MAIN, ...argv], {
    cwd: folder.path,
    env: environment(env),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  children.add(child);
  return child;
}

async function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(argv, env);
  const [code, out, err] = await Promise.all([
    child.exited,
    child.stdout.text(),
    child.stderr.text(),
  ]);
  return { code, out, err };
}

/** Reads until the text holds `wanted`; answers what came, also when the stream ends first. */
async function readUntil(
  reader: { read: () => Promise<{ done: boolean; value?: Uint8Array | undefined }> },
  wanted: string,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes(wanted)) {
    const { done, value } = await reader.read();
    if (done || value === undefined) break;
    text += decoder.decode(value, { stream: true });
  }
  return text;
}

describe("the process", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "serves, tells its ports, and on %s stops with 0",
    async (signal) => {
      const child = spawn([...ANY_PORTS, "--ports-file", "ports.json"]);
      const reader = child.stdout.getReader();
      const line: unknown = JSON.parse(await readUntil(reader, "\n"));
      const path = join(folder.path, "ports.json");
      const ports = portsSchema.parse(JSON.parse(readFileSync(path, "utf8")));
      expect(line).toMatchObject({ name: "stompbox", pid: child.pid, storage: "memory" });
      expect(line).toMatchObject({
        urls: expect.arrayContaining([expect.stringContaining(`:${ports.http}`)]),
      });
      const response = await fetch(`http://127.0.0.1:${ports.http}/`);
      await response.text();
      child.kill(signal);
      expect(await child.exited).toBe(0);
      expect(await readUntil(reader, "never")).toBe("");
      expect(existsSync(path)).toBe(false);
    },
  );

  test("says nothing on standard output with --quiet", async () => {
    const child = spawn([...ANY_PORTS, "--quiet", "--ports-file", "ports.json", "--log=debug"]);
    const out = child.stdout.text();
    // The ports file is the one thing that tells when a quiet broker is ready.
    const path = join(folder.path, "ports.json");
    for (let tries = 0; !existsSync(path) && tries < 1000; tries++) await Bun.sleep(10);
    expect(existsSync(path)).toBe(true);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    expect(await out).toBe("");
  });

  test("goes on when nobody reads its standard output", async () => {
    const child = spawn([...ANY_PORTS, "--ports-file", "ports.json"]);
    const reader = child.stdout.getReader();
    await readUntil(reader, "\n");
    await reader.cancel();
    const ports: unknown = JSON.parse(readFileSync(join(folder.path, "ports.json"), "utf8"));
    const response = await fetch(`http://127.0.0.1:${portsSchema.parse(ports).http}/`);
    await response.text();
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });

  test.each(["ws", "tcp"])(
    "names a busy %s port and what to do, and exits with 1",
    async (scheme) => {
      const holder = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
      try {
        const { code, out, err } = await run(["--listen", `${scheme}://127.0.0.1:${holder.port}`]);
        expect({ code, out }).toEqual({ code: 1, out: "" });
        expect(err).toContain(`127.0.0.1:${holder.port}`);
        expect(err).toContain("the port is in use");
        expect(err).toContain("--listen ws://localhost:0");
      } finally {
        holder.stop(true);
      }
    },
  );

  test("lists mistakes of its environment and exits with 2", async () => {
    const { code, out, err } = await run([], { STOMPBOX_LOG: "loud", STOMPBOX_QIUET: "1" });
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain('Cannot use "loud" as STOMPBOX_LOG');
    expect(err).toContain("did you mean STOMPBOX_QUIET?");
  });

  test("reads a file that check has printed", async () => {
    const { out } = await run(["check", "--max-deliveries=3"]);
    await Bun.write(join(folder.path, "a.toml"), out);
    const again = await run(["check"], { STOMPBOX_CONFIG: "a.toml" });
    expect(again).toMatchObject({ code: 0, err: "" });
    expect(again.out).toContain('max-deliveries = 3  # file "a.toml"\n');
  });

  test("writes all of a long answer into a pipe", async () => {
    expect(await run(["help", "options"])).toEqual({ code: 0, out: optionsText(), err: "" });
  });
});

describe.skipIf(process.platform === "win32")("on a terminal", () => {
  async function shown(env: Readonly<Record<string, string>>): Promise<string> {
    const banner = Promise.withResolvers<void>();
    const decoder = new TextDecoder();
    let text = "";
    const child = Bun.spawn([process.execPath, "run", MAIN, ...ANY_PORTS], {
      cwd: folder.path,
      env: environment({ TERM: "xterm", ...env }),
      terminal: {
        cols: 80,
        rows: 24,
        data: (_terminal, bytes) => {
          text += decoder.decode(bytes, { stream: true });
          if (text.includes("in two windows")) banner.resolve();
        },
      },
    });
    children.add(child);
    await Promise.race([banner.promise, child.exited]);
    // What Ctrl-C types; the terminal makes a signal of it.
    child.terminal?.write("\x03");
    expect(await child.exited).toBe(0);
    return text;
  }

  test("shows a banner in colour, and stops on Ctrl-C", async () => {
    const text = await shown({});
    expect(text).toContain("\x1b[36mhttp://127.0.0.1:");
    expect(text).toContain("memory: nothing survives a restart");
    expect(text).not.toContain('{"name"');
  });

  test("leaves colours out when NO_COLOR is set", async () => {
    const text = await shown({ NO_COLOR: "1" });
    expect(text).toContain("http://127.0.0.1:");
    expect(text).not.toContain("\x1b[");
  });
});

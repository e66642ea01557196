/**
 * Tries dist/stompbox as a stranger would: in an empty folder, from the
 * outside. Prints one line a check and a summary; exits with 1 when one failed.
 */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import manifest from "../package.json" with { type: "json" };

const PROGRAM = join(dirname(import.meta.dir), "dist", "stompbox");
const PATIENCE_MS = 10_000;

const portsSchema = z.object({ http: z.int().positive(), stomp: z.int().positive() });
const startSchema = z.object({ name: z.literal("stompbox"), urls: z.array(z.string()).min(1) });

interface Trial {
  readonly folder: string;
  /** Asserts, and says what was seen when it does not hold. */
  readonly expect: (holds: boolean, seen: unknown) => void;
}

/** Runs the program to its end, without the environment that configures it here. */
async function run(folder: string, argv: readonly string[]) {
  const child = Bun.spawn([PROGRAM, ...argv], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: PATIENCE_MS,
  });
  const [code, out, err] = await Promise.all([
    child.exited,
    child.stdout.text(),
    child.stderr.text(),
  ]);
  return { code, out, err };
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    const end = text.indexOf("\n");
    if (end >= 0) return text.slice(0, end);
  }
  return text;
}

/** Sends CONNECT over TCP and answers everything up to the first NUL. */
async function stompConnect(port: number): Promise<string> {
  const answer = Promise.withResolvers<string>();
  let text = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      open: (opened) => {
        opened.write("CONNECT\naccept-version:1.2\nhost:localhost\n\n\0");
      },
      data: (_socket, bytes) => {
        text += bytes.toString();
        if (text.includes("\0")) answer.resolve(text);
      },
      close: () => answer.resolve(text),
    },
  });
  const frame = await answer.promise;
  socket.end();
  return frame;
}

const TRIALS: Readonly<Record<string, (trial: Trial) => Promise<void>>> = {
  "says its version": async ({ folder, expect }) => {
    const { code, out } = await run(folder, ["--version"]);
    expect(code === 0 && out === `stompbox ${manifest.version}\n`, { code, out });
  },
  "exits with 2 at a wrong option and says which": async ({ folder, expect }) => {
    const seen = await run(folder, ["--lisen", "ws://localhost:0"]);
    expect(seen.code === 2 && seen.err.includes("did you mean --listen?"), seen);
  },
  "ignores .env and bunfig.toml where it starts": async ({ folder, expect }) => {
    writeFileSync(join(folder, ".env"), "STOMPBOX_LOG=loud\n");
    writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./preload.ts"]\n');
    writeFileSync(
      join(folder, "preload.ts"),
      'import { writeFileSync } from "node:fs"; writeFileSync("trapped", "");',
    );
    const seen = await run(folder, ["check"]);
    expect(seen.code === 0 && !existsSync(join(folder, "trapped")), seen);
  },
  "serves pages, health and STOMP, and stops on SIGTERM": async ({ folder, expect }) => {
    const listen = ["--listen", "ws://127.0.0.1:0", "--listen", "tcp://127.0.0.1:0"];
    const child = Bun.spawn([PROGRAM, ...listen, "--ports-file", "ports.json"], {
      cwd: folder,
      env: { PATH: process.env.PATH ?? "" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
      timeout: 3 * PATIENCE_MS,
    });
    try {
      const line = await firstLine(child.stdout);
      expect(startSchema.safeParse(JSON.parse(line)).success, line);
      const ports = portsSchema.parse(JSON.parse(readFileSync(join(folder, "ports.json"), "utf8")));
      const origin = `http://127.0.0.1:${ports.http}`;
      for (const [path, type] of [
        ["/", "text/html"],
        ["/chat/", "text/html"],
        ["/healthz", ""],
      ] as const) {
        const response = await fetch(origin + path, { signal: AbortSignal.timeout(PATIENCE_MS) });
        const seen = response.headers.get("content-type") ?? "";
        expect(response.status === 200 && seen.startsWith(type), [path, response.status, seen]);
      }
      const frame = await stompConnect(ports.stomp);
      expect(frame.startsWith("CONNECTED\n") && frame.includes("\nversion:1.2\n"), frame);
      child.kill("SIGTERM");
      const code = await child.exited;
      expect(code === 0, { code, signal: child.signalCode });
      expect(readdirSync(folder).length === 0, readdirSync(folder));
    } finally {
      child.kill("SIGKILL");
      await child.exited;
    }
  },
};

let passed = 0;
let failed = 0;
for (const [name, attempt] of Object.entries(TRIALS)) {
  const folder = mkdtempSync(join(tmpdir(), "stompbox-smoke-"));
  try {
    await attempt({
      folder,
      expect: (holds, seen) => {
        if (!holds) throw new Error(`Seen: ${JSON.stringify(seen)}`);
      },
    });
    passed += 1;
    console.log(`(pass) the executable ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`(fail) the executable ${name}\n  ${String(error)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
console.log(` ${passed} pass\n ${failed} fail`);
process.exit(failed === 0 ? 0 : 1);

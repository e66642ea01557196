/** The broker whose console and pages tests look at: in this process, or the executable. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type CallApi, apiAt } from "../../src/api/call_api.ts";
import { defaultConfig } from "../../src/config.ts";
import { startStompbox } from "../../src/stompbox.ts";

/** A broker with pages, on ports of its own unless told otherwise. */
export interface ConsoleBroker {
  /** Its HTTP side, with a slash at the end. */
  readonly root: string;
  /** Its WebSocket. */
  readonly url: string;
  readonly httpPort: number;
  /** STOMP over TCP. */
  readonly tcpPort: number;
  /** Its API, as the console calls it. */
  readonly call: CallApi;
  stop(): Promise<void>;
}

/** What a test changes. */
export interface ConsoleBrokerOptions {
  /** Port of the HTTP side. Default any. */
  readonly port?: number;
  /** What precedes its paths, such as `/box`. */
  readonly prefix?: string;
  /** A folder of pages of the user's own. */
  readonly staticDir?: string;
}

/** The executable to be tested, if the tests are about one. */
const EXECUTABLE = process.env["EXECUTABLE_UNDER_TEST"];

const portsSchema = z.object({ http: z.int().positive(), stomp: z.int().positive() });

/** Starts a broker; it is the executable that `EXECUTABLE_UNDER_TEST` names, if it does. It must be stopped. */
export async function startConsoleBroker(
  options: ConsoleBrokerOptions = {},
): Promise<ConsoleBroker> {
  const { port = 0, prefix = "", staticDir } = options;
  const listen = [`ws://localhost:${port}${prefix}`, "tcp://localhost:0"];
  const running =
    EXECUTABLE === undefined
      ? await startHere(listen, staticDir)
      : await startExecutable(EXECUTABLE, { listen, staticDir });
  const root = `http://localhost:${running.httpPort}${prefix}/`;
  return { ...running, root, url: root.replace("http", "ws"), call: apiAt(root) };
}

type Running = Pick<ConsoleBroker, "httpPort" | "tcpPort" | "stop">;

async function startHere(listen: string[], staticDir: string | undefined): Promise<Running> {
  const overrides = staticDir === undefined ? { listen } : { listen, static: staticDir };
  const broker = await startStompbox(defaultConfig(overrides), { version: "test" });
  const portOf = (scheme: string): number =>
    broker.addresses.find((address) => address.scheme === scheme)?.port ?? 0;
  return { httpPort: portOf("ws"), tcpPort: portOf("tcp"), stop: () => broker.stop() };
}

async function startExecutable(
  program: string,
  { listen, staticDir }: { readonly listen: string[]; readonly staticDir: string | undefined },
): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "stompbox-console-"));
  const portsFile = join(folder, "ports.json");
  const child = Bun.spawn(
    [
      program,
      ...listen.flatMap((url) => ["--listen", url]),
      ...["--ports-file", portsFile, "--log", "warn"],
      ...(staticDir === undefined ? [] : ["--static", staticDir]),
    ],
    {
      cwd: folder,
      // What configures these tests would configure the program too.
      env: { PATH: process.env["PATH"] ?? "" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  };
  // The ports file is there before the first line is printed.
  const reader = child.stdout.getReader();
  const { done } = await reader.read();
  if (done) {
    await stop();
    throw new Error(`Cannot start ${program}: it ended with ${child.exitCode}`);
  }
  void (async () => {
    while (!(await reader.read()).done);
  })();
  const { http, stomp } = portsSchema.parse(JSON.parse(readFileSync(portsFile, "utf8")));
  return { httpPort: http, tcpPort: stomp, stop };
}

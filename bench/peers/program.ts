/** Other people's programs: started in a folder of their own, waited for, stopped by their ids. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "./peer.ts";

/** A program that was started. */
export interface Program {
  readonly pid: number;
  /** All that it has written so far. */
  readonly output: () => string;
  /**
   * Settles with what `look` finds, asking again until it finds something.
   *
   * @throws StartError if the program ends before, or 60 s pass
   */
  readonly waitFor: <T>(what: string, look: Look<T>) => Promise<T>;
  /** Asks it to end, ends it after 15 s; settles when it is gone. */
  readonly stop: () => Promise<void>;
}

/** Looks for something; undefined if it is not there yet. */
export type Look<T> = () => T | undefined | Promise<T | undefined>;

/** What {@link startProgram} takes beside the command. */
export interface ProgramOptions {
  /** How sentences call it. */
  readonly title: string;
  /** Where it runs, and where its output is kept. */
  readonly folder: string;
  /** Variables beside `PATH` and `HOME`, the latter being the folder. */
  readonly environment?: Readonly<Record<string, string>>;
}

const PATIENCE_MS = 60_000;
const LOOK_MS = 20;
const STOP_MS = 15_000;
const LINES_SHOWN = 15;

/** Starts a program. Nothing of the environment gets through to it but `PATH`. */
export function startProgram(command: readonly string[], options: ProgramOptions): Program {
  const { title, folder, environment = {} } = options;
  const log = join(folder, "output.log");
  const child = Bun.spawn([...command], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", LANG: "C.UTF-8", HOME: folder, ...environment },
    stdin: "ignore",
    stdout: Bun.file(log),
    stderr: Bun.file(join(folder, "errors.log")),
  });
  const read = (name: string): string => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  };
  const output = (): string => read("output.log");
  const waitFor = async <T>(what: string, look: Look<T>): Promise<T> => {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const isOver = child.exitCode !== null || child.signalCode !== null;
      const found = await look();
      if (found !== undefined) return found;
      if (isOver || performance.now() > deadline) {
        const why = isOver ? `it ended with ${child.exitCode ?? child.signalCode}` : "it took long";
        const said = `${output()}${read("errors.log")}`.trimEnd().split("\n").slice(-LINES_SHOWN);
        throw new StartError(`Cannot start ${title}: ${why}, expected ${what}\n${said.join("\n")}`);
      }
      await Bun.sleep(LOOK_MS);
    }
  };
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const killing = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await child.exited;
    clearTimeout(killing);
  };
  return { pid: child.pid, output, waitFor, stop };
}

/** Looks for the first line of what a program writes. */
export function firstLine(program: Program): string | undefined {
  const text = program.output();
  const end = text.indexOf("\n");
  return end < 0 ? undefined : text.slice(0, end);
}

/** Whether something listens on that port of this machine; undefined if not. */
export async function listens(port: number): Promise<true | undefined> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data: () => {} } });
    socket.end();
    return true;
  } catch {
    return undefined;
  }
}

/** A port of this machine that nobody listens on. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** The sentence for a program that is not installed; undefined if it is. */
export function missingFile(title: string, path: string): string | undefined {
  return existsSync(path)
    ? undefined
    : `Cannot start ${title}: ${path} is not there, expected it from bench/peers/install.sh`;
}

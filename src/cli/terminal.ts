/** What a command sees of the process around it, so that tests can give it another. */

import {
  accessSync,
  constants,
  createReadStream,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs";
import { isatty } from "node:tty";
import { after } from "../client/after.ts";
import { type Runtime, systemRuntime } from "../runtime.ts";
import { onReloadSignal } from "./reload_signal.ts";

/** Where a command writes to. */
export interface Output {
  /** Writes text, or bytes as they are; a reader that is gone is no failure. */
  readonly write: (data: string | Uint8Array) => void;
  /** Characters and bytes written that nobody has taken yet: a pipe may be read late, or never. */
  readonly backlog: () => number;
  /** Settles once somebody has taken all that was written, and when nobody will any more. */
  readonly drained: () => Promise<void>;
  /** Settles when the reader is gone, as after `| head -1`. */
  readonly gone: Promise<void>;
  /** Whether a person looks at it. */
  readonly isTerminal: boolean;
  /** Whether colours are welcome: on a terminal, and `NO_COLOR` is not set. */
  readonly color: boolean;
  /** Columns and rows of a terminal; 80 and 24 where nobody knows. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Calls `listener` whenever the size changes until the returned function is called. */
  readonly onResize: (listener: () => void) => () => void;
}

/** Where a command reads from. */
export interface Input {
  /** Whether a person types it. */
  readonly isTerminal: boolean;
  /** What comes, until its end; read at most once. */
  readonly chunks: () => AsyncIterable<Uint8Array>;
}

/** The process around a command. */
export interface Terminal {
  readonly input: Input;
  readonly out: Output;
  readonly err: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /** Time, chance and timers. */
  readonly runtime: Runtime;
  /** The text of a file. Throws what the file system throws. */
  readonly readText: (path: string) => string;
  /** The bytes of a file, piece by piece. Throws at once what the file system throws at once. */
  readonly readChunks: (path: string) => AsyncIterable<Uint8Array>;
  readonly isDirectory: (path: string) => boolean;
  /** Calls `listener` for every SIGINT and SIGTERM until the returned function is called. */
  readonly onStopSignal: (listener: () => void) => () => void;
  /** The same for every SIGHUP that asks to read the configuration again. */
  readonly onReloadSignal: (listener: () => void) => () => void;
  /** Whether keys come one by one as they are pressed, unseen, and Ctrl-C as one of them. */
  readonly setRawKeys: (raw: boolean) => void;
  /**
   * Writes `text` to standard output when the process ends, in whatever way
   * can be noticed, until the returned function is called.
   */
  readonly atExit: (text: string) => () => void;
}

/** The real process. */
export const systemTerminal: Terminal = {
  input: {
    // Asking process.stdin would begin to read.
    isTerminal: isatty(0),
    chunks: () => Bun.stdin.stream(),
  },
  out: output(process.stdout),
  err: output(process.stderr),
  env: process.env,
  pid: process.pid,
  runtime: systemRuntime,
  readText: (path) => readFileSync(path, "utf8"),
  readChunks: (path) => {
    accessSync(path, constants.R_OK);
    return fileChunks(path);
  },
  isDirectory: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
  onStopSignal: (listener) => {
    process.on("SIGINT", listener);
    process.on("SIGTERM", listener);
    return () => {
      process.off("SIGINT", listener);
      process.off("SIGTERM", listener);
    };
  },
  onReloadSignal,
  setRawKeys: (raw) => {
    if (process.stdin.isTTY) process.stdin.setRawMode(raw);
  },
  atExit: (text) => {
    const write = (): void => {
      forget();
      try {
        writeSync(process.stdout.fd, text);
      } catch {
        // Nobody is left to see it.
      }
    };
    const forget = (): void => {
      process.off("exit", write);
      process.off("uncaughtExceptionMonitor", write);
    };
    process.on("exit", write);
    // What a crash says is to be seen behind the text.
    process.on("uncaughtExceptionMonitor", write);
    return forget;
  },
};

/** How long the end of a process waits for whoever reads its standard error. */
const ERR_FLUSH_MS = 1000;

/**
 * Settles once what was written has been taken: data however late, since a
 * person may read it page by page, but a log that nobody reads holds nothing up.
 */
export async function flushOutputs({ out, err, runtime }: Terminal): Promise<void> {
  const late = Promise.withResolvers<void>();
  const stop = after(runtime, { ms: ERR_FLUSH_MS, task: late.resolve });
  await Promise.all([out.drained(), Promise.race([err.drained(), late.promise])]);
  stop();
}

async function* fileChunks(path: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path)) {
    if (chunk instanceof Uint8Array) yield chunk;
  }
}

function output(stream: NodeJS.WriteStream): Output {
  const gone = Promise.withResolvers<void>();
  // `stompbox | head -1` closes its end; the broker goes on.
  stream.on("error", () => gone.resolve());
  const isTerminal = stream.isTTY === true;
  const { NO_COLOR: noColor = "", TERM: term } = process.env;
  // The stream's own writableLength stays 0 for a pipe that is full, and writing nothing is
  // answered at once.
  let backlog = 0;
  let waiting: (() => void)[] = [];
  return {
    write: (data) => {
      if (data.length === 0) return;
      backlog += data.length;
      stream.write(data, () => {
        backlog -= data.length;
        if (backlog > 0) return;
        const woken = waiting;
        waiting = [];
        for (const wake of woken) wake();
      });
    },
    backlog: () => backlog,
    drained: () => {
      if (backlog === 0) return Promise.resolve();
      const taken = new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
      return Promise.race([taken, gone.promise]);
    },
    gone: gone.promise,
    isTerminal,
    color: isTerminal && noColor === "" && term !== "dumb",
    size: () => ({ columns: stream.columns || 80, rows: stream.rows || 24 }),
    onResize: (listener) => {
      stream.on("resize", listener);
      return () => stream.off("resize", listener);
    },
  };
}

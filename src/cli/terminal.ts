/** What a command sees of the process around it, so that tests can give it another. */

import {
  accessSync,
  constants,
  createReadStream,
  readFileSync,
  readlinkSync,
  statSync,
  writeSync,
} from "node:fs";
import { isatty } from "node:tty";
import { after } from "../client/after.ts";
import { type Runtime, systemRuntime } from "../runtime.ts";
import { readTextFile } from "./read_text_file.ts";
import { onReloadSignal } from "./reload_signal.ts";

/** Where a command writes to. */
export interface Output {
  /** Writes text, or bytes as they are; nothing any more once the reader is gone, or it failed. */
  readonly write: (data: string | Uint8Array) => void;
  /** Characters and bytes written that nobody has taken yet: a pipe may be read late, or never. */
  readonly backlog: () => number;
  /** Settles once somebody has taken all that was written, and when nobody will any more. */
  readonly drained: () => Promise<void>;
  /** Settles when the reader is gone, as after `| head -1`, and when writing has failed. */
  readonly gone: Promise<void>;
  /** Why something could not be written, as on a full disk; a reader that is gone is no failure. */
  readonly failure: () => Error | undefined;
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
  /** The text of a regular file of bounded size, see `readTextFile`, which says what it throws. */
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
  out: output(process.stdout, 1),
  err: output(process.stderr, 2),
  env: process.env,
  pid: process.pid,
  runtime: systemRuntime,
  readText: readTextFile,
  readChunks: (path) => {
    accessSync(path, constants.R_OK);
    if (statSync(path).isDirectory()) {
      throw Object.assign(new Error("It is a folder"), { code: "EISDIR" });
    }
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

/** What writing fails with when the reader is gone: of a pipe, of a socket that serves as one. */
const GONE_CODES: ReadonlySet<unknown> = new Set(["EPIPE", "ECONNRESET"]);

function output(stream: NodeJS.WriteStream, descriptor: number): Output {
  const gone = Promise.withResolvers<void>();
  const isTerminal = stream.isTTY === true;
  const { NO_COLOR: noColor = "", TERM: term } = process.env;
  // The stream's own writableLength stays 0 for a pipe that is full, and writing nothing is
  // answered at once.
  let backlog = 0;
  let waiting: (() => void)[] = [];
  let isOver = false;
  let isOpen: boolean | undefined;
  let failure: Error | undefined;
  const end = (error: Error): void => {
    if (isOver) return;
    isOver = true;
    const code = "code" in error ? error.code : undefined;
    // `stompbox | head -1` closes its end, and so does a terminal that is closed; the broker goes on.
    if (!GONE_CODES.has(code) && !(isTerminal && code === "EIO")) failure = error;
    gone.resolve();
  };
  stream.on("error", end);
  return {
    write: (data) => {
      if (isOver || data.length === 0) return;
      isOpen ??= !wasClosed(descriptor);
      if (!isOpen) {
        end(Object.assign(new Error("It is closed"), { code: "EBADF" }));
        return;
      }
      backlog += data.length;
      stream.write(data, (error) => {
        // What could not be written nobody has taken.
        if (error) end(error);
        if (isOver) return;
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
    failure: () => failure,
    isTerminal,
    color: isTerminal && noColor === "" && term !== "dumb",
    size: () => ({ columns: stream.columns || 80, rows: stream.rows || 24 }),
    onResize: (listener) => {
      stream.on("resize", listener);
      return () => stream.off("resize", listener);
    },
  };
}

const CLOSE_ON_EXEC = 0o2_000_000;

/**
 * Whether the process was started without this stream, as by `>&-`: Bun then
 * puts /dev/null in its place, and all writing succeeds. Whoever starts a
 * process cannot hand on a descriptor that closes when one is started, so one
 * that does is Bun's own. Never true where there is no /proc.
 */
function wasClosed(descriptor: number): boolean {
  try {
    if (readlinkSync(`/proc/self/fd/${descriptor}`) !== "/dev/null") return false;
    const about = readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8");
    const [, flags = "0"] = /^flags:\s*([0-7]+)$/m.exec(about) ?? [];
    return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) !== 0;
  } catch {
    return false;
  }
}

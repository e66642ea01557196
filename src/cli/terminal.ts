/** What a command sees of the process around it, so that tests can give it another. */

import { readFileSync, statSync } from "node:fs";

/** Where a command writes to. */
export interface Output {
  /** Writes text; a reader that is gone is no failure. */
  readonly write: (text: string) => void;
  /** Characters written that nobody has taken yet: a pipe may be read late, or never. */
  readonly backlog: () => number;
  /** Whether a person looks at it. */
  readonly isTerminal: boolean;
  /** Whether colours are welcome: on a terminal, and `NO_COLOR` is not set. */
  readonly color: boolean;
}

/** The process around a command. */
export interface Terminal {
  readonly out: Output;
  readonly err: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /** The text of a file. Throws what the file system throws. */
  readonly readText: (path: string) => string;
  readonly isDirectory: (path: string) => boolean;
  /** Calls `listener` for every SIGINT and SIGTERM until the returned function is called. */
  readonly onStopSignal: (listener: () => void) => () => void;
}

/** The real process. */
export const systemTerminal: Terminal = {
  out: output(process.stdout),
  err: output(process.stderr),
  env: process.env,
  pid: process.pid,
  readText: (path) => readFileSync(path, "utf8"),
  isDirectory: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
  onStopSignal: (listener) => {
    process.on("SIGINT", listener);
    process.on("SIGTERM", listener);
    return () => {
      process.off("SIGINT", listener);
      process.off("SIGTERM", listener);
    };
  },
};

function output(stream: NodeJS.WriteStream): Output {
  // `stompbox | head -1` closes its end; the broker goes on.
  stream.on("error", () => undefined);
  const isTerminal = stream.isTTY === true;
  const { NO_COLOR: noColor = "", TERM: term } = process.env;
  // The stream's own writableLength stays 0 for a pipe that is full.
  let backlog = 0;
  return {
    write: (text) => {
      backlog += text.length;
      stream.write(text, () => {
        backlog -= text.length;
      });
    },
    backlog: () => backlog,
    isTerminal,
    color: isTerminal && noColor === "" && term !== "dumb",
  };
}

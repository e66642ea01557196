import type { Terminal } from "../../src/cli/terminal.ts";
import { type Runtime, systemRuntime } from "../../src/runtime.ts";

/** A terminal that remembers what was written to it and holds files of its own. */
export interface FakeTerminal extends Terminal {
  /** What was written, bytes read as UTF-8. */
  readonly written: { out: string; err: string };
  /** Everything written to standard output, byte by byte. */
  readonly outBytes: () => Uint8Array;
  /** Sends the signal that asks to stop. */
  readonly signal: () => void;
  /** Sends the signal that asks to read the configuration again. */
  readonly hangUp: () => void;
  /** How many listen for either signal. */
  readonly listening: () => number;
  /** Ends the reader of standard output, as `| head -1` does. */
  readonly leave: () => void;
  /** Has standard output fail, as on a full disk. */
  readonly failOutput: (error: Error) => void;
  /** Settles once standard output holds `text`. */
  readonly shows: (text: string) => Promise<void>;
  /** Settles once standard error holds `text`. */
  readonly tells: (text: string) => Promise<void>;
  /** Gives standard output another size. */
  readonly resize: (size: { readonly columns: number; readonly rows: number }) => void;
  /** Whether keys come one by one. */
  readonly isRaw: () => boolean;
  /** Types into standard input. */
  readonly type: (text: string | Uint8Array) => void;
  /** Ends standard input. */
  readonly endInput: () => void;
}

/** Makes a {@link FakeTerminal}. Only `.` and `folders` are folders. */
export function fakeTerminal(
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly files?: Readonly<Record<string, string | Uint8Array>>;
    readonly folders?: readonly string[];
    readonly isTerminal?: boolean;
    readonly color?: boolean;
    readonly size?: { readonly columns: number; readonly rows: number };
    /** Whether nobody reads what is written. */
    readonly stuck?: () => boolean;
    /** What standard input holds; without it a person sits there, or `type` does. */
    readonly input?: string | Uint8Array;
    /** Whether a person is at standard input. Default: where there is no `input`. */
    readonly inputIsTerminal?: boolean;
    readonly runtime?: Runtime;
  } = {},
): FakeTerminal {
  const written = { out: "", err: "" };
  const pieces: Uint8Array[] = [];
  const listeners = new Set<() => void>();
  const resizing = new Set<() => void>();
  let size = options.size ?? { columns: 80, rows: 24 };
  let isRaw = false;
  const reloaders = new Set<() => void>();
  const gone = Promise.withResolvers<void>();
  let failure: Error | undefined;
  const waiting = new Set<() => void>();
  const wait = (holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  const textOf = (data: string | Uint8Array): string =>
    typeof data === "string" ? data : Buffer.from(data).toString("utf8");
  const told = (): void => {
    for (const look of [...waiting]) look();
  };
  const shared = {
    isTerminal: options.isTerminal ?? false,
    color: options.color ?? false,
    backlog: (): number => (options.stuck?.() === true ? 1024 ** 2 : 0),
    drained: () => Promise.race([wait(() => options.stuck?.() !== true), gone.promise]),
    size: () => size,
    onResize: (listener: () => void) => {
      resizing.add(listener);
      return () => resizing.delete(listener);
    },
  };
  const bytesOf = (data: string | Uint8Array): Uint8Array =>
    typeof data === "string" ? Buffer.from(data, "utf8") : data;
  const input = typedInput();
  if (options.input !== undefined) {
    input.type(bytesOf(options.input));
    input.end();
  }
  const content = (path: string): string | Uint8Array => {
    const found = options.files?.[path];
    if (found !== undefined) return found;
    throw Object.assign(new Error("no such file"), { code: "ENOENT" });
  };
  return {
    written,
    outBytes: () => Buffer.concat(pieces),
    signal: () => {
      for (const listener of listeners) listener();
    },
    hangUp: () => {
      for (const listener of reloaders) listener();
    },
    listening: () => listeners.size + reloaders.size,
    leave: gone.resolve,
    failOutput: (error) => {
      failure = error;
      gone.resolve();
    },
    shows: (text) => wait(() => written.out.includes(text)),
    tells: (text) => wait(() => written.err.includes(text)),
    resize: (to) => {
      size = to;
      for (const listener of resizing) listener();
    },
    isRaw: () => isRaw,
    type: (text) => input.type(bytesOf(text)),
    endInput: input.end,
    input: {
      isTerminal: options.inputIsTerminal ?? options.input === undefined,
      chunks: () => input.chunks(),
    },
    out: {
      ...shared,
      gone: gone.promise,
      failure: () => failure,
      write: (data) => {
        written.out += textOf(data);
        pieces.push(bytesOf(data));
        told();
      },
    },
    err: {
      ...shared,
      gone: new Promise(() => undefined),
      failure: () => undefined,
      write: (data) => {
        written.err += textOf(data);
        told();
      },
    },
    env: options.env ?? {},
    pid: 4711,
    runtime: options.runtime ?? systemRuntime,
    readText: (path) => textOf(content(path)),
    readChunks: (path) => once(bytesOf(content(path))),
    isDirectory: (path) => path === "." || (options.folders?.includes(path) ?? false),
    onStopSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onReloadSignal: (listener) => {
      reloaders.add(listener);
      return () => reloaders.delete(listener);
    },
    setRawKeys: (raw) => {
      isRaw = raw;
    },
    atExit: () => () => undefined,
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** A stream that is written to by hand. */
function typedInput() {
  const pieces: Uint8Array[] = [];
  let ended = false;
  let more = Promise.withResolvers<void>();
  const wake = (): void => {
    more.resolve();
    more = Promise.withResolvers<void>();
  };
  return {
    type: (bytes: Uint8Array): void => {
      pieces.push(bytes);
      wake();
    },
    end: (): void => {
      ended = true;
      wake();
    },
    chunks: async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        const piece = pieces.shift();
        if (piece !== undefined) yield piece;
        else if (ended) return;
        else await more.promise;
      }
    },
  };
}

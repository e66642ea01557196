import type { Terminal } from "../../src/cli/terminal.ts";

/** A terminal that remembers what was written to it and holds files of its own. */
export interface FakeTerminal extends Terminal {
  readonly written: { out: string; err: string };
  /** Sends the signal that asks to stop. */
  readonly signal: () => void;
  /** How many listen for that signal. */
  readonly listening: () => number;
}

/** Makes a {@link FakeTerminal}. Only `.` and `folders` are folders. */
export function fakeTerminal(
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly files?: Readonly<Record<string, string>>;
    readonly folders?: readonly string[];
    readonly isTerminal?: boolean;
    /** Whether nobody reads what is written. */
    readonly stuck?: () => boolean;
  } = {},
): FakeTerminal {
  const written = { out: "", err: "" };
  const listeners = new Set<() => void>();
  const backlog = (): number => (options.stuck?.() === true ? 1024 ** 2 : 0);
  const shared = { isTerminal: options.isTerminal ?? false, color: false, backlog };
  return {
    written,
    signal: () => {
      for (const listener of listeners) listener();
    },
    listening: () => listeners.size,
    out: {
      ...shared,
      write: (text) => {
        written.out += text;
      },
    },
    err: {
      ...shared,
      write: (text) => {
        written.err += text;
      },
    },
    env: options.env ?? {},
    pid: 4711,
    readText: (path) => {
      const text = options.files?.[path];
      if (text !== undefined) return text;
      throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    },
    isDirectory: (path) => path === "." || (options.folders?.includes(path) ?? false),
    onStopSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

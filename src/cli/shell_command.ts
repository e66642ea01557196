/** Bytes that a command may answer with. */
const OUTPUT_BYTES_MAX = 64 * 1024 ** 2;

/** What became of a shell command. */
export interface ShellOutcome {
  /** What it wrote to standard output. */
  readonly body: Uint8Array;
  /** Why it failed; undefined if it did not. */
  readonly failure: string | undefined;
}

/**
 * Runs a command by the shell, `input` on its standard input. What it writes
 * to standard error goes to `tell`; it is ended when `stopped` settles.
 */
export async function runShellCommand(
  command: string,
  options: {
    readonly input: string | Uint8Array;
    readonly stopped: Promise<void>;
    readonly tell: (data: Uint8Array) => void;
  },
): Promise<ShellOutcome> {
  const { input, stopped, tell } = options;
  const shell = process.platform === "win32" ? ["cmd", "/d", "/s", "/c"] : ["sh", "-c"];
  const child = Bun.spawn([...shell, command], {
    stdin: typeof input === "string" ? Buffer.from(input) : input,
    stdout: "pipe",
    stderr: "pipe",
  });
  void stopped.then(() => child.kill());
  const errors = (async () => {
    for await (const chunk of child.stderr) tell(chunk);
  })();
  const pieces: Uint8Array[] = [];
  let length = 0;
  let tooLong = false;
  for await (const chunk of child.stdout) {
    length += chunk.length;
    if (length > OUTPUT_BYTES_MAX) {
      tooLong = true;
      child.kill();
      break;
    }
    pieces.push(chunk);
  }
  await errors;
  const code = await child.exited;
  const body = tooLong ? new Uint8Array(0) : Buffer.concat(pieces);
  if (tooLong) {
    return { body, failure: `the command wrote more than ${OUTPUT_BYTES_MAX / 1024 ** 2} MiB` };
  }
  if (child.signalCode !== null)
    return { body, failure: `the command was ended by ${child.signalCode}` };
  return { body, failure: code === 0 ? undefined : `the command exited with ${code}` };
}

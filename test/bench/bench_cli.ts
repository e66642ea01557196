/** `stompbox bench`, run in this process, and what it printed. */

import { z } from "zod";
import { runCli } from "../../src/cli/run_cli.ts";
import { type Runtime, systemRuntime } from "../../src/runtime.ts";
import { type FakeTerminal, fakeTerminal } from "../cli/fake_terminal.ts";

/**
 * The real clock, on which the looks of once a second are a hundred times as
 * often. A run gives up after looks that found nothing new; as each is a turn
 * of the event loop in which sockets were read, that is no question of time.
 */
const RUNTIME: Runtime = {
  ...systemRuntime,
  every: (periodMs, task) => systemRuntime.every(periodMs === 1000 ? 10 : periodMs, task),
};

const resultSchema = z.strictObject({
  workload: z.string(),
  url: z.string(),
  broker: z.string(),
  bun: z.string(),
  options: z.record(z.string(), z.unknown()),
  ok: z.boolean(),
  problems: z.array(z.string()),
  figures: z.looseObject({ seconds: z.number().positive() }),
});

/** The result of a run. */
export type BenchJson = z.output<typeof resultSchema>;

/** A run that has ended. */
export interface BenchRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What it printed; undefined if it printed nothing. */
  readonly result: BenchJson | undefined;
  /** The figures in it; none if it printed nothing. */
  readonly figures: Readonly<Record<string, unknown>>;
}

/** A terminal for `bench`. */
export function benchTerminal(options: Parameters<typeof fakeTerminal>[0] = {}): FakeTerminal {
  return fakeTerminal({ runtime: RUNTIME, ...options });
}

/** Runs `stompbox bench` with these words, which are divided by blanks, and `--json`. */
export async function bench(words: string): Promise<BenchRun> {
  const terminal = benchTerminal();
  const code = await runCli(["bench", ...words.split(" "), "--json"], terminal);
  const { out, err } = terminal.written;
  const result = out === "" ? undefined : resultSchema.parse(JSON.parse(out));
  return { code, out, err, result, figures: result?.figures ?? {} };
}

/** The raw lines of a comparison: JSON, one a line, enough to make every table again. */

import { z } from "zod";

/** What the load generator says with `--json`, as far as it is used here. */
export const resultSchema = z.looseObject({
  ok: z.boolean(),
  problems: z.array(z.string()),
  figures: z.record(z.string(), z.json()),
});

/** What was measured, by name, in groups. */
export type Figures = RunResult["figures"];
/** The outcome of one run. */
export type RunResult = z.infer<typeof resultSchema>;

const runSchema = z.object({
  kind: z.literal("run"),
  startedAt: z.string(),
  commit: z.string(),
  rounds: z.int().positive(),
  machine: z.object({
    system: z.string(),
    kernel: z.string(),
    cpu: z.string(),
    cores: z.int(),
    memoryGiB: z.number(),
  }),
  bun: z.string(),
  size: z.record(z.string(), z.number()),
});

const peerSchema = z.object({
  kind: z.literal("peer"),
  peer: z.string(),
  version: z.string(),
  settings: z.string(),
});

const measurementSchema = z.object({
  kind: z.literal("measurement"),
  workload: z.string(),
  peer: z.string(),
  round: z.int().positive(),
  /** Load average of the last minute before it. */
  load: z.number(),
  /** What the load generator was told, without the address. */
  command: z.array(z.string()),
  result: resultSchema,
});

/** A line of a file in bench/results/. */
export const rawLineSchema = z.discriminatedUnion("kind", [
  runSchema,
  peerSchema,
  measurementSchema,
]);

/** How and where a comparison was run: the first line. */
export type RunLine = z.infer<typeof runSchema>;
/** Who took part; of several lines about one the last counts. */
export type PeerLine = z.infer<typeof peerSchema>;
/** One run of one workload by one peer. */
export type Measurement = z.infer<typeof measurementSchema>;
/** Any of them. */
export type RawLine = RunLine | PeerLine | Measurement;

/**
 * Reads the lines of a file.
 *
 * @throws Error that names the line which is none of ours
 */
export function readRawLines(text: string, name: string): RawLine[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line, at) => {
      try {
        return rawLineSchema.parse(JSON.parse(line));
      } catch (error) {
        const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
        throw new Error(`Cannot read line ${at + 1} of ${name}: ${why}`, { cause: error });
      }
    });
}

/** What the processes of one run tell each other: lines of JSON. */

import { z } from "zod";
import { Histogram } from "./histogram.ts";
import type { Outcome } from "./outcome.ts";

/** Which share of a run a process has. */
export const shareSchema = z.strictObject({
  index: z.int().min(0),
  count: z.int().min(2),
  /** The run's name, which all of them have in their destinations. */
  run: z.string().regex(/^[A-Za-z0-9]+$/),
});

/** Which share of a run a process has. */
export type ShareOf = z.output<typeof shareSchema>;

const histogramSchema = z.strictObject({
  max: z.number(),
  buckets: z.array(z.tuple([z.int().min(0), z.int().min(1)])),
});

const outcomeSchema = z.strictObject({
  broker: z.string(),
  usage: z.strictObject({
    seconds: z.number(),
    ownCpuSeconds: z.number(),
    broker: z
      .strictObject({
        cpuSeconds: z.number(),
        residentBeforeKiB: z.number(),
        residentAfterKiB: z.number(),
        residentPeakKiB: z.number(),
      })
      .optional(),
  }),
  counts: z.record(z.string(), z.number()),
  times: z.record(z.string(), histogramSchema),
  problems: z.array(z.string()),
});

/** What a process with a share says to the one that started it. */
const fromShareSchema = z.discriminatedUnion("type", [
  /** Connected and subscribed. */
  z.strictObject({ type: z.literal("ready") }),
  z.strictObject({ type: z.literal("progress"), text: z.string() }),
  /** All of its subscribers have come so many halves of a window far. */
  z.strictObject({ type: z.literal("halves"), count: z.int() }),
  /** The sender is done: so many messages there were. */
  z.strictObject({ type: z.literal("total"), count: z.int() }),
  z.strictObject({ type: z.literal("failed"), sentence: z.string() }),
  z.strictObject({ type: z.literal("outcome"), outcome: outcomeSchema }),
]);

/** What a process with a share is told. */
const toShareSchema = z.discriminatedUnion("type", [
  /** All are ready. */
  z.strictObject({ type: z.literal("start") }),
  /** The subscribers of all processes have come that far. */
  z.strictObject({ type: z.literal("halves"), count: z.int() }),
  z.strictObject({ type: z.literal("total"), count: z.int() }),
  z.strictObject({ type: z.literal("stop") }),
]);

/** What a process with a share says to the one that started it. */
export type FromShare = z.output<typeof fromShareSchema>;
/** What a process with a share is told. */
export type ToShare = z.output<typeof toShareSchema>;
/** An {@link Outcome} as a line can hold it. */
export type OutcomeData = z.output<typeof outcomeSchema>;

/** Reads a line of a process with a share. Throws for what is none. */
export function readFromShare(line: string): FromShare {
  return fromShareSchema.parse(JSON.parse(line));
}

/** Reads a line for a process with a share. Throws for what is none. */
export function readToShare(line: string): ToShare {
  return toShareSchema.parse(JSON.parse(line));
}

/** An outcome, to be sent. */
export function outcomeData(outcome: Outcome): OutcomeData {
  const times = Object.entries(outcome.times).map(([name, some]) => [name, some.data()] as const);
  return {
    ...outcome,
    counts: { ...outcome.counts },
    problems: [...outcome.problems],
    times: Object.fromEntries(times),
  };
}

/** An outcome that was sent. */
export function outcomeOf(data: OutcomeData): Outcome {
  const times = Object.entries(data.times).map(
    ([name, some]) => [name, Histogram.from(some)] as const,
  );
  return {
    ...data,
    usage: { ...data.usage, broker: data.usage.broker },
    times: Object.fromEntries(times),
  };
}

/** Lines of a stream, each without its end; what does not end is none. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

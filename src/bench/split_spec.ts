import type { BenchSpec, Workload } from "./bench_spec.ts";

/** The workloads that several processes can share, by what each of them gets a part of. */
export const SHARED: Readonly<Partial<Record<Workload, "subscribers" | "pairs" | "connections">>> =
  {
    "fan-out": "subscribers",
    pairs: "pairs",
    connect: "connections",
    storm: "connections",
    idle: "connections",
  };

/**
 * The part of a run that one process of several has. The parts differ by one
 * at most; only the first looks at the broker. Throws for a workload that is
 * not {@link SHARED}.
 */
export function splitSpec(
  spec: BenchSpec,
  { index, count }: { readonly index: number; readonly count: number },
): BenchSpec {
  const divided = SHARED[spec.workload];
  if (divided === undefined) throw new Error(`Cannot share ${spec.workload} between processes`);
  const part = (whole: number): number => Math.floor((whole + count - 1 - index) / count);
  const isFanOut = spec.workload === "fan-out";
  return {
    ...spec,
    [divided]: part(spec[divided]),
    // One sender sends all messages to all, or every process sends its part.
    messages: spec.messages === undefined || isFanOut ? spec.messages : part(spec.messages),
    window: divided === "connections" ? Math.max(1, part(spec.window)) : spec.window,
    pids: index === 0 ? spec.pids : [],
    run: isFanOut ? spec.run : `${spec.run}.${index}`,
  };
}

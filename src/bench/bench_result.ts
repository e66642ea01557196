/** What a run has measured, for machines and for people. */

import type { BenchSpec } from "./bench_spec.ts";
import type { Histogram } from "./histogram.ts";
import type { Usage } from "./meter.ts";

/** Numbers by name; the name ends in the unit. */
export interface Figures {
  readonly [name: string]: number | Figures;
}

/** The outcome of a run, as `--json` writes it. */
export interface BenchResult {
  readonly workload: string;
  readonly url: string;
  readonly protocol: string;
  /** How the broker calls itself. */
  readonly broker: string;
  /** Version of Bun. */
  readonly bun: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether every message came exactly once. */
  readonly ok: boolean;
  readonly problems: readonly string[];
  readonly figures: Figures;
}

/**
 * What our own CPU and that of the broker came to; `counted` is what it was
 * spent on, and how many of those.
 */
export function usageFigures(
  { seconds, ownCpuSeconds, broker }: Usage,
  counted?: { readonly what: string; readonly count: number },
): Figures {
  const perCpu = (cpuSeconds: number): Figures =>
    counted === undefined || cpuSeconds === 0
      ? {}
      : { [`${counted.what}PerCpuSecond`]: counted.count / cpuSeconds };
  return {
    ...(broker === undefined
      ? {}
      : {
          brokerProcess: {
            cpuSeconds: broker.cpuSeconds,
            cpuShare: broker.cpuSeconds / seconds,
            ...perCpu(broker.cpuSeconds),
            residentBeforeKiB: broker.residentBeforeKiB,
            residentAfterKiB: broker.residentAfterKiB,
            residentPeakKiB: broker.residentPeakKiB,
          },
        }),
    generator: {
      cpuSeconds: ownCpuSeconds,
      cpuShare: ownCpuSeconds / seconds,
      ...perCpu(ownCpuSeconds),
    },
  };
}

/** Times in nanoseconds, told in milliseconds. */
export function percentiles(times: Histogram): Figures {
  const ms = (percent: number): number => times.percentile(percent) / 1e6;
  return { p50: ms(50), p90: ms(90), p99: ms(99), p999: ms(99.9), max: times.max / 1e6 };
}

/** The options of a run that belong into its result. */
export function optionsOf(spec: BenchSpec): Readonly<Record<string, unknown>> {
  const { address: _address, pids: _pids, run: _run, workload: _workload, ...options } = spec;
  return options;
}

/** One line of JSON, numbers rounded to what they are worth. */
export function resultLine(result: BenchResult): string {
  const rounded = (_name: string, value: unknown): unknown =>
    typeof value === "number" ? roundNumber(value) : value;
  return `${JSON.stringify(result, rounded)}\n`;
}

/** Whole numbers above a thousand, four digits below. */
function roundNumber(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4));
}

/** A table for a person. */
export function resultTable(result: BenchResult): string {
  const { workload, broker, url, figures } = result;
  const rows = rowsOf(figures, "");
  const left = Math.max(...rows.map(([name]) => name.length));
  const right = Math.max(...rows.map(([, value]) => value.length));
  const by = broker === "" ? url : `${broker} at ${url}`;
  return [
    `${workload} through ${by}`,
    ...rows.map(([name, value]) => `  ${name.padEnd(left)}  ${value.padStart(right)}`),
    "",
  ].join("\n");
}

function rowsOf(figures: Figures, group: string): (readonly [string, string])[] {
  return Object.entries(figures).flatMap(([name, value]) =>
    typeof value === "number"
      ? [[`${group}${words(name)}`, shown(roundNumber(value))] as const]
      : rowsOf(value, `${words(name)}: `),
  );
}

/** `messagesPerSecond` as a person reads it. */
function words(name: string): string {
  return name.replace(/(Ki)?[A-Z](?!B)/g, (part) =>
    part.startsWith("Ki") ? part : ` ${part.toLowerCase()}`,
  );
}

function shown(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 4 });
}

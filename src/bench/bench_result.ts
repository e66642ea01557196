/** What a run has measured, for machines and for people. */

import type { BenchSpec } from "./bench_spec.ts";
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

/** What our own CPU and that of the broker came to, `events` being what is counted. */
export function usageFigures(
  { seconds, ownCpuSeconds, broker }: Usage,
  { events, unit }: { readonly events: number; readonly unit: string },
): Figures {
  const perCpu = (cpuSeconds: number): number => (cpuSeconds > 0 ? events / cpuSeconds : 0);
  return {
    ...(broker === undefined
      ? {}
      : {
          brokerProcess: {
            cpuSeconds: broker.cpuSeconds,
            cpuShare: broker.cpuSeconds / seconds,
            [`${unit}PerCpuSecond`]: perCpu(broker.cpuSeconds),
            residentBeforeKiB: broker.residentBeforeKiB,
            residentAfterKiB: broker.residentAfterKiB,
            residentPeakKiB: broker.residentPeakKiB,
          },
        }),
    generator: {
      cpuSeconds: ownCpuSeconds,
      cpuShare: ownCpuSeconds / seconds,
      [`${unit}PerCpuSecond`]: perCpu(ownCpuSeconds),
    },
  };
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

/** What a run has measured, for machines and for people. */

import type { BenchSpec, Workload } from "./bench_spec.ts";
import type { Histogram } from "./histogram.ts";
import type { BrokerUsage } from "./meter.ts";
import type { Outcome } from "./outcome.ts";

/** Numbers by name; the name ends in the unit. */
export interface Figures {
  readonly [name: string]: number | Figures;
}

/** The result of a run, as `--json` writes it. */
export interface BenchResult {
  readonly workload: Workload;
  readonly url: string;
  /** How the broker calls itself. */
  readonly broker: string;
  /** Version of Bun. */
  readonly bun: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether every message came exactly once, and every connection held. */
  readonly ok: boolean;
  readonly problems: readonly string[];
  readonly figures: Figures;
}

/** What there is a rate of, each by the second and by the second of CPU. */
const RATED = ["messages", "deliveries", "logins"];

/** Makes the result of a run; `options` are those that count in it. */
export function resultOf(
  { workload, address }: BenchSpec,
  { outcome, options }: { readonly outcome: Outcome } & Pick<BenchResult, "options">,
): BenchResult {
  const { broker, problems } = outcome;
  return {
    workload,
    url: address.url.shown,
    broker,
    bun: Bun.version,
    options,
    ok: problems.length === 0,
    problems,
    figures: figuresOf(outcome),
  };
}

function figuresOf({ counts, times, usage }: Outcome): Figures {
  const { seconds, ownCpuSeconds, broker } = usage;
  const rated = Object.entries(counts).filter(([name]) => RATED.includes(name));
  const brokerFigures = ({ cpuSeconds, ...memory }: BrokerUsage): Figures => ({
    ...perConnection({ cpuSeconds, ...memory }, counts["connections"]),
    brokerProcess: { ...cpu(cpuSeconds, seconds), ...perCpuSecond(cpuSeconds), ...memory },
  });
  const perCpuSecond = (cpuSeconds: number): Figures =>
    cpuSeconds === 0
      ? {}
      : Object.fromEntries(
          rated.map(([name, count]) => [`${name}PerCpuSecond`, count / cpuSeconds]),
        );
  return {
    seconds,
    ...counts,
    ...Object.fromEntries(rated.map(([name, count]) => [`${name}PerSecond`, count / seconds])),
    ...Object.fromEntries(
      Object.entries(times).map(([name, some]) => [`${name}Ms`, percentiles(some)]),
    ),
    ...(broker === undefined ? {} : brokerFigures(broker)),
    generator: { ...cpu(ownCpuSeconds, seconds), ...perCpuSecond(ownCpuSeconds) },
  };
}

function cpu(cpuSeconds: number, seconds: number): Figures {
  return { cpuSeconds, cpuShare: cpuSeconds / seconds };
}

function perConnection(
  { residentBeforeKiB, residentAfterKiB }: BrokerUsage,
  connections: number | undefined,
): Figures {
  if (connections === undefined) return {};
  return { residentKiBPerConnection: (residentAfterKiB - residentBeforeKiB) / connections };
}

/** Times in nanoseconds, told in milliseconds. */
function percentiles(times: Histogram): Figures {
  const ms = (percent: number): number => times.percentile(percent) / 1e6;
  return { p50: ms(50), p90: ms(90), p99: ms(99), p999: ms(99.9), max: times.max / 1e6 };
}

/** The result with its numbers rounded to what they are worth. */
export function roundResult(result: BenchResult): BenchResult {
  return { ...result, figures: roundFigures(result.figures) };
}

function roundFigures(figures: Figures): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      typeof value === "number" ? roundNumber(value) : roundFigures(value),
    ]),
  );
}

/** Whole numbers from a thousand on, four digits below. */
function roundNumber(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4));
}

/** A table of a result that is rounded, for a person. */
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
      ? [[`${group}${words(name)}`, shown(value)] as const]
      : rowsOf(value, `${words(name)}: `),
  );
}

/** `messagesPerSecond` as a person reads it. */
function words(name: string): string {
  return name.replace(/KiB|[A-Z]/g, (part) => (part === "KiB" ? " KiB" : ` ${part.toLowerCase()}`));
}

function shown(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 4 });
}

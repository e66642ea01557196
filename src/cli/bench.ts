/** `stompbox bench`. */

import { resultLine, resultTable } from "../bench/bench_result.ts";
import type { BenchSpec, ProtocolName, Workload } from "../bench/bench_spec.ts";
import { BODY_BYTES_MIN } from "../bench/digits.ts";
import { ProcessUsageError } from "../bench/process_usage.ts";
import { runBench } from "../bench/run_bench.ts";
import { ClientError } from "../client/client_error.ts";
import { type CommandContext, defineCommand, EXIT, type ExitCode } from "./command.ts";
import {
  choice,
  choiceOperand,
  count,
  duration,
  durationOr,
  factor,
  list,
  ReadError,
  size,
  text,
  toggle,
  type ValuesOf,
} from "./command_option.ts";
import { CONNECTION, type ConnectionValues } from "./connection_options.ts";
import { watchSignals } from "./stop_signals.ts";
import { readTrust } from "./with_api.ts";

/** What each workload takes beside what all take, and in how far they differ where nobody says so. */
const WORKLOADS: Readonly<Record<Workload, WorkloadNotes>> = {
  "fan-out": { takes: ["subscribers", "ids", "size", "window", "warmUp"], subscribers: 100 },
  pairs: { takes: ["pairs", "ids", "size", "window", "warmUp"], window: 64 },
  queue: {
    takes: ["senders", "subscribers", "ack", "ids", "persistent", "size", "window", "warmUp"],
    on: "queue",
    window: 512,
  },
  receipts: {
    takes: ["senders", "subscribers", "persistent", "size", "window", "warmUp"],
    on: "queue",
  },
  request: {
    takes: ["pairs", "subscribers", "size", "window", "warmUp"],
    on: "queue",
    pairs: 10,
    window: 16,
  },
  latency: {
    takes: ["subscribers", "ids", "rate", "size", "warmUp"],
    subscribers: 10,
  },
  connect: { takes: ["connections", "window"], connections: 5000, window: 50 },
  storm: { takes: ["connections", "window"], window: 1000 },
  idle: { takes: ["connections", "heartBeat"] },
};

interface WorkloadNotes {
  readonly takes: readonly (keyof BenchOptions)[];
  readonly on?: "queue";
  readonly subscribers?: number;
  readonly pairs?: number;
  readonly connections?: number;
  readonly window?: number;
}

const NAMES = [
  "fan-out",
  "pairs",
  "queue",
  "receipts",
  "request",
  "latency",
  "connect",
  "storm",
  "idle",
] as const satisfies readonly Workload[];

/** What NATS has no word for. */
const STOMP_ONLY: readonly Workload[] = ["queue", "receipts", "request", "storm"];

const OPTIONS = {
  messages: count({ short: "-n", min: 1, max: 1_000_000_000, description: "measure N messages" }),
  seconds: factor({ min: 0.1, max: 86_400, description: "measure so long, otherwise 5" }),
  subscribers: count({ min: 0, max: 100_000, description: "who receives" }),
  pairs: count({ min: 1, max: 50_000, description: "senders, each with a receiver" }),
  connections: count({ min: 1, max: 1_000_000, description: "of connect, storm and idle" }),
  ack: choice(["auto", "client", "client-individual"], { description: "how a queue is consumed" }),
  window: count({ min: 1, max: 1_000_000, description: "messages in flight, or logins" }),
  rate: factor({ min: 0.1, max: 1_000_000, description: "messages a second, for latency" }),
  size: size({ min: BODY_BYTES_MIN, max: 16 * 1024 ** 2, description: "of a body, otherwise 100" }),
  pid: list(readPid, {
    flag: "--pid",
    placeholder: "PID",
    description: "process of the broker, to tell its CPU and memory",
  }),
  json: toggle({ description: "print one line of JSON" }),
};

/** Options that the help only names. */
const FURTHER = {
  ids: choice(["alike", "own"], { description: "ids of subscriptions" }),
  senders: count({ min: 1, max: 10_000, description: "who sends into a queue" }),
  persistent: toggle({ description: "ask the broker to keep messages through a restart" }),
  heartBeat: durationOr(10_000, {
    min: 0,
    max: 86_400_000,
    description: "interval of heart-beats",
  }),
  warmUp: duration({ min: 0, max: 3_600_000, description: "run so long before it counts" }),
  destination: text({ placeholder: "NAME{}", description: "{} is another in each run" }),
  protocol: choice(["stomp", "nats"], { description: "what the broker speaks" }),
};

type BenchOptions = ValuesOf<typeof OPTIONS> & ValuesOf<typeof FURTHER>;

/** Makes load, counts every message, and tells what it took. */
export const benchCommand = defineCommand({
  name: "bench",
  summary: "make load on a broker, count every message, tell what it took",
  group: "look",
  operands: {
    workload: choiceOperand(NAMES, { placeholder: "WORKLOAD", description: NAMES.join(" ") }),
  },
  options: OPTIONS,
  shared: { ...CONNECTION, ...FURTHER },
  examples: [
    {
      line: "stompbox bench fan-out --subscribers 20 --seconds 1",
      about: "one sender, a topic, many subscribers",
    },
    {
      line: "stompbox bench queue --ack client-individual -n 5000 --json",
      about: "a queue where every message is acknowledged by itself",
    },
  ],
  notes: [
    "Also: --ids alike|own, --senders N, --persistent, --warm-up TIME, --heart-beat TIME,",
    "--destination NAME{}, --protocol stomp|nats.",
  ],
  exits: { [EXIT.failed]: "messages lost or doubled, or no connection" },
  contradictions: ({ options, operands: { workload } }) => mistakesOf(workload, options),
  run: async (context, { options, operands: { workload } }) => {
    const trust = readTrust(context, options);
    if (trust === undefined) return EXIT.misuse;
    const { login, passcode, host, url } = options;
    const address = { url, trust, login, passcode, host, heartBeatMs: 0 };
    const spec = { ...specOf(workload, options), address, run: context.terminal.runtime.id() };
    return bench(context, { spec, json: options.json });
  },
});

function readPid(text: string): number {
  const pid = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (pid > 0) return pid;
  throw new ReadError(`Cannot use ${JSON.stringify(text)} as a process: expected its number`);
}

function mistakesOf(workload: Workload, options: BenchOptions & ConnectionValues): string[] {
  const mistakes: string[] = [];
  return mistakes;
}

function specOf(workload: Workload, options: BenchOptions): Omit<BenchSpec, "address" | "run"> {
  const notes = WORKLOADS[workload];
  const { protocol = "stomp", messages, seconds = 5, ids = "alike", ack = "auto" } = options;
  return {
    workload,
    protocol,
    pids: options.pid,
    bodyBytes: options.size ?? 100,
    messages,
    seconds,
    warmUpSeconds: (options.warmUp ?? 0) / 1000,
    senders: options.senders ?? 1,
    subscribers: options.subscribers ?? notes.subscribers ?? 1,
    pairs: options.pairs ?? notes.pairs ?? 50,
    connections: options.connections ?? notes.connections ?? 1000,
    ack,
    ids,
    window: options.window ?? notes.window ?? 256,
    rate: options.rate ?? 1000,
    persistent: options.persistent,
    destination: options.destination ?? defaultDestination(protocol, notes),
  };
}

function defaultDestination(protocol: ProtocolName, { on = "topic" }: { readonly on?: string }) {
  return protocol === "nats" ? "bench.{}" : `/${on}/bench.{}`;
}

async function bench(
  { terminal }: CommandContext,
  { spec, json }: { readonly spec: BenchSpec; readonly json: boolean },
): Promise<ExitCode> {
  const { runtime, err, out } = terminal;
  const signals = watchSignals(terminal, runtime);
  const progress = (text: string): void => {
    if (err.isTerminal) err.write(`\r\x1b[K${text}`);
  };
  const environment = { runtime, nanoseconds: Bun.nanoseconds, stopped: signals.first, progress };
  try {
    const result = await runBench(spec, environment);
    progress("");
    out.write(json ? resultLine(result) : resultTable(result));
    for (const problem of result.problems) err.write(`stompbox: ${problem}\n`);
    return result.ok ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (!(error instanceof ClientError || error instanceof ProcessUsageError)) throw error;
    progress("");
    err.write(`stompbox: ${error.message}\n`);
    return EXIT.failed;
  } finally {
    signals.forget();
  }
}

/** `stompbox bench`. */

import { resultOf, resultTable, roundResult } from "../bench/bench_result.ts";
import type { BenchEnvironment, BenchSpec, ProtocolName, Workload } from "../bench/bench_spec.ts";
import { BODY_BYTES_MIN } from "../bench/digits.ts";
import { ProcessUsageError } from "../bench/process_usage.ts";
import type { Outcome } from "../bench/outcome.ts";
import { runBench } from "../bench/run_bench.ts";
import { ShareFailed } from "../bench/run_shares.ts";
import { outcomeData, type ShareOf } from "../bench/share_messages.ts";
import { SHARED, splitSpec } from "../bench/split_spec.ts";
import { ClientError } from "../client/client_error.ts";
import { visibleJson, visibleLines } from "../observe/visible_text.ts";
import { openShare, shareOf, startShares, tellStarter } from "./bench_share.ts";
import {
  type CommandContext,
  defineCommand,
  EXIT,
  type ExitCode,
  reportFailure,
} from "./command.ts";
import {
  choice,
  choiceOperand,
  count,
  duration,
  factor,
  list,
  optionsOf,
  ReadError,
  size,
  text,
  toggle,
  type ValuesOf,
} from "./command_option.ts";
import { CONNECTION } from "./connection_options.ts";
import { readTrust } from "./read_trust.ts";
import { watchSignals } from "./stop_signals.ts";
import { sentenceOf } from "./with_broker.ts";

/** Every workload, in the order of the documentation. */
export const WORKLOAD_NAMES = [
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

/** What NATS has words for. */
const NATS_WORKLOADS: readonly Workload[] = ["fan-out", "pairs", "latency", "connect", "idle"];

const OPTIONS = {
  messages: count({ short: "-n", min: 1, max: 1_000_000_000, description: "measure N messages" }),
  seconds: factor({ min: 0.1, max: 86_400, description: "measure so long, otherwise 5" }),
  subscribers: count({ min: 0, max: 100_000, description: "who receives" }),
  pairs: count({ min: 1, max: 50_000, description: "senders, each with a receiver" }),
  connections: count({ min: 1, max: 1_000_000, description: "of connect, storm and idle" }),
  window: count({ min: 1, max: 1_000_000, description: "messages in flight, or logins" }),
  rate: factor({ min: 0.1, max: 1_000_000, description: "messages a second, for latency" }),
  size: size({ min: BODY_BYTES_MIN, max: 16 * 1024 ** 2, description: "of a body, otherwise 100" }),
  pid: list(readPid, {
    flag: "--pid",
    placeholder: "PID",
    description: "process of the broker: tell its CPU and memory",
  }),
  json: toggle({ description: "print one line of JSON" }),
};

/** Interval of heart-beats of idle connections. */
const IDLE_HEART_BEAT_MS = 10_000;

/** Options that the help only names. */
const FURTHER = {
  ack: choice(["auto", "client", "client-individual"], { description: "how a queue is consumed" }),
  ids: choice(["alike", "own"], { description: "ids of subscriptions" }),
  senders: count({ min: 1, max: 10_000, description: "who sends into a queue" }),
  persistent: toggle({ description: "ask the broker to keep messages through a restart" }),
  heartBeat: duration({
    min: 0,
    max: 86_400_000,
    description: "interval of heart-beats",
  }),
  warmUp: duration({ min: 0, max: 3_600_000, description: "run so long before it counts" }),
  destination: text({ placeholder: "NAME{}", description: "{} is another in each run" }),
  processes: count({ min: 1, max: 64, description: "make the load from so many" }),
  protocol: choice(["stomp", "nats"], { description: "what the broker speaks" }),
};

type BenchOptions = ValuesOf<typeof OPTIONS> & ValuesOf<typeof FURTHER>;

/** What a workload takes beside what all take, and what it does where nobody says so. */
interface WorkloadNotes {
  readonly takes: readonly (keyof BenchOptions)[];
  readonly on?: "queue";
  readonly subscribers?: number;
  readonly pairs?: number;
  readonly connections?: number;
  readonly window?: number;
}

const ALL_TAKE: readonly (keyof BenchOptions)[] = ["pid", "json", "destination", "protocol"];
const MESSAGES: readonly (keyof BenchOptions)[] = ["messages", "seconds", "size", "warmUp"];

const NOTES: Readonly<Record<Workload, WorkloadNotes>> = {
  "fan-out": {
    takes: [...MESSAGES, "window", "subscribers", "ids", "processes"],
    subscribers: 100,
  },
  pairs: { takes: [...MESSAGES, "window", "pairs", "ids", "processes"], window: 64 },
  queue: {
    takes: [...MESSAGES, "window", "senders", "subscribers", "ids", "ack", "persistent"],
    on: "queue",
    window: 512,
  },
  receipts: {
    takes: [...MESSAGES, "window", "senders", "subscribers", "ids", "persistent"],
    on: "queue",
  },
  request: {
    takes: [...MESSAGES, "window", "pairs", "subscribers"],
    on: "queue",
    pairs: 10,
    window: 16,
  },
  latency: { takes: [...MESSAGES, "rate", "subscribers", "ids"], subscribers: 10 },
  connect: { takes: ["window", "connections", "processes"], connections: 5000, window: 50 },
  storm: { takes: ["window", "connections", "processes"], window: 1000 },
  idle: { takes: ["seconds", "connections", "heartBeat", "processes"] },
};

/** Makes load, counts every message, and tells what it took. */
export const benchCommand = defineCommand({
  name: "bench",
  summary: "make load on a broker, count every message, tell what it took",
  group: "look",
  operands: {
    workload: choiceOperand(WORKLOAD_NAMES, {
      placeholder: "WORKLOAD",
      description: "what to do, one of those below",
    }),
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
    `WORKLOAD: ${WORKLOAD_NAMES.join(" ")}`,
    "Also --ack auto|client|client-individual, --ids alike|own, --senders N,",
    "--persistent, --warm-up TIME, --heart-beat TIME, --destination NAME{},",
    "--protocol stomp|nats, --processes N.",
  ],
  exits: { [EXIT.failed]: "lost or doubled messages, no connection" },
  contradictions: ({ options, operands: { workload } }) => mistakesOf(workload, options),
  run: (context, { options, operands: { workload } }) => {
    const trust = readTrust(context, options);
    if (trust === undefined) return EXIT.misuse;
    const { login, passcode, host, url, heartBeat = IDLE_HEART_BEAT_MS } = options;
    const heartBeatMs = workload === "idle" ? heartBeat : 0;
    const address = { url, trust, login, passcode, host, heartBeatMs };
    // Of the letters that a destination may have in any protocol.
    const run = context.terminal.runtime.id().replace(/[^A-Za-z0-9]/g, "");
    const spec = { ...specOf(workload, options), address, run };
    const share = shareOf(context.terminal);
    if (share !== undefined) return benchShare(context, { spec, share });
    return bench(context, { spec, processes: options.processes ?? 1, json: options.json });
  },
});

function readPid(text: string): number {
  const pid = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (pid > 0) return pid;
  throw new ReadError(`Cannot use ${JSON.stringify(text)} as a process: expected its number`);
}

function mistakesOf(workload: Workload, options: BenchOptions): string[] {
  const mistakes: string[] = [];
  for (const { name, flag } of optionsOf({ ...OPTIONS, ...FURTHER })) {
    const takers = WORKLOAD_NAMES.filter((each) => takes(each).some((option) => option === name));
    const isGiven = Object.entries(options).some(
      ([key, value]) => key === name && value !== undefined && value !== false,
    );
    if (isGiven && !takers.includes(workload)) {
      mistakes.push(`Cannot use ${flag} with ${workload}: expected with ${takers.join(", ")}`);
    }
  }
  const { protocol, destination, messages, seconds, processes = 1 } = options;
  const shared = SHARED[workload];
  if (shared !== undefined && specOf(workload, options)[shared] < processes) {
    mistakes.push(
      `Cannot use --processes ${processes} with fewer ${shared}: expected one for each`,
    );
  }
  if (messages !== undefined && seconds !== undefined) {
    mistakes.push("Cannot use --seconds with --messages: either says when it ends");
  }
  if (protocol === "nats" && !NATS_WORKLOADS.includes(workload)) {
    mistakes.push(
      `Cannot use --protocol nats with ${workload}: expected with ${NATS_WORKLOADS.join(", ")}`,
    );
  }
  if (destination !== undefined && workload === "pairs" && !destination.includes("{}")) {
    mistakes.push(
      `Cannot use ${JSON.stringify(destination)} as --destination with pairs: expected {} in it, which is another name for each pair`,
    );
  }
  if (destination !== undefined && protocol === "nats" && /\s/.test(destination)) {
    mistakes.push(
      `Cannot use ${JSON.stringify(destination)} as --destination with --protocol nats: expected no blanks`,
    );
  }
  return mistakes;
}

function takes(workload: Workload): readonly (keyof BenchOptions)[] {
  return [...ALL_TAKE, ...NOTES[workload].takes];
}

function specOf(workload: Workload, options: BenchOptions): Omit<BenchSpec, "address" | "run"> {
  const notes = NOTES[workload];
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

/** The options that count in a run, whether they were given or not. */
function optionsIn(spec: BenchSpec, processes: number): Readonly<Record<string, unknown>> {
  const { bodyBytes: size, warmUpSeconds: warmUp, address, messages, ...rest } = spec;
  const { heartBeatMs: heartBeat } = address;
  const seconds = messages === undefined ? spec.seconds : undefined;
  const all = { ...rest, messages, seconds, size, warmUp, heartBeat, processes };
  const counting: readonly string[] = [...NOTES[spec.workload].takes, "destination", "protocol"];
  return Object.fromEntries(Object.entries(all).filter(([name]) => counting.includes(name)));
}

/** A second signal came: whatever is open is left to the end of the process. */
class StoppedAtOnce extends Error {
  override readonly name = "StoppedAtOnce";
}

async function bench(
  context: CommandContext,
  plan: { readonly spec: BenchSpec; readonly processes: number; readonly json: boolean },
): Promise<ExitCode> {
  const { terminal } = context;
  const { runtime, err, out } = terminal;
  const { spec, processes, json } = plan;
  const progress = (text: string): void => {
    if (err.isTerminal) err.write(`\r\x1b[K${text.slice(0, err.size().columns - 1)}`);
  };
  const signals = watchSignals(terminal, runtime);
  const environment = { runtime, nanoseconds: Bun.nanoseconds, stopped: signals.first, progress };
  const run = (): Promise<Outcome> => {
    if (processes === 1) return runBench(spec, environment);
    const options = optionsOf({ ...OPTIONS, ...CONNECTION, ...FURTHER });
    return startShares(context, { options, count: processes, name: spec.run, environment });
  };
  const atOnce = signals.second.then((): never => {
    throw new StoppedAtOnce("Stopped at once by a second signal");
  });
  try {
    const outcome = await Promise.race([run(), atOnce]);
    progress("");
    const options = optionsIn(spec, processes);
    const result = roundResult(resultOf(spec, { outcome, options }));
    out.write(json ? `${visibleJson(result)}\n` : visibleLines(resultTable(result)));
    for (const problem of result.problems) err.write(`stompbox: ${visibleLines(problem)}\n`);
    return result.ok ? EXIT.ok : EXIT.failed;
  } catch (error) {
    progress("");
    return reportFailure(terminal, failureOf(error));
  } finally {
    signals.forget();
  }
}

/** The share of a run that this process was started for. */
async function benchShare(
  { terminal }: CommandContext,
  { spec, share }: { readonly spec: BenchSpec; readonly share: ShareOf },
): Promise<ExitCode> {
  const { runtime } = terminal;
  const opened = openShare(terminal, share);
  const signals = watchSignals(terminal, runtime);
  const environment: BenchEnvironment = {
    runtime,
    nanoseconds: Bun.nanoseconds,
    stopped: Promise.race([signals.first, opened.stopped]),
    progress: (text) => tellStarter(terminal, { type: "progress", text }),
    share: opened,
  };
  try {
    const outcome = await runBench(splitSpec({ ...spec, run: share.run }, share), environment);
    tellStarter(terminal, { type: "outcome", outcome: outcomeData(outcome) });
    return EXIT.ok;
  } catch (error) {
    tellStarter(terminal, { type: "failed", sentence: failureOf(error) });
    return EXIT.failed;
  } finally {
    signals.forget();
  }
}

/** What is told of a failure. Throws what is none that anybody could expect. */
function failureOf(error: unknown): string {
  if (error instanceof ClientError) return sentenceOf(error);
  const isExpected =
    error instanceof ProcessUsageError ||
    error instanceof ShareFailed ||
    error instanceof StoppedAtOnce;
  if (!isExpected) throw error;
  return error.message;
}

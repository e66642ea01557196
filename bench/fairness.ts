/**
 * Whether the broker is fair to everyone at once, in numbers. First: how long
 * the messages of other connections take while one publisher floods the broker
 * without a window, beside what they take while all is quiet and while the
 * same flood meets another broker on the same machine, which is what the
 * machine alone does to them. With it how much memory the broker holds. Then:
 * what one subscriber that reads nothing costs the others of its topic.
 *
 *     bun bench/fairness.ts [rounds] [seconds]
 *
 * Prints tables, then a line of JSON. Ends with 1 where messages were lost, or
 * a target is missed by far.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { table } from "../scripts/markdown.ts";
import { readProcessUsage } from "../src/bench/process_usage.ts";
import { type Flood, type FloodOutcome, FLOODS, startFlood } from "./floods.ts";
import type { RunningPeer } from "./peers/peer.ts";
import { PEERS } from "./peers/peers.ts";
import { openRawClient, type RawClient } from "./raw_client.ts";
import { type Spread, spreadOf } from "./ratios.ts";
import { runLoad } from "./run_load.ts";

const ROOT = join(import.meta.dir, "..");
const COMMAND = [process.execPath, join(ROOT, "src/main.ts")];
const TARGET_MS = 50;
/** A target that is missed by this factor is missed by far: less may be the machine. */
const FAR = 3;
const LOOK_MS = 100;
/** How long a flood is on before anything is measured. */
const FLOOD_FIRST_MS = 500;

/** Where the flood is while the broker is measured. */
const PLACES = ["quiet", "elsewhere", "here"] as const;
type Place = (typeof PLACES)[number];

/** How much is run. */
export interface FairnessSize {
  readonly rounds: number;
  /** How long each load is measured. */
  readonly seconds: number;
  /** Those who read beside the one that is stuck. */
  readonly subscribers: number;
}

/** What others met while a flood was where it was. */
export interface Meeting {
  readonly place: Place;
  /** From when a message was due to when it came, over a topic, 99 of 100. */
  readonly latencyMs: number;
  /** A request over a queue and its reply, 99 of 100. */
  readonly roundTripMs: number;
  /** How late the load generator itself sent, 99 of 100. */
  readonly lateMs: number;
  /** CPU of the broker that is measured: 1 is a whole core. */
  readonly brokerCpu: number;
  /** Part of the time in which the broker could have run and others had the CPU. */
  readonly brokerStarved: number;
  /** The most that was seen of it. */
  readonly memory: MemoryPeak;
  /** Undefined while all is quiet. */
  readonly flood: FloodOutcome | undefined;
  readonly problems: readonly string[];
}

/** The most that was seen of a broker's memory. */
export interface MemoryPeak {
  /** Bytes of messages, as the broker counts them against its budget. */
  readonly usedBytes: number;
  readonly budgetBytes: number;
  readonly residentKiB: number;
}

const share = z.object({ cpuShare: z.number() });
const p99 = z.object({ p99: z.number() });
const latencySchema = z.object({ latencyMs: p99, sentLateMs: p99, brokerProcess: share });
const requestSchema = z.object({ roundTripMs: p99 });
const fanOutSchema = z.object({
  deliveriesPerSecond: z.number(),
  brokerProcess: z.object({ deliveriesPerCpuSecond: z.number(), residentPeakKiB: z.number() }),
});

/** Starts a broker of its own, with those flags beside. */
function startBroker(folder: string, flags: readonly string[] = []): Promise<RunningPeer> {
  const own = mkdtempSync(join(folder, "broker-"));
  return PEERS.stompbox.start({ folder: own, command: [...COMMAND, ...flags] });
}

/** Measures how others fare while there is a flood, round by round, everything in turn. */
export async function meetFlood(
  flood: Flood,
  { size, folder }: { readonly size: FairnessSize; readonly folder: string },
): Promise<Meeting[]> {
  const brokers = [await startBroker(folder), await startBroker(folder)] as const;
  try {
    const meetings: Meeting[] = [];
    for (let round = 0; round < size.rounds; round++) {
      for (const place of PLACES) {
        meetings.push(await meet(flood, { place, brokers, seconds: size.seconds }));
        // A queue that is full would be full for all rounds.
        for (const broker of brokers) await purge(broker, flood.destination);
      }
    }
    return meetings;
  } finally {
    for (const broker of brokers) await broker.stop();
  }
}

async function meet(
  flood: Flood,
  setting: {
    readonly place: Place;
    readonly brokers: readonly [measured: RunningPeer, other: RunningPeer];
    readonly seconds: number;
  },
): Promise<Meeting> {
  const { place, brokers, seconds } = setting;
  const [broker, other] = brokers;
  const running =
    place === "quiet" ? undefined : await startFlood(flood, place === "here" ? broker : other);
  const watch = watchMemory(broker);
  await Bun.sleep(FLOOD_FIRST_MS);
  const starved = watchStarving(broker);
  const time = ["--seconds", `${seconds}`, "--warm-up", "200ms"];
  const latency = await runLoad(broker, {
    command: COMMAND,
    load: ["latency", "--rate", "500", "--subscribers", "1", ...time],
  });
  const request = await runLoad(broker, {
    command: COMMAND,
    load: ["request", "--pairs", "4", "--window", "1", ...time],
  });
  const brokerStarved = starved();
  const outcome = await running?.stop();
  const memory = await watch.end();
  const problems = [latency, request].flatMap((result) => result.problems);
  const one = latencySchema.safeParse(latency.figures).data;
  const way = requestSchema.safeParse(request.figures).data;
  return {
    place,
    latencyMs: one?.latencyMs.p99 ?? Number.NaN,
    roundTripMs: way?.roundTripMs.p99 ?? Number.NaN,
    lateMs: one?.sentLateMs.p99 ?? Number.NaN,
    brokerCpu: one?.brokerProcess.cpuShare ?? Number.NaN,
    brokerStarved,
    memory,
    flood: outcome,
    problems: [...problems, ...(outcome?.problems ?? [])],
  };
}

/** Looks at a broker's memory, as the broker and as the system tell it, until it is told to end. */
function watchMemory(broker: RunningPeer) {
  let peak: MemoryPeak = { usedBytes: 0, budgetBytes: 0, residentKiB: 0 };
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const text = await (await fetch(`${httpOf(broker)}metrics`)).text();
      const { residentKiB } = readProcessUsage(broker.pids);
      peak = {
        usedBytes: Math.max(peak.usedBytes, metricOf(text, "stompbox_memory_bytes")),
        budgetBytes: metricOf(text, "stompbox_memory_bytes_max"),
        residentKiB: Math.max(peak.residentKiB, residentKiB),
      };
      await Bun.sleep(LOOK_MS);
    }
  })();
  return {
    end: async (): Promise<MemoryPeak> => {
      isOver = true;
      await watching;
      return peak;
    },
  };
}

/** Answers, when called, for what part of the time since the broker's main thread waited for a CPU. */
function watchStarving({ pids }: RunningPeer): () => number {
  // "time on the CPU, time waiting for one, time slices", in ns: Linux, Documentation/scheduler/sched-stats.
  const waited = (): number =>
    Number(readFileSync(`/proc/${pids[0]}/schedstat`, "utf8").split(" ")[1]);
  const before = { waited: waited(), at: Bun.nanoseconds() };
  return () => (waited() - before.waited) / (Bun.nanoseconds() - before.at);
}

function metricOf(text: string, name: string): number {
  const line = text.split("\n").find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}

function httpOf({ url }: RunningPeer): string {
  return url.replace(/^ws/, "http");
}

async function purge(broker: RunningPeer, destination: string): Promise<void> {
  const name = /^\/queue\/(.*)/.exec(destination)?.[1];
  if (name === undefined) return;
  // It is not there where nothing was sent to it.
  await fetch(`${httpOf(broker)}api/v1/queues/${name}/purge`, { method: "POST" });
}

/** What becomes of a subscriber that reads nothing, and how long a run takes that shows it. */
export interface StuckCase {
  readonly policy: "disconnect" | "drop-oldest";
  readonly title: string;
  /** How many times as long as other loads it runs. */
  readonly times: number;
  /** Whether one stays stuck through all rounds: its buffers are full before the first one. */
  readonly isLasting: boolean;
}

/** The policy that is the default, from full health to the end of the one that is stuck; and one that keeps it. */
export const STUCK_CASES: readonly StuckCase[] = [
  {
    policy: "disconnect",
    title: "slow-consumer disconnect: fills, holds back, is cut off",
    times: 5,
    isLasting: false,
  },
  {
    policy: "drop-oldest",
    title: "slow-consumer drop-oldest: full, stays",
    times: 2,
    isLasting: true,
  },
];

/** One run without and one with a subscriber that is stuck. */
export interface StuckRound {
  /** Deliveries for each second of server CPU, with it by without it. */
  readonly cpuRatio: number;
  /** Deliveries for each second on the clock, with it by without it. */
  readonly wallRatio: number;
  readonly residentPeakKiB: number;
  readonly problems: readonly string[];
}

/** Measures a topic without and with one that reads nothing, in turn. */
export async function meetStuck(
  { policy, times, isLasting }: StuckCase,
  { size, folder }: { readonly size: FairnessSize; readonly folder: string },
): Promise<StuckRound[]> {
  const broker = await startBroker(folder, ["--limits.slow-consumer", policy]);
  const run = async (destination: string) => {
    const { ok, problems, figures } = await runLoad(broker, {
      command: COMMAND,
      load: [
        ...["fan-out", "--subscribers", `${size.subscribers}`, "--size", "1KiB"],
        ...["--seconds", `${size.seconds * times}`, "--destination", destination],
      ],
    });
    const found = fanOutSchema.safeParse(figures).data;
    return { problems: ok ? [] : problems, found };
  };
  try {
    const lasting = "/topic/stuck";
    const lastingOne = isLasting ? await openStuck(broker, lasting) : undefined;
    // Compiles the broker, and fills what is to be full.
    await run(lasting);
    const rounds: StuckRound[] = [];
    for (let round = 0; round < size.rounds; round++) {
      const destination = isLasting ? lasting : `/topic/stuck.${round}`;
      const without = await run(`/topic/free.${round}`);
      const stuck = isLasting ? undefined : await openStuck(broker, destination);
      const beside = await run(destination);
      stuck?.cut();
      rounds.push({
        cpuRatio: ratio(beside, without, (found) => found.brokerProcess.deliveriesPerCpuSecond),
        wallRatio: ratio(beside, without, (found) => found.deliveriesPerSecond),
        residentPeakKiB: beside.found?.brokerProcess.residentPeakKiB ?? Number.NaN,
        problems: [...without.problems, ...beside.problems],
      });
    }
    lastingOne?.cut();
    return rounds;
  } finally {
    await broker.stop();
  }
}

/** A subscriber that reads nothing any more. */
async function openStuck({ url }: RunningPeer, destination: string): Promise<RawClient> {
  const client = await openRawClient(url);
  const frame = client.wrap(`SUBSCRIBE\nid:sub-0\ndestination:${destination}\nreceipt:in\n\n\0`);
  client.write(frame, 0);
  await client.hears(/RECEIPT\n/);
  client.deafen();
  return client;
}

type FanOut = z.infer<typeof fanOutSchema>;
type FanOutRun = { readonly found: FanOut | undefined };

function ratio(one: FanOutRun, other: FanOutRun, of: (found: FanOut) => number): number {
  return one.found === undefined || other.found === undefined
    ? Number.NaN
    : of(one.found) / of(other.found);
}

/** What all of it came to: a line of JSON. */
export interface FairnessResult {
  readonly floods: readonly FloodResult[];
  readonly stuck: readonly StuckResult[];
  readonly problems: readonly string[];
  /** Targets that are missed by so much that it is not the machine. */
  readonly missedByFar: readonly string[];
}

interface FloodResult extends MemoryPeak {
  readonly flood: string;
  readonly title: string;
  readonly latencyMs: Readonly<Record<Place, Spread>>;
  readonly roundTripMs: Readonly<Record<Place, Spread>>;
  readonly lateMs: Readonly<Record<Place, Spread>>;
  readonly brokerCpu: Spread;
  readonly brokerStarved: Readonly<Record<Place, Spread>>;
  readonly sentPerSecond: Spread;
  readonly waitedShare: Spread;
  readonly refused: number;
}

interface StuckResult {
  readonly policy: string;
  readonly title: string;
  readonly cpuRatio: Spread;
  readonly wallRatio: Spread;
  readonly residentPeakKiB: number;
}

const NOTHING: Spread = { median: Number.NaN, least: Number.NaN, most: Number.NaN };
const IN_PLACES = ["latencyMs", "roundTripMs", "lateMs", "brokerStarved"] as const;

/** Puts the rounds of a flood together. */
export function floodResult({ name, title }: Flood, meetings: readonly Meeting[]): FloodResult {
  const here = meetings.filter(({ place }) => place === "here");
  const spread = (key: (typeof IN_PLACES)[number], place: Place): Spread =>
    spreadOf(meetings.filter((each) => each.place === place).map((each) => each[key])) ?? NOTHING;
  const places = (key: (typeof IN_PLACES)[number]) => ({
    quiet: spread(key, "quiet"),
    elsewhere: spread(key, "elsewhere"),
    here: spread(key, "here"),
  });
  const most = (of: (memory: MemoryPeak) => number): number =>
    Math.max(...here.map(({ memory }) => of(memory)));
  const floods = here.flatMap(({ flood }) => flood ?? []);
  return {
    flood: name,
    title,
    latencyMs: places("latencyMs"),
    roundTripMs: places("roundTripMs"),
    lateMs: places("lateMs"),
    brokerStarved: places("brokerStarved"),
    brokerCpu: spreadOf(here.map(({ brokerCpu }) => brokerCpu)) ?? NOTHING,
    sentPerSecond: spreadOf(floods.map(({ sentPerSecond }) => sentPerSecond)) ?? NOTHING,
    waitedShare: spreadOf(floods.map(({ waitedShare }) => waitedShare)) ?? NOTHING,
    refused: floods.reduce((sum, { refused }) => sum + refused, 0),
    usedBytes: most(({ usedBytes }) => usedBytes),
    budgetBytes: most(({ budgetBytes }) => budgetBytes),
    residentKiB: most(({ residentKiB }) => residentKiB),
  };
}

/** Puts the rounds beside one that is stuck together. */
export function stuckResult(
  { policy, title }: StuckCase,
  rounds: readonly StuckRound[],
): StuckResult {
  return {
    policy,
    title,
    cpuRatio: spreadOf(rounds.map(({ cpuRatio }) => cpuRatio)) ?? NOTHING,
    wallRatio: spreadOf(rounds.map(({ wallRatio }) => wallRatio)) ?? NOTHING,
    residentPeakKiB: Math.max(...rounds.map(({ residentPeakKiB }) => residentPeakKiB)),
  };
}

/**
 * The targets that are missed by far. What the same flood does when it meets
 * another broker is the machine's part, and is not held against this one.
 */
export function missedByFar({ floods, stuck }: Omit<FairnessResult, "missedByFar">): string[] {
  const missed: string[] = [];
  for (const { title, latencyMs, roundTripMs, usedBytes, budgetBytes } of floods) {
    for (const [what, { here, elsewhere }] of Object.entries({ latencyMs, roundTripMs })) {
      const allowed = FAR * Math.max(TARGET_MS, elsewhere.median);
      if (!(here.median <= allowed)) {
        missed.push(`${what} beside a flood of ${title}: ${here.median}, at most ${allowed}`);
      }
    }
    if (!(usedBytes <= budgetBytes)) {
      missed.push(`Memory in a flood of ${title}: ${usedBytes} bytes, at most ${budgetBytes}`);
    }
  }
  for (const { title, cpuRatio } of stuck) {
    if (!(cpuRatio.median >= 1 / FAR))
      missed.push(`${title}: ${cpuRatio.median} of the deliveries`);
  }
  return missed;
}

function shown({ median, least, most }: Spread, digits = 3): string {
  const [middle, low, high] = [median, least, most].map((value) => shownNumber(value, digits));
  return `${middle} (${low} to ${high})`;
}

function shownNumber(value: number, digits: number): string {
  return Number(value.toPrecision(digits)).toLocaleString("en-US");
}

function tables({ floods, stuck }: Pick<FairnessResult, "floods" | "stuck">): string {
  const mib = (bytes: number): string => shownNumber(bytes / 1024 ** 2, 3);
  const times = floods.flatMap((each) =>
    [
      ["latency, one way", each.latencyMs] as const,
      ["request and reply", each.roundTripMs] as const,
      ["sent late by the load generator", each.lateMs] as const,
      ["part of the time the broker had no CPU", each.brokerStarved] as const,
    ].map(([what, { quiet, elsewhere, here }], at) => [
      at === 0 ? each.title : "",
      what,
      ...[quiet, elsewhere, here].map((spread) => shown(spread)),
    ]),
  );
  const amounts = floods.map((each) => [
    each.title,
    shown({
      median: each.sentPerSecond.median / 1000,
      least: each.sentPerSecond.least / 1000,
      most: each.sentPerSecond.most / 1000,
    }),
    shown(each.waitedShare, 2),
    `${each.refused}`,
    shown(each.brokerCpu, 2),
    `${mib(each.usedBytes)} of ${mib(each.budgetBytes)}`,
    mib(each.residentKiB * 1024),
  ]);
  const beside = stuck.map((each) => [
    each.title,
    shown(each.cpuRatio),
    shown(each.wallRatio),
    mib(each.residentPeakKiB * 1024),
  ]);
  return [
    table(["p99 in ms, one publisher flooding", "", "quiet", "elsewhere", "here"], times),
    table(
      [
        ...["flood", "thousands sent a second", "part of the time held back", "refused"],
        ...["broker's CPU", "MiB of messages", "MiB resident"],
      ],
      amounts,
    ),
    table(
      ["with one stuck, by without", "deliveries per CPU second", "per second", "MiB resident"],
      beside,
    ),
  ].join("\n\n");
}

async function main(): Promise<number> {
  const [rounds = 5, seconds = 2] = process.argv.slice(2).map(Number);
  const size: FairnessSize = { rounds, seconds, subscribers: 999 };
  const folder = mkdtempSync(join(tmpdir(), "stompbox-fairness-"));
  const problems: string[] = [];
  const floods: FloodResult[] = [];
  const stuck: StuckResult[] = [];
  try {
    for (const flood of FLOODS) {
      console.error(`Flooding ${flood.title}`);
      const meetings = await meetFlood(flood, { size, folder });
      problems.push(...meetings.flatMap((each) => each.problems));
      floods.push(floodResult(flood, meetings));
    }
    for (const each of STUCK_CASES) {
      console.error(`One that is stuck, ${each.title}`);
      const measured = await meetStuck(each, { size, folder });
      problems.push(...measured.flatMap((round) => round.problems));
      stuck.push(stuckResult(each, measured));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.error(`Load average of the last 15 minutes: ${loadavg()[2]?.toFixed(1)}`);
  const missed = missedByFar({ floods, stuck, problems });
  const result: FairnessResult = { floods, stuck, problems, missedByFar: missed };
  console.log(tables(result));
  for (const sentence of [...problems, ...missed]) console.error(sentence);
  console.log(JSON.stringify(result));
  return problems.length + missed.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exit(await main());

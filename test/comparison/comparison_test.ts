/** The comparison with real processes: this broker from source, and the raw servers. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runComparison } from "../../bench/comparison.ts";
import { type PeerName, StartError } from "../../bench/peers/peer.ts";
import { PEERS } from "../../bench/peers/peers.ts";
import { startProgram } from "../../bench/peers/program.ts";
import type { Measurement, RawLine } from "../../bench/raw_line.ts";
import { runLoad, timeStart } from "../../bench/run_load.ts";
import { QUICK_SIZE, type Workload, WORKLOADS } from "../../bench/workloads.ts";

const COMMAND = [process.execPath, join(import.meta.dir, "../../src/main.ts")];
const SIZE = { ...QUICK_SIZE, seconds: 0.1, warmUpSeconds: 0, peerWarmUpSecondsMax: 0.1 };

const folder = mkdtempSync(join(tmpdir(), "stompbox-comparison-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function emptyFolder(): string {
  return mkdtempSync(join(folder, "peer-"));
}

describe("a raw server delivers every message of the load generator once", () => {
  test.each([
    ["bare-publish", ["fan-out", "--subscribers", "20"], 20],
    ["bare-corked", ["fan-out", "--subscribers", "20"], 20],
    ["bare-own", ["fan-out", "--subscribers", "20", "--ids", "own"], 20],
    ["bare-forward", ["pairs", "--pairs", "5"], 1],
    ["bare-forward", ["queue"], 1],
  ] as const)("%s: %j", async (name, load, perMessage) => {
    const peer = await PEERS[name].start({ folder: emptyFolder(), command: COMMAND });
    try {
      const run = { command: COMMAND, load: [...load, "--messages", "1000"] };
      const { ok, problems, figures } = await runLoad(peer, run);
      expect(problems).toEqual([]);
      expect(ok).toBe(true);
      expect(figures.deliveries).toBe(1000 * perMessage);
    } finally {
      await peer.stop();
    }
  });

  test("bare-beats: connections that were promised beats get them", async () => {
    const peer = await PEERS["bare-beats"].start({ folder: emptyFolder(), command: COMMAND });
    try {
      const load = ["idle", "--connections", "200", "--heart-beat", "10s", "--seconds", "1"];
      const { ok, figures } = await runLoad(peer, { command: COMMAND, load });
      expect(ok).toBe(true);
      // A tenth of them has its turn in a second.
      expect(Number(figures.beatsHeard)).toBeGreaterThan(0);
    } finally {
      await peer.stop();
    }
  });

  test("an unknown mode is refused by name", async () => {
    const server = join(import.meta.dir, "../../bench/peers/bare_server.ts");
    const child = Bun.spawn([process.execPath, server, "shout"], { stderr: "pipe" });
    expect(await child.stderr.text()).toBe(
      'Cannot run as "shout": expected publish, corked, own, forward, beats\n',
    );
    expect(await child.exited).toBe(2);
  });
});

describe("a comparison", () => {
  const lines: RawLine[] = [];
  const measurements = (): Measurement[] =>
    lines.filter((line): line is Measurement => line.kind === "measurement");

  beforeAll(async () => {
    const peers: readonly PeerName[] = ["stompbox", "bare-forward"];
    const workloads = WORKLOADS.filter(({ name }) => name === "pairs" || name === "queue-auto");
    await runComparison({
      command: COMMAND,
      workloads: workloads.map((each): Workload => ({ ...each, peers })),
      rounds: 2,
      size: SIZE,
      told: (line) => lines.push(line),
      progress: () => {},
      signal: new AbortController().signal,
    });
  }, 60_000);

  test("gives everyone a turn in each round", () => {
    expect(measurements().map(({ workload, round, peer }) => [workload, round, peer])).toEqual(
      ["pairs", "queue-auto"].flatMap((workload) =>
        [1, 2].flatMap((round) =>
          ["stompbox", "bare-forward"].map((peer) => [workload, round, peer]),
        ),
      ),
    );
  });

  test("loses no message, and knows what the server's CPU delivered", () => {
    for (const { result, workload } of measurements()) {
      expect(result).toMatchObject({ ok: true, problems: [] });
      const metric = WORKLOADS.find(({ name }) => name === workload)?.metrics[0];
      expect(metric?.of(result.figures)).toBeGreaterThan(0);
    }
  });

  test("names version and settings of who took part", () => {
    expect(lines).toContainEqual({
      kind: "peer",
      peer: "stompbox",
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      settings: "as it comes; STOMP over WebSocket",
    });
  });

  test("stops what it started, and all at once when it is told to", async () => {
    const stopping = new AbortController();
    const told: RawLine[] = [];
    const workloads = WORKLOADS.filter(({ name }) => name === "pairs");
    await runComparison({
      command: COMMAND,
      workloads: workloads.map((each): Workload => ({ ...each, peers: ["bare-forward"] })),
      rounds: 1_000,
      size: SIZE,
      told: (line) => {
        told.push(line);
        if (line.kind === "measurement") stopping.abort();
      },
      progress: () => {},
      signal: stopping.signal,
    });
    const [measurement] = told.filter((line) => line.kind === "measurement");
    expect(told.filter((line) => line.kind === "measurement")).toHaveLength(1);
    const url = String(measurement?.kind === "measurement" && measurement.result.url);
    await expect(fetch(url.replace("ws:", "http:"))).rejects.toThrow();
  });
});

test("the time to start is that until the first word", async () => {
  const place = join(folder, "start");
  const { ok, figures } = await timeStart(COMMAND, place);
  expect(ok).toBe(true);
  expect(Number(figures.startMs)).toBeGreaterThan(1);
  expect(await timeStart(["false"], place)).toMatchObject({ ok: false });
});

test.each([
  ["--peers", "nobody", 'Cannot use "nobody" with --peers: expected some of stompbox,'],
  ["--workloads", "pairs,nothing", 'Cannot use "nothing" with --workloads: expected some of '],
  ["--rounds", "many", 'Cannot run "many" rounds: expected a whole number from 1 on'],
])("%s %s is refused before anything is started", async (flag, value, sentence) => {
  const program = join(import.meta.dir, "../../bench/compare.ts");
  const child = Bun.spawn([process.execPath, program, flag, value], { stderr: "pipe" });
  expect(await child.stderr.text()).toStartWith(sentence);
  expect(await child.exited).toBe(2);
});

describe("a program that does not start", () => {
  test("is told with what it said last", async () => {
    const program = startProgram(["sh", "-c", "echo starting; echo no such port >&2; exit 3"], {
      title: "Sample",
      folder: emptyFolder(),
    });
    const waiting = program.waitFor("port 1", () => undefined);
    await expect(waiting).rejects.toThrow(
      new StartError(
        "Cannot start Sample: it ended with 3, expected port 1\nstarting\nno such port",
      ),
    );
    await program.stop();
  });

  test("leaves nothing of our environment behind in it", async () => {
    const place = emptyFolder();
    const program = startProgram(["env"], { title: "env", folder: place });
    await program.waitFor("all variables", () => program.output().includes("HOME=") || undefined);
    await program.stop();
    const names = program.output().match(/^\w+(?==)/gm) ?? [];
    expect(names.filter((name) => !["PATH", "LANG", "HOME", "PWD", "_"].includes(name))).toEqual(
      [],
    );
    expect(existsSync(join(place, "output.log"))).toBe(true);
  });
});

test.each(Object.values(PEERS).map((peer) => [peer.name, peer] as const))(
  "%s is there, or says how to get it",
  (_name, peer) => {
    const missing = peer.missing();
    if (missing !== undefined) expect(missing).toContain("bench/peers/install.sh");
  },
);

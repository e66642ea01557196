/** The parts of bench/fairness.ts with real processes, and what its outcome is judged by. */

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { floodResult, meetFlood, meetStuck, missedByFar } from "../../bench/fairness.ts";
import { type Flood, startFlood } from "../../bench/floods.ts";
import { stompbox } from "../../bench/peers/stompbox.ts";

/** Many real processes, which take their time to start on a machine that has other things to do. */
const TIMEOUT_MS = 60_000;
const SIZE = { rounds: 1, seconds: 0.1, subscribers: 5 };

const folder = mkdtempSync(join(tmpdir(), "stompbox-fairness-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SMALL: Flood = {
  name: "small",
  title: "a topic with 3 subscribers",
  destination: "/topic/flood",
  bodyBytes: 100,
  readers: 3,
};

describe("a flood", () => {
  test(
    "is measured where it is not, where another broker has it, and where it is",
    async () => {
      const meetings = await meetFlood(SMALL, { size: SIZE, folder });
      expect(meetings.map(({ place, problems }) => [place, problems])).toEqual([
        ["quiet", []],
        ["elsewhere", []],
        ["here", []],
      ]);
      const { latencyMs, roundTripMs, ...rest } = floodResult(SMALL, meetings);
      for (const { median } of [latencyMs, roundTripMs].flatMap(Object.values)) {
        expect(median).toBeGreaterThan(0);
      }
      expect(rest.sentPerSecond.median).toBeGreaterThan(0);
      expect(rest.budgetBytes).toBe(512 * 1024 ** 2);
      expect(rest.residentKiB).toBeGreaterThan(0);
      expect(rest.refused).toBe(0);
    },
    TIMEOUT_MS,
  );

  test.each([
    [
      "is a problem where nobody expected it",
      undefined,
      ["Refused by /queue/flood: queue-full, expected nothing"],
    ],
    ["is none where it was expected", "queue-full", []],
  ] as const)(
    "that is refused comes again; the refusal %s",
    async (_what, refusal, problems) => {
      const own = mkdtempSync(join(folder, "broker-"));
      const main = join(import.meta.dir, "../../src/main.ts");
      const command = [process.execPath, main, "--limits.queue-messages-max", "100"];
      const broker = await stompbox.start({ folder: own, command });
      try {
        const flood = { ...SMALL, destination: "/queue/flood", readers: 0, refusal };
        const running = await startFlood(flood, broker);
        const outcome = await running.stop();
        expect(outcome.problems).toEqual([...problems]);
        expect(outcome.refused).toBeGreaterThan(0);
      } finally {
        await broker.stop();
      }
    },
    TIMEOUT_MS,
  );
});

test(
  "beside one that reads nothing all others get everything",
  async () => {
    const stuck = { policy: "drop-oldest", title: "", times: 1, isLasting: true } as const;
    const [round, ...more] = await meetStuck(stuck, { size: SIZE, folder });
    expect(more).toEqual([]);
    expect(round?.problems).toEqual([]);
    expect(round?.cpuRatio).toBeGreaterThan(0);
    expect(round?.wallRatio).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

describe("a target is missed by far", () => {
  const spread = (median: number) => ({ median, least: median, most: median });
  const places = (here: number, elsewhere = 1) => ({
    quiet: spread(1),
    elsewhere: spread(elsewhere),
    here: spread(here),
  });
  const judged = (changes: Partial<ReturnType<typeof floodResult>>, cpuRatio = 1): number =>
    missedByFar({
      floods: [
        {
          ...floodResult(SMALL, []),
          ...{ latencyMs: places(1), roundTripMs: places(1), usedBytes: 1, budgetBytes: 2 },
          ...changes,
        },
      ],
      stuck: [
        {
          ...{ policy: "disconnect", title: "", wallRatio: spread(1), residentPeakKiB: 1 },
          cpuRatio: spread(cpuRatio),
        },
      ],
      problems: [],
    }).length;

  test.each([
    ["nothing is", {}, 1, 0],
    ["49 ms", { latencyMs: places(49) }, 1, 0],
    ["three times as long as it may take", { latencyMs: places(151) }, 1, 1],
    ["a reply, too", { roundTripMs: places(151) }, 1, 1],
    ["what the machine does is not held against the broker", { latencyMs: places(151, 60) }, 1, 0],
    ["no outcome at all", { latencyMs: places(Number.NaN) }, 1, 1],
    ["more memory than there may be", { usedBytes: 3 }, 1, 1],
    ["others get a third", {}, 0.3, 1],
    ["others get less, as noise may have it", {}, 0.8, 0],
  ])("%s", (_what, changes, cpuRatio, expected) => {
    expect(judged(changes, cpuRatio)).toBe(expected);
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { runCli } from "../../src/cli/run_cli.ts";
import { splitSpec } from "../../src/bench/split_spec.ts";
import type { BenchSpec } from "../../src/bench/bench_spec.ts";
import { type RealBroker, startRealBroker } from "../transport/real_broker.ts";
import { bench, benchTerminal } from "./bench_cli.ts";
import { PLAIN_SPEC } from "./plain_spec.ts";
import { type Lies, type SmallBroker, startSmallBroker } from "./small_broker.ts";

/** Real processes, which take their time to start on a machine that has other things to do. */
const TIMEOUT_MS = 60_000;

const place: { broker: RealBroker | undefined } = { broker: undefined };
beforeAll(async () => {
  place.broker = await startRealBroker();
});
afterAll(() => place.broker?.stop());

const started: SmallBroker[] = [];
afterEach(() => {
  for (const broker of started.splice(0)) broker.stop();
});

function lying(lies: Lies): string {
  const broker = startSmallBroker(lies);
  started.push(broker);
  return broker.url;
}

function url(): string {
  return `ws://localhost:${place.broker?.ws ?? 0}`;
}

describe("several processes count everything exactly once", () => {
  test.each([
    [
      "fan-out --subscribers 7 -n 3000 --processes 3",
      { messages: 3000, deliveries: 21_000, lost: 0 },
    ],
    ["fan-out --subscribers 2 -n 100 --window 1 --processes 2", { messages: 100, lost: 0 }],
    ["pairs --pairs 5 -n 1001 --processes 2", { messages: 1001, deliveries: 1001, lost: 0 }],
    ["connect --connections 51 --processes 2", { logins: 51, failed: 0 }],
    ["storm --connections 51 --processes 2", { logins: 51, failedTries: 0 }],
    ["idle --connections 5 --seconds 0.5 --processes 2", { connections: 5 }],
  ] as const)(
    "%s",
    async (words, expected) => {
      const { code, err, figures, result } = await bench(`${words} --url ${url()}`);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(figures).toMatchObject(expected);
      expect(result?.broker).toBe("stompbox/test");
    },
    TIMEOUT_MS,
  );

  test(
    "a run by time, too",
    async () => {
      const words = "fan-out --subscribers 4 --seconds 0.3 --warm-up 100ms --processes 2";
      const { code, figures } = await bench(`${words} --url ${url()}`);
      expect(code).toBe(0);
      expect(figures).toMatchObject({ lost: 0, doubled: 0, foreign: 0 });
      expect(Number(figures["messages"])).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});

test(
  "what one process finds is in the result of all",
  async () => {
    const copies = (message: number): number => (message === 40 ? 2 : 1);
    const to = lying({ copies });
    const { code, err } = await bench(`fan-out --subscribers 2 -n 100 --processes 2 --url ${to}`);
    expect(code).toBe(1);
    expect(err).toBe(
      "stompbox: Process 1: Doubled messages to subscriber 0: 1 came that had come before\n" +
        "stompbox: Process 2: Doubled messages to subscriber 0: 1 came that had come before\n",
    );
  },
  TIMEOUT_MS,
);

test(
  "when one process loses its connection the others are ended",
  async () => {
    const words = "pairs --pairs 2 --seconds 60 --processes 2";
    const { code, out, err } = await bench(`${words} --url ${lying({ cutAt: 50 })}`);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("Lost the connection to tcp://127.0.0.1:");
  },
  TIMEOUT_MS,
);

test(
  "Ctrl-C ends all of them, and what was measured until then is told",
  async () => {
    const terminal = benchTerminal({
      env: { ...process.env, STOMPBOX_URL: url() },
      isTerminal: true,
    });
    const words = "fan-out --subscribers 2 --seconds 60 --processes 2";
    const done = runCli(["bench", ...words.split(" ")], terminal);
    await terminal.tells(" arrived (process 1 of 2)");
    terminal.signal();
    expect(await done).toBe(1);
    expect(terminal.written.err).toEndWith("stompbox: Stopped before its end\n");
    expect(terminal.written.out).toContain("messages per second");
  },
  TIMEOUT_MS,
);

test("the parts of a run are the whole, and differ by one at most", () => {
  const spec: BenchSpec = { ...PLAIN_SPEC, workload: "pairs", pids: [7], pairs: 50 };
  const parts = [0, 1, 2].map((index) => splitSpec(spec, { index, count: 3 }));
  expect(parts.map(({ pairs }) => pairs)).toEqual([17, 17, 16]);
  expect(parts.map(({ messages }) => messages)).toEqual([334, 333, 333]);
  expect(parts.map(({ pids }) => pids)).toEqual([[7], [], []]);
  expect(new Set(parts.map(({ run }) => run)).size).toBe(3);
});

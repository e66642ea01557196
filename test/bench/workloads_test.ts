import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type RealBroker, startRealBroker } from "../transport/real_broker.ts";
import { bench } from "./bench_cli.ts";

const place: { broker: RealBroker | undefined } = { broker: undefined };
beforeAll(async () => {
  place.broker = await startRealBroker();
});
afterAll(() => place.broker?.stop());

function url(carrier: "ws" | "tcp"): string {
  return `${carrier}://localhost:${place.broker?.[carrier] ?? 0}`;
}

describe.each(["ws", "tcp"] as const)("over %s", (carrier) => {
  const table: readonly (readonly [words: string, figures: Readonly<Record<string, number>>])[] = [
    ["fan-out --subscribers 7 -n 1000", { messages: 1000, deliveries: 7000 }],
    ["fan-out --subscribers 150 -n 300 --ids own", { messages: 300, deliveries: 45_000 }],
    ["fan-out --subscribers 3 -n 20 --size 100KiB", { messages: 20, deliveries: 60 }],
    ["fan-out --subscribers 2 -n 500 --window 1", { messages: 500, deliveries: 1000 }],
    ["fan-out --subscribers 2 -n 500 --window 17", { messages: 500, deliveries: 1000 }],
    ["pairs --pairs 5 -n 2000", { messages: 2000, deliveries: 2000 }],
    ["pairs --pairs 5 -n 300 --window 1 --ids own", { messages: 300, deliveries: 300 }],
    ["queue -n 2000", { messages: 2000, deliveries: 2000 }],
    ["queue -n 2000 --ack client", { messages: 2000, deliveries: 2000 }],
    ["queue -n 2000 --ack client-individual", { messages: 2000, deliveries: 2000 }],
    [
      "queue -n 2000 --ack client-individual --senders 3 --subscribers 4 --ids own",
      { messages: 2000, deliveries: 2000 },
    ],
    ["queue -n 300 --window 1 --ack client --senders 2", { messages: 300, deliveries: 300 }],
    ["queue -n 300 --size 17 --persistent", { messages: 300, deliveries: 300 }],
    ["receipts -n 2000", { messages: 2000, deliveries: 2000 }],
    ["receipts -n 2000 --senders 3 --subscribers 2", { messages: 2000, deliveries: 2000 }],
    [
      "receipts -n 2000 --subscribers 0 --destination /topic/bench.{}",
      { messages: 2000, deliveries: 2000 },
    ],
    ["request -n 1000", { messages: 1000, deliveries: 1000 }],
    ["request -n 300 --pairs 3 --subscribers 2 --window 1", { messages: 300, deliveries: 300 }],
    ["latency -n 500 --rate 5000 --subscribers 3", { messages: 500, deliveries: 1500 }],
    ["connect --connections 120 --window 10", { logins: 120, failed: 0 }],
    ["storm --connections 120", { logins: 120, failedTries: 0 }],
  ];
  test.each(table)("%s counts everything exactly once", async (words, expected) => {
    const { code, err, result, figures } = await bench(`${words} --url ${url(carrier)}`);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(figures).toMatchObject(expected);
    expect(result).toMatchObject({ ok: true, problems: [], broker: "stompbox/test" });
  });

  test("a run by time counts everything, too", async () => {
    const { code, figures } = await bench(`pairs --seconds 0.2 --pairs 2 --url ${url(carrier)}`);
    expect(code).toBe(0);
    const { messages, deliveries, lost, doubled, foreign } = figures;
    expect(Number(messages)).toBeGreaterThan(0);
    expect({ deliveries, lost, doubled, foreign }).toEqual({
      deliveries: messages,
      lost: 0,
      doubled: 0,
      foreign: 0,
    });
  });

  test("what flows while it warms up is checked, and does not count", async () => {
    const words = `queue -n 500 --warm-up 100ms --url ${url(carrier)}`;
    const { code, figures } = await bench(words);
    expect(code).toBe(0);
    expect(figures).toMatchObject({ messages: 500, lost: 0, doubled: 0 });
  });

  test("idle connections send and hear heart-beats", async () => {
    const words = `idle --connections 20 --seconds 1.5 --heart-beat 200ms --url ${url(carrier)}`;
    const { code, figures } = await bench(words);
    expect(code).toBe(0);
    const { connections, beatsSent, beatsHeard } = figures;
    expect(connections).toBe(20);
    expect(Number(beatsSent)).toBeGreaterThan(20);
    expect(Number(beatsHeard)).toBeGreaterThan(20);
  });
});

test("times are told in percentiles", async () => {
  const percentiles = {
    p50: expect.any(Number),
    p90: expect.any(Number),
    p99: expect.any(Number),
    p999: expect.any(Number),
    max: expect.any(Number),
  };
  const to = `--url ${url("tcp")}`;
  const latency = await bench(`latency -n 100 --rate 2000 ${to}`);
  expect(latency.figures).toMatchObject({
    latencyMs: percentiles,
    sentLateMs: percentiles,
  });
  const request = await bench(`request -n 100 ${to}`);
  expect(request.figures).toMatchObject({ roundTripMs: percentiles });
  const connect = await bench(`connect --connections 10 ${to}`);
  expect(connect.figures).toMatchObject({ loginMs: percentiles });
  const storm = await bench(`storm --connections 10 ${to}`);
  expect(storm.figures).toMatchObject({ backAfterMs: percentiles });
});

test("CPU and memory of a process are told where it is named", async () => {
  const { figures } = await bench(`queue -n 100 --pid ${process.pid} --url ${url("tcp")}`);
  expect(figures).toMatchObject({
    brokerProcess: {
      cpuSeconds: expect.any(Number),
      residentBeforeKiB: expect.any(Number),
      residentAfterKiB: expect.any(Number),
      residentPeakKiB: expect.any(Number),
    },
    generator: { cpuSeconds: expect.any(Number), cpuShare: expect.any(Number) },
  });
});

test("the broker is left without a destination and without a message", async () => {
  for (const words of ["queue --ack client", "receipts", "request", "fan-out"]) {
    expect((await bench(`${words} -n 100 --url ${url("tcp")}`)).code).toBe(0);
  }
  for (const name of ["connections", "queues", "topics", "queue_messages_ready"]) {
    const metric = (): Promise<number> | undefined => place.broker?.metric(`stompbox_${name}`);
    // The broker hears of cut connections a moment later.
    while ((await metric()) !== 0);
  }
});

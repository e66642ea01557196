import { describe, expect, test } from "bun:test";
import type { PeerName } from "../../bench/peers/peer.ts";
import { meets, median, type Row, rowsOf } from "../../bench/ratios.ts";
import type { Figures, Measurement } from "../../bench/raw_line.ts";
import { type WorkloadName, WORKLOADS } from "../../bench/workloads.ts";
import { measured } from "./measured.ts";

function rows(workload: WorkloadName, measurements: readonly Measurement[]): Row[] {
  return WORKLOADS.filter(({ name }) => name === workload).flatMap((each) =>
    rowsOf(each, measurements),
  );
}

function row(peer: PeerName, measurements: readonly Measurement[]): Row | undefined {
  return rows("pairs", measurements).find((each) => each.peer === peer);
}

describe("a ratio is that of stompbox to the peer", () => {
  test("within each round, not of the medians", () => {
    const found = row("nats", [
      measured(["stompbox", 1], { deliveries: 100 }),
      measured(["nats", 1], { deliveries: 200 }),
      // A round in which something else had the machine.
      measured(["stompbox", 2], { deliveries: 10 }),
      measured(["nats", 2], { deliveries: 20 }),
      measured(["stompbox", 3], { deliveries: 300 }),
      measured(["nats", 3], { deliveries: 400 }),
    ]);
    expect(found?.ratio).toEqual({ median: 0.5, least: 0.5, most: 0.75 });
    expect(found?.value).toEqual({ median: 200, least: 20, most: 400 });
  });

  test("of the rounds in which both did well; what went wrong is told", () => {
    const found = row("nats", [
      measured(["stompbox", 1], { deliveries: 100 }),
      measured(["nats", 1], { deliveries: 1, problem: "Lost 3 of 8 messages" }),
      measured(["stompbox", 2], { deliveries: 100 }),
      measured(["nats", 2], { deliveries: 50 }),
      measured(["stompbox", 3], { deliveries: 1, problem: "The broker refused" }),
      measured(["nats", 3], { deliveries: 50 }),
    ]);
    expect(found?.ratio).toEqual({ median: 2, least: 2, most: 2 });
    expect(found?.problems).toEqual(["Lost 3 of 8 messages"]);
  });

  test("and there is none without a round that went well", () => {
    const found = row("nats", [
      measured(["stompbox", 1], { deliveries: 100 }),
      measured(["nats", 1], { deliveries: 0, problem: "Cannot start nats-server" }),
    ]);
    expect(found).toMatchObject({ ratio: undefined, value: undefined, isMet: undefined });
  });
});

test("only those who were run have a row, in the order of the workload", () => {
  const found = rows("pairs", [
    measured(["activemq", 1], { deliveries: 10 }),
    measured(["nats", 1], { deliveries: 10 }),
    measured(["stompbox", 1], { deliveries: 10 }),
    measured(["rabbitmq", 1], { deliveries: 10, workload: "queue-auto" }),
  ]);
  expect(found.map(({ peer }) => peer)).toEqual(["stompbox", "nats", "activemq"]);
});

test.each([
  [{ atLeast: 0.9 }, 0.9, true],
  [{ atLeast: 0.9 }, 0.89, false],
  [{ atMost: 1.5 }, 1.5, true],
  [{ atMost: 1.5 }, 1.51, false],
] as const)("a target of %o is met by %d: %p", (bounds, value, isMet) => {
  expect(meets(value, { metric: "any", ...bounds })).toBe(isMet);
});

test("a target without a peer is for what stompbox itself comes to, in the unit of the metric", () => {
  const idle = (peer: PeerName, figures: Figures): Measurement => {
    const { result, ...rest } = measured([peer, 1], { deliveries: 1, workload: "idle" });
    return { ...rest, result: { ...result, figures } };
  };
  const found = rows("idle", [
    idle("stompbox", { residentKiBPerConnection: 3.5, brokerProcess: { cpuShare: 0.08 } }),
    idle("bare-beats", { residentKiBPerConnection: 1.5, brokerProcess: { cpuShare: 0.05 } }),
  ]);
  expect(found.map(({ peer, metric, isMet }) => [peer, metric.name, isMet])).toEqual([
    ["stompbox", "memory of a connection", true],
    ["bare-beats", "memory of a connection", undefined],
    ["stompbox", "CPU of all beats", undefined],
    ["bare-beats", "CPU of all beats", false],
  ]);
});

test("memory of a waiting message is what is left after a rest, without its body of 100 bytes", () => {
  const { result, ...rest } = measured(["stompbox", 1], { deliveries: 1, workload: "waiting" });
  const figures = {
    messages: 1024,
    residentAfterRestKiB: 1612,
    brokerProcess: { residentBeforeKiB: 1000, residentAfterKiB: 9000 },
  };
  const [found] = rows("waiting", [{ ...rest, result: { ...result, figures } }]);
  expect(found?.value?.median).toBe(512 / 1024);
  expect(found?.isMet).toBe(true);
});

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 3, 2], 2],
  [[7], 7],
])("the median of %j is %d", (values, expected) => {
  expect(median(values)).toBe(expected);
});

test("every target is for a metric and a peer that its workload has", () => {
  for (const { name, metrics, peers, targets } of WORKLOADS) {
    for (const { metric, peer } of targets) {
      expect([name, metrics.some((each) => each.name === metric)]).toEqual([name, true]);
      expect([name, peer === undefined || peers.includes(peer)]).toEqual([name, true]);
    }
    expect([name, peers[0]]).toEqual([name, "stompbox"]);
  }
});

import { expect, test } from "bun:test";
import { verdictOn } from "../../bench/guard.ts";
import type { PeerName } from "../../bench/peers/peer.ts";
import { type Row, rowsOf } from "../../bench/ratios.ts";
import type { Measurement } from "../../bench/raw_line.ts";
import { WORKLOADS } from "../../bench/workloads.ts";
import { measured } from "./measured.ts";

function rowFor(peer: PeerName, measurements: readonly Measurement[]): Row {
  const found = WORKLOADS.flatMap((workload) => rowsOf(workload, measurements)).find(
    (each) => each.peer === peer,
  );
  if (found === undefined) throw new Error(`No row for ${peer}`);
  return found;
}

// The target of pairs against the batched ceiling is 0.65.
test.each([
  [650_000, false],
  [300_000, false],
  [217_000, false],
  [216_000, true],
])("%d deliveries against 1,000,000 of the ceiling: a collapse is %p", (deliveries, expected) => {
  const row = rowFor("bare-forward", [
    measured(["stompbox", 1], { deliveries }),
    measured(["bare-forward", 1], { deliveries: 1_000_000 }),
  ]);
  expect(verdictOn(row)).toMatchObject({ workload: "pairs", isCollapse: expected });
  expect(verdictOn(row).sentence).toEndWith("target 0.65, collapse below 0.22");
});

test("a ceiling without a target is told and judges nothing", () => {
  const workload = "fan-out-alike-100";
  const row = rowFor("bare-corked", [
    measured(["stompbox", 1], { deliveries: 1, workload }),
    measured(["bare-corked", 1], { deliveries: 1_000_000, workload }),
  ]);
  expect(verdictOn(row).isCollapse).toBe(false);
});

test("no outcome at all is a collapse that says why", () => {
  const row = rowFor("bare-forward", [
    measured(["stompbox", 1], { deliveries: 0, problem: "Cannot start stompbox" }),
    measured(["bare-forward", 1], { deliveries: 0, problem: "Lost 8 of 8 messages" }),
  ]);
  expect(verdictOn(row)).toMatchObject({
    isCollapse: true,
    sentence: expect.stringContaining("Lost 8 of 8 messages"),
  });
});

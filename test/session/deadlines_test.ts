import { describe, expect, test } from "bun:test";
import { type Deadline, Deadlines } from "../../src/session/deadlines.ts";

const START = 1_600_000_000_000;
const STEP = 50;

interface Alarm extends Deadline {
  readonly checks: number[];
}

/** One that is due again and again, each time so much later; 0 for never again. */
function alarm(againMs = 0): Alarm {
  const checks: number[] = [];
  return {
    checks,
    scheduledAt: Infinity,
    check: (now) => {
      checks.push(now - START);
      return againMs === 0 ? Infinity : now + againMs;
    },
  };
}

/** Ticks as the broker does until so many ms after the start. */
function run(wheel: Deadlines, from: number, to: number): void {
  for (let at = from; at <= to; at += STEP) wheel.tick(START + at);
}

describe("The timing wheel", () => {
  for (const dueMs of [0, 1, 50, 51, 100, 1_000, 51_150, 51_200, 60_000, 3_600_000]) {
    test(`checks what is due in ${dueMs} ms at that time, not before and not late`, () => {
      const wheel = new Deadlines(START);
      const checked: number[] = [];
      const deadline: Deadline = {
        scheduledAt: Infinity,
        // Far ones are looked at on the way, as the wheel is only so long.
        check: (now) => {
          if (now < START + dueMs) return START + dueMs;
          checked.push(now - START);
          return Infinity;
        },
      };
      wheel.schedule(deadline, START + dueMs);
      run(wheel, STEP, dueMs + 1_000);
      expect(checked).toHaveLength(1);
      expect(checked[0]).toBeGreaterThanOrEqual(dueMs);
      expect(checked[0]).toBeLessThanOrEqual(dueMs + STEP);
    });
  }

  test("checks again when told to", () => {
    const wheel = new Deadlines(START);
    const each = alarm(200);
    wheel.schedule(each, START + 100);
    run(wheel, STEP, 800);
    expect(each.checks).toEqual([100, 300, 500, 700]);
  });

  test("an earlier time counts, a later one does not", () => {
    const wheel = new Deadlines(START);
    const each = alarm();
    wheel.schedule(each, START + 1_000);
    wheel.schedule(each, START + 300);
    wheel.schedule(each, START + 2_000);
    run(wheel, STEP, 3_000);
    expect(each.checks).toEqual([300]);
  });

  test("what is cancelled is not checked, also if another check of the same tick cancels it", () => {
    const wheel = new Deadlines(START);
    const [cancelled, victim] = [alarm(), alarm()];
    wheel.schedule(cancelled, START + 100);
    wheel.cancel(cancelled);
    wheel.cancel(cancelled);
    const killer: Deadline = {
      scheduledAt: Infinity,
      check: () => {
        wheel.cancel(victim);
        return Infinity;
      },
    };
    wheel.schedule(killer, START + 200);
    wheel.schedule(victim, START + 200);
    run(wheel, STEP, 1_000);
    expect([cancelled.checks, victim.checks]).toEqual([[], []]);
    wheel.schedule(victim, START + 1_100);
    run(wheel, 1_050, 1_200);
    expect(victim.checks).toEqual([1_100]);
  });

  test("one moved by another check of the same tick comes once, when it was moved to", () => {
    const wheel = new Deadlines(START);
    const moved = alarm();
    const mover: Deadline = {
      scheduledAt: Infinity,
      check: (now) => {
        wheel.cancel(moved);
        wheel.schedule(moved, now + 100);
        return Infinity;
      },
    };
    wheel.schedule(mover, START + 200);
    wheel.schedule(moved, START + 200);
    run(wheel, STEP, 1_000);
    expect(moved.checks).toEqual([300]);
  });

  const jumps: readonly (readonly [what: string, jumpMs: number])[] = [
    ["an hour ahead", 3_600_000],
    ["an hour back", -3_600_000],
    ["a second back", -1_000],
    ["over a whole round of the wheel", 1_024 * STEP],
    ["just short of one", 1_023 * STEP],
  ];
  for (const [what, jumpMs] of jumps) {
    test(`when the clock jumps ${what} everyone is looked at once and goes on`, () => {
      const wheel = new Deadlines(START);
      const all = [100, 1_000, 10_000, 40_000].map((everyMs) => ({
        everyMs,
        alarm: alarm(everyMs),
      }));
      for (const { alarm, everyMs } of all) wheel.schedule(alarm, START + everyMs);
      const jumped = jumpMs + STEP;
      wheel.tick(START + jumped);
      const due = all.map(({ everyMs }) => jumpMs < 0 || everyMs <= jumped);
      expect(all.map(({ alarm }) => alarm.checks.length > 0)).toEqual(due);
      run(wheel, jumped + STEP, jumped + 50_000);
      for (const { everyMs, alarm } of all) {
        const { checks } = alarm;
        // Never left alone for longer than it asked for; the first gap may hold the jump.
        const gaps = checks.slice(1).map((check, index) => check - (checks[index] ?? 0));
        for (const gap of gaps.slice(1)) expect(gap).toBeLessThanOrEqual(everyMs + STEP);
        expect(checks.length).toBeGreaterThanOrEqual(Math.floor(50_000 / everyMs) - 1);
      }
    });
  }

  test("thousands are each checked in their time", () => {
    const wheel = new Deadlines(START);
    const all = Array.from({ length: 5_000 }, (_, at) => ({
      dueMs: 1 + ((at * 37) % 50_000),
      each: alarm(),
    }));
    for (const { dueMs, each } of all) wheel.schedule(each, START + dueMs);
    run(wheel, STEP, 50_050);
    const wrong = all.filter(
      ({ dueMs, each: { checks } }) =>
        checks.length !== 1 || (checks[0] ?? 0) < dueMs || (checks[0] ?? 0) > dueMs + STEP,
    );
    expect(wrong).toEqual([]);
  });
});

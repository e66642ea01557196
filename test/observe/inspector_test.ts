import { expect, test } from "bun:test";
import { Inspector } from "../../src/observe/inspector.ts";

const FRAME = { connection: 1, direction: "in", command: "SEND", headers: [], body: "" } as const;

/** Frames shown over some seconds, of so many that come in each; the first burst left out. */
function shownPerSecond(perSecond: number): number {
  const clock = { ms: 0 };
  const tasks: (() => void)[] = [];
  let shown = 0;
  const inspector = new Inspector({
    now: () => clock.ms,
    after: (task) => tasks.push(task),
    show: () => ++shown > 0,
  });
  const run = (seconds: number) => {
    for (let tick = 0; tick < 20 * seconds; tick++) {
      for (let i = 0; i < perSecond / 20; i++) {
        if (inspector.wants()) inspector.trace({ ...FRAME, messageId: undefined });
      }
      for (const task of tasks.splice(0)) task();
      clock.ms += 50;
      inspector.tick(true);
    }
  };
  run(10);
  shown = 0;
  run(10);
  return shown / 10;
}

test.each([
  ["all of what can be followed", 400, 390, 410],
  ["some of what is too much", 4_000, 450, 550],
  ["a few of a flood", 100_000, 40, 60],
])("An inspector shows %s: of %d frames a second", (_what, perSecond, least, most) => {
  const shown = shownPerSecond(perSecond);
  expect(shown).toBeGreaterThanOrEqual(least);
  expect(shown).toBeLessThanOrEqual(most);
});

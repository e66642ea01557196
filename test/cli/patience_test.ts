import { describe, expect, test } from "bun:test";
import { SILENCE_MAX_MS, STANDSTILL_MAX_MS, watchPatience } from "../../src/cli/patience.ts";
import { manualRuntime } from "../support/manual_runtime.ts";

/** A broker that is waited for; each second it does what `second` says. */
async function waitedFor(
  second: (broker: { isWaiting: boolean; heard: number; work: number }, at: number) => void,
  lastMs = 2 * STANDSTILL_MAX_MS,
): Promise<{ readonly what: string | undefined; readonly seconds: number }> {
  const runtime = manualRuntime(1);
  const broker = { isWaiting: true, heard: 0, work: 0 };
  const patience = watchPatience({
    runtime,
    isWaiting: () => broker.isWaiting,
    heard: () => broker.heard,
    progress: () => String(broker.work),
  });
  const end: { what?: string } = {};
  void patience.over.then((what) => (end.what = what));
  let seconds = 0;
  while (end.what === undefined && seconds * 1000 < lastMs) {
    second(broker, seconds);
    runtime.advance(1000);
    seconds++;
    await Promise.resolve();
  }
  patience.end();
  return { what: end.what, seconds };
}

describe("patience with a broker", () => {
  const silence = { what: "said nothing for 30 s", seconds: SILENCE_MAX_MS / 1000 };
  const standstill = { what: "not gone on for 10 minutes", seconds: STANDSTILL_MAX_MS / 1000 };
  const never = { what: undefined, seconds: (2 * STANDSTILL_MAX_MS) / 1000 };

  test("ends when it says nothing", async () => {
    expect(await waitedFor(() => {})).toEqual(silence);
  });

  test("lasts longer with one that is alive", async () => {
    expect(await waitedFor((broker, at) => void (at % 10 === 9 && broker.heard++))).toEqual(
      standstill,
    );
  });

  test("lasts as long as the work goes on, however slowly", async () => {
    expect(await waitedFor((broker, at) => void (at % 29 === 28 && broker.work++))).toEqual(never);
  });

  test("is not asked for while nobody waits", async () => {
    expect(await waitedFor((broker) => void (broker.isWaiting = false))).toEqual(never);
  });

  test("begins anew with each wait", async () => {
    const outcome = await waitedFor((broker, at) => void (broker.isWaiting = at % 30 !== 29));
    expect(outcome).toEqual(never);
  });
});

/** Runs a workload of messages: opens it, warms up, measures, and checks every count. */

import type { BenchEnvironment, BenchSpec } from "./bench_spec.ts";
import type { Course } from "./course.ts";
import type { Load } from "./load.ts";
import { startMeter, type Usage } from "./meter.ts";

/** What came of a run. */
export interface LoadOutcome {
  readonly usage: Usage;
  /** Messages sent while it was measured. */
  readonly messages: number;
  /** How often they came, each counted once per receiver. */
  readonly deliveries: number;
  /** Over the whole run, warm-up included. */
  readonly lost: number;
  readonly doubled: number;
  readonly foreign: number;
  /** Sentences about what went wrong; empty if all is well. */
  readonly problems: readonly string[];
}

/** Nothing came for so many seconds: it will not come any more. */
export class StalledError extends Error {
  override readonly name = "StalledError";
}

const TICK_MS = 1000;
const STALL_TICKS = 10;
/** Numbers that a sentence about missing messages names. */
const NAMED_MAX = 5;

/**
 * Runs a workload that is open. What is lost or doubled is told in the
 * outcome.
 *
 * @throws ClientError when a connection is lost
 */
export async function runLoad(
  load: Load,
  { spec, environment }: { readonly spec: BenchSpec; readonly environment: BenchEnvironment },
): Promise<LoadOutcome> {
  const { course } = load;
  const { nanoseconds, progress } = environment;
  let before = { sent: 0, arrived: 0 };
  const watch = watchCourse(course, environment);
  const warmUp = spec.warmUpSeconds > 0;
  const beginNs = nanoseconds();
  watch.onTick = () => progress(`${course.arrived} arrived of ${course.expected} sent`);
  if (warmUp) {
    load.start();
    await waitSeconds(spec.warmUpSeconds, { course, environment });
    before = { sent: course.sent, arrived: course.arrived };
    for (const times of Object.values(load.times ?? {})) times.clear();
  }
  const meter = startMeter(spec, environment);
  watch.onTick = () => {
    meter.sample();
    const seconds = (nanoseconds() - beginNs) / 1e9;
    progress(`${seconds.toFixed(0)} s, ${course.sent} sent, ${course.arrived} arrived`);
  };
  if (spec.messages !== undefined) course.limit = course.sent + spec.messages;
  if (!warmUp) load.start();
  let stalled = false;
  try {
    if (spec.messages === undefined) {
      await waitSeconds(spec.seconds, { course, environment });
      course.limit = course.sent;
      course.look();
    }
    await course.settled;
  } catch (error) {
    if (!(error instanceof StalledError)) throw error;
    stalled = true;
  } finally {
    watch.stop();
  }
  const usage = meter.end();
  const messages = course.sent - before.sent;
  const deliveries = course.arrived - before.arrived;
  // What was sent twice may still be on its way.
  if (!stalled) await Promise.all(load.clients.map((client) => client.fence()));
  return { usage, messages, deliveries, ...verdict(load) };
}

/** Waits, unless the run fails before. */
async function waitSeconds(
  seconds: number,
  { course, environment }: { readonly course: Course; readonly environment: BenchEnvironment },
): Promise<void> {
  const { runtime, stopped } = environment;
  const over = Promise.withResolvers<void>();
  const stop = runtime.every(seconds * 1000, over.resolve);
  try {
    await Promise.race([over.promise, stopped, course.settled]);
  } finally {
    stop();
  }
}

/** Fails the course when nothing moves any more. */
function watchCourse(course: Course, { runtime }: BenchEnvironment) {
  let last = -1;
  let still = 0;
  const watch = {
    onTick: (): void => undefined,
    stop: runtime.every(TICK_MS, () => {
      watch.onTick();
      const now = course.sent + course.arrived;
      still = now === last ? still + 1 : 0;
      last = now;
      if (still >= STALL_TICKS) {
        course.fail(new StalledError(`Nothing came for ${(STALL_TICKS * TICK_MS) / 1000} s`));
      }
    }),
  };
  return watch;
}

function verdict({ books }: Load): Pick<LoadOutcome, "lost" | "doubled" | "foreign" | "problems"> {
  const sums = { lost: 0, doubled: 0, foreign: 0 };
  const problems: string[] = [];
  for (const { what = "messages", receiver, tally, sent } of books) {
    const all = sent();
    const lost = all - tally.arrived;
    sums.lost += lost;
    sums.doubled += tally.doubled;
    sums.foreign += tally.foreign;
    if (lost > 0) {
      const named = tally.missing(all, NAMED_MAX);
      const more = lost > named.length ? " and more" : "";
      const which = named.length === 1 ? "number" : "numbers";
      problems.push(
        `Lost ${lost} of ${all} ${what} to ${receiver}: ${which} ${named.join(", ")}${more}`,
      );
    }
    if (tally.doubled > 0) problems.push(`${tally.doubled} ${what} came twice to ${receiver}`);
    if (tally.foreign > 0) problems.push(`${tally.foreign} ${what} that nobody sent came to ${receiver}`);
  }
  return { ...sums, problems };
}

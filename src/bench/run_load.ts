/** Runs a workload of messages: warms up, measures, and checks every count. */

import type { Course } from "./course.ts";
import { inTime, type Load, type LoadContext } from "./load.ts";
import { startMeter } from "./meter.ts";
import type { Outcome } from "./outcome.ts";
import { waitOrStop } from "./wait_or_stop.ts";

/** Nothing came for so long that it will not come any more. */
class StalledError extends Error {
  override readonly name = "StalledError";
}

const TICK_MS = 1000;
const STALL_TICKS = 10;
/** Numbers that a sentence about missing messages names. */
const NAMED_MAX = 5;
/** Sentences of a kind: a hundred subscribers miss what one of them misses. */
const PROBLEMS_MAX = 20;

/**
 * Runs a workload that is open, to its end. Counts are of the whole run, the
 * warm-up included; everything else is of what came after that.
 *
 * @throws ClientError when a connection is lost, ProcessUsageError when the
 * broker's process is
 */
export async function runLoad(load: Load, context: LoadContext): Promise<Outcome> {
  const { course } = load;
  const { spec, progress } = context;
  const watch = watchCourse(course, context);
  try {
    await context.share?.ready();
    if (spec.warmUpSeconds > 0) {
      progress("Warming up");
      if (!course.isFollowing) course.begin(Number.POSITIVE_INFINITY);
      load.start();
      await waitOrStop(spec.warmUpSeconds, { ...context, early: course.settled });
    }
    // Without a warm-up everything counts, also what came from a sender in
    // another process before this one was told to start.
    const before = { sent: 0, arrived: 0 };
    if (spec.warmUpSeconds > 0) {
      before.sent = course.isFollowing ? 0 : course.sent;
      before.arrived = course.arrived;
    }
    for (const times of Object.values(load.times ?? {})) times.clear();
    const meter = startMeter(spec, context);
    watch.onTick = () => {
      meter.sample();
      progress(`${course.sent - before.sent} sent, ${course.arrived - before.arrived} arrived`);
    };
    const { messages: most = Number.POSITIVE_INFINITY } = spec;
    if (!course.isFollowing) course.begin(course.sent + most);
    if (spec.warmUpSeconds === 0) load.start();
    const stalled = await toTheEnd(course, context);
    const usage = meter.end();
    const messages = course.isFollowing ? 0 : course.sent - before.sent;
    const deliveries = (course.arrived - before.arrived) / (load.parts ?? 1);
    // What was sent twice may still be on its way.
    const fences = stalled ? [] : load.clients.map((client) => client.fence());
    await inTime(Promise.all(fences), context);
    const { problems, ...counts } = verdict(load);
    return {
      broker: load.clients[0]?.server ?? "",
      usage,
      counts: { messages, deliveries, ...counts },
      times: load.times ?? {},
      problems,
    };
  } finally {
    watch.stop();
  }
}

/** Lets the course run until it has to end, and has settled; whether it stalled. */
async function toTheEnd(course: Course, context: LoadContext): Promise<boolean> {
  const { spec, stopped, share } = context;
  const closeDown = (): void => {
    if (course.isFollowing) return;
    course.limit = Math.min(course.limit, course.sent);
    share?.tellTotal(course.limit);
    course.look();
  };
  const early = course.settled;
  try {
    if (spec.messages === undefined) await waitOrStop(spec.seconds, { ...context, early });
    else await Promise.race([stopped, early]);
    closeDown();
    await course.settled;
    return false;
  } catch (error) {
    if (!(error instanceof StalledError)) throw error;
    closeDown();
    return true;
  }
}

/** Looks at the course once a second, and fails it when nothing has moved for long. */
function watchCourse(course: Course, { runtime }: Pick<LoadContext, "runtime">) {
  let last = -1;
  let still = 0;
  const watch = {
    onTick: (): void => undefined,
    stop: runtime.every(TICK_MS, () => {
      watch.onTick();
      const now = course.sent + course.arrived;
      // Who follows hears from the sender that there is no more.
      still = now === last && Number.isFinite(now) ? still + 1 : 0;
      last = now;
      if (still >= STALL_TICKS) course.fail(new StalledError("Nothing comes any more"));
    }),
  };
  return watch;
}

function verdict({ books }: Load) {
  const sums = { lost: 0, doubled: 0, foreign: 0 };
  const problems: string[] = [];
  for (const { what = "messages", receiver, tally, sent } of books) {
    const all = sent();
    const lost = Math.max(0, all - tally.arrived);
    sums.lost += lost;
    sums.doubled += tally.doubled;
    sums.foreign += tally.foreign;
    if (lost > 0) {
      const named = tally.missing(all, NAMED_MAX);
      const which = named.length === 1 ? "number" : "numbers";
      const more = lost > named.length ? " and more" : "";
      problems.push(
        `Lost ${lost} of ${all} ${what} to ${receiver}: ${which} ${named.join(", ")}${more}`,
      );
    }
    if (tally.doubled > 0) {
      problems.push(`Doubled ${what} to ${receiver}: ${tally.doubled} came that had come before`);
    }
    if (tally.foreign > 0) {
      problems.push(`Foreign ${what} to ${receiver}: ${tally.foreign} came that nobody sent`);
    }
  }
  const more = problems.length - PROBLEMS_MAX;
  if (more > 0) problems.splice(PROBLEMS_MAX, more, `${more} more of the kind`);
  return { ...sums, problems };
}

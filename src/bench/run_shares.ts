/** Runs a workload in several processes. */

import type { BenchEnvironment } from "./bench_spec.ts";
import { mergeOutcomes, type Outcome, withStop } from "./outcome.ts";
import { linesOf, outcomeOf, readFromShare, type ToShare } from "./share_messages.ts";

/** One process has failed, and the others were ended; `message` is its own sentence. */
export class ShareFailed extends Error {
  override readonly name = "ShareFailed";
}

/** A process that has a share: starts with `index`, speaks lines, and takes some. */
export interface ShareProcess {
  readonly lines: AsyncIterable<Uint8Array>;
  readonly tell: (line: string) => void;
  readonly kill: () => void;
  /** Its exit code, and what it wrote about a failure. */
  readonly ended: Promise<{ readonly code: number; readonly error: string }>;
}

/**
 * Starts so many processes, lets them begin together, and makes one outcome
 * of theirs.
 *
 * @throws ShareFailed if one of them fails
 */
export async function runShares(
  start: (index: number) => ShareProcess,
  options: { readonly count: number; readonly environment: BenchEnvironment },
): Promise<Outcome> {
  const { count, environment } = options;
  const processes = Array.from({ length: count }, (_, index) => start(index));
  const halves = new Array<number>(count).fill(0);
  let ready = 0;
  let least = 0;
  const say = (to: ShareProcess | undefined, message: ToShare): void =>
    to?.tell(`${JSON.stringify(message)}\n`);
  const sayAll = (message: ToShare): void => {
    for (const each of processes) say(each, message);
  };
  let isStopped = false;
  environment.stopped.then(() => {
    isStopped = true;
    sayAll({ type: "stop" });
  });

  const follow = async (process: ShareProcess, index: number): Promise<Outcome> => {
    let outcome: Outcome | undefined;
    for await (const line of linesOf(process.lines)) {
      const message = readFromShare(line);
      switch (message.type) {
        case "ready":
          if (++ready === count) sayAll({ type: "start" });
          break;
        case "progress":
          if (index === 0) environment.progress(`${message.text} (process 1 of ${count})`);
          break;
        case "halves":
          halves[index] = message.count;
          if (Math.min(...halves) > least) {
            least = Math.min(...halves);
            say(processes[0], { type: "halves", count: least });
          }
          break;
        case "total":
          processes.slice(1).forEach((each) => say(each, message));
          break;
        case "failed":
          throw new ShareFailed(message.sentence);
        case "outcome":
          outcome = outcomeOf(message.outcome);
      }
    }
    if (outcome !== undefined) {
      const problems = outcome.problems.map((problem) => `Process ${index + 1}: ${problem}`);
      return { ...outcome, problems };
    }
    const { code, error } = await process.ended;
    const told = error.trim() === "" ? `exit code ${code}` : error.trim();
    throw new ShareFailed(`Process ${index + 1} of ${count} ended early: ${told}`);
  };
  try {
    const merged = mergeOutcomes(await Promise.all(processes.map(follow)));
    return isStopped ? withStop(merged) : merged;
  } finally {
    for (const each of processes) each.kill();
    await Promise.all(processes.map(({ ended }) => ended));
  }
}

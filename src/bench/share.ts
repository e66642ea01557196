/** A process that has a share of a run, as its workload sees the others. */

import type { FromShare, ShareOf, ToShare } from "./share_messages.ts";

/** The part of a run that this process has, and what it has to do with the others. */
export interface Share {
  readonly index: number;
  readonly count: number;
  /** Says that everything is connected; settles when that is so everywhere. */
  readonly ready: () => Promise<void>;
  /** Says that all subscribers here have come so many halves of a window far. */
  readonly tellHalves: (count: number) => void;
  /** Says how many messages there were, which ends the run. */
  readonly tellTotal: (count: number) => void;
  /** Calls `listener` when the subscribers of all processes have come further. */
  onHalves: (count: number) => void;
  /** Calls `listener` when the sender, in another process, is done. */
  onTotal: (count: number) => void;
  /** Takes what the process that started this one says. */
  readonly take: (message: ToShare) => void;
  /** Settles when the run is to end early. */
  readonly stopped: Promise<void>;
}

/** Makes the share of this process; `tell` speaks to the process that started it. */
export function createShare({ index, count }: ShareOf, tell: (message: FromShare) => void): Share {
  const started = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  const share: Share = {
    index,
    count,
    ready: () => {
      tell({ type: "ready" });
      return started.promise;
    },
    tellHalves: (halves) => tell({ type: "halves", count: halves }),
    tellTotal: (total) => tell({ type: "total", count: total }),
    onHalves: () => undefined,
    onTotal: () => undefined,
    stopped: stopped.promise,
    take: (message) => {
      switch (message.type) {
        case "start":
          started.resolve();
          return;
        case "halves":
          share.onHalves(message.count);
          return;
        case "total":
          share.onTotal(message.count);
          return;
        case "stop":
          stopped.resolve();
          return;
      }
    },
  };
  return share;
}

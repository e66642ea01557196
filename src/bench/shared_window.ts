import { type Course, type Sending, sendRow } from "./course.ts";

/**
 * Makes the function that sends what a window has room for: the senders share
 * it, and none of them sends before half of it is free. `done` says how many
 * messages are no longer in flight.
 */
export function shareWindow(
  course: Course,
  options: {
    readonly sendings: readonly Sending[];
    readonly window: number;
    readonly done: () => number;
  },
): () => void {
  const { sendings, window, done } = options;
  const half = window >> 1;
  return () => {
    let room = window - (course.sent - done());
    if (room < window - half) return;
    const share = Math.ceil(room / sendings.length);
    for (const sending of sendings) {
      const count = course.grant(Math.min(share, room));
      if (count === 0) return;
      const first = course.sent;
      course.sent += count;
      room -= count;
      sendRow(sending, { first, count });
    }
  };
}

import { isSystemPath } from "../broker/destination.ts";
import type { Message } from "../broker/message.ts";
import type { FrameTap, TracedFrame } from "../observe/events.ts";
import type { Subscription } from "./subscription.ts";

/** Shows a frame that came in. Returns what is shown if it is, so that what became of it can be added. */
export function traceReceived(
  tap: FrameTap,
  connection: number,
  frame: Pick<TracedFrame, "command" | "headers" | "body">,
): TracedFrame | undefined {
  if (!tap.wants()) return undefined;
  const { command, headers, body } = frame;
  const traced: TracedFrame = {
    ...{ connection, direction: "in", command, headers, body },
    messageId: undefined,
  };
  tap.trace(traced);
  return traced;
}

/** Shows a frame of the broker's own that goes out. */
export function traceSent(
  tap: FrameTap,
  frame: Pick<TracedFrame, "connection" | "command" | "headers"> & { readonly body: string },
): void {
  if (tap.wants()) tap.trace({ ...frame, direction: "out", messageId: undefined });
}

/** Shows a MESSAGE that goes out; `head` is the part that only this receiver has. */
export function traceMessage(
  tap: FrameTap,
  connection: number,
  about: { readonly subscription: Subscription; readonly message: Message; readonly head: string },
): void {
  const { subscription, message, head } = about;
  // What is said about frames is not told of in turn, or there would be no end to it.
  if (isSystemPath(subscription.named) || !tap.wants()) return;
  const lines = head.split("\n").slice(1, -1);
  // The head holds an id as it is written, which is as a person may see it.
  const own = lines.flatMap((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1)];
  });
  const { id, body } = message;
  const headers = [...own, "message-id", id, ...message.headers.list()];
  tap.trace({
    ...{ connection, direction: "out", command: "MESSAGE", headers, body },
    messageId: id,
  });
}

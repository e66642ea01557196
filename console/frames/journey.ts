/** The way of one message: from SEND through every MESSAGE to ACK, NACK or the dead letters. */

import type { FrameInfo, SystemNotice } from "../../src/api/values.ts";
import { headerOf } from "./frame_facts.ts";

/** What happened to a message. */
export type StepKind =
  | "sent"
  | "receipt"
  | "delivered"
  | "acknowledged"
  | "refused"
  | "committed"
  | "aborted"
  | "dead-lettered";

/** One thing that happened to a message. */
export interface JourneyStep {
  readonly kind: StepKind;
  readonly at: number;
  /** Absent for what no frame tells. */
  readonly frame?: FrameInfo;
  /** Where it was sent to or where it lies. */
  readonly destination?: string;
  /** What else is to be said, in a few words. */
  readonly detail?: string;
}

/** Everything that is known of the way of a message, in order. */
export interface Journey {
  readonly messageId: string;
  readonly steps: readonly JourneyStep[];
  /** Connections that it was delivered to. */
  readonly receivers: ReadonlySet<number>;
}

/** What {@link journeyOf} looks at. */
export interface Witnesses {
  /** In order. */
  readonly frames: readonly FrameInfo[];
  readonly deadLetters: readonly SystemNotice<"dead-letter">[];
}

/**
 * The message that a frame is about: its own, that which it settles, or that
 * whose SEND asked for this receipt. Undefined when there is none, or when the
 * frames say too little.
 */
export function messageIdOf(frame: FrameInfo, frames: readonly FrameInfo[]): string | undefined {
  const { messageId, command, connection, number } = frame;
  if (messageId !== undefined) return messageId;
  if (command === "RECEIPT") {
    const receipt = headerOf(frame, "receipt-id");
    if (receipt === undefined) return undefined;
    const sent = frames.findLast(
      (each) =>
        each.command === "SEND" &&
        each.connection === connection &&
        each.number < number &&
        headerOf(each, "receipt") === receipt,
    );
    return sent?.messageId;
  }
  if (command !== "ACK" && command !== "NACK") return undefined;
  const settled = frames.findLast(
    (each) =>
      each.command === "MESSAGE" &&
      each.connection === connection &&
      each.number < number &&
      settles(frame, each),
  );
  return settled?.messageId ?? (settled && headerOf(settled, "message-id"));
}

/** Puts together what is known of the way of a message. */
export function journeyOf(messageId: string, { frames, deadLetters }: Witnesses): Journey {
  const steps: JourneyStep[] = [];
  const receivers = new Set<number>();
  const transactions: { readonly frame: FrameInfo; readonly transaction: string }[] = [];
  const deliveries: FrameInfo[] = [];
  const receipts: { readonly connection: number; readonly receipt: string }[] = [];
  const ackModes = new Map<string, string>();

  for (const frame of frames) {
    const { command, connection, at } = frame;
    switch (command) {
      case "SUBSCRIBE":
        ackModes.set(subscriptionKey(frame, "id"), headerOf(frame, "ack") ?? "auto");
        break;
      case "SEND": {
        if (frame.messageId !== messageId) break;
        const receipt = headerOf(frame, "receipt");
        if (receipt !== undefined) receipts.push({ connection, receipt });
        steps.push({ kind: "sent", at, frame, ...destinationOf(frame), ...inTransaction(frame) });
        noteTransaction(frame, transactions);
        break;
      }
      case "MESSAGE": {
        if ((frame.messageId ?? headerOf(frame, "message-id")) !== messageId) break;
        receivers.add(connection);
        deliveries.push(frame);
        const again = headerOf(frame, "redelivered") === "true" ? { detail: "again" } : {};
        steps.push({ kind: "delivered", at, frame, ...destinationOf(frame), ...again });
        break;
      }
      case "ACK":
      case "NACK": {
        const isExact =
          frame.messageId === messageId ||
          (frame.messageId === undefined &&
            deliveries.some((each) => each.connection === connection && settles(frame, each)));
        const isCumulative = !isExact && settlesEarlier(frame, { deliveries, frames, ackModes });
        if (!isExact && !isCumulative) break;
        const kind = command === "ACK" ? "acknowledged" : "refused";
        const detail = isCumulative ? { detail: "with a later message" } : inTransaction(frame);
        steps.push({ kind, at, frame, ...detail });
        noteTransaction(frame, transactions);
        forgetDeliveries(deliveries, connection);
        break;
      }
      case "COMMIT":
      case "ABORT": {
        const transaction = headerOf(frame, "transaction");
        const index = transactions.findIndex(
          (each) => each.frame.connection === connection && each.transaction === transaction,
        );
        if (index < 0) break;
        transactions.splice(index, 1);
        steps.push({ kind: command === "COMMIT" ? "committed" : "aborted", at, frame });
        break;
      }
      case "RECEIPT": {
        const receipt = headerOf(frame, "receipt-id");
        const index = receipts.findIndex(
          (each) => each.connection === connection && each.receipt === receipt,
        );
        if (index < 0) break;
        receipts.splice(index, 1);
        steps.push({ kind: "receipt", at, frame });
        break;
      }
    }
  }
  for (const notice of deadLetters) {
    if (notice.messageId === messageId) insertDeadLetter(steps, notice);
  }
  return { messageId, steps, receivers };
}

/** Whether an ACK or NACK names this delivery, by whatever its version names it with. */
function settles(frame: FrameInfo, delivery: FrameInfo): boolean {
  const id = headerOf(frame, "id");
  if (id !== undefined) {
    return id === headerOf(delivery, "ack") || id === headerOf(delivery, "message-id");
  }
  const subscription = headerOf(frame, "subscription");
  if (subscription !== undefined && subscription !== headerOf(delivery, "subscription")) {
    return false;
  }
  const messageId = headerOf(frame, "message-id");
  return messageId !== undefined && messageId === headerOf(delivery, "message-id");
}

/** In ack mode `client` a frame settles what was delivered before in the same subscription too. */
function settlesEarlier(
  frame: FrameInfo,
  known: {
    readonly deliveries: readonly FrameInfo[];
    readonly frames: readonly FrameInfo[];
    readonly ackModes: ReadonlyMap<string, string>;
  },
): boolean {
  const { connection, number } = frame;
  const earlier = known.deliveries.findLast((each) => each.connection === connection);
  if (earlier === undefined) return false;
  const key = subscriptionKey(earlier, "subscription");
  if (known.ackModes.get(key) !== "client") return false;
  return known.frames.some(
    (each) =>
      each.command === "MESSAGE" &&
      each.number > earlier.number &&
      each.number < number &&
      each.connection === connection &&
      subscriptionKey(each, "subscription") === key &&
      (frame.messageId === undefined ? settles(frame, each) : each.messageId === frame.messageId),
  );
}

function forgetDeliveries(deliveries: FrameInfo[], connection: number): void {
  for (let at = deliveries.length - 1; at >= 0; at--) {
    if (deliveries[at]?.connection === connection) deliveries.splice(at, 1);
  }
}

function subscriptionKey(frame: FrameInfo, header: string): string {
  return `${frame.connection} ${headerOf(frame, header) ?? ""}`;
}

function destinationOf(frame: FrameInfo): { readonly destination?: string } {
  const destination = headerOf(frame, "destination");
  return destination === undefined ? {} : { destination };
}

function inTransaction(frame: FrameInfo): { readonly detail?: string } {
  const transaction = headerOf(frame, "transaction");
  return transaction === undefined ? {} : { detail: `in transaction ${transaction}` };
}

function noteTransaction(
  frame: FrameInfo,
  open: { readonly frame: FrameInfo; readonly transaction: string }[],
): void {
  const transaction = headerOf(frame, "transaction");
  if (transaction === undefined) return;
  const isKnown = open.some(
    (each) => each.transaction === transaction && each.frame.connection === frame.connection,
  );
  if (!isKnown) open.push({ frame, transaction });
}

/** A refusal and what it causes are in the same turn of the broker, about. */
const SAME_TURN_MS = 5;

/** Behind the refusal that caused it, before what else the same millisecond brought. */
function insertDeadLetter(steps: JourneyStep[], notice: SystemNotice<"dead-letter">): void {
  const { at, destination, reason } = notice;
  const cause = steps.findLastIndex(
    (step) => step.kind === "refused" && step.at <= at && at - step.at <= SAME_TURN_MS,
  );
  const before = steps.findLastIndex((step) => step.at <= at);
  steps.splice((cause < 0 ? before : cause) + 1, 0, {
    kind: "dead-lettered",
    at,
    destination,
    detail: reason,
  });
}

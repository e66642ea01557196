/**
 * What the client in the page knows, read from the frames that cross its
 * connection: what is shown is what was said, not what was meant.
 */

import type { FrameInfo } from "../../src/api/values.ts";
import { headerOf } from "../frames/frame_facts.ts";
import { addFrames, EMPTY_TIMELINE, keptBytes, type Timeline } from "../frames/timeline.ts";
import { cutFrame } from "./shown_frame.ts";

/** Where the connection is in its life. */
export type ClientPhase = "off" | "connecting" | "on" | "closing";

/** What CONNECTED said. */
export interface ConnectedFacts {
  readonly version: string;
  /** Empty if it did not say. */
  readonly server: string;
  readonly session: string;
  readonly heartBeat: string;
}

/** A subscription of this connection. */
export interface ClientSubscription {
  readonly id: string;
  readonly destination: string;
  readonly ack: string;
  readonly selector: string | undefined;
  readonly received: number;
}

/** What was said about a message, or will be if its transaction commits. */
export interface Verdict {
  readonly kind: "acknowledged" | "refused";
  readonly transaction: string | undefined;
}

/** A message that came. */
export interface ReceivedMessage {
  readonly frame: FrameInfo;
  /** Id of its subscription; empty if it does not say. */
  readonly subscription: string;
  /** Names it in ACK and NACK; undefined when there is nothing to acknowledge. */
  readonly ackId: string | undefined;
  readonly verdict: Verdict | undefined;
}

/** A frame in a few words. */
export interface FrameWords {
  readonly command: string;
  /** What it is about: its destination, or what it names. */
  readonly what: string;
}

/** A transaction that is neither committed nor aborted. */
export interface OpenTransaction {
  readonly id: string;
  /** What is in it; the first hundred. */
  readonly operations: readonly FrameWords[];
  readonly count: number;
}

/** A receipt that was asked for. */
export interface AskedReceipt {
  readonly id: string;
  /** What it is for. */
  readonly of: FrameWords;
  readonly askedAt: number;
  /** When it came; undefined if it did not. */
  readonly cameAt: number | undefined;
  /** Whether it can still come. */
  readonly isOpen: boolean;
}

/** Why a connection failed or ended. */
export type ClientProblem =
  /** The broker said so. */
  | { readonly kind: "error"; readonly frame: FrameInfo }
  /** Nobody said anything. */
  | { readonly kind: "lost"; readonly sentence: string; readonly advice: string };

/** Everything that is known. */
export interface ClientState {
  readonly phase: ClientPhase;
  readonly url: string;
  readonly connected: ConnectedFacts | undefined;
  readonly problem: ClientProblem | undefined;
  readonly subscriptions: readonly ClientSubscription[];
  /** Oldest first. */
  readonly messages: readonly ReceivedMessage[];
  /** Messages that had to go to make room. */
  readonly dropped: number;
  readonly transactions: readonly OpenTransaction[];
  /** Oldest first. */
  readonly receipts: readonly AskedReceipt[];
  readonly log: Timeline;
}

/** How much is kept. */
export const CLIENT_LIMITS = {
  messagesMax: 500,
  messageBytesMax: 16 * 1024 * 1024,
  logFramesMax: 2_000,
  logBytesMax: 8 * 1024 * 1024,
  logBodyBytes: 64 * 1024,
  receiptsMax: 200,
  operationsShown: 100,
} as const;

/** Before the first connection. */
export const NO_CLIENT: ClientState = {
  phase: "off",
  url: "",
  connected: undefined,
  problem: undefined,
  subscriptions: [],
  messages: [],
  dropped: 0,
  transactions: [],
  receipts: [],
  log: EMPTY_TIMELINE,
};

/** A new connection is on its way; what the last one left can still be read. */
export function afterStart(state: ClientState, url: string): ClientState {
  return { ...afterEnd(state, undefined), phase: "connecting", url };
}

/** The connection is over: nothing of it can be acknowledged, committed or waited for. */
export function afterEnd(state: ClientState, problem: ClientProblem | undefined): ClientState {
  return {
    ...state,
    phase: "off",
    connected: undefined,
    problem,
    subscriptions: [],
    transactions: [],
    messages: state.messages.map((message) =>
      message.ackId === undefined ? message : { ...message, ackId: undefined },
    ),
    receipts: state.receipts.map((receipt) =>
      receipt.isOpen ? { ...receipt, isOpen: false } : receipt,
    ),
  };
}

/** What a frame that crossed changes. */
export function afterFrame(state: ClientState, frame: FrameInfo): ClientState {
  const { logFramesMax, logBytesMax, logBodyBytes } = CLIENT_LIMITS;
  const log = addFrames(state.log, [cutFrame(frame, logBodyBytes)], {
    framesMax: logFramesMax,
    bytesMax: logBytesMax,
  });
  const noted = { ...state, log };
  return frame.direction === "in" ? afterSent(noted, frame) : afterReceived(noted, frame);
}

function wordsOf(frame: FrameInfo): FrameWords {
  const names = ["destination", "id", "message-id", "transaction"];
  const what = names.map((name) => headerOf(frame, name)).find((value) => value !== undefined);
  return { command: frame.command, what: what ?? "" };
}

function afterSent(before: ClientState, frame: FrameInfo): ClientState {
  const state = withReceipt(before, frame);
  const id = headerOf(frame, "id") ?? "";
  const transaction = headerOf(frame, "transaction");
  switch (frame.command) {
    case "SUBSCRIBE": {
      const subscription: ClientSubscription = {
        id,
        destination: headerOf(frame, "destination") ?? "",
        ack: headerOf(frame, "ack") ?? "auto",
        selector: headerOf(frame, "selector"),
        received: 0,
      };
      return { ...state, subscriptions: [...state.subscriptions, subscription] };
    }
    case "UNSUBSCRIBE":
      return {
        ...state,
        subscriptions: state.subscriptions.filter((each) => each.id !== id),
        // What it held goes back, but for what a transaction has.
        messages: state.messages.map((message) =>
          message.subscription === id && message.verdict === undefined
            ? { ...message, ackId: undefined }
            : message,
        ),
      };
    case "BEGIN":
      return {
        ...state,
        transactions: [...state.transactions, { id: transaction ?? "", operations: [], count: 0 }],
      };
    case "COMMIT":
    case "ABORT": {
      const isAborted = frame.command === "ABORT";
      return {
        ...state,
        transactions: state.transactions.filter((each) => each.id !== transaction),
        messages: state.messages.map((message) => {
          const { verdict } = message;
          if (verdict?.transaction === undefined || verdict.transaction !== transaction) {
            return message;
          }
          if (!isAborted) return { ...message, verdict: { ...verdict, transaction: undefined } };
          // Held again, unless there is no subscription any more that could hold it.
          const isHeld = state.subscriptions.some((each) => each.id === message.subscription);
          return { ...message, verdict: undefined, ackId: isHeld ? message.ackId : undefined };
        }),
      };
    }
    case "SEND":
      return withOperation(state, frame);
    case "ACK":
    case "NACK":
      return withVerdict(withOperation(state, frame), frame);
    default:
      return state;
  }
}

function afterReceived(state: ClientState, frame: FrameInfo): ClientState {
  switch (frame.command) {
    case "CONNECTED":
      return {
        ...state,
        phase: "on",
        connected: {
          version: headerOf(frame, "version") ?? "1.0",
          server: headerOf(frame, "server") ?? "",
          session: headerOf(frame, "session") ?? "",
          heartBeat: headerOf(frame, "heart-beat") ?? "",
        },
      };
    case "MESSAGE":
      return withMessage(state, frame);
    case "RECEIPT": {
      const id = headerOf(frame, "receipt-id");
      return {
        ...state,
        receipts: state.receipts.map((receipt) =>
          receipt.isOpen && receipt.id === id
            ? { ...receipt, cameAt: frame.at, isOpen: false }
            : receipt,
        ),
      };
    }
    case "ERROR":
      return { ...state, problem: { kind: "error", frame } };
    default:
      return state;
  }
}

function withReceipt(state: ClientState, frame: FrameInfo): ClientState {
  const id = headerOf(frame, "receipt");
  if (id === undefined) return state;
  const receipt: AskedReceipt = {
    id,
    of: wordsOf(frame),
    askedAt: frame.at,
    cameAt: undefined,
    isOpen: true,
  };
  return { ...state, receipts: [...state.receipts, receipt].slice(-CLIENT_LIMITS.receiptsMax) };
}

function withOperation(state: ClientState, frame: FrameInfo): ClientState {
  const id = headerOf(frame, "transaction");
  if (id === undefined) return state;
  return {
    ...state,
    transactions: state.transactions.map((transaction) => {
      if (transaction.id !== id) return transaction;
      const { operations, count } = transaction;
      return {
        id,
        operations:
          count < CLIENT_LIMITS.operationsShown ? [...operations, wordsOf(frame)] : operations,
        count: count + 1,
      };
    }),
  };
}

function withVerdict(state: ClientState, frame: FrameInfo): ClientState {
  const { messages, subscriptions } = state;
  const verdict: Verdict = {
    kind: frame.command === "ACK" ? "acknowledged" : "refused",
    transaction: headerOf(frame, "transaction"),
  };
  const id = headerOf(frame, "id") ?? headerOf(frame, "message-id");
  const subscription = headerOf(frame, "subscription");
  const place = messages.findLastIndex(
    (message) =>
      message.ackId === id &&
      message.ackId !== undefined &&
      message.verdict === undefined &&
      (subscription === undefined || message.subscription === subscription),
  );
  const named = messages[place];
  if (named === undefined) return state;
  const mode = subscriptions.find((each) => each.id === named.subscription)?.ack;
  return {
    ...state,
    messages: messages.map((message, index) => {
      const isMeant =
        index === place ||
        // In that mode all before it too. STOMP 1.2 "ack"
        (mode === "client" && index < place && message.subscription === named.subscription);
      return isMeant && message.ackId !== undefined && message.verdict === undefined
        ? { ...message, verdict }
        : message;
    }),
  };
}

function withMessage(state: ClientState, frame: FrameInfo): ClientState {
  const subscription = headerOf(frame, "subscription") ?? "";
  const mode = state.subscriptions.find((each) => each.id === subscription)?.ack ?? "auto";
  const ackId =
    state.connected?.version === "1.2" ? headerOf(frame, "ack") : headerOf(frame, "message-id");
  const message: ReceivedMessage = {
    frame,
    subscription,
    ackId: mode === "auto" ? undefined : ackId,
    verdict: undefined,
  };
  const all = [...state.messages, message];
  let bytes = all.reduce((sum, each) => sum + keptBytes(each.frame), 0);
  let surplus = 0;
  // One is always kept, or a large message could never be looked at.
  while (
    surplus < all.length - 1 &&
    (all.length - surplus > CLIENT_LIMITS.messagesMax || bytes > CLIENT_LIMITS.messageBytesMax)
  ) {
    const oldest = all[surplus];
    if (oldest !== undefined) bytes -= keptBytes(oldest.frame);
    surplus += 1;
  }
  return {
    ...state,
    messages: surplus === 0 ? all : all.slice(surplus),
    dropped: state.dropped + surplus,
    subscriptions: state.subscriptions.map((each) =>
      each.id === subscription ? { ...each, received: each.received + 1 } : each,
    ),
  };
}

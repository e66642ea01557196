import { Fault, quote } from "../fault.ts";
import { type Frame, headerOf } from "../protocol/frame.ts";
import type { Refused, Verdict } from "../engine/operation.ts";
import { type HeaderBlock, plainHeaders } from "../protocol/header_block.ts";
import type { VersionRules } from "../protocol/version.ts";
import { detach } from "./detach.ts";
import {
  isSendersOwn,
  readNackHeaders,
  readSubscribeHeaders,
  readUnsubscribeHeaders,
} from "./dialect.ts";
import { type MakeHeaders, PreparedSend, type SendHead } from "./prepared_send.ts";
import type { AckTarget, Done, Session } from "./session.ts";
import type { AckMode } from "./subscription.ts";

const NONE: readonly string[] = [];

/** Of a client that sends with one head to many: for so many what it comes to is kept. */
const DESTINATIONS_MAX = 64;

/** Where a connection is in its life. */
export type ConnectionState = "connecting" | "connected" | "closing";

/** What a command may do with its connection. */
export interface Client {
  readonly session: Session;
  readonly rules: VersionRules;
  /** A copy of a text that many clients send alike. */
  intern(text: string): string;
  /** Headers of lines that may be sent on as they are; one for messages that come alike. */
  headersOf(lines: string): HeaderBlock;
  /** When the frame at hand came or, where it waited for its turn, when that came, in ms since the epoch. */
  readonly takenInAt: number;
  /** Answers CONNECT; throws if the two sides have no common ground. */
  login(frame: Frame): void;
  /** The frame at hand made, delivers or settles that message; told for those who look at frames. */
  concerns(message: { readonly id: string } | undefined): void;
  /** Says goodbye once everything before is accepted. */
  disconnect(done: Done): void;
}

/** Carries out a frame. `done` is called once; a fault may be thrown instead. */
export type CommandHandler = (client: Client, frame: Frame, done: Done) => void;

/** Which command does what in which state. What is not here is refused. */
export const COMMANDS: Readonly<Record<ConnectionState, ReadonlyMap<string, CommandHandler>>> = {
  connecting: new Map<string, CommandHandler>([
    ["CONNECT", connect],
    ["STOMP", connect],
  ]),
  connected: new Map<string, CommandHandler>([
    ["SEND", send],
    ["SUBSCRIBE", subscribe],
    ["UNSUBSCRIBE", unsubscribe],
    ["ACK", settleWith(() => "accepted")],
    ["NACK", settleWith((frame): Refused => readNackHeaders(frame.headers))],
    ["BEGIN", begin],
    ["COMMIT", commit],
    ["ABORT", abort],
    ["DISCONNECT", (client, _frame, done) => client.disconnect(done)],
    ["CONNECT", refuseSecondConnect],
    ["STOMP", refuseSecondConnect],
  ]),
  closing: new Map(),
};

/** Whether a command exists at all, in whatever state. */
export function isCommand(command: string): boolean {
  return COMMANDS.connected.has(command);
}

/** The refusal of a command that has no handler in a state. */
export function refuseCommand(state: ConnectionState, command: string): Fault {
  if (!isCommand(command)) {
    const known = [...COMMANDS.connected.keys()].join(" ");
    return new Fault(
      "unknown-command",
      `Cannot carry out command ${quote(command)}: expected one of ${known}`,
    );
  }
  const expected = [...COMMANDS[state].keys()].join(" or ");
  return new Fault("not-connected", `Cannot carry out ${command}: expected ${expected} first`);
}

function connect(client: Client, frame: Frame): void {
  client.login(frame);
}

function refuseSecondConnect(_client: Client, frame: Frame): void {
  throw new Fault(
    "already-connected",
    `Cannot carry out ${frame.command}: this connection is logged in already`,
  );
}

function send(client: Client, frame: Frame, done: Done): void {
  const draft = preparedSend(client, frame);
  draft.fill(frame, client.takenInAt);
  const message = client.session.publish(draft, done);
  draft.empty();
  client.concerns(message);
}

/** @throws Fault `missing-header`, and what `PreparedSend` throws */
function preparedSend(client: Client, frame: Frame): PreparedSend {
  const { slot, varies = NONE } = frame;
  const known = slot?.prepared;
  if (known instanceof PreparedSend) return known;
  const byDestination = known instanceof Map ? known : new Map<unknown, unknown>();
  const sameDestination = byDestination.get(headerOf(frame.headers, "destination"));
  if (sameDestination instanceof PreparedSend) return sameDestination;
  const deciding = varies.filter((name) => !isSendersOwn(name));
  const isKept = slot !== undefined && deciding.every((name) => name === "destination");
  const makeHeaders: MakeHeaders = (lines, shared) =>
    shared ? client.headersOf(lines) : plainHeaders(lines);
  const head = isKept ? detachedHead(frame) : frame;
  const prepared = new PreparedSend(head, { varies, makeHeaders });
  required(frame, "destination");
  if (isKept && deciding.length === 0) {
    slot.prepared = prepared;
  } else if (isKept) {
    if (byDestination.size >= DESTINATIONS_MAX) byDestination.clear();
    slot.prepared = byDestination.set(prepared.destination, prepared);
  }
  return prepared;
}

/** What is kept for later frames must not keep this one, which may be large. */
function detachedHead({ headers, block }: Frame): SendHead {
  return { headers: headers.map(detach), block: block === undefined ? undefined : detach(block) };
}

function subscribe(client: Client, frame: Frame, done: Done): void {
  const { headers } = frame;
  const id = subscriptionId(client, frame);
  const destination = client.intern(required(frame, "destination"));
  const ack = ackMode(headerOf(headers, "ack"));
  const options = readSubscribeHeaders(headers);
  const [selector, durableName] = [options.selector, options.durableName].map(
    (text) => text && detach(text),
  );
  client.session.subscribe({ ...options, selector, durableName, id, destination, ack });
  client.session.flush(done);
}

function ackMode(text: string | undefined): AckMode {
  switch (text) {
    // Not the text itself, which would keep the frame.
    case undefined:
    case "auto":
      return "auto";
    case "client":
      return "client";
    case "client-individual":
      return "client-individual";
    default:
      throw new Fault(
        "bad-header",
        `Cannot subscribe with ack ${quote(text)}: expected auto, client or client-individual`,
      );
  }
}

function unsubscribe(client: Client, frame: Frame, done: Done): void {
  const id = headerOf(frame.headers, "id");
  const destination = headerOf(frame.headers, "destination");
  const durable = readUnsubscribeHeaders(frame.headers);
  if (id === undefined && destination !== undefined && !client.rules.requiresSubscriptionId) {
    client.session.unsubscribe({ destination }, durable);
  } else {
    client.session.unsubscribe({ id: required(frame, "id") }, durable);
  }
  client.session.flush(done);
}

function settleWith(verdictOf: (frame: Frame) => Verdict): CommandHandler {
  return (client, frame, done) => {
    const transaction = headerOf(frame.headers, "transaction");
    const target = ackTarget(client, frame);
    client.concerns(client.session.settle(target, verdictOf(frame), { transaction, done }));
  };
}

function ackTarget(client: Client, frame: Frame): AckTarget {
  switch (client.rules.ackBy) {
    case "id":
      return { id: required(frame, "id"), subscription: undefined };
    case "subscription and message-id":
      return {
        id: required(frame, "message-id"),
        subscription: required(frame, "subscription"),
      };
    case "message-id":
      return {
        id: required(frame, "message-id"),
        subscription: headerOf(frame.headers, "subscription"),
      };
  }
}

function begin(client: Client, frame: Frame, done: Done): void {
  client.session.begin(detach(required(frame, "transaction")));
  client.session.flush(done);
}

function commit(client: Client, frame: Frame, done: Done): void {
  client.session.commit(required(frame, "transaction"), done);
}

function abort(client: Client, frame: Frame, done: Done): void {
  client.session.abort(required(frame, "transaction"), done);
}

function subscriptionId(client: Client, frame: Frame): string | undefined {
  const { requiresSubscriptionId } = client.rules;
  const id = requiresSubscriptionId ? required(frame, "id") : headerOf(frame.headers, "id");
  return id === undefined ? undefined : client.intern(id);
}

/** @throws Fault `missing-header` */
function required(frame: Frame, name: string): string {
  const value = headerOf(frame.headers, name);
  if (value !== undefined) return value;
  throw new Fault(
    "missing-header",
    `Cannot carry out ${frame.command}: header ${quote(name)} is required`,
  );
}

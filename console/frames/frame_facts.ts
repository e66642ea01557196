/** What can be told of a frame at a glance. */

import type { FrameInfo } from "../../src/api/values.ts";
import { looksBinary } from "../ui/body_content.ts";
import { cutText } from "../ui/visible_runs.ts";

/** The value of the first header with that name, which is the one that counts. */
export function headerOf(
  { headers }: Pick<FrameInfo, "headers">,
  name: string,
): string | undefined {
  return headers.find(([each]) => each === name)?.[1];
}

/** About how many bytes a frame took on the wire: escapes are not counted. */
export function frameBytes({ command, headers, bodyBytes }: FrameInfo): number {
  const lines = headers.map(([name, value]) => utf8Bytes(name) + utf8Bytes(value) + 2);
  return command.length + 3 + lines.reduce((sum, bytes) => sum + bytes, 0) + bodyBytes;
}

/** What matters of a frame of its kind. */
export interface FrameSummary {
  /** Where it goes, if it goes anywhere. */
  readonly destination?: string;
  /** Names with the values of headers, in the order of weight; a name may be empty. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** The beginning of the body in one line, if it is text. */
  readonly preview?: string;
}

/** Which headers matter, by command. A name of `+x` is shown without its name. */
const FACTS: Readonly<Record<string, readonly string[]>> = {
  CONNECT: ["login", "client-id", "host", "accept-version", "heart-beat"],
  STOMP: ["login", "client-id", "host", "accept-version", "heart-beat"],
  CONNECTED: ["version", "server", "heart-beat"],
  SEND: ["transaction", "receipt", "reply-to", "correlation-id"],
  SUBSCRIBE: ["id", "ack", "selector", "receipt"],
  UNSUBSCRIBE: ["id", "destination"],
  ACK: ["id", "message-id", "subscription", "transaction"],
  NACK: ["id", "message-id", "subscription", "transaction"],
  BEGIN: ["+transaction"],
  COMMIT: ["+transaction"],
  ABORT: ["+transaction"],
  DISCONNECT: ["receipt"],
  MESSAGE: ["subscription", "redelivered", "correlation-id"],
  RECEIPT: ["+receipt-id"],
  ERROR: ["+message", "code", "receipt-id"],
};

const SETTLING = ["ACK", "NACK"];
const WITH_DESTINATION = ["SEND", "SUBSCRIBE", "MESSAGE"];

/** Finds out what matters of a frame. */
export function frameSummary(frame: FrameInfo): FrameSummary {
  const { command, headers } = frame;
  const names = Object.hasOwn(FACTS, command) ? FACTS[command] : undefined;
  const facts = (names ?? headers.slice(0, 3).map(([name]) => name)).flatMap(
    (name): [string, string][] => {
      const bare = name.startsWith("+");
      const value = headerOf(frame, bare ? name.slice(1) : name);
      return value === undefined ? [] : [[bare ? "" : name, value]];
    },
  );
  // Its own id says nothing to anybody.
  if (SETTLING.includes(command) && frame.messageId !== undefined) {
    facts.unshift(["message", frame.messageId]);
  }
  const destination = headerOf(frame, "destination");
  const preview = previewOf(frame);
  return {
    ...(WITH_DESTINATION.includes(command) && destination !== undefined ? { destination } : {}),
    facts,
    ...(preview === "" ? {} : { preview }),
  };
}

const PREVIEW_CHARACTERS = 160;

/** The beginning of a body in one line; empty when there is none, or nothing to be read. */
export function previewOf({ body = "" }: Pick<FrameInfo, "body">): string {
  const start = body.slice(0, PREVIEW_CHARACTERS * 2);
  if (looksBinary(start)) return "";
  return cutText(start.replace(/\s+/g, " ").trim(), PREVIEW_CHARACTERS);
}

function utf8Bytes(text: string): number {
  // Most headers are ASCII; only the others are worth encoding.
  return /^[\u0000-\u007f]*$/.test(text) ? text.length : new TextEncoder().encode(text).length;
}

/** A frame that went over a connection, as `tail` shows it. */

import { Buffer } from "node:buffer";
import type { FrameInfo } from "../api/values.ts";
import { visibleLines, visibleText } from "../observe/visible_text.ts";
import { readableBytes, readableCount } from "./readable_amount.ts";
import { cutText } from "./text_table.ts";

/** How to show frames. */
export interface FrameLineOptions {
  readonly color: boolean;
  /** Columns of the terminal; undefined where nothing is cut but the body. */
  readonly width: number | undefined;
  /** Show bodies whole, on lines of their own. */
  readonly bodies: boolean;
}

/** What matters of a frame, besides its destination: names of headers, in the order shown. */
const TELLING: Readonly<Record<string, readonly string[]>> = {
  CONNECT: ["login", "client-id", "accept-version", "heart-beat", "host"],
  STOMP: ["login", "client-id", "accept-version", "heart-beat", "host"],
  CONNECTED: ["version", "heart-beat", "server"],
  SEND: ["transaction", "receipt", "reply-to", "correlation-id", "priority", "expires"],
  SUBSCRIBE: ["id", "ack", "selector", "prefetch-count", "receipt"],
  UNSUBSCRIBE: ["id", "receipt"],
  ACK: ["id", "subscription", "message-id", "transaction", "receipt"],
  NACK: ["id", "subscription", "message-id", "requeue", "delay", "transaction", "receipt"],
  BEGIN: ["transaction", "receipt"],
  COMMIT: ["transaction", "receipt"],
  ABORT: ["transaction", "receipt"],
  DISCONNECT: ["receipt"],
  MESSAGE: ["subscription", "message-id", "ack", "redelivered", "correlation-id"],
  RECEIPT: ["receipt-id"],
  ERROR: ["code", "message", "receipt-id"],
};
/** Headers shown of a command that is none. */
const OTHERS_MAX = 4;
/** Characters of one header. */
const VALUE_MAX = 60;
/** Characters of a body on the line of its frame, and where a narrow terminal begins another line. */
const BODY_MAX = 80;
const BODY_MIN = 12;
/** The longest command. */
const COMMAND_WIDTH = "UNSUBSCRIBE".length;

const RESET = "\x1b[0m";
const DIM = "\x1b[2m";
const COLORS: Readonly<Record<string, string>> = {
  SEND: "\x1b[32m",
  MESSAGE: "\x1b[36m",
  ERROR: "\x1b[31m",
  NACK: "\x1b[33m",
};

/** A line for a frame, and those of its body where it is shown whole; each with its line end. */
export function frameLine(frame: FrameInfo, options: FrameLineOptions): string {
  const { at, connection, direction, command } = frame;
  const { color, width, bodies } = options;
  const paint = (text: string, code: string | undefined): string =>
    color && code !== undefined ? code + text + RESET : text;
  const time = new Date(at).toISOString().slice(11, 23);
  const arrow = direction === "in" ? "→" : "←";
  const name = visibleText(command).slice(0, 40).padEnd(COMMAND_WIDTH);
  const facts = factsOf(frame);
  const start = `${time} #${connection} ${arrow} ${name}`;
  const body = bodies ? "" : bodyBeginning(frame, roomFor(width, [start, ...facts].join(" ")));
  const rest = [...facts, ...(body === "" ? [] : [body])].join(" ");
  const shownRest = width === undefined ? rest : cutText(rest, width - Bun.stringWidth(start) - 1);
  const line = `${paint(time, DIM)} #${connection} ${arrow} ${paint(name, COLORS[command])} ${shownRest}`;
  return `${skippedLine(frame, paint)}${line.trimEnd()}\n${bodies ? bodyLines(frame) : ""}`;
}

function skippedLine(
  { skipped }: FrameInfo,
  paint: (text: string, code: string) => string,
): string {
  if (skipped === 0) return "";
  const text = `… ${readableCount(skipped, "frame")} left out: more than anybody could read`;
  return `${paint(text, DIM)}\n`;
}

function factsOf({ command, headers }: FrameInfo): string[] {
  const valueOf = (name: string): string | undefined =>
    headers.find(([each]) => each === name)?.[1];
  const destination = valueOf("destination");
  const names =
    TELLING[command] ??
    headers
      .map(([name]) => name)
      .filter((name) => name !== "destination")
      .slice(0, OTHERS_MAX);
  const facts = names.flatMap((name) => {
    const value = valueOf(name);
    return value === undefined ? [] : [`${visibleText(name)}:${shortened(value)}`];
  });
  return destination === undefined ? facts : [shortened(destination), ...facts];
}

function shortened(value: string): string {
  return cutText(visibleText(value), VALUE_MAX);
}

/** Columns that are left of the line for a body. */
function roomFor(width: number | undefined, text: string): number {
  if (width === undefined) return BODY_MAX;
  return Math.min(Math.max(width - Bun.stringWidth(text), BODY_MIN), BODY_MAX);
}

function bodyBeginning({ body, bodyBase64, bodyBytes }: FrameInfo, room: number): string {
  if (bodyBytes === 0) return "";
  const size = readableBytes(bodyBytes);
  if (body === undefined) {
    const bytes = Buffer.from(bodyBase64 ?? "", "base64").subarray(0, Math.floor(room / 4));
    return `${size} ${bytes.toString("hex")}${bytes.length < bodyBytes ? "…" : ""}`;
  }
  // No more than that can be shown, whatever is in it.
  const text = visibleText(body.slice(0, BODY_MAX));
  const whole = body.length <= BODY_MAX ? text : `${text}…`;
  return `${size} "${cutText(whole, room - size.length - 4)}"`;
}

function bodyLines({ body, bodyBase64, bodyBytes, truncated }: FrameInfo): string {
  if (bodyBytes === 0) return "";
  const shown = body ?? hexOf(bodyBase64 ?? "");
  const lines = visibleLines(shown).replace(/\n$/, "").split("\n");
  const more = truncated ? [`… the beginning of ${readableBytes(bodyBytes)}`] : [];
  return [...lines, ...more].map((line) => `    ${line}\n`).join("");
}

/** Bytes on lines of 16, as dumps have them. */
function hexOf(base64: string): string {
  const hex = Buffer.from(base64, "base64").toString("hex");
  const lines = hex.match(/.{1,32}/g) ?? [];
  return lines.map((line) => line.replace(/..(?!$)/g, "$& ")).join("\n");
}

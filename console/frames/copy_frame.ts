/** A frame as something to paste elsewhere. */

import type { FrameInfo } from "../../src/api/values.ts";
import { base64Of, type BodyContent, bodyBytesOf, bodyTextOf } from "../ui/body_content.ts";
import { headerOf } from "./frame_facts.ts";
import { isPastable, shellQuote } from "./shell_quote.ts";

/** Where the broker is, for what is to be pasted. */
export interface BrokerAddresses {
  /** Its WebSocket. */
  readonly url: string;
  /** Where a page gets the client library. */
  readonly libraryUrl: string;
}

/** Headers of a message that say how it came, not what it is; the broker sets its own. */
const OF_DELIVERY: ReadonlySet<string> = new Set([
  "destination",
  "content-length",
  "message-id",
  "subscription",
  "ack",
  "redelivered",
  "delivery-count",
  "retained",
  "browser",
  "original-destination",
  "dead-letter-reason",
  "JMSXUserID",
  "user-id",
]);
/** Of a SEND that is sent again: these belonged to the first time. */
const OF_SENDING: ReadonlySet<string> = new Set(["receipt", "transaction", "dedupe-id"]);
const OF_SUBSCRIBING: ReadonlySet<string> = new Set(["destination", "receipt"]);
/** Written by the library itself. */
const OF_CONNECTING: ReadonlySet<string> = new Set(["accept-version", "heart-beat"]);

/** What the broker shows in place of a secret. */
const MASK = "••••••";

/** A sentence for each part of a frame that the broker did not show, or not whole. */
export function missingParts(frame: FrameInfo): string[] {
  const { truncated, bodyBytes, headers, cutHeaders = [], headersLeftOut = 0 } = frame;
  const quoted = (name: string): string => JSON.stringify(name.slice(0, 80));
  return [
    ...(truncated ? [`Only the beginning of a body of ${bodyBytes} bytes`] : []),
    ...headers
      .filter(([, value]) => value === MASK)
      .map(([name]) => `The value of the header ${quoted(name)} is not shown: fill it in`),
    ...headers
      .filter((_header, place) => cutHeaders.includes(place))
      .map(([name]) => `Only the beginning of the header ${quoted(name)}`),
    ...(headersLeftOut === 0
      ? []
      : [`Only the first ${headers.length} of ${headers.length + headersLeftOut} headers`]),
  ];
}

/** The headers with which a SEND or MESSAGE can be sent again; of repeated ones the first, which counts. */
export function headersToSend(frame: FrameInfo): [name: string, value: string][] {
  return firstOfEach(frame, (name) => !OF_DELIVERY.has(name) && !OF_SENDING.has(name));
}

/** The frame as it went over the wire, in the escapes of STOMP 1.2. */
export function frameBytesOf(frame: FrameInfo): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(headOf(frame));
  const body = bodyBytesOf(frame);
  const bytes = new Uint8Array(head.length + body.length + 1);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

/**
 * The frame as text, with NUL written `^@` as the specification does; undefined
 * when its body is no text.
 */
export function frameAsText(frame: FrameInfo): string | undefined {
  const body = bodyTextOf(frame);
  if (body === undefined) return undefined;
  return headOf(frame) + body.replaceAll("\0", "^@") + "^@\n";
}

/**
 * A script for the console of a page, or a module, which does what this frame
 * did; undefined for frames that mean nothing outside of their connection.
 */
export function frameAsScript(
  frame: FrameInfo,
  { url, libraryUrl }: BrokerAddresses,
): string | undefined {
  const lines = actionOf(frame);
  if (lines === undefined) return undefined;
  const { headers, action } = lines;
  const connectHeaders = headers.length === 0 ? [] : [`  connectHeaders: ${objectOf(headers, 2)},`];
  return [
    ...notesOf(frame, "//"),
    `const { Client } = await import(${textOf(libraryUrl)});`,
    "const client = new Client({",
    `  brokerURL: ${textOf(url)},`,
    ...connectHeaders,
    "});",
    "client.onStompError = ({ headers, body }) => console.error(headers.message, body);",
    "client.onConnect = () => {",
    ...action.map((line) => `  ${line}`),
    "};",
    "client.activate();",
    "",
  ].join("\n");
}

/**
 * A command for a POSIX shell that sends this message, or subscribes as this
 * frame did; undefined for other frames.
 */
export function frameAsCommand(frame: FrameInfo, { url }: BrokerAddresses): string | undefined {
  const { command } = frame;
  const destination = headerOf(frame, "destination");
  if (destination === undefined) return undefined;
  const at = ["--url", shellQuote(url)];
  if (command === "SUBSCRIBE") {
    const ack = headerOf(frame, "ack");
    const known = new Set([...OF_SUBSCRIBING, "id", "ack"]);
    const options = [
      ...at,
      ...(ack === undefined ? [] : ["--ack", shellQuote(ack)]),
      ...headerOptions(firstOfEach(frame, (name) => !known.has(name))),
    ];
    return `stompbox sub ${wordsOf(options, [destination])}\n`;
  }
  if (command !== "SEND" && command !== "MESSAGE") return undefined;
  const options = [...at, ...headerOptions(headersToSend(frame))];
  const body = bodyTextOf(frame);
  // A single dash would mean the standard input.
  const isWord = body !== undefined && isPastable(body) && body !== "-" && body.length <= 32_768;
  const note = notesOf(frame, "#").map((line) => `${line}\n`);
  if (isWord) return `${note.join("")}stompbox pub ${wordsOf(options, [destination, body])}\n`;
  const encoded = base64Of(bodyBytesOf(frame));
  return `${note.join("")}printf %s ${encoded} | base64 -d | stompbox pub ${wordsOf(options, [destination])}\n`;
}

function actionOf(
  frame: FrameInfo,
): { readonly headers: [string, string][]; readonly action: readonly string[] } | undefined {
  const destination = headerOf(frame, "destination");
  switch (frame.command) {
    case "CONNECT":
    case "STOMP":
      return {
        headers: firstOfEach(frame, (name) => !OF_CONNECTING.has(name)),
        action: ['console.log("Connected");'],
      };
    case "SEND":
    case "MESSAGE": {
      if (destination === undefined) return undefined;
      const headers = headersToSend(frame);
      return {
        headers: [],
        action: [
          "client.publish({",
          `  destination: ${textOf(destination)},`,
          ...(headers.length === 0 ? [] : [`  headers: ${objectOf(headers, 4)},`]),
          ...(frame.bodyBytes === 0 ? [] : [`  ${bodyOf(frame)},`]),
          "});",
        ],
      };
    }
    case "SUBSCRIBE": {
      if (destination === undefined) return undefined;
      const headers = firstOfEach(frame, (name) => !OF_SUBSCRIBING.has(name));
      const acks = ["client", "client-individual"].includes(headerOf(frame, "ack") ?? "auto");
      return {
        headers: [],
        action: [
          "client.subscribe(",
          `  ${textOf(destination)},`,
          "  (message) => {",
          "    console.log(message.headers, message.body);",
          ...(acks ? ["    message.ack();"] : []),
          "  },",
          ...(headers.length === 0 ? [] : [`  ${objectOf(headers, 4)},`]),
          ");",
        ],
      };
    }
    default:
      return undefined;
  }
}

function headOf({ command, headers }: FrameInfo): string {
  // CONNECT and CONNECTED never escape. STOMP 1.2 "Value Encoding"
  const escapes = !["CONNECT", "STOMP", "CONNECTED"].includes(command);
  const written = (text: string) => (escapes ? escapeHeader(text) : text);
  const lines = headers.map(([name, value]) => `${written(name)}:${written(value)}\n`);
  return `${command}\n${lines.join("")}\n`;
}

function escapeHeader(text: string): string {
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("\r", "\\r")
    .replaceAll("\n", "\\n")
    .replaceAll(":", "\\c");
}

function firstOfEach(
  { headers }: FrameInfo,
  wanted: (name: string) => boolean,
): [name: string, value: string][] {
  return [...new Map([...headers].reverse())].reverse().filter(([name]) => wanted(name));
}

function headerOptions(headers: readonly (readonly [string, string])[]): string[] {
  return headers.flatMap(([name, value]) => ["-H", shellQuote(`${name}:${value}`)]);
}

/** Options first, and dashes before operands that could be taken for one. */
function wordsOf(options: readonly string[], operands: readonly string[]): string {
  const dashes = operands.some((operand) => operand.startsWith("-")) ? ["--"] : [];
  return [...options, ...dashes, ...operands.map(shellQuote)].join(" ");
}

/** A comment for each part that is not there, in which nothing ends the comment. */
function notesOf(frame: FrameInfo, comment: string): string[] {
  return missingParts(frame).map((part) => `${comment} ${textOf(part).slice(1, -1)}`);
}

function bodyOf(frame: BodyContent): string {
  const text = bodyTextOf(frame);
  if (text !== undefined) return `body: ${textOf(text)}`;
  return `binaryBody: Uint8Array.from(atob(${textOf(base64Of(bodyBytesOf(frame)))}), (c) => c.charCodeAt(0))`;
}

/** An object literal, indented for a line that begins with so many blanks. */
function objectOf(pairs: readonly (readonly [string, string])[], indent: number): string {
  const lines = pairs.map(([name, value]) => {
    // As a plain name it would set the prototype.
    const key = name === "__proto__" ? `[${textOf(name)}]` : textOf(name);
    return `${" ".repeat(indent + 2)}${key}: ${textOf(value)},\n`;
  });
  return `{\n${lines.join("")}${" ".repeat(indent)}}`;
}

/** A string literal that holds nothing that cannot be seen, and may stand in a page's script. */
function textOf(text: string): string {
  return JSON.stringify(text)
    .replace(
      /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    )
    .replace(/<(?=\/script|!--)/gi, "\\u003c");
}

/** How `sub` shows a message. */

import type { ReceivedMessage } from "../client/received_message.ts";
import { visibleJson, visibleLines, visibleText } from "../observe/visible_text.ts";

/** The forms in which a message can be shown. */
export const FORMATS = ["pretty", "json", "raw"] as const;

/** How to show messages. */
export interface FormatOptions {
  readonly format: (typeof FORMATS)[number];
  readonly color: boolean;
  /** Leave bodies out. */
  readonly headersOnly: boolean;
  /** End raw bodies by NUL rather than by a line end. */
  readonly nul: boolean;
}

/** Bytes of a body that is no text which are shown to a person. */
const SHOWN_BYTES = 64;

/** A message in the form asked for, whole lines or whole bodies. */
export function formatMessage(
  message: ReceivedMessage,
  options: FormatOptions,
): string | Uint8Array {
  switch (options.format) {
    case "json":
      return `${visibleJson(jsonOf(message, options))}\n`;
    case "raw":
      return options.headersOnly ? rawHeaders(message, options) : rawBody(message, options);
    case "pretty":
      return pretty(message, options);
  }
}

function jsonOf(
  { destination, headers, body }: ReceivedMessage,
  { headersOnly }: FormatOptions,
): Readonly<Record<string, unknown>> {
  const told = { destination, headers: firstOfEach(headers) };
  if (headersOnly) return told;
  return typeof body === "string"
    ? { ...told, body }
    : { ...told, bodyBase64: Buffer.from(body).toString("base64") };
}

/** Of repeated headers the first counts (STOMP 1.2 "Repeated Header Entries"). */
export function firstOfEach(headers: readonly string[]): Readonly<Record<string, string>> {
  const values = new Map<string, string>();
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? "";
    if (!values.has(name)) values.set(name, headers[at + 1] ?? "");
  }
  return Object.fromEntries(values);
}

function rawBody({ body }: ReceivedMessage, { nul }: FormatOptions): string | Uint8Array {
  const end = nul ? "\0" : "\n";
  return typeof body === "string" ? body + end : Buffer.concat([body, Buffer.from(end)]);
}

function rawHeaders({ headers }: ReceivedMessage, { nul }: FormatOptions): string {
  let lines = "";
  for (let at = 0; at < headers.length; at += 2) {
    lines += `${visibleText(headers[at] ?? "")}:${visibleText(headers[at + 1] ?? "")}\n`;
  }
  return `${lines}${nul ? "\0" : "\n"}`;
}

function pretty(
  { destination, headers, body }: ReceivedMessage,
  { color, headersOnly }: FormatOptions,
): string {
  const [bold, dim, plain] = color ? ["\x1b[1m", "\x1b[2m", "\x1b[0m"] : ["", "", ""];
  let text = `${bold}${visibleText(destination)}${plain}\n`;
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? "";
    if (name === "destination") continue;
    text += `  ${dim}${visibleText(name)}: ${visibleText(headers[at + 1] ?? "")}${plain}\n`;
  }
  if (headersOnly) return `${text}\n`;
  if (typeof body !== "string") return `${text}\n${bytesText(body)}\n\n`;
  return body === "" ? `${text}\n` : `${text}\n${visibleLines(body).replace(/\n$/, "")}\n\n`;
}

function bytesText(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString("hex");
  const pairs = shown.replace(/..(?!$)/g, "$& ");
  return `(${bytes.length} bytes that are no text) ${pairs}${bytes.length > SHOWN_BYTES ? " …" : ""}`;
}

/**
 * A parser for what the broker sends, written apart from the broker's own so
 * that a mistake in one is not repeated in the other. It is stricter than any
 * client: whatever the broker must never send makes it throw.
 */

/** The versions of the protocol, as `accept-version` spells them. */
export type Version = "1.0" | "1.1" | "1.2";

/** A frame that the broker sent. */
export interface ReceivedFrame {
  readonly command: string;
  /** Header lines exactly as they came, without the line feed. */
  readonly lines: readonly string[];
  /** Header names and values, unescaped as the session's version says. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** The body as text; a byte that is not UTF-8 shows as U+FFFD. */
  readonly text: string;
  /** Whether it came as bytes: always over TCP, in a binary message over WebSocket. */
  readonly binary: boolean;
  /** The value of the first header of that name. */
  get(name: string): string | undefined;
}

const SERVER_COMMANDS = new Set(["CONNECTED", "MESSAGE", "RECEIPT", "ERROR"]);
const COUNTED_COMMANDS = new Set(["MESSAGE", "ERROR"]);
const LF = 10;
const NUL = 0;

const ESCAPES: Readonly<Record<Version, Readonly<Record<string, string>>>> = {
  "1.0": {},
  "1.1": { n: "\n", c: ":", "\\": "\\" },
  "1.2": { n: "\n", c: ":", "\\": "\\", r: "\r" },
};

function unescapeField(raw: string, version: Version): string {
  if (version === "1.0") return raw;
  let text = "";
  for (let at = 0; at < raw.length; at++) {
    const character = raw.charAt(at);
    if (character !== "\\") {
      text += character;
      continue;
    }
    at++;
    const meaning = ESCAPES[version][raw.charAt(at)];
    if (meaning === undefined) {
      throw new Error(`The broker sent an undefined escape in ${JSON.stringify(raw)}`);
    }
    text += meaning;
  }
  return text;
}

function parseLine(line: string, version: Version): readonly [string, string] {
  const colon = line.indexOf(":");
  if (colon < 1) throw new Error(`The broker sent a malformed header ${JSON.stringify(line)}`);
  const value = line.slice(colon + 1);
  if (version !== "1.0" && value.includes(":")) {
    throw new Error(`The broker sent an unescaped colon in ${JSON.stringify(line)}`);
  }
  return [unescapeField(line.slice(0, colon), version), unescapeField(value, version)];
}

/** What {@link parseFrame} found at the beginning of the bytes. */
export interface ParsedFrame {
  readonly frame: ReceivedFrame;
  /** Bytes that the frame takes, its NUL included. */
  readonly length: number;
}

/**
 * The frame at the beginning of `bytes`, or null while it is not whole.
 * `version` is that of the session so far; CONNECTED is never unescaped.
 * Throws when the bytes are not what a broker may send.
 */
export function parseFrame(
  bytes: Uint8Array,
  options: { version: Version; binary: boolean },
): ParsedFrame | null {
  let headEnd = -1;
  for (let at = 0; at + 1 < bytes.length; at++) {
    if (bytes[at] === NUL) throw new Error("The broker sent a NUL inside a frame's head");
    if (bytes[at] === LF && bytes[at + 1] === LF) {
      headEnd = at;
      break;
    }
  }
  if (headEnd < 0) return null;
  const head = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
    bytes.subarray(0, headEnd),
  );
  const [command = "", ...lines] = head.split("\n");
  if (!SERVER_COMMANDS.has(command)) {
    throw new Error(`The broker sent the command ${JSON.stringify(command)}`);
  }
  const rules = command === "CONNECTED" ? "1.0" : options.version;
  const headers = lines.map((line) => parseLine(line, rules));
  const get = (name: string): string | undefined =>
    headers.find(([candidate]) => candidate === name)?.[1];
  const bodyStart = headEnd + 2;
  const announced = get("content-length");
  let bodyEnd: number;
  if (announced === undefined) {
    if (COUNTED_COMMANDS.has(command)) {
      throw new Error(`The broker sent ${command} without "content-length"`);
    }
    bodyEnd = bytes.indexOf(NUL, bodyStart);
    if (bodyEnd < 0) return null;
  } else {
    if (!/^[0-9]+$/.test(announced)) {
      throw new Error(`The broker sent "content-length" ${JSON.stringify(announced)}`);
    }
    bodyEnd = bodyStart + Number(announced);
    if (bytes.length <= bodyEnd) return null;
    if (bytes[bodyEnd] !== NUL) {
      throw new Error(`The broker sent a wrong "content-length" ${announced} in ${head}`);
    }
  }
  const body = bytes.slice(bodyStart, bodyEnd);
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);
  return {
    frame: { command, lines, headers, body, text, binary: options.binary, get },
    length: bodyEnd + 1,
  };
}

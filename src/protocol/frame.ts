import { Fault, quote } from "../fault.ts";
import { unescapeHeader } from "./escape.ts";
import { VERSION_RULES, type VersionRules } from "./version.ts";

/** A place where whoever reads a frame may keep what it made of its head; the same for equal heads. */
export interface HeadSlot {
  prepared: unknown;
}

/** One STOMP frame as it was received, read by the rules of its version. */
export interface Frame {
  readonly command: string;
  /** Names and values in turn, unescaped, in the order received. */
  readonly headers: readonly string[];
  /**
   * The header lines as received, each ended by one LF, if any version's
   * client would read them as they were meant: no escape, no carriage return,
   * no second colon, nothing trimmed. Undefined otherwise.
   */
  readonly block: string | undefined;
  /** A string exactly if the body's bytes are valid UTF-8. */
  readonly body: string | Uint8Array;
  /** Set where frames with this very head came before, or with one that `varies`; see `HeadMemo`. */
  readonly slot?: HeadSlot;
  /** Headers whose values are not those of the other frames with this slot; undefined if all are. */
  readonly varies?: readonly string[];
}

/** Bounds on the head of a frame. */
export interface HeadLimits {
  /** Headers in one frame. */
  readonly headersMax: number;
  /** Bytes of one header line, without its line end. */
  readonly headerLineBytesMax: number;
}

/** Bounds on what a decoder takes. */
export interface DecoderLimits extends HeadLimits {
  /** Bytes of a frame, from its command to its NUL, both included. */
  readonly frameBytesMax: number;
}

/** The first value of a header, or undefined. STOMP 1.2 "Repeated Header Entries". */
export function headerOf(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) return headers[i + 1];
  }
  return undefined;
}

/** Whether the frame opens a session. Such frames are never escaped. */
export function isConnect(command: string): boolean {
  return command === "CONNECT" || command === "STOMP";
}

/**
 * Whether a frame may have a body (STOMP 1.2 "Body"). In the others a
 * `content-length` has nothing to count: old clients acknowledge with all
 * headers of the message, its length among them.
 */
export function mayHaveBody(command: string): boolean {
  return command === "SEND" || command === "MESSAGE" || command === "ERROR";
}

/** The head of a frame: everything but the body. */
export type FrameHead = Omit<Frame, "body">;

/**
 * Reads the head of a frame: `command` and `block`, its header lines without
 * carriage returns in front of line ends, each ended by LF.
 *
 * @throws Fault `malformed-header`, `bad-escape`, `too-many-headers`, `header-too-large`
 */
export function readHead(
  command: string,
  block: string,
  options: { readonly rules: VersionRules; readonly limits: HeadLimits },
): FrameHead {
  const connect = isConnect(command);
  const rules = connect ? VERSION_RULES["1.0"] : options.rules;
  const headers: string[] = [];
  let plain = true;
  let from = 0;
  while (from < block.length) {
    const end = block.indexOf("\n", from);
    checkLine(block, { from, end, count: headers.length >> 1, limits: options.limits });
    const colon = block.indexOf(":", from);
    if (colon <= from || colon > end) {
      // The line that was meant to be the passcode is nobody's to see.
      const line = connect ? "in a login" : quote(block.slice(from, end));
      throw new Fault(
        "malformed-header",
        colon === from
          ? `Cannot read header line ${line}: empty name, expected "name:value"`
          : `Cannot read header line ${line}: no colon, expected "name:value"`,
      );
    }
    const name = block.slice(from, colon);
    const value = block.slice(colon + 1, end);
    headers.push(name, value);
    if (plain && !isPlainValue(value)) plain = false;
    from = end + 1;
  }
  if (!plain || block.includes("\\") || block.includes("\r")) {
    plain = false;
    for (let i = 0; i < headers.length; i++) {
      headers[i] = unescapeHeader(headers[i] as string, rules);
    }
  }
  if (rules.trimsValues && !(connect && headerOf(headers, "accept-version") !== undefined)) {
    for (let i = 1; i < headers.length; i += 2) {
      headers[i] = (headers[i] as string).replace(/^[ \t]+/, "");
    }
  }
  return { command, headers, block: plain ? block : undefined };
}

/** Whether a value without an escape or a line end is read alike by clients of every version. */
export function isPlainValue(value: string): boolean {
  const first = value.charCodeAt(0);
  return first !== 32 && first !== 9 && !value.includes(":");
}

function checkLine(
  block: string,
  line: { from: number; end: number; count: number; limits: HeadLimits },
): void {
  const { headersMax, headerLineBytesMax } = line.limits;
  if (line.count >= headersMax) {
    throw new Fault("too-many-headers", `Cannot read frame: more than ${headersMax} headers`);
  }
  // A UTF-16 unit is at most three bytes of UTF-8.
  const length = line.end - line.from;
  if (length * 3 <= headerLineBytesMax) return;
  if (Buffer.byteLength(block.slice(line.from, line.end)) > headerLineBytesMax) {
    throw headerTooLarge(headerLineBytesMax);
  }
}

/** The refusal of a command or header line that is too long. */
export function headerTooLarge(headerLineBytesMax: number): Fault {
  return new Fault(
    "header-too-large",
    `Cannot read frame: a header line has more than ${headerLineBytesMax} bytes`,
  );
}

/** The refusal of a frame that is too large. */
export function frameTooLarge(frameBytesMax: number): Fault {
  return new Fault(
    "frame-too-large",
    `Cannot read frame: it has more than ${frameBytesMax} bytes, the limit of this broker`,
  );
}

/**
 * The body's length in bytes that the headers announce, or undefined.
 *
 * @throws Fault `bad-content-length` unless it is a plain decimal number
 */
export function contentLength(headers: readonly string[]): number | undefined {
  const text = headerOf(headers, "content-length");
  if (text === undefined) return undefined;
  if (!/^[0-9]+$/.test(text)) {
    throw new Fault(
      "bad-content-length",
      `Cannot read content-length ${quote(text)}: expected a decimal number of bytes`,
    );
  }
  return Number(text);
}

import { Fault } from "../fault.ts";
import { type DecoderLimits, type Frame, type FrameHead, headerOf, readHead } from "./frame.ts";
import type { HeadMemo } from "./head_memo.ts";
import type { VersionRules } from "./version.ts";
import { wholeCopy } from "./whole_copy.ts";

const LF = 10;
const CR = 13;

/** What a whole text is read with. */
export interface TextReading {
  readonly rules: VersionRules;
  readonly limits: DecoderLimits;
  /** The heads of the frames before; undefined while there was none worth it. */
  readonly memo: HeadMemo | undefined;
}

/**
 * The fast path: reads a text that is exactly one whole frame, without turning
 * it into bytes. Returns undefined for anything else, also for what is not
 * STOMP at all: that goes the long way, which knows how to complain.
 */
export function readWholeText(text: string, reading: TextReading): Frame | undefined {
  const { limits, memo } = reading;
  const { frameBytesMax, headerLineBytesMax } = limits;
  const last = text.charCodeAt(text.length - 1) === LF ? text.length - 2 : text.length - 1;
  if (text.indexOf("\0") !== last) return undefined;
  if (text.length * 3 > frameBytesMax && Buffer.byteLength(text) > frameBytesMax) return undefined;
  const known = memo?.read(text, last, limits);
  if (known !== undefined) return known;
  const headEnd = text.indexOf("\n\n");
  if (headEnd < 1 || last <= headEnd + 1) return undefined;
  const eol = text.indexOf("\n");
  if (eol === 0 || eol * 3 > headerLineBytesMax) return undefined;
  if (text.charCodeAt(eol - 1) === CR) return undefined;
  const block = eol === headEnd ? "" : text.slice(eol + 1, headEnd + 1);
  if (block.includes("\r")) return undefined;
  const head = tryReadHead(text.slice(0, eol), block, reading);
  if (head === undefined) return undefined;
  const body = text.slice(headEnd + 2, last);
  const length = headerOf(head.headers, "content-length");
  if (length !== undefined && length !== String(Buffer.byteLength(body))) return undefined;
  if (memo?.wants(headEnd, head) === true) remember(memo, text.slice(0, headEnd + 2), reading);
  const { command, headers } = head;
  return { command, headers, block: head.block, body };
}

/** The head is read once more, from a copy: parts of a text keep the whole of it alive. */
function remember(memo: HeadMemo, text: string, reading: TextReading): void {
  const copy = wholeCopy(text);
  const eol = copy.indexOf("\n");
  memo.remember(copy, readHead(copy.slice(0, eol), copy.slice(eol + 1, -1), reading));
}

function tryReadHead(...parameters: Parameters<typeof readHead>): FrameHead | undefined {
  try {
    return readHead(...parameters);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

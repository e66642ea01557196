import { type Frame, type HeadLimits, headerOf, type HeadSlot } from "./frame.ts";

/** The one value in which the latest heads differed. */
interface Varying {
  /** Its header, and where it is among the headers. */
  readonly name: string;
  readonly at: number;
  /** Of the latest: equal values have equal marks. Not the value, which would keep its frame alive. */
  mark: number;
  /** What stands before it and behind it: the line ends, other header lines and the blank line. */
  readonly before: string;
  readonly after: string;
  readonly slot: HeadSlot;
}

/** The head of a frame, ready for the next frame that begins with the same text. */
interface KnownHead {
  /** Command, header lines and the blank line. */
  readonly text: string;
  readonly command: string;
  readonly headers: readonly string[];
  readonly block: string | undefined;
  readonly contentLength: string | undefined;
  /** Characters of its longest line. */
  readonly longest: number;
  readonly slot: HeadSlot;
  varying: Varying | undefined;
}

const BLANK = 32;
const COLON = 58;
const BACKSLASH = 92;

/** Longer ones are not remembered. */
const LENGTH_MAX = 1024;
/** Longer values are read anew. */
const VALUE_MAX = 256;
/** So many heads remembered in vain, and only every sixty-fourth is tried. */
const MISSES_MAX = 8;
const TRY_EVERY = 64;

/**
 * Remembers the head of the frame before. A client that sends many messages
 * mostly sends them with the same headers: then reading them again, and all
 * that follows from them, is one comparison of texts. That is half the time of
 * a small SEND (`docs/performance.md`). Those that differ in one value, as the
 * ACKs of a client do, or SENDs that each ask for a receipt, are two
 * comparisons and that value.
 */
export class HeadMemo {
  #known: KnownHead | undefined;
  #length = 0;
  #misses = 0;
  #heads = 0;

  /**
   * A frame whose head is the one before's, or undefined. `last` is where its
   * NUL is; the caller knows that there is no other.
   */
  read(text: string, last: number, limits: HeadLimits): Frame | undefined {
    const known = this.#known;
    if (known === undefined) return undefined;
    // They may be others than when it was read.
    const { headersMax, headerLineBytesMax } = limits;
    if (known.headers.length > 2 * headersMax || known.longest * 3 > headerLineBytesMax) {
      return undefined;
    }
    if (!text.startsWith(known.text)) return readVaried(text, known, { last, limits });
    const body = text.slice(known.text.length, last);
    const { command, headers, block, contentLength, slot } = known;
    if (contentLength !== undefined && contentLength !== String(Buffer.byteLength(body))) {
      return undefined;
    }
    this.#misses = 0;
    return { command, headers, block, body, slot };
  }

  /**
   * Told of a head of so many characters that was read anew. Returns whether
   * to remember it: heads are alike if they are as long as the one before.
   * That in which it differs from the one that is known is noted.
   */
  wants(length: number, head: Omit<Frame, "body">): boolean {
    const known = this.#known;
    if (known !== undefined) {
      const varying = varyingIn(known, head);
      const before = known.varying;
      // A value that stays is remembered with its head.
      const stays = varying?.at === before?.at && varying?.mark === before?.mark;
      if (varying !== undefined && !stays) {
        known.varying = varying;
        return false;
      }
    }
    const isAlike = length === this.#length && length <= LENGTH_MAX;
    this.#length = length;
    if (!isAlike) return false;
    if (this.#misses >= MISSES_MAX && ++this.#heads % TRY_EVERY !== 0) return false;
    this.#misses++;
    return true;
  }

  /** Remembers a head. Nothing of it may keep alive the text that it came in. */
  remember(text: string, head: Omit<Frame, "body">): void {
    const { command, headers, block } = head;
    const contentLength = headerOf(headers, "content-length");
    const longest = Math.max(...text.split("\n").map((line) => line.length));
    const slot = { prepared: undefined };
    const varying = undefined;
    this.#known = { text, command, headers, block, contentLength, longest, slot, varying };
  }
}

/** A frame whose head differs from the known one in the value that varied before, and in nothing else. */
function readVaried(
  text: string,
  known: KnownHead,
  { last, limits }: { last: number; limits: HeadLimits },
): Frame | undefined {
  const { varying, command } = known;
  if (varying === undefined || !text.startsWith(varying.before)) return undefined;
  const from = varying.before.length;
  const end = text.indexOf("\n", from);
  if (end < 0 || end - from > VALUE_MAX || !text.startsWith(varying.after, end)) return undefined;
  if ((known.longest + end - from) * 3 > limits.headerLineBytesMax) return undefined;
  const mark = markOf(text, from, end);
  if (mark === undefined || mark === varying.mark) return undefined;
  varying.mark = mark;
  const headers = known.headers.slice();
  headers[varying.at] = text.slice(from, end);
  const bodyStart = end + varying.after.length;
  const body = text.slice(bodyStart, last);
  const length =
    known.contentLength === undefined ? undefined : headerOf(headers, "content-length");
  if (length !== undefined && length !== String(Buffer.byteLength(body))) return undefined;
  const block = text.slice(command.length + 1, bodyStart - 1);
  return { command, headers, block, body, slot: varying.slot, varies: varying.name };
}

/**
 * A number for a value that may stand in a header line as it is; undefined for
 * one that would have to be unescaped, trimmed or refused, or that has blanks.
 */
function markOf(text: string, from: number, end: number): number | undefined {
  let mark = end - from;
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code <= BLANK || code === COLON || code === BACKSLASH) return undefined;
    mark = (Math.imul(mark, 31) + code) | 0;
  }
  return mark;
}

/** The one value in which a head differs from the known one, if there is just one, and nothing is escaped. */
function varyingIn(
  known: KnownHead,
  { command, headers, block }: Omit<Frame, "body">,
): Varying | undefined {
  if (known.block === undefined || block === undefined) return undefined;
  if (known.command !== command || known.headers.length !== headers.length) return undefined;
  let at = -1;
  let from = command.length + 1;
  let start = 0;
  for (let i = 0; i < headers.length; i += 2) {
    if (known.headers[i] !== headers[i]) return undefined;
    const [name = "", value = ""] = [known.headers[i], known.headers[i + 1]];
    if (headers[i + 1] !== value) {
      if (at >= 0) return undefined;
      at = i + 1;
      start = from + name.length + 1;
    }
    from += name.length + value.length + 2;
  }
  const value = headers[at] ?? "";
  const mark = at < 0 ? undefined : markOf(value, 0, value.length);
  if (mark === undefined) return undefined;
  const end = start + (known.headers[at]?.length ?? 0);
  return {
    ...{ name: known.headers[at - 1] ?? "", at, mark },
    ...{ before: known.text.slice(0, start), after: known.text.slice(end) },
    slot: { prepared: undefined },
  };
}

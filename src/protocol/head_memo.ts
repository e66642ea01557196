import { type Frame, type HeadLimits, headerOf, type HeadSlot } from "./frame.ts";

/** A header whose value is not the same in all frames that have a head. */
interface Varying {
  /** Where its value is among the headers. */
  readonly at: number;
  /** What stands behind the value, up to the next that varies or the body: line ends, other header lines. */
  readonly after: string;
  /** Of the latest value: equal values have equal marks. Not the value, which would keep its frame alive. */
  mark: number;
  /** How often in a row it was the same. */
  same: number;
}

/** Frames that have a head but for some values. */
interface Layout {
  /** What they begin with, up to the first of the values. */
  readonly before: string;
  readonly varying: readonly Varying[];
  /** The headers that vary. */
  readonly names: readonly string[];
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
  layout: Layout | undefined;
}

const CAPITAL_S = 83;
const BLANK = 32;
const COLON = 58;
const BACKSLASH = 92;

/** Longer ones are not remembered. */
const LENGTH_MAX = 1024;
/** Longer values are read anew, and heads in which more of them vary. */
const VALUE_MAX = 256;
const VARYING_MAX = 4;
/** A value that was the same so often varies no longer; sooner if it changed but once. */
const SAME_MAX = 32;
const SAME_AT_FIRST = SAME_MAX - 2;
/** Heads of one command that are known at a time. */
const KNOWN_MAX = 4;
/** So many heads remembered in vain, and only every sixty-fourth is tried. */
const MISSES_MAX = 8;
const TRY_EVERY = 64;

/**
 * Remembers the heads of frames before. A client that sends many messages
 * mostly sends them with the same headers: then reading them again, and all
 * that follows from them, is one comparison of texts. That is half the time of
 * a small SEND (`docs/performance.md`). Those that differ in some values (the
 * ACKs of a client, SENDs that each ask for a receipt or count their bodies)
 * are a comparison more for each, and those values.
 */
export class HeadMemo {
  /** Apart, as who answers what it gets sends and acknowledges in turn. */
  #sends: CommandMemo | undefined;
  #others: CommandMemo | undefined;

  /**
   * A frame whose head is known, or undefined. `last` is where its NUL is; the
   * caller knows that there is no other. Without it the text is a head alone.
   */
  read(text: string, last: number | undefined, limits: HeadLimits): Frame | undefined {
    const memo = text.charCodeAt(0) === CAPITAL_S ? this.#sends : this.#others;
    return memo?.read(text, last, limits);
  }

  /** The head of a frame whose body is bytes, if it is known. `text` is the head with its blank line. */
  readHead(text: string, limits: HeadLimits): Omit<Frame, "body"> | undefined {
    return this.read(text, undefined, limits);
  }

  /**
   * Told of a head of so many characters that was read anew. Returns whether
   * to remember it. That in which it differs from the one that is known is noted.
   */
  wants(length: number, head: Omit<Frame, "body">): boolean {
    return this.#of(head).wants(length, head);
  }

  /** Remembers a head. Nothing of it may keep alive the text that it came in. */
  remember(text: string, head: Omit<Frame, "body">): void {
    this.#of(head).remember(text, head);
  }

  #of({ command }: Omit<Frame, "body">): CommandMemo {
    return command.charCodeAt(0) === CAPITAL_S
      ? (this.#sends ??= new CommandMemo())
      : (this.#others ??= new CommandMemo());
  }
}

/** The same for commands of one kind. */
class CommandMemo {
  /** A few, those that came most often first. */
  readonly #known: KnownHead[] = [];
  /** For each number of headers whether a head of so many came. */
  #counts = 0;
  #misses = 0;
  #heads = 0;
  /** Where the head that is to be remembered has values that vary. */
  #varying: readonly number[] = [];

  read(text: string, last: number | undefined, limits: HeadLimits): Frame | undefined {
    for (let at = 0; at < this.#known.length; at++) {
      const frame = readKnown(text, this.#known[at] as KnownHead, { last, limits });
      if (frame === undefined) continue;
      this.#misses = 0;
      if (at > 0) this.#moveUp(at);
      return frame;
    }
    return undefined;
  }

  wants(length: number, head: Omit<Frame, "body">): boolean {
    this.#varying = [];
    for (const known of this.#known) {
      const differing = differencesFrom(known, head);
      if (differing === undefined) continue;
      const varying = known.layout?.varying ?? [];
      const live = varying.filter(({ same }) => same < SAME_MAX).map(({ at }) => at);
      if (live.length < varying.length) {
        // Values that vary no longer are remembered with their head.
        this.#known.splice(this.#known.indexOf(known), 1);
        this.#varying = live;
        return true;
      }
      const all = new Set([...live, ...differing]);
      if (all.size > VARYING_MAX) continue;
      if (all.size > live.length) known.layout = layoutOf(known, { at: all, latest: head });
      return false;
    }
    // Heads are taken for alike if they have as many headers.
    const count = 1 << ((head.headers.length >> 1) & 31);
    const isAlike = (this.#counts & count) !== 0 && length <= LENGTH_MAX;
    this.#counts |= count;
    if (!isAlike) return false;
    if (this.#misses >= MISSES_MAX && ++this.#heads % TRY_EVERY !== 0) return false;
    this.#misses++;
    return true;
  }

  remember(text: string, head: Omit<Frame, "body">): void {
    const { command, headers, block } = head;
    const contentLength = headerOf(headers, "content-length");
    const longest = Math.max(...text.split("\n").map((line) => line.length));
    const slot = { prepared: undefined };
    const known: KnownHead = {
      ...{ text, command, headers, block, contentLength, longest, slot, layout: undefined },
    };
    const at = new Set(this.#varying);
    if (at.size > 0) known.layout = layoutOf(known, { at, latest: head });
    if (this.#known.length >= KNOWN_MAX) this.#known.pop();
    this.#known.unshift(known);
  }

  /** What comes again and again gets to the front, what came once to the end. */
  #moveUp(at: number): void {
    const [before, known] = [this.#known[at - 1], this.#known[at]];
    if (before === undefined || known === undefined) return;
    this.#known[at - 1] = known;
    this.#known[at] = before;
  }
}

/** A frame whose head is the known one, or that but for the values that varied before. */
function readKnown(
  text: string,
  known: KnownHead,
  { last, limits }: { last: number | undefined; limits: HeadLimits },
): Frame | undefined {
  // They may be others than when it was read.
  const { headersMax, headerLineBytesMax } = limits;
  if (known.headers.length > 2 * headersMax || known.longest * 3 > headerLineBytesMax) {
    return undefined;
  }
  const varied = readVaried(text, known, { last, limits });
  if (varied !== undefined) return varied;
  if (!text.startsWith(known.text)) return undefined;
  const { command, headers, block, contentLength, slot } = known;
  const body = text.slice(known.text.length, last);
  if (last !== undefined && !isAsLong(body, contentLength)) return undefined;
  return { command, headers, block, body, slot };
}

/** A frame whose head is the known one but for the values that varied before. */
function readVaried(
  text: string,
  known: KnownHead,
  { last, limits }: { last: number | undefined; limits: HeadLimits },
): Frame | undefined {
  const { layout, command } = known;
  if (layout === undefined || !text.startsWith(layout.before)) return undefined;
  const headers = known.headers.slice();
  let from = layout.before.length;
  for (const varying of layout.varying) {
    const end = text.indexOf("\n", from);
    if (end < 0 || end - from > VALUE_MAX || !text.startsWith(varying.after, end)) return undefined;
    if ((known.longest + end - from) * 3 > limits.headerLineBytesMax) return undefined;
    const mark = markOf(text, from, end);
    if (mark === undefined) return undefined;
    varying.same = mark === varying.mark ? varying.same + 1 : 0;
    if (varying.same >= SAME_MAX) return undefined;
    varying.mark = mark;
    headers[varying.at] = text.slice(from, end);
    from = end + varying.after.length;
  }
  const body = text.slice(from, last);
  const length =
    known.contentLength === undefined ? undefined : headerOf(headers, "content-length");
  if (last !== undefined && !isAsLong(body, length)) return undefined;
  const block = text.slice(command.length + 1, from - 1);
  return { command, headers, block, body, slot: layout.slot, varies: layout.names };
}

/** Whether a body has as many bytes as its header says, if there is one. */
function isAsLong(body: string, contentLength: string | undefined): boolean {
  return contentLength === undefined || contentLength === String(Buffer.byteLength(body));
}

/**
 * A number for a value that may stand in a header line as it is; undefined for
 * one that would have to be unescaped, trimmed or refused.
 */
function markOf(text: string, from: number, end: number): number | undefined {
  let mark = end - from;
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code < BLANK || code === COLON || code === BACKSLASH) return undefined;
    if (code === BLANK && at === from) return undefined;
    mark = (Math.imul(mark, 31) + code) | 0;
  }
  return mark;
}

/**
 * Where the values of a head are others than those of the known one; undefined
 * if the two have not the same headers, or a value that differs may not vary.
 */
function differencesFrom(
  known: KnownHead,
  { command, headers, block }: Omit<Frame, "body">,
): readonly number[] | undefined {
  if (known.block === undefined || block === undefined) return undefined;
  if (known.command !== command || known.headers.length !== headers.length) return undefined;
  const differing: number[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (known.headers[i] !== headers[i]) return undefined;
    const value = headers[i + 1] ?? "";
    if (known.headers[i + 1] === value) continue;
    if (value.length > VALUE_MAX || markOf(value, 0, value.length) === undefined) return undefined;
    differing.push(i + 1);
  }
  return differing;
}

/** How frames look that have the known head but for the values there; `latest` is the head of one of them. */
function layoutOf(
  known: KnownHead,
  { at, latest }: { readonly at: ReadonlySet<number>; readonly latest: Omit<Frame, "body"> },
): Layout {
  const { text, headers } = known;
  const pieces: string[] = [];
  const values: number[] = [];
  let done = 0;
  let from = known.command.length + 1;
  for (let i = 1; i < headers.length; i += 2) {
    const start = from + (headers[i - 1] ?? "").length + 1;
    const end = start + (headers[i] ?? "").length;
    from = end + 1;
    if (!at.has(i)) continue;
    pieces.push(text.slice(done, start));
    values.push(i);
    done = end;
  }
  pieces.push(text.slice(done));
  const [before = "", ...after] = pieces;
  const varying = values.map((i, nth) => {
    const value = latest.headers[i] ?? "";
    const mark = markOf(value, 0, value.length) ?? 0;
    return { at: i, after: after[nth] ?? "", mark, same: SAME_AT_FIRST };
  });
  const names = values.map((i) => headers[i - 1] ?? "");
  return { before, varying, names, slot: { prepared: undefined } };
}

import type { Destination } from "../broker/destination.ts";
import { headerList, type MessageFields, type MessageHeaders } from "../broker/message.ts";
import { detach } from "./detach.ts";
import {
  expiryOf,
  isTaken,
  readSendHeaders,
  type SendHeaders,
  stampSend,
  withoutTaken,
} from "./dialect.ts";

/** A head of a SEND, as far as it matters here. */
export interface SendHead {
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** The lines as they came, if they may be sent on so; see `Frame.block`. */
  readonly block: string | undefined;
}

/** A SEND, as far as it matters here. */
export interface SentFrame extends SendHead {
  readonly body: string | Uint8Array;
}

/** Makes headers of lines that may be sent on as they are; `shared` if more messages are likely to have the same. */
export type MakeHeaders = (lines: string, shared: boolean) => MessageHeaders;

const NO_HEADERS = headerList([]);

/** So many characters may stay in memory beside what a message counts for. */
const WASTE_MAX = 1024;

/**
 * What the head of a SEND comes to, worked out once for all frames that have
 * that head but for values that mean nothing to the broker: what it asks for,
 * where it goes, and the header lines of its messages. Those with the same
 * lines, of one millisecond and one length, share them.
 *
 * It is itself the draft of each of these messages, one after the other: a
 * draft for each would be a sixth of what a small one has made in memory.
 */
export class PreparedSend implements MessageFields {
  /** Empty without such a header. */
  readonly destination: string;
  readonly transaction: string | undefined;
  readonly priority: number;
  readonly persistent: boolean;
  readonly replyTo: string | undefined;
  readonly retain: SendHeaders["retain"];
  /** Filled by the session, for a destination that is the same for everybody. */
  readonly known: { destination: Destination | undefined } = { destination: undefined };
  /** Of the message that was filled in last. */
  headers: MessageHeaders = NO_HEADERS;
  body: string | Uint8Array = "";
  expiresAt = 0;
  arrivedAt = 0;
  /** Whether much of the frame is not sent on, and had better not be kept alive by the rest. */
  readonly #isWasteful: boolean;
  readonly #asks: SendHeaders;
  /** The head of all frames; undefined where each sends on values of its own. */
  readonly #head: SendHead | undefined;
  readonly #makeHeaders: MakeHeaders;
  /** What the broker adds to messages of that time and length: names and values in turn, and as lines. */
  #at = 0;
  #bodyLength = -1;
  #added: readonly string[] = [];
  #addedLines = "";
  /** The headers of the message before, where the next may have the same. */
  #latest: MessageHeaders | undefined;

  /**
   * `varies`: the headers whose values other frames do not have that it is for.
   * `head` is kept, unless a value is sent on that varies.
   *
   * @throws Fault what `readSendHeaders` throws
   */
  constructor(
    head: SendHead,
    options: { readonly varies: readonly string[]; readonly makeHeaders: MakeHeaders },
  ) {
    const { varies, makeHeaders } = options;
    const asks = readSendHeaders(head.headers);
    this.#asks = asks;
    this.destination = firstOf(head.headers, "destination") ?? "";
    this.transaction = firstOf(head.headers, "transaction");
    this.priority = asks.priority;
    this.persistent = asks.persistent;
    this.replyTo = asks.replyTo;
    this.retain = asks.retain;
    this.#head = varies.every(isTaken) ? head : undefined;
    this.#makeHeaders = makeHeaders;
    this.#isWasteful = takesOutMuch(head.headers, asks.kept);
  }

  /** Fills in the message of a frame that comes at `now`, in ms since the epoch. */
  fill(frame: SentFrame, now: number): void {
    const { body } = frame;
    this.body = this.#isWasteful && typeof body === "string" ? detach(body) : body;
    this.headers = this.#headersOf(frame, now);
    this.expiresAt = expiryOf(this.#asks, now);
    this.arrivedAt = now;
  }

  /** Lets go of the body that was filled in. */
  empty(): void {
    this.body = "";
  }

  #headersOf(frame: SentFrame, now: number): MessageHeaders {
    const bodyLength = this.#asks.hasContentLength ? 0 : byteLength(frame.body);
    if (this.#at !== now || this.#bodyLength !== bodyLength) this.#stamp(now, bodyLength);
    if (this.#head === undefined) return this.#make(frame, false);
    return (this.#latest ??= this.#make(this.#head, true));
  }

  #stamp(now: number, bodyLength: number): void {
    const { added } = stampSend(this.#asks, now);
    const length = this.#asks.hasContentLength ? [] : ["content-length", String(bodyLength)];
    this.#added = [...added, ...length];
    this.#addedLines = linesOf(this.#added);
    this.#latest = undefined;
    this.#at = now;
    this.#bodyLength = bodyLength;
  }

  /** The sender's own lines, those left that are sent on, and numbers, which need no escape. */
  #make({ block, headers }: SendHead, shared: boolean): MessageHeaders {
    const takesOut = this.#asks.kept !== undefined;
    const kept = takesOut ? withoutTaken(headers, this.#asks) : headers;
    if (block === undefined) {
      return headerList([...(this.#isWasteful ? kept.map(detach) : kept), ...this.#added]);
    }
    // What needed no escape as it came needs none where some of it is left out.
    const lines = takesOut ? linesOf(kept) : block;
    // Joined, not added up: that would stay a tree of pieces in every message, and keep their frames.
    return this.#makeHeaders([lines, this.#addedLines].join(""), shared);
  }
}

function byteLength(body: string | Uint8Array): number {
  return typeof body === "string" ? Buffer.byteLength(body) : body.length;
}

function linesOf(headers: readonly string[]): string {
  const lines: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    lines.push(headers[i] as string, ":", headers[i + 1] as string, "\n");
  }
  return lines.join("");
}

function firstOf(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
  return undefined;
}

function takesOutMuch(headers: readonly string[], kept: readonly string[] | undefined): boolean {
  if (kept === undefined) return false;
  const size = (list: readonly string[]) => list.reduce((sum, text) => sum + text.length, 0);
  return size(headers) - size(kept) > WASTE_MAX;
}

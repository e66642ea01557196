import type { Destination } from "../broker/destination.ts";
import { headerList, type MessageFields, type MessageHeaders } from "../broker/message.ts";
import { detach } from "./detach.ts";
import { expiryOf, readSendHeaders, type SendHeaders, stampSend } from "./dialect.ts";

/** A head of a SEND, as far as it matters here. */
export interface SendHead {
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** The lines as they came, if they may be sent on so; see `Frame.block`. */
  readonly block: string | undefined;
}

const NO_HEADERS = headerList([]);

/** So many characters may stay in memory beside what a message counts for. */
const WASTE_MAX = 1024;

/**
 * What the head of a SEND comes to, worked out once for all frames that have
 * that head: what it asks for, where it goes, and the header lines of its
 * messages. Those with the same lines, of one millisecond and one length, share
 * them.
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
  readonly #head: SendHead;
  readonly #kept: readonly string[] | undefined;
  readonly #plainHeaders: (lines: string) => MessageHeaders;
  /** What the latest headers were made for, and they. */
  #at = 0;
  #bodyLength = -1;
  #latest: MessageHeaders | undefined;

  /**
   * `plainHeaders` makes headers of lines that may be sent on as they are.
   *
   * @throws Fault what `readSendHeaders` throws
   */
  constructor(head: SendHead, plainHeaders: (lines: string) => MessageHeaders) {
    const asks = readSendHeaders(head.headers);
    this.#asks = asks;
    this.destination = firstOf(head.headers, "destination") ?? "";
    this.transaction = firstOf(head.headers, "transaction");
    this.priority = asks.priority;
    this.persistent = asks.persistent;
    this.replyTo = asks.replyTo;
    this.retain = asks.retain;
    this.#head = head;
    this.#plainHeaders = plainHeaders;
    this.#isWasteful = takesOutMuch(head.headers, asks.kept);
    this.#kept = this.#isWasteful ? asks.kept?.map(detach) : asks.kept;
  }

  /** Fills in a message that comes at `now`, in ms since the epoch. */
  fill(body: string | Uint8Array, now: number): void {
    this.body = this.#isWasteful && typeof body === "string" ? detach(body) : body;
    this.headers = this.#headersAt(now, this.#asks.hasContentLength ? 0 : byteLength(body));
    this.expiresAt = expiryOf(this.#asks, now);
    this.arrivedAt = now;
  }

  /** Lets go of the body that was filled in. */
  empty(): void {
    this.body = "";
  }

  #headersAt(now: number, bodyLength: number): MessageHeaders {
    const asks = this.#asks;
    if (this.#latest === undefined || this.#at !== now || this.#bodyLength !== bodyLength) {
      const { added } = stampSend(asks, now);
      const length = asks.hasContentLength ? [] : ["content-length", String(bodyLength)];
      this.#latest = this.#make([...added, ...length]);
      this.#at = now;
      this.#bodyLength = bodyLength;
    }
    return this.#latest;
  }

  /** The sender's own lines, those left that are sent on, and numbers, which need no escape. */
  #make(added: readonly string[]): MessageHeaders {
    const { block, headers } = this.#head;
    const kept = this.#kept;
    if (block === undefined) return headerList([...(kept ?? headers), ...added]);
    // What needed no escape as it came needs none where some of it is left out.
    const pieces = kept === undefined ? [block] : linesOf(kept);
    // Joined, not added up: that would stay a tree of pieces in every message, and keep their frames.
    return this.#plainHeaders([...pieces, ...linesOf(added), ""].join(""));
  }
}

function byteLength(body: string | Uint8Array): number {
  return typeof body === "string" ? Buffer.byteLength(body) : body.length;
}

function linesOf(headers: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    lines.push(headers[i] as string, ":", headers[i + 1] as string, "\n");
  }
  return lines;
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

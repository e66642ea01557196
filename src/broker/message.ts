/** The headers a message keeps. What writes them for a client knows the two forms. */
export interface MessageHeaders {
  /** Header lines that any receiver may be sent as they are; opaque in here. */
  readonly plain: string | undefined;
  /** Names and values in turn, unescaped, in the order sent. Do not change it. */
  list(): readonly string[];
}

/** What makes a message. */
export interface MessageFields {
  /** Its number: messages of one engine are numbered in the order of arrival. */
  readonly number: number;
  /** Unique among all messages of this and other brokers; the same at each redelivery. */
  readonly id: string;
  readonly headers: MessageHeaders;
  /** A string exactly if its bytes are valid UTF-8. */
  readonly body: string | Uint8Array;
  /** 0 to 9, greater is sooner. */
  readonly priority: number;
  /** Milliseconds since the epoch; 0 never. */
  readonly expiresAt: number;
  /** Whether it asks to survive a restart. */
  readonly persistent: boolean;
  /** When the broker got it, in ms since the epoch. */
  readonly arrivedAt: number;
}

/** Bytes that a queued message costs besides its headers and body, about. */
const OVERHEAD_BYTES = 256;

/** A message as the broker holds it. Immutable but for the encoder's slot. */
export class Message implements MessageFields {
  readonly number: number;
  readonly id: string;
  readonly headers: MessageHeaders;
  readonly body: string | Uint8Array;
  readonly priority: number;
  readonly expiresAt: number;
  readonly persistent: boolean;
  readonly arrivedAt: number;
  /** Bytes it counts for in every budget. */
  readonly size: number;
  /** Belongs to the encoder: what was written once for all receivers. */
  encoded: unknown = undefined;

  constructor(fields: MessageFields) {
    this.number = fields.number;
    this.id = fields.id;
    this.headers = fields.headers;
    this.body = fields.body;
    this.priority = fields.priority;
    this.expiresAt = fields.expiresAt;
    this.persistent = fields.persistent;
    this.arrivedAt = fields.arrivedAt;
    this.size = OVERHEAD_BYTES + headerBytes(fields.headers) + fields.body.length;
  }
}

function headerBytes(headers: MessageHeaders): number {
  if (headers.plain !== undefined) return headers.plain.length;
  return headers.list().reduce((sum, text) => sum + text.length + 1, 0);
}

/** Headers from names and values in turn, unescaped. */
export function headerList(list: readonly string[]): MessageHeaders {
  return { plain: undefined, list: () => list };
}

/** The first value of a header of a message, or undefined. */
export function headerValue(message: Message, name: string): string | undefined {
  const list = message.headers.list();
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) return list[i + 1];
  }
  return undefined;
}

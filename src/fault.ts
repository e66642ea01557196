/**
 * Every way in which stompbox says no. One table, so that a code, its public
 * sentence, its HTTP status and its WebSocket close code cannot drift apart.
 */

/** How a refusal is shown to each kind of peer. */
export interface Refusal {
  /** Short public sentence: the `message` header of an ERROR frame. */
  readonly message: string;
  /** HTTP status of the same refusal. */
  readonly status: number;
  /** WebSocket close code (RFC 6455 section 7.4, 44xx ours). */
  readonly close: number;
  /**
   * Whether the same attempt may succeed later: `true` says nothing, `false`
   * adds `retry:false`, a number adds `retry-after` in ms.
   */
  readonly retry: boolean | number;
}

const MALFORMED = 1002;
const REFUSED = 1008;
const TOO_LARGE = 1009;
const OVER_LIMIT = 1013;
const GOING_AWAY = 1001;

/** The table of refusals, by code. */
export const REFUSALS = {
  // Malformed: what arrived is not STOMP.
  "malformed-frame": { message: "Malformed frame", status: 400, close: MALFORMED, retry: false },
  "malformed-header": { message: "Malformed header", status: 400, close: MALFORMED, retry: false },
  "bad-escape": {
    message: "Undefined escape sequence",
    status: 400,
    close: MALFORMED,
    retry: false,
  },
  "bad-content-length": {
    message: "Bad content-length",
    status: 400,
    close: MALFORMED,
    retry: false,
  },
  "invalid-utf8": { message: "Invalid UTF-8", status: 400, close: MALFORMED, retry: false },
  "unknown-command": { message: "Unknown command", status: 400, close: MALFORMED, retry: false },
  "http-on-stomp-port": {
    message: "This port speaks STOMP",
    status: 400,
    close: MALFORMED,
    retry: false,
  },
  // Refused: understood, and not allowed or not possible.
  "not-connected": { message: "Not connected", status: 400, close: REFUSED, retry: false },
  "already-connected": { message: "Already connected", status: 400, close: REFUSED, retry: false },
  "unsupported-version": {
    message: "No common version",
    status: 400,
    close: REFUSED,
    retry: false,
  },
  "bad-heart-beat": { message: "Bad heart-beat", status: 400, close: REFUSED, retry: false },
  "missing-header": { message: "Missing header", status: 400, close: REFUSED, retry: false },
  "bad-header": { message: "Bad header value", status: 400, close: REFUSED, retry: false },
  "bad-selector": { message: "Bad selector", status: 400, close: REFUSED, retry: false },
  "bad-destination": { message: "Bad destination", status: 400, close: REFUSED, retry: false },
  "taken-over": { message: "Taken over", status: 409, close: REFUSED, retry: false },
  "partial-wildcard": { message: "Partial wildcard", status: 400, close: REFUSED, retry: false },
  "duplicate-subscription": {
    message: "Duplicate subscription",
    status: 409,
    close: REFUSED,
    retry: false,
  },
  "unknown-subscription": {
    message: "Unknown subscription",
    status: 404,
    close: REFUSED,
    retry: false,
  },
  "unknown-ack": { message: "Unknown acknowledgement", status: 404, close: REFUSED, retry: false },
  "duplicate-transaction": {
    message: "Duplicate transaction",
    status: 409,
    close: REFUSED,
    retry: false,
  },
  "unknown-transaction": {
    message: "Unknown transaction",
    status: 404,
    close: REFUSED,
    retry: false,
  },
  "unsupported-feature": { message: "Not supported", status: 501, close: REFUSED, retry: false },
  forbidden: { message: "Forbidden", status: 403, close: REFUSED, retry: false },
  "origin-refused": { message: "Origin refused", status: 403, close: REFUSED, retry: false },
  // Requests over HTTP.
  "bad-request": { message: "Bad request", status: 400, close: REFUSED, retry: false },
  "not-found": { message: "Not found", status: 404, close: REFUSED, retry: false },
  "method-not-allowed": {
    message: "Method not allowed",
    status: 405,
    close: REFUSED,
    retry: false,
  },
  "in-use": { message: "In use", status: 409, close: REFUSED, retry: true },
  "unsupported-media-type": {
    message: "Unsupported media type",
    status: 415,
    close: REFUSED,
    retry: false,
  },
  // Too large, or over a limit.
  "frame-too-large": { message: "Frame too large", status: 413, close: TOO_LARGE, retry: false },
  "header-too-large": { message: "Header too large", status: 431, close: TOO_LARGE, retry: false },
  "too-many-headers": { message: "Too many headers", status: 431, close: TOO_LARGE, retry: false },
  "too-many-subscriptions": {
    message: "Too many subscriptions",
    status: 429,
    close: OVER_LIMIT,
    retry: false,
  },
  "too-many-transactions": {
    message: "Too many transactions",
    status: 429,
    close: OVER_LIMIT,
    retry: false,
  },
  "transaction-too-large": {
    message: "Transaction too large",
    status: 413,
    close: OVER_LIMIT,
    retry: false,
  },
  "too-many-destinations": {
    message: "Too many destinations",
    status: 429,
    close: OVER_LIMIT,
    retry: true,
  },
  "too-many-connections": {
    message: "Too many connections",
    status: 503,
    close: OVER_LIMIT,
    retry: 5_000,
  },
  "queue-full": { message: "Queue full", status: 507, close: OVER_LIMIT, retry: 5_000 },
  "memory-full": {
    message: "Broker out of message memory",
    status: 507,
    close: OVER_LIMIT,
    retry: 5_000,
  },
  "slow-consumer": { message: "Too slow", status: 429, close: OVER_LIMIT, retry: 5_000 },
  // Time and life.
  "login-timeout": { message: "Login timed out", status: 408, close: REFUSED, retry: true },
  "frame-timeout": { message: "Frame timed out", status: 408, close: REFUSED, retry: true },
  "heart-beat-missed": { message: "Heart-beat missed", status: 408, close: REFUSED, retry: true },
  disconnected: { message: "Disconnected", status: 409, close: REFUSED, retry: true },
  "shutting-down": { message: "Shutting down", status: 503, close: GOING_AWAY, retry: 2_000 },
  "internal-error": { message: "Internal error", status: 500, close: 1011, retry: 5_000 },
} as const satisfies Record<string, Refusal>;

/** A stable machine-readable word for a refusal: the `code` header of ERROR. */
export type FaultCode = keyof typeof REFUSALS;

/** A field of a request over HTTP that is wrong. */
export interface FieldError {
  /** Such as `query.limit`. */
  readonly field: string;
  /** What was expected, and what came. Public. */
  readonly detail: string;
}

/**
 * A refusal on its way to the peer it concerns. `detail` is public: it says
 * what was received, what was expected, and which option would allow it.
 * `cause` is private and goes to the log only.
 */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly detail: string;
  /** Further headers of the ERROR frame, a flat list of names and values. */
  readonly headers: readonly string[];
  /** Every field that was wrong, where that can be told. */
  readonly errors: readonly FieldError[];

  constructor(
    code: FaultCode,
    detail: string,
    options: {
      headers?: readonly string[];
      errors?: readonly FieldError[];
      cause?: unknown;
    } = {},
  ) {
    super(`${code}: ${detail}`, { cause: options.cause });
    this.name = "Fault";
    this.code = code;
    this.detail = detail;
    this.headers = options.headers ?? [];
    this.errors = options.errors ?? [];
  }

  /** How this refusal is shown to peers. */
  get refusal(): Refusal {
    return REFUSALS[this.code];
  }
}

/**
 * A received value as it may appear in a public sentence: in double quotes,
 * control characters escaped, cut after `max` characters so that an answer is
 * never much longer than the question.
 */
export function quote(value: string, max = 80): string {
  const text = value.length > max ? `${value.slice(0, max)}…` : value;
  return JSON.stringify(text);
}

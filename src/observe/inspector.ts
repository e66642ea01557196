import type { FrameTap, TracedFrame } from "./events.ts";

/** A frame as people are shown it: secrets masked, its body cut. */
export interface InspectedFrame {
  /** Frames seen are numbered in order. */
  readonly number: number;
  /** In ms since the epoch. */
  readonly at: number;
  readonly connection: number;
  readonly direction: "in" | "out";
  readonly command: string;
  readonly headers: [name: string, value: string][];
  /** Places in `headers` of those that are only a beginning; absent if none is. */
  readonly cutHeaders?: number[];
  /** Headers behind these that were too many; absent if none was. */
  readonly headersLeftOut?: number;
  /** One of the two, or neither for an empty body. */
  readonly body?: string;
  readonly bodyBase64?: string;
  /** Of the whole body. */
  readonly bodyBytes: number;
  readonly truncated: boolean;
  readonly messageId?: string;
  /** Frames before it that were left out because there were too many. */
  readonly skipped: number;
}

/** What an inspector needs. */
export interface InspectorOptions {
  /** The clock, in ms since the epoch. */
  readonly now: () => number;
  /** Runs a task soon, outside of any delivery. */
  readonly after: (task: () => void) => void;
  /** Shows a frame. Returns false if those who look are behind. */
  readonly show: (frame: InspectedFrame) => boolean;
}

/** Frames shown in one go, and after that a second. A frame's body costs as much as so many bytes do. */
const BURST = 1_000;
const PER_SECOND = 500;
/** When so many a second are left out, nobody could read the others either: fewer are shown. */
const FLOOD_PER_SECOND = 5_000;
const PER_SECOND_IN_FLOOD = 50;
const BYTES_PER_FRAME = 4_096;
/** Of each body so much is shown. */
const BODY_MAX = 32 * 1024;
/** Of each header so much; and so many of them. */
const VALUE_MAX = 4_096;
const HEADERS_MAX = 256;
/** The latest frames are kept, for those who come by a link. */
const KEPT_MAX = 2_000;
const KEPT_BYTES_MAX = 8 * 1024 * 1024;
/** So long after the last look. */
const KEPT_MS = 10 * 60_000;

/** Names of headers whose values nobody is shown. */
const SECRET = new RegExp(
  [
    "(?:^|[^a-z])(?:pass|pwd|jwt|bearer|auth|authorization|authentication|cookie)(?:$|[^a-z])",
    "pass(?:code|word|wd|phrase)|secret|token|credential|(?:api|access|private)-?key",
  ].join("|"),
  "i",
);
/** A password in a URL. */
const URL_PASSWORD = /(\/\/[^\s/:@]*:)[^\s/@]+@/g;
const MASK = "••••••";

/**
 * Looks at frames for people. Bounded in memory and time: when there are more
 * frames than anybody could read, some are left out and counted.
 */
export class Inspector implements FrameTap {
  readonly #options: InspectorOptions;
  #kept: { readonly frame: InspectedFrame; readonly bytes: number }[] = [];
  #keptBytes = 0;
  #waiting: { readonly traced: TracedFrame; readonly at: number; readonly skipped: number }[] = [];
  #numbers = 0;
  #allowance = BURST;
  #skipped = 0;
  /** Left out since the last tick. */
  #skippedLately = 0;
  #refilledAt: number;
  #lookedAt: number;

  constructor(options: InspectorOptions) {
    this.#options = options;
    this.#refilledAt = this.#lookedAt = options.now();
  }

  /** The frames kept, oldest first. */
  get frames(): readonly InspectedFrame[] {
    return this.#kept.map(({ frame }) => frame);
  }

  wants(): boolean {
    if (this.#allowance > 0) return true;
    this.#skipped++;
    this.#skippedLately++;
    return false;
  }

  trace(traced: TracedFrame): void {
    this.#allowance -= 1 + Math.min(traced.body.length, BODY_MAX) / BYTES_PER_FRAME;
    this.#waiting.push({ traced, at: this.#options.now(), skipped: this.#skipped });
    this.#skipped = 0;
    // What becomes of a frame is known once it was carried out.
    if (this.#waiting.length === 1) this.#options.after(() => this.#show());
  }

  /** To be called some times a second while someone looks, and now and then when nobody does. */
  tick(isWatched: boolean): void {
    const now = this.#options.now();
    const seconds = Math.max(now - this.#refilledAt, 0) / 1000;
    const isFlood = this.#skippedLately > seconds * FLOOD_PER_SECOND;
    const gained = seconds * (isFlood ? PER_SECOND_IN_FLOOD : PER_SECOND);
    this.#skippedLately = 0;
    this.#allowance = Math.min(this.#allowance + gained, BURST);
    this.#refilledAt = now;
    if (isWatched) this.#lookedAt = now;
    else if (now - this.#lookedAt > KEPT_MS && this.#kept.length > 0) {
      this.#kept = [];
      this.#keptBytes = 0;
    }
  }

  #show(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    let behind = false;
    for (const { traced, at, skipped } of waiting) {
      const frame = inspected(traced, { number: ++this.#numbers, at, skipped });
      this.#keep(frame);
      if (behind) this.#skipped += 1 + skipped;
      else behind = !this.#options.show(frame);
    }
    // Until the next tick no more than they can take.
    if (behind) this.#allowance = Math.min(this.#allowance, 0);
  }

  #keep(frame: InspectedFrame): void {
    const text = frame.body ?? frame.bodyBase64 ?? "";
    const headers = frame.headers.reduce(
      (sum, [name, value]) => sum + name.length + value.length,
      0,
    );
    const bytes = 200 + headers + text.length;
    this.#kept.push({ frame, bytes });
    this.#keptBytes += bytes;
    let surplus = 0;
    while (this.#kept.length - surplus > KEPT_MAX || this.#keptBytes > KEPT_BYTES_MAX) {
      this.#keptBytes -= this.#kept[surplus++]?.bytes ?? 0;
    }
    if (surplus > 0) this.#kept.splice(0, surplus);
  }
}

function inspected(
  traced: TracedFrame,
  about: { readonly number: number; readonly at: number; readonly skipped: number },
): InspectedFrame {
  const { connection, direction, command, messageId } = traced;
  // What a client tells before it is known may be anything.
  const isLogin = command === "CONNECT" || command === "STOMP";
  const body = isLogin && traced.body.length > 0 ? MASK : traced.body;
  const headers: [string, string][] = [];
  const cutHeaders: number[] = [];
  for (let i = 0; i < traced.headers.length && headers.length < HEADERS_MAX; i += 2) {
    const name = traced.headers[i] ?? "";
    const value = SECRET.test(name) ? MASK : withoutPassword(traced.headers[i + 1] ?? "");
    if (name.length > VALUE_MAX || value.length > VALUE_MAX) cutHeaders.push(headers.length);
    headers.push([copyOf(name, VALUE_MAX), copyOf(value, VALUE_MAX)]);
  }
  const headersLeftOut = Math.ceil(traced.headers.length / 2) - headers.length;
  const truncated = body.length > BODY_MAX;
  const bodyBytes = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  return {
    ...about,
    connection,
    direction,
    command: copyOf(command, VALUE_MAX),
    headers,
    ...(cutHeaders.length === 0 ? {} : { cutHeaders }),
    ...(headersLeftOut === 0 ? {} : { headersLeftOut }),
    ...(typeof body === "string"
      ? { body: copyOf(body, BODY_MAX) }
      : { bodyBase64: Buffer.from(body.subarray(0, BODY_MAX)).toString("base64") }),
    bodyBytes,
    truncated,
    ...(messageId === undefined ? {} : { messageId }),
  };
}

function withoutPassword(value: string): string {
  return value.includes("@") ? value.replace(URL_PASSWORD, `$1${MASK}@`) : value;
}

/** The beginning of a text, cut between characters, that keeps nothing else alive. */
function copyOf(text: string, max: number): string {
  const cut = text.length > max ? text.slice(0, max).replace(/[\uD800-\uDBFF]$/, "") : text;
  return cut === "" ? "" : Buffer.from(cut, "utf8").toString("utf8");
}

import type { Message } from "../broker/message.ts";
import type { QueueEntry } from "../broker/queue.ts";
import type { ConnectionContext } from "./connection_context.ts";
import type { Deadline } from "./deadlines.ts";
import { Outbox, type OutboxOwner } from "./outbox.ts";
import { Session } from "./session.ts";
import type { Subscription, SubscriptionOwner } from "./subscription.ts";
import type { Turn } from "./turn.ts";
import type { Wire } from "./wire.ts";

/** What a stream of events is about. */
export interface EventStreamOptions {
  readonly context: ConnectionContext;
  readonly number: number;
  readonly address: string;
  readonly destination: string;
  /** Whether it was asked for where only this machine can, and through no proxy. */
  readonly local: boolean;
  /** What is let through; undefined for everything. */
  readonly selector: string | undefined;
  /** Whether each event is a JSON object with headers and body, not the body alone. */
  readonly envelope: boolean;
  /** Called once when the stream is over. */
  readonly ended: () => void;
}

/** A comment goes out at least so often, so that proxies keep the stream open. */
const COMMENT_MS = 15_000;
/** When events were kept back, how long until the next try. */
const RETRY_MS = 50;
/** A text of more lines goes as base64: as lines of data it would be a multiple of its length. */
export const LINES_MAX = 65_536;
/** So much longer than twice the text may it be in JSON. */
const ENVELOPE_SLACK = 1024;

/**
 * Messages of one destination as server-sent events (WHATWG HTML "Server-sent
 * events"), written to a wire: a session and an outbox like any other client's.
 */
export class EventStream implements SubscriptionOwner, OutboxOwner, Deadline {
  scheduledAt = Infinity;
  previousDue: Deadline | undefined = undefined;
  nextDue: Deadline | undefined = undefined;
  readonly #options: EventStreamOptions;
  readonly #wire: Wire;
  readonly #outbox: Outbox;
  readonly #session: Session;
  #windows: Subscription[] = [];
  /** Over its budget: it takes no more, and ends after this turn. */
  #overflowing = false;
  #ended = false;

  /** @throws Fault what `Session.subscribe` throws */
  constructor(wire: Wire, options: EventStreamOptions) {
    const { context } = options;
    const { deadlines, runtime } = context;
    this.#wire = wire;
    this.#options = options;
    this.#outbox = new Outbox(this, wire, context);
    const { number: name, local: seesSystem } = options;
    this.#session = new Session(this, context, { name, seesSystem });
    this.#session.subscribe({
      id: undefined,
      destination: options.destination,
      ack: "auto",
      prefetch: undefined,
      selector: options.selector,
    });
    this.#outbox.push(": connected\n\n", false);
    deadlines.schedule(this, runtime.now() + COMMENT_MS);
  }

  /** The wire sent something of what it had. */
  drained(): void {
    if (!this.#ended) this.#outbox.drained();
  }

  /** The far end went, or the broker stops. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.context.deadlines.cancel(this);
    this.#outbox.flushAll();
    this.#outbox.close();
    this.#options.context.counters.dropped += this.#outbox.dropped;
    this.#session.close();
    this.#wire.close(1000, "");
    this.#options.ended();
  }

  get receptive(): boolean {
    return !this.#ended && !this.#overflowing && !this.#outbox.pressed;
  }

  hand(_subscription: Subscription, message: Message, entry: QueueEntry | undefined): boolean {
    const { context, envelope } = this.#options;
    const droppable = entry === undefined;
    const event = sharedEvent(message, { envelope, turn: context.turn });
    if (droppable && !this.#hasRoom(event.length)) return true;
    context.counters.delivered++;
    this.#outbox.push(event, droppable);
    return true;
  }

  subscribed(subscription: Subscription): void {
    this.windowUsed(subscription);
  }

  unsubscribed(): void {
    // Nobody needs telling: a stream has one subscription and goes with it.
  }

  takenOver(): void {
    // Only a durable subscription can be taken over, and a stream has none.
  }

  /**
   * Whether a topic's event is taken: an event may be longer than its message,
   * and one that is behind gets none that does not fit.
   */
  #hasRoom(bytes: number): boolean {
    const { limits, counters, turn } = this.#options.context;
    const { outboxBytesMax, slowConsumer } = limits;
    const { size, pressed } = this.#outbox;
    // There the outbox makes room.
    if (slowConsumer === "drop-oldest") return true;
    if (!this.#overflowing && (!pressed || size + bytes <= outboxBytesMax)) return true;
    if (slowConsumer === "drop-newest") {
      counters.dropped++;
    } else if (!this.#overflowing) {
      this.#overflowing = true;
      const detail = `${size} bytes wait to be sent, ${bytes} more would be over the ${outboxBytesMax} that may`;
      turn.after(() => this.overflowed(detail));
    }
    return false;
  }

  holdBack(): void {
    // It publishes nothing.
  }

  windowUsed(subscription: Subscription): void {
    this.#windows.push(subscription);
    if (this.#windows.length === 1) this.#options.context.turn.after(() => this.relieved());
  }

  pressed(): void {
    const { deadlines, limits } = this.#options.context;
    deadlines.schedule(this, this.#outbox.pressedAt + limits.slowConsumerGraceMs);
  }

  kept(): void {
    const { deadlines, runtime } = this.#options.context;
    deadlines.schedule(this, runtime.now() + RETRY_MS);
  }

  relieved(): void {
    if (this.#outbox.pressed || this.#ended) return;
    const used = this.#windows;
    this.#windows = [];
    for (const subscription of used) this.#session.open(subscription);
  }

  overflowed(detail: string): void {
    if (this.#ended) return;
    const { context, number, address } = this.#options;
    const peer = { transport: "http", address, port: 0 };
    context.observe({ type: "slow", connection: number, peer, detail });
    this.#outbox.clear();
    this.#wire.destroy();
    this.end();
  }

  check(now: number): number {
    if (this.#ended) return Infinity;
    this.#outbox.retry();
    const { limits } = this.#options.context;
    if (this.#outbox.pressed) {
      const stuckAt = this.#outbox.stuckSince + limits.slowConsumerGraceMs;
      if (now < stuckAt) return stuckAt;
      if (limits.slowConsumer === "disconnect") {
        this.overflowed(`nothing could be sent for ${limits.slowConsumerGraceMs} ms`);
        return Infinity;
      }
    }
    if (now - this.#outbox.lastSentAt >= COMMENT_MS) this.#outbox.push(": still here\n\n", false);
    return now + COMMENT_MS;
  }
}

/** The event of a message in both forms, as far as they were asked for. */
interface SharedEvent {
  plain?: Uint8Array;
  envelope?: Uint8Array;
}

/** A message goes to all streams within one turn; it is written once, and forgotten then. */
const sharedEvents = new WeakMap<Message, SharedEvent>();
const encoder = new TextEncoder();

function sharedEvent(
  message: Message,
  options: { readonly envelope: boolean; readonly turn: Turn },
): Uint8Array {
  let shared = sharedEvents.get(message);
  if (shared === undefined) {
    shared = {};
    sharedEvents.set(message, shared);
    options.turn.after(() => sharedEvents.delete(message));
  }
  const form = options.envelope ? "envelope" : "plain";
  shared[form] ??= encoder.encode(writeEvent(message, options.envelope));
  return shared[form];
}

/**
 * One message as one event. Every line of the body is a line of data; what is
 * no text, or would be much longer as such an event, is base64.
 */
export function writeEvent(message: Message, envelope: boolean): string {
  const { id, body } = message;
  if (envelope) return `id: ${id}\ndata: ${writeEnvelope(message)}\n\n`;
  if (typeof body === "string" && hasFew(body, "\n") && hasFew(body, "\r")) {
    return `id: ${id}\ndata: ${body.replace(/\r\n?|\n/g, "\ndata: ")}\n\n`;
  }
  return `id: ${id}\nevent: base64\ndata: ${base64(body)}\n\n`;
}

function writeEnvelope({ id, headers, body }: Message): string {
  // Names are the client's to choose: "__proto__" is one like any other.
  const named = new Map<string, string>();
  const list = headers.list();
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? "";
    if (!named.has(name)) named.set(name, list[i + 1] ?? "");
  }
  const destination = named.get("destination");
  const head = JSON.stringify({ id, destination, headers: Object.fromEntries(named) });
  const text = typeof body === "string" ? JSON.stringify(body) : undefined;
  // A control character is six in JSON.
  const isShort = text !== undefined && text.length <= 2 * body.length + ENVELOPE_SLACK;
  const content = isShort ? `"body":${text}` : `"bodyBase64":"${base64(body)}"`;
  return `${head.slice(0, -1)},${content}}`;
}

function hasFew(text: string, character: string): boolean {
  let at = -1;
  for (let count = 0; count <= LINES_MAX; count++) {
    at = text.indexOf(character, at + 1);
    if (at < 0) return true;
  }
  return false;
}

function base64(body: string | Uint8Array): string {
  return Buffer.from(body).toString("base64");
}

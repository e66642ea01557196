import type { Message } from "../broker/message.ts";
import type { QueueEntry } from "../broker/queue.ts";
import type { ConnectionContext } from "./connection.ts";
import type { Deadline } from "./deadlines.ts";
import { Outbox, type OutboxOwner } from "./outbox.ts";
import { Session } from "./session.ts";
import type { Subscription, SubscriptionOwner } from "./subscription.ts";
import type { Wire } from "./wire.ts";

/** What a stream of events is about. */
export interface EventStreamOptions {
  readonly context: ConnectionContext;
  readonly number: number;
  readonly address: string;
  readonly destination: string;
  /** Whether each event is a JSON object with headers and body, not the body alone. */
  readonly envelope: boolean;
  /** Called once when the stream is over. */
  readonly ended: () => void;
}

/** A comment goes out at least so often, so that proxies keep the stream open. */
const COMMENT_MS = 15_000;

/**
 * Messages of one destination as server-sent events (WHATWG HTML "Server-sent
 * events"), written to a wire: a session and an outbox like any other client's.
 */
export class EventStream implements SubscriptionOwner, OutboxOwner, Deadline {
  scheduledAt = Infinity;
  readonly #options: EventStreamOptions;
  readonly #wire: Wire;
  readonly #outbox: Outbox;
  readonly #session: Session;
  #windows: Subscription[] = [];
  #ended = false;

  /** @throws Fault what `Session.subscribe` throws */
  constructor(wire: Wire, options: EventStreamOptions) {
    const { engine, limits, turn, deadlines, boot, memory, runtime } = options.context;
    this.#wire = wire;
    this.#options = options;
    this.#outbox = new Outbox(this, {
      wire,
      turn,
      memory,
      now: runtime.now,
      bytesMax: limits.outboxBytesMax,
      policy: limits.slowConsumer,
    });
    const tag = `${boot}.${options.number}`;
    this.#session = new Session(this, { engine, limits, memory, tag });
    const subscription = this.#session.subscribe({
      id: undefined,
      destination: options.destination,
      ack: "auto",
      prefetch: undefined,
    });
    this.#outbox.push(": connected\n\n", false);
    this.windowUsed(subscription);
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
    this.#session.close();
    this.#wire.close(1000, "");
    this.#options.ended();
  }

  get receptive(): boolean {
    return !this.#ended && !this.#outbox.pressed;
  }

  hand(_subscription: Subscription, message: Message, entry: QueueEntry | undefined): boolean {
    this.#options.context.counters.delivered++;
    this.#outbox.push(writeEvent(message, this.#options.envelope), entry === undefined);
    return true;
  }

  windowUsed(subscription: Subscription): void {
    this.#windows.push(subscription);
    if (this.#windows.length === 1) this.#options.context.turn.after(() => this.relieved());
  }

  pressed(): void {
    const { deadlines, limits } = this.#options.context;
    deadlines.schedule(this, this.#outbox.pressedAt + limits.slowConsumerGraceMs);
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

/** One message as one event. Every line of the body is a line of data. */
export function writeEvent(message: Message, envelope: boolean): string {
  const { id, body } = message;
  if (envelope) {
    const headers: Record<string, string> = {};
    const list = message.headers.list();
    for (let i = 0; i < list.length; i += 2) headers[list[i] ?? ""] ??= list[i + 1] ?? "";
    const content =
      typeof body === "string" ? { body } : { bodyBase64: Buffer.from(body).toString("base64") };
    const data = JSON.stringify({
      id,
      destination: headers["destination"],
      headers,
      ...content,
    });
    return `id: ${id}\ndata: ${data}\n\n`;
  }
  if (typeof body !== "string") {
    const text = Buffer.from(body).toString("base64");
    return `id: ${id}\nevent: base64\ndata: ${text}\n\n`;
  }
  const lines = body.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  return `id: ${id}\n${lines.join("")}\n`;
}

import type { Memory } from "../broker/memory.ts";
import type { Message } from "../broker/message.ts";
import type { QueueEntry } from "../broker/queue.ts";
import type { ConnectionContext } from "../session/connection.ts";
import type { Deadline } from "../session/deadlines.ts";
import { Outbox, type OutboxOwner } from "../session/outbox.ts";
import { Session } from "../session/session.ts";
import type { Subscription, SubscriptionOwner } from "../session/subscription.ts";
import type { Wire } from "../session/wire.ts";

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
const encoder = new TextEncoder();

/**
 * Messages of one destination as server-sent events (WHATWG HTML "Server-sent
 * events"): a session and an outbox like any other client's, over a stream.
 *
 * @throws Fault what `Session.subscribe` throws
 */
export function openEventStream(options: EventStreamOptions): ReadableStream<Uint8Array> {
  const source = new EventSource(options);
  const strategy = new ByteLengthQueuingStrategy({ highWaterMark: 64 * 1024 });
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (controller) => source.start(controller),
      pull: () => source.pulled(),
      cancel: () => source.end(),
    },
    strategy,
  );
  return stream;
}

class EventSource implements SubscriptionOwner, OutboxOwner, Deadline {
  scheduledAt = Infinity;
  readonly #options: EventStreamOptions;
  readonly #outbox: Outbox;
  readonly #session: Session;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #windows: Subscription[] = [];
  #ended = false;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    const { context } = options;
    const { engine, limits, turn, deadlines, boot } = context;
    const memory: Memory = context.memory;
    this.#outbox = new Outbox(this, {
      wire: this.#wire(),
      turn,
      memory,
      now: context.runtime.now,
      bytesMax: limits.outboxBytesMax,
      policy: limits.slowConsumer,
    });
    const tag = `${boot}.${options.number}`;
    this.#session = new Session(this, { engine, limits, memory, tag });
    const { destination } = options;
    const subscription = this.#session.subscribe({
      id: undefined,
      destination,
      ack: "auto",
      prefetch: undefined,
    });
    this.windowUsed(subscription);
    deadlines.schedule(this, context.runtime.now() + COMMENT_MS);
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#outbox.push(": connected\n\n", false);
  }

  pulled(): void {
    if (!this.#ended) this.#outbox.drained();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#outbox.close();
    this.#session.close();
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
    this.#controller?.error(new Error(`Cannot deliver: ${detail}`));
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

  /** The stream as a wire. */
  #wire(): Wire {
    const source = this;
    return {
      peer: {
        transport: "http",
        address: this.#options.address,
        port: 0,
        messages: false,
        answersPings: false,
      },
      write: (frames) => {
        if (!source.#ended) source.#controller?.enqueue(encoder.encode(frames.join("")));
      },
      get buffered() {
        const room = source.#controller?.desiredSize ?? 0;
        return Math.max(64 * 1024 - room, 0);
      },
      pause: () => {},
      resume: () => {},
      ping: () => {},
      close: () => source.#controller?.close(),
      destroy: () => source.end(),
    };
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

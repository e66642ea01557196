import type { Memory } from "../broker/memory.ts";
import type { Message } from "../broker/message.ts";
import type { QueueEntry } from "../broker/queue.ts";
import type { MessageFilter } from "../broker/subscriber.ts";
import type { LocalEngine } from "../engine/local.ts";
import { Fault, type FaultCode, quote } from "../fault.ts";
import type { Observe } from "../observe/events.ts";
import { Decoder } from "../protocol/decoder.ts";
import { encodeFrame, encodeMessage } from "../protocol/encoder.ts";
import { type Frame, type FrameHead, headerOf } from "../protocol/frame.ts";
import { writeHeaders } from "../protocol/header_block.ts";
import { grantHeartBeat, NO_HEART_BEAT } from "../protocol/heart_beat.ts";
import {
  negotiateVersion,
  VERSION_RULES,
  type VersionRules,
  VERSIONS,
} from "../protocol/version.ts";
import type { Runtime } from "../runtime.ts";
import { type Client, COMMANDS, type ConnectionState, refuseCommand } from "./commands.ts";
import type { Deadline, Deadlines } from "./deadlines.ts";
import { detach } from "./detach.ts";
import type { SessionLimits } from "./limits.ts";
import { Liveness } from "./liveness.ts";
import { Outbox, type OutboxOptions, type OutboxOwner } from "./outbox.ts";
import { Receipts } from "./receipts.ts";
import { type Done, Session, type SessionOptions } from "./session.ts";
import type { Subscription, SubscriptionOwner } from "./subscription.ts";
import type { Turn, TurnWorker } from "./turn.ts";
import type { Inbound, Wire } from "./wire.ts";

/** Plain numbers about all connections, read at a tick. */
export interface ConnectionCounters {
  framesIn: number;
  framesOut: number;
  delivered: number;
  /** Messages of topics that a full outbox dropped. */
  dropped: number;
  staleAcks: number;
  /** What was refused, over STOMP or HTTP, by code. */
  readonly refusals: Map<string, number>;
}

/** Counts a refusal, over whatever it was asked. */
export function countRefusal(counters: ConnectionCounters, code: FaultCode): void {
  counters.refusals.set(code, (counters.refusals.get(code) ?? 0) + 1);
}

/** Publishers that wait for a subscriber which is behind. */
export interface HeldBack {
  readonly waiting: Set<Connection>;
}

/** What all connections share. */
export interface ConnectionContext {
  readonly engine: LocalEngine;
  readonly limits: SessionLimits;
  readonly memory: Memory;
  readonly turn: Turn;
  readonly deadlines: Deadlines;
  readonly runtime: Runtime;
  readonly observe: Observe;
  readonly counters: ConnectionCounters;
  readonly heldBack: HeldBack;
  /** Reads a selector. @throws Fault `bad-selector` */
  readonly filterOf: (selector: string) => MessageFilter;
  /** Unique to this run; ids of sessions and deliveries begin with it. */
  readonly boot: string;
  /** The `server` header of CONNECTED. */
  readonly server: string;
}

/** What a session takes from it. `name` tells sessions of one run apart. */
export function sessionOptions(context: ConnectionContext, name: string | number): SessionOptions {
  const { engine, limits, memory, boot, runtime, filterOf } = context;
  return { engine, limits, memory, tag: `${boot}.${name}`, newToken: runtime.id, filterOf };
}

/** What an outbox in front of a wire takes from it. */
export function outboxOptions(context: ConnectionContext, wire: Wire): OutboxOptions {
  const { turn, memory, runtime, limits } = context;
  const { outboxBytesMax: bytesMax, slowConsumer: policy } = limits;
  return { wire, turn, memory, now: runtime.now, bytesMax, policy };
}

/** What became of a connection, told to whoever accepted it. */
export interface ConnectionOwner {
  /** It logged in. */
  connected(connection: Connection): void;
  /** It is gone, and everything it held has returned. */
  ended(connection: Connection): void;
}

/** When frames were kept back, how long until the next try. */
const RETRY_MS = 50;
/** Half a frame of more than so many bytes is watched: */
const HALF_FRAME_MIN = 65_536;
/** one that takes longer than that to come is given up. */
const FRAME_MS = 60_000;
/** Waiting in line included, nobody has longer to log in than so many times the limit. */
const LINE_PATIENCE = 3;
/** After a goodbye: so much more is read and thrown away before the wire is cut. */
const LINGER_BYTES = 1024 * 1024;
const LINGER_MS = 2_000;
const OUR_VERSIONS = [...VERSIONS].reverse().join(",");

/**
 * One client's connection: bytes in, the STOMP state machine, bytes out. What
 * a command means is in `commands.ts`, what it does in `session.ts`.
 */
export class Connection
  implements Inbound, Client, SubscriptionOwner, OutboxOwner, TurnWorker, Deadline
{
  readonly number: number;
  readonly session: Session;
  scheduledAt = Infinity;
  readonly #context: ConnectionContext;
  readonly #owner: ConnectionOwner;
  readonly #wire: Wire;
  readonly #decoder: Decoder;
  readonly #outbox: Outbox;
  readonly #liveness: Liveness;
  readonly #openedAt: number;
  /** Whether it is not read yet; and since when it is. */
  #inLine = false;
  #readSince: number;
  /** Since when a frame is half here, in ms since the epoch; 0 if none is. */
  #halfSince = 0;
  #receipts: Receipts | undefined;
  #state: ConnectionState = "connecting";
  #rules: VersionRules = VERSION_RULES["1.0"];
  #login = "";
  /** Input that waits for its turn, and how much of it was taken. */
  #parked: (string | Uint8Array)[] = [];
  #parkedHead = 0;
  #parkedBytes = 0;
  #inTurn = false;
  #paused = false;
  /** As a publisher, held back until then, in ms since the epoch; 0 if not. */
  #heldUntil = 0;
  /** Subscriptions whose window is used. */
  #windows: Subscription[] = [];
  #bytesBeforeLogin = 0;
  #accounted = 0;
  /** When the goodbye was said; 0 before. */
  #leftAt = 0;
  #discarded = 0;
  #wireGone: string | undefined;
  #ended = false;
  #staleAcksLogged = false;

  constructor(
    wire: Wire,
    options: { readonly number: number; context: ConnectionContext; owner: ConnectionOwner },
  ) {
    const { context } = options;
    const { limits, runtime } = context;
    this.number = options.number;
    this.#wire = wire;
    this.#context = context;
    this.#owner = options.owner;
    this.#openedAt = this.#readSince = runtime.now();
    this.#decoder = new Decoder({
      ...limits,
      frameBytesMax: Math.min(limits.frameBytesMax, limits.loginBytesMax),
    });
    this.#outbox = new Outbox(this, outboxOptions(context, wire));
    this.#liveness = new Liveness(limits, {
      answersPings: wire.peer.answersPings,
      now: this.#openedAt,
    });
    this.session = new Session(this, sessionOptions(context, this.number));
    context.deadlines.schedule(this, this.#openedAt + limits.loginTimeoutMs);
  }

  /** Rules of the version that was agreed on. */
  get rules(): VersionRules {
    return this.#rules;
  }

  /** It waits unread until others have logged in; or it waits no longer, and its time to log in begins. */
  setInLine(inLine: boolean): void {
    this.#inLine = inLine;
    this.#readSince = this.now();
    this.#context.deadlines.schedule(this, this.#loginAt());
  }

  /** Whether nothing has come from it yet. */
  get isMute(): boolean {
    return this.#bytesBeforeLogin === 0;
  }

  /** Bytes that wait to be sent. */
  get outboxBytes(): number {
    return this.#outbox.size;
  }

  now(): number {
    return this.#context.runtime.now();
  }

  // Inbound

  receive(data: string | Uint8Array): void {
    this.#liveness.received(this.now());
    if (this.#state === "closing") {
      this.#discard(data.length);
      return;
    }
    // What makes no frame costs something all the same.
    this.#context.turn.charge(1);
    if (this.#state === "connecting") this.#bytesBeforeLogin += data.length;
    this.#parked.push(data);
    this.#parkedBytes += data.length;
    if (this.#inTurn) return;
    const { allowance } = this.#context.turn;
    if (allowance <= 0 || this.work(allowance)) this.#park();
  }

  drained(): void {
    this.#outbox.drained();
  }

  ponged(): void {
    this.#liveness.received(this.now());
  }

  closed(reason: string): void {
    if (this.#wireGone !== undefined) return;
    this.#wireGone = reason;
    // A far end that only stopped sending still gets what it is owed.
    this.#outbox.flushAll();
    this.#outbox.close();
    // What arrived before the end is carried out, a flood's worth in turns. A
    // wire may break inside a delivery, so nothing ends before the next task.
    if (this.#state !== "closing" && (this.#inTurn || this.#waits)) return;
    this.#context.turn.after(() => this.#end());
  }

  // Turns

  work(allowance: number): boolean {
    const { turn } = this.#context;
    const limit = turn.spent + allowance;
    for (let isFirst = true; this.#state !== "closing"; isFirst = false) {
      if (this.#waits) {
        this.#pauseReading();
        this.#inTurn = false;
        return false;
      }
      // One frame at least, or it would never come to an end.
      if (turn.spent >= limit || (!isFirst && turn.isOver)) return true;
      try {
        const frame = this.#nextFrame();
        if (frame === undefined) break;
        turn.charge(1);
        this.#onFrame(frame);
      } catch (error) {
        this.fail(error, this.#decoder.head);
      }
    }
    if (this.#state === "closing") this.#discardInput();
    this.#account();
    this.#inTurn = false;
    if (this.#paused && this.#state !== "closing") this.#resumeReading();
    if (this.#wireGone !== undefined && !this.#ended) this.#end();
    return false;
  }

  // Commands

  login(frame: Frame): void {
    const { limits, runtime, server } = this.#context;
    const acceptVersion = headerOf(frame.headers, "accept-version");
    const version = negotiateVersion(acceptVersion);
    if (version === undefined) {
      throw new Fault(
        "unsupported-version",
        `Cannot connect with accept-version ${quote(acceptVersion ?? "")}: expected one of ${OUR_VERSIONS}`,
      );
    }
    const rules = VERSION_RULES[version];
    const asked = grantHeartBeat(headerOf(frame.headers, "heart-beat"), limits);
    const granted = rules.heartBeats ? asked : NO_HEART_BEAT;
    const receipt = headerOf(frame.headers, "receipt");
    const headers = ["version", version, "session", runtime.id(), "server", server];
    headers.push("heart-beat", granted.header);
    if (receipt !== undefined) headers.push("receipt-id", receipt);
    this.#rules = this.#decoder.rules = rules;
    this.#decoder.limits = limits;
    this.#state = "connected";
    this.#login = detach(headerOf(frame.headers, "login") ?? "");
    const clientId = headerOf(frame.headers, "client-id");
    this.session.clientId = clientId === undefined ? undefined : detach(clientId);
    this.#push(encodeFrame("CONNECTED", headers, { version, escape: false }));
    this.#liveness.agree(granted, this.now());
    this.#owner.connected(this);
    this.#context.observe({
      type: "connected",
      connection: this.number,
      peer: this.#wire.peer,
      version,
      login: this.#login,
    });
    this.#context.deadlines.schedule(this, this.check(this.now()));
  }

  subscribed(subscription: Subscription): void {
    const headers = subscription.id === undefined ? [] : ["subscription", subscription.id];
    subscription.head = `MESSAGE\n${writeHeaders(headers, this.#rules.version)}`;
    // Its first batch comes after the receipt.
    this.windowUsed(subscription);
  }

  takenOver(subscription: Subscription): void {
    const detail = `Cannot go on: another connection took the durable subscription ${quote(subscription.named)} over`;
    this.fail(new Fault("taken-over", detail), undefined);
  }

  holdBack(): void {
    const { limits, heldBack, deadlines } = this.#context;
    this.#heldUntil = this.now() + limits.publisherPauseMs;
    heldBack.waiting.add(this);
    deadlines.schedule(this, this.#heldUntil);
  }

  disconnect(done: Done): void {
    this.#state = "closing";
    this.session.flush((fault) => {
      done(fault);
      this.#leave(1000, "");
    });
  }

  // Deliveries

  get receptive(): boolean {
    return this.#state === "connected" && !this.#outbox.pressed;
  }

  hand(subscription: Subscription, message: Message, entry: QueueEntry | undefined): boolean {
    const { session } = this;
    session.noteDelivered(message.number);
    let { head } = subscription;
    if (entry !== undefined) {
      if (subscription.acknowledges) {
        const held = session.acks.hold(subscription, entry);
        if (this.#rules.sendsAckHeader) head += `ack:${session.ackId(held)}\n`;
      }
      if (entry.deliveries > 1) head += `redelivered:true\ndelivery-count:${entry.deliveries}\n`;
    }
    const { counters } = this.#context;
    counters.delivered++;
    this.#outbox.push(
      encodeMessage(message, this.#rules.version, head),
      entry === undefined && !subscription.browses,
    );
    if (!this.#outbox.pressed) return true;
    return this.now() - this.#outbox.pressedAt >= this.#context.limits.publisherPauseMs;
  }

  windowUsed(subscription: Subscription): void {
    this.#windows.push(subscription);
    if (this.#windows.length === 1) this.#context.turn.after(() => this.#openWindows());
  }

  // Outbox

  pressed(): void {
    this.#context.deadlines.schedule(this, this.check(this.now()));
  }

  kept(): void {
    this.#context.deadlines.schedule(this, this.now() + RETRY_MS);
  }

  relieved(): void {
    if (this.#outbox.pressed || this.#state !== "connected") return;
    this.#windows = [];
    for (const subscription of this.session.subscriptions.values()) {
      this.session.open(subscription);
    }
    for (const publisher of this.#context.heldBack.waiting) publisher.#release();
  }

  overflowed(detail: string): void {
    if (this.#state === "closing") return;
    this.#context.observe({
      type: "slow",
      connection: this.number,
      peer: this.#wire.peer,
      detail,
    });
    this.#outbox.clear();
    this.fail(new Fault("slow-consumer", `Cannot deliver: ${detail}`), undefined);
  }

  // Time

  check(now: number): number {
    if (this.#ended) return Infinity;
    if (this.#state === "closing") {
      if (this.#leftAt === 0) return now + LINGER_MS;
      if (now < this.#leftAt + LINGER_MS) return this.#leftAt + LINGER_MS;
      this.#wire.destroy();
      return Infinity;
    }
    const { limits } = this.#context;
    if (this.#state === "connecting") {
      const loginAt = this.#loginAt();
      if (now < loginAt) return loginAt;
      const detail = `Cannot wait longer: expected CONNECT within ${limits.loginTimeoutMs} ms`;
      this.fail(new Fault("login-timeout", detail), undefined);
      return now + LINGER_MS;
    }
    if (this.#heldUntil > 0 && now >= this.#heldUntil) this.#release();
    if (this.#halfSince > 0 && now >= this.#halfSince + FRAME_MS) {
      const detail = `Cannot wait longer: half a frame came, and not the rest within ${FRAME_MS} ms`;
      this.fail(new Fault("frame-timeout", detail), this.#decoder.head);
      return now + LINGER_MS;
    }
    this.#outbox.retry();
    const halfAt = this.#halfSince > 0 ? this.#halfSince + FRAME_MS : Infinity;
    const stuckAt = Math.min(this.#checkStuck(now), halfAt);
    const life = this.#liveness.check({
      now,
      lastSentAt: this.#outbox.lastSentAt,
      paused: this.#paused,
    });
    if (life.action === "beat") this.#outbox.push("\n", false);
    else if (life.action === "ping") this.#wire.ping();
    else if (life.action === "dead") {
      const detail = "Cannot hear you: nothing came for twice the agreed heart-beat interval";
      this.fail(new Fault("heart-beat-missed", detail), undefined);
      return now + LINGER_MS;
    }
    return Math.min(life.next, stuckAt, this.#heldUntil > 0 ? this.#heldUntil : Infinity);
  }

  /** The broker stops: told, then closed. */
  shutDown(): void {
    if (this.#state === "closing") return;
    this.fail(new Fault("shutting-down", "Cannot go on: this broker is stopping"), undefined);
  }

  /**
   * The one place where a fault meets a client: what was accepted is finished,
   * then the ERROR, then goodbye.
   */
  fail(error: unknown, frame: Pick<FrameHead, "headers"> | undefined): void {
    if (this.#state === "closing") return;
    const fault =
      error instanceof Fault
        ? error
        : new Fault("internal-error", "Cannot go on: something failed in the broker", {
            cause: error,
          });
    const wasConnected = this.#state === "connected";
    this.#state = "closing";
    const { counters, observe } = this.#context;
    countRefusal(counters, fault.code);
    observe({
      type: "refused",
      connection: this.number,
      peer: this.#wire.peer,
      code: fault.code,
      detail: fault.detail,
      cause: fault.cause,
    });
    const goodbye = () => {
      counters.framesOut++;
      this.#outbox.pushLast(this.#errorFrame(fault, { wasConnected, frame }));
      this.#leave(fault.refusal.close, fault.refusal.message);
    };
    if (this.#receipts === undefined) goodbye();
    else this.#receipts.whenIdle(goodbye);
  }

  #errorFrame(
    fault: Fault,
    about: { wasConnected: boolean; frame: Pick<FrameHead, "headers"> | undefined },
  ): string {
    const { version } = this.#rules;
    const { message, retry } = fault.refusal;
    const headers = ["message", message, "code", fault.code];
    headers.push("version", about.wasConnected ? version : OUR_VERSIONS);
    headers.push("content-type", "text/plain", ...fault.headers);
    const receipt = about.frame && headerOf(about.frame.headers, "receipt");
    if (receipt !== undefined) headers.push("receipt-id", receipt);
    if (retry === false) headers.push("retry", "false");
    else if (retry !== true) headers.push("retry-after", String(retry));
    const body = `${fault.detail}\n`;
    return encodeFrame("ERROR", headers, { version, body, escape: about.wasConnected });
  }

  #nextFrame(): Frame | undefined {
    for (;;) {
      const frame = this.#decoder.next();
      if (frame !== undefined) return frame;
      const data = this.#parked[this.#parkedHead];
      if (data === undefined) {
        this.#parked = [];
        this.#parkedHead = 0;
        this.#checkLoginBytes();
        return undefined;
      }
      // Not shifted off: that moves all others, and they may be very many.
      this.#parked[this.#parkedHead++] = "";
      this.#parkedBytes -= data.length;
      this.#decoder.push(data);
    }
  }

  #checkLoginBytes(): void {
    const { loginBytesMax } = this.#context.limits;
    if (this.#state !== "connecting" || this.#bytesBeforeLogin <= loginBytesMax) return;
    throw new Fault(
      "frame-too-large",
      `Cannot read on: expected CONNECT within the first ${loginBytesMax} bytes`,
    );
  }

  #onFrame(frame: Frame): void {
    this.#context.counters.framesIn++;
    const handler = COMMANDS[this.#state].get(frame.command);
    if (handler === undefined) {
      this.fail(refuseCommand(this.#state, frame.command), frame);
      return;
    }
    const receipt = headerOf(frame.headers, "receipt");
    if (receipt === undefined || this.#state === "connecting") {
      try {
        handler(this, frame, (fault) => {
          if (fault === undefined) this.#accepted();
          else this.fail(fault, frame);
        });
      } catch (error) {
        this.fail(error, frame);
      }
      return;
    }
    this.#receipts ??= new Receipts((id) => {
      this.#push(encodeFrame("RECEIPT", ["receipt-id", id], { version: this.#rules.version }));
    });
    const settle = this.#receipts.open(receipt);
    try {
      handler(this, frame, (fault) => {
        if (fault !== undefined) return this.#failReceipted(fault, frame);
        settle();
        this.#accepted();
      });
    } catch (error) {
      this.#failReceipted(error, frame);
    }
  }

  #failReceipted(error: unknown, frame: Frame): void {
    this.#receipts?.withdraw();
    this.fail(error, frame);
  }

  #push(frame: string): void {
    this.#context.counters.framesOut++;
    this.#outbox.push(frame, false);
  }

  /** The goodbye: everything out, then Close or FIN, then what still comes is thrown away. */
  #leave(code: number, reason: string): void {
    if (this.#leftAt > 0) return;
    this.session.close();
    this.#noteStaleAcks();
    this.#leftAt = this.now();
    this.#discardInput();
    this.#outbox.flushAll();
    if (this.#paused) this.#wire.resume();
    this.#wire.close(code, reason);
    this.#context.deadlines.schedule(this, this.#leftAt + LINGER_MS);
  }

  #discard(bytes: number): void {
    this.#discarded += bytes;
    if (this.#leftAt > 0 && this.#discarded > LINGER_BYTES) this.#wire.destroy();
  }

  #discardInput(): void {
    this.#parked = [];
    this.#parkedHead = 0;
    this.#parkedBytes = 0;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#state = "closing";
    this.#context.deadlines.cancel(this);
    this.session.close();
    this.#noteStaleAcks();
    this.#release();
    this.#discardInput();
    this.#context.memory.used -= this.#accounted;
    this.#context.memory.half -= this.#accounted;
    this.#accounted = 0;
    this.#context.counters.dropped += this.#outbox.dropped;
    this.#owner.ended(this);
    this.#context.observe({
      type: "disconnected",
      connection: this.number,
      peer: this.#wire.peer,
      reason: this.#wireGone ?? "",
    });
  }

  /** Whether nothing more may be taken in now. */
  get #waits(): boolean {
    return this.#heldUntil > 0 || this.session.saturated;
  }

  /** An operation was accepted: what waited for room may go on. */
  #accepted(): void {
    if (this.#paused && !this.#waits) this.#park();
  }

  /** Held back no longer. */
  #release(): void {
    this.#context.heldBack.waiting.delete(this);
    if (this.#heldUntil === 0) return;
    this.#heldUntil = 0;
    this.#park();
  }

  #park(): void {
    if (this.#inTurn || this.#ended) return;
    this.#inTurn = true;
    this.#pauseReading();
    this.#context.turn.park(this);
  }

  #pauseReading(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#wire.pause();
  }

  #resumeReading(): void {
    this.#paused = false;
    this.#liveness.received(this.now());
    this.#wire.resume();
  }

  /** A batch was sent: queues may deliver the next, unless the client is behind. */
  #openWindows(): void {
    if (this.#outbox.pressed || this.#state !== "connected") return;
    const used = this.#windows;
    this.#windows = [];
    for (const subscription of used) this.session.open(subscription);
  }

  /** A subscriber of topics that is behind and drains nothing meets the policy. */
  #checkStuck(now: number): number {
    const { limits } = this.#context;
    if (!this.#outbox.pressed || limits.slowConsumer !== "disconnect") return Infinity;
    const stuckAt = this.#outbox.stuckSince + limits.slowConsumerGraceMs;
    const releaseAt = this.#outbox.pressedAt + limits.publisherPauseMs;
    if (now >= releaseAt) for (const each of this.#context.heldBack.waiting) each.#release();
    if (now < stuckAt) return now < releaseAt ? Math.min(releaseAt, stuckAt) : stuckAt;
    const hasTopics = [...this.session.subscriptions.values()].some(({ attachments }) =>
      attachments.some(({ binding, queue }) => binding !== undefined && queue === undefined),
    );
    if (!hasTopics) return now + limits.slowConsumerGraceMs;
    this.overflowed(`nothing could be sent for ${limits.slowConsumerGraceMs} ms`);
    return now + LINGER_MS;
  }

  /** Half-received frames and parked input count in the memory budget. */
  #account(): void {
    const { memory } = this.#context;
    const half = this.#decoder.pending;
    if (half <= HALF_FRAME_MIN) this.#halfSince = 0;
    else if (this.#halfSince === 0) this.#startHalf();
    const held = half + this.#parkedBytes;
    if (held === this.#accounted) return;
    memory.used += held - this.#accounted;
    memory.half += held - this.#accounted;
    this.#accounted = held;
    // Half a frame is nobody's message yet: it must not keep whole ones out.
    if (held > HALF_FRAME_MIN && (memory.exceededBy(0) || memory.half > memory.max / 4)) {
      const fault = new Fault("memory-full", "Cannot read on: no memory left for messages");
      this.fail(fault, this.#decoder.head);
    }
  }

  /** When time is up for someone who has not logged in. */
  #loginAt(): number {
    const { loginTimeoutMs } = this.#context.limits;
    const inAll = this.#openedAt + LINE_PATIENCE * loginTimeoutMs;
    return this.#inLine ? inAll : Math.min(this.#readSince + loginTimeoutMs, inAll);
  }

  #startHalf(): void {
    this.#halfSince = this.now();
    this.#context.deadlines.schedule(this, this.#halfSince + FRAME_MS);
  }

  #noteStaleAcks(): void {
    const { staleAcks } = this.session;
    if (staleAcks === 0 || this.#staleAcksLogged) return;
    this.#staleAcksLogged = true;
    this.#context.counters.staleAcks += staleAcks;
    const text = `Connection ${this.number} settled ${staleAcks} messages that it did not hold`;
    this.#context.observe({ type: "notice", text });
  }
}

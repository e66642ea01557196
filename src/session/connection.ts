import type { Message } from "../broker/message.ts";
import type { QueueEntry } from "../broker/queue.ts";
import { Fault, quote } from "../fault.ts";
import type { TracedFrame } from "../observe/events.ts";
import { encodeFrame, encodeMessage, forgetEncoded } from "../protocol/encoder.ts";
import { type DecoderLimits, type Frame, type FrameHead, headerOf } from "../protocol/frame.ts";
import { HeadMemo } from "../protocol/head_memo.ts";
import { type HeaderBlock, writeHeaders } from "../protocol/header_block.ts";
import { grantHeartBeat, NO_HEART_BEAT } from "../protocol/heart_beat.ts";
import {
  negotiateVersion,
  VERSION_RULES,
  type VersionRules,
  VERSIONS,
} from "../protocol/version.ts";
import { readWholeText, type TextReading } from "../protocol/whole_text.ts";
import { type Client, COMMANDS, type ConnectionState, refuseCommand } from "./commands.ts";
import { type ConnectionContext, countRefusal, type HeldPublisher } from "./connection_context.ts";
import type { Deadline } from "./deadlines.ts";
import { detach } from "./detach.ts";
import { Intake } from "./intake.ts";
import { Liveness } from "./liveness.ts";
import { Outbox, type OutboxOwner } from "./outbox.ts";
import { Receipts, type ReceiptSender } from "./receipts.ts";
import { type Done, Session } from "./session.ts";
import { startingBehind } from "./starting_behind.ts";
import type { Subscription, SubscriptionOwner } from "./subscription.ts";
import { traceMessage, traceReceived, traceSent } from "./trace.ts";
import type { TurnWorker } from "./turn.ts";
import type { Inbound, Peer, Wire } from "./wire.ts";

/** How a connection is. Times in ms since the epoch. */
export interface ConnectionFacts {
  readonly number: number;
  readonly peer: Peer;
  readonly state: ConnectionState;
  readonly login: string;
  readonly clientId: string | undefined;
  /** Empty before login. */
  readonly version: string;
  /** When it logged in; before that, when it was opened. */
  readonly connectedAt: number;
  /** As the client asked; empty if it did not. */
  readonly heartBeatAsked: string;
  /** As CONNECTED answered; empty before. */
  readonly heartBeatGranted: string;
  readonly lastReceivedAt: number;
  readonly lastSentAt: number;
  readonly subscriptions: number;
  readonly unacknowledged: number;
  readonly outboxBytes: number;
  /** Whether it is not read for now. */
  readonly paused: boolean;
  readonly framesIn: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
}

/** What became of a connection, told to whoever accepted it. */
export interface ConnectionOwner {
  /** It logged in. */
  connected(connection: Connection): void;
  /** It is gone, and everything it held has returned. */
  ended(connection: Connection): void;
}

/** STOMP 1.2 "Heart-beating": a line end between frames. */
const BEAT = "\n";
/** When frames were kept back, how long until the next try. */
const RETRY_MS = 50;
/** Half a large frame that takes longer than that to come is given up. */
const FRAME_MS = 60_000;
/** Waiting in line included, nobody has longer to log in than so many times the limit. */
const LINE_PATIENCE = 3;
/** After a goodbye: so much more is read and thrown away before the wire is cut. */
const LINGER_BYTES = 1024 * 1024;
const LINGER_MS = 2_000;
/** With more bytes than that waiting for their turn a connection is not read. */
const PARKED_MAX = 64 * 1024;
/** Commands of which a client that sends them sends many. */
const MANY_ALIKE: ReadonlySet<string> = new Set(["SEND", "ACK", "NACK"]);
/** Who has sent no more is not taken for one who sends. */
const FEW_FRAMES = 8;
const OUR_VERSIONS = [...VERSIONS].reverse().join(",");

/**
 * One client's connection: bytes in, the STOMP state machine, bytes out. What
 * a command means is in `commands.ts`, what it does in `session.ts`.
 */
export class Connection
  implements
    Inbound,
    Client,
    SubscriptionOwner,
    OutboxOwner,
    TurnWorker,
    Deadline,
    HeldPublisher,
    ReceiptSender,
    TextReading
{
  readonly number: number;
  readonly session: Session;
  scheduledAt = Infinity;
  floodsUntil = 0;
  previousDue: Deadline | undefined = undefined;
  nextDue: Deadline | undefined = undefined;
  /** Of who publishes or acknowledges: the heads of the frames before. */
  memo: HeadMemo | undefined;
  readonly #context: ConnectionContext;
  readonly #owner: ConnectionOwner;
  readonly #wire: Wire;
  readonly #outbox: Outbox;
  readonly #liveness: Liveness;
  readonly #openedAt: number;
  /** Whether it is not read yet; and since when it is. */
  #inLine = false;
  #readSince: number;
  #receipts: Receipts | undefined;
  #state: ConnectionState = "connecting";
  #rules: VersionRules = VERSION_RULES["1.0"];
  #login = "";
  /** The `heart-beat` header of CONNECT; empty without one. */
  #heartBeatAsked = "";
  #connectedAt = 0;
  /** Frames received; among them SEND; MESSAGE frames sent. */
  #framesIn = 0;
  #messagesIn = 0;
  #messagesOut = 0;
  #done: Done | undefined;
  /** The frame at hand, if someone looks at it. */
  #traced: TracedFrame | undefined;
  /** Input that waits, or is half a frame; undefined while there is none. */
  #intake: Intake | undefined;
  #inTurn = false;
  #paused = false;
  /** As a publisher, held back until then, in ms since the epoch; 0 if not. */
  #heldUntil = 0;
  /** Subscriptions whose window is used. */
  #windows: Subscription[] | undefined;
  #bytesBeforeLogin = 0;
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
    this.#outbox = new Outbox(this, wire, context);
    this.#liveness = new Liveness(limits, {
      answersPings: wire.peer.answersPings,
      now: this.#openedAt,
    });
    const seesSystem = wire.peer.local;
    this.session = new Session(this, context, { name: this.number, seesSystem });
    context.deadlines.schedule(this, this.#openedAt + limits.loginTimeoutMs);
  }

  intern(text: string): string {
    return this.#context.interner.intern(text);
  }

  headersOf(lines: string): HeaderBlock {
    return this.#context.interner.headersOf(lines);
  }

  /** Rules of the version that was agreed on. */
  get rules(): VersionRules {
    return this.#rules;
  }

  /** Bounds on its frames, which may change. */
  get limits(): DecoderLimits {
    return this.#context.limits;
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

  /** Numeric address of the far end; empty when unknown. */
  get address(): string {
    return this.#wire.peer.address;
  }

  /** Cuts it now. */
  destroy(): void {
    this.#wire.destroy();
  }

  /** Bytes that wait to be sent. */
  get outboxBytes(): number {
    return this.#outbox.size;
  }

  /** Since when the outbox is over half its budget, in ms since the epoch; 0 if it is not. */
  get pressedSince(): number {
    return this.#outbox.pressed ? this.#outbox.pressedAt : 0;
  }

  /** As whom it logged in; empty without a login. */
  get loginName(): string {
    return this.#login;
  }

  get isConnected(): boolean {
    return this.#state === "connected";
  }

  /** How it is, for people who look after the broker. */
  get facts(): ConnectionFacts {
    const { session } = this;
    return {
      number: this.number,
      peer: this.#wire.peer,
      state: this.#state,
      login: this.#login,
      clientId: session.clientId,
      version: this.#connectedAt === 0 ? "" : this.#rules.version,
      connectedAt: this.#connectedAt === 0 ? this.#openedAt : this.#connectedAt,
      heartBeatAsked: this.#heartBeatAsked,
      heartBeatGranted: this.#connectedAt === 0 ? "" : this.#liveness.heartBeat.header,
      lastReceivedAt: this.#liveness.receivedAt,
      lastSentAt: this.#outbox.lastSentAt,
      subscriptions: session.subscriptions.size,
      unacknowledged: session.unacknowledged,
      outboxBytes: this.#outbox.size,
      paused: this.#paused,
      framesIn: this.#framesIn,
      messagesIn: this.#messagesIn,
      messagesOut: this.#messagesOut,
    };
  }

  get takenInAt(): number {
    // What waited for its turn may have come long ago, when its publisher was held back.
    return this.#inTurn ? this.#context.turn.goSince : this.#liveness.receivedAt;
  }

  now(): number {
    return this.#context.runtime.now();
  }

  // Inbound

  receive(data: string | Uint8Array): void {
    const now = this.now();
    this.#liveness.received(now);
    if (this.#state === "closing") {
      this.#discard(data.length);
      return;
    }
    const { turn } = this.#context;
    const allowance = turn.allowanceFor(this, now);
    const isAtHand = typeof data === "string" && allowance > 0 && this.#isAtHand;
    if (isAtHand && data === BEAT) {
      turn.count(1);
      return;
    }
    // What makes no frame costs something all the same.
    turn.charge(1);
    if (this.#state === "connecting") this.#bytesBeforeLogin += data.length;
    if (isAtHand) {
      // The common case: nothing waits, and the text is one frame.
      const frame = readWholeText(data, this);
      if (frame !== undefined) {
        if (MANY_ALIKE.has(frame.command)) this.memo ??= new HeadMemo();
        this.#carryOut(frame);
        if (this.#waits && this.#state === "connected") this.#pauseReading();
        return;
      }
    }
    this.#intake ??= this.#newIntake();
    this.#intake.push(data);
    if (this.#inTurn) this.#readLess();
    else if (allowance <= 0 || this.work(allowance)) this.#park();
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
        const frame = this.#intake?.next();
        if (frame === undefined) {
          this.#checkLoginBytes();
          break;
        }
        this.#carryOut(frame);
      } catch (error) {
        this.fail(error, this.#intake?.head);
      }
    }
    this.#settleIntake();
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
    const granted = rules.heartBeats ? this.#context.interner.heartBeat(asked) : NO_HEART_BEAT;
    const receipt = headerOf(frame.headers, "receipt");
    const headers = ["version", version, "session", runtime.id(), "server", server];
    headers.push("heart-beat", granted.header);
    this.#heartBeatAsked = this.intern(headerOf(frame.headers, "heart-beat") ?? "");
    this.#connectedAt = this.now();
    if (receipt !== undefined) headers.push("receipt-id", receipt);
    this.#rules = rules;
    this.#intake?.agree(rules, limits);
    this.#state = "connected";
    this.#login = this.intern(headerOf(frame.headers, "login") ?? "");
    const clientId = headerOf(frame.headers, "client-id");
    this.session.clientId = clientId === undefined ? undefined : detach(clientId);
    this.#push("CONNECTED", headers, { escape: false });
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
    subscription.head = this.intern(`MESSAGE\n${writeHeaders(headers, this.#rules.version)}`);
    // Its first batch comes after the receipt.
    this.windowUsed(subscription);
    this.#tellOf("subscribed", subscription);
  }

  unsubscribed(subscription: Subscription): void {
    this.#tellOf("unsubscribed", subscription);
  }

  takenOver(subscription: Subscription): void {
    const detail = `Cannot go on: another connection took the durable subscription ${quote(subscription.named)} over`;
    this.fail(new Fault("taken-over", detail), undefined);
  }

  concerns(message: { readonly id: string } | undefined): void {
    if (this.#traced !== undefined) this.#traced.messageId = message?.id;
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

  sendReceipt(id: string): void {
    this.#push("RECEIPT", ["receipt-id", id], { escape: true });
  }

  // Deliveries

  get receptive(): boolean {
    // Without a wire it is not at its end until all it sent is carried out, and loses what it is given.
    const isThere = this.#state === "connected" && this.#wireGone === undefined;
    return isThere && !this.#outbox.pressed;
  }

  hand(subscription: Subscription, message: Message, entry: QueueEntry | undefined): boolean {
    const { session } = this;
    session.noteDelivered(message.number);
    let { head } = subscription;
    if (entry !== undefined) {
      if (subscription.acknowledges) {
        const held = session.acks.hold(subscription, entry);
        if (this.#rules.sendsAckHeader) head += `ack:${session.acks.idOf(held)}\n`;
      }
      if (entry.deliveries > 1) {
        head += `redelivered:true\ndelivery-count:${entry.deliveries}\n`;
        // It may wait for long, with what was written of it, which counts for nobody.
        forgetEncoded(message);
      }
    }
    const { counters, tap } = this.#context;
    counters.delivered++;
    this.#messagesOut++;
    if (tap !== undefined) traceMessage(tap, this.number, { subscription, message, head });
    const written = encodeMessage(message, this.#rules.version, head);
    const droppable = entry === undefined && !subscription.browses;
    this.#outbox.pushAfter(written.head, written.frame, droppable);
    if (!this.#outbox.pressed) return true;
    return this.now() - this.#outbox.pressedAt >= this.#context.limits.publisherPauseMs;
  }

  windowUsed(subscription: Subscription): void {
    if (this.#windows !== undefined) {
      this.#windows.push(subscription);
      return;
    }
    this.#windows = [subscription];
    this.#context.turn.after(() => this.#openWindows());
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
    const all = [...this.session.subscriptions.values()];
    // Behind the one that was given something last, or the first would take all the room each time.
    const inTurn = startingBehind(all, this.#windows?.at(-1));
    this.#windows = undefined;
    for (const each of inTurn) this.session.open(each);
    for (const publisher of this.#context.heldBack.waiting) publisher.release();
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
    if (this.#heldUntil > 0 && now >= this.#heldUntil) this.release();
    const halfSince = this.#intake?.halfSince ?? 0;
    if (halfSince > 0 && now >= halfSince + FRAME_MS) {
      const detail = `Cannot wait longer: half a frame came, and not the rest within ${FRAME_MS} ms`;
      this.fail(new Fault("frame-timeout", detail), this.#intake?.head);
      return now + LINGER_MS;
    }
    this.#outbox.retry();
    const halfAt = halfSince > 0 ? halfSince + FRAME_MS : Infinity;
    const stuckAt = Math.min(this.#checkStuck(now), halfAt);
    const life = this.#liveness.check({
      now,
      lastSentAt: this.#outbox.lastSentAt,
      paused: this.#paused,
    });
    if (life.action === "beat") this.#outbox.push(BEAT, false);
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
    this.#traceSent("ERROR", headers, body);
    return encodeFrame("ERROR", headers, { version, body, escape: about.wasConnected });
  }

  /** Whether what comes can be carried out at once: nobody waits, and nothing. */
  get #isAtHand(): boolean {
    if (this.#intake !== undefined || this.#state !== "connected") return false;
    return !this.#inTurn && !this.#waits;
  }

  #newIntake(): Intake {
    const { memory, limits: all } = this.#context;
    const { frameBytesMax, loginBytesMax, headersMax, headerLineBytesMax } = all;
    const most = Math.min(frameBytesMax, loginBytesMax);
    const first: DecoderLimits = { frameBytesMax: most, headersMax, headerLineBytesMax };
    const about = { rules: this.#rules, limits: first, memo: undefined };
    if (this.#state === "connecting") return new Intake(memory, about);
    return new Intake(memory, { ...about, limits: all, memo: (this.memo ??= new HeadMemo()) });
  }

  /** Counts what is left of the input, or lets go of what held it. */
  #settleIntake(): void {
    const intake = this.#intake;
    if (intake === undefined) return;
    if (this.#state === "closing") intake.discard();
    const now = this.now();
    if (intake.account(now)) {
      const fault = new Fault("memory-full", "Cannot read on: no memory left for messages");
      this.fail(fault, intake.head);
    }
    if (intake.halfSince === now) this.#context.deadlines.schedule(this, now + FRAME_MS);
    // A stream would need it again at once.
    if (intake.isEmpty && this.#wire.peer.messages) this.#intake = undefined;
  }

  #checkLoginBytes(): void {
    const { loginBytesMax } = this.#context.limits;
    if (this.#state !== "connecting" || this.#bytesBeforeLogin <= loginBytesMax) return;
    throw new Fault(
      "frame-too-large",
      `Cannot read on: expected CONNECT within the first ${loginBytesMax} bytes`,
    );
  }

  #carryOut(frame: Frame): void {
    this.#context.turn.charge(1);
    this.#onFrame(frame);
    this.#traced = undefined;
  }

  #onFrame(frame: Frame): void {
    const { counters, tap } = this.#context;
    counters.framesIn++;
    this.#framesIn++;
    if (frame.command === "SEND") this.#messagesIn++;
    this.#traced = tap === undefined ? undefined : traceReceived(tap, this.number, frame);
    const handler = COMMANDS[this.#state].get(frame.command);
    if (handler === undefined) {
      this.fail(refuseCommand(this.#state, frame.command), frame);
      return;
    }
    const receipt = headerOf(frame.headers, "receipt");
    if (receipt === undefined || this.#state === "connecting") {
      try {
        handler(this, frame, this.#doneOf());
      } catch (error) {
        this.fail(error, frame);
      }
      return;
    }
    this.#receipts ??= new Receipts(this);
    const settle = this.#receipts.open(receipt);
    try {
      handler(this, frame, (fault) => {
        if (fault !== undefined) return this.#failReceipted(fault, frame);
        settle();
        if (this.#receipts?.pending === 0) this.#receipts = undefined;
        this.#accepted();
      });
    } catch (error) {
      this.#failReceipted(error, frame);
    }
  }

  /** Who sends but a few frames, as most who only listen, had better not keep one. */
  #doneOf(): Done {
    return this.#framesIn > FEW_FRAMES ? (this.#done ??= this.#whenDone()) : this.#whenDone();
  }

  /** What the end of a frame without a receipt is told to: nothing of that frame matters then. */
  #whenDone(): Done {
    return (fault) => {
      if (fault === undefined) this.#accepted();
      else this.fail(fault, undefined);
    };
  }

  #failReceipted(error: unknown, frame: Frame): void {
    this.#receipts?.withdraw();
    this.fail(error, frame);
  }

  /** Sends a frame of the broker's own. */
  #push(command: string, headers: readonly string[], { escape }: { escape: boolean }): void {
    this.#context.counters.framesOut++;
    this.#traceSent(command, headers, "");
    const { version } = this.#rules;
    this.#outbox.push(encodeFrame(command, headers, { version, escape }), false);
  }

  #tellOf(type: "subscribed" | "unsubscribed", { id, named }: Subscription): void {
    this.#context.observe({ type, connection: this.number, id, destination: named });
  }

  #traceSent(command: string, headers: readonly string[], body: string): void {
    const { tap } = this.#context;
    const connection = this.number;
    if (tap !== undefined) traceSent(tap, { connection, command, headers, body });
  }

  /** The goodbye: everything out, then Close or FIN, then what still comes is thrown away. */
  #leave(code: number, reason: string): void {
    if (this.#leftAt > 0) return;
    this.session.close();
    this.#noteStaleAcks();
    this.#leftAt = this.now();
    this.#intake?.discard();
    this.#outbox.flushAll();
    if (this.#paused) this.#wire.resume();
    this.#wire.close(code, reason);
    this.#context.deadlines.schedule(this, this.#leftAt + LINGER_MS);
    // Nobody else tells of a wire that went before, while its input was held back.
    if (this.#wireGone !== undefined) this.#context.turn.after(() => this.#end());
  }

  #discard(bytes: number): void {
    this.#discarded += bytes;
    if (this.#leftAt > 0 && this.#discarded > LINGER_BYTES) this.#wire.destroy();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#state = "closing";
    this.#context.deadlines.cancel(this);
    this.session.close();
    this.#noteStaleAcks();
    this.release();
    this.#intake?.end();
    this.#intake = undefined;
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
  release(): void {
    this.#context.heldBack.waiting.delete(this);
    if (this.#heldUntil === 0) return;
    this.#heldUntil = 0;
    this.#park();
  }

  #park(): void {
    if (this.#inTurn || this.#ended) return;
    this.#inTurn = true;
    this.#readLess();
    this.#context.turn.park(this);
  }

  /** What waits for its turn need not stop what comes behind it: to pause and resume is two system calls. */
  #readLess(): void {
    this.#intake?.countWaiting();
    if ((this.#intake?.bytes ?? 0) > PARKED_MAX) this.#pauseReading();
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
    const used = this.#windows ?? [];
    this.#windows = undefined;
    for (const subscription of used) this.session.open(subscription);
  }

  /** A subscriber of topics that is behind and drains nothing meets the policy. */
  #checkStuck(now: number): number {
    const { limits } = this.#context;
    if (!this.#outbox.pressed || limits.slowConsumer !== "disconnect") return Infinity;
    const stuckAt = this.#outbox.stuckSince + limits.slowConsumerGraceMs;
    const releaseAt = this.#outbox.pressedAt + limits.publisherPauseMs;
    if (now >= releaseAt) for (const each of this.#context.heldBack.waiting) each.release();
    if (now < stuckAt) return now < releaseAt ? Math.min(releaseAt, stuckAt) : stuckAt;
    const hasTopics = [...this.session.subscriptions.values()].some(({ attachments }) =>
      attachments.some(({ binding, queue }) => binding !== undefined && queue === undefined),
    );
    if (!hasTopics) return now + limits.slowConsumerGraceMs;
    this.overflowed(`nothing could be sent for ${limits.slowConsumerGraceMs} ms`);
    return now + LINGER_MS;
  }

  /** When time is up for someone who has not logged in. */
  #loginAt(): number {
    const { loginTimeoutMs } = this.#context.limits;
    const inAll = this.#openedAt + LINE_PATIENCE * loginTimeoutMs;
    return this.#inLine ? inAll : Math.min(this.#readSince + loginTimeoutMs, inAll);
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

import type { Memory } from "../broker/memory.ts";
import type { Runtime } from "../runtime.ts";
import type { SessionLimits } from "./limits.ts";
import type { Turn } from "./turn.ts";
import type { Wire, WireFrame } from "./wire.ts";

/** What an outbox tells its connection. All come in a turn's tasks, never inside `push`. */
export interface OutboxOwner {
  /** Came over half its budget. */
  pressed(): void;
  /** Keeps large frames back because the transports have too much: `retry` is to be called soon. */
  kept(): void;
  /** Sent what it had, and there is room again for queues to deliver. */
  relieved(): void;
  /** Over its budget, or it drained nothing for too long: the policy applies. */
  overflowed(detail: string): void;
}

/** What all outboxes share. */
export interface OutboxContext {
  readonly turn: Turn;
  readonly memory: Memory;
  readonly runtime: Pick<Runtime, "now">;
  /** Bytes waiting, the wire's included, and what gives way over that. Looked up at each use. */
  readonly limits: Pick<SessionLimits, "outboxBytesMax" | "slowConsumer">;
}

/**
 * A batch is sent when it has so many frames or bytes, and at the latest at the
 * end of the turn. With 128 frames of 200 bytes a fan-out to 100 was 1.1 to 1.3
 * times as fast as with 64, with 256 it was the same.
 */
export const FLUSH_FRAMES = 128;
const FLUSH_BYTES = 64 * 1024;

/** Which of the frames that wait may be dropped, and which were. */
interface Droppable {
  /** For each frame whether it may be. */
  readonly may: boolean[];
  /** No frame in front of this one can be dropped any more. */
  from: number;
  /** Frames that were dropped: empty, all in front of `from`, until the others move up. */
  gone: number;
}

/** What only an outbox has whose client is behind. */
interface Trouble {
  /** Kept only where the policy drops. */
  droppable: Droppable | undefined;
  /** Whether frames wait here because the transports have too much. */
  kept: boolean;
  overflowing: boolean;
  relieving: boolean;
  dropped: number;
  pressedAt: number;
  stuckSince: number;
}

/**
 * Frames on their way to one client, sent in batches. Within its budget it
 * takes everything; what is over it meets the policy.
 *
 * Every idle client has one: twelve fields take 112 bytes, thirteen 160.
 */
export class Outbox {
  readonly #context: OutboxContext;
  readonly #owner: OutboxOwner;
  readonly #wire: Wire;
  /** A new one for each batch; none while there is none, as most of the time. */
  #frames: WireFrame[] | undefined;
  /** What each of them begins with; empty where they are whole. */
  #head = "";
  #bytes = 0;
  /** Bytes that the wire had not sent when we looked last. */
  #inWire = 0;
  /** Whether the turn will flush it: at its end, or when it is patient no more. */
  #flushing: "no" | "at the end" | "patiently" = "no";
  /** Takes no more but the last frame. */
  #cut = false;
  /** Whether it is over half its budget. */
  pressed = false;
  /** When something was handed to the wire last, in ms since the epoch. */
  lastSentAt: number;
  #trouble: Trouble | undefined = undefined;

  constructor(owner: OutboxOwner, wire: Wire, context: OutboxContext) {
    this.#owner = owner;
    this.#wire = wire;
    this.#context = context;
    this.lastSentAt = context.runtime.now();
  }

  /** Messages of topics that the policy dropped. */
  get dropped(): number {
    return this.#trouble?.dropped ?? 0;
  }

  /** When it last came over half its budget, in ms since the epoch. */
  get pressedAt(): number {
    return this.#trouble?.pressedAt ?? 0;
  }

  /** Since when it is over half its budget and the wire sends nothing, in ms since the epoch. */
  get stuckSince(): number {
    return this.#trouble?.stuckSince ?? 0;
  }

  /** Bytes waiting, the wire's included, as far as known. */
  get size(): number {
    return this.#bytes + this.#inWire;
  }

  /** Adds a frame. `droppable`: a message of a topic, which the policy may drop. */
  push(frame: WireFrame, droppable: boolean): void {
    this.pushAfter("", frame, droppable);
  }

  /** Adds a text frame of two parts; those of a batch that begin alike are put together in one go. */
  pushAfter(head: string, rest: WireFrame, droppable: boolean): void {
    if (this.#cut) return;
    const { turn, limits } = this.#context;
    const size = head.length + rest.length;
    // Large frames take long to send, and so count more.
    turn.charge(1 + (size >> 13));
    const isBehind = this.pressed || this.#bytes + this.#inWire > limits.outboxBytesMax;
    if (isBehind && !this.#admits(size, droppable)) return;
    this.#add(head, rest, droppable);
  }

  /** Adds the frame behind which nothing comes; no budget asks for it. */
  pushLast(frame: WireFrame): void {
    this.#context.turn.charge(1);
    this.#add("", frame, false);
    this.#cut = true;
  }

  #admits(size: number, droppable: boolean): boolean {
    const { memory } = this.#context;
    const bytesMax = this.#bytesMax;
    // With memory short, topics take no more for those who are behind; queues only move bytes.
    const short = droppable && this.pressed && memory.exceededBy(size);
    // Queues stop at half the budget: one large message more, and a receipt, are no reason to part.
    const budget = droppable ? bytesMax : 2 * bytesMax;
    return (this.size <= budget && !short) || this.#makeRoom(size, droppable);
  }

  #add(head: string, rest: WireFrame, droppable: boolean): void {
    const { turn, memory, limits } = this.#context;
    const { outboxBytesMax, slowConsumer } = limits;
    const size = head.length + rest.length;
    if (this.#frames === undefined) this.#head = head;
    else if (this.#head !== head) this.#makeWhole(this.#frames);
    const frames = (this.#frames ??= []);
    if (slowConsumer !== "disconnect" || this.#trouble?.droppable !== undefined) {
      // What was pushed while nothing could be dropped stays.
      const trouble = this.#inTrouble;
      trouble.droppable ??= { may: frames.map(() => false), from: 0, gone: 0 };
      trouble.droppable.may.push(droppable);
    }
    frames.push(this.#head === head ? rest : head + rest);
    this.#bytes += size;
    memory.used += size;
    if (!this.pressed && this.#bytes + this.#inWire > outboxBytesMax / 2) this.#press();
    if ((frames.length >= FLUSH_FRAMES || this.#bytes >= FLUSH_BYTES) && !this.#blocked) {
      this.#send(frames);
    }
    if (this.#frames === undefined || this.#flushing === "at the end") return;
    // Nobody waits for one message out of a flood as for a receipt.
    if (!droppable || !turn.servesFlood) {
      this.#flushing = "at the end";
      turn.flushLater(this);
    } else if (this.#flushing === "no") {
      this.#flushing = "patiently";
      turn.flushPatiently(this);
    }
  }

  /** Those that begin differently are kept whole. */
  #makeWhole(frames: readonly WireFrame[]): void {
    const head = this.#head;
    if (head === "") return;
    // Those that were dropped stay empty.
    this.#frames = frames.map((rest) => (isThere(rest) ? head + rest : rest));
    this.#head = "";
  }

  /** The end of the turn: sends what there is. */
  flush(): void {
    this.#flushing = "no";
    if (this.#frames !== undefined && !this.#blocked) this.#send(this.#frames);
  }

  /** Sends everything whatever the wire has; before a goodbye. */
  flushAll(): void {
    this.#cut = true;
    if (this.#frames !== undefined) this.#send(this.#frames);
  }

  /** The wire sent something of what it had. */
  drained(): void {
    const before = this.#inWire;
    this.#sample();
    if (this.#inWire < before) this.#inTrouble.stuckSince = this.#context.runtime.now();
    if (this.#frames !== undefined && !this.#blocked) this.#send(this.#frames);
    if (this.pressed && this.size <= this.#bytesMax / 2) this.#relieve();
  }

  /** Forgets what was not handed to the wire; returns how many frames. */
  clear(): number {
    const count = (this.#frames?.length ?? 0) - (this.#trouble?.droppable?.gone ?? 0);
    this.#context.memory.used -= this.#bytes;
    this.#takenAll();
    this.#bytes = 0;
    return count;
  }

  /** The wire is gone: nothing counts any more. */
  close(): void {
    this.clear();
    this.#context.memory.used -= this.#inWire;
    this.#context.memory.inWires -= this.#inWire;
    this.#inWire = 0;
  }

  get #bytesMax(): number {
    return this.#context.limits.outboxBytesMax;
  }

  /** Whether messages of topics give way, rather than the connection. */
  get #drops(): boolean {
    return this.#context.limits.slowConsumer !== "disconnect";
  }

  /** Where messages may be dropped they wait here, not in the wire. */
  get #blocked(): boolean {
    const bytesMax = this.#bytesMax;
    return this.#inWire > (this.#drops ? Math.min(FLUSH_BYTES, bytesMax / 4) : bytesMax);
  }

  /** Sends what was kept back while the transports had too much. */
  retry(): void {
    const isKept = this.#trouble?.kept === true;
    if (isKept && this.#frames !== undefined && !this.#blocked) this.#send(this.#frames);
  }

  #send(waiting: readonly WireFrame[]): void {
    const { memory, turn } = this.#context;
    const isKept = this.#bytes > FLUSH_BYTES && memory.wiresAreFull && !this.#cut;
    if (isKept || this.#trouble !== undefined) this.#inTrouble.kept = isKept;
    if (isKept) {
      // Here the frames of all who are alike are one string; in the wire each has a copy.
      turn.after(() => this.#owner.kept());
      return;
    }
    const frames = (this.#trouble?.droppable?.gone ?? 0) > 0 ? waiting.filter(isThere) : waiting;
    this.#takenAll();
    memory.used -= this.#bytes;
    this.#bytes = 0;
    this.lastSentAt = this.#context.runtime.now();
    this.#wire.write(frames, this.#head);
    this.#sample();
    if (this.pressed && this.size <= this.#bytesMax / 2) this.#relieve();
  }

  #takenAll(): void {
    this.#frames = undefined;
    if (this.#trouble !== undefined) this.#trouble.droppable = undefined;
  }

  /** Most clients never are: they read what they are sent. */
  get #inTrouble(): Trouble {
    this.#trouble ??= {
      ...{ droppable: undefined, kept: false, overflowing: false, relieving: false },
      ...{ dropped: 0, pressedAt: 0, stuckSince: 0 },
    };
    return this.#trouble;
  }

  #sample(): void {
    const { memory } = this.#context;
    const inWire = this.#wire.buffered;
    if (inWire === this.#inWire) return;
    memory.used += inWire - this.#inWire;
    memory.inWires += inWire - this.#inWire;
    this.#inWire = inWire;
  }

  #press(): void {
    this.pressed = true;
    const trouble = this.#inTrouble;
    trouble.pressedAt = trouble.stuckSince = this.#context.runtime.now();
    this.#context.turn.after(() => this.#owner.pressed());
  }

  #relieve(): void {
    this.pressed = false;
    const trouble = this.#inTrouble;
    if (trouble.relieving) return;
    trouble.relieving = true;
    this.#context.turn.after(() => {
      trouble.relieving = false;
      this.#owner.relieved();
    });
  }

  /** Over the budget: whether the frame is taken all the same. */
  #makeRoom(size: number, droppable: boolean): boolean {
    const trouble = this.#inTrouble;
    const { turn, limits } = this.#context;
    const { outboxBytesMax: bytesMax, slowConsumer: policy } = limits;
    if (policy === "drop-newest" && droppable) {
      trouble.dropped++;
      return false;
    }
    if (policy === "drop-oldest" && droppable) {
      this.#dropOldest(bytesMax - size);
      if (this.size <= bytesMax) return true;
      trouble.dropped++;
      return false;
    }
    if (!trouble.overflowing) {
      trouble.overflowing = true;
      const waiting = this.size;
      turn.after(() =>
        this.#owner.overflowed(`${waiting} bytes wait to be sent, at most ${bytesMax} may`),
      );
    }
    // Twice the budget is the end: behind a frame that is left out nothing may follow but the last.
    this.#cut = this.size > 2 * bytesMax;
    return !this.#cut;
  }

  /** Drops the oldest that may be, until so many bytes wait at most. One at a time: each costs little. */
  #dropOldest(bytesMost: number): void {
    const frames = this.#frames;
    const trouble = this.#inTrouble;
    const drops = trouble.droppable;
    if (frames === undefined || drops === undefined) return;
    for (; drops.from < frames.length && this.size > bytesMost; drops.from++) {
      if (drops.may[drops.from] !== true) continue;
      const size = this.#head.length + (frames[drops.from]?.length ?? 0);
      frames[drops.from] = "";
      drops.gone++;
      this.#bytes -= size;
      this.#context.memory.used -= size;
      trouble.dropped++;
    }
    // To take each out by itself would move all others each time.
    if (drops.gone * 2 < frames.length) return;
    const may = drops.may.filter((_, at) => isThere(frames[at]));
    this.#frames = frames.length === drops.gone ? undefined : frames.filter(isThere);
    trouble.droppable = { may, from: drops.from - drops.gone, gone: 0 };
  }
}

/** Whether it was not dropped: no frame is empty. */
function isThere(frame: WireFrame | undefined): boolean {
  return frame !== undefined && frame.length > 0;
}

import type { Memory } from "../broker/memory.ts";
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

/** Bounds of an outbox. */
export interface OutboxOptions {
  readonly wire: Wire;
  readonly turn: Turn;
  readonly memory: Memory;
  /** The clock, in ms since the epoch. */
  readonly now: () => number;
  /** Bytes waiting, the wire's included. */
  readonly bytesMax: number;
  /** What gives way over the budget: the connection, or messages of topics. */
  readonly policy: "disconnect" | "drop-oldest" | "drop-newest";
}

/** A batch is sent when it has so many frames or bytes, and at the latest at the end of the turn. */
export const FLUSH_FRAMES = 64;
const FLUSH_BYTES = 64 * 1024;

/**
 * Frames on their way to one client, sent in batches. Within its budget it
 * takes everything; what is over it meets the policy.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #owner: OutboxOwner;
  #frames: WireFrame[] = [];
  /** For each frame whether it may be dropped; kept only where the policy drops. */
  #droppable: boolean[] | undefined;
  #bytes = 0;
  /** Bytes that the wire had not sent when we looked last. */
  #inWire = 0;
  #flushing = false;
  /** Whether frames wait here because the transports have too much. */
  #kept = false;
  #overflowing = false;
  /** Takes no more but the last frame. */
  #cut = false;
  #relieving = false;
  /** Messages of topics that the policy dropped. */
  dropped = 0;
  /** Whether it is over half its budget. */
  pressed = false;
  /** When it last came over half its budget, in ms since the epoch. */
  pressedAt = 0;
  /** Frames handed to the wire so far. */
  framesSent = 0;
  /** When something was handed to the wire last, in ms since the epoch. */
  lastSentAt: number;
  /** Since when it is over half its budget and the wire sends nothing, in ms since the epoch. */
  stuckSince = 0;

  constructor(owner: OutboxOwner, options: OutboxOptions) {
    this.#owner = owner;
    this.#options = options;
    this.lastSentAt = options.now();
    if (options.policy !== "disconnect") this.#droppable = [];
  }

  /** Bytes waiting, the wire's included, as far as known. */
  get size(): number {
    return this.#bytes + this.#inWire;
  }

  /** Adds a frame. `droppable`: a message of a topic, which the policy may drop. */
  push(frame: WireFrame, droppable: boolean): void {
    if (this.#cut) return;
    const { turn, bytesMax, memory } = this.#options;
    const size = frame.length;
    // Large frames take long to send, and so count more.
    turn.charge(1 + (size >> 13));
    // With memory short, topics take no more for those who are behind; queues only move bytes.
    const short = droppable && this.pressed && memory.exceededBy(size);
    // Queues stop at half the budget: one large message more, and a receipt, are no reason to part.
    const budget = droppable ? bytesMax : 2 * bytesMax;
    if (this.size > budget || short) {
      if (!this.#makeRoom(size, droppable)) return;
    }
    this.#add(frame, droppable);
  }

  /** Adds the frame behind which nothing comes; no budget asks for it. */
  pushLast(frame: WireFrame): void {
    this.#options.turn.charge(1);
    this.#add(frame, false);
    this.#cut = true;
  }

  #add(frame: WireFrame, droppable: boolean): void {
    const { turn, bytesMax, memory } = this.#options;
    const size = frame.length;
    this.#frames.push(frame);
    this.#droppable?.push(droppable);
    this.#bytes += size;
    memory.used += size;
    if (!this.pressed && this.size > bytesMax / 2) this.#press();
    if (this.#frames.length >= FLUSH_FRAMES || this.#bytes >= FLUSH_BYTES) {
      if (!this.#blocked) this.#send();
    }
    if (!this.#flushing && this.#frames.length > 0) {
      this.#flushing = true;
      turn.flushLater(this);
    }
  }

  /** The end of the turn: sends what there is. */
  flush(): void {
    this.#flushing = false;
    if (this.#frames.length > 0 && !this.#blocked) this.#send();
  }

  /** Sends everything whatever the wire has; before a goodbye. */
  flushAll(): void {
    this.#cut = true;
    if (this.#frames.length > 0) this.#send();
  }

  /** The wire sent something of what it had. */
  drained(): void {
    const before = this.#inWire;
    this.#sample();
    if (this.#inWire < before) this.stuckSince = this.#options.now();
    if (!this.#blocked && this.#frames.length > 0) this.#send();
    if (this.pressed && this.size <= this.#options.bytesMax / 2) this.#relieve();
  }

  /** Forgets what was not handed to the wire; returns how many frames. */
  clear(): number {
    const count = this.#frames.length;
    this.#options.memory.used -= this.#bytes;
    this.#frames = [];
    this.#bytes = 0;
    if (this.#droppable !== undefined) this.#droppable = [];
    return count;
  }

  /** The wire is gone: nothing counts any more. */
  close(): void {
    this.clear();
    this.#options.memory.used -= this.#inWire;
    this.#options.memory.inWires -= this.#inWire;
    this.#inWire = 0;
  }

  /** Where messages may be dropped they wait here, not in the wire. */
  get #blocked(): boolean {
    const { bytesMax } = this.#options;
    return (
      this.#inWire >
      (this.#droppable === undefined ? bytesMax : Math.min(FLUSH_BYTES, bytesMax / 4))
    );
  }

  /** Sends what was kept back while the transports had too much. */
  retry(): void {
    if (this.#kept && this.#frames.length > 0 && !this.#blocked) this.#send();
  }

  #send(): void {
    const { memory, turn } = this.#options;
    this.#kept = this.#bytes > FLUSH_BYTES && memory.wiresAreFull && !this.#cut;
    if (this.#kept) {
      // Here the frames of all who are alike are one string; in the wire each has a copy.
      turn.after(() => this.#owner.kept());
      return;
    }
    const frames = this.#frames;
    this.#frames = [];
    if (this.#droppable !== undefined) this.#droppable = [];
    memory.used -= this.#bytes;
    this.#bytes = 0;
    this.framesSent += frames.length;
    this.lastSentAt = this.#options.now();
    this.#options.wire.write(frames);
    this.#sample();
    if (this.pressed && this.size <= this.#options.bytesMax / 2) this.#relieve();
  }

  #sample(): void {
    const { wire, memory } = this.#options;
    const inWire = wire.buffered;
    memory.used += inWire - this.#inWire;
    memory.inWires += inWire - this.#inWire;
    this.#inWire = inWire;
  }

  #press(): void {
    this.pressed = true;
    this.pressedAt = this.stuckSince = this.#options.now();
    this.#options.turn.after(() => this.#owner.pressed());
  }

  #relieve(): void {
    this.pressed = false;
    if (this.#relieving) return;
    this.#relieving = true;
    this.#options.turn.after(() => {
      this.#relieving = false;
      this.#owner.relieved();
    });
  }

  /** Over the budget: whether the frame is taken all the same. */
  #makeRoom(size: number, droppable: boolean): boolean {
    const { policy, bytesMax, turn } = this.#options;
    if (policy === "drop-newest" && droppable) {
      this.dropped++;
      return false;
    }
    if (policy === "drop-oldest" && this.#droppable !== undefined && droppable) {
      for (let i = 0; i < this.#frames.length && this.size + size > bytesMax; i++) {
        if (this.#droppable[i] === true) this.#dropAt(i--);
      }
      if (this.size <= bytesMax) return true;
      this.dropped++;
      return false;
    }
    if (!this.#overflowing) {
      this.#overflowing = true;
      const waiting = this.size;
      turn.after(() =>
        this.#owner.overflowed(`${waiting} bytes wait to be sent, at most ${bytesMax} may`),
      );
    }
    // Twice the budget is the end: behind a frame that is left out nothing may follow but the last.
    this.#cut = this.size > 2 * bytesMax;
    return !this.#cut;
  }

  #dropAt(index: number): void {
    const [frame] = this.#frames.splice(index, 1);
    this.#droppable?.splice(index, 1);
    const size = frame?.length ?? 0;
    this.#bytes -= size;
    this.#options.memory.used -= size;
    this.dropped++;
  }
}

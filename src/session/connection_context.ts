import type { Memory } from "../broker/memory.ts";
import type { MessageFilter } from "../broker/subscriber.ts";
import type { LocalEngine } from "../engine/local.ts";
import type { FaultCode } from "../fault.ts";
import type { FrameTap, Observe } from "../observe/events.ts";
import type { Runtime } from "../runtime.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Interner } from "./interner.ts";
import type { SessionLimits } from "./limits.ts";
import type { Turn } from "./turn.ts";

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

/** A publisher that waits for a subscriber which is behind. */
export interface HeldPublisher {
  /** It waits no longer. */
  release(): void;
}

/** Publishers that wait. */
export interface HeldBack {
  readonly waiting: Set<HeldPublisher>;
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
  /** Who looks at frames; undefined, and next to free, unless someone does. */
  tap: FrameTap | undefined;
  readonly interner: Interner;
  /** Reads a selector. @throws Fault `bad-selector` */
  readonly filterOf: (selector: string) => MessageFilter;
  /** Unique to this run; ids of sessions and deliveries begin with it. */
  readonly boot: string;
  /** The `server` header of CONNECTED. */
  readonly server: string;
}

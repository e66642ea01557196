import { type Inbound, type Peer, type Wire, wholeFrames } from "../../src/session/wire.ts";
import type { Line, LineEvents } from "./line.ts";
import type { ManualRuntime } from "./manual_runtime.ts";

/** What kind of transport a fake line pretends to be. */
export interface FakeLineOptions {
  /** Whether the far end answers pings as a WebSocket peer does. Default false. */
  readonly answersPings?: boolean;
  /** Whether it comes from the broker's own machine; by default it does. */
  readonly local?: boolean;
  /** Whether pings get their pongs. Default true. */
  readonly pongs?: boolean;
  /** Whether the client keeps its side open after the broker's goodbye. Default false. */
  readonly lingers?: boolean;
  /** Numeric address of the client. Default 127.0.0.1. */
  readonly address?: string;
}

/** A line without a socket, and what a test may ask of it. */
export interface FakeLine extends Line {
  readonly transport: "fake";
  /** Pings received. */
  readonly pings: number;
  /** Bytes that the broker wrote and that were not taken because the line is stalled. */
  readonly unsentBytes: number;
  /** Whether the broker has asked not to be sent anything. */
  readonly paused: boolean;
}

/** What takes the broker's end of a fake line. */
export interface FakeBroker {
  readonly runtime: ManualRuntime;
  accept(wire: Wire): Inbound | null;
}

/**
 * Connects a fake line to the broker. It fulfils the contract of a wire to the
 * letter: writes are kept while the far end does not read, calls inward never
 * overlap, and `closed` is told once and last.
 */
export function openFakeLine(
  broker: FakeBroker,
  events: LineEvents,
  options: FakeLineOptions = {},
): FakeLine {
  const { runtime } = broker;
  let stalled = false;
  let paused = false;
  let pings = 0;
  let state: "open" | "closing" | "gone" = "open";
  let goodbye: { code: number; reason: string } | null = null;
  let unsent: (string | Uint8Array)[] = [];
  let unread: (string | Uint8Array)[] = [];
  let inside = false;
  let inbound: Inbound | null = null;

  const inward = (call: (inbound: Inbound) => void): void => {
    if (inside) throw new Error("Calls into a connection overlap");
    if (inbound === null) return;
    inside = true;
    try {
      call(inbound);
    } finally {
      inside = false;
    }
  };
  const later = (call: (inbound: Inbound) => void): void => {
    runtime.defer(() => inward(call));
  };
  const gone = (reason: string): void => {
    if (state === "gone") return;
    state = "gone";
    later((to) => to.closed(reason));
  };
  const sayGoodbye = (): void => {
    if (goodbye === null) return;
    events.closed({ ...goodbye, clean: true });
    goodbye = null;
    if (options.lingers !== true) gone("the far end answered the close");
  };
  const hand = (frames: (string | Uint8Array)[]): void => {
    for (const frame of frames) {
      events.data(typeof frame === "string" ? frame : frame.slice());
    }
  };
  const readMore = (): void => {
    while (!paused && state !== "gone" && unread.length > 0) {
      const piece = unread.shift();
      if (piece !== undefined) inward((to) => to.receive(piece));
    }
  };
  const size = (frame: string | Uint8Array): number =>
    typeof frame === "string" ? Buffer.byteLength(frame) : frame.length;

  const peer: Peer = {
    transport: "fake",
    address: options.address ?? "127.0.0.1",
    port: 1,
    messages: true,
    answersPings: options.answersPings ?? false,
    local: options.local ?? true,
    subProtocol: "",
  };
  const wire: Wire = {
    peer,
    write: (rests, head) => {
      if (state !== "open") return;
      const frames = wholeFrames(rests, head);
      if (stalled) unsent.push(...frames);
      else hand([...frames]);
    },
    get buffered() {
      return unsent.reduce((sum, frame) => sum + size(frame), 0);
    },
    pause: () => {
      paused = true;
    },
    resume: () => {
      if (!paused) return;
      paused = false;
      runtime.defer(readMore);
    },
    ping: () => {
      if (state !== "open") return;
      pings++;
      if (options.pongs !== false) later((to) => to.ponged());
    },
    close: (code, reason) => {
      if (state !== "open") return;
      state = "closing";
      goodbye = { code, reason };
      if (!stalled) sayGoodbye();
    },
    destroy: () => {
      if (state === "gone") return;
      unsent = [];
      if (goodbye !== null || state === "open") {
        events.closed({ code: 1006, reason: "", clean: false });
      }
      goodbye = null;
      gone("destroyed");
    },
  };
  inbound = broker.accept(wire);
  if (inbound === null && state === "open") {
    state = "gone";
    events.closed({ code: 1006, reason: "", clean: false });
  }
  return {
    transport: "fake",
    get pings() {
      return pings;
    },
    get unsentBytes() {
      return wire.buffered;
    },
    get paused() {
      return paused;
    },
    send: (piece) => {
      if (state === "gone") return;
      unread.push(piece);
      readMore();
    },
    stall: () => {
      stalled = true;
    },
    flow: () => {
      stalled = false;
      const frames = unsent;
      unsent = [];
      hand(frames);
      if (state === "open" && frames.length > 0) later((to) => to.drained());
      sayGoodbye();
      runtime.pump();
    },
    end: () => {
      if (state === "open") events.closed({ code: 1000, reason: "", clean: true });
      gone("the far end said goodbye");
      runtime.pump();
    },
    cut: () => {
      if (state === "open") events.closed({ code: 1006, reason: "", clean: false });
      gone("the far end is lost");
      runtime.pump();
    },
  };
}

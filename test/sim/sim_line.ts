import { type Inbound, type Peer, type Wire, wholeFrames } from "../../src/session/wire.ts";
import type { Closed, LineEvents } from "../support/line.ts";
import type { Chance } from "./chance.ts";
import type { VirtualRuntime } from "./virtual_runtime.ts";

/** How a line behaves. */
export interface LineStyle {
  /** `messages` as WebSocket does, `stream` as TCP does. */
  readonly carries: "messages" | "stream";
  /** How what the client sends is cut. */
  readonly cut: "whole" | "random" | "bytes";
  /** Longest time that a piece is under way, in ms. */
  readonly latencyMs: number;
  /** What the system takes of the broker's output before it is buffered, in bytes. */
  readonly kernelBytes: number;
  /** Whether the end is told from inside `write`, `close` and `destroy`. */
  readonly breaksInside: boolean;
}

/** The client's end of a simulated line. */
export interface SimLine {
  /** When the broker said goodbye or cut the line, in ms of the simulation. */
  readonly leftAt: number | undefined;
  /** Whether the broker knows that the line is gone. */
  readonly gone: boolean;
  send(data: string | Uint8Array): void;
  /** Stops reading. */
  stall(): void;
  /** Reads again. */
  flow(): void;
  /** Says goodbye behind what was sent. */
  end(): void;
  /** Is lost: what is under way gets through up to any byte. */
  cut(): void;
}

/** What a line runs in. */
export interface LineWorld {
  readonly runtime: VirtualRuntime;
  readonly chance: Chance;
  accept(wire: Wire): Inbound;
}

const READ_AHEAD_BYTES = 4_096;

/** Opens a simulated line to the broker. */
export function openSimLine(
  world: LineWorld,
  options: { readonly style: LineStyle; readonly events: LineEvents },
): SimLine {
  const { runtime, chance } = world;
  const { style, events } = options;
  const stream = style.carries === "stream";
  let inbound: Inbound | undefined;
  let inside = false;
  /** What the client sent and the broker has not read. */
  let incoming: (string | Uint8Array)[] = [];
  let incomingPlanned = false;
  let paused = false;
  let readAhead = 0;
  let clientIs: "there" | "finished" | "lost" = "there";
  /** What the broker wrote: not yet taken by the system, and taken but not yet read. */
  let buffered: (string | Uint8Array)[] = [];
  let bufferedBytes = 0;
  let kernel: (string | Uint8Array)[] = [];
  let kernelBytes = 0;
  let readPlanned = false;
  let stalled = false;
  let leftAt: number | undefined;
  let goodbye: Closed | undefined;
  let clientTold = false;

  const delay = (): number => chance.integer(0, style.latencyMs);
  const inward = (call: (inbound: Inbound) => void): void => {
    if (inbound === undefined) return;
    if (inside) throw new Error("Calls into a connection overlap");
    inside = true;
    try {
      call(inbound);
    } finally {
      inside = false;
    }
  };
  const tellBroker = (reason: string): void => {
    const to = inbound;
    inbound = undefined;
    to?.closed(reason);
  };
  const tellClient = (how: Closed): void => {
    if (clientTold) return;
    clientTold = true;
    if (clientIs !== "lost") events.closed(how);
  };

  // Inward.

  const planIncoming = (ms = delay()): void => {
    if (incomingPlanned) return;
    incomingPlanned = true;
    runtime.after(ms, () => {
      incomingPlanned = false;
      readIncoming();
    });
  };
  const readIncoming = (): void => {
    if (inbound === undefined) return;
    let pieces = stream ? cutStream(join(incoming), { style, chance }) : incoming;
    incoming = [];
    while (pieces.length > 0 && inbound !== undefined) {
      const [piece, ...rest] = pieces;
      if (piece === undefined) break;
      if (paused) {
        if (readAhead + piece.length > READ_AHEAD_BYTES || chance.odds(0.5)) break;
        readAhead += piece.length;
      }
      pieces = rest;
      inward((to) => to.receive(piece));
      if (chance.odds(0.03)) break;
    }
    incoming = [...pieces, ...incoming];
    if (paused && clientIs !== "lost") return;
    if (incoming.length > 0) {
      if (!paused) planIncoming();
      else if (style.breaksInside) tellBroker("lost while it was not read");
    } else if (clientIs !== "there" && !paused) tellBroker(`the client ${clientIs}`);
  };

  // Outward.

  const fillKernel = (): boolean => {
    let moved = false;
    while (kernelBytes < style.kernelBytes) {
      const piece = buffered.shift();
      if (piece === undefined) break;
      const room = style.kernelBytes - kernelBytes;
      const whole = !stream || piece.length <= room || typeof piece === "string";
      const taken = whole ? piece : piece.subarray(0, room);
      if (!whole) buffered.unshift(piece.subarray(room));
      kernel.push(taken);
      kernelBytes += sizeOf(taken);
      bufferedBytes -= sizeOf(taken);
      moved = true;
    }
    return moved;
  };
  const planRead = (): void => {
    if (readPlanned || stalled) return;
    readPlanned = true;
    runtime.after(delay(), () => {
      readPlanned = false;
      readOutgoing();
    });
  };
  const readOutgoing = (): void => {
    if (stalled || clientIs === "lost") return;
    let count = chance.odds(0.5) ? kernel.length : chance.integer(0, kernel.length);
    while (count-- > 0 && !stalled) {
      const piece = kernel.shift();
      if (piece === undefined) break;
      kernelBytes -= sizeOf(piece);
      if (!stream || typeof piece === "string" || chance.odds(0.7)) {
        events.data(piece);
      } else {
        const at = chance.integer(0, piece.length);
        events.data(piece.subarray(0, at));
        events.data(piece.subarray(at));
      }
    }
    if (fillKernel()) runtime.after(0, () => inward((to) => to.drained()));
    if (kernel.length > 0) planRead();
    else farewell();
  };
  const forgetOutgoing = (): void => {
    buffered = [];
    kernel = [];
    bufferedBytes = 0;
    kernelBytes = 0;
  };
  const farewell = (): void => {
    if (goodbye === undefined || kernel.length + buffered.length > 0 || stalled) return;
    const how = goodbye;
    goodbye = undefined;
    tellClient(how);
    // Most clients close at once, a few need to be cut.
    runtime.after(chance.odds(0.9) ? delay() : 4_000, () => {
      if (clientIs !== "lost") clientIs = "finished";
      planIncoming(0);
    });
  };

  const peer: Peer = {
    transport: style.carries,
    address: "127.0.0.1",
    port: 1,
    messages: !stream,
    answersPings: !stream,
    local: true,
    subProtocol: "",
  };
  const wire: Wire = {
    peer,
    write: (rests, head) => {
      if (leftAt !== undefined || inbound === undefined) return;
      if (clientIs === "lost") {
        if (style.breaksInside) tellBroker("broken");
        return;
      }
      for (const frame of wholeFrames(rests, head)) {
        const piece = stream ? bytesOf(frame) : frame;
        buffered.push(piece);
        bufferedBytes += sizeOf(piece);
      }
      fillKernel();
      planRead();
    },
    get buffered() {
      return inbound === undefined ? 0 : bufferedBytes;
    },
    pause: () => {
      paused = true;
      readAhead = 0;
    },
    resume: () => {
      if (!paused) return;
      paused = false;
      planIncoming();
    },
    ping: () => {
      if (stream || clientIs === "lost") return;
      runtime.after(delay(), () => {
        if (!stalled) inward((to) => to.ponged());
      });
    },
    close: (code, reason) => {
      if (leftAt !== undefined || inbound === undefined) return;
      leftAt = runtime.elapsedMs;
      goodbye = { code, reason, clean: true };
      if (clientIs === "lost") {
        if (style.breaksInside) tellBroker("closed");
        else runtime.after(delay(), () => tellBroker("closed"));
      } else {
        runtime.after(delay(), farewell);
      }
    },
    destroy: () => {
      if (inbound === undefined) return;
      leftAt ??= runtime.elapsedMs;
      forgetOutgoing();
      goodbye = undefined;
      runtime.after(delay(), () => tellClient({ code: 1006, reason: "", clean: false }));
      if (style.breaksInside) tellBroker("destroyed");
      else runtime.after(0, () => tellBroker("destroyed"));
    },
  };
  inbound = world.accept(wire);
  return {
    get leftAt() {
      return leftAt;
    },
    get gone() {
      return inbound === undefined;
    },
    send: (data) => {
      if (clientIs !== "there") return;
      if (stream) incoming.push(bytesOf(data));
      else incoming.push(...cutMessage(data, { style, chance }));
      planIncoming();
    },
    stall: () => {
      stalled = true;
    },
    flow: () => {
      stalled = false;
      planRead();
    },
    end: () => {
      if (clientIs !== "there") return;
      clientIs = "finished";
      planIncoming();
    },
    cut: () => {
      if (clientIs === "lost") return;
      clientIs = "lost";
      if (stream) {
        const bytes = join(incoming);
        incoming = bytes.length === 0 ? [] : [bytes.subarray(0, chance.integer(0, bytes.length))];
      } else {
        incoming = incoming.slice(0, chance.integer(0, incoming.length));
      }
      forgetOutgoing();
      planIncoming();
    },
  };
}

function sizeOf(data: string | Uint8Array): number {
  return typeof data === "string" ? Buffer.byteLength(data) : data.length;
}

function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? Buffer.from(data) : data;
}

function join(pieces: readonly (string | Uint8Array)[]): Uint8Array {
  return Buffer.concat(pieces.map(bytesOf));
}

interface Cutting {
  readonly style: LineStyle;
  readonly chance: Chance;
}

function cutStream(bytes: Uint8Array, { style, chance }: Cutting): Uint8Array[] {
  if (bytes.length === 0) return [];
  if (style.cut === "whole") return [bytes];
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    // Single bytes for a while, then the rest: every position has its turn.
    const most = style.cut === "bytes" && pieces.length < 60 ? 3 : Math.max(1, bytes.length);
    const size = chance.integer(1, most);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

function cutMessage(
  data: string | Uint8Array,
  { style, chance }: Cutting,
): (string | Uint8Array)[] {
  if (style.cut === "whole" || chance.odds(0.5)) return [data];
  // A text message holds whole characters.
  const at = chance.integer(1, Math.max(1, data.length - 1));
  if (typeof data !== "string") return [data.subarray(0, at), data.subarray(at)];
  const safe = /[\udc00-\udfff]/.test(data.charAt(at)) ? at - 1 : at;
  return [data.slice(0, safe), data.slice(safe)];
}

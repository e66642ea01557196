import type { Server, ServerWebSocket, WebSocketHandler } from "bun";
import { quote } from "../fault.ts";
import type { Inbound, Peer, Wire } from "../session/wire.ts";

/** What a WebSocket carries with it. */
export interface SocketData {
  readonly address: string;
  readonly port: number;
  wire: WebSocketWire | undefined;
  inbound: Inbound | undefined;
}

/** Sub-protocols spoken, the highest first. */
export const SUB_PROTOCOLS = ["v12.stomp", "v11.stomp", "v10.stomp", "stomp"] as const;

/** What to do with a request to upgrade. */
export type Upgrade =
  | { readonly ok: true; readonly protocol: string | undefined }
  | { readonly ok: false; readonly detail: string };

/**
 * Chooses the sub-protocol: the highest offered, none if none was offered. If
 * only unknown ones are offered the handshake fails, and says which are known.
 */
export function chooseSubProtocol(offer: string | null): Upgrade {
  if (offer === null) return { ok: true, protocol: undefined };
  const offered = offer.split(",").map((each) => each.trim());
  const protocol = SUB_PROTOCOLS.find((each) => offered.includes(each));
  if (protocol !== undefined) return { ok: true, protocol };
  const known = SUB_PROTOCOLS.join(", ");
  const detail = `Cannot upgrade with sub-protocol ${quote(offer)}: expected one of ${known}, or none`;
  return { ok: false, detail };
}

/** Upgrades a request; false if the handshake was not one. */
export function upgrade(
  request: Request,
  server: Server<SocketData>,
  protocol: string | undefined,
): boolean {
  const ip = server.requestIP(request);
  return server.upgrade(request, {
    // Unless told which, Bun would echo the first offer, whatever it is.
    headers: protocol === undefined ? {} : { "Sec-WebSocket-Protocol": protocol },
    data: { address: ip?.address ?? "", port: ip?.port ?? 0, wire: undefined, inbound: undefined },
  });
}

/**
 * The handlers of `Bun.serve`. `accept` takes a new wire in. Bun's own
 * time-outs, pings, limits on what waits and compression are off: the session
 * has better ones, and what Bun drops it drops silently.
 */
export function webSocketHandler(options: {
  readonly accept: (wire: Wire) => Inbound;
  /** Bytes of one message; more closes with 1009. */
  readonly messageBytesMax: number;
}): WebSocketHandler<SocketData> {
  return {
    maxPayloadLength: options.messageBytesMax,
    backpressureLimit: 0,
    closeOnBackpressureLimit: false,
    idleTimeout: 0,
    sendPings: false,
    perMessageDeflate: false,
    open: (socket) => {
      const wire = new WebSocketWire(socket);
      socket.data.wire = wire;
      socket.data.inbound = options.accept(wire);
    },
    message: (socket, data) => socket.data.inbound?.receive(data),
    drain: (socket) => socket.data.inbound?.drained(),
    ping: (socket) => socket.data.inbound?.ponged(),
    pong: (socket) => socket.data.inbound?.ponged(),
    close: (socket, code, reason) => {
      const { inbound } = socket.data;
      socket.data.inbound = undefined;
      socket.data.wire?.gone();
      inbound?.closed(`WebSocket closed with ${code}${reason === "" ? "" : ` ${reason}`}`);
    },
  };
}

/** RFC 6455 section 5.5: a close frame's payload has at most 125 bytes, two of them the code. */
const REASON_BYTES_MAX = 123;

/** A WebSocket as a wire. */
export class WebSocketWire implements Wire {
  readonly peer: Peer;
  /** What `sendBatch` is to send. */
  batch: readonly (string | Uint8Array)[] = [];
  readonly #socket: ServerWebSocket<SocketData>;
  #open = true;

  constructor(socket: ServerWebSocket<SocketData>) {
    this.#socket = socket;
    const { address, port } = socket.data;
    this.peer = { transport: "ws", address, port, messages: true, answersPings: true };
  }

  write(frames: readonly (string | Uint8Array)[]): void {
    if (!this.#open) return;
    this.batch = frames;
    this.#socket.cork(sendBatch);
    this.batch = [];
  }

  get buffered(): number {
    return this.#open ? this.#socket.getBufferedAmount() : 0;
  }

  pause(): void {
    if (this.#open) this.#socket.pause();
  }

  resume(): void {
    if (this.#open) this.#socket.resume();
  }

  ping(): void {
    if (this.#open) this.#socket.ping();
  }

  close(code: number, reason: string): void {
    if (this.#open) this.#socket.close(code, reason.slice(0, REASON_BYTES_MAX));
  }

  destroy(): void {
    if (this.#open) this.#socket.terminate();
  }

  /** The socket is closed: to touch it again would throw. */
  gone(): void {
    this.#open = false;
  }
}

/** One static callback for every cork, instead of a closure a batch. */
function sendBatch(socket: ServerWebSocket<SocketData>): void {
  const batch = socket.data.wire?.batch ?? [];
  for (let i = 0; i < batch.length; i++) socket.send(batch[i] as string | Uint8Array);
}

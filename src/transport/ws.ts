import type { Server, ServerWebSocket, WebSocketHandler } from "bun";
import { quote } from "../fault.ts";
import type { Inbound, Peer, Wire } from "../session/wire.ts";

/** What a WebSocket carries with it. */
export type SocketData = WebSocketWire;

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

/** Who came before. */
const latest = { address: "" };

/**
 * Upgrades a request; false if the handshake was not one. `local`: whether it
 * came in where only this machine can.
 */
export function upgrade(
  request: Request,
  server: Server<SocketData>,
  { protocol, local }: { readonly protocol: string | undefined; readonly local: boolean },
): boolean {
  const ip = server.requestIP(request);
  const { address = "", port = 0 } = ip ?? {};
  // Behind a proxy all have one address, and need not have a text each for it.
  if (address !== latest.address) latest.address = address;
  return server.upgrade(request, {
    // Unless told which, Bun would echo the first offer, whatever it is.
    headers: protocol === undefined ? {} : { "Sec-WebSocket-Protocol": protocol },
    data: new WebSocketWire({ address: latest.address, port, local, subProtocol: protocol ?? "" }),
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
      socket.data.opened(socket);
      socket.data.inbound = options.accept(socket.data);
    },
    message: (socket, data) => socket.data.inbound?.receive(data),
    drain: (socket) => socket.data.inbound?.drained(),
    ping: (socket) => socket.data.inbound?.ponged(),
    pong: (socket) => socket.data.inbound?.ponged(),
    close: (socket, code, reason) => {
      const { inbound } = socket.data;
      socket.data.inbound = undefined;
      socket.data.gone();
      inbound?.closed(`WebSocket closed with ${code}${reason === "" ? "" : ` ${reason}`}`);
    },
  };
}

/** RFC 6455 section 5.5: a close frame's payload has at most 125 bytes, two of them the code. */
const REASON_BYTES_MAX = 123;

/** Nothing to send. */
const NONE: readonly (string | Uint8Array)[] = [];

/** The batch that is being sent: `cork` takes no more than a callback, and calls it at once. */
const sending = { frames: NONE, head: "" };

/**
 * A WebSocket as a wire; the socket knows it as its data. It is its own peer:
 * thousands may be open and idle, and an object less of each counts.
 */
export class WebSocketWire implements Wire, Peer {
  readonly address: string;
  readonly port: number;
  readonly local: boolean;
  readonly subProtocol: string;
  /** Who is told what comes; undefined before and after. */
  inbound: Inbound | undefined = undefined;
  /** Undefined unless it is open: to touch one that is closed would throw. */
  #socket: ServerWebSocket<SocketData> | undefined = undefined;

  constructor(peer: Pick<Peer, "address" | "port" | "local" | "subProtocol">) {
    this.address = peer.address;
    this.port = peer.port;
    this.local = peer.local;
    this.subProtocol = peer.subProtocol;
  }

  get peer(): Peer {
    return this;
  }

  get transport(): string {
    return "ws";
  }

  get messages(): boolean {
    return true;
  }

  get answersPings(): boolean {
    return true;
  }

  /** The handshake is done. */
  opened(socket: ServerWebSocket<SocketData>): void {
    this.#socket = socket;
  }

  write(frames: readonly (string | Uint8Array)[], head: string): void {
    if (this.#socket === undefined) return;
    const [first] = frames;
    if (frames.length === 1 && first !== undefined) {
      this.#socket.send(head === "" ? first : head + first);
      return;
    }
    sending.frames = frames;
    sending.head = head;
    this.#socket.cork(head === "" ? sendBatch : sendTexts);
    sending.frames = NONE;
  }

  get buffered(): number {
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  ping(): void {
    this.#socket?.ping();
  }

  close(code: number, reason: string): void {
    this.#socket?.close(code, reason.slice(0, REASON_BYTES_MAX));
  }

  destroy(): void {
    this.#socket?.terminate();
  }

  /** The socket is closed. */
  gone(): void {
    this.#socket = undefined;
  }
}

/** So many characters are put together at most; the copy of more would cost memory, and give nothing. */
const TEXT_MAX = 128 * 1024;

/**
 * Sends frames that begin alike, as those of one subscription do: as parts of
 * one text, which the engine makes in one piece. A text for each would be a
 * piece of cold memory each, twice the time (`docs/performance.md`).
 */
function sendTexts(socket: ServerWebSocket<SocketData>): void {
  const { frames, head } = sending;
  for (let at = 0; at < frames.length;) {
    const from = at;
    let length = 0;
    while (at < frames.length && (at === from || length <= TEXT_MAX)) {
      length += head.length + (frames[at++]?.length ?? 0);
    }
    const some = at - from === frames.length ? frames : frames.slice(from, at);
    socket.send(`${head}${some[0]}`);
    if (some.length === 1) continue;
    // What stands between two is the head of the second.
    const text = some.join(head);
    let begin = some[0]?.length ?? 0;
    for (let i = 1; i < some.length; i++) {
      const end = begin + head.length + (some[i]?.length ?? 0);
      socket.send(text.slice(begin, end));
      begin = end;
    }
  }
}

/** One static callback for every cork, instead of a closure a batch. */
function sendBatch(socket: ServerWebSocket<SocketData>): void {
  const { frames } = sending;
  for (let i = 0; i < frames.length; i++) socket.send(frames[i] as string | Uint8Array);
}

import type { Socket, TCPSocketListener } from "bun";
import type { Inbound, Peer, Wire, WireFrame } from "../session/wire.ts";

interface SocketData {
  readonly wire: TcpWire;
  inbound: Inbound | undefined;
  /** What came before it was clear that it is not HTTP. */
  sniffed: Buffer | undefined;
  /** It is HTTP, was answered, and is heard no more. */
  deaf: boolean;
}

/** What a TCP listener needs. */
export interface TcpOptions {
  /** Numeric address or name to listen on. */
  readonly hostname: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly accept: (wire: Wire) => Inbound;
  /** Whether only this machine can reach it. */
  readonly loopback: boolean;
  /** What to tell someone who speaks HTTP here: where to go instead. */
  readonly httpHint: () => string;
}

/** Listens for STOMP over TCP. Throws what `Bun.listen` throws. */
export function listenTcp(options: TcpOptions): TCPSocketListener<SocketData> {
  const join = createJoin();
  return Bun.listen<SocketData>({
    hostname: options.hostname,
    port: options.port,
    exclusive: true,
    allowHalfOpen: true,
    socket: {
      binaryType: "buffer",
      open: (socket) => {
        socket.setNoDelay(true);
        const wire = new TcpWire(socket, { join, local: options.loopback });
        socket.data = { wire, inbound: undefined, sniffed: Buffer.alloc(0), deaf: false };
        socket.data.inbound = options.accept(wire);
      },
      data: (socket, chunk) => receive(socket, chunk, options.httpHint),
      drain: (socket) => {
        socket.data.wire.drain();
        socket.data.inbound?.drained();
      },
      // The far end sends no more; what it is owed still goes out.
      end: (socket) => {
        end(socket, "the peer closed");
        socket.data.wire.close();
      },
      close: (socket, error) => {
        socket.data.wire.gone();
        end(socket, error?.message ?? "closed");
      },
      error: (socket, error) => end(socket, error.message),
    },
  });
}

function end(socket: Socket<SocketData>, reason: string): void {
  const { inbound } = socket.data;
  socket.data.inbound = undefined;
  inbound?.closed(reason);
}

/** An HTTP method, or what may become one; STOMP commands never have a blank. */
const MAYBE_METHOD = /^[A-Z]{0,12}$/;
const HTTP_REQUEST = /^[A-Z]{1,12} /;

function receive(socket: Socket<SocketData>, chunk: Buffer, httpHint: () => string): void {
  const { sniffed, inbound, deaf } = socket.data;
  if (deaf) return;
  if (sniffed === undefined) {
    inbound?.receive(chunk);
    return;
  }
  const all = sniffed.length === 0 ? chunk : Buffer.concat([sniffed, chunk]);
  const start = all.subarray(0, 13).toString("latin1");
  if (HTTP_REQUEST.test(start)) {
    answerHttp(socket, httpHint());
  } else if (all.length < 13 && MAYBE_METHOD.test(start)) {
    socket.data.sniffed = all;
  } else {
    socket.data.sniffed = undefined;
    inbound?.receive(all);
  }
}

function answerHttp(socket: Socket<SocketData>, hint: string): void {
  const body = `This port speaks STOMP over TCP, not HTTP. ${hint}\n`;
  const { wire } = socket.data;
  socket.data.sniffed = undefined;
  // If the client does not close, the time that is given for a login ends it.
  socket.data.deaf = true;
  const answer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n" +
    `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
  wire.write([answer], "");
  wire.close();
}

/** A TCP socket as a wire. Bun keeps nothing that the system does not take, so this does. */
class TcpWire implements Wire {
  readonly peer: Peer;
  readonly #socket: Socket<SocketData>;
  readonly #join: Join;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #leaving = false;
  #open = true;

  constructor(socket: Socket<SocketData>, options: { join: Join; local: boolean }) {
    this.#socket = socket;
    this.#join = options.join;
    this.peer = {
      transport: "tcp",
      address: socket.remoteAddress,
      port: socket.remotePort,
      messages: false,
      answersPings: false,
      local: options.local,
      subProtocol: "",
    };
  }

  write(frames: readonly WireFrame[], head: string): void {
    if (!this.#open || this.#leaving) return;
    // Texts that begin alike are nobody else's batch.
    const data = head === "" ? this.#join(frames) : head + frames.join(head);
    if (this.#waiting.length > 0) {
      this.#wait(bytesOf(data));
      return;
    }
    const taken = Math.max(this.#socket.write(data), 0);
    if (taken < Buffer.byteLength(data)) this.#wait(restOf(bytesOf(data), taken));
  }

  get buffered(): number {
    return this.#waitingBytes;
  }

  pause(): void {
    if (this.#open) this.#socket.pause();
  }

  resume(): void {
    if (this.#open) this.#socket.resume();
  }

  ping(): void {
    // TCP has nothing below STOMP to ask with.
  }

  close(): void {
    if (!this.#open || this.#leaving) return;
    this.#leaving = true;
    if (this.#waiting.length === 0) this.#socket.shutdown();
  }

  destroy(): void {
    if (this.#open) this.#socket.terminate();
  }

  /** The system takes more. */
  drain(): void {
    while (this.#open) {
      const first = this.#waiting[0];
      if (first === undefined) break;
      const taken = Math.max(this.#socket.write(first), 0);
      this.#waitingBytes -= taken;
      if (taken < first.length) {
        this.#waiting[0] = restOf(first, taken);
        return;
      }
      this.#waiting.shift();
    }
    if (this.#leaving && this.#open) this.#socket.shutdown();
  }

  /** The socket is closed. */
  gone(): void {
    this.#open = false;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #wait(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }
}

/** What is left to send. A small rest of much is copied, lest it keeps the whole alive. */
function restOf(bytes: Uint8Array, taken: number): Uint8Array {
  const rest = bytes.subarray(taken);
  return rest.length * 2 < bytes.length ? new Uint8Array(rest) : rest;
}

function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? Buffer.from(data) : data;
}

/** One piece of frames: a text if all of them are. */
type Join = (frames: readonly WireFrame[]) => string | Uint8Array;

/**
 * Makes one piece of frames. Those who are alike get the same batch, frame by
 * frame: for the second of them it is made into bytes, as to do so each time
 * is a tenth of the cost of sending it. A batch for one goes as text: bytes of
 * its own would be one more copy, a twentieth of the cost.
 */
function createJoin(): Join {
  let lastFrames: readonly WireFrame[] = [];
  let last: string | Uint8Array = "";
  return (frames) => {
    last = isSame(frames, lastFrames) ? bytesOf(last) : joinFrames(frames);
    lastFrames = frames;
    return last;
  };
}

function isSame(a: readonly WireFrame[], b: readonly WireFrame[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function joinFrames(frames: readonly WireFrame[]): string | Uint8Array {
  if (frames.every((frame) => typeof frame === "string")) return frames.join("");
  return Buffer.concat(frames.map(bytesOf));
}

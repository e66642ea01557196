import type { Socket, TCPSocketListener } from "bun";
import type { Inbound, Peer, Wire } from "../session/wire.ts";

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
  /** What to tell someone who speaks HTTP here: where to go instead. */
  readonly httpHint: () => string;
}

/** Listens for STOMP over TCP. Throws what `Bun.listen` throws. */
export function listenTcp(options: TcpOptions): TCPSocketListener<SocketData> {
  return Bun.listen<SocketData>({
    hostname: options.hostname,
    port: options.port,
    exclusive: true,
    allowHalfOpen: true,
    socket: {
      binaryType: "buffer",
      open: (socket) => {
        socket.setNoDelay(true);
        const wire = new TcpWire(socket);
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
  wire.write([
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n" +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  ]);
  wire.close();
}

/** A TCP socket as a wire. Bun keeps nothing that the system does not take, so this does. */
class TcpWire implements Wire {
  readonly peer: Peer;
  readonly #socket: Socket<SocketData>;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #leaving = false;
  #open = true;

  constructor(socket: Socket<SocketData>) {
    this.#socket = socket;
    this.peer = {
      transport: "tcp",
      address: socket.remoteAddress,
      port: socket.remotePort,
      messages: false,
      answersPings: false,
    };
  }

  write(frames: readonly (string | Uint8Array)[]): void {
    if (!this.#open || this.#leaving) return;
    const bytes = joinFrames(frames);
    if (this.#waiting.length > 0) {
      this.#wait(bytes);
      return;
    }
    const taken = Math.max(this.#socket.write(bytes), 0);
    if (taken < bytes.length) this.#wait(bytes.subarray(taken));
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
        this.#waiting[0] = first.subarray(taken);
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

function joinFrames(frames: readonly (string | Uint8Array)[]): Uint8Array {
  if (frames.every((frame) => typeof frame === "string")) return Buffer.from(frames.join(""));
  return Buffer.concat(
    frames.map((frame) => (typeof frame === "string" ? Buffer.from(frame) : frame)),
  );
}

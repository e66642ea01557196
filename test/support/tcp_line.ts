import type { Line, LineEvents } from "./line.ts";

/** A byte stream whose writes are never partial. */
export interface ByteStream {
  write(bytes: Uint8Array): void;
  stall(): void;
  flow(): void;
  end(): void;
  cut(): void;
}

/** What a {@link ByteStream} tells its owner. */
export interface ByteStreamEvents {
  data(bytes: Uint8Array): void;
  /** The far end is over: `clean` after its FIN, not after a reset. Called once. */
  ended(clean: boolean): void;
}

/** Opens a TCP connection to the loopback address and port. Throws when it is refused. */
export async function openByteStream(
  address: { host: string; port: number },
  events: ByteStreamEvents,
): Promise<ByteStream> {
  let pending: Uint8Array[] = [];
  let over = false;
  let ending = false;
  const ended = (clean: boolean): void => {
    if (over) return;
    over = true;
    events.ended(clean);
  };
  const socket = await Bun.connect({
    hostname: address.host,
    port: address.port,
    // The broker may say goodbye while this side is still sending.
    allowHalfOpen: true,
    socket: {
      data: (_socket, bytes) => events.data(new Uint8Array(bytes)),
      end: () => ended(true),
      close: (_socket, error) => ended(error === undefined || error === null),
      error: () => ended(false),
      drain: () => flush(),
    },
  });
  socket.setNoDelay(true);
  const flush = (): void => {
    while (pending.length > 0) {
      const first = pending[0];
      if (first === undefined) break;
      const taken = socket.write(first);
      if (taken < first.length) {
        pending[0] = first.subarray(Math.max(0, taken));
        return;
      }
      pending = pending.length === 1 ? [] : pending.slice(1);
    }
    if (ending) socket.end();
  };
  return {
    write: (bytes) => {
      if (bytes.length === 0) return;
      pending.push(bytes);
      if (pending.length === 1) flush();
    },
    stall: () => socket.pause(),
    flow: () => socket.resume(),
    end: () => {
      ending = true;
      flush();
    },
    cut: () => socket.terminate(),
  };
}

/** Opens a STOMP-over-TCP line. Throws when the port refuses. */
export async function openTcpLine(
  address: { host: string; port: number },
  events: LineEvents,
): Promise<Line> {
  const stream = await openByteStream(address, {
    data: (bytes) => events.data(bytes),
    ended: (clean) => events.closed({ code: clean ? 0 : 1006, reason: "", clean }),
  });
  const encoder = new TextEncoder();
  return {
    transport: "tcp",
    send: (piece) => stream.write(typeof piece === "string" ? encoder.encode(piece) : piece),
    stall: stream.stall,
    flow: stream.flow,
    end: stream.end,
    cut: stream.cut,
  };
}

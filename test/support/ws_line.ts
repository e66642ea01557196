import type { Line, LineEvents } from "./line.ts";
import { openByteStream, type ByteStream } from "./tcp_line.ts";

/** A WebSocket upgrade that was answered by something else than 101. */
export interface UpgradeRefused {
  readonly status: number;
  readonly body: string;
}

/** A WebSocket line and what the upgrade answered. */
export interface WsLine {
  readonly line: Line;
  /** The sub-protocol chosen by the broker, if any. */
  readonly protocol: string | undefined;
}

/** What a WebSocket upgrade asks for. */
export interface UpgradeRequest {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Value of `Sec-WebSocket-Protocol`; left out when undefined. */
  readonly protocols?: string;
}

/** Opcodes of RFC 6455 section 5.2. */
const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const FIN = 0x80;

/** One masked client frame (RFC 6455 section 5.2); the masking key is constant, which is allowed. */
function clientFrame(firstByte: number, payload: Uint8Array): Uint8Array {
  const mask = [0x37, 0xfa, 0x21, 0x3d] as const;
  const size = payload.length;
  const sizeBytes = size < 126 ? 0 : size < 65_536 ? 2 : 8;
  const frame = new Uint8Array(2 + sizeBytes + 4 + size);
  const view = new DataView(frame.buffer);
  frame[0] = firstByte;
  frame[1] = 0x80 | (sizeBytes === 0 ? size : sizeBytes === 2 ? 126 : 127);
  if (sizeBytes === 2) view.setUint16(2, size);
  if (sizeBytes === 8) view.setBigUint64(2, BigInt(size));
  frame.set(mask, 2 + sizeBytes);
  const start = 2 + sizeBytes + 4;
  for (let at = 0; at < size; at++) {
    frame[start + at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0);
  }
  return frame;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** The server frames in the bytes fed to it, complete ones only. */
function serverFrameReader(
  onFrame: (opcode: number, payload: Uint8Array) => void,
): (bytes: Uint8Array) => void {
  let pending: Uint8Array = new Uint8Array(0);
  return (bytes) => {
    pending = joined(pending, bytes);
    let at = 0;
    for (;;) {
      const rest = pending.length - at;
      if (rest < 2) break;
      const first = pending[at] ?? 0;
      const second = pending[at + 1] ?? 0;
      if ((second & 0x80) !== 0) throw new Error("The server masked a frame");
      if ((first & FIN) === 0) throw new Error("The server fragmented a message");
      const view = new DataView(pending.buffer, pending.byteOffset + at, rest);
      let start = 2;
      let size = second & 0x7f;
      if (size === 126) {
        if (rest < 4) break;
        size = view.getUint16(2);
        start = 4;
      } else if (size === 127) {
        if (rest < 10) break;
        size = Number(view.getBigUint64(2));
        start = 10;
      }
      if (rest < start + size) break;
      onFrame(first & 0x0f, pending.slice(at + start, at + start + size));
      at += start + size;
    }
    pending = pending.slice(at);
  };
}

interface HttpAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** The answer in `received`, or null while it is not whole. */
function httpAnswer(received: string): HttpAnswer | null {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const head = received.slice(0, end);
  const body = received.slice(end + 4);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
  const size = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  return status === 101 || body.length >= size ? { status, head, body } : null;
}

/**
 * Upgrades a connection to WebSocket by hand, so that every byte of what the
 * client sends is the test's own. Answers what the server said when it is not
 * 101; throws when the port refuses.
 */
export async function openWsLine(
  request: UpgradeRequest,
  events: LineEvents,
): Promise<WsLine | UpgradeRefused> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const encoder = new TextEncoder();
  const answered = Promise.withResolvers<HttpAnswer>();
  let head = "";
  let upgraded = false;
  let saidGoodbye = false;
  let over = false;
  const closed = (code: number, reason: string, clean: boolean): void => {
    if (over) return;
    over = true;
    events.closed({ code, reason, clean });
  };
  const read = serverFrameReader((opcode, payload) => {
    if (opcode === OPCODE.text) events.data(decoder.decode(payload));
    else if (opcode === OPCODE.binary) events.data(payload);
    else if (opcode === OPCODE.ping) stream.write(clientFrame(FIN | OPCODE.pong, payload));
    else if (opcode === OPCODE.close) {
      const code = payload.length < 2 ? 1005 : (payload[0] ?? 0) * 256 + (payload[1] ?? 0);
      // First: writing to a socket whose far end is gone tells its end at once.
      closed(code, decoder.decode(payload.subarray(2)), true);
      if (!saidGoodbye) stream.write(clientFrame(FIN | OPCODE.close, payload));
      stream.end();
    }
  });
  const stream: ByteStream = await openByteStream(request, {
    data: (bytes) => {
      if (upgraded) {
        read(bytes);
        return;
      }
      head += Buffer.from(bytes).toString("latin1");
      const answer = httpAnswer(head);
      if (answer === null) return;
      upgraded = answer.status === 101;
      answered.resolve(answer);
      if (upgraded) read(new Uint8Array(Buffer.from(answer.body, "latin1")));
    },
    ended: () => {
      answered.resolve({ status: 0, head, body: "" });
      closed(1006, "", false);
      stream.end();
    },
  });
  const lines = [
    `GET ${request.path} HTTP/1.1`,
    `Host: localhost:${request.port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: c3RvbXBib3ggY29uZm9ybQ==",
  ];
  if (request.protocols !== undefined) lines.push(`Sec-WebSocket-Protocol: ${request.protocols}`);
  stream.write(encoder.encode(`${lines.join("\r\n")}\r\n\r\n`));
  const answer = await answered.promise;
  if (answer.status !== 101) {
    stream.cut();
    return { status: answer.status, body: answer.body };
  }
  const line: Line = {
    transport: "ws",
    send: (piece) => {
      const text = typeof piece === "string";
      const payload = text ? encoder.encode(piece) : piece;
      stream.write(clientFrame(FIN | (text ? OPCODE.text : OPCODE.binary), payload));
    },
    sendRaw: (firstByte, payload) => stream.write(clientFrame(firstByte, payload)),
    stall: stream.stall,
    flow: stream.flow,
    end: () => {
      saidGoodbye = true;
      stream.write(clientFrame(FIN | OPCODE.close, Uint8Array.of(0x03, 0xe8)));
    },
    cut: stream.cut,
  };
  return {
    line,
    protocol: /\r\nsec-websocket-protocol: *([^\r]*)/i.exec(answer.head)?.[1],
  };
}

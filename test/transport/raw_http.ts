/** Requests and WebSocket frames written by hand, byte for byte. */

import { openByteStream, type ByteStream } from "../support/tcp_line.ts";

/** The answer to a request. */
export interface RawAnswer {
  readonly status: number;
  /** Header values by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** As far as `content-length` says; empty for 101. */
  readonly body: string;
}

/** What a request says. */
export interface RawRequest {
  readonly port: number;
  readonly method?: string;
  readonly path?: string;
  /** Over the defaults; undefined leaves one out. Values go out as they are. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

/** The headers of a WebSocket handshake that is in order (RFC 6455 section 4.1). */
export const HANDSHAKE = {
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIGtleSBvZiB0ZXN0cw==",
} as const;

function requestText(request: RawRequest): string {
  const { port, method = "GET", path = "/", body = "" } = request;
  const headers: Readonly<Record<string, string | undefined>> = {
    Host: `localhost:${port}`,
    ...(body === "" ? {} : { "Content-Length": String(Buffer.byteLength(body)) }),
    ...request.headers,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}\r\n`],
  );
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

/** The answer at the beginning of `received`, and what follows it; null while it is not whole. */
function parseAnswer(received: Buffer): { answer: RawAnswer; rest: Buffer } | null {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const [first = "", ...lines] = received.subarray(0, end).toString("latin1").split("\r\n");
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]);
  const size = status === 101 ? 0 : Number(headers.get("content-length") ?? 0);
  const start = end + 4;
  if (received.length < start + size) return null;
  const body = received.subarray(start, start + size).toString();
  return { answer: { status, headers, body }, rest: received.subarray(start + size) };
}

/** Sends one request on a connection of its own and cuts it after the answer. */
export async function ask(request: RawRequest): Promise<RawAnswer> {
  const { answer, stream } = await exchange(request, () => {});
  stream.cut();
  return answer;
}

async function exchange(
  request: RawRequest,
  after: (bytes: Uint8Array | null) => void,
): Promise<{ answer: RawAnswer; stream: ByteStream }> {
  const answered = Promise.withResolvers<RawAnswer>();
  let head: Buffer | null = Buffer.alloc(0);
  const stream = await openByteStream(
    { host: "127.0.0.1", port: request.port },
    {
      data: (bytes) => {
        if (head === null) return after(bytes);
        head = Buffer.concat([head, bytes]);
        const parsed = parseAnswer(head);
        if (parsed === null) return;
        head = null;
        answered.resolve(parsed.answer);
        after(parsed.rest);
      },
      ended: () => {
        answered.reject(new Error(`Ended before an answer: ${head?.toString() ?? ""}`));
        after(null);
      },
    },
  );
  stream.write(Buffer.from(requestText(request), "latin1"));
  return { answer: await answered.promise, stream };
}

/** A WebSocket frame of the server. */
export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** Opcodes of RFC 6455 section 5.2. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
/** The first bit of a frame: the last of its message. */
export const FIN = 0x80;

/** A WebSocket that sends exactly what it is told and answers nothing by itself. */
export interface RawWebSocket {
  readonly answer: RawAnswer;
  send(bytes: Uint8Array): void;
  /** A text message in one frame in order. */
  text(text: string): void;
  /** The next frame of the server; rejects when the connection ends instead. */
  next(): Promise<ServerFrame>;
  /** The next text message. */
  nextText(): Promise<string>;
  /** The code of the Close that comes, whatever comes before; 1006 for an end without. */
  closeCode(): Promise<number>;
  stall(): void;
  flow(): void;
  cut(): void;
}

/** One frame of a client. `mask` false leaves the masking out; `size` announces another length. */
export function clientFrame(
  firstByte: number,
  payload: string | Uint8Array,
  options: { readonly mask?: boolean; readonly size?: bigint } = {},
): Uint8Array {
  const bytes = Buffer.from(payload);
  const size = options.size ?? BigInt(bytes.length);
  const masked = options.mask ?? true;
  const sizeBytes = size < 126n ? 0 : size < 65_536n ? 2 : 8;
  const head = Buffer.alloc(2 + sizeBytes);
  head[0] = firstByte;
  head[1] = (masked ? 0x80 : 0) | (sizeBytes === 0 ? Number(size) : sizeBytes === 2 ? 126 : 127);
  if (sizeBytes === 2) head.writeUInt16BE(Number(size), 2);
  if (sizeBytes === 8) head.writeBigUInt64BE(size, 2);
  if (!masked) return Buffer.concat([head, bytes]);
  const mask = Uint8Array.of(0x1f, 0x00, 0xa5, 0x7e);
  const body = bytes.map((byte, at) => byte ^ (mask[at & 3] ?? 0));
  return Buffer.concat([head, mask, body]);
}

/** Upgrades; throws when the answer is not 101. */
export async function openRawWebSocket(request: RawRequest): Promise<RawWebSocket> {
  let pending: Buffer = Buffer.alloc(0);
  let over = false;
  const frames: ServerFrame[] = [];
  let wake = () => {};
  const { answer, stream } = await exchange(
    { ...request, headers: { ...HANDSHAKE, ...request.headers } },
    (bytes) => {
      if (bytes === null) over = true;
      else pending = takeFrames(Buffer.concat([pending, bytes]), frames);
      wake();
    },
  );
  if (answer.status !== 101) {
    stream.cut();
    throw new Error(`Not upgraded but ${answer.status}: ${answer.body}`);
  }
  const next = async (): Promise<ServerFrame> => {
    for (;;) {
      const frame = frames.shift();
      if (frame !== undefined) return frame;
      if (over) throw new Error("The connection ended");
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    answer,
    send: stream.write,
    text: (text) => stream.write(clientFrame(FIN | OPCODE.text, text)),
    next,
    nextText: async () => {
      const { opcode, payload } = await next();
      if (opcode === OPCODE.text) return payload.toString();
      throw new Error(`Not a text message but opcode ${opcode}: ${payload.toString("hex")}`);
    },
    closeCode: async () => {
      try {
        for (;;) {
          const { opcode, payload } = await next();
          if (opcode === OPCODE.close) return payload.length < 2 ? 1005 : payload.readUInt16BE(0);
        }
      } catch {
        return 1006;
      }
    },
    stall: stream.stall,
    flow: stream.flow,
    cut: stream.cut,
  };
}

function takeFrames(bytes: Buffer, into: ServerFrame[]): Buffer {
  let rest = bytes;
  for (;;) {
    if (rest.length < 2) return rest;
    const short = rest.readUInt8(1);
    if (short >= 128) throw new Error("The server masked a frame");
    const start = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (rest.length < start) return rest;
    const size =
      short < 126 ? short : short === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (rest.length < start + size) return rest;
    into.push({ opcode: rest.readUInt8(0) & 0x0f, payload: rest.subarray(start, start + size) });
    rest = rest.subarray(start + size);
  }
}

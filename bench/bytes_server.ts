/**
 * The ceiling of the load generator: a server that moves bytes and does
 * nothing else. What the sender of `stompbox bench fan-out` sends in one write
 * becomes one write to every subscriber; no message is looked at but for its
 * number. Prints its address and pid like stompbox.
 *
 *     bun bench/bytes_server.ts
 *
 * It understands what the load generator writes, and nothing else: WebSocket
 * frames with a zero mask, whole, one STOMP frame in each.
 */

interface Peer {
  /** What came and is no whole frame yet. */
  rest: Buffer;
  upgraded: boolean;
  /** What the system did not take. */
  unsent: Buffer;
}

type PeerSocket = Bun.Socket<Peer>;

const SEQUENCE_WIDTH = 6;
const subscribers = new Set<PeerSocket>();
const state = { message: 0 };

const server = Bun.listen<Peer>({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    open: (socket) => {
      socket.data = { rest: Buffer.alloc(0), upgraded: false, unsent: Buffer.alloc(0) };
      socket.setNoDelay(true);
    },
    data: (socket, chunk) => {
      const { data } = socket;
      const bytes = data.rest.length === 0 ? chunk : Buffer.concat([data.rest, chunk]);
      const taken = data.upgraded ? takeFrames(socket, bytes) : upgrade(socket, bytes);
      data.rest = Buffer.from(bytes.subarray(taken));
    },
    drain: (socket) => {
      const { data } = socket;
      data.unsent = data.unsent.subarray(Math.max(0, socket.write(data.unsent)));
    },
    close: (socket) => {
      subscribers.delete(socket);
    },
  },
});

function put(socket: PeerSocket, bytes: Buffer): void {
  const { data } = socket;
  if (data.unsent.length > 0) {
    data.unsent = Buffer.concat([data.unsent, bytes]);
    return;
  }
  const taken = Math.max(0, socket.write(bytes));
  if (taken < bytes.length) data.unsent = Buffer.from(bytes.subarray(taken));
}

function upgrade(socket: PeerSocket, bytes: Buffer): number {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return 0;
  const key = /sec-websocket-key: *(\S+)/i.exec(bytes.toString("latin1", 0, end))?.[1] ?? "";
  const accept = new Bun.CryptoHasher("sha1")
    .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64");
  const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  socket.data.upgraded = true;
  put(socket, Buffer.from([...head, `Sec-WebSocket-Accept: ${accept}`, "\r\n"].join("\r\n")));
  return end + 4;
}

/** Answers all whole frames; how many bytes they were. */
function takeFrames(socket: PeerSocket, bytes: Buffer): number {
  const messages: Buffer[] = [];
  let at = 0;
  while (at + 8 <= bytes.length) {
    const short = (bytes[at + 1] ?? 0) & 127;
    const payload = at + (short < 126 ? 6 : 8);
    const end = payload + (short < 126 ? short : bytes.readUInt16BE(at + 2));
    if (end > bytes.length) break;
    if (bytes[payload] === 83 && bytes[payload + 1] === 69) {
      messages.push(messageFor(bytes.subarray(payload, end)));
    } else answer(socket, bytes.toString("latin1", payload, end));
    at = end;
  }
  if (messages.length > 0) {
    const all = messages.length === 1 ? messages[0] : Buffer.concat(messages);
    if (all !== undefined) for (const each of subscribers) put(each, all);
  }
  return at;
}

/** What a real broker would send: head, headers of the sender, body. */
function messageFor(send: Buffer): Buffer {
  if (send.length < SEQUENCE_WIDTH) throw new Error("Cannot read a SEND: it has no number");
  const number = String(++state.message).padStart(9, "0");
  const head = `MESSAGE\nsubscription:sub-0\nmessage-id:bytes-${number}\n`;
  return frame(Buffer.concat([Buffer.from(head), send.subarray(send.indexOf("\n") + 1)]));
}

function answer(socket: PeerSocket, text: string): void {
  if (text.startsWith("CONNECT\n")) {
    put(socket, frame(Buffer.from("CONNECTED\nversion:1.2\nserver:bytes\n\n\0")));
    return;
  }
  if (text.startsWith("SUBSCRIBE\n")) subscribers.add(socket);
  const receipt = /\nreceipt:(.*)\n/.exec(text)?.[1] ?? "";
  put(socket, frame(Buffer.from(`RECEIPT\nreceipt-id:${receipt}\n\n\0`)));
}

function frame(payload: Buffer): Buffer {
  const { length } = payload;
  const head =
    length < 126
      ? Buffer.from([0x81, length])
      : Buffer.from([0x81, 126, length >> 8, length & 255]);
  return Buffer.concat([head, payload]);
}

console.log(JSON.stringify({ pid: process.pid, urls: [`ws://127.0.0.1:${server.port}/`] }));

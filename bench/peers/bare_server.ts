/**
 * The ceilings: a raw `Bun.serve` that moves the messages of the load generator
 * and does nothing else. It knows as much of STOMP as that needs (a login is
 * answered, a subscription noted, a receipt given) and nothing of limits,
 * acknowledgements, or what a frame may look like. A MESSAGE has as many bytes
 * as that of stompbox. Prints its address as JSON.
 *
 *     bun bench/peers/bare_server.ts publish|corked|own|forward|beats
 */

interface Connection {
  /** Of its subscription. */
  id: string;
  /** What waits for 64 frames or the end of the turn. */
  batch: string[];
  /** Who gets what it sends, where that is one. */
  to: Socket | undefined;
}

type Socket = Bun.ServerWebSocket<Connection>;

/** How a message gets to those who are subscribed. */
type Way = (tail: string, sender: Socket) => void;

const BATCH = 64;
const BEAT_MS = 10_000;
const BEAT_SLICES = 100;
const TOPIC = "all";
/** Between the id of the subscription and the headers of the sender; as long as what stompbox puts there. */
const HEADERS = "\nmessage-id:bare-123-123456\ntimestamp:1700000000000\n";

const subscribers: Socket[] = [];
const byDestination = new Map<string, Socket>();
const dirty: Socket[] = [];
const state = { isScheduled: false, slice: 0 };

const WAYS = {
  /** One string to all, by Bun's own publish. */
  publish: (tail) => {
    server.publish(TOPIC, `MESSAGE\nsubscription:sub-0${tail}`);
  },
  /** One string to all, a batch for each of them. */
  corked: (tail) => {
    const frame = `MESSAGE\nsubscription:sub-0${tail}`;
    for (const socket of subscribers) push(socket, frame);
  },
  /** To each a string of its own. */
  own: (tail) => {
    for (const socket of subscribers) {
      push(socket, `MESSAGE\nsubscription:${socket.data.id}${tail}`);
    }
  },
  /** From each sender to one subscriber, the one of its first destination. */
  forward: (tail, sender) => {
    sender.data.to ??= byDestination.get(headerOf(tail, "destination"));
    if (sender.data.to !== undefined) push(sender.data.to, `MESSAGE\nsubscription:sub-0${tail}`);
  },
  /** To nobody: connections that beat, and no more. */
  beats: () => undefined,
} as const satisfies Readonly<Record<string, Way>>;

function isMode(text: string): text is keyof typeof WAYS {
  return text in WAYS;
}

const [mode = ""] = process.argv.slice(2);
if (!isMode(mode)) {
  console.error(`Cannot run as "${mode}": expected ${Object.keys(WAYS).join(", ")}`);
  process.exit(2);
}
const way: Way = WAYS[mode];

const server = Bun.serve<Connection>({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  fetch: (request, self) => {
    const data = { id: "", batch: [], to: undefined };
    return self.upgrade(request, { data }) ? undefined : new Response("bare");
  },
  websocket: {
    idleTimeout: 0,
    sendPings: false,
    backpressureLimit: 0,
    message: (socket, text) => {
      if (typeof text !== "string") return;
      if (text.startsWith("SEND")) way(HEADERS + text.slice(5), socket);
      else if (text !== "\n") answer(socket, text);
    },
    close: (socket) => {
      const at = subscribers.indexOf(socket);
      if (at >= 0) subscribers.splice(at, 1);
      for (const [destination, each] of byDestination) {
        if (each === socket) byDestination.delete(destination);
      }
    },
  },
});

function push(socket: Socket, frame: string): void {
  const { batch } = socket.data;
  if (batch.length === 0) {
    dirty.push(socket);
    if (!state.isScheduled) {
      state.isScheduled = true;
      setImmediate(flushAll);
    }
  }
  batch.push(frame);
  if (batch.length === BATCH) socket.cork(flush);
}

function flush(socket: Socket): void {
  const { batch } = socket.data;
  for (const frame of batch) socket.send(frame);
  batch.length = 0;
}

function flushAll(): void {
  state.isScheduled = false;
  for (const socket of dirty) if (socket.data.batch.length > 0) socket.cork(flush);
  dirty.length = 0;
}

/** Answers what is no message: CONNECT, SUBSCRIBE, UNSUBSCRIBE. */
function answer(socket: Socket, text: string): void {
  if (text.startsWith("CONNECT\n")) {
    const beats = headerOf(text, "heart-beat");
    socket.send(`CONNECTED\nversion:1.2\nserver:bare\nheart-beat:${beats}\n\n\0`);
    return;
  }
  if (text.startsWith("SUBSCRIBE\n")) {
    socket.data.id = headerOf(text, "id");
    byDestination.set(headerOf(text, "destination"), socket);
    subscribers.push(socket);
    if (mode === "publish") socket.subscribe(TOPIC);
  }
  // What was sent before must come before the receipt.
  flush(socket);
  socket.send(`RECEIPT\nreceipt-id:${headerOf(text, "receipt")}\n\n\0`);
}

function headerOf(text: string, name: string): string {
  const begin = text.indexOf(`\n${name}:`) + name.length + 2;
  return text.slice(begin, text.indexOf("\n", begin));
}

if (mode === "beats") {
  setInterval(() => {
    for (let at = state.slice; at < subscribers.length; at += BEAT_SLICES) {
      subscribers[at]?.send("\n");
    }
    state.slice = (state.slice + 1) % BEAT_SLICES;
  }, BEAT_MS / BEAT_SLICES);
}

console.log(JSON.stringify({ url: `ws://127.0.0.1:${server.port}/` }));

/**
 * The ceiling: a raw `Bun.serve` that moves the same bytes and knows nothing
 * of STOMP. What the first connection sends, all the others get, as a frame of
 * the size that stompbox would send, batched as stompbox batches: at 64
 * messages or at the end of the turn.
 */

interface Data {
  batch: string[];
}

const receivers = new Set<Bun.ServerWebSocket<Data>>();
const state = { scheduled: false, sender: undefined as Bun.ServerWebSocket<Data> | undefined };
const frame = "x".repeat(Number(process.argv[2] ?? 200));

const server = Bun.serve<Data>({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  fetch: (request, self) =>
    self.upgrade(request, { data: { batch: [] } }) ? undefined : new Response("bare"),
  websocket: {
    idleTimeout: 0,
    sendPings: false,
    backpressureLimit: 0,
    open: (socket) => {
      if (state.sender === undefined) state.sender = socket;
      else receivers.add(socket);
    },
    message: (socket) => {
      if (socket !== state.sender) return;
      for (const receiver of receivers) {
        receiver.data.batch.push(frame);
        if (receiver.data.batch.length >= 64) receiver.cork(send);
      }
      if (state.scheduled) return;
      state.scheduled = true;
      setImmediate(flush);
    },
  },
});

function send(socket: Bun.ServerWebSocket<Data>): void {
  const { batch } = socket.data;
  socket.data.batch = [];
  for (const each of batch) socket.send(each);
}

function flush(): void {
  state.scheduled = false;
  for (const receiver of receivers) if (receiver.data.batch.length > 0) receiver.cork(send);
}

console.log(JSON.stringify({ urls: [`ws://127.0.0.1:${server.port}/`] }));

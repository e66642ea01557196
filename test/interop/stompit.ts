/** `stompit` 1.0 over TCP. */

import { connect as connectSocket, type Socket } from "node:net";
import { type Client, connect, type Message } from "stompit";
import {
  BeatCounts,
  type ClientKind,
  type InteropClient,
  type InteropOptions,
  NOWHERE,
} from "./interop_client.ts";

/** It streams bodies both ways and reads one message at a time. */
export const stompit: ClientKind = {
  name: "stompit 1.0",
  transport: "tcp",
  versions: ["1.0", "1.1", "1.2"],
  lacks: () => ({}),
  connect: async (ports, options) => {
    const beats = new BeatCounts();
    return adapt(await open(ports.tcp, { ...options, beats }), beats);
  },
};

function open(port: number, options: InteropOptions & { beats: BeatCounts }): Promise<Client> {
  const { version, heartBeatMs = 0, beats } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Client>();
  connect(
    {
      host: "127.0.0.1",
      port,
      connectHeaders: {
        "accept-version": version,
        "heart-beat": `${heartBeatMs},${heartBeatMs}`,
      },
      connect: (where, listener) => watched(connectSocket(where, listener), beats),
    },
    (error, client) => (error === null ? resolve(client) : reject(error)),
  );
  return promise;
}

/** The library tells nothing of beats: a lone line feed on the socket is one. */
function watched(socket: Socket, beats: BeatCounts): Socket {
  const write = socket.write.bind(socket);
  socket.write = (...args: [chunk: string | Uint8Array, ...rest: never[]]) => {
    if (args[0] === "\n") beats.noteSent();
    return write(...args);
  };
  socket.on("data", (chunk) => {
    if (chunk.toString() === "\n") beats.noteReceived();
  });
  return socket;
}

function adapt(client: Client, beats: BeatCounts): InteropClient {
  // Without a listener a lost connection would end the process.
  client.on("error", () => {});
  const transactions = new Map<string, ReturnType<Client["begin"]>>();
  const transactionOf = (id: string) => {
    const transaction = transactions.get(id);
    if (transaction === undefined) throw new Error(`No transaction ${JSON.stringify(id)}`);
    return transaction;
  };
  return {
    version: client.headers["version"] ?? "",
    server: client.headers["server"],
    beats,
    subscribe: (destination, { ack, onMessage }) => {
      client.subscribe({ destination, ack }, (error, message) => {
        if (error !== null) return;
        void bodyOf(message).then((bytes) =>
          onMessage({
            headers: Object.fromEntries(
              Object.entries(message.headers).map(([name, value]) => [name, `${value}`]),
            ),
            body: bytes.toString(),
            bytes,
            ack: (transaction) =>
              client.ack(message, transaction === undefined ? {} : { transaction }),
            nack: () => client.nack(message),
          }),
        );
      });
    },
    send: (destination, body, { transaction, headers } = {}) => {
      const all = {
        destination,
        "content-length": String(Buffer.byteLength(body)),
        ...headers,
      };
      const frame =
        transaction === undefined ? client.send(all) : transactionOf(transaction).send(all);
      frame.write(body);
      frame.end();
    },
    begin: (transaction) => {
      transactions.set(transaction, client.begin({ transaction }));
    },
    commit: (transaction) => transactionOf(transaction).commit(),
    abort: (transaction) => transactionOf(transaction).abort(),
    settled: () =>
      new Promise((resolve) => client.send({ destination: NOWHERE }, { onReceipt: resolve }).end()),
    disconnect: () =>
      new Promise((resolve, reject) =>
        client.disconnect((error) => (error === null ? resolve() : reject(error))),
      ),
    cut: () => void client.getTransportSocket().destroy(),
  };
}

async function bodyOf(message: Message): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of message) {
    if (chunk instanceof Uint8Array) chunks.push(chunk);
    else if (typeof chunk === "string") chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

/** `stompjs` 2.3.3, the original, over a WebSocket that it is given. */

import Stomp from "stompjs";
import {
  BeatCounts,
  type ClientKind,
  type InteropClient,
  NOWHERE,
  ReceiptBook,
  watchBeats,
} from "./interop_client.ts";

/** The original. It offers 1.1 and 1.0 whatever it is told, and cuts frames above 16 KiB. */
export const stompjs2: ClientKind = {
  name: "stompjs 2.3.3",
  transport: "ws",
  versions: ["1.1"],
  lacks: () => ({
    "binary body": "bodies are strings",
    "disconnect receipt": "it closes the WebSocket in the same breath as DISCONNECT",
  }),
  connect: async (ports, { heartBeatMs = 0 }): Promise<InteropClient> => {
    const beats = new BeatCounts();
    const socket = new WebSocket(`ws://127.0.0.1:${ports.ws}/`, ["v10.stomp", "v11.stomp"]);
    const client = Stomp.over(socket);
    client.debug = watchBeats(beats);
    client.heartbeat = { outgoing: heartBeatMs, incoming: heartBeatMs };
    const connected = Promise.withResolvers<Record<string, string>>();
    client.connect(
      {},
      (frame) => connected.resolve(frame.headers),
      (error) => connected.reject(new Error(typeof error === "string" ? error : error.body)),
    );
    const headers = await connected.promise;
    const receipts = new ReceiptBook();
    client.onreceipt = (frame) => receipts.came(frame.headers["receipt-id"]);
    return {
      version: headers["version"] ?? "",
      server: headers["server"],
      beats,
      subscribe: (destination, { ack, onMessage }) => {
        client.subscribe(
          destination,
          (message) =>
            onMessage({
              headers: message.headers,
              body: message.body,
              bytes: undefined,
              ack: (transaction) => message.ack(transaction === undefined ? {} : { transaction }),
              nack: () => message.nack(),
            }),
          { ack },
        );
      },
      send: (destination, body, { transaction, headers: more } = {}) => {
        if (typeof body !== "string") throw new Error("This client sends only text");
        const all = { ...more, ...(transaction === undefined ? {} : { transaction }) };
        client.send(destination, all, body);
      },
      begin: (transaction) => client.begin(transaction),
      commit: (transaction) => client.commit(transaction),
      abort: (transaction) => client.abort(transaction),
      settled: () => {
        const { id, came } = receipts.open();
        client.send(NOWHERE, { receipt: id }, "");
        return came;
      },
      disconnect: () => new Promise((resolve) => client.disconnect(resolve)),
      cut: () => socket.terminate(),
    };
  },
};

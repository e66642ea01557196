/** `webstomp-client` 1.2, with text and with binary messages. */

import * as webstomp from "webstomp-client";
import {
  BeatCounts,
  type ClientKind,
  type InteropClient,
  NOWHERE,
  ReceiptBook,
  watchBeats,
} from "./interop_client.ts";

/** It takes the version from the sub-protocol that the broker chose. */
export const webstompClient: ClientKind = webstompKind("webstomp-client", { binary: false });

/** The same, what it sends being binary messages of at most 16 KiB. */
export const webstompBinary: ClientKind = webstompKind("webstomp-client with binary messages", {
  binary: true,
});

function webstompKind(name: string, { binary }: { readonly binary: boolean }): ClientKind {
  return {
    name,
    transport: "ws",
    versions: binary ? ["1.2"] : ["1.0", "1.1", "1.2"],
    lacks: () => ({
      "binary body": "bodies are strings",
      "disconnect receipt": "it closes the WebSocket in the same breath as DISCONNECT",
    }),
    connect: async (ports, { version, heartBeatMs = 0 }): Promise<InteropClient> => {
      const beats = new BeatCounts();
      const client = webstomp.client(`ws://127.0.0.1:${ports.ws}/`, {
        binary,
        protocols: [`v${version.replace(".", "")}.stomp`],
        heartbeat: { outgoing: heartBeatMs, incoming: heartBeatMs },
      });
      client.debug = watchBeats(beats);
      const connected = Promise.withResolvers<webstomp.Headers>();
      client.connect(
        {},
        (frame) => connected.resolve(frame?.headers ?? {}),
        (error) => connected.reject(error),
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
                headers: { ...message.headers },
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
          client.send(destination, body, all);
        },
        begin: (transaction) => client.begin(transaction),
        commit: (transaction) => client.commit(transaction),
        abort: (transaction) => client.abort(transaction),
        settled: () => {
          const { id, came } = receipts.open();
          client.send(NOWHERE, "", { receipt: id });
          return came;
        },
        disconnect: () => new Promise((resolve) => client.disconnect(() => resolve())),
        cut: () => client.ws.terminate(),
      };
    },
  };
}

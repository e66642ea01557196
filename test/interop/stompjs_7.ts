/** `@stomp/stompjs` 7 and `@stomp/rx-stomp`, which stands on it. */

import { RxStomp } from "@stomp/rx-stomp";
import { Client, type IFrame, type IMessage, type StompConfig, Versions } from "@stomp/stompjs";
import { firstValueFrom } from "rxjs";
import {
  BeatCounts,
  type BrokerPorts,
  type ClientKind,
  type ClientMessage,
  type InteropClient,
  type InteropOptions,
  NOWHERE,
  ReceiptBook,
  watchBeats,
} from "./interop_client.ts";

const ALL = ["1.0", "1.1", "1.2"] as const;

/** `@stomp/stompjs` 7, text messages, as its documentation shows it. */
export const stompjs7: ClientKind = {
  name: "@stomp/stompjs 7",
  transport: "ws",
  versions: ALL,
  lacks: () => ({}),
  connect: (ports, options) => connectClient({}, { ports, options }),
};

/** The same with binary messages, large frames cut in pieces of 8 KiB. */
export const stompjs7Binary: ClientKind = {
  name: "@stomp/stompjs 7 with binary messages in pieces",
  transport: "ws",
  versions: ["1.2"],
  lacks: () => ({}),
  connect: (ports, options) =>
    connectClient({ forceBinaryWSFrames: true, splitLargeFrames: true }, { ports, options }),
};

/** `@stomp/rx-stomp` 2. */
export const rxStomp: ClientKind = {
  name: "@stomp/rx-stomp 2",
  transport: "ws",
  versions: ALL,
  lacks: () => ({}),
  connect: connectRx,
};

function settings(
  { ports, options }: { readonly ports: BrokerPorts; readonly options: InteropOptions },
  beats: BeatCounts,
) {
  const { version, heartBeatMs = 0 } = options;
  return {
    brokerURL: `ws://127.0.0.1:${ports.ws}/`,
    stompVersions: new Versions([version]),
    heartbeatIncoming: heartBeatMs,
    heartbeatOutgoing: heartBeatMs,
    reconnectDelay: 0,
    debug: watchBeats(beats),
  };
}

function messageOf(message: IMessage): ClientMessage {
  return {
    headers: message.headers,
    body: message.body,
    bytes: message.binaryBody,
    ack: (transaction) => message.ack(transaction === undefined ? {} : { transaction }),
    nack: () => message.nack(),
  };
}

function publication(
  destination: string,
  body: string | Uint8Array,
  options: Parameters<InteropClient["send"]>[2] = {},
) {
  const { transaction, headers } = options;
  return {
    destination,
    headers: { ...headers, ...(transaction === undefined ? {} : { transaction }) },
    ...(typeof body === "string" ? { body } : { binaryBody: body }),
  };
}

async function connectClient(
  more: StompConfig,
  about: { readonly ports: BrokerPorts; readonly options: InteropOptions },
): Promise<InteropClient> {
  const beats = new BeatCounts();
  const client = new Client({ ...settings(about, beats), ...more });
  const connected = Promise.withResolvers<IFrame>();
  client.onConnect = (frame) => connected.resolve(frame);
  client.onStompError = (frame) => connected.reject(new Error(frame.body));
  client.onWebSocketClose = () => connected.reject(new Error("The WebSocket closed"));
  client.activate();
  const { headers } = await connected.promise;
  const receipts = new ReceiptBook();
  return {
    version: client.connectedVersion ?? "",
    server: headers["server"],
    beats,
    subscribe: (destination, { ack, onMessage }) => {
      client.subscribe(destination, (message) => onMessage(messageOf(message)), { ack });
    },
    send: (destination, body, options) => client.publish(publication(destination, body, options)),
    begin: (transaction) => client.begin(transaction),
    commit: (transaction) => client.commit(transaction),
    abort: (transaction) => client.abort(transaction),
    settled: () => {
      const { id, came } = receipts.open();
      client.watchForReceipt(id, () => receipts.came(id));
      client.publish({ destination: NOWHERE, headers: { receipt: id } });
      return came;
    },
    disconnect: async () => {
      // It is the library that asks for the receipt and closes once it is there.
      const gone = Promise.withResolvers<void>();
      client.onDisconnect = () => gone.resolve();
      await client.deactivate();
      await gone.promise;
    },
    cut: () => client.forceDisconnect(),
  };
}

async function connectRx(ports: BrokerPorts, options: InteropOptions): Promise<InteropClient> {
  const beats = new BeatCounts();
  const rx = new RxStomp();
  rx.configure(settings({ ports, options }, beats));
  rx.activate();
  const headers = await firstValueFrom(rx.serverHeaders$);
  const receipts = new ReceiptBook();
  return {
    version: rx.stompClient.connectedVersion ?? "",
    server: headers["server"],
    beats,
    subscribe: (destination, { ack, onMessage }) => {
      rx.watch({ destination, subHeaders: { ack } }).subscribe((message) =>
        onMessage(messageOf(message)),
      );
    },
    send: (destination, body, sendOptions) =>
      rx.publish(publication(destination, body, sendOptions)),
    begin: (transaction) => void rx.stompClient.begin(transaction),
    commit: (transaction) => rx.stompClient.commit(transaction),
    abort: (transaction) => rx.stompClient.abort(transaction),
    settled: () => {
      const { id } = receipts.open();
      const came = rx.asyncReceipt(id);
      rx.publish({ destination: NOWHERE, headers: { receipt: id } });
      return came.then(() => {});
    },
    disconnect: () => rx.deactivate(),
    cut: () => void rx.deactivate({ force: true }),
  };
}

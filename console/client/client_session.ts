/** The STOMP client in the page: one connection, to whichever broker it is told. */

import { Client, Versions } from "@stomp/stompjs";
import type { FrameInfo } from "../../src/api/values.ts";
import { createStore, type Store } from "../ui/store.ts";
import type { ConnectPlan } from "./client_settings.ts";
import {
  afterEnd,
  afterFrame,
  afterStart,
  type ClientProblem,
  type ClientState,
  NO_CLIENT,
  type ReceivedMessage,
} from "./client_state.ts";
import { shownFrame } from "./shown_frame.ts";
import { createWireReader, type WireData } from "./wire_reader.ts";

/** Headers as the library takes them. */
export type PlainHeaders = Readonly<Record<string, string>>;

/** What can be done with the client. Without a connection nothing is. */
export interface ClientSession {
  readonly state: Store<ClientState>;
  connect(plan: ConnectPlan): void;
  /** Says goodbye; the second time it does not wait for an answer. */
  disconnect(): void;
  subscribe(destination: string, headers: PlainHeaders): void;
  unsubscribe(id: string): void;
  send(message: {
    readonly destination: string;
    readonly headers: PlainHeaders;
    readonly body: string;
  }): void;
  /** Acknowledges or refuses a message, at once or in a transaction. */
  settle(
    message: ReceivedMessage,
    verdict: { readonly command: "ACK" | "NACK"; readonly transaction: string | undefined },
  ): void;
  begin(): void;
  finish(transaction: string, command: "COMMIT" | "ABORT"): void;
  clearMessages(): void;
}

const CONNECT_WITHIN_MS = 10_000;
/** Frames are shown in batches, since nobody reads faster. */
const BATCH_MS = 40;
const BATCH_FRAMES = 500;

/** Makes a client that is not connected. */
export function createClientSession(): ClientSession {
  const state = createStore(NO_CLIENT);
  let client: Client | undefined;
  let frameNumber = 0;
  /** Subscriptions and transactions of this connection so far. */
  let subscriptions = 0;
  let transactions = 0;
  let batch: FrameInfo[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const frames = batch;
    batch = [];
    state.set(frames.reduce(afterFrame, state.get()));
  };
  const note = (frame: FrameInfo): void => {
    batch.push(frame);
    if (batch.length >= BATCH_FRAMES) flush();
    else timer ??= setTimeout(flush, BATCH_MS);
  };
  const end = (problem: ClientProblem | undefined): void => {
    flush();
    client = undefined;
    state.set(afterEnd(state.get(), problem));
  };

  const connect = (plan: ConnectPlan): void => {
    if (client !== undefined) return;
    state.set(afterStart(state.get(), plan.url));
    subscriptions = 0;
    transactions = 0;
    const versions = new Versions([...plan.versions]);
    let socket: WebSocket;
    try {
      socket = new WebSocket(plan.url, versions.protocolVersions());
    } catch (error) {
      end(neverOpened(plan.url, error instanceof Error ? error.message : String(error)));
      return;
    }
    let wasOpen = false;
    let isSilent = false;
    let version = "1.0";
    socket.addEventListener("open", () => (wasOpen = true));
    const readers = {
      in: createWireReader(() => version !== "1.0"),
      out: createWireReader(() => version !== "1.0"),
    };
    watchSocket(socket, (direction, data) => {
      for (const wire of readers[direction](data)) {
        frameNumber += 1;
        note(shownFrame(wire, { number: frameNumber, at: Date.now(), direction }));
        if (wire.command === "CONNECTED") {
          version = wire.headers.find(([name]) => name === "version")?.[1] ?? "1.0";
          flush();
        }
      }
    });
    const made = new Client({
      webSocketFactory: () => socket,
      stompVersions: versions,
      connectHeaders: plan.headers,
      // Whoever tries things out wants to see that a connection ended.
      reconnectDelay: 0,
      connectionTimeout: CONNECT_WITHIN_MS,
      discardWebsocketOnCommFailure: true,
      heartbeatOutgoing: plan.heartBeatOutMs,
      heartbeatIncoming: plan.heartBeatInMs,
      onHeartbeatLost: () => (isSilent = true),
      onWebSocketClose: ({ code, reason }) => {
        if (client !== made) return;
        flush();
        const { phase, problem } = state.get();
        if (problem !== undefined || phase === "closing") end(problem);
        else if (isSilent) end(fellSilent(plan.url));
        else if (!wasOpen) end(neverOpened(plan.url, String(reason ?? "")));
        else
          end(closed({ code: Number(code), reason: String(reason ?? ""), wasOn: phase === "on" }));
        void made.deactivate();
      },
    });
    client = made;
    made.activate();
  };

  return {
    state,
    connect,
    disconnect() {
      const isSecond = state.get().phase === "closing";
      flush();
      state.set({ ...state.get(), phase: "closing" });
      if (isSecond) client?.forceDisconnect();
      else void client?.deactivate();
    },
    subscribe(destination, headers) {
      subscriptions += 1;
      client?.subscribe(destination, () => {}, { id: `sub-${subscriptions}`, ...headers });
    },
    unsubscribe(id) {
      client?.unsubscribe(id);
    },
    send({ destination, headers, body }) {
      client?.publish({ destination, headers: { ...headers }, body });
    },
    settle({ ackId, subscription }, { command, transaction }) {
      if (ackId === undefined) return;
      const headers: Record<string, string> = transaction === undefined ? {} : { transaction };
      if (command === "ACK") client?.ack(ackId, subscription, headers);
      else client?.nack(ackId, subscription, headers);
    },
    begin() {
      transactions += 1;
      client?.begin(`tx-${transactions}`);
    },
    finish(transaction, command) {
      if (command === "COMMIT") client?.commit(transaction);
      else client?.abort(transaction);
    },
    clearMessages() {
      flush();
      // What can still be acknowledged stays, or nobody could.
      const messages = state
        .get()
        .messages.filter(({ ackId, verdict }) => ackId !== undefined && verdict === undefined);
      state.set({ ...state.get(), messages, dropped: 0 });
    },
  };
}

/** Tells of all that crosses a socket; `in` is from here to the broker. */
function watchSocket(
  socket: WebSocket,
  tell: (direction: "in" | "out", data: WireData) => void,
): void {
  const send = socket.send.bind(socket);
  socket.send = (data) => {
    if (typeof data === "string" || data instanceof ArrayBuffer) tell("in", data);
    send(data);
  };
  socket.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (typeof data === "string" || data instanceof ArrayBuffer) tell("out", data);
  });
}

function neverOpened(url: string, reason: string): ClientProblem {
  const because = reason === "" ? "" : ` (${reason})`;
  return {
    kind: "lost",
    sentence: `Cannot connect to ${url}: nothing answers there, or it refuses this page${because}`,
    advice:
      `Is a broker running, and is the address right? A broker may also refuse pages of ${location.origin}: ` +
      `stompbox takes them with --allow-origin ${location.origin}. The browser does not tell a page which it was.`,
  };
}

function fellSilent(url: string): ClientProblem {
  return {
    kind: "lost",
    sentence: `${url} fell silent: no heart-beat came in time`,
    advice: "The broker may have stopped, or the network between may be gone.",
  };
}

function closed(about: {
  readonly code: number;
  readonly reason: string;
  readonly wasOn: boolean;
}): ClientProblem {
  const { code, reason, wasOn } = about;
  const because = `code ${code}${reason === "" ? "" : `, ${reason}`}`;
  return {
    kind: "lost",
    sentence: wasOn
      ? `The connection was closed without an ERROR (${because})`
      : `The connection was closed before CONNECTED came (${because})`,
    advice: wasOn
      ? "The broker may have been stopped, or something between may have cut it off."
      : "Does it speak STOMP, in a version that was offered? Some brokers close without a word when the login is wrong.",
  };
}

// One connection that comes back by itself, and says what it is doing.

import { Client, Versions } from "../vendor/stompjs-7/index.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const CONNECT_WITHIN_MS = 10_000;
const HEART_BEAT_MS = 10_000;

/**
 * States, as given to onState:
 *   { kind: "off" }                        not wanted
 *   { kind: "connecting" }                 on the way
 *   { kind: "on" }                         CONNECTED has come
 *   { kind: "waiting", until, reason }     lost; tried again at `until` (ms since the epoch)
 *   { kind: "stopped", reason }            the broker said not to try again
 *
 * onWire("in" | "out", data) sees whatever crosses the WebSocket, heart-beats too. While isOnline()
 * is false, attempts fail without a WebSocket.
 */
export function createConnection(url, { onState, onWire, isOnline = () => true }) {
  let wanted = false;
  let attempts = 0;
  let timer;
  let refusal; // The last ERROR of the present connection.

  const client = new Client({
    webSocketFactory: () => tapped(new WebSocket(url, Versions.default.protocolVersions()), onWire),
    // Waiting is done here, where it can be shown and cut short.
    reconnectDelay: 0,
    connectionTimeout: CONNECT_WITHIN_MS,
    // Do not wait for the closing handshake of a peer that has gone silent.
    discardWebsocketOnCommFailure: true,
    heartbeatIncoming: HEART_BEAT_MS,
    heartbeatOutgoing: HEART_BEAT_MS,
    onConnect: () => {
      attempts = 0;
      onState({ kind: "on" });
    },
    onStompError: (frame) => {
      refusal = frame.headers;
    },
    onWebSocketClose: (event) => {
      // Ended on purpose; if it is wanted again by now, the library goes on by itself.
      if (!client.active) return;
      void client.deactivate();
      if (wanted) lost(event);
    },
  });

  const lost = (event) => {
    const reason = refusal?.message ?? event.reason ?? "";
    if (refusal?.retry === "false") {
      wanted = false;
      onState({ kind: "stopped", reason });
      return;
    }
    const asked = Number(refusal?.["retry-after"]);
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempts);
    attempts += 1;
    // Spread, so that a broker that comes back is not met by all its clients at once.
    const waitMs = Math.max(asked > 0 ? asked : 0, wait * (0.75 + Math.random() / 2));
    timer = setTimeout(attempt, waitMs);
    onState({ kind: "waiting", until: Date.now() + waitMs, reason });
  };

  const attempt = () => {
    clearTimeout(timer);
    refusal = undefined;
    onState({ kind: "connecting" });
    if (isOnline()) client.activate();
    else lost({ reason: "no network" });
  };

  return {
    client,
    connect() {
      if (wanted) return;
      wanted = true;
      attempts = 0;
      attempt();
    },
    /** Tries now instead of when the wait is over. */
    retry() {
      if (wanted && !client.active) attempt();
    },
    disconnect() {
      wanted = false;
      clearTimeout(timer);
      onState({ kind: "off" });
      return client.deactivate();
    },
  };
}

function tapped(socket, onWire) {
  const send = socket.send.bind(socket);
  socket.send = (data) => {
    onWire("out", data);
    send(data);
  };
  socket.addEventListener("message", ({ data }) => onWire("in", data));
  return socket;
}

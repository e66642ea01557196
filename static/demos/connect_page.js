// The connection of a demo: it comes back by itself, and the page shows how it is.

import { brokerUrl } from "../broker.js";
import { createConnection } from "../chat/connection.js";

const SHOWN = {
  off: ["", "Disconnected"],
  connecting: ["wait", "Connecting…"],
  on: ["good", "Connected"],
  waiting: ["wait", "Connection lost"],
  stopped: ["bad", "Stopped by the broker"],
};

/**
 * Connects, shows the state in #state, and lets whatever has `data-online` be used only while
 * there is a connection. A new connection knows nothing of the old one, so `onConnected(client)`
 * subscribes anew each time; `onLost()` is called when a connection has gone. The other options are
 * those of createConnection.
 */
export function connectPage({ onConnected, onLost = () => {}, onState = () => {}, ...options }) {
  const pill = document.getElementById("state");
  let connected = false;

  const connection = createConnection(brokerUrl, {
    onWire: () => {},
    ...options,
    onState(state) {
      const [tone, sentence] = SHOWN[state.kind];
      pill.dataset.tone = tone;
      if (pill.textContent !== sentence) pill.textContent = sentence;
      pill.title = state.reason ?? "";
      const isOn = state.kind === "on";
      for (const control of document.querySelectorAll("[data-online]")) control.disabled = !isOn;
      if (connected && !isOn) onLost();
      connected = isOn;
      if (isOn) onConnected(connection.client);
      onState(state);
    },
  });
  connection.connect();
  return connection;
}

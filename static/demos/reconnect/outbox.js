// Sends what must arrive, once, over a connection that may be lost at any time.

import { newId } from "../new_id.js";

const KEPT_MAX = 100;
const IDS_MAX = 1_000;

/**
 * Keeps each message until the broker has confirmed it with a RECEIPT. `onChange(id, state)` tells
 * of "kept", "sent" and "confirmed".
 */
export function createOutbox({ destination, headers, onChange }) {
  const kept = new Map(); // By id: the text.
  let client;

  const send = (id, text) => {
    client.watchForReceipt(id, () => {
      kept.delete(id);
      onChange(id, "confirmed");
    });
    client.publish({ destination, headers: { ...headers, note: id, receipt: id }, body: text });
    onChange(id, "sent");
  };

  return {
    /** Answers the id, or undefined when too much waits already. */
    add(text) {
      if (kept.size >= KEPT_MAX) return undefined;
      const id = newId(10);
      kept.set(id, text);
      onChange(id, "kept");
      if (client?.connected) send(id, text);
      return id;
    },

    /**
     * After every CONNECTED: sends what is not confirmed. That may have arrived already, and only
     * the receipt been lost; so it goes under the id that it had.
     */
    connected(newClient) {
      client = newClient;
      for (const [id, text] of kept) send(id, text);
    },
  };
}

/** Answers whether an id is seen for the first time; remembers the last thousand. */
export function createSeen() {
  const ids = new Set();
  return (id) => {
    if (ids.has(id)) return false;
    ids.add(id);
    if (ids.size > IDS_MAX) ids.delete(ids.values().next().value);
    return true;
  };
}

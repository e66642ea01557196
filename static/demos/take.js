const PATIENCE_MS = 5_000;

/**
 * Takes `count` messages out of a queue: `onMessage` gets each, and acknowledges it. Gives up
 * after a while if there are not as many, because another window was quicker.
 */
export function take(client, destination, { count, onMessage, headers = {} }) {
  const socket = client.webSocket;
  let taken = 0;
  return new Promise((resolve) => {
    const subscription = client.subscribe(
      destination,
      (message) => {
        onMessage(message);
        taken += 1;
        if (taken === count) end();
      },
      { ack: "client-individual", "prefetch-count": String(count), ...headers },
    );
    const timer = setTimeout(() => end(), PATIENCE_MS);
    const end = () => {
      clearTimeout(timer);
      // A subscription ends with its connection; the next one does not know it.
      if (client.connected && client.webSocket === socket) subscription.unsubscribe();
      resolve();
    };
  });
}

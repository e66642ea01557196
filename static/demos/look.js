const MESSAGES_MAX = 1_000;

/**
 * What waits in a queue, at most a thousand messages. Looking takes nothing away: the broker shows
 * each message and ends with one that says `browser:end`.
 */
export function look(client, destination) {
  return new Promise((resolve) => {
    const found = [];
    const subscription = client.subscribe(
      destination,
      (message) => {
        const atEnd = message.headers.browser === "end";
        if (!atEnd && found.push(message) < MESSAGES_MAX) return;
        subscription.unsubscribe();
        resolve(found);
      },
      { browser: "true" },
    );
  });
}

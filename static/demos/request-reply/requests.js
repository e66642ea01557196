// Request and reply: who asks says in `reply-to` where the answer is to go, and tells its requests
// apart by `correlation-id`.

import { newId } from "../new_id.js";

const REQUESTS = "/queue/demo.requests";
const REPLIES = "/temp-queue/replies"; // Belongs to this connection; others cannot read it.
const AT_ONCE = 10;

// The name others are given for it. Anybody may send a request; who would answer to whatever
// stands in it could be made to send anywhere, or to break the rules and lose its connection.
const REPLY_TO = /^\/remote-temp-queue\/[\w-]+$/;

/**
 * Asks over this connection; a new connection needs a new asker. `ask(text, withinMs)` gives a
 * promise of the reply, a message. `onLate` gets replies that nobody waits for any more.
 */
export function createAsker(client, { onLate }) {
  const waiting = new Map(); // By correlation-id

  client.subscribe(REPLIES, (reply) => {
    const id = reply.headers["correlation-id"];
    const request = waiting.get(id);
    if (request) request.resolve(reply);
    else onLate(reply);
  });

  return {
    ask(text, withinMs) {
      const id = newId(12);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("No answer in time")), withinMs);
        waiting.set(id, { resolve, reject, timer });
        client.publish({
          destination: REQUESTS,
          headers: {
            "reply-to": REPLIES,
            "correlation-id": id,
            // A request that nobody waits for any more is not worth an answer.
            ttl: String(withinMs),
          },
          body: text,
        });
      }).finally(() => {
        clearTimeout(waiting.get(id).timer);
        waiting.delete(id);
      });
    },
    /** The connection is gone, and with it the place for replies. */
    close() {
      for (const { reject } of waiting.values()) reject(new Error("Connection lost"));
    },
  };
}

/**
 * Answers requests, ten at once, with what `answer(text, signal)` gives. Returns what stops it;
 * requests that are not answered by then go to somebody else.
 */
export function startResponder(client, { name, answer }) {
  const stopped = new AbortController();

  const subscription = client.subscribe(
    REQUESTS,
    async (request) => {
      const { "reply-to": replyTo = "", "correlation-id": id = "" } = request.headers;
      if (!REPLY_TO.test(replyTo)) {
        request.ack(); // Nobody waits for an answer.
        return;
      }
      const text = await answer(request.body, stopped.signal);
      if (stopped.signal.aborted) return;
      client.publish({
        destination: replyTo,
        headers: { "correlation-id": id, "answered-by": name },
        body: text,
      });
      request.ack();
    },
    { ack: "client-individual", "prefetch-count": String(AT_ONCE) },
  );

  return () => {
    stopped.abort();
    if (client.connected) subscription.unsubscribe();
  };
}

// The messages of a work queue. A job is a message in a queue, which one worker gets. What becomes
// of it is told on a topic, so that every window can draw it.

import { look } from "../look.js";
import { take } from "../take.js";

const JOBS = "/queue/demo.jobs";
const DEAD_LETTERS = "/queue/DLQ.demo.jobs";
const NEWS = "/topic/demo.jobs";

const KINDS = ["good", "shaky", "broken"];
const STATES = ["waiting", "working", "done", "refused"];
const COMES_AGAIN_AFTER_MS = 300;
const ID_CHARACTERS_MAX = 64;

/** Puts a job into the queue. */
export function addJob(client, job) {
  client.publish({
    destination: JOBS,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(job),
  });
  tell(client, { ...job, state: "waiting" });
}

/**
 * A worker has one job at a time: the next comes when this one is acknowledged or refused.
 * `work(job, signal)` fails by throwing. Returns what stops the worker.
 */
export function startWorker(client, { name, work }) {
  const stopped = new AbortController();
  let current; // The job it holds.

  const subscription = client.subscribe(
    JOBS,
    async (message) => {
      current = { ...readJob(message), worker: name };
      tell(client, { ...current, state: "working" });
      try {
        await work(current, stopped.signal);
        message.ack();
        tell(client, { ...current, state: "done" });
      } catch {
        // Who has stopped holds nothing any more: the broker gives the job to another.
        if (stopped.signal.aborted) return;
        message.nack({ delay: String(COMES_AGAIN_AFTER_MS) });
        tell(client, { ...current, state: "refused" });
      }
      current = undefined;
    },
    { ack: "client-individual", "prefetch-count": "1" },
  );

  return () => {
    stopped.abort();
    if (!client.connected) return;
    subscription.unsubscribe();
    if (current) tell(client, { ...current, state: "waiting" });
  };
}

/** The jobs that wait for a worker. */
export async function lookAtJobs(client) {
  return (await look(client, JOBS)).map(readJob);
}

/** The jobs that were refused too often, each with the `messageId` that retry asks for. */
export async function lookAtDeadLetters(client) {
  return (await look(client, DEAD_LETTERS)).map((message) => ({
    ...readJob(message),
    messageId: message.headers["message-id"],
    reason: message.headers["dead-letter-reason"],
  }));
}

/** Moves one dead letter back: one transaction takes it there and sends it here, or does neither. */
export function retry(client, { messageId }) {
  return take(client, DEAD_LETTERS, {
    count: 1,
    headers: { selector: `JMSMessageID = '${messageId}'` },
    onMessage(message) {
      const transaction = client.begin();
      const headers = { transaction: transaction.id };
      const type = message.headers["content-type"] ?? "text/plain";
      client.publish({
        destination: JOBS,
        headers: { ...headers, "content-type": type },
        body: message.body,
      });
      message.ack(headers);
      transaction.commit();
      tell(client, { ...readJob(message), attempt: 1, state: "waiting" });
    },
  });
}

/** Calls `onNews` with what becomes of the jobs of all windows. */
export function followNews(client, onNews) {
  client.subscribe(NEWS, (message) => {
    const news = readNews(message.body);
    if (news) onNews(news);
  });
}

function tell(client, news) {
  client.publish({ destination: NEWS, body: JSON.stringify(news) });
}

// Any program may send to these destinations, so nothing is taken for what it should be.

function readJob(message) {
  const attempt = Number(message.headers["delivery-count"] ?? 1);
  const { id, kind } = readJson(message.body);
  return isName(id) && KINDS.includes(kind)
    ? { id, kind, label: id, attempt }
    : { id: message.headers["message-id"], kind: "good", label: cut(message.body), attempt };
}

function readNews(body) {
  const { id, kind, label, attempt, state, worker } = readJson(body);
  if (typeof id !== "string" || id.length > ID_CHARACTERS_MAX) return undefined;
  if (!KINDS.includes(kind) || !STATES.includes(state)) return undefined;
  return {
    id,
    kind,
    label: cut(label ?? id),
    attempt: Number.isSafeInteger(attempt) ? attempt : 1,
    state,
    worker: cut(worker),
  };
}

function readJson(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

function isName(value) {
  return typeof value === "string" && /^[\w-]{1,16}$/.test(value);
}

function cut(value) {
  return typeof value === "string" ? value.slice(0, 16) : "";
}

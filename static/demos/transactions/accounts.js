// Two accounts and what moves money from one to the other. An account is a queue from which nobody
// takes: its entries stay, and the balance is their sum.

import { look } from "../look.js";
import { take } from "../take.js";

const START = 100;

const queueOf = (account) => `/queue/demo.account.${account}`;
const topicOf = (account) => `/topic/demo.account.${account}`;

/**
 * Books two entries. With `inTransaction` the broker shows neither to anybody before COMMIT;
 * without, the first stands as soon as it is sent. `halfWay()` runs between the two, and may throw.
 */
export function transfer(client, { from, to, amount, inTransaction, halfWay }) {
  const transaction = inTransaction ? client.begin() : undefined;
  const headers = transaction ? { transaction: transaction.id } : {};
  try {
    book(client, { account: from, amount: -amount, text: `to ${to}`, headers });
    halfWay();
    book(client, { account: to, amount, text: `from ${from}`, headers });
    transaction?.commit();
  } catch (error) {
    // A lost connection needs no ABORT: the broker forgets what was not committed.
    if (client.connected) transaction?.abort();
    throw error;
  }
}

// One SEND to two destinations: the queue keeps the entry, the topic tells every window.
function book(client, { account, amount, text, headers }) {
  client.publish({
    destination: `${queueOf(account)},${topicOf(account)}`,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ amount, text }),
  });
}

/** The entries of an account, the oldest first, and its balance. */
export async function readAccount(client, account) {
  const entries = (await look(client, queueOf(account))).flatMap(readEntry);
  return { entries, balance: entries.reduce((sum, { amount }) => sum + amount, START) };
}

/** Calls `onChange(account)` whenever an entry was made, in whichever window. */
export function followAccount(client, account, onChange) {
  client.subscribe(topicOf(account), () => onChange(account));
}

/** Takes all entries out, so that the account is as at the start. */
export async function emptyAccount(client, account) {
  const { length: count } = await look(client, queueOf(account));
  const onMessage = (message) => message.ack();
  if (count > 0) await take(client, queueOf(account), { count, onMessage });
  if (client.connected) client.publish({ destination: topicOf(account), body: "emptied" });
}

// Any program may send to the queue.
function readEntry({ body }) {
  try {
    const { amount, text } = JSON.parse(body);
    const isEntry = Number.isSafeInteger(amount) && typeof text === "string";
    if (isEntry) return [{ amount, text: text.slice(0, 40) }];
  } catch {
    // Not an entry.
  }
  return [];
}

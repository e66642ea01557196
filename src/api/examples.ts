import type { CallInput, CallName } from "./calls.ts";

/**
 * Arguments of each call that make sense beside a broker in which queue
 * `orders` has messages, and a consumer holds one of queue `packing`: what the
 * OpenAPI document and docs/api.md show, and what the tests of both try out.
 */
export const CALL_EXAMPLES: { readonly [N in CallName]: CallInput<N> } = {
  status: {},
  history: {},
  problems: {},
  connections: { sort: "outboxBytes", order: "desc", limit: 20 },
  connection: { number: 1 },
  disconnect: { number: 1 },
  subscriptions: { destination: "/topic/prices.eur" },
  queues: { filter: "ord", sort: "ready", order: "desc" },
  queue: { name: "orders" },
  deleteQueue: { name: "orders" },
  browseQueue: { name: "orders", limit: 10 },
  queueMessage: { name: "orders", key: "4-1" },
  heldMessages: { name: "packing", limit: 10 },
  heldMessage: { name: "packing", key: "4-1" },
  purgeQueue: { name: "orders" },
  moveMessages: { name: "orders", to: "/queue/orders.later", keys: ["4-1", "4-2"] },
  retryMessages: { name: "DLQ.orders" },
  topics: { sort: "subscribers", order: "desc" },
  durables: {},
  browseDurable: { id: "WyJjMSIsImF1ZGl0Il0KL3RvcGljL3ByaWNlcw", limit: 10 },
  durableMessage: { id: "WyJjMSIsImF1ZGl0Il0KL3RvcGljL3ByaWNlcw", key: "4-1" },
  purgeDurable: { id: "WyJjMSIsImF1ZGl0Il0KL3RvcGljL3ByaWNlcw" },
  deleteDurable: { id: "WyJjMSIsImF1ZGl0Il0KL3RvcGljL3ByaWNlcw" },
  publish: {
    destination: "/queue/orders",
    headers: [
      ["content-type", "application/json"],
      ["priority", "7"],
    ],
    body: '{"item":"tea"}',
  },
  frames: { limit: 100 },
  frame: { number: 1 },
};

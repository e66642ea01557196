/**
 * What a client of any broker asks for in every spelling at once: a broker
 * leaves those alone that it does not know.
 */

/** Headers of SUBSCRIBE by which a subscription of that name outlives its connection; its `id` must be the name. */
export function durableHeaders(name: string): string[] {
  return [
    ...["activemq.subscriptionName", name],
    ...["durable-subscription-name", name],
    ...["durable", "true"],
    ...["auto-delete", "false"],
  ];
}

/** Headers of SUBSCRIBE that allow so many unacknowledged messages. */
export function prefetchHeaders(count: number): string[] {
  return ["prefetch-count", String(count), "activemq.prefetchSize", String(count)];
}

/** Whether the broker subscribes a client to its temporary `reply-to` by itself, and refuses a SUBSCRIBE to it. */
export function repliesByItself(server: string): boolean {
  return /^rabbitmq\b/i.test(server);
}

/** stomp-broker-js, by the name it gives itself. */
const STOMP_BROKER_JS = /^stomp-js\b/i;

/** Whether the broker may send a RECEIPT for SUBSCRIBE: stomp-broker-js never does. */
export function answersSubscriptions(server: string): boolean {
  return !STOMP_BROKER_JS.test(server);
}

/** Whether the broker gives a client what that client sent itself: stomp-broker-js never does. */
export function givesBack(server: string): boolean {
  return !STOMP_BROKER_JS.test(server);
}

/**
 * Whether a RECEIPT for SUBSCRIBE says that the subscription is in force:
 * ActiveMQ sends it before it is, stomp-broker-js sends none. What follows on
 * the connection is carried out after it by either.
 */
export function confirmsSubscriptions(server: string): boolean {
  return answersSubscriptions(server) && !/^activemq\b/i.test(server);
}

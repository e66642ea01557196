// Three ways to listen, and what each has when the connection comes back.

/** Where ticks are sent: to one topic and one queue at once. */
export function ticksOf(name) {
  return `/topic/demo.ticks.${name},/queue/demo.ticks.${name}`;
}

/**
 * Subscribes in three ways and calls `onTick(way, message)`. A new connection knows nothing of the
 * subscriptions of the old one: call this after every CONNECTED.
 */
export function listen(client, name, onTick) {
  const topic = `/topic/demo.ticks.${name}`;
  const queue = `/queue/demo.ticks.${name}`;
  // In mode auto a message is settled once it is sent, and lost if it was on its way. What must
  // not be lost is acknowledged when it has been dealt with.
  const ack = "client-individual";
  const dealt = (way) => (message) => {
    onTick(way, message);
    message.ack();
  };

  // Hears what is said while it is there.
  client.subscribe(topic, (message) => onTick("topic", message));
  // The broker gathers for this name, whoever is there or not.
  const durable = client.subscribe(topic, dealt("durable"), { ack, ...durableName("ticks", name) });
  // Messages in a queue wait for a consumer.
  client.subscribe(queue, dealt("queue"), { ack });

  return {
    /** For good: without the name the broker would go on gathering. */
    end: () => durable.unsubscribe(durableName("ticks", name)),
  };
}

/** The header that makes a subscription durable, and its UNSUBSCRIBE final. */
export function durableName(what, name) {
  return { "durable-subscription-name": `${what}-${name}` };
}

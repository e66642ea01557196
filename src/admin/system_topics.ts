import { SYSTEM_TOPIC_PREFIX } from "../api/system_topics.ts";
import type { SystemTopic } from "../api/values.ts";
import type { Destination } from "../broker/destination.ts";
import { headerList } from "../broker/message.ts";
import { createSource, type Publication } from "../engine/operation.ts";
import type { ConnectionContext } from "../session/connection_context.ts";

/** What the broker says of itself, on topics below `/topic/$system/`. */
export interface SystemTopics {
  /** Whether someone listens to a topic. */
  isWatched(topic: SystemTopic): boolean;
  /**
   * Publishes a value as JSON; `headers` go along, names and values in turn, so
   * that selectors can choose. Not to be called from inside a delivery. Returns
   * false if a listener is behind.
   */
  publish(topic: SystemTopic, value: object, headers?: readonly string[]): boolean;
}

/** Makes the topics of a broker. */
export function createSystemTopics({
  engine,
  runtime,
  counters,
}: Pick<ConnectionContext, "engine" | "runtime" | "counters">): SystemTopics {
  const source = createSource();
  return {
    isWatched: (topic) => engine.hasSubscribers(`$system/${topic}`),
    publish: (topic, value, headers = []) => {
      const body = JSON.stringify(value);
      const path = SYSTEM_TOPIC_PREFIX + topic;
      const message = engine.createMessage({
        headers: headerList([
          ...["destination", path, "content-type", "application/json"],
          ...headers,
          ...["timestamp", String(runtime.now())],
          ...["content-length", String(Buffer.byteLength(body))],
        ]),
        body,
        priority: 4,
        expiresAt: 0,
        persistent: false,
        arrivedAt: runtime.now(),
      });
      const destination: Destination = {
        ...{ kind: "topic", name: `$system/${topic}`, path },
        ...{ pattern: false, remote: false },
      };
      const publication: Publication = { kind: "publish", message, destination, retain: undefined };
      const { published } = engine.counters;
      const { delivered } = counters;
      const unpressed = engine.apply(source, [publication], () => {});
      // What the broker says of itself is none of what it does for others.
      engine.counters.published = published;
      counters.delivered = delivered;
      return unpressed;
    },
  };
}

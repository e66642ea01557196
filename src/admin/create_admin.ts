import type { Status } from "../api/values.ts";
import { Fault, quote } from "../fault.ts";
import { Inspector } from "../observe/inspector.ts";
import type { Observe } from "../observe/events.ts";
import type { ConnectionContext } from "../session/connection_context.ts";
import type { Connections } from "../session/connections.ts";
import { publishOnce } from "../session/publish_once.ts";
import type { Admin } from "../web/admin.ts";
import { createConnectionCalls } from "./connection_calls.ts";
import { createHeldCalls } from "./held_calls.ts";
import { createQueueCalls } from "./queue_calls.ts";
import { createStatistics } from "./statistics.ts";
import { createNotices } from "./notices.ts";
import { createSubscriptionCalls } from "./subscription_calls.ts";
import { createSystemTopics } from "./system_topics.ts";
import { createTopicCalls } from "./topic_calls.ts";

/** What looks after a broker: answers the API, and tells what happens on the `$system` topics. */
export interface BrokerAdmin {
  readonly calls: Admin;
  /** Is to be told every event of the broker. */
  readonly observe: Observe;
  /** To be called some times a second. */
  tick(): void;
}

/** Makes what looks after a broker. */
export function createAdmin(about: {
  readonly context: ConnectionContext;
  readonly connections: Connections;
  readonly status: () => Status;
}): BrokerAdmin {
  const { context, connections, status } = about;
  const { runtime, turn } = context;
  const topics = createSystemTopics(context);
  const inspector = new Inspector({
    now: runtime.now,
    after: (task) => turn.after(task),
    show: (frame) => {
      const { connection, direction, command, headers } = frame;
      const destination = headers.find(([name]) => name === "destination")?.[1];
      return topics.publish("frames", frame, [
        ...["connection", String(connection), "direction", direction, "command", command],
        ...(destination === undefined ? [] : ["frame-destination", destination]),
      ]);
    },
  });
  const statistics = createStatistics({ context, connections, topics });
  const notices = createNotices({ topics, runtime, turn });
  /** Frames are looked at while someone is subscribed to them, and at no other time. */
  const look = (): boolean => {
    const isWatched = topics.isWatched("frames");
    context.tap = isWatched ? inspector : undefined;
    return isWatched;
  };
  const frameOf = (number: number) => {
    const frame = inspector.frames.find((each) => each.number === number);
    if (frame !== undefined) return frame;
    throw new Fault("not-found", `Cannot find frame ${number}: it is not among the latest`);
  };

  return {
    observe: (event) => {
      if (event.type === "subscribed" || event.type === "unsubscribed") look();
      statistics.observe(event);
      notices.observe(event);
    },
    tick: () => {
      inspector.tick(look());
      statistics.tick();
      notices.tick();
    },
    calls: {
      status,
      history: statistics.history,
      problems: () => ({ problems: [...statistics.problems()] }),
      ...createConnectionCalls(connections, runtime),
      ...createSubscriptionCalls(context, connections),
      ...createQueueCalls(context),
      ...createHeldCalls(context, connections),
      ...createTopicCalls(context),
      publish: async ({ destination, headers, body, bodyBase64 }) => {
        const messageId = await publishOnce(context, {
          destination,
          headers: checkedHeaders(headers),
          body: body ?? Buffer.from(bodyBase64 ?? "", "base64"),
        });
        return { messageId };
      },
      frames: ({ limit }) => ({ frames: inspector.frames.slice(-limit) }),
      frame: ({ number }) => frameOf(number),
    },
  };
}

/** @throws Fault `bad-header` */
function checkedHeaders(pairs: readonly (readonly [string, string])[]): readonly string[] {
  for (const [name] of pairs) {
    // What the SEND frame itself would say in another place.
    if (name === "" || name === "destination" || name === "content-length") {
      const detail = `Cannot send with a header named ${quote(name)}: it follows from the rest`;
      throw new Fault("bad-header", detail);
    }
  }
  return pairs.flat();
}

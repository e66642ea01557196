import { z } from "zod";
import type { DurableInfo, TopicInfo } from "../api/values.ts";
import { isWildcard, segmentsOf } from "../broker/destination.ts";
import { BoundQueue, type Durable } from "../engine/attachment.ts";
import type { TopicEntry } from "../engine/topics.ts";
import { Fault, quote } from "../fault.ts";
import type { ConnectionContext } from "../session/connection_context.ts";
import type { Admin } from "../web/admin.ts";
import { nextTurn } from "./next_turn.ts";
import { browse, messageAt, purge } from "./queue_calls.ts";
import { cutWindow } from "./window.ts";

type TopicCalls = Pick<
  Admin,
  "topics" | "durables" | "browseDurable" | "durableMessage" | "purgeDurable" | "deleteDurable"
>;

/** The calls of the API that are about topics and durable subscriptions. */
export function createTopicCalls(context: ConnectionContext): TopicCalls {
  const { engine, runtime } = context;
  const find = (id: string): Durable => {
    const durable = engine.durables.get(Buffer.from(id, "base64url").toString("utf8"));
    if (durable !== undefined) return durable;
    throw new Fault(
      "not-found",
      `Cannot find durable subscription ${quote(id)}: there is none with that id`,
    );
  };
  return {
    topics: async (window) => {
      const { total, items } = await cutWindow(engine.topicEntries(), window, {
        texts: ({ pattern }) => [`/topic/${pattern}`],
        key: ({ pattern, values }, sort) => (sort === "subscribers" ? values.length : pattern),
        turn: () => nextTurn(runtime),
      });
      return { total, items: items.map(topicInfo(engine.durables)) };
    },
    durables: (window) =>
      cutWindow(engine.durables.values().map(durableInfo), window, {
        texts: ({ name, clientId = "", destination }) => [name, clientId, destination],
        key: (info, sort) => {
          if (sort === "destination" || sort === "ready" || sort === "bytes") return info[sort];
          return info.name;
        },
        turn: () => nextTurn(runtime),
      }),
    browseDurable: ({ id, after, limit, bodyBytes }) =>
      browse(find(id).bound.queue, { after, limit, bodyBytes }),
    durableMessage: ({ id, ...about }) => messageAt(find(id).bound.queue, about),
    purgeDurable: ({ id, keys }) => purge(context, find(id).bound.queue, keys),
    deleteDurable: ({ id }) => {
      const durable = find(id);
      if (durable.attachment !== undefined) {
        const { name } = durableInfo(durable);
        throw new Fault(
          "in-use",
          `Cannot delete durable subscription ${quote(name)}: a subscriber has it, disconnect it first`,
        );
      }
      const messages = durable.bound.queue.size;
      engine.deleteDurable(durable);
      return { messages };
    },
  };
}

function topicInfo(durables: ReadonlyMap<string, Durable>): (entry: TopicEntry) => TopicInfo {
  const bound = new Set([...durables.values()].map((durable) => durable.bound));
  return ({ pattern, values }) => ({
    name: pattern,
    path: `/topic/${pattern}`,
    pattern: segmentsOf(pattern).some(isWildcard),
    subscribers: values.length,
    durables: values.filter((value) => value instanceof BoundQueue && bound.has(value)).length,
  });
}

/** How a session names a durable subscription; the path follows on a line of its own. */
const durableKey = z.tuple([z.string().nullable(), z.string()]);

function durableInfo(durable: Durable): DurableInfo {
  const { key, bound, attachment } = durable;
  const { queue, filter } = bound;
  const [clientId, name] = durableKey.parse(JSON.parse(key.slice(0, key.lastIndexOf("\n"))));
  const { oldest } = queue;
  return {
    id: Buffer.from(key, "utf8").toString("base64url"),
    name,
    ...(clientId === null ? {} : { clientId }),
    destination: queue.path,
    ...(filter === undefined ? {} : { selector: filter.text }),
    connected: attachment !== undefined,
    ready: queue.ready,
    held: queue.held,
    bytes: queue.bytes,
    ...(oldest === undefined ? {} : { oldestAt: oldest.message.arrivedAt }),
  };
}

import type { SubscriberInfo } from "../api/values.ts";
import { type Destination, isSystemName, parseDestination } from "../broker/destination.ts";
import { TopicTree } from "../broker/topic_tree.ts";
import type { Attachment } from "../engine/attachment.ts";
import type { Connection } from "../session/connection.ts";
import type { ConnectionContext } from "../session/connection_context.ts";
import type { Connections } from "../session/connections.ts";
import { canonicalDestination } from "../session/dialect.ts";
import type { Subscription } from "../session/subscription.ts";
import type { Admin } from "../web/admin.ts";
import { connectionInfo, subscriptionInfo } from "./connection_calls.ts";
import { nextTurn } from "./next_turn.ts";
import { cutWindow } from "./window.ts";

interface Subscriber {
  readonly connection: Connection;
  readonly subscription: Subscription;
}

/** The call of the API that tells who subscribed to what. */
export function createSubscriptionCalls(
  { limits, runtime }: Pick<ConnectionContext, "limits" | "runtime">,
  connections: Connections,
): Pick<Admin, "subscriptions"> {
  return {
    subscriptions: async ({ destination, ...window }) => {
      const isTied =
        destination === undefined
          ? undefined
          : tieTo(
              parseDestination(canonicalDestination(destination, limits.unprefixed), "subscribe"),
            );
      const { total, items } = await cutWindow(subscribers(connections), window, {
        ...(isTied === undefined
          ? {}
          : { keeps: ({ subscription }) => subscription.attachments.some(isTied) }),
        texts: ({ connection, subscription }) => {
          const { number, peer, login, clientId = "" } = connection.facts;
          const { named, id = "" } = subscription;
          return [`#${number}`, `${peer.address}:${peer.port}`, login, clientId, named, id];
        },
        key: sortKey,
        turn: () => nextTurn(runtime),
      });
      return { total, items: items.map(subscriberInfo) };
    },
  };
}

function* subscribers(connections: Connections): Iterable<Subscriber> {
  for (const connection of connections.all()) {
    for (const subscription of connection.session.subscriptions.values()) {
      yield { connection, subscription };
    }
  }
}

/** Whether a tie leads to what is sent to a destination; to a pattern only that pattern's own ties do. */
function tieTo({ kind, name, path, pattern }: Destination): (tie: Attachment) => boolean {
  const covers = pattern ? (each: string) => each === name : coverOf(name);
  if (kind === "topic" || kind === "temp-topic") {
    return ({ binding, durable }) => {
      const own = (durable?.binding ?? binding)?.pattern;
      return own !== undefined && isSystemName(own) === isSystemName(name) && covers(own);
    };
  }
  return (tie) => {
    const own = tie.pattern?.binding?.pattern;
    if (own !== undefined) return kind === "queue" && covers(own);
    return tie.queue?.path === path || tie.browse?.path === path;
  };
}

/** Whether a pattern covers a name; each pattern is asked about once. */
function coverOf(name: string): (pattern: string) => boolean {
  const known = new Map<string, boolean>();
  return (pattern) => {
    if (pattern === name) return true;
    let covers = known.get(pattern);
    if (covers === undefined) {
      const tree = new TopicTree<true>();
      tree.add(pattern, true);
      covers = tree.match(name).length > 0;
      known.set(pattern, covers);
    }
    return covers;
  };
}

function sortKey({ connection, subscription }: Subscriber, sort: string): string | number {
  switch (sort) {
    case "login":
      return connection.loginName;
    case "destination":
      return subscription.named;
    case "unacknowledged":
      return subscription.unacknowledged;
    default:
      return connection.number;
  }
}

function subscriberInfo({ connection, subscription }: Subscriber): SubscriberInfo {
  const { number, peer, login, clientId } = connectionInfo(connection.facts);
  return {
    ...subscriptionInfo(subscription),
    ...{ connection: number, peer, login },
    ...(clientId === undefined ? {} : { clientId }),
  };
}

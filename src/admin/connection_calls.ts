import type { ConnectionInfo, SubscriptionInfo } from "../api/values.ts";
import { Fault } from "../fault.ts";
import type { Runtime } from "../runtime.ts";
import type { Connection, ConnectionFacts } from "../session/connection.ts";
import type { Connections } from "../session/connections.ts";
import type { Subscription } from "../session/subscription.ts";
import type { Admin } from "../web/admin.ts";
import { nextTurn } from "./next_turn.ts";
import { cutWindow } from "./window.ts";

type ConnectionCalls = Pick<Admin, "connections" | "connection" | "disconnect">;

/** Subscriptions that one answer lists. */
const LISTED_MAX = 1_000;

/** The calls of the API that are about connections. */
export function createConnectionCalls(
  connections: Connections,
  runtime: Pick<Runtime, "defer">,
): ConnectionCalls {
  const find = (number: number): Connection => {
    const connection = connections.find(number);
    if (connection !== undefined) return connection;
    throw new Fault("not-found", `Cannot find connection ${number}: it is not open`);
  };
  return {
    connections: async (window) => {
      const facts = Iterator.from(connections.all()).map((connection) => connection.facts);
      const { total, items } = await cutWindow(facts, window, {
        texts: ({ number, peer, login, clientId = "" }) => {
          const from = `${peer.transport} ${peer.address}:${peer.port}`;
          return [`#${number}`, from, login, clientId];
        },
        key: sortKey,
        turn: () => nextTurn(runtime),
      });
      return { total, items: items.map(connectionInfo) };
    },
    connection: ({ number }) => {
      const { facts, session } = find(number);
      const shown = [...session.subscriptions.values()].slice(0, LISTED_MAX);
      return {
        ...connectionInfo(facts),
        subscriptionList: shown.map(subscriptionInfo),
        transactions: session.transactions,
      };
    },
    disconnect: ({ number }) => {
      const detail = "Cannot go on: whoever looks after this broker closed the connection";
      find(number).fail(new Fault("disconnected", detail), undefined);
      return {};
    },
  };
}

function sortKey(facts: ConnectionFacts, sort: string): string | number | undefined {
  switch (sort) {
    case "address":
      return facts.peer.address;
    case "login":
      return facts.login;
    case "version":
      return facts.version;
    case "subscriptions":
      return facts.subscriptions;
    case "unacknowledged":
      return facts.unacknowledged;
    case "outboxBytes":
      return facts.outboxBytes;
    case "messagesIn":
      return facts.messagesIn;
    case "messagesOut":
      return facts.messagesOut;
    case "lastReceivedAt":
      return facts.lastReceivedAt;
    default:
      return facts.number;
  }
}

/** A connection as a list shows it. */
export function connectionInfo(facts: ConnectionFacts): ConnectionInfo {
  const { peer, clientId, ...rest } = facts;
  const { transport, address, port, subProtocol } = peer;
  return {
    ...rest,
    peer: { transport, address, port },
    subProtocol,
    ...(clientId === undefined ? {} : { clientId }),
  };
}

/** A subscription as a list shows it. */
export function subscriptionInfo(subscription: Subscription): SubscriptionInfo {
  const { id, named, ack, prefetch, filter, attachments, browses, unacknowledged } = subscription;
  return {
    ...(id === undefined ? {} : { id }),
    destination: named,
    ack,
    ...(prefetch === Infinity ? {} : { prefetch }),
    ...(filter === undefined ? {} : { selector: filter.text }),
    durable: attachments.some(({ durable }) => durable !== undefined),
    browses,
    unacknowledged,
  };
}

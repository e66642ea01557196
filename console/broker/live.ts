/**
 * What the broker says about itself as it happens: one STOMP connection for
 * all of the `$system` topics, there only while somebody listens.
 */

import {
  Client,
  ReconnectionTimeMode,
  type IMessage,
  type StompSubscription,
} from "@stomp/stompjs";
import {
  SYSTEM_TOPIC_PREFIX,
  SYSTEM_TOPICS,
  type SystemNotice,
  type SystemTopic,
} from "../../src/api/values.ts";
import { createStore, type Store } from "../ui/store.ts";

/** How the live connection is. */
export type LiveState =
  | { readonly kind: "idle" }
  | { readonly kind: "connecting" }
  | { readonly kind: "connected" }
  /** Lost or refused, and tried again by itself. */
  | { readonly kind: "waiting"; readonly reason: string }
  /** The broker said not to try again. */
  | { readonly kind: "refused"; readonly reason: string };

/** What the broker says, to whom it may concern. */
export interface Live {
  readonly state: Store<LiveState>;
  /**
   * Calls `handler` with what comes on `/topic/$system/TOPIC`, until the
   * function that it returns is called. Those with the same topic and selector
   * share one subscription, which a lost connection gets back when it returns.
   */
  subscribe<T extends SystemTopic>(
    topic: T,
    handler: (notice: SystemNotice<T>) => void,
    options?: { readonly selector?: string },
  ): () => void;
}

/** The part of a STOMP client that is used here. */
export type LiveClient = Pick<
  Client,
  | "activate"
  | "deactivate"
  | "subscribe"
  | "connected"
  | "onConnect"
  | "onStompError"
  | "onWebSocketClose"
>;

/** What {@link createLive} needs. */
export interface LiveOptions {
  readonly createClient: () => LiveClient;
  /** How long the connection outlives its last listener, so that a change of page keeps it, in ms. */
  readonly lingerMs: number;
}

interface Feed {
  readonly topic: SystemTopic;
  readonly selector: string | undefined;
  readonly handlers: Set<(message: IMessage) => void>;
  subscription: StompSubscription | undefined;
}

/** A client as the console uses it, for the broker whose WebSocket is `url`. */
export function createLiveClient(url: string): LiveClient {
  return new Client({
    brokerURL: url,
    connectHeaders: { login: "console", "client-id": "console" },
    reconnectDelay: 1_000,
    reconnectTimeMode: ReconnectionTimeMode.EXPONENTIAL,
    maxReconnectDelay: 15_000,
    connectionTimeout: 10_000,
    discardWebsocketOnCommFailure: true,
    heartbeatIncoming: 10_000,
    heartbeatOutgoing: 10_000,
  });
}

/** Makes the one live connection of a page; it connects when something is subscribed. */
export function createLive({ createClient, lingerMs }: LiveOptions): Live {
  const state = createStore<LiveState>({ kind: "idle" });
  const feeds = new Map<string, Feed>();
  let client: LiveClient | undefined;
  let ending: ReturnType<typeof setTimeout> | undefined;
  let refusal: { readonly reason: string; readonly final: boolean } | undefined;

  const open = (feed: Feed): void => {
    feed.subscription = client?.subscribe(
      SYSTEM_TOPIC_PREFIX + feed.topic,
      (message) => {
        for (const handler of [...feed.handlers]) handler(message);
      },
      feed.selector === undefined ? {} : { selector: feed.selector },
    );
  };

  const connect = (): void => {
    const made = createClient();
    client = made;
    refusal = undefined;
    made.onConnect = () => {
      refusal = undefined;
      for (const feed of feeds.values()) open(feed);
      state.set({ kind: "connected" });
    };
    made.onStompError = ({ headers, body }) => {
      // The body says why, where the header says only what.
      const reason = body.trim() || (headers["message"] ?? "The broker refused");
      refusal = { reason, final: headers["retry"] === "false" };
    };
    made.onWebSocketClose = ({ reason }) => {
      for (const feed of feeds.values()) feed.subscription = undefined;
      if (client !== made) return;
      if (refusal?.final === true) {
        void made.deactivate();
        state.set({ kind: "refused", reason: refusal.reason });
      } else {
        state.set({ kind: "waiting", reason: refusal?.reason ?? String(reason ?? "") });
      }
    };
    state.set({ kind: "connecting" });
    made.activate();
  };

  const disconnect = (): void => {
    const ended = client;
    client = undefined;
    state.set({ kind: "idle" });
    void ended?.deactivate();
  };

  return {
    state,
    subscribe(topic, handler, { selector } = {}) {
      clearTimeout(ending);
      const key = `${topic} ${selector ?? ""}`;
      const known = feeds.get(key);
      const feed = known ?? { topic, selector, handlers: new Set(), subscription: undefined };
      const receive = (message: IMessage): void => {
        const notice = readNotice(topic, message.body);
        if (notice !== undefined) handler(notice);
      };
      feed.handlers.add(receive);
      feeds.set(key, feed);
      if (client === undefined) connect();
      else if (known === undefined && client.connected) open(feed);
      return () => {
        if (!feed.handlers.delete(receive) || feed.handlers.size > 0) return;
        feeds.delete(key);
        if (client?.connected === true) feed.subscription?.unsubscribe();
        if (feeds.size > 0) return;
        clearTimeout(ending);
        ending = setTimeout(disconnect, lingerMs);
      };
    },
  };
}

/** What a message on a `$system` topic says; undefined when it is not what this version knows. */
function readNotice<T extends SystemTopic>(topic: T, body: string): SystemNotice<T> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  const parsed = SYSTEM_TOPICS[topic].safeParse(value);
  // Parsed by the very schema that the type is made from.
  return parsed.success ? (parsed.data as SystemNotice<T>) : undefined;
}

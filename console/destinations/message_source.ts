/** Where messages wait, and what can be done to them there. */

import type { CallAnswer } from "../../src/api/calls.ts";
import type { MessageInfo } from "../../src/api/values.ts";
import { callApi } from "../broker/api.ts";

/** A part of the messages, in the order of delivery. */
export type Browsed = CallAnswer<"browseQueue">;

/** What to look at: messages behind one, and how much of each body. */
export interface Browsing {
  readonly after?: string | undefined;
  readonly limit: number;
  readonly bodyBytes: number;
}

/**
 * A queue or a durable subscription. Without `keys` a change is about all
 * messages that wait; each answers how many it was, and rejects with an
 * `ApiError`.
 */
export interface MessageSource {
  /** Differs from that of any other source. */
  readonly id: string;
  /** As people write it. */
  readonly path: string;
  readonly browse: (browsing: Browsing, signal: AbortSignal) => Promise<Browsed>;
  /** One message, with the whole of its body or its beginning. */
  readonly one: (
    key: string,
    options?: { readonly bodyBytes?: number; readonly signal?: AbortSignal },
  ) => Promise<MessageInfo>;
  readonly purge: (keys?: readonly string[]) => Promise<number>;
  readonly move?: (to: string, keys?: readonly string[]) => Promise<number>;
  /** Sends dead letters back. */
  readonly retry?: (keys?: readonly string[]) => Promise<number>;
}

/** The messages of a queue. */
export function queueSource(about: {
  readonly name: string;
  readonly path: string;
  readonly isDead: boolean;
}): MessageSource {
  const { name, path, isDead } = about;
  const body = (keys?: readonly string[]) => (keys === undefined ? {} : { keys: [...keys] });
  return {
    id: path,
    path,
    browse: (browsing, signal) => callApi("browseQueue", { name, ...browsing }, { signal }),
    one: (key, { bodyBytes, signal } = {}) =>
      callApi("queueMessage", { name, key, bodyBytes }, signal === undefined ? {} : { signal }),
    purge: async (keys) => (await callApi("purgeQueue", { name, ...body(keys) })).messages,
    move: async (to, keys) => (await callApi("moveMessages", { name, to, ...body(keys) })).messages,
    ...(isDead
      ? {
          retry: async (keys?: readonly string[]) =>
            (await callApi("retryMessages", { name, ...body(keys) })).messages,
        }
      : {}),
  };
}

/** The messages that wait for a durable subscriber. */
export function durableSource(id: string, path: string): MessageSource {
  return {
    id,
    path,
    browse: (browsing, signal) => callApi("browseDurable", { id, ...browsing }, { signal }),
    one: (key, { bodyBytes, signal } = {}) =>
      callApi("durableMessage", { id, key, bodyBytes }, signal === undefined ? {} : { signal }),
    purge: async (keys) => {
      const given = keys === undefined ? {} : { keys: [...keys] };
      return (await callApi("purgeDurable", { id, ...given })).messages;
    },
  };
}

/** How often a message was delivered: before it became a dead letter, if it is one, or else in this place. */
export function triesOf(message: MessageInfo): number {
  const before = headerOf(message, "delivery-count");
  return before !== undefined && /^\d{1,15}$/.test(before) ? Number(before) : message.deliveries;
}

/** The value of a message's header; the first of several. */
export function headerOf(message: MessageInfo, name: string): string | undefined {
  return message.headers.find(([each]) => each === name)?.[1];
}

import { headerList, Message } from "../../src/broker/message.ts";
import type { Consumer, QueueEntry } from "../../src/broker/queue.ts";

/** A consumer that notes what it is given. */
export interface FakeConsumer extends Consumer {
  readonly name: string;
  credit: number;
  acknowledges: boolean;
  readonly messages: Message[];
  /** What it was given by queues and has not settled. */
  readonly held: QueueEntry[];
}

/** A consumer with so much credit, which each delivery of a queue uses up by one. */
export function fakeConsumer(
  name: string,
  options: { readonly credit?: number; readonly acknowledges?: boolean } = {},
): FakeConsumer {
  const consumer: FakeConsumer = {
    name,
    credit: options.credit ?? Infinity,
    acknowledges: options.acknowledges ?? true,
    messages: [],
    held: [],
    deliver: (message, entry) => {
      consumer.messages.push(message);
      if (entry === undefined) return true;
      consumer.credit--;
      if (consumer.acknowledges) consumer.held.push(entry);
      return true;
    },
  };
  return consumer;
}

/** A message, by default of 260 bytes: four of them its body, none its headers. */
export function fakeMessage(
  id: number,
  fields: {
    readonly priority?: number;
    readonly body?: string;
    readonly persistent?: boolean;
  } = {},
): Message {
  return new Message({
    number: id,
    id: `m-${id}`,
    headers: headerList([]),
    body: fields.body ?? "body",
    priority: fields.priority ?? 4,
    expiresAt: 0,
    persistent: fields.persistent ?? false,
  });
}

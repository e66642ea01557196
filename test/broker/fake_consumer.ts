import { headerList, Message } from "../../src/broker/message.ts";
import { NumberedIds } from "../../src/broker/numbered_ids.ts";
import type { Consumer, QueueEntry } from "../../src/broker/queue.ts";
import type { MessageFilter } from "../../src/broker/subscriber.ts";

/** A consumer that notes what it is given. */
export interface FakeConsumer extends Consumer {
  readonly name: string;
  credit: number;
  acknowledges: boolean;
  readonly messages: Message[];
  /** What it was given by queues and has not settled. */
  readonly held: QueueEntry[];
}

/** What a test changes about a consumer. */
export interface FakeConsumerOptions {
  readonly credit?: number;
  readonly acknowledges?: boolean;
  readonly filter?: MessageFilter;
  readonly excludes?: object;
  /** Whether also what is not of a queue, or only shown of it, uses up credit. */
  readonly browses?: boolean;
}

/** A consumer with so much credit, which each delivery of a queue uses up by one. */
export function fakeConsumer(name: string, options: FakeConsumerOptions = {}): FakeConsumer {
  const consumer: FakeConsumer = {
    name,
    credit: options.credit ?? Infinity,
    acknowledges: options.acknowledges ?? true,
    filter: options.filter,
    excludes: options.excludes,
    messages: [],
    held: [],
    deliver: (message, entry) => {
      consumer.messages.push(message);
      if (entry !== undefined || options.browses === true) consumer.credit--;
      if (entry === undefined) return true;
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
  return new Message(id, new NumberedIds("m-"), {
    headers: headerList([]),
    body: fields.body ?? "body",
    priority: fields.priority ?? 4,
    expiresAt: 0,
    persistent: fields.persistent ?? false,
    arrivedAt: 0,
  });
}

import type { Message } from "./message.ts";

/** What a filter sees of a message. */
export interface FilteredMessage extends Pick<
  Message,
  "headers" | "id" | "priority" | "expiresAt" | "persistent"
> {
  /** Which delivery this would be; absent is the first. */
  readonly deliveryCount?: number;
}

/** What of a message decides who gets it. */
export interface MessageFilter {
  /** What the client wrote: equal texts are one filter. */
  readonly text: string;
  matches(message: FilteredMessage): boolean;
}

/** Whoever gets messages, as queues and topics see them. `Entry` is what a queue hands over. */
export interface Subscriber<Entry> {
  /** How many more messages of queues it takes now. Topics do not ask. */
  readonly credit: number;
  /** Whether it settles what it is given. If not, to be given a message settles it. */
  readonly acknowledges: boolean;
  /** What it wants of what comes; undefined for everything. */
  readonly filter: MessageFilter | undefined;
  /** Whose messages to topics do not reach it: its own, if it asked for that. */
  readonly excludes: object | undefined;
  /**
   * Hands over a message, at once. Queues call it only while `credit` is above
   * zero and pass the entry, which is to be settled later; topics pass none.
   * Must not call the engine.
   *
   * Returns false if the receiver is so far behind that publishers to the
   * topic had better wait for it.
   */
  deliver(message: Message, entry: Entry | undefined): boolean;
}

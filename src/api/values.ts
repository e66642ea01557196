/**
 * The values of the public JSON API and of the `$system` topics, as schemas:
 * the broker's answers, the console and the command line are checked by the
 * same ones. Times are ms since the epoch unless a name says otherwise.
 */

import { z } from "zod";

const count = z.int().min(0);
const time = z.number().min(0);
/** Names and values in turn would lose their shape in JSON: pairs, in the order sent. */
const headers = z.array(z.tuple([z.string(), z.string()]));

/** The live state of a broker. */
export const statusSchema = z.object({
  name: z.literal("stompbox"),
  version: z.string(),
  uptimeMs: time,
  storage: z.literal("memory"),
  login: z.literal("anyone"),
  connections: count,
  subscriptions: count,
  queues: count,
  topics: count,
  messagesIn: count.describe("Messages accepted since the start"),
  messagesOut: count.describe("Messages handed to subscribers since the start"),
  messagesWaiting: count.describe(
    "Messages in all queues, those for subscribers of topics and those that consumers hold among them",
  ),
  memoryBytes: count.describe("Bytes of messages held: queues, outboxes, transactions"),
  listeners: z.array(
    z.object({
      scheme: z.enum(["ws", "tcp"]),
      host: z.string(),
      port: count,
      path: z.string(),
      url: z.string(),
    }),
  ),
});

/** How the broker was doing over a while that ended at `at`. Rates are per second. */
export const sampleSchema = z.object({
  at: time,
  connections: count,
  subscriptions: count,
  framesInRate: z.number().describe("Frames received"),
  messagesInRate: z.number().describe("Messages accepted"),
  messagesOutRate: z.number().describe("Messages handed to subscribers"),
  queueMessages: count.describe("Messages that wait in queues"),
  heldMessages: count.describe("Messages with a consumer, unacknowledged"),
  memoryBytes: count.describe("Bytes of messages held"),
  memoryBytesMax: count,
  residentBytes: count.describe("Memory of the process"),
  eventLoopDelayMs: time.describe("The longest that the event loop was late"),
  deadLetters: count.describe("Messages moved to dead letters since the start"),
  deadLettersNow: count.describe("Messages that lie in queues of dead letters"),
  refusals: count.describe("Refusals since the start"),
});

/** What can be wrong with a broker or its clients. */
const PROBLEM_CODES = [
  "unread-queue",
  "idle-consumer",
  "slow-subscriber",
  "dead-letters",
  "heart-beats-missed",
  "stale-acks",
  "memory-short",
  "event-loop-late",
  /** Counts those that a long list leaves out. */
  "further-problems",
] as const;

/** Something that is wrong right now, in a sentence. */
export const problemSchema = z.object({
  code: z.enum(PROBLEM_CODES),
  sentence: z.string(),
  /** What it is about, if it is about one thing. */
  queue: z.string().optional().describe("Name of the queue concerned"),
  connection: count.optional().describe("Number of the connection concerned"),
});

/** One sample, and what is wrong now. */
export const statisticsSchema = z.object({
  sample: sampleSchema,
  problems: z.array(problemSchema),
});

/** The last hour. */
export const historySchema = z.object({
  intervalMs: count.describe("Time between two samples"),
  samples: z.array(sampleSchema).describe("Oldest first"),
});

const peerSchema = z.object({
  transport: z.string().describe("ws, tcp or http"),
  address: z.string(),
  port: count,
});

/** A connection in a list. */
export const connectionSchema = z.object({
  number: count.describe("Numbered in the order of arrival since the start"),
  peer: peerSchema,
  state: z.enum(["connecting", "connected", "closing"]),
  login: z.string(),
  clientId: z.string().optional(),
  version: z.string().describe("STOMP version; empty before login"),
  subProtocol: z.string().describe("WebSocket sub-protocol; empty if none"),
  connectedAt: time,
  heartBeatAsked: z.string().describe("As in the CONNECT frame; empty if absent"),
  heartBeatGranted: z.string().describe("As in the CONNECTED frame; empty before login"),
  lastReceivedAt: time.describe("When anything came last"),
  lastSentAt: time,
  subscriptions: count,
  unacknowledged: count,
  outboxBytes: count,
  paused: z.boolean().describe("Whether it is not read for now"),
  framesIn: count,
  messagesIn: count.describe("SEND frames"),
  messagesOut: count.describe("MESSAGE frames"),
});

/** A subscription of one connection. */
export const subscriptionSchema = z.object({
  id: z.string().optional().describe("Absent in STOMP 1.0 without an id"),
  destination: z.string().describe("As the client wrote it"),
  ack: z.enum(["auto", "client", "client-individual"]),
  prefetch: count.optional().describe("Absent without a limit"),
  selector: z.string().optional(),
  durable: z.boolean(),
  browses: z.boolean(),
  unacknowledged: count,
});

/** A subscription, and whose it is. */
export const subscriberSchema = subscriptionSchema.extend({
  connection: count.describe("Number of its connection"),
  peer: peerSchema,
  login: z.string(),
  clientId: z.string().optional(),
});

/** A connection with its subscriptions. */
export const connectionDetailSchema = connectionSchema.extend({
  subscriptionList: z.array(subscriptionSchema).describe("At most 1,000"),
  transactions: count,
});

/** A queue. */
export const queueSchema = z.object({
  name: z.string().describe("Without /queue/; for a temporary one its unguessable token"),
  path: z.string(),
  kind: z.enum(["queue", "dead-letters", "temporary"]),
  ready: count.describe("Messages that wait for a consumer"),
  held: count.describe("Messages with a consumer, unacknowledged"),
  delayed: count.describe("Refused messages that are kept back for a while"),
  bytes: count,
  consumers: count,
  oldestAt: time.optional().describe("When the oldest waiting message came; absent if none waits"),
  enqueued: count.describe("Messages that came since it was made"),
  dequeued: count.describe("Messages that left since it was made"),
  messagesMax: count,
  bytesMax: count,
});

/** A topic name or pattern with subscribers. */
export const topicSchema = z.object({
  name: z.string(),
  path: z.string(),
  pattern: z.boolean(),
  subscribers: count,
  durables: count.describe("Durable subscriptions among them"),
});

/** A durable subscription of a topic. */
export const durableSchema = z.object({
  id: z.string().describe("Opaque; names it in other calls"),
  name: z.string(),
  clientId: z.string().optional(),
  destination: z.string(),
  selector: z.string().optional(),
  connected: z.boolean().describe("Whether a subscriber has it now"),
  ready: count,
  held: count,
  bytes: count,
  oldestAt: time.optional(),
});

/** A message in a queue, as someone sees who only looks. Either body is absent in favour of the other. */
export const messageSchema = z.object({
  key: z.string().describe("Its place in the queue; names it in other calls"),
  id: z.string().describe("Its message-id"),
  headers,
  body: z.string().optional().describe("If it is text"),
  bodyBase64: z.string().optional().describe("If it is not"),
  bodyBytes: count,
  truncated: z.boolean().describe("Whether the body shown is only its beginning"),
  priority: count,
  persistent: z.boolean(),
  expiresAt: time.describe("0 never"),
  arrivedAt: time,
  deliveries: count,
  refusals: count,
});

/** A message that a consumer has and did not settle yet. */
export const heldMessageSchema = messageSchema.extend({
  connection: count.describe("Number of the connection that has it"),
  login: z.string(),
  subscription: z.string().optional().describe("Id of the subscription that it came by"),
});

/** The kinds of frame that a broker and its clients exchange. */
export const COMMANDS = [
  "CONNECT",
  "STOMP",
  "CONNECTED",
  "SEND",
  "SUBSCRIBE",
  "UNSUBSCRIBE",
  "ACK",
  "NACK",
  "BEGIN",
  "COMMIT",
  "ABORT",
  "DISCONNECT",
  "MESSAGE",
  "RECEIPT",
  "ERROR",
] as const;

/** A frame that went over a connection. Secrets are masked; long headers and bodies are cut. */
export const frameSchema = z.object({
  number: count.describe("Frames seen are numbered in order"),
  at: time,
  connection: count,
  direction: z.enum(["in", "out"]).describe("in: from the client"),
  command: z.string(),
  headers,
  cutHeaders: z
    .array(count)
    .optional()
    .describe("Places in headers of those that are only a beginning; absent if none is"),
  headersLeftOut: count
    .optional()
    .describe("Headers behind these that were too many; absent if none was"),
  body: z.string().optional().describe("If it is text"),
  bodyBase64: z.string().optional().describe("If it is not"),
  bodyBytes: count,
  truncated: z.boolean().describe("Whether the body is only its beginning"),
  messageId: z
    .string()
    .optional()
    .describe("The message that a SEND became, a MESSAGE is, or an ACK or NACK settles"),
  skipped: count.describe("Frames before it that were left out because there were too many"),
});

/** A change that a person would want told. */
const notice = <T extends z.core.$ZodLooseShape>(shape: T) =>
  z.object({ at: time, skipped: count.describe("Events before it that were left out"), ...shape });

const noticedConnection = z
  .int()
  .describe("Its number; 0 if it never got one, negative for a stream of events over HTTP");

/** What is said on each of the topics below `/topic/$system/`. */
export const SYSTEM_TOPICS = {
  statistics: statisticsSchema,
  frames: frameSchema,
  connection: notice({
    event: z.enum(["connected", "disconnected", "refused"]),
    connection: noticedConnection,
    peer: peerSchema,
    version: z.string().optional(),
    login: z.string().optional(),
    reason: z.string().optional(),
    code: z.string().optional(),
  }),
  subscription: notice({
    event: z.enum(["subscribed", "unsubscribed"]),
    connection: noticedConnection,
    id: z.string().optional(),
    destination: z.string(),
  }),
  destination: notice({
    event: z.enum(["created", "deleted"]),
    kind: z.enum(["queue", "topic"]),
    destination: z.string(),
  }),
  "slow-consumer": notice({ connection: noticedConnection, peer: peerSchema, detail: z.string() }),
  "dead-letter": notice({
    destination: z.string().describe("Where it lies now"),
    messageId: z.string(),
    reason: z.string(),
  }),
} as const;

/** A name below `/topic/$system/`. */
export type SystemTopic = keyof typeof SYSTEM_TOPICS;

export { SYSTEM_TOPIC_PREFIX } from "./system_topics.ts";

export type Status = z.output<typeof statusSchema>;
export type Sample = z.output<typeof sampleSchema>;
export type Problem = z.output<typeof problemSchema>;
export type Statistics = z.output<typeof statisticsSchema>;
export type History = z.output<typeof historySchema>;
export type ConnectionInfo = z.output<typeof connectionSchema>;
export type ConnectionDetail = z.output<typeof connectionDetailSchema>;
export type SubscriberInfo = z.output<typeof subscriberSchema>;
export type SubscriptionInfo = z.output<typeof subscriptionSchema>;
export type QueueInfo = z.output<typeof queueSchema>;
export type TopicInfo = z.output<typeof topicSchema>;
export type DurableInfo = z.output<typeof durableSchema>;
export type MessageInfo = z.output<typeof messageSchema>;
export type HeldMessageInfo = z.output<typeof heldMessageSchema>;
export type FrameInfo = z.output<typeof frameSchema>;
export type SystemNotice<T extends SystemTopic> = z.output<(typeof SYSTEM_TOPICS)[T]>;

export { count as countSchema, headers as headersSchema };

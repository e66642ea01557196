/**
 * The calls of the public JSON API: one table, from which the routes, the
 * OpenAPI document and every typed client derive.
 */

import { z } from "zod";
import {
  connectionDetailSchema,
  connectionSchema,
  durableSchema,
  frameSchema,
  headersSchema,
  heldMessageSchema,
  historySchema,
  messageSchema,
  problemSchema,
  queueSchema,
  statusSchema,
  subscriberSchema,
  topicSchema,
} from "./values.ts";

/** One call: where it is, what it takes and what it answers. */
export interface Call<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodObject = z.ZodObject,
  A extends z.ZodType = z.ZodType,
> {
  readonly method: "GET" | "POST" | "DELETE";
  /** With `{name}` for each parameter, which is percent-encoded, slashes too. */
  readonly path: string;
  /** What it is for, in one sentence. */
  readonly summary: string;
  readonly params: P;
  readonly query: Q;
  /** JSON; empty for calls without one. */
  readonly body: B;
  readonly answer: A;
}

const NONE = z.strictObject({});

function call<
  A extends z.ZodType,
  P extends z.ZodObject = typeof NONE,
  Q extends z.ZodObject = typeof NONE,
  B extends z.ZodObject = typeof NONE,
>(about: {
  readonly method: Call["method"];
  readonly path: string;
  readonly summary: string;
  readonly answer: A;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
}): Call<P, Q, B, A> {
  const { params, query, body, ...rest } = about;
  // The defaults are NONE exactly where the type parameter is.
  const none: z.ZodObject = NONE;
  return {
    ...rest,
    params: params ?? (none as P),
    query: query ?? (none as Q),
    body: body ?? (none as B),
  };
}

/** A number in a path or a query is text. */
const numeral = (schema: z.ZodInt) =>
  z.preprocess(
    (value) => (typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value),
    schema,
  );
const wholeNumber = numeral(z.int().min(0));

/** A window of a list that may be long: the part that someone looks at. */
const windowOf = <const S extends readonly [string, ...string[]]>(sorts: S) =>
  z.strictObject({
    filter: z.string().max(256).default("").describe("Text that an item must contain"),
    sort: z
      .enum(sorts)
      .default(() => z.enum(sorts).parse(sorts[0]))
      .describe("By what to sort"),
    order: z.enum(["asc", "desc"]).default("asc").describe("Ascending or descending"),
    offset: wholeNumber.default(0).describe("Items to leave out"),
    limit: numeral(z.int().min(1).max(1_000)).default(100).describe("Items to answer at most"),
  });

const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    total: z.int().min(0).describe("Items that match the filter, in all"),
    items: z.array(item),
  });

const queueName = z.strictObject({
  name: z.string().min(1).describe("Name of the queue, without /queue/; percent-encoded"),
});
const connectionNumber = z.strictObject({
  number: wholeNumber.describe("Number of the connection"),
});
const key = z.string().describe("Key of the message, as a list of messages has it");
const durableId = z.strictObject({
  id: z.string().min(1).describe("Id of the durable subscription"),
});
const keys = z
  .array(z.string())
  .max(1_000)
  .optional()
  .describe("Keys of the messages meant; all that wait if absent");
const counted = z.object({ messages: z.int().min(0).describe("How many messages it was") });
const browsing = z.strictObject({
  after: z.string().optional().describe("Key of the message to go on behind"),
  limit: numeral(z.int().min(1).max(200)).default(50).describe("Messages to answer at most"),
  bodyBytes: numeral(z.int().min(0).max(65_536))
    .default(1_024)
    .describe("How much of each body to show"),
});
const oneMessage = z.strictObject({
  bodyBytes: numeral(z.int().min(0)).optional().describe("How much of the body to show"),
});
const browsed = z.object({
  messages: z.array(messageSchema).describe("In the order of delivery"),
  more: z.boolean().describe("Whether there are others behind"),
});

/** Every call, by name. */
export const CALLS = {
  status: call({
    method: "GET",
    path: "/api/v1/status",
    summary: "The live state of the broker.",
    answer: statusSchema,
  }),
  history: call({
    method: "GET",
    path: "/api/v1/statistics",
    summary: "How the broker was doing over the last hour.",
    answer: historySchema,
  }),
  problems: call({
    method: "GET",
    path: "/api/v1/problems",
    summary: "What is wrong right now, in a sentence each.",
    answer: z.object({ problems: z.array(problemSchema) }),
  }),
  connections: call({
    method: "GET",
    path: "/api/v1/connections",
    summary: "The connections there are.",
    query: windowOf([
      "number",
      "address",
      "login",
      "version",
      "subscriptions",
      "unacknowledged",
      "outboxBytes",
      "messagesIn",
      "messagesOut",
      "lastReceivedAt",
    ]),
    answer: pageOf(connectionSchema),
  }),
  connection: call({
    method: "GET",
    path: "/api/v1/connections/{number}",
    summary: "One connection with its subscriptions.",
    params: connectionNumber,
    answer: connectionDetailSchema,
  }),
  disconnect: call({
    method: "DELETE",
    path: "/api/v1/connections/{number}",
    summary: "Tells a client goodbye (ERROR, code disconnected) and closes its connection.",
    params: connectionNumber,
    answer: z.object({}),
  }),
  subscriptions: call({
    method: "GET",
    path: "/api/v1/subscriptions",
    summary: "Subscriptions with their connections: of one destination, or all.",
    query: windowOf(["connection", "login", "destination", "unacknowledged"]).extend({
      destination: z
        .string()
        .min(1)
        .optional()
        .describe(
          "Only those that get what is sent there, by wildcard too; of a pattern, those of just that pattern",
        ),
    }),
    answer: pageOf(subscriberSchema),
  }),
  queues: call({
    method: "GET",
    path: "/api/v1/queues",
    summary: "The queues there are, dead letters and temporary ones among them.",
    query: windowOf(["name", "ready", "held", "bytes", "consumers", "oldestAt", "enqueued"]).extend(
      {
        kind: z.enum(["queue", "dead-letters", "temporary"]).optional().describe("Only those"),
      },
    ),
    answer: pageOf(queueSchema),
  }),
  queue: call({
    method: "GET",
    path: "/api/v1/queues/{name}",
    summary: "One queue.",
    params: queueName,
    answer: queueSchema,
  }),
  deleteQueue: call({
    method: "DELETE",
    path: "/api/v1/queues/{name}",
    summary:
      "Deletes a queue with every message in it, held ones too; refused while it has consumers.",
    params: queueName,
    answer: counted,
  }),
  browseQueue: call({
    method: "GET",
    path: "/api/v1/queues/{name}/messages",
    summary: "Shows messages that wait in a queue without consuming them.",
    params: queueName,
    query: browsing,
    answer: browsed,
  }),
  queueMessage: call({
    method: "GET",
    path: "/api/v1/queues/{name}/messages/{key}",
    summary: "One message that waits in a queue, with the whole of its body unless told otherwise.",
    params: queueName.extend({ key }),
    query: oneMessage,
    answer: messageSchema,
  }),
  heldMessages: call({
    method: "GET",
    path: "/api/v1/queues/{name}/held",
    summary: "Shows messages that consumers of a queue have and did not acknowledge yet.",
    params: queueName,
    query: browsing.omit({ after: true }).extend({
      offset: wholeNumber.default(0).describe("Messages to leave out"),
    }),
    answer: z.object({
      total: z.int().min(0).describe("Held messages in all"),
      messages: z.array(heldMessageSchema).describe("Those that came first to the queue first"),
    }),
  }),
  heldMessage: call({
    method: "GET",
    path: "/api/v1/queues/{name}/held/{key}",
    summary: "One message that a consumer has, with the whole of its body unless told otherwise.",
    params: queueName.extend({ key }),
    query: oneMessage,
    answer: heldMessageSchema,
  }),
  purgeQueue: call({
    method: "POST",
    path: "/api/v1/queues/{name}/purge",
    summary: "Removes messages that wait in a queue; what consumers hold stays theirs.",
    params: queueName,
    body: z.strictObject({ keys }),
    answer: counted,
  }),
  moveMessages: call({
    method: "POST",
    path: "/api/v1/queues/{name}/move",
    summary: "Moves messages that wait in a queue to another destination.",
    params: queueName,
    body: z.strictObject({
      to: z.string().min(1).describe("A destination to send to, such as /queue/orders"),
      keys,
    }),
    answer: counted,
  }),
  retryMessages: call({
    method: "POST",
    path: "/api/v1/queues/{name}/retry",
    summary: "Sends dead letters back to where they came from.",
    params: queueName,
    body: z.strictObject({ keys }),
    answer: counted,
  }),
  topics: call({
    method: "GET",
    path: "/api/v1/topics",
    summary: "Topic names and patterns that have subscribers.",
    query: windowOf(["name", "subscribers"]),
    answer: pageOf(topicSchema),
  }),
  durables: call({
    method: "GET",
    path: "/api/v1/durable-subscriptions",
    summary: "Durable subscriptions, in use or not.",
    query: windowOf(["name", "destination", "ready", "bytes"]),
    answer: pageOf(durableSchema),
  }),
  browseDurable: call({
    method: "GET",
    path: "/api/v1/durable-subscriptions/{id}/messages",
    summary: "Shows messages that wait for a durable subscriber without consuming them.",
    params: durableId,
    query: browsing,
    answer: browsed,
  }),
  durableMessage: call({
    method: "GET",
    path: "/api/v1/durable-subscriptions/{id}/messages/{key}",
    summary:
      "One message that waits for a durable subscriber, with the whole of its body unless told otherwise.",
    params: durableId.extend({ key }),
    query: oneMessage,
    answer: messageSchema,
  }),
  purgeDurable: call({
    method: "POST",
    path: "/api/v1/durable-subscriptions/{id}/purge",
    summary: "Removes messages that wait for a durable subscriber.",
    params: durableId,
    body: z.strictObject({ keys }),
    answer: counted,
  }),
  deleteDurable: call({
    method: "DELETE",
    path: "/api/v1/durable-subscriptions/{id}",
    summary:
      "Deletes a durable subscription with every message in it; refused while it has a subscriber.",
    params: durableId,
    answer: counted,
  }),
  publish: call({
    method: "POST",
    path: "/api/v1/messages",
    summary: "Publishes a message; every header of a SEND frame may be given.",
    body: z
      .strictObject({
        destination: z.string().min(1).describe("A destination to send to, such as /queue/orders"),
        headers: headersSchema.default([]).describe("Names and values, in order"),
        body: z.string().optional().describe("A text"),
        bodyBase64: z.base64().optional().describe("Or bytes"),
      })
      .refine(({ body, bodyBase64 }) => body === undefined || bodyBase64 === undefined, {
        path: ["bodyBase64"],
        error: "Given beside body, expected one of both",
      }),
    answer: z.object({ messageId: z.string() }),
  }),
  frames: call({
    method: "GET",
    path: "/api/v1/frames",
    summary: "The latest frames, as far as someone was watching them.",
    query: z.strictObject({
      limit: numeral(z.int().min(1).max(2_000)).default(500).describe("How many, the latest"),
    }),
    answer: z.object({ frames: z.array(frameSchema).describe("Oldest first") }),
  }),
  frame: call({
    method: "GET",
    path: "/api/v1/frames/{number}",
    summary: "One of the latest frames.",
    params: z.strictObject({ number: wholeNumber.describe("Number of the frame") }),
    answer: frameSchema,
  }),
} as const satisfies Record<string, Call>;

/** A name in {@link CALLS}. */
export type CallName = keyof typeof CALLS;

type Parts<N extends CallName> = (typeof CALLS)[N];

/** Everything that a call takes, as a caller writes it: what has a default may be left out. */
export type CallInput<N extends CallName> = z.input<Parts<N>["params"]> &
  z.input<Parts<N>["query"]> &
  z.input<Parts<N>["body"]>;

/** Everything that a call takes, checked. */
export type CallArguments<N extends CallName> = z.output<Parts<N>["params"]> &
  z.output<Parts<N>["query"]> &
  z.output<Parts<N>["body"]>;

/** What a call answers. */
export type CallAnswer<N extends CallName> = z.output<Parts<N>["answer"]>;

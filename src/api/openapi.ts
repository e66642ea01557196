/**
 * The OpenAPI document of a broker's HTTP side, made from the table of calls;
 * what is no JSON on both sides is described by hand.
 */

import { z } from "zod";
import { problemDocumentSchema } from "./call_api.ts";
import { CALLS, type CallName } from "./calls.ts";
import { CALL_EXAMPLES } from "./examples.ts";
import {
  connectionDetailSchema,
  connectionSchema,
  durableSchema,
  frameSchema,
  heldMessageSchema,
  historySchema,
  messageSchema,
  problemSchema,
  queueSchema,
  sampleSchema,
  statisticsSchema,
  statusSchema,
  subscriberSchema,
  subscriptionSchema,
  SYSTEM_TOPICS,
  topicSchema,
} from "./values.ts";

/** A parameter in a path, a query or a header. */
export interface OpenApiParameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description?: string;
  readonly schema: object;
  readonly example?: unknown;
}

/** A body by its media type. */
export type OpenApiContent = Readonly<
  Record<string, { readonly schema: object; readonly example?: unknown }>
>;

/** One method at one path. */
export interface OpenApiOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters: readonly OpenApiParameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: OpenApiContent };
  /** By status, or `default`. */
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: OpenApiContent } | Reference>
  >;
}

/** An OpenAPI 3.1 document. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: object;
  readonly servers: readonly { readonly url: string; readonly description: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  /** By path, then by method in lower case. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, object>>;
  };
}

type JsonSchema = z.core.JSONSchema.BaseSchema;
type Reference = { readonly $ref: string };

const REFUSED: Reference = { $ref: "#/components/responses/Refused" };

/** Where this differs between brokers, the address of a default one. */
const SERVER = {
  url: "http://localhost:61614",
  description: "A broker on this machine; its --listen may say another port, and a prefix",
};

const TAGS = {
  broker: "How the broker is doing",
  connections: "Clients that are connected",
  queues: "Queues and the messages that wait in them",
  topics: "Topics and durable subscriptions",
  messages: "Sending, and receiving as server-sent events",
  frames: "What goes over the connections",
  health: "For whatever watches over the process",
} as const;

type Tag = keyof typeof TAGS;

/** The schemas that have a name; what is said on `/topic/$system/NAME` is among them. */
const NAMED: Readonly<Record<string, z.ZodType>> = {
  ProblemDocument: problemDocumentSchema,
  Status: statusSchema,
  Sample: sampleSchema,
  History: historySchema,
  Problem: problemSchema,
  Connection: connectionSchema,
  ConnectionDetail: connectionDetailSchema,
  Subscription: subscriptionSchema,
  Subscriber: subscriberSchema,
  Queue: queueSchema,
  Topic: topicSchema,
  DurableSubscription: durableSchema,
  Message: messageSchema,
  HeldMessage: heldMessageSchema,
  MessageList: CALLS.browseQueue.answer,
  MessageCount: CALLS.deleteQueue.answer,
  Frame: frameSchema,
  Statistics: statisticsSchema,
  ConnectionNotice: SYSTEM_TOPICS.connection,
  SubscriptionNotice: SYSTEM_TOPICS.subscription,
  DestinationNotice: SYSTEM_TOPICS.destination,
  SlowConsumerNotice: SYSTEM_TOPICS["slow-consumer"],
  DeadLetterNotice: SYSTEM_TOPICS["dead-letter"],
};

/** Makes the document; `version` is that of stompbox. */
export function openApiDocument({ version }: { readonly version: string }): OpenApiDocument {
  const names = new Map(Object.entries(NAMED).map(([name, schema]) => [schema, name]));
  const callNames = Object.keys(CALLS).filter((name): name is CallName => name in CALLS);
  for (const name of callNames) {
    const { answer, body } = CALLS[name];
    if (!names.has(answer)) names.set(answer, `${capital(name)}Answer`);
    if (hasFields(body)) names.set(body, `${capital(name)}Body`);
  }
  const referTo = (schema: z.ZodType): Reference => referenceTo(names.get(schema) ?? "");
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const name of callNames) {
    const { path, method } = CALLS[name];
    (paths[path] ??= {})[method.toLowerCase()] = operationOf(name, referTo);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "stompbox",
      version,
      summary: "What a stompbox broker answers over HTTP",
      description:
        "Calls other than status, send, events and health are open to the machine of the broker " +
        "alone: on a loopback listener and through no proxy. Refusals are problem documents " +
        "(RFC 9457).",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [SERVER],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: { ...paths, ...handDescribed() },
    components: {
      schemas: componentSchemas(names),
      responses: {
        Refused: {
          description: "Refused, and why",
          content: {
            "application/problem+json": { schema: referenceTo("ProblemDocument") },
          },
        },
      },
    },
  };
}

function operationOf(name: CallName, referTo: (schema: z.ZodType) => Reference): OpenApiOperation {
  const { path, summary, params, query, body, answer } = CALLS[name];
  const given = new Map<string, unknown>(Object.entries(CALL_EXAMPLES[name]));
  const fields = Object.keys(body.shape).filter((field) => given.has(field));
  const example = Object.fromEntries(fields.map((field) => [field, given.get(field)]));
  return {
    operationId: name,
    summary,
    tags: [tagOf(path)],
    parameters: [
      ...parametersOf(params, { place: "path", given }),
      ...parametersOf(query, { place: "query", given }),
    ],
    ...(hasFields(body)
      ? {
          requestBody: {
            required: !body.safeParse({}).success,
            content: { "application/json": { schema: referTo(body), example } },
          },
        }
      : {}),
    responses: {
      "200": {
        description: "Done",
        content: { "application/json": { schema: referTo(answer) } },
      },
      default: REFUSED,
    },
  };
}

/** The fields of a path or a query, each with its schema in JSON. */
function parametersOf(
  schema: z.ZodObject,
  about: { readonly place: "path" | "query"; readonly given?: ReadonlyMap<string, unknown> },
): OpenApiParameter[] {
  const { place, given } = about;
  const { properties = {} } = plain(z.toJSONSchema(schema, { io: "input" }));
  return Object.entries(schema.shape).map(([name, field]) => {
    const { description, ...described } = schemaOf(properties[name]);
    const without = z.safeParse(field, undefined);
    const fallback = without.success && without.data !== undefined && { default: without.data };
    return {
      name,
      in: place,
      required: !without.success,
      ...(description === undefined ? {} : { description }),
      schema: { ...described, ...fallback },
      ...(given?.has(name) === true ? { example: given.get(name) } : {}),
    };
  });
}

function componentSchemas(names: ReadonlyMap<z.ZodType, string>): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of names) registry.add(schema, { id });
  const uri = (id: string): string => referenceTo(id).$ref;
  const { schemas } = z.toJSONSchema(registry, { uri, io: "input" });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, plain(schema)]));
}

/** Without what says nothing here: its own address, and the largest number that JavaScript has. */
function plain(schema: JsonSchema): JsonSchema {
  const text = JSON.stringify(schema, (key, value: unknown) =>
    key === "$schema" || key === "$id" || (key === "maximum" && value === Number.MAX_SAFE_INTEGER)
      ? undefined
      : value,
  );
  return schemaOf(JSON.parse(text));
}

function schemaOf(value: unknown): JsonSchema {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function handDescribed(): OpenApiDocument["paths"] {
  const text = (description: string) => ({
    description,
    content: { "text/plain": { schema: { type: "string" } } },
  });
  const destination = {
    name: "destination",
    in: "query",
    required: true,
    description: "A destination such as /topic/news, or several with commas between them",
    schema: { type: "string", minLength: 1 },
    example: "/topic/news",
  } as const;
  const watched = (
    operationId: string,
    summary: string,
    responses: OpenApiOperation["responses"],
  ) => ({
    get: { operationId, summary, tags: ["health"] satisfies Tag[], parameters: [], responses },
  });
  return {
    "/api/v1/send": {
      post: {
        operationId: "send",
        summary: "Sends the body of the request as a message.",
        description: "A header x-stomp-NAME of the request becomes the header NAME of the message.",
        tags: ["messages"] satisfies Tag[],
        parameters: [destination],
        requestBody: {
          required: false,
          content: { "*/*": { schema: {}, example: "hello" } },
        },
        responses: {
          "200": {
            description: "The message was accepted",
            content: { "application/json": { schema: referenceTo("PublishAnswer") } },
          },
          default: REFUSED,
        },
      },
    },
    "/api/v1/events": {
      get: {
        operationId: "events",
        summary: "Messages as server-sent events, as long as the client stays.",
        tags: ["messages"] satisfies Tag[],
        parameters: [
          { ...destination, description: "As in SUBSCRIBE: it may be a pattern" },
          {
            name: "envelope",
            in: "query",
            required: false,
            description: "Gives each message as JSON, with its headers",
            schema: { type: "string", enum: ["json"] },
          },
          {
            name: "selector",
            in: "query",
            required: false,
            description: "Only the messages that it selects",
            schema: { type: "string" },
          },
        ],
        responses: {
          "200": {
            description: "A stream of events, an event for each message",
            content: { "text/event-stream": { schema: { type: "string" } } },
          },
          default: REFUSED,
        },
      },
    },
    "/healthz": watched("healthz", "Whether the broker is alive.", { "200": text("It is") }),
    "/readyz": watched("readyz", "Whether the broker takes connections.", {
      "200": text("It does"),
      "503": text("It starts or stops"),
    }),
    "/metrics": watched("metrics", "Numbers in the text format of Prometheus.", {
      "200": text("A line for each number"),
    }),
  };
}

function tagOf(path: string): Tag {
  const [, , , place] = path.split("/");
  switch (place) {
    case "connections":
    case "queues":
    case "topics":
    case "messages":
    case "frames":
      return place;
    case "subscriptions":
      return "connections";
    case "durable-subscriptions":
      return "topics";
    default:
      return "broker";
  }
}

function referenceTo(name: string): Reference {
  return { $ref: `#/components/schemas/${name}` };
}

function hasFields(schema: z.ZodObject): boolean {
  return Object.keys(schema.shape).length > 0;
}

function capital(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}

/** Writes docs/api.md from the OpenAPI document and from the schemas of the `$system` topics. */

import { z } from "zod";
import {
  type OpenApiDocument,
  openApiDocument,
  type OpenApiOperation,
  type OpenApiParameter,
} from "../src/api/openapi.ts";
import {
  SYSTEM_TOPIC_PREFIX,
  SYSTEM_TOPICS,
  type SystemNotice,
  type SystemTopic,
} from "../src/api/values.ts";
import { code, document, fenced, GENERATED, table } from "./markdown.ts";

const PEER = { transport: "ws", address: "127.0.0.1", port: 50_312 };
const AT = 1_767_225_600_000;

/** Something that is said on each of the `$system` topics, and when such a thing is said. */
export const SYSTEM_EXAMPLES: {
  readonly [T in SystemTopic]: { readonly when: string; readonly value: SystemNotice<T> };
} = {
  statistics: {
    when: "Each second: how the broker was doing, and what is wrong.",
    value: {
      sample: {
        at: AT,
        connections: 12,
        subscriptions: 31,
        framesInRate: 118,
        messagesInRate: 96,
        messagesOutRate: 412,
        queueMessages: 120,
        heldMessages: 4,
        memoryBytes: 98_304,
        memoryBytesMax: 536_870_912,
        residentBytes: 74_448_896,
        eventLoopDelayMs: 2,
        deadLetters: 1,
        deadLettersNow: 1,
        refusals: 3,
      },
      problems: [
        {
          code: "unread-queue",
          queue: "orders",
          sentence:
            'Queue "orders" has 120 messages and nobody reads it, the oldest came 5 minutes ago: ' +
            "start a consumer, or purge it",
        },
      ],
    },
  },
  frames: {
    when:
      "Each frame of any client, both ways; under load some are left out. Values of headers " +
      "that may be secret are masked, of bodies the first 32 KiB are shown. The MESSAGE has " +
      "`connection`, `direction`, `command` and `frame-destination` as headers, for selectors.",
    value: {
      number: 4_711,
      at: AT,
      connection: 7,
      direction: "in",
      command: "SEND",
      headers: [
        ["destination", "/queue/orders"],
        ["content-type", "text/plain"],
      ],
      body: "tea",
      bodyBytes: 3,
      truncated: false,
      messageId: "6HRuXlpy-26",
      skipped: 0,
    },
  },
  connection: {
    when: "A client logged in (`connected`), went (`disconnected`) or was told no (`refused`).",
    value: {
      at: AT,
      skipped: 0,
      event: "refused",
      connection: 7,
      peer: PEER,
      code: "bad-destination",
      reason:
        'Cannot send to "orders": unknown prefix, expected /queue/, /topic/, /temp-queue/ or /temp-topic/',
    },
  },
  subscription: {
    when: "A client subscribed or unsubscribed.",
    value: {
      at: AT,
      skipped: 0,
      event: "subscribed",
      connection: 7,
      id: "1",
      destination: "/queue/orders",
    },
  },
  destination: {
    when: "A queue, or a topic name or pattern with subscribers, came into being or went.",
    value: {
      at: AT,
      skipped: 0,
      event: "created",
      kind: "queue",
      destination: "/queue/orders",
    },
  },
  "slow-consumer": {
    when: "A subscriber stayed behind for too long and is disconnected.",
    value: {
      at: AT,
      skipped: 0,
      connection: 7,
      peer: PEER,
      detail: "nothing could be sent for 5000 ms",
    },
  },
  "dead-letter": {
    when: "A message became a dead letter.",
    value: {
      at: AT,
      skipped: 0,
      destination: "/queue/DLQ.orders",
      messageId: "6HRuXlpy-26",
      reason: "rejected",
    },
  },
};

const VALUE_NAMES: Readonly<Record<string, string>> = {
  ProblemDocument: "Problem document",
  ConnectionDetail: "Connection in detail",
  DurableSubscription: "Durable subscription",
  MessageCount: "Message count",
  MessageList: "Message list",
};

/** The text of docs/api.md. */
export function apiText(): string {
  const api = openApiDocument({ version: "" });
  return document([
    GENERATED,
    "# HTTP API",
    "What a broker answers over HTTP, on the port of its pages and its WebSocket. " +
      "`stompbox openapi` prints the same as an OpenAPI 3.1 document, for client generators and " +
      "API browsers.",
    "## Who may call",
    "As long as there are no accounts, most calls are open to the machine of the broker alone: the " +
      "listener is one of loopback, the `Host` is a name of this machine, and no proxy is in " +
      "between, as far as `Forwarded`, `Via`, `X-Forwarded-For`, `X-Forwarded-Host`, " +
      "`X-Forwarded-Proto` and `X-Real-IP` tell: a proxy on the same machine that sends none of " +
      "them looks like any other program, so let it pass only what others may see. " +
      "`/api/v1/status`, `/api/v1/send`, `/api/v1/events`, `/healthz`, `/readyz` and `/metrics` are " +
      "open on every listener.",
    "Pages may call as they may connect: on loopback those of this machine, whatever their port, " +
      "otherwise those of the same origin and those that `--allow-origin` names.",
    "## What calls have in common",
    "A name in a path is percent-encoded, slashes too: queue `a/b` is at `/api/v1/queues/a%2Fb`. (No URL " +
      "can hold the names `.` and `..`.) " +
      "Times are milliseconds since the epoch. Lists take the part that someone looks at: " +
      "`filter`, `sort`, `order`, `offset` and `limit`. A body is JSON, with `content-type: " +
      "application/json`. `HEAD` is answered wherever `GET` is, but for events.",
    "The examples are for a broker on the default port, below no prefix. Where one names queue " +
      "`orders`, a connection, a frame, the key of a message or the id of a durable subscription, put " +
      "in one that is there.",
    "A refusal is a problem document (RFC 9457) whose `code` stays the same; `stompbox explain CODE` " +
      "tells more of it. If fields are wrong, `errors` names every one of them:",
    fenced("json", [
      "{",
      '  "type": "about:blank",',
      '  "title": "Bad request",',
      '  "status": 400,',
      '  "code": "bad-request",',
      '  "detail": "Cannot answer GET /api/v1/queues: query.limit: Expected a whole number from 1 to 1000, got \\"0\\"",',
      '  "errors": [',
      '    { "field": "query.limit", "detail": "Expected a whole number from 1 to 1000, got \\"0\\"" }',
      "  ]",
      "}",
    ]),
    ...api.tags.flatMap(({ name, description }) => [
      `## ${description}`,
      ...operationsOf(api, name).flatMap((place) => operationBlocks(api, place)),
    ]),
    ...systemBlocks(),
    "## Values",
    ...valueBlocks(api),
  ]);
}

interface Place {
  readonly method: string;
  readonly path: string;
  readonly operation: OpenApiOperation;
}

function operationsOf(api: OpenApiDocument, tag: string): Place[] {
  return Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .map(([method, operation]) => ({ method: method.toUpperCase(), path, operation }))
      .filter(({ operation }) => operation.tags.includes(tag)),
  );
}

function operationBlocks(api: OpenApiDocument, place: Place): string[] {
  const { method, path, operation } = place;
  const { summary, description, parameters, requestBody, responses } = operation;
  const rows = [
    ...parameters.map(parameterRow),
    ...propertyRows(resolved(api, requestBody?.content["application/json"]?.schema)),
  ];
  const response = responses["200"];
  const content = response !== undefined && "content" in response ? response.content : undefined;
  const answer = content?.["application/json"]?.schema;
  return [
    `### ${method} ${path}`,
    [summary, description].filter((text) => text !== undefined).join(" "),
    fenced("sh", curlLines(api.servers[0]?.url ?? "", place)),
    ...(rows.length > 0 ? [table(["field", "meaning", "allowed", "default"], rows)] : []),
    ...(answer === undefined ? [] : [answerText(api, answer)]),
  ];
}

/** A command that makes the call with its example. */
function curlLines(root: string, { method, path, operation }: Place): string[] {
  let filled = path;
  const query = new URLSearchParams();
  for (const { name, example, ...parameter } of operation.parameters) {
    if (example === undefined) continue;
    const text = String(example);
    if (parameter.in === "path") filled = filled.replace(`{${name}}`, encodeURIComponent(text));
    else query.set(name, text);
  }
  const search = query.size === 0 ? "" : `?${query.toString().replaceAll("%2F", "/")}`;
  const address = `${root}${filled}${search}`;
  const url = search === "" ? address : `'${address}'`;
  const [[type, { example } = {}] = []] = Object.entries(operation.requestBody?.content ?? {});
  const isStream = operation.operationId === "events";
  if (isStream) return [`curl -N ${url}`];
  const hasFields = typeof example === "object" && Object.keys(example ?? {}).length > 0;
  if (type === undefined || (typeof example === "object" && !hasFields)) {
    return [`curl ${method === "GET" ? "" : `-X ${method} `}${url}`];
  }
  const data = typeof example === "string" ? example : `'${JSON.stringify(example)}'`;
  const sent = type === "*/*" ? "text/plain" : type;
  return [`curl ${url} \\`, `  -H 'content-type: ${sent}' \\`, `  -d ${data}`];
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

function parameterRow({ name, description = "", schema, required }: OpenApiParameter): string[] {
  const field = z.looseObject({ default: z.unknown() }).parse({ default: undefined, ...schema });
  return fieldRow({ name, schema: { ...schema, description }, required, fallback: field.default });
}

function propertyRows(schema: JsonSchema): string[][] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).map(([name, value]) => {
    const field = asSchema(value);
    return fieldRow({
      name,
      schema: field,
      required: required.includes(name),
      fallback: field.default,
    });
  });
}

function fieldRow(about: {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
  readonly fallback: unknown;
}): string[] {
  const { name, schema, required, fallback } = about;
  const given = fallback === undefined ? "" : code(JSON.stringify(fallback));
  return [code(name), schema.description ?? "", typeText(schema), required ? "required" : given];
}

function answerText(api: OpenApiDocument, schema: object): string {
  const name = nameIn(schema);
  if (name !== undefined && isValue(name)) return `Answers: ${linkTo(name)}.`;
  const { properties = {} } = resolved(api, schema);
  const parts = Object.entries(properties).map(
    ([field, value]) => `${code(field)} (${typeText(asSchema(value))})`,
  );
  return parts.length === 0 ? "Answers: an empty object." : `Answers: ${parts.join(", ")}.`;
}

function valueBlocks(api: OpenApiDocument): string[] {
  return Object.entries(api.components.schemas)
    .filter(([name]) => isValue(name))
    .flatMap(([name, schema]) => {
      const { properties = {}, required = [] } = schema;
      const rows = Object.entries(properties).map(([field, value]) => [
        code(field) + (required.includes(field) ? "" : "?"),
        typeText(asSchema(value)),
        asSchema(value).description ?? "",
      ]);
      return [`### ${titleOf(name)}`, table(["field", "type", "meaning"], rows)];
    });
}

function systemBlocks(): string[] {
  const topics = Object.keys(SYSTEM_TOPICS).filter(
    (name): name is SystemTopic => name in SYSTEM_TOPICS,
  );
  return [
    "## System topics",
    `What happens is told on topics below ${code(SYSTEM_TOPIC_PREFIX)}, one JSON value in each ` +
      "message, to clients that connect from the machine of the broker, as with the calls above. " +
      "Nothing is kept for those who are not subscribed, and nothing is watched while nobody is. " +
      "Of single events as many are told as anybody can read; `skipped` counts those before it " +
      "that were left out. Clients may not SEND there, and `/topic/>` does not cover these topics; " +
      "`/topic/$system/>` does.",
    fenced("stomp", [
      "C1: SUBSCRIBE",
      "id:1",
      "destination:/topic/$system/>",
      "selector:destination = '/topic/$system/destination'",
      "",
      "^@",
      "C2: SEND",
      "destination:/queue/orders",
      "",
      "tea^@",
      "S1: MESSAGE",
      "subscription:1",
      "destination:/topic/$system/destination",
      "content-type:application/json",
      "",
      "...^@",
    ]),
    fenced("stomp", [
      "C: SEND",
      "destination:/topic/$system/destination",
      "",
      "{}^@",
      "S: ERROR",
      "code:forbidden",
      "",
      "...^@",
      "S: (closed)",
    ]),
    ...topics.flatMap((topic) => {
      const { when, value } = SYSTEM_EXAMPLES[topic];
      return [`### ${SYSTEM_TOPIC_PREFIX}${topic}`, when, fenced("json", jsonLines(value))];
    }),
  ];
}

/** JSON as a person writes it: pairs on one line. */
function jsonLines(value: object): string[] {
  const text = JSON.stringify(value, undefined, 2);
  return text.replace(/\[\s+("[^"]*"),\s+("[^"]*")\s+\]/g, "[$1, $2]").split("\n");
}

/** What a value may be, in a few words. */
function typeText(schema: JsonSchema): string {
  const name = nameIn(schema);
  if (name !== undefined) return linkTo(name);
  const { type, enum: values, minimum, maximum } = schema;
  if (values !== undefined) return values.map((value) => code(String(value))).join(", ");
  if (schema.const !== undefined) return code(String(schema.const));
  switch (type) {
    case "integer":
      if (maximum !== undefined) return `${minimum ?? 0} to ${maximum}`;
      return "whole number";
    case "array": {
      if (schema.prefixItems !== undefined) return "pair of texts";
      const items = asSchema(schema.items);
      if (items.prefixItems !== undefined) return "list of pairs of texts";
      const named = nameIn(items);
      return `list of ${named === undefined ? `${plural(typeText(items))}` : linkTo(named)}`;
    }
    case "string":
      if (schema.contentEncoding === "base64") return "base64";
      return schema.maxLength === undefined ? "text" : `text of at most ${schema.maxLength}`;
    case "boolean":
      return "`true` or `false`";
    case "object":
      return Object.keys(schema.properties ?? {}).length === 0
        ? "object"
        : `object of ${Object.entries(schema.properties ?? {})
            .map(([field, value]) => `${code(field)} (${typeText(asSchema(value))})`)
            .join(", ")}`;
    default:
      return typeof type === "string" ? type : "anything";
  }
}

function plural(text: string): string {
  return text.startsWith("object of ") ? text.replace("object", "objects") : `${text}s`;
}

function resolved(api: OpenApiDocument, schema: object | undefined): JsonSchema {
  const name = nameIn(schema ?? {});
  return name === undefined ? asSchema(schema) : asSchema(api.components.schemas[name]);
}

/** The name of the component that a schema refers to. */
function nameIn(schema: object): string | undefined {
  const { $ref } = asSchema(schema);
  return $ref?.slice($ref.lastIndexOf("/") + 1);
}

/** Whether a component is a value of its own, not the body or answer of one call. */
function isValue(name: string): boolean {
  return !/(?:Answer|Body|Notice)$/.test(name);
}

function titleOf(name: string): string {
  return VALUE_NAMES[name] ?? name;
}

function linkTo(name: string): string {
  return `[${titleOf(name)}](#${titleOf(name).toLowerCase().replaceAll(" ", "-")})`;
}

function asSchema(value: unknown): JsonSchema {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

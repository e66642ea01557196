/** What OpenAPI 3.1.1 demands of the form of a document, as far as ours goes. */

import { z } from "zod";

const reference = z.strictObject({ $ref: z.string().startsWith("#/components/") });
/** A schema is one of JSON Schema 2020-12: checked where it is used. */
const schema = z.looseObject({});
const mediaType = z.strictObject({ schema, example: z.unknown().optional() });
const content = z.record(z.string().regex(/^(?:[a-z]+\/[a-z+-]+|\*\/\*)$/), mediaType);
const response = z.strictObject({ description: z.string().min(1), content: content.optional() });

const parameter = z.strictObject({
  name: z.string().min(1),
  in: z.enum(["path", "query", "header", "cookie"]),
  required: z.boolean().optional(),
  description: z.string().optional(),
  schema,
  example: z.unknown().optional(),
});

const operation = z.strictObject({
  operationId: z.string().regex(/^[a-z][A-Za-z]*$/),
  summary: z.string().min(1),
  description: z.string().optional(),
  tags: z.array(z.string()).min(1),
  parameters: z.array(parameter),
  requestBody: z.strictObject({ required: z.boolean(), content }).optional(),
  responses: z
    .record(z.string().regex(/^(?:[1-5]\d\d|default)$/), z.union([reference, response]))
    .refine((responses) => Object.keys(responses).length > 0),
});

/** Of OpenAPI 3.1.1: sections 4.8.1 to 4.8.24. */
export const OPENAPI_3_1 = z.strictObject({
  openapi: z.literal("3.1.1"),
  info: z.strictObject({
    title: z.string().min(1),
    version: z.string().min(1),
    summary: z.string().optional(),
    description: z.string().optional(),
    license: z.strictObject({ name: z.string(), identifier: z.string() }).optional(),
  }),
  servers: z.array(z.strictObject({ url: z.url(), description: z.string() })),
  tags: z.array(z.strictObject({ name: z.string(), description: z.string() })),
  paths: z.record(
    z.string().startsWith("/"),
    z.partialRecord(z.enum(["get", "post", "put", "delete", "patch"]), operation),
  ),
  components: z.strictObject({
    schemas: z.record(z.string().regex(/^[A-Za-z0-9._-]+$/), schema),
    responses: z.record(z.string().regex(/^[A-Za-z0-9._-]+$/), response),
  }),
});

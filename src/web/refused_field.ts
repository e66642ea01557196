import type { CallName } from "../api/calls.ts";
import { Fault, type FaultCode } from "../fault.ts";

/** What a broker finds wrong only when it carries a call out, and the field that it is about. */
const FIELDS: { readonly [N in CallName]?: { readonly [C in FaultCode]?: string } } = {
  publish: {
    "bad-destination": "body.destination",
    "partial-wildcard": "body.destination",
    forbidden: "body.destination",
    "bad-header": "body.headers",
  },
  moveMessages: { "bad-destination": "body.to", "bad-request": "body.keys" },
  purgeQueue: { "bad-request": "body.keys" },
  purgeDurable: { "bad-request": "body.keys" },
  retryMessages: { "bad-destination": "path.name", "bad-request": "body.keys" },
  subscriptions: {
    "bad-destination": "query.destination",
    "partial-wildcard": "query.destination",
  },
  browseQueue: { "bad-request": "query.after" },
  browseDurable: { "bad-request": "query.after" },
  queueMessage: { "bad-request": "path.key" },
  durableMessage: { "bad-request": "path.key" },
};

/** A refusal of a call that names the field it is about, if it is about one; anything else as it is. */
export function namingField(error: unknown, call: CallName): unknown {
  if (!(error instanceof Fault) || error.errors.length > 0) return error;
  const { code, detail, headers } = error;
  const field = FIELDS[call]?.[code];
  if (field === undefined) return error;
  return new Fault(code, detail, { headers, errors: [{ field, detail }], cause: error });
}

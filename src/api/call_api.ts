import { z } from "zod";
import { type CallAnswer, type CallInput, type CallName, CALLS } from "./calls.ts";

/** A refusal as the API words it (RFC 9457), with stompbox's own `code` and the fields that were wrong. */
export const problemDocumentSchema = z.object({
  type: z.string().default("about:blank"),
  title: z.string(),
  status: z.int(),
  detail: z.string().default(""),
  code: z.string().optional(),
  errors: z
    .array(z.object({ field: z.string(), detail: z.string() }))
    .optional()
    .describe("The fields that were wrong, and why"),
});

/** A call that was refused, or whose answer made no sense. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** 0 if no answer came. */
  readonly status: number;
  readonly code: string | undefined;
  /** The fields that were wrong, such as `body.destination`, and why. */
  readonly errors: readonly { readonly field: string; readonly detail: string }[];

  constructor(
    message: string,
    about: {
      status: number;
      code?: string | undefined;
      errors?: ApiError["errors"] | undefined;
      cause?: unknown;
    },
  ) {
    super(message, { cause: about.cause });
    this.status = about.status;
    this.code = about.code;
    this.errors = about.errors ?? [];
  }
}

/** What URLs take for this folder or the one above, however it is encoded. */
const DOTS = /^\.\.?$/;

/** Makes calls of the API. */
export type CallApi = <N extends CallName>(
  name: N,
  input: CallInput<N>,
  options?: { readonly signal?: AbortSignal },
) => Promise<CallAnswer<N>>;

/**
 * Makes a typed client for the API of the broker at `root`, the address of its
 * pages with a slash at its end. What comes back is checked.
 *
 * Its calls reject with an {@link ApiError}, or as `fetch` does when aborted.
 */
export function apiAt(root: string | URL, fetchFrom: typeof fetch = fetch): CallApi {
  return async (name, input, options = {}) => {
    const { method, path, params, query, body, answer } = CALLS[name];
    const given = new Map(Object.entries(input));
    const dots = Object.keys(params.shape).find((param) => DOTS.test(String(given.get(param))));
    if (dots !== undefined) {
      const text = `Cannot call ${name}: no URL can name ${JSON.stringify(given.get(dots))}`;
      throw new ApiError(text, { status: 0 });
    }
    const filled = path.replace(/\{(\w+)\}/g, (_whole, param: string) =>
      encodeURIComponent(String(given.get(param) ?? "")),
    );
    const url = new URL(`.${filled}`, root);
    for (const field of Object.keys(query.shape)) {
      const value = given.get(field);
      if (value !== undefined) url.searchParams.set(field, String(value));
    }
    const fields = Object.keys(body.shape).filter((field) => given.get(field) !== undefined);
    const hasBody = Object.keys(body.shape).length > 0;
    const missing = Object.keys(params.shape).find((param) => given.get(param) === undefined);
    if (missing !== undefined)
      throw new ApiError(`Cannot call ${name}: no ${missing}`, { status: 0 });
    let response: Response;
    try {
      response = await fetchFrom(url, {
        method,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        ...(hasBody
          ? {
              headers: { "content-type": "application/json" },
              body: JSON.stringify(Object.fromEntries(fields.map((f) => [f, given.get(f)]))),
            }
          : {}),
      });
    } catch (error) {
      if (options.signal?.aborted === true) throw error;
      throw new ApiError(`Cannot reach ${url.origin}: no answer`, { status: 0, cause: error });
    }
    const value: unknown = await response.json().catch(() => undefined);
    if (!response.ok) throw refusal(response, value);
    const parsed = answer.safeParse(value);
    if (!parsed.success) {
      throw new ApiError(`Cannot read the answer to ${name}: not what this version expects`, {
        status: response.status,
        cause: parsed.error,
      });
    }
    // Parsed by the very schema that the type is made from.
    return parsed.data as CallAnswer<typeof name>;
  };
}

function refusal(response: Response, value: unknown): ApiError {
  const { status } = response;
  const problem = problemDocumentSchema.safeParse(value);
  if (!problem.success) return new ApiError(`Refused with status ${status}`, { status });
  const { detail, title, code, errors } = problem.data;
  return new ApiError(detail === "" ? title : detail, { status, code, errors });
}

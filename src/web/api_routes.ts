import { isUtf8 } from "node:buffer";
import { readArguments } from "../api/arguments.ts";
import { type CallAnswer, type CallArguments, type CallName, CALLS } from "../api/calls.ts";
import { Fault, quote } from "../fault.ts";
import type { Observe } from "../observe/events.ts";
import type { ConnectionCounters } from "../session/connection_context.ts";
import { json, methodNotAllowed, problem } from "../transport/http.ts";
import type { RequestBodies } from "../transport/request_bodies.ts";
import type { Admin } from "./admin.ts";
import { namingField } from "./refused_field.ts";

/** A request below `/api/`. */
export interface ApiRequest {
  readonly request: Request;
  readonly url: URL;
  /** Without the listener's prefix; percent-encoded as it came. */
  readonly path: string;
  /** Why it may come from beyond this machine; undefined if it cannot. */
  readonly remoteReason: string | undefined;
}

/** What answering calls of the API needs. */
export interface ApiOptions {
  readonly admin: Admin;
  readonly bodies: RequestBodies;
  readonly counters: ConnectionCounters;
  readonly observe: Observe;
}

/** The calls that are no JSON on both sides, with their method. */
const STREAMED: ReadonlyMap<string, string> = new Map([
  ["/api/v1/send", "POST"],
  ["/api/v1/events", "GET"],
]);

const ANSWER_HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

/** One path, and the calls that there are at it. */
interface Route {
  readonly pattern: RegExp;
  readonly calls: ReadonlyMap<string, CallName>;
}

const ROUTES: readonly Route[] = [
  ...Map.groupBy(
    Object.entries(CALLS).flatMap(([name, { method, path }]) =>
      isCallName(name) ? [{ name, method, path }] : [],
    ),
    ({ path }) => path,
  ),
].map(([path, calls]) => ({
  pattern: new RegExp(`^${path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`),
  calls: new Map(calls.map(({ name, method }) => [method, name])),
}));

/** Every path of a call, as the list that answers whoever asks for another. */
const PATHS = [...STREAMED.keys(), ...new Set(Object.values(CALLS).map(({ path }) => path))].sort();

function isCallName(name: string): name is CallName {
  return Object.hasOwn(CALLS, name);
}

/** The methods that a path of the API answers; undefined if there is no such path. */
export function methodsAt(path: string): readonly string[] | undefined {
  const streamed = STREAMED.get(path);
  if (streamed !== undefined) return [streamed];
  const route = ROUTES.find(({ pattern }) => pattern.test(path));
  if (route === undefined) return undefined;
  const methods = [...route.calls.keys()];
  return methods.includes("GET") ? ["HEAD", ...methods].sort() : methods;
}

/** A problem document for a path at which there is nothing. */
export function noSuchCall(path: string, counters: ConnectionCounters): Response {
  const detail = `No such call ${quote(path)}: expected one of ${PATHS.join(", ")}`;
  return problem(new Fault("not-found", detail), counters);
}

/** Answers a call of the API, or says in a problem document why not. */
export async function answerCall(asked: ApiRequest, options: ApiOptions): Promise<Response> {
  const { request, path } = asked;
  const { counters, observe } = options;
  const methods = methodsAt(path);
  if (methods === undefined) return noSuchCall(path, counters);
  const found = findCall(request.method, path);
  if (found === undefined) return methodNotAllowed(methods, counters);
  try {
    return json(await makeCall(found, { ...asked, ...options }), ANSWER_HEADERS);
  } catch (error) {
    if (!(error instanceof Fault) && !request.signal.aborted) {
      const peer = { transport: "http", address: "", port: 0 };
      const detail = `Cannot answer ${found.title}`;
      observe({
        type: "refused",
        connection: 0,
        peer,
        code: "internal-error",
        detail,
        cause: error,
      });
    }
    return problem(error, counters);
  }
}

/** A call that a request names. */
interface FoundCall {
  readonly name: CallName;
  /** Parameters of the path, percent-encoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Method and path as the table has them. */
  readonly title: string;
}

function findCall(method: string, path: string): FoundCall | undefined {
  const route = ROUTES.find(({ pattern }) => pattern.test(path));
  const name = route?.calls.get(method === "HEAD" ? "GET" : method);
  if (route === undefined || name === undefined) return undefined;
  const params = route.pattern.exec(path)?.groups ?? {};
  return { name, params, title: `${CALLS[name].method} ${CALLS[name].path}` };
}

/** @throws Fault; whatever reading the body, or carrying the call out, throws */
async function makeCall(
  { name, params, title }: FoundCall,
  about: ApiRequest & ApiOptions,
): Promise<object> {
  const { request, url, remoteReason, admin, bodies } = about;
  // Whoever watches over a broker asks this one, from wherever.
  if (name === "status") return admin.status({});
  if (remoteReason !== undefined) {
    throw new Fault(
      "forbidden",
      `Cannot answer ${title}: ${remoteReason}, and as long as there are no accounts this call is ` +
        "open to this machine alone",
    );
  }
  const read = readArguments(name, {
    params: decodedParams(params, title),
    query: url.searchParams,
    body: takesBody(name) ? await readJson(request, { bodies, title }) : undefined,
  });
  if ("errors" in read) throw wrongFields(title, read.errors);
  try {
    return await carryOut(admin, { name, given: read.given });
  } catch (error) {
    throw namingField(error, name);
  }
}

function takesBody(name: CallName): boolean {
  return Object.keys(CALLS[name].body.shape).length > 0;
}

function carryOut<N extends CallName>(
  admin: Admin,
  { name, given }: { readonly name: N; readonly given: CallArguments<N> },
): CallAnswer<N> | Promise<CallAnswer<N>> {
  return admin[name](given);
}

function wrongFields(
  title: string,
  errors: readonly { readonly field: string; readonly detail: string }[],
): Fault {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  const text = `Cannot answer ${title}: ${first?.field}: ${first?.detail}${more}`;
  return new Fault("bad-request", text, { errors });
}

/** @throws Fault `bad-request` */
function decodedParams(
  raw: Readonly<Record<string, string>>,
  title: string,
): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw)) {
    try {
      params[name] = decodeURIComponent(value);
    } catch {
      const detail = `Expected percent-encoded UTF-8, got ${quote(value)}`;
      throw wrongFields(title, [{ field: `path.${name}`, detail }]);
    }
  }
  return params;
}

/** @throws Fault `unsupported-media-type`, `bad-request`, and those of {@link RequestBodies.read} */
async function readJson(
  request: Request,
  { bodies, title }: { readonly bodies: RequestBodies; readonly title: string },
): Promise<unknown> {
  const type = request.headers.get("content-type");
  const isJson = /^application\/json *(?:;|$)/i.test(type ?? "");
  const bytes = await bodies.read(request);
  if (bytes.length === 0) return undefined;
  if (!isJson) {
    const came = type === null ? "none" : quote(type);
    throw new Fault(
      "unsupported-media-type",
      `Cannot answer ${title}: expected a body with content-type application/json, got ${came}`,
    );
  }
  try {
    if (isUtf8(bytes)) return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // Told below.
  }
  throw wrongFields(title, [{ field: "body", detail: "Expected JSON in UTF-8 (RFC 8259)" }]);
}

import type { Server } from "bun";
import { Fault } from "../fault.ts";
import type { Observe } from "../observe/events.ts";
import { type ConnectionContext, countRefusal } from "../session/connection_context.ts";
import type { Connections } from "../session/connections.ts";
import type { Inbound, Wire } from "../session/wire.ts";
import { problem, sendOverHttp, streamOverHttp } from "../transport/http.ts";
import {
  checkHost,
  checkOrigin,
  isLocalRequest,
  type OriginHeaders,
  type OriginRefusal,
  type OriginRules,
  remoteReason,
} from "../transport/origin.ts";
import { RequestBodies } from "../transport/request_bodies.ts";
import { chooseSubProtocol, type SocketData, upgrade, webSocketHandler } from "../transport/ws.ts";
import type { Admin } from "./admin.ts";
import { OURS, type Pages } from "./pages.ts";
import { RELOAD_STREAM } from "./reload_script.ts";
import type { Reloads } from "./reloads.ts";

/** What one HTTP listener serves: WebSocket, API and pages on one origin. */
export interface WebOptions {
  readonly context: ConnectionContext;
  readonly connections: Connections;
  readonly hostname: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** What precedes every path: empty, or `/app`. */
  readonly prefix: string;
  readonly origins: OriginRules;
  /** Paths that accept an upgrade. */
  readonly webSocketPaths: readonly string[];
  readonly accept: (wire: Wire) => Inbound;
  readonly pages: Pages;
  /** Those who listen for changes of the pages; undefined if nobody may. */
  readonly reloads?: Reloads | undefined;
  readonly observe: Observe;
  /** Whether the broker takes connections; false while it starts and stops. */
  readonly ready: () => boolean;
  /** Carries out the calls of the API. */
  readonly admin: Admin;
  /** The live state in the text format of Prometheus. */
  readonly metrics: () => string;
}

/** A WebSocket message may be a whole frame and some beats; our own ERROR comes first. */
const MESSAGE_SLACK_BYTES = 64 * 1024;
/** More than the largest frame that can be configured. */
const BODY_BYTES_MAX = 512 * 1024 * 1024;

const TEXT = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" };

const RELOAD_PATH = `/${OURS}/${RELOAD_STREAM}`;

/** How the broker is, for machines. */
const WATCHED: readonly string[] = ["/healthz", "/readyz", "/metrics"];

/** What a listener keeps besides its options. */
interface Listening {
  readonly options: WebOptions;
  readonly bodies: RequestBodies;
  /** Streams of events so far. */
  streams: number;
}

interface Call {
  readonly request: Request;
  readonly url: URL;
  readonly path: string;
  readonly server: Server<SocketData>;
}

/** A listener for HTTP and WebSocket that listens. */
export interface WebListener {
  readonly server: Server<SocketData>;
  /** To be called when the limits have changed: holds for the sockets there are as well. */
  readonly refit: () => void;
}

/** Listens for HTTP and WebSocket. Throws what `Bun.serve` throws. */
export function listenWeb(options: WebOptions): WebListener {
  const listening = { options, bodies: new RequestBodies(options.context), streams: 0 };
  const server = Bun.serve(serveOptions(listening));
  return { server, refit: () => void server.reload(serveOptions(listening)) };
}

function serveOptions(listening: Listening) {
  const { options } = listening;
  const { frameBytesMax } = options.context.limits;
  return {
    hostname: options.hostname,
    port: options.port,
    development: false,
    reusePort: false,
    // Fixed, as Bun never changes it; whoever reads a body has the limit that holds now.
    maxRequestBodySize: BODY_BYTES_MAX,
    fetch: (request: Request, server: Server<SocketData>) => {
      const refusal = checkHost(request.headers.get("host"), options.origins);
      if (refusal !== undefined) return refuseOrigin(request, server, { options, refusal });
      // A Host may hold what no URL can.
      const url = URL.parse(request.url) ?? hostlessUrl(request, options.prefix);
      if (url === null) return new Response("Bad Host\n", { status: 400, headers: TEXT });
      const path = withoutPrefix(url.pathname, options.prefix);
      if (path === undefined) {
        const text = `Nothing here: everything is below ${options.prefix}/\n`;
        return new Response(text, { status: 404, headers: TEXT });
      }
      return answer({ request, url, path, server }, listening);
    },
    error: (error: unknown) => problem(error, options.context.counters),
    websocket: webSocketHandler({
      accept: options.accept,
      messageBytesMax: frameBytesMax + MESSAGE_SLACK_BYTES,
    }),
  };
}

function answer(
  call: Call,
  listening: Listening,
): Response | undefined | Promise<Response | undefined> {
  const { options } = listening;
  const { request, path } = call;
  const isUpgrade = request.headers.get("upgrade")?.toLowerCase() === "websocket";
  const isSocketPath = options.webSocketPaths.includes(path);
  if (isUpgrade && isSocketPath) return answerUpgrade(call, options);
  if (path.startsWith("/api/")) return answerApi(call, listening);
  if (path === RELOAD_PATH && options.reloads !== undefined) {
    return answerReload(call, { options, reloads: options.reloads });
  }
  switch (path) {
    case "/healthz":
      return new Response("ok\n", { headers: TEXT });
    case "/readyz":
      return options.ready()
        ? new Response("ready\n", { headers: TEXT })
        : new Response("not ready\n", { status: 503, headers: TEXT });
    case "/metrics":
      return new Response(options.metrics(), {
        headers: { ...TEXT, "content-type": "text/plain; version=0.0.4; charset=utf-8" },
      });
  }
  if (path.endsWith("/info") && options.webSocketPaths.includes(path.slice(0, -5) || "/")) {
    const text = `SockJS is not spoken here, use brokerURL: "${socketUrl(call, options)}"\n`;
    return new Response(text, { status: 404, headers: TEXT });
  }
  if (isUpgrade) {
    const paths = options.webSocketPaths.map((each) => options.prefix + each).join(", ");
    const text = `No WebSocket at ${JSON.stringify(path)}: expected one of ${paths}\n`;
    return new Response(text, { status: 404, headers: TEXT });
  }
  if (isSocketPath && path !== "/") {
    const text = `This path speaks STOMP over WebSocket: connect to ${socketUrl(call, options)}\n`;
    return new Response(text, { status: 426, headers: { ...TEXT, upgrade: "websocket" } });
  }
  return options.pages.respond(request, path);
}

function answerReload(
  { request, server }: Call,
  { options, reloads }: { readonly options: WebOptions; readonly reloads: Reloads },
): Response {
  const refusal = checkOrigin(originHeaders(request), options.origins);
  if (refusal !== undefined) {
    return refuseOrigin(request, server, { options, refusal });
  }
  // A stream is silent for as long as nothing changes.
  server.timeout(request, 0);
  return reloads.respond(request);
}

function answerUpgrade(call: Call, options: WebOptions): Response | undefined {
  const { request, server } = call;
  const refusal = checkOrigin(originHeaders(request), options.origins);
  if (refusal !== undefined) {
    return refuseOrigin(request, server, { options, refusal });
  }
  const chosen = chooseSubProtocol(request.headers.get("sec-websocket-protocol"));
  if (!chosen.ok) return new Response(`${chosen.detail}\n`, { status: 400, headers: TEXT });
  const address = server.requestIP(request)?.address ?? "";
  const full = options.connections.refusal(address);
  if (full !== undefined) return problem(full, options.context.counters);
  const local = isLocalRequest(request.headers, options.origins);
  if (upgrade(request, server, { protocol: chosen.protocol, local })) return undefined;
  return new Response("Cannot upgrade: expected a WebSocket handshake (RFC 6455)\n", {
    status: 400,
    headers: TEXT,
  });
}

async function answerApi(call: Call, listening: Listening): Promise<Response> {
  const { request, server } = call;
  const { options } = listening;
  const refusal = checkOrigin(originHeaders(request), options.origins);
  if (refusal !== undefined) {
    tellOriginRefused(request, server, { options, refusal });
    return problem(new Fault("origin-refused", refusal.rule), options.context.counters);
  }
  if (request.method === "OPTIONS") return shared(request, await preflight(call, options));
  return shared(request, await callApi(call, listening));
}

/** Nothing for so long from a call that is being carried out is no sign of a dead client. */
const CALL_TIMEOUT_S = 255;

/** The table of calls takes time to set up: a broker starts without it. */
const loadRoutes = () => import("./api_routes.ts");

async function callApi(call: Call, listening: Listening): Promise<Response> {
  const { request, url, path, server } = call;
  const { bodies } = listening;
  const { context, connections, admin, observe, origins } = listening.options;
  switch (path) {
    case "/api/v1/send":
      return sendOverHttp(request, url, { context, bodies });
    case "/api/v1/events": {
      // A stream may be silent for as long as its destination is.
      server.timeout(request, 0);
      const address = server.requestIP(request)?.address ?? "";
      const number = --listening.streams;
      const local = isLocalRequest(request.headers, origins);
      return streamOverHttp(request, url, { context, connections, address, local, number });
    }
    default: {
      if (request.method !== "GET") server.timeout(request, CALL_TIMEOUT_S);
      const asked = { request, url, path, remoteReason: remoteReason(request.headers, origins) };
      const { counters } = context;
      const { answerCall } = await loadRoutes();
      return answerCall(asked, { admin, bodies, counters, observe });
    }
  }
}

/** A page of another origin that may call may also read the answer. */
function shared(request: Request, response: Response): Response {
  const origin = request.headers.get("origin");
  response.headers.append("vary", "Origin");
  if (origin !== null) response.headers.set("access-control-allow-origin", origin);
  return response;
}

async function preflight({ path }: Call, { context }: WebOptions): Promise<Response> {
  const { methodsAt, noSuchCall } = await loadRoutes();
  const methods = methodsAt(path);
  if (methods === undefined) return noSuchCall(path, context.counters);
  const allowed = methods.join(", ");
  return new Response(null, {
    status: 204,
    headers: {
      allow: allowed,
      "access-control-allow-methods": allowed,
      "access-control-allow-headers": "*, content-type",
      "access-control-max-age": "600",
    },
  });
}

interface RefusedOrigin {
  readonly options: WebOptions;
  readonly refusal: OriginRefusal;
}

function refuseOrigin(
  request: Request,
  server: Server<SocketData>,
  about: RefusedOrigin,
): Response {
  const { counters } = about.options.context;
  tellOriginRefused(request, server, about);
  const path = withoutPrefix(URL.parse(request.url)?.pathname ?? "", about.options.prefix);
  if (path?.startsWith("/api/") === true) {
    return problem(new Fault("origin-refused", about.refusal.rule), counters);
  }
  countRefusal(counters, "origin-refused");
  const text = `Forbidden: ${about.refusal.rule}\n`;
  return new Response(text, { status: 403, headers: TEXT });
}

function tellOriginRefused(
  request: Request,
  server: Server<SocketData>,
  { options, refusal }: RefusedOrigin,
): void {
  const { rule, seen, remedy } = refusal;
  const ip = server.requestIP(request);
  const peer = { transport: "http", address: ip?.address ?? "", port: ip?.port ?? 0 };
  options.observe({ type: "origin-refused", peer, rule, seen, remedy });
}

function originHeaders(request: Request): OriginHeaders {
  const { headers } = request;
  return {
    origin: headers.get("origin"),
    host: headers.get("host"),
    site: headers.get("sec-fetch-site"),
  };
}

/**
 * The address in a request of HTTP/1.0, which knows no Host. Whoever watches
 * over a broker may speak no more than that: it may ask how the broker is, and
 * nothing else. HTTP/1.1 without a Host does not come this far.
 */
function hostlessUrl(request: Request, prefix: string): URL | null {
  if (request.headers.get("host") !== null) return null;
  const url = URL.parse(request.url, "http://localhost");
  const path = url === null ? undefined : withoutPrefix(url.pathname, prefix);
  return path !== undefined && WATCHED.includes(path) ? url : null;
}

function withoutPrefix(path: string, prefix: string): string | undefined {
  if (prefix === "") return path;
  if (path === prefix) return "/";
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : undefined;
}

function socketUrl(call: Call, options: WebOptions): string {
  const { prefix, webSocketPaths } = options;
  const path = webSocketPaths.includes("/") ? "/" : (webSocketPaths[0] ?? "/");
  return `ws://${call.request.headers.get("host") ?? call.url.host}${prefix}${path}`;
}

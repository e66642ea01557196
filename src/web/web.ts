import type { Server } from "bun";
import type { Observe } from "../observe/events.ts";
import { type ConnectionContext, countRefusal } from "../session/connection.ts";
import type { Connections } from "../session/connections.ts";
import type { Inbound, Wire } from "../session/wire.ts";
import {
  json,
  methodNotAllowed,
  problem,
  sendOverHttp,
  streamOverHttp,
} from "../transport/http.ts";
import {
  checkHost,
  checkOrigin,
  type OriginHeaders,
  type OriginRefusal,
  type OriginRules,
} from "../transport/origin.ts";
import { RequestBodies } from "../transport/request_bodies.ts";
import { chooseSubProtocol, type SocketData, upgrade, webSocketHandler } from "../transport/ws.ts";
import type { Pages } from "./pages.ts";

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
  readonly observe: Observe;
  /** Whether the broker takes connections; false while it starts and stops. */
  readonly ready: () => boolean;
  /** The live state that pages show. */
  readonly status: () => object;
  /** The same in the text format of Prometheus. */
  readonly metrics: () => string;
}

/** A WebSocket message may be a whole frame and some beats; our own ERROR comes first. */
const MESSAGE_SLACK_BYTES = 64 * 1024;

const TEXT = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" };

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

/** Listens for HTTP and WebSocket. Throws what `Bun.serve` throws. */
export function listenWeb(options: WebOptions): Server<SocketData> {
  const { frameBytesMax } = options.context.limits;
  const listening = { options, bodies: new RequestBodies(options.context), streams: 0 };
  return Bun.serve<SocketData>({
    hostname: options.hostname,
    port: options.port,
    development: false,
    reusePort: false,
    maxRequestBodySize: frameBytesMax + MESSAGE_SLACK_BYTES,
    fetch: (request, server) => {
      const hostRefusal = checkHost(request.headers.get("host"), options.origins);
      if (hostRefusal !== undefined) return refuseOrigin(request, server, { options, hostRefusal });
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
    error: (error) => problem(error, options.context.counters),
    websocket: webSocketHandler({
      accept: options.accept,
      messageBytesMax: frameBytesMax + MESSAGE_SLACK_BYTES,
    }),
  });
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
  switch (path) {
    case "/healthz":
      return new Response("ok\n", { headers: TEXT });
    case "/readyz":
      return options.ready()
        ? new Response("ready\n", { headers: TEXT })
        : new Response("not ready\n", { status: 503, headers: TEXT });
    case "/metrics":
      return new Response(options.metrics(), {
        headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
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

function answerUpgrade(call: Call, options: WebOptions): Response | undefined {
  const { request, server } = call;
  const refusal = checkOrigin(originHeaders(request), options.origins);
  if (refusal !== undefined) {
    return refuseOrigin(request, server, { options, hostRefusal: refusal });
  }
  const chosen = chooseSubProtocol(request.headers.get("sec-websocket-protocol"));
  if (!chosen.ok) return new Response(`${chosen.detail}\n`, { status: 400, headers: TEXT });
  const address = server.requestIP(request)?.address ?? "";
  const full = options.connections.refusal(address);
  if (full !== undefined) return problem(full, options.context.counters);
  if (upgrade(request, server, chosen.protocol)) return undefined;
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
    return refuseOrigin(request, server, { options, hostRefusal: refusal });
  }
  if (request.method === "OPTIONS") return shared(request, preflight());
  return shared(request, await callApi(call, listening));
}

function callApi(call: Call, listening: Listening): Response | Promise<Response> {
  const { request, url, path, server } = call;
  const { bodies } = listening;
  const { context, connections, status } = listening.options;
  switch (path) {
    case "/api/v1/send":
      return sendOverHttp(request, url, { context, bodies });
    case "/api/v1/events": {
      // A stream may be silent for as long as its destination is.
      server.timeout(request, 0);
      const address = server.requestIP(request)?.address ?? "";
      const number = --listening.streams;
      return streamOverHttp(request, url, { context, connections, address, number });
    }
    case "/api/v1/status":
      if (request.method !== "GET") return methodNotAllowed("GET");
      return json(status(), { "cache-control": "no-store" });
    default: {
      const body = {
        type: "about:blank",
        title: "Not found",
        status: 404,
        detail: `No such call ${JSON.stringify(path)}: expected /api/v1/send, /api/v1/events or /api/v1/status`,
      };
      const headers = { "content-type": "application/problem+json" };
      return new Response(`${JSON.stringify(body)}\n`, { status: 404, headers });
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

function preflight(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": "GET, POST",
      "access-control-allow-headers": "*, content-type",
      "access-control-max-age": "600",
    },
  });
}

function refuseOrigin(
  request: Request,
  server: Server<SocketData>,
  about: { options: WebOptions; hostRefusal: OriginRefusal },
): Response {
  const { rule, seen, remedy } = about.hostRefusal;
  const ip = server.requestIP(request);
  const peer = { transport: "http", address: ip?.address ?? "", port: ip?.port ?? 0 };
  const { observe, context } = about.options;
  countRefusal(context.counters, "origin-refused");
  observe({ type: "origin-refused", peer, rule, seen, remedy });
  return new Response(`Forbidden: ${rule}\n`, { status: 403, headers: TEXT });
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

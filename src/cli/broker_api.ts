/** Finds the JSON API of a broker from the URL that clients connect to. */

import { ApiError, apiAt, type CallApi } from "../api/call_api.ts";
import type { BrokerUrl } from "../client/broker_url.ts";
import { tlsOptions, type Trust } from "../client/client_wire.ts";
import { codeOf, connectFailure } from "../client/connect_failure.ts";

/** Who answers at a URL has no such API: it is another broker, or an older one. */
export class ApiMissing extends Error {
  override readonly name = "ApiMissing";
}

/** What {@link findApi} needs. */
export interface ApiSearch {
  readonly trust: Trust;
  readonly signal: AbortSignal;
}

/** Paths at which stompbox, and other brokers, take WebSockets: the API is beside them, not below. */
const SOCKET_PATH = /\/(?:(?:ws|stomp)\/websocket|ws|stomp)\/?$/;

/**
 * Where the API of a broker may be, the likeliest first: beside the path that
 * takes WebSockets, and below it. Empty for a URL that does not speak HTTP.
 */
export function apiRoots({ carrier, tls, host, port, path }: BrokerUrl): string[] {
  if (carrier === "tcp") return [];
  const origin = `${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const folder = `${path.replace(/\?.*$/, "").replace(/\/$/, "")}/`;
  const beside = folder.replace(SOCKET_PATH, "/");
  return [...new Set([beside, folder])].map((root) => origin + root);
}

/**
 * Finds the API by asking for the broker's status, and answers what makes its
 * calls.
 *
 * @throws ApiMissing where no stompbox answers
 * @throws ConnectError where nobody does
 */
export async function findApi(url: BrokerUrl, { trust, signal }: ApiSearch): Promise<CallApi> {
  const answers: string[] = [];
  for (const root of apiRoots(url)) {
    const api = apiAt(root, fetchWith(trust));
    try {
      await api("status", {}, { signal });
      return api;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 0) throw unreachable(url, error);
      answers.push(`${root}api/v1/status: HTTP status ${error.status}`);
    }
  }
  throw new ApiMissing(
    answers.length === 0
      ? `${url.shown} speaks no HTTP, expected its ws://, wss://, http:// or https:// URL`
      : `no stompbox answers there with its API (${answers.join("; ")})`,
  );
}

function unreachable(url: BrokerUrl, { cause }: ApiError): Error {
  const text = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "";
  const code = codeOf(cause);
  return connectFailure(url, {
    code: url.tls && code === "ECONNRESET" ? "EPROTO" : code,
    text: code === "ECONNRESET" ? "the connection broke off before an answer came" : text,
    cause,
  });
}

function fetchWith(trust: Trust): typeof fetch {
  const tls = tlsOptions(trust);
  const fetchFrom = (input: string | URL | Request, init: BunFetchRequestInit = {}) =>
    // What the STOMP connection does not go through, calls must not go through either.
    fetch(input, { ...init, tls, proxy: false });
  return Object.assign(fetchFrom, { preconnect: fetch.preconnect });
}

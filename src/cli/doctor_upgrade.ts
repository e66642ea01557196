/** Whether an HTTP request becomes a WebSocket, and what stands in the way if it does not. */

import { createHash } from "node:crypto";
import { findApi } from "./broker_api.ts";
import type { Finding } from "./doctor_finding.ts";
import type { Patient } from "./doctor_network.ts";
import { inTime } from "./in_time.ts";
import { type RawAnswer, rawRequest } from "./raw_request.ts";
import { readableTime } from "./readable_amount.ts";

/** Appended to the key before it is hashed (RFC 6455 section 1.3). */
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Sub-protocols offered (STOMP over WebSocket). */
const OFFERED: readonly string[] = ["v12.stomp", "v11.stomp", "v10.stomp"];
const PROXY_REMEDY =
  'have the proxy pass on the headers Upgrade and Connection, in HTTP/1.1 (nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade")';
/** How long asking who else answers there may take, in ms. */
const API_MS = 5_000;

/** Asks for an upgrade as a browser does, from a page of `origin` if there is one. */
export async function examineUpgrade(
  patient: Patient,
  about: { readonly address: string; readonly origin?: string | undefined },
): Promise<Finding> {
  const { url, runtime } = patient;
  const { address, origin } = about;
  const check = origin === undefined ? "upgrade" : "origin";
  const key = Buffer.from(runtime.id().slice(0, 16)).toString("base64");
  const outcome = await rawRequest(patient, {
    address,
    path: url.path,
    headers: [
      ["Host", hostHeader(patient)],
      ["Upgrade", "websocket"],
      ["Connection", "Upgrade"],
      ["Sec-WebSocket-Key", key],
      ["Sec-WebSocket-Version", "13"],
      ["Sec-WebSocket-Protocol", OFFERED.join(", ")],
      ...(origin === undefined ? [] : [["Origin", origin] as const]),
    ],
  });
  const other = `perhaps it speaks STOMP over TCP: try ${url.tls ? "ssl" : "tcp"}://; or TLS: try wss://`;
  switch (outcome.kind) {
    case "answer":
      return judgeAnswer(patient, { ...outcome.answer, check, key, origin });
    case "silent":
      return {
        ...{ check, verdict: "fail", remedy: other },
        seen: `the connection is taken, and then nothing comes within ${readableTime(outcome.ms)}`,
      };
    case "ended":
      return { check, verdict: "fail", seen: `no answer: ${outcome.text}`, remedy: other };
    case "no-http":
      return {
        ...{ check, verdict: "fail", remedy: other },
        seen: `what answers is no HTTP: ${JSON.stringify(outcome.received)}`,
      };
  }
}

function hostHeader({ url: { host, port, tls } }: Patient): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === (tls ? 443 : 80) ? name : `${name}:${port}`;
}

type Answered = RawAnswer & {
  readonly check: "upgrade" | "origin";
  readonly key: string;
  readonly origin: string | undefined;
};

async function judgeAnswer(patient: Patient, answered: Answered): Promise<Finding> {
  const { check, status, reason, headers, ms, origin } = answered;
  const server = headers.get("server") ?? headers.get("via");
  const facts = { status, server, ms, ...(origin === undefined ? {} : { origin }) };
  if (status === 101)
    return { ...judgeSwitch(answered), facts: { ...facts, ...switchFacts(answered) } };
  const by = server === undefined ? "" : ` by ${server}`;
  const said = firstLine(answered);
  const told = said === "" ? "" : `: ${said}`;
  const seen = `answered${by} with HTTP status ${status} ${reason}, expected 101${told}`;
  const remedy = await remedyFor(patient, answered);
  return { check, verdict: "fail", seen, remedy, facts };
}

function switchFacts({ headers }: Answered): Readonly<Record<string, unknown>> {
  return { subProtocol: headers.get("sec-websocket-protocol") ?? "" };
}

/** Whether the answer to the handshake is right (RFC 6455 section 4.1). */
function judgeSwitch({ check, headers, key, ms, origin }: Answered): Finding {
  const wrong: string[] = [];
  const accept = createHash("sha1")
    .update(key + ACCEPT_SUFFIX)
    .digest("base64");
  const words = (name: string): string[] =>
    (headers.get(name) ?? "")
      .toLowerCase()
      .split(",")
      .map((word) => word.trim());
  if (!words("upgrade").includes("websocket")) wrong.push("no Upgrade: websocket");
  if (!words("connection").includes("upgrade")) wrong.push("no Connection: Upgrade");
  const given = headers.get("sec-websocket-accept");
  if (given !== accept) {
    wrong.push(given === undefined ? "no Sec-WebSocket-Accept" : "a wrong Sec-WebSocket-Accept");
  }
  const protocol = headers.get("sec-websocket-protocol");
  if (protocol !== undefined && !OFFERED.includes(protocol)) {
    wrong.push(`the sub-protocol "${protocol}", which nobody offered`);
  }
  if (wrong.length > 0) {
    return {
      ...{ check, verdict: "fail", seen: `HTTP status 101 with ${wrong.join(", ")}` },
      remedy:
        "browsers refuse that: look at what changes or invents answers between here and the broker",
    };
  }
  const from = origin === undefined ? "" : ` for pages of ${origin}`;
  if (protocol === undefined) {
    return {
      check,
      verdict: "warn",
      seen: `HTTP status 101${from} in ${readableTime(ms)}, no sub-protocol chosen of ${OFFERED.join(", ")}`,
      remedy:
        "browsers refuse that of clients that offer some: have the broker choose one, or clients offer none",
    };
  }
  return {
    check,
    verdict: "ok",
    seen: `WebSocket${from} in ${readableTime(ms)}, sub-protocol ${protocol}`,
  };
}

/** What an answer says in its first line, if that is text for people. */
function firstLine({ headers, body }: RawAnswer): string {
  const isText = (headers.get("content-type") ?? "text/plain").startsWith("text/plain");
  return isText ? (body.trim().split("\n")[0] ?? "").slice(0, 200) : "";
}

async function remedyFor(patient: Patient, answered: Answered): Promise<string> {
  const { status, headers, origin } = answered;
  const { url } = patient;
  const location = headers.get("location");
  switch (status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308: {
      if (location === undefined) return "ask whoever answers there why it sends elsewhere";
      const target = URL.parse(location, url.shown.replace(/^ws/, "http"))?.href ?? location;
      return `WebSockets do not follow: use ${target.replace(/^http/, "ws")}`;
    }
    case 400:
      return "what answers there does not take this request for a WebSocket: correct the port, or see what a proxy in between makes of it";
    case 401:
    case 407:
      return "a proxy in front wants a login first: let this path pass without one";
    case 403:
      return origin === undefined
        ? "the broker, or a proxy in front, refuses by name or address: see its log (stompbox names the rule and the option)"
        : `allow pages of ${origin}: with stompbox by --allow-origin ${origin}`;
    case 429:
    case 503:
      return "too many connections, or the broker is not ready: try later, or see its log";
    case 502:
    case 504:
      return "the proxy does not reach the broker: start it, or correct the address to which the proxy passes requests";
  }
  if (status >= 500) return "what answers there is in trouble: see its log";
  const isBehind = await hasStompbox(patient);
  if (status === 404) {
    if (firstLine(answered) !== "") return "correct the path, as the answer says";
    return isBehind
      ? "correct the path: stompbox answers there, but not on this one"
      : "correct the path: many brokers have /ws or /stomp";
  }
  if (isBehind || status === 426) {
    const who = isBehind ? "stompbox" : "what answers there";
    return `${who} was not asked for an upgrade, though we did ask: ${PROXY_REMEDY}`;
  }
  return `correct the path (many brokers have /ws or /stomp); or, if a proxy is in between, ${PROXY_REMEDY}`;
}

/** Whether the API of a stompbox answers beside that path. */
async function hasStompbox({ url, trust, runtime }: Patient): Promise<boolean> {
  const stop = new AbortController();
  const found = findApi(url, { trust, signal: stop.signal }).then(
    () => true,
    () => false,
  );
  const answer = await inTime(found, { runtime, ms: API_MS });
  stop.abort();
  return answer ?? false;
}

/** What decides whether a browser's page may talk to this listener. */
export interface OriginRules {
  /** Whether the listener can be reached from this machine only. */
  readonly loopback: boolean;
  /** Demand the same origin on loopback as well. */
  readonly strict: boolean;
  /** Further origins: exact, or `https://*.example.com`. */
  readonly allowed: readonly string[];
}

/** What a request says of where it comes from. */
export interface OriginHeaders {
  readonly origin: string | null;
  readonly host: string | null;
  /** `Sec-Fetch-Site`: how what asks is related to this origin. Browsers say so. */
  readonly site: string | null;
}

/** The headers of a request, by name in any case. */
export type HeaderValues = Pick<Headers, "get">;

/** Why a request is refused; undefined in its place if it is not. */
export interface OriginRefusal {
  /** The rule that it broke, in a sentence. */
  readonly rule: string;
  /** The value that broke it. */
  readonly seen: string;
  /** What to do if it ought to be allowed. */
  readonly remedy: string;
}

const LOCAL_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;
/** What no name server can lead elsewhere: 127.0.0.0/8, as IPv6 writes it too. */
const LOOPBACK_LITERAL =
  /^(?:127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])(?::\d{1,5})?$/;
const LOCAL_ORIGIN = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;

/**
 * Refuses a request that reaches a loopback listener under a foreign name: a
 * page elsewhere that had its own name resolve to this machine (DNS rebinding).
 * A numeric address of loopback is no name, and the only one that a listener
 * on, say, 127.0.0.2 has.
 */
export function checkHost(host: string | null, rules: OriginRules): OriginRefusal | undefined {
  if (!rules.loopback || host === null) return undefined;
  if (isLocalHost(host)) return undefined;
  const plain = plainHost(host);
  const named = rules.allowed.some((allowed) =>
    ["http://", "https://"].some((scheme) => matches(allowed, `${scheme}${plain}`)),
  );
  if (named) return undefined;
  return {
    rule: "Host must be localhost, 127.0.0.1 or [::1] on a loopback listener",
    seen: `Host: ${host}`,
    remedy: `--allow-origin http://${host}`,
  };
}

/**
 * Refuses a page of a foreign origin. On loopback any http(s) page of this
 * machine is welcome, whatever its port, and so is one of the numeric loopback
 * address under which the listener was reached; elsewhere only a page of the
 * same origin. Whoever sends neither Origin nor Sec-Fetch-Site is no browser.
 */
export function checkOrigin(headers: OriginHeaders, rules: OriginRules): OriginRefusal | undefined {
  const { origin } = headers;
  if (origin === null) return checkSite(headers.site);
  const host = headers.host?.toLowerCase() ?? null;
  if (rules.allowed.some((allowed) => matches(allowed, origin))) return undefined;
  if (host !== null && (origin === `http://${host}` || origin === `https://${host}`)) {
    return undefined;
  }
  const local = rules.loopback && !rules.strict;
  if (local && (LOCAL_ORIGIN.test(origin) || isSameLiteral(origin, host))) return undefined;
  return {
    rule: local
      ? "Origin must be a page of this machine: localhost, 127.0.0.1 or [::1], any port"
      : "Origin must be the same as the Host",
    seen: `Origin: ${origin}`,
    remedy: /^https?:\/\/[^/*]+$/.test(origin)
      ? `--allow-origin ${origin}`
      : "serve the page over http or https",
  };
}

/**
 * A page embeds what it likes, and browsers name no Origin then; but they do
 * say how the page is related to what it asks for (W3C Fetch Metadata). It
 * would not see the answer, yet a stream takes messages off a queue all the same.
 */
function checkSite(site: string | null): OriginRefusal | undefined {
  if (site === null || site === "same-origin" || site === "none") return undefined;
  return {
    rule: "A page of another origin must say which it is: this request has no Origin",
    seen: `Sec-Fetch-Site: ${site}`,
    remedy: 'ask by EventSource, WebSocket or fetch in mode "cors", which send an Origin',
  };
}

/** Headers by which a proxy says for whom it asks (RFC 7239, RFC 9110 section 7.6.3, and custom). */
const PROXY_HEADERS = [
  "Forwarded",
  "Via",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Forwarded-Proto",
  "X-Forwarded-Port",
  "X-Forwarded-Server",
  "X-Real-IP",
  "X-Client-IP",
  "X-Cluster-Client-IP",
  "True-Client-IP",
  "CF-Connecting-IP",
] as const;

/**
 * Why a request may come from beyond this machine; undefined if it cannot, as
 * far as one can tell: a proxy on this machine that neither says that it is
 * one nor keeps the Host looks like any other program of this machine.
 */
export function remoteReason(headers: HeaderValues, rules: OriginRules): string | undefined {
  if (!rules.loopback) return "this listener can be reached from elsewhere";
  const proxied = PROXY_HEADERS.find((name) => headers.get(name) !== null);
  if (proxied !== undefined) return `the request has ${proxied}, so it came through a proxy`;
  const host = headers.get("host");
  if (host === null || !isLocalHost(host)) {
    return "the request has a Host that is not localhost, 127.0.0.1 or [::1]";
  }
  return undefined;
}

/** Whether a request comes from this machine, see {@link remoteReason}. */
export function isLocalRequest(headers: HeaderValues, rules: OriginRules): boolean {
  return remoteReason(headers, rules) === undefined;
}

function isLocalHost(host: string): boolean {
  const plain = plainHost(host);
  return LOCAL_HOST.test(plain) || LOOPBACK_LITERAL.test(plain);
}

/** Names have no case, and the dot of the root at their end changes nothing. */
function plainHost(host: string): string {
  return host.toLowerCase().replace(/\.(?=:\d+$|$)/, "");
}

/** Whether a page came from the numeric loopback address that the request names as its Host. */
function isSameLiteral(origin: string, host: string | null): boolean {
  if (host === null || !LOOPBACK_LITERAL.test(host)) return false;
  const [, address = "", port = ""] = /^https?:\/\/(.*?)(:\d{1,5})?$/.exec(origin) ?? [];
  return address === host.replace(/:\d+$/, "") && LOOPBACK_LITERAL.test(address + port);
}

function matches(allowed: string, origin: string): boolean {
  if (allowed === origin) return true;
  const star = allowed.indexOf("//*.");
  if (star < 0) return false;
  const scheme = allowed.slice(0, star + 2);
  const suffix = allowed.slice(star + 3);
  if (!origin.startsWith(scheme) || !origin.endsWith(suffix)) return false;
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/.test(origin.slice(scheme.length, -suffix.length));
}

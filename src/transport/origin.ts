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
}

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
const LOCAL_ORIGIN = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;

/**
 * Refuses a request that reaches a loopback listener under a foreign name: a
 * page elsewhere that had its own name resolve to this machine (DNS rebinding).
 */
export function checkHost(host: string | null, rules: OriginRules): OriginRefusal | undefined {
  if (!rules.loopback || host === null || LOCAL_HOST.test(host)) return undefined;
  const named = rules.allowed.some((allowed) =>
    ["http://", "https://"].some((scheme) => matches(allowed, `${scheme}${host}`)),
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
 * machine is welcome, whatever its port; elsewhere only a page of the same
 * origin. Whoever sends no Origin is not a browser.
 */
export function checkOrigin(headers: OriginHeaders, rules: OriginRules): OriginRefusal | undefined {
  const { origin, host } = headers;
  if (origin === null) return undefined;
  if (rules.allowed.some((allowed) => matches(allowed, origin))) return undefined;
  if (host !== null && (origin === `http://${host}` || origin === `https://${host}`)) {
    return undefined;
  }
  const local = rules.loopback && !rules.strict;
  if (local && LOCAL_ORIGIN.test(origin)) return undefined;
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

function matches(allowed: string, origin: string): boolean {
  if (allowed === origin) return true;
  const star = allowed.indexOf("//*.");
  if (star < 0) return false;
  const scheme = allowed.slice(0, star + 2);
  const suffix = allowed.slice(star + 3);
  if (!origin.startsWith(scheme) || !origin.endsWith(suffix)) return false;
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/.test(origin.slice(scheme.length, -suffix.length));
}

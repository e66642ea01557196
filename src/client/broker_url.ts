/** Where a broker is: reads the URL that a client connects to. */

/** What carries the frames. */
export type Carrier = "ws" | "tcp";

/** A broker's URL, taken apart. */
export interface BrokerUrl {
  readonly carrier: Carrier;
  readonly tls: boolean;
  /** Name or numeric address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Path and query of the upgrade; empty over TCP. */
  readonly path: string;
  /** Of `scheme://LOGIN:PASSCODE@HOST`, percent escapes resolved. */
  readonly login: string | undefined;
  readonly passcode: string | undefined;
  /** The URL without login and passcode, its port always there: what may be shown. */
  readonly shown: string;
}

/** A URL that cannot be used; `message` says what is allowed. */
export class BrokerUrlError extends Error {
  override readonly name = "BrokerUrlError";
}

const SCHEMES: ReadonlyMap<string, { readonly carrier: Carrier; readonly tls: boolean }> = new Map([
  ["ws", { carrier: "ws", tls: false }],
  ["http", { carrier: "ws", tls: false }],
  ["wss", { carrier: "ws", tls: true }],
  ["https", { carrier: "ws", tls: true }],
  ["tcp", { carrier: "tcp", tls: false }],
  ["stomp", { carrier: "tcp", tls: false }],
  ["ssl", { carrier: "tcp", tls: true }],
  ["tls", { carrier: "tcp", tls: true }],
  ["stomp+ssl", { carrier: "tcp", tls: true }],
]);
const FORMS = "ws://, wss://, tcp:// or ssl://, then HOST and perhaps :PORT";
const FORM =
  /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?(\[[^\]]*\]|[^:/?#@[\]]*)(?::([^/?#@]*))?((?:[/?][^#]*)?)$/i;

/**
 * Takes the URL of a broker apart. Without a port: ws 61614 on this machine
 * and 80 elsewhere, wss 443, tcp 61613, ssl 61612.
 *
 * @throws BrokerUrlError that names the allowed forms
 */
export function parseBrokerUrl(url: string): BrokerUrl {
  const match = FORM.exec(url.trim());
  // What is shown must not hold a passcode.
  const quoted = JSON.stringify(url.trim().replace(/\/\/[^/]*@/, "//***@"));
  const refuse = (reason: string): never => {
    throw new BrokerUrlError(`Cannot connect to ${quoted}: ${reason}`);
  };
  if (match === null) return refuse(`expected ${FORMS}`);
  const [, schemeText = "", userText, hostText = "", portText, path = ""] = match;
  const scheme = SCHEMES.get(schemeText.toLowerCase());
  if (scheme === undefined) return refuse(`unknown scheme "${schemeText}", expected ${FORMS}`);
  const { carrier, tls } = scheme;
  const host = normalHost(hostText);
  if (host === undefined) return refuse(`"${hostText}" is not a host, expected ${FORMS}`);
  const port = portText === undefined ? defaultPort({ carrier, tls, host }) : readPort(portText);
  if (port === undefined) return refuse(`"${portText}" is not a port, expected 1 to 65535`);
  if (carrier === "tcp" && path !== "" && path !== "/") {
    return refuse(`${schemeText}:// takes no path, expected ${FORMS}`);
  }
  const [login, passcode] = userText === undefined ? [] : readUser(userText);
  if (userText !== undefined && login === undefined) {
    return refuse("login and passcode must be percent-encoded");
  }
  const name = (carrier === "ws" ? "ws" : "tcp") satisfies Carrier;
  const shownScheme = tls ? (name === "ws" ? "wss" : "ssl") : name;
  const wholePath =
    carrier === "tcp" ? "" : path === "" || path.startsWith("?") ? `/${path}` : path;
  const shownHost = host.includes(":") ? `[${host}]` : host;
  const shown = `${shownScheme}://${shownHost}:${port}${wholePath === "/" ? "" : wholePath}`;
  return { carrier, tls, host, port, path: wholePath, login, passcode, shown };
}

function normalHost(text: string): string | undefined {
  if (text === "") return undefined;
  const hostname = URL.parse(`http://${text}/`)?.hostname;
  if (hostname === undefined || hostname === "") return undefined;
  return hostname.replace(/^\[|\]$/g, "");
}

function readPort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function defaultPort({ carrier, tls, host }: Pick<BrokerUrl, "carrier" | "tls" | "host">): number {
  if (carrier === "tcp") return tls ? 61_612 : 61_613;
  if (tls) return 443;
  return isThisMachine(host) ? 61_614 : 80;
}

function isThisMachine(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function readUser(text: string): (string | undefined)[] {
  const colon = text.indexOf(":");
  const parts = colon < 0 ? [text] : [text.slice(0, colon), text.slice(colon + 1)];
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return [];
  }
}

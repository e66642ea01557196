/** Addresses to listen on, as people write them. */

/** What listens when no `listen` is given, in this order. */
export const DEFAULT_LISTEN: readonly string[] = ["ws://localhost:61614", "tcp://localhost:61613"];

/** A listener's address, taken apart. */
export interface ListenAddress {
  readonly scheme: "ws" | "tcp";
  /** Name or numeric address; IPv6 without brackets. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** What precedes every path of a `ws` listener: empty, or `/a` or `/a/b`. */
  readonly prefix: string;
  /** Whether only this machine can reach it. */
  readonly loopback: boolean;
}

/** A value of the configuration that cannot be used; `message` says what is allowed. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** What {@link parseListen} takes, for people. */
export const LISTEN_FORMS = "ws://HOST:PORT/PREFIX or tcp://HOST:PORT";
const LISTEN_URI =
  /^([a-z][a-z0-9+.-]*):\/\/(\[[^\]]*\]|[^:/?#@[\]]*)(?::([^/?#]*))?((?:[/?#][^]*)?)$/i;
const PATH = /^(?:\/[A-Za-z0-9._~-]+)*$/;

/**
 * Takes the URI of a listener apart. Throws a {@link ConfigError} that names
 * the allowed forms.
 */
export function parseListen(uri: string): ListenAddress {
  const refuse = (reason: string): never => {
    throw new ConfigError(`Cannot listen on ${JSON.stringify(uri)}: ${reason}`);
  };
  const match = LISTEN_URI.exec(uri.trim());
  if (match === null) return refuse(`expected ${LISTEN_FORMS}`);
  const [, schemeText = "", hostText = "", portText, path = ""] = match;
  const scheme = schemeText.toLowerCase();
  if (["wss", "https", "ssl", "tls", "stomp+ssl", "tcps"].includes(scheme)) {
    const plain = scheme === "wss" || scheme === "https" ? "ws" : "tcp";
    return refuse(`TLS comes from a proxy in front for now, use ${plain}://HOST:PORT behind it`);
  }
  if (scheme !== "ws" && scheme !== "tcp") {
    return refuse(`unknown scheme "${scheme}", expected ${LISTEN_FORMS}`);
  }
  if (hostText === "" || hostText === "*") {
    return refuse(
      `no host, expected ${LISTEN_FORMS}; 0.0.0.0 or [::] means every address of this machine`,
    );
  }
  const host = normalHost(hostText);
  if (host === undefined) return refuse(`"${hostText}" is not a host, expected ${LISTEN_FORMS}`);
  if (portText === undefined || portText === "") {
    return refuse("no port, expected 0 to 65535, where 0 lets the system choose");
  }
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : Number.NaN;
  if (!(port <= 65_535)) {
    return refuse(
      `"${portText}" is not a port, expected 0 to 65535, where 0 lets the system choose`,
    );
  }
  const prefix = path.replace(/\/$/, "");
  if (scheme === "tcp" && path !== "") return refuse("a tcp address has no path");
  if (!isPlainPath(prefix)) {
    return refuse(
      `"${path}" is not a prefix, expected segments of letters, digits, "-", "_", "~", "."`,
    );
  }
  return { scheme, host, port, prefix, loopback: isLoopback(host) };
}

/** The listeners in force: those of the configuration, or else the two of {@link DEFAULT_LISTEN}. */
export function listenersOf({ listen }: { readonly listen: readonly string[] }): ListenAddress[] {
  return (listen.length > 0 ? listen : DEFAULT_LISTEN).map(parseListen);
}

function normalHost(text: string): string | undefined {
  // Hosts are read as a browser reads them, so that 0x7f.1 cannot pass for a name.
  const hostname = URL.parse(`http://${text}/`)?.hostname;
  if (hostname === undefined || hostname === "" || /[^a-z0-9.:[\]_-]/.test(hostname)) {
    return undefined;
  }
  return hostname.replace(/^\[|\]$/g, "");
}

function isLoopback(host: string): boolean {
  return (
    host === "localhost" ||
    host === "::1" ||
    /^127\.\d+\.\d+\.\d+$/.test(host) ||
    /^::ffff:7f[0-9a-f]{2}:/.test(host)
  );
}

/** Whether a text is segments of letters, digits, "-", "_", "~", ".", each behind a slash; nothing is, too. */
export function isPlainPath(path: string): boolean {
  return PATH.test(path) && !path.split("/").some((segment) => segment === "." || segment === "..");
}

import type { BrokerUrl } from "./broker_url.ts";
import { ConnectError, type ConnectFailure } from "./client_error.ts";

/**
 * The error for a connection that the system or TLS did not open: `code` is
 * what they name the reason by, `text` what they say.
 */
export function connectFailure(
  url: BrokerUrl,
  { code, text, cause }: { readonly code: string; readonly text: string; readonly cause?: unknown },
): ConnectError {
  const [failure, reason] = reasonOf(url, { code, text });
  return new ConnectError(failure, `Cannot connect to ${url.shown}: ${reason}`, { cause });
}

function reasonOf(
  { host, port, tls, carrier }: BrokerUrl,
  { code, text }: { readonly code: string; readonly text: string },
): readonly [ConnectFailure, string] {
  switch (code) {
    case "ECONNREFUSED":
      return ["refused", `nothing listens on port ${port} there; is the broker running?`];
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return ["unknown-host", `no address is known for "${host}"`];
    case "ETIMEDOUT":
      return ["timeout", "no answer; perhaps a firewall drops what is sent there"];
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return ["unreachable", `no way leads to "${host}" from here`];
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return [
        "tls",
        "nobody who is trusted signed its certificate; name the signer's by --ca FILE, or do without by --insecure",
      ];
    case "CERT_HAS_EXPIRED":
      return ["tls", "its certificate has expired"];
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return ["tls", `its certificate is for another name than "${host}"`];
    case "EPROTO": {
      const plain = carrier === "ws" ? "ws" : "tcp";
      return ["tls", `port ${port} does not speak TLS; try ${plain}://`];
    }
    case "ECONNRESET":
      if (carrier === "ws" && !tls) {
        return [
          "upgrade",
          "the connection ended in place of an answer to the WebSocket upgrade; for TLS try wss://, for STOMP over TCP tcp://",
        ];
      }
      return [tls ? "tls" : "unreachable", text];
    default:
      return [tls ? "tls" : "unreachable", text === "" ? code : text];
  }
}

/** The `code` of an error as the system gives it; empty when there is none. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

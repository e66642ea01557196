/** Whether TLS comes about, and whether the certificate is right. */

import { isIP } from "node:net";
import {
  checkServerIdentity,
  connect,
  type DetailedPeerCertificate,
  type TLSSocket,
} from "node:tls";
import { codeOf } from "../client/connect_failure.ts";
import type { Finding } from "./doctor_finding.ts";
import type { Patient } from "./doctor_network.ts";
import { inTime } from "./in_time.ts";
import { readableCount } from "./readable_amount.ts";

const HANDSHAKE_MS = 5_000;
const DAY_MS = 86_400_000;
/** A certificate that ends so soon is in need of another. */
const SOON_MS = 14 * DAY_MS;
/** Longer chains are not told of. */
const CHAIN_MAX = 10;

/** Opens a connection with TLS that proves nothing yet; what the certificate is worth, it knows. */
export function connectTls({ url: { host, port }, trust }: Patient, address: string): TLSSocket {
  return connect({
    host: address,
    port,
    rejectUnauthorized: false,
    // The name is judged on its own.
    checkServerIdentity: () => undefined,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(trust.ca === undefined ? {} : { ca: trust.ca }),
  });
}

/** Agrees on TLS and looks at the certificate. */
export async function examineTls(patient: Patient, address: string): Promise<readonly Finding[]> {
  const { url, runtime } = patient;
  const ended = Promise.withResolvers<Error | undefined>();
  const socket = connectTls(patient, address);
  socket.on("secureConnect", () => ended.resolve(undefined));
  socket.on("error", ended.resolve);
  socket.on("close", () => ended.resolve(new Error("the connection ended during the handshake")));
  const outcome = await inTime(
    ended.promise.then((error) => ({ error })),
    { runtime, ms: HANDSHAKE_MS },
  );
  try {
    if (outcome === undefined || outcome.error !== undefined) {
      const late = `no answer to the handshake within ${HANDSHAKE_MS / 1000} s`;
      const seen = outcome?.error === undefined ? late : handshakeFailure(outcome.error);
      const plain = url.shown.replace(/^wss/, "ws").replace(/^ssl/, "tcp");
      const remedy = `if there is no TLS on port ${url.port}, use ${plain}; otherwise look at the certificates of whoever answers there`;
      return [{ check: "tls", verdict: "fail", seen, remedy }];
    }
    const protocol = socket.getProtocol() ?? "an unknown version";
    const cipher = socket.getCipher().name;
    const agreed: Finding = {
      ...{ check: "tls", verdict: "ok", seen: `${protocol} with ${cipher}` },
      facts: { protocol, cipher },
    };
    return [agreed, judgeCertificate(patient, socket)];
  } finally {
    socket.destroy();
  }
}

function handshakeFailure(error: Error): string {
  const code = codeOf(error);
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "EPROTO") {
    return "what answers there does not speak TLS";
  }
  return `the handshake failed: ${error.message.split("\n")[0] ?? code}`;
}

const UNTRUSTED: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "it signed itself",
  SELF_SIGNED_CERT_IN_CHAIN: "who signed it signed itself and is not trusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "who signed it is not known",
  UNABLE_TO_GET_ISSUER_CERT: "who signed it is not known",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "who signed it is not known",
};

function judgeCertificate({ url, trust, runtime }: Patient, socket: TLSSocket): Finding {
  const certificate = socket.getPeerCertificate(true);
  const expiresAt = Date.parse(certificate.valid_to);
  const leftMs = expiresAt - runtime.now();
  const days = Math.floor(Math.abs(leftMs) / DAY_MS);
  const chain = chainOf(certificate);
  const notTrusted = reasonOf(socket);
  const misnamed = checkServerIdentity(url.host, certificate) !== undefined;
  const names = certificate.subjectaltname ?? nameOf(certificate.subject);
  const troubles: { readonly seen: string; readonly remedy: string }[] = [];
  if (misnamed) {
    troubles.push({
      seen: `it is for ${names}, not for "${url.host}"`,
      remedy: `connect to a name it is for, or have one made for "${url.host}"`,
    });
  }
  if (leftMs < 0) {
    troubles.push({
      seen: `it expired ${readableCount(days, "day")} ago`,
      remedy: "have it renewed",
    });
  } else if (notTrusted !== undefined) {
    troubles.push({
      seen: UNTRUSTED[notTrusted] ?? notTrusted,
      remedy:
        "name the certificate of the signer by --ca FILE, have the server send those in between, or do without by --insecure",
    });
  }
  const facts = {
    ...{ subject: nameOf(certificate.subject), issuer: nameOf(certificate.issuer), names, chain },
    ...{ expiresAt, trusted: notTrusted === undefined, matches: !misnamed },
  };
  const about = `${chain.join(" ← ")}, valid for ${readableCount(leftMs < 0 ? 0 : days, "more day")}`;
  if (troubles.length > 0) {
    return {
      check: "certificate",
      // Whoever trusts anything has been told.
      verdict: trust.insecure === true ? "warn" : "fail",
      seen: `${about}: ${troubles.map(({ seen }) => seen).join("; ")}`,
      remedy: troubles.map(({ remedy }) => remedy).join("; "),
      facts,
    };
  }
  if (leftMs < SOON_MS) {
    const remedy = "have it renewed before then";
    return { check: "certificate", verdict: "warn", seen: about, remedy, facts };
  }
  return { check: "certificate", verdict: "ok", seen: about, facts };
}

/** Why the chain is not trusted, as the system names it. */
function reasonOf({ authorized, authorizationError }: TLSSocket): string | undefined {
  if (authorized) return undefined;
  // Declared as an error, given as its code.
  const reason: unknown = authorizationError;
  if (reason instanceof Error) return codeOf(reason) || reason.message;
  return reason === null || reason === undefined ? "not trusted" : String(reason);
}

/** The names from the broker's certificate up to the one that signed all. */
function chainOf(certificate: DetailedPeerCertificate): string[] {
  const names: string[] = [];
  const seen = new Set<string>();
  let each: DetailedPeerCertificate | undefined = certificate;
  while (each !== undefined && !seen.has(each.fingerprint256) && names.length < CHAIN_MAX) {
    seen.add(each.fingerprint256);
    names.push(nameOf(each.subject));
    const issuer: DetailedPeerCertificate | undefined = each.issuerCertificate;
    if (issuer === undefined) names.push(nameOf(each.issuer));
    each = issuer;
  }
  return names;
}

function nameOf(subject: Readonly<Record<string, string | string[] | undefined>>): string {
  const name = subject["CN"] ?? subject["O"] ?? subject["OU"];
  return name === undefined ? "without a name" : [name].flat().join(", ");
}

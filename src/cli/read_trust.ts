import { X509Certificate } from "node:crypto";
import type { Trust } from "../client/client_wire.ts";
import { type CommandContext, reportMistakes } from "./command.ts";
import type { ConnectionValues } from "./connection_options.ts";
import { reasonOf } from "./file_failure.ts";

/** The certificates to trust; undefined, and told, where they cannot be read. */
export function readTrust(
  { terminal }: CommandContext,
  { ca, insecure }: ConnectionValues,
): Trust | undefined {
  const refuse = (reason: string): undefined => {
    reportMistakes(terminal, [`Cannot read ${JSON.stringify(ca)} as --ca: ${reason}`]);
  };
  if (ca === undefined) return { insecure };
  try {
    const text = terminal.readText(ca);
    const reason = whyNoCertificates(text);
    return reason === undefined ? { ca: text, insecure } : refuse(reason);
  } catch (error) {
    return refuse(reasonOf(error));
  }
}

/** RFC 7468 section 5, and what was common before it. */
const CERTIFICATE = /-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END \1CERTIFICATE-----/g;

/** Why a text does not name whom to trust; undefined if it does. What opens TLS would only say that it failed. */
function whyNoCertificates(text: string): string | undefined {
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) {
    return 'expected a certificate in PEM, which begins with "-----BEGIN CERTIFICATE-----"';
  }
  const at = blocks.findIndex((block) => !isCertificate(block));
  return at < 0 ? undefined : `certificate ${at + 1} of ${blocks.length} in it is damaged`;
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block).subject !== undefined;
  } catch {
    return false;
  }
}

import { Fault, quote } from "../fault.ts";
import type { VersionRules } from "./version.ts";

/**
 * Reads an escaped header name or value. Where the version does not escape,
 * the text is returned as it is.
 *
 * @throws Fault `bad-escape` on a sequence that the version does not define
 * (STOMP 1.2 "Value Encoding": a fatal protocol error).
 */
export function unescapeHeader(text: string, rules: VersionRules): string {
  const { escapes } = rules;
  if (escapes === null) return text;
  let at = text.indexOf("\\");
  if (at < 0) return text;
  let result = "";
  let from = 0;
  while (at >= 0) {
    const octet = text.charAt(at + 1);
    const meant = escapes[octet];
    if (octet === "" || meant === undefined) {
      const allowed = Object.keys(escapes).map((escape) => `\\${escape}`);
      throw new Fault(
        "bad-escape",
        `Cannot read header ${quote(text)}: undefined escape sequence ${quote(`\\${octet}`)}, ` +
          `STOMP ${rules.version} defines ${allowed.join(" ")}`,
      );
    }
    result += text.slice(from, at) + meant;
    from = at + 2;
    at = text.indexOf("\\", from);
  }
  return result + text.slice(from);
}

const SPECIAL = /[\\\n\r:]/g;

/**
 * Writes a header name so that it is read back by a client of that version.
 * Towards 1.0, which has no escaping, a line end and a colon stay in their
 * escaped spelling, so that nothing can forge a header line.
 */
export function escapeName(text: string, rules: VersionRules): string {
  if (text.search(SPECIAL) < 0) return text;
  return text.replace(SPECIAL, (octet) => escapeOctet(octet, rules, true));
}

/** Writes a header value; see `escapeName`. Towards 1.0 a colon goes as it is. */
export function escapeValue(text: string, rules: VersionRules): string {
  if (text.search(SPECIAL) < 0) return text;
  return text.replace(SPECIAL, (octet) => escapeOctet(octet, rules, false));
}

function escapeOctet(octet: string, rules: VersionRules, inName: boolean): string {
  switch (octet) {
    case "\n":
      return "\\n";
    case "\r":
      // 1.1 has no escape for it and carries it raw.
      return rules.version === "1.1" ? octet : "\\r";
    case ":":
      return rules.escapes !== null || inName ? "\\c" : octet;
    default:
      return rules.escapes !== null ? "\\\\" : octet;
  }
}

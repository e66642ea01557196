/** Texts that follow a rule of their own. Each is made when there is one to check. */

import { z } from "zod";
import { ConfigError, isPlainPath, parseListen } from "./listen_address.ts";

/** The URI of a listener, as {@link parseListen} takes it. */
export function listenUri() {
  return z.string().transform((uri, context) => {
    try {
      parseListen(uri);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      context.issues.push({ code: "custom", message: error.message, input: uri });
    }
    return uri.trim();
  });
}

/** An origin, exact or with `*` for all below a domain; yields it as browsers write it. */
export function origin() {
  return z.string().transform((text, context) => {
    const value = text.trim().toLowerCase().replace(/\/$/, "");
    const wild = /^[a-z][a-z0-9+.-]*:\/\/\*\.[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d{1,5})?$/;
    const exact = /^[a-z][a-z0-9+.-]*:\/\/(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/;
    if (!wild.test(value) && !exact.test(value)) {
      context.issues.push({ code: "invalid_format", format: "origin", input: text });
    }
    // Browsers leave the scheme's own port out of an Origin.
    return value.replace(/^(http:.*):80$/, "$1").replace(/^(https:.*):443$/, "$1");
  });
}

/** A path that accepts a WebSocket. */
export function upgradePath() {
  return z.string().transform((text, context) => {
    const value = text.trim();
    const path = value === "/" ? value : value.replace(/\/$/, "");
    if (!path.startsWith("/") || (path !== "/" && !isPlainPath(path))) {
      context.issues.push({ code: "invalid_format", format: "path", input: text });
    }
    return path;
  });
}

const RULE_PREFIXES = ["/queue/", "/topic/", "/temp-queue/", "/temp-topic/"];
const REST_WILDCARDS = [">", "#", "**"];

/** Why a path cannot be the pattern of a rule, or undefined if it can. */
function patternProblem(path: string): string | undefined {
  const prefix = RULE_PREFIXES.find((each) => path.startsWith(each));
  if (prefix === undefined) return `unknown prefix, expected ${RULE_PREFIXES.join(", ")}`;
  const name = path.slice(prefix.length);
  if (name === "") return 'empty name, expected one such as "orders.>"';
  if (/[\u0000-\u001f\u007f]/.test(name)) return "control character in the name";
  if (name.includes(",")) return "a comma, expected one pattern; give each its own rule";
  const isWildcard = (segment: string): boolean =>
    segment === "*" || REST_WILDCARDS.includes(segment);
  const partial = name
    .split(/[./]/)
    .find((segment) => /[*>#]/.test(segment) && !isWildcard(segment));
  if (partial !== undefined) {
    return `segment "${partial}", a wildcard must be a whole segment`;
  }
  if (prefix.startsWith("/temp-") && !isWildcard(name)) {
    return `no rule can know the names of temporary destinations, expected ${prefix}>`;
  }
  return undefined;
}

/** The pattern of a rule for some destinations. */
export function destinationPattern() {
  return z.string().transform((text, context) => {
    const path = text.trim();
    const problem = patternProblem(path);
    if (problem !== undefined) {
      const message = `Cannot match ${JSON.stringify(text)}: ${problem}`;
      context.issues.push({ code: "custom", message, input: text });
    }
    return path;
  });
}

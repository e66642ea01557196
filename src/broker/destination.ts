import { Fault, quote } from "../fault.ts";

/** The kinds of destination. */
export type DestinationKind = "queue" | "topic" | "temp-queue" | "temp-topic";

/** A destination as a client names it, read. */
export interface Destination {
  readonly kind: DestinationKind;
  /** The name behind the prefix. */
  readonly name: string;
  /** Prefix and name, the same for all spellings of one destination. */
  readonly path: string;
  /** Whether a segment is a wildcard. */
  readonly pattern: boolean;
  /** Whether it is the form of a temporary destination that others are given. */
  readonly remote: boolean;
}

/** What a destination is named for; wildcards are for subscribers alone. */
export type DestinationUse = "send" | "subscribe";

/** Segments that stand for zero or more segments. */
export const REST_WILDCARDS: ReadonlySet<string> = new Set([">", "#", "**"]);

const KINDS: readonly DestinationKind[] = ["queue", "topic", "temp-queue", "temp-topic"];
const REMOTE = "/remote-";
/** Bounds on a name, so that matching it costs a bounded time. */
const NAME_LENGTH_MAX = 4096;
const SEGMENTS_MAX = 64;
/** Wildcards for any number of segments in one pattern. */
const RESTS_MAX = 4;
const WILDCARD_CHARACTER = /[*>#]/;
const CONTROL = /[\u0000-\u001f\u007f]/;

/** The first segment of topics on which the broker itself speaks. */
const SYSTEM = "$system";

/**
 * Whether a name or pattern is below `$system`, where the broker alone
 * publishes. A wildcard in place of the first segment does not lead there.
 */
export function isSystemName(name: string): boolean {
  if (!name.startsWith(SYSTEM)) return false;
  const next = name[SYSTEM.length];
  return next === undefined || next === "." || next === "/";
}

/** The same of a topic's path. */
export function isSystemPath(path: string): boolean {
  return path.startsWith("/topic/$") && isSystemName(path.slice("/topic/".length));
}

/** Whether a segment stands for others. */
export function isWildcard(segment: string): boolean {
  return segment === "*" || REST_WILDCARDS.has(segment);
}

/** The segments of a name; `.` and `/` both end one. */
export function segmentsOf(name: string): readonly string[] {
  return name.split(/[./]/);
}

/**
 * Reads a destination in stompbox's own spelling: `/queue/NAME`, `/topic/NAME`,
 * `/temp-queue/NAME`, `/temp-topic/NAME`.
 *
 * @throws Fault `bad-destination` for an unknown prefix, an empty name, control
 * characters or a wildcard in a SEND; `partial-wildcard` for a wildcard
 * character inside a longer segment of a SUBSCRIBE
 */
export function parseDestination(path: string, use: DestinationUse): Destination {
  const remote = path.startsWith(`${REMOTE}temp-`);
  const local = remote ? `/${path.slice(REMOTE.length)}` : path;
  const kind = KINDS.find((each) => local.startsWith(`/${each}/`));
  const verb = use === "send" ? "send to" : "subscribe to";
  const problem = (code: "bad-destination" | "partial-wildcard", why: string) =>
    new Fault(code, `Cannot ${verb} ${quote(path)}: ${why}`);
  if (kind === undefined) {
    throw problem(
      "bad-destination",
      "unknown prefix, expected /queue/, /topic/, /temp-queue/ or /temp-topic/",
    );
  }
  const name = local.slice(kind.length + 2);
  if (name === "") throw problem("bad-destination", "empty name");
  if (CONTROL.test(name)) throw problem("bad-destination", "control character in the name");
  if (name.length > NAME_LENGTH_MAX) {
    throw problem("bad-destination", `the name has more than ${NAME_LENGTH_MAX} characters`);
  }
  if (name.length >= SEGMENTS_MAX && segmentsOf(name).length > SEGMENTS_MAX) {
    throw problem("bad-destination", `the name has more than ${SEGMENTS_MAX} segments`);
  }
  let pattern = false;
  if (WILDCARD_CHARACTER.test(name)) {
    const segments = segmentsOf(name);
    pattern = segments.some(isWildcard);
    if (use === "send" && pattern) {
      throw problem("bad-destination", "a wildcard segment, expected the name of one destination");
    }
    if (segments.filter((segment) => REST_WILDCARDS.has(segment)).length > RESTS_MAX) {
      throw problem(
        "bad-destination",
        `more than ${RESTS_MAX} wildcards for any number of segments`,
      );
    }
    const partial = segments.find((each) => WILDCARD_CHARACTER.test(each) && !isWildcard(each));
    if (use === "subscribe" && partial !== undefined) {
      throw problem(
        "partial-wildcard",
        `segment ${quote(partial)}, a wildcard must be a whole segment`,
      );
    }
  }
  if (pattern && kind !== "queue" && kind !== "topic") {
    throw problem("bad-destination", "a temporary destination has no wildcards");
  }
  return { kind, name, path: local, pattern, remote };
}

/** What others are given for a temporary destination with that unguessable path. */
export function remotePath(path: string): string {
  return REMOTE + path.slice(1);
}

/** Leaves in one composite destination at most. */
const LEAVES_MAX = 64;

/**
 * The destinations of a comma-separated list, or the one there is.
 *
 * @throws Fault `bad-destination` for an empty one in a list, or too many
 */
export function splitComposite(text: string): readonly string[] {
  if (!text.includes(",")) return [text];
  const leaves = text.split(",", LEAVES_MAX + 1).map((leaf) => leaf.trim());
  if (leaves.some((leaf) => leaf === "") || leaves.length > LEAVES_MAX) {
    throw new Fault(
      "bad-destination",
      `Cannot use destination ${quote(text)}: expected at most ${LEAVES_MAX} destinations, ` +
        "with a comma between them and none empty",
    );
  }
  return leaves;
}

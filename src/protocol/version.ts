/** A version of the protocol that stompbox speaks. */
export type Version = "1.0" | "1.1" | "1.2";

/** How a client names what it acknowledges. */
export type AckHeader = "message-id" | "subscription and message-id" | "id";

/** In what the versions differ, so that no other file asks which version it is. */
export interface VersionRules {
  readonly version: Version;
  /**
   * Octet after a backslash to the character meant, or null where header lines
   * are not escaped. 1.1 "Value Encoding", 1.2 "Value Encoding".
   */
  readonly escapes: Readonly<Record<string, string>> | null;
  /** Whether blanks in front of a header's value are not part of it. */
  readonly trimsValues: boolean;
  /** Whether the session may agree on heart-beats. */
  readonly heartBeats: boolean;
  /** Whether SUBSCRIBE and UNSUBSCRIBE must carry an `id`. */
  readonly requiresSubscriptionId: boolean;
  /** By which headers ACK and NACK name a message. */
  readonly ackBy: AckHeader;
  /** Whether MESSAGE carries an `ack` header in the client modes. */
  readonly sendsAckHeader: boolean;
}

/** The table of differences between the versions. */
export const VERSION_RULES: Readonly<Record<Version, VersionRules>> = {
  "1.0": {
    version: "1.0",
    escapes: null,
    trimsValues: true,
    heartBeats: false,
    requiresSubscriptionId: false,
    ackBy: "message-id",
    sendsAckHeader: false,
  },
  "1.1": {
    version: "1.1",
    escapes: { n: "\n", c: ":", "\\": "\\" },
    trimsValues: false,
    heartBeats: true,
    requiresSubscriptionId: true,
    ackBy: "subscription and message-id",
    sendsAckHeader: false,
  },
  "1.2": {
    version: "1.2",
    escapes: { n: "\n", c: ":", "\\": "\\", r: "\r" },
    trimsValues: false,
    heartBeats: true,
    requiresSubscriptionId: true,
    ackBy: "id",
    sendsAckHeader: true,
  },
};

/** Versions in the order in which they are preferred. */
export const VERSIONS: readonly Version[] = ["1.2", "1.1", "1.0"];

/**
 * The highest version that both sides speak, or undefined. An absent
 * `accept-version` means 1.0 (STOMP 1.2 "Protocol Negotiation").
 */
export function negotiateVersion(acceptVersion: string | undefined): Version | undefined {
  if (acceptVersion === undefined) return "1.0";
  const offered = acceptVersion.split(",").map((version) => version.trim());
  return VERSIONS.find((version) => offered.includes(version));
}

import { defaultConfig } from "../../src/config.ts";
import type { SessionLimits } from "../../src/session/limits.ts";

/** The default limits of a session, with these over them. */
export function sessionLimits(overrides: Partial<SessionLimits> = {}): SessionLimits {
  const { limits, unprefixed } = defaultConfig();
  return { ...limits, unprefixed, ...overrides };
}

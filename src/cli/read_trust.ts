import type { Trust } from "../client/client_wire.ts";
import { type CommandContext, reportMistakes } from "./command.ts";
import type { ConnectionValues } from "./connection_options.ts";
import { reasonOf } from "./file_failure.ts";

/** The certificates to trust; undefined, and told, where they cannot be read. */
export function readTrust(
  { terminal }: CommandContext,
  { ca, insecure }: ConnectionValues,
): Trust | undefined {
  try {
    return { ca: ca === undefined ? undefined : terminal.readText(ca), insecure };
  } catch (error) {
    const sentence = `Cannot read ${JSON.stringify(ca)} as --ca: ${reasonOf(error)}`;
    reportMistakes(terminal, [sentence]);
    return undefined;
  }
}

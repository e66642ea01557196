/** Ways to read frames, and what came of them in a form that can be compared. */
import { Fault } from "../../src/fault.ts";
import { Decoder } from "../../src/protocol/decoder.ts";
import type { DecoderLimits } from "../../src/protocol/frame.ts";
import { VERSION_RULES, type Version } from "../../src/protocol/version.ts";

/** Limits that no test input meets. */
export const ROOMY: DecoderLimits = {
  frameBytesMax: 1 << 20,
  headersMax: 1_000,
  headerLineBytesMax: 1 << 16,
};

/** What was read: the frames, then the code of the fault that ended it, if one did. */
export interface Reading {
  readonly frames: readonly {
    readonly command: string;
    readonly headers: readonly string[];
    readonly block: string | undefined;
    /** In hexadecimal, with whether it came as text. */
    readonly body: string;
  }[];
  readonly fault: string | undefined;
  /** Bytes that wait for the rest of a frame. */
  readonly pending: number;
}

/** Reads pieces in order, taking frames after each. */
export function readPieces(
  pieces: readonly (string | Uint8Array)[],
  options: { readonly version: Version; readonly limits?: DecoderLimits },
): Reading {
  const decoder = new Decoder(options.limits ?? ROOMY);
  decoder.rules = VERSION_RULES[options.version];
  const frames: Reading["frames"][number][] = [];
  try {
    for (const piece of pieces) {
      decoder.push(piece);
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
        const { command, headers, block, body } = frame;
        const kind = typeof body === "string" ? "text" : "bytes";
        frames.push({
          command,
          headers,
          block,
          body: `${kind} ${Buffer.from(body).toString("hex")}`,
        });
      }
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { frames, fault: error.code, pending: 0 };
  }
  return { frames, fault: undefined, pending: decoder.pending };
}

/** Bytes cut at these places (fractions of the whole, in any order). */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => Math.floor(place * bytes.length)), bytes.length];
  ends.sort((one, other) => one - other);
  return ends.map((end, at) => bytes.slice(ends[at - 1] ?? 0, end));
}

/** Each byte for itself. */
export function bytewise(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, at) => bytes.slice(at, at + 1));
}

import { type EncodedFrame, encodeFrame } from "../protocol/encoder.ts";
import { writeHeaders } from "../protocol/header_block.ts";
import type { Version } from "../protocol/version.ts";

/**
 * Writes a frame of a client. `headers` are names and values in turn; the
 * length of the body is ours to say, so theirs of that name is left out.
 */
export function encodeClientFrame(
  command: string,
  headers: readonly string[],
  { version, body }: { readonly version: Version; readonly body?: string | Uint8Array | undefined },
): EncodedFrame {
  if (body === undefined) return encodeFrame(command, headers, { version });
  const kept = headers.includes("content-length") ? withoutLength(headers) : headers;
  if (typeof body === "string") return encodeFrame(command, kept, { version, body });
  const all = [...kept, "content-length", String(body.length)];
  const head = Buffer.from(`${command}\n${writeHeaders(all, version)}\n`, "utf8");
  return Buffer.concat([head, body, Uint8Array.of(0)]);
}

function withoutLength(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const [name = "", value = ""] = headers.slice(at, at + 2);
    if (name !== "content-length") kept.push(name, value);
  }
  return kept;
}

import type { FrameInfo } from "../../src/api/values.ts";

/** A frame as the API has it, a SEND unless said otherwise. */
export function someFrame(about: Partial<FrameInfo> = {}): FrameInfo {
  return {
    number: 1,
    at: 1_700_000_000_000,
    connection: 1,
    direction: "in",
    command: "SEND",
    headers: [["destination", "/queue/a"]],
    body: "",
    bodyBytes: about.body?.length ?? 0,
    truncated: false,
    skipped: 0,
    ...about,
  };
}

import type { FrameInfo } from "../../src/api/values.ts";
import { base64Of } from "../ui/body_content.ts";
import type { WireFrame } from "./wire_reader.ts";

/** What is known of a frame besides itself. */
export interface FrameOccasion {
  readonly number: number;
  /** In ms since the epoch. */
  readonly at: number;
  /** `in` is from this client to the broker, as the broker sees it. */
  readonly direction: "in" | "out";
}

const MASK = "••••••";
const SECRET = /^(?:passcode|authorization)$|password|secret|token/i;

/** A frame of the client in the page as the frames of the broker are shown, the secrets of CONNECT masked. */
export function shownFrame(wire: WireFrame, occasion: FrameOccasion): FrameInfo {
  const { command, headers, body } = wire;
  const isLogin = command === "CONNECT" || command === "STOMP";
  const messageId = headers.find(([name]) => name === "message-id")?.[1];
  return {
    ...occasion,
    connection: 0,
    command,
    headers: headers.map(([name, value]) => [name, isLogin && SECRET.test(name) ? MASK : value]),
    ...contentOf(body),
    bodyBytes: body.length,
    truncated: false,
    skipped: 0,
    ...(messageId === undefined ? {} : { messageId }),
  };
}

/** The frame with no more of its body than so many bytes, for a list that keeps many. */
export function cutFrame(frame: FrameInfo, bytesMax: number): FrameInfo {
  if (frame.bodyBytes <= bytesMax) return frame;
  const { body, bodyBase64, ...rest } = frame;
  return body === undefined
    ? {
        ...rest,
        bodyBase64: bodyBase64?.slice(0, Math.floor(bytesMax / 3) * 4) ?? "",
        truncated: true,
      }
    : { ...rest, body: body.slice(0, bytesMax).replace(/[\uD800-\uDBFF]$/, ""), truncated: true };
}

function contentOf(body: Uint8Array<ArrayBuffer>): Pick<FrameInfo, "body" | "bodyBase64"> {
  try {
    return { body: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body) };
  } catch {
    return { bodyBase64: base64Of(body) };
  }
}

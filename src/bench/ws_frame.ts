/** What a WebSocket client writes, by hand (RFC 6455). */

const FINAL_TEXT = 0x81;
const FINAL_BINARY = 0x82;
const FINAL_PONG = 0x8a;
const MASKED = 0x80;
const MASK_BYTES = 4;

/** The kinds of frames that are written. */
export type WsFrameKind = "text" | "binary" | "pong";

const FIRST: Readonly<Record<WsFrameKind, number>> = {
  text: FINAL_TEXT,
  binary: FINAL_BINARY,
  pong: FINAL_PONG,
};

/**
 * A frame with that payload. Its mask is zero, which is as legal as any other
 * (RFC 6455 section 5.3) and leaves the payload as it is: it can be prepared
 * once and patched in place.
 */
export function wsFrame(payload: Uint8Array, kind: WsFrameKind): Uint8Array {
  const { length } = payload;
  const head = wsHeadBytes(length);
  const frame = new Uint8Array(head + length);
  frame[0] = FIRST[kind];
  const view = new DataView(frame.buffer);
  if (length < 126) frame[1] = MASKED | length;
  else if (length < 65_536) {
    frame[1] = MASKED | 126;
    view.setUint16(2, length);
  } else {
    frame[1] = MASKED | 127;
    view.setBigUint64(2, BigInt(length));
  }
  frame.set(payload, head);
  return frame;
}

/** Bytes in front of a payload of that length. */
export function wsHeadBytes(length: number): number {
  return (length < 126 ? 2 : length < 65_536 ? 4 : 10) + MASK_BYTES;
}

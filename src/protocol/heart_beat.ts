import { Fault, quote } from "../fault.ts";

/** What both sides agreed on. Milliseconds; 0 means none in that direction. */
export interface HeartBeat {
  /** We send something at least so often. */
  readonly sendMs: number;
  /** The peer sends something at least so often. */
  readonly receiveMs: number;
  /** The `heart-beat` header of CONNECTED. */
  readonly header: string;
}

/** No heart-beats in either direction. */
export const NO_HEART_BEAT: HeartBeat = { sendMs: 0, receiveMs: 0, header: "0,0" };

/**
 * Answers a client's `heart-beat` header: its two numbers the other way round,
 * each that is not zero brought into the range that we grant (STOMP 1.2
 * "Heart-beating": each direction takes the larger of the two wishes).
 *
 * @throws Fault `bad-heart-beat` unless the header is two decimal numbers
 */
export function grantHeartBeat(
  header: string | undefined,
  range: { readonly heartBeatMinMs: number; readonly heartBeatMaxMs: number },
): HeartBeat {
  if (header === undefined) return NO_HEART_BEAT;
  const numbers = /^([0-9]+),([0-9]+)$/.exec(header);
  if (numbers === null) {
    throw new Fault(
      "bad-heart-beat",
      `Cannot read heart-beat ${quote(header)}: expected two decimal numbers of milliseconds, as in "10000,10000"`,
    );
  }
  const canSend = Number(numbers[1]);
  const wants = Number(numbers[2]);
  const grant = (wish: number) =>
    wish === 0 ? 0 : Math.min(Math.max(wish, range.heartBeatMinMs), range.heartBeatMaxMs);
  return {
    sendMs: Math.max(grant(wants), wants),
    receiveMs: Math.max(grant(canSend), canSend),
    header: `${grant(wants)},${grant(canSend)}`,
  };
}

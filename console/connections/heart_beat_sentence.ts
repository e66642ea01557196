/** What two heart-beat headers agreed on, in words. */

import { formatMs } from "../ui/format.ts";

/**
 * What a client asked for in CONNECT and the broker granted in CONNECTED:
 * STOMP 1.2 "Heart-beating". The slower of what one can do and the other wants
 * counts, 0 on either side means none.
 */
export function heartBeatSentence(asked: string, granted: string): string {
  const client = pairOf(asked);
  const broker = pairOf(granted);
  if (client === undefined) return asked === "" ? "none asked for" : `asked for ${asked}`;
  if (broker === undefined) return `asked for ${asked}`;
  const fromClient = agreed(client[0], broker[1]);
  const fromBroker = agreed(broker[0], client[1]);
  if (fromClient === 0 && fromBroker === 0) return `none (asked ${asked}, granted ${granted})`;
  const words = [
    fromClient === 0 ? "none from it" : `from it every ${formatMs(fromClient)}`,
    fromBroker === 0 ? "none to it" : `to it every ${formatMs(fromBroker)}`,
  ];
  return `${words.join(", ")} (asked ${asked}, granted ${granted})`;
}

function agreed(can: number, wants: number): number {
  return can === 0 || wants === 0 ? 0 : Math.max(can, wants);
}

function pairOf(header: string): readonly [number, number] | undefined {
  const match = /^(\d{1,12}),(\d{1,12})$/.exec(header.trim());
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

import { headerOf } from "../protocol/frame.ts";

/** One MESSAGE. */
export interface ReceivedMessage {
  /** Names and values in turn, unescaped, in the order received. */
  readonly headers: readonly string[];
  /** A string exactly if the body's bytes are valid UTF-8. */
  readonly body: string | Uint8Array;
  readonly destination: string;
  /** Id of the subscription that it came for; undefined where the broker does not tell. */
  readonly subscription: string | undefined;
}

/** The first value of a header of a message, or undefined. */
export function messageHeader({ headers }: ReceivedMessage, name: string): string | undefined {
  return headerOf(headers, name);
}

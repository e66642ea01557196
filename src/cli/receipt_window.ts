import type { OutgoingMessage } from "../client/client_contract.ts";
import type { StompClient } from "../client/stomp_client.ts";

/** Messages that may be without their receipt. */
const WINDOW_MESSAGES = 256;

/** Sends messages, if need be each with a receipt, and waits for these. */
export interface ReceiptWindow {
  /** Settles once one more message may be sent; rejects with what went wrong. */
  readonly room: () => Promise<void>;
  /** Sends one. Answers whether there is room on the wire, see `send` of the client. */
  readonly send: (client: StompClient, message: OutgoingMessage) => boolean;
  /** Messages that are without their receipt. */
  readonly open: () => number;
  /** Settles once all receipts have come; rejects with what went wrong. */
  readonly settled: () => Promise<void>;
}

/** A window of receipts; where they are not wanted everything settles at once. */
export function createReceiptWindow(wanted: boolean): ReceiptWindow {
  let open = 0;
  let failure: { readonly error: unknown } | undefined;
  let changed = Promise.withResolvers<void>();
  const change = (): void => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const fewerThan = async (max: number): Promise<void> => {
    while (open >= max && failure === undefined) await changed.promise;
    if (failure !== undefined) throw failure.error;
  };
  return {
    open: () => open,
    room: () => fewerThan(WINDOW_MESSAGES),
    settled: () => fewerThan(1),
    send: (client, message) => {
      if (!wanted) return client.send(message);
      open++;
      client.sendConfirmed(message).then(
        () => {
          open--;
          change();
        },
        (error: unknown) => {
          failure ??= { error };
          change();
        },
      );
      return true;
    },
  };
}

import type { ClientSubscription } from "../client/client_contract.ts";
import { answersSubscriptions } from "../client/spellings.ts";
import type { StompClient } from "../client/stomp_client.ts";
import type { Runtime } from "../runtime.ts";
import { inTime } from "./in_time.ts";

/** How long the RECEIPT for a SUBSCRIBE is waited for: some brokers never send one. */
const CONFIRM_MS = 2_000;

/**
 * Waits for the broker to confirm subscriptions, for so long at most; answers
 * whether it has. One that has not may deliver all the same.
 *
 * @throws ClientError where the connection ends before
 */
export async function isConfirmed(
  subscriptions: readonly ClientSubscription[],
  { client, runtime }: { readonly client: StompClient; readonly runtime: Pick<Runtime, "every"> },
): Promise<boolean> {
  if (!answersSubscriptions(client.server)) return false;
  const all = Promise.all(subscriptions.map(({ confirmed }) => confirmed));
  return (await inTime(all, { runtime, ms: CONFIRM_MS })) !== undefined;
}

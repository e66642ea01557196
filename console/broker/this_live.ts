/** The live connection of this page. */

import { createLive, createLiveClient } from "./live.ts";
import { brokerUrl } from "./this_broker.ts";

/** What the broker of this page says as it happens. */
export const live = createLive({
  createClient: () => createLiveClient(brokerUrl),
  lingerMs: 5_000,
});

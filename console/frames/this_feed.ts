/** The frames of this page's broker. */

import { callApi } from "../broker/api.ts";
import { live } from "../broker/this_live.ts";
import { createFrameFeed } from "./frame_feed.ts";

/** What the page has seen stays while the console is open; it watches only while it is looked at. */
export const feed = createFrameFeed({ live, callApi });

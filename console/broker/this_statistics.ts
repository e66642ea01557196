/** How the broker of this page is doing. */

import { callApi } from "./api.ts";
import { createStatisticsFeed } from "./statistics.ts";
import { live } from "./this_live.ts";

/** The last hour of the broker of this page. */
export const statistics = createStatisticsFeed({ callApi, live });

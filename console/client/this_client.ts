/** The client of this page. */

import { createClientSession } from "./client_session.ts";

/** It goes on while one looks at other pages of the console. */
export const clientSession = createClientSession();

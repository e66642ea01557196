/** The broker that this page came from. */

import { rootOf, socketUrlOf } from "./root.ts";

/** Its root, with a slash at the end. */
export const brokerRoot = rootOf(location.href);

/** Its WebSocket. */
export const brokerUrl = socketUrlOf(brokerRoot);

/** The folder of its pages: the root, or `_stompbox/` below it. */
export const pagesRoot = new URL("../", location.href);

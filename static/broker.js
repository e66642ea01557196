// Where the broker is, seen from whichever place these pages are served from.

/** The root of this broker's HTTP side: pages live there or one folder down, in _stompbox/. */
export const brokerRoot = new URL(
  new URL("./", import.meta.url).href.replace(/\/_stompbox\/$/, "/"),
);

/** The WebSocket of the same origin. */
export const brokerUrl = brokerRoot.href.replace(/^http/, "ws");

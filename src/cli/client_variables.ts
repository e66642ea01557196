/** The variables that the options of a connection read, which are none of the broker's configuration. */
export const CLIENT_VARIABLES: ReadonlySet<string> = new Set([
  "STOMPBOX_URL",
  "STOMPBOX_LOGIN",
  "STOMPBOX_PASSCODE",
  "STOMPBOX_CA",
]);

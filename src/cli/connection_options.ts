/** The options by which a command finds its broker, and says who it is. */

import { type BrokerUrl, BrokerUrlError, parseBrokerUrl } from "../client/broker_url.ts";
import { parsedOr, ReadError, text, toggle, type ValuesOf } from "./command_option.ts";

/** The options that all commands with a broker share. */
export const CONNECTION = {
  url: parsedOr("ws://localhost:61614", {
    short: "-u",
    placeholder: "URL",
    description: "the broker: ws://, wss://, tcp:// or ssl://",
    variable: "STOMPBOX_URL",
    read: readUrl,
  }),
  login: text({
    placeholder: "NAME",
    description: "who you are",
    variable: "STOMPBOX_LOGIN",
  }),
  passcode: text({
    placeholder: "TEXT",
    description: "the secret for it",
    variable: "STOMPBOX_PASSCODE",
  }),
  host: text({
    placeholder: "NAME",
    description: "virtual host, unless it is that of the URL",
  }),
  ca: text({
    placeholder: "FILE",
    description: "trust what this certificate signed, PEM",
    allowed: "a path",
    variable: "STOMPBOX_CA",
    completion: "file",
  }),
  insecure: toggle({ description: "trust any certificate" }),
};

/** The values of {@link CONNECTION}. */
export type ConnectionValues = ValuesOf<typeof CONNECTION>;

function readUrl(url: string): BrokerUrl {
  try {
    return parseBrokerUrl(url);
  } catch (error) {
    if (error instanceof BrokerUrlError) throw new ReadError(error.message);
    throw error;
  }
}

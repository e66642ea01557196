import { parseListen } from "./listen_address.ts";
import { type Config, WEEK } from "./options.ts";

/** Options that are each allowed and cannot be had together. */
export interface Contradiction {
  /** Names of the options it takes, as in {@link Option.name}; the first is the one to blame. */
  readonly options: readonly string[];
  /** The sentence for a person. */
  readonly text: string;
}

/** What is wrong with a configuration whose values are each right. */
export function contradictions(config: Config): Contradiction[] {
  const found: Contradiction[] = [];
  const taken = new Set<string>();
  for (const uri of config.listen) {
    const { host, port, loopback } = parseListen(uri);
    if (!loopback && !config.allowAnonymous) {
      found.push({
        options: ["listen", "allowAnonymous"],
        text: `Cannot listen on "${uri}" without --allow-anonymous: the address is not loopback, and whoever reaches it may log in`,
      });
    }
    if (port !== 0 && taken.has(`${host} ${port}`)) {
      found.push({
        options: ["listen"],
        text: `Cannot listen on "${uri}": the port is given twice`,
      });
    }
    taken.add(`${host} ${port}`);
  }
  if (config.singlePage && config.static === undefined) {
    found.push({
      options: ["singlePage", "static"],
      text: "Cannot serve a single page without --static: there is no folder to take its index from",
    });
  }
  const { limits } = config;
  if (limits.heartBeatMinMs > limits.heartBeatMaxMs) {
    found.push({
      options: ["limits.heartBeatMinMs", "limits.heartBeatMaxMs"],
      text: `Cannot grant heart-beats: limits.heart-beat-min-ms ${limits.heartBeatMinMs} is above limits.heart-beat-max-ms ${limits.heartBeatMaxMs}`,
    });
  }
  if (config.redeliveryDelayMs > config.redeliveryDelayMaxMs) {
    found.push({
      options: ["redeliveryDelayMs", "redeliveryDelayMaxMs"],
      text: `Cannot keep messages back: redelivery-delay-ms ${config.redeliveryDelayMs} is above redelivery-delay-max-ms ${config.redeliveryDelayMaxMs}`,
    });
  }
  for (const { match, redeliveryDelayMs = 0, redeliveryDelayMaxMs = WEEK } of config.destinations) {
    if (redeliveryDelayMs <= redeliveryDelayMaxMs) continue;
    found.push({
      options: ["destinations"],
      text: `Cannot keep messages of ${JSON.stringify(match)} back: redelivery-delay ${redeliveryDelayMs} is above redelivery-delay-max ${redeliveryDelayMaxMs}`,
    });
  }
  if (limits.headerLineBytesMax > limits.frameBytesMax) {
    found.push({
      options: ["limits.headerLineBytesMax", "limits.frameBytesMax"],
      text: `Cannot allow header lines of ${limits.headerLineBytesMax} bytes: limits.frame-bytes-max is ${limits.frameBytesMax}`,
    });
  }
  return found;
}
